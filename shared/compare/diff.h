/* What differs between two recorded messages: text by lines (Myers), JSON by structure, header fields by name. The
 * inspector and `creel diff` show the same rows. Rows hold only positions; whoever shows them looks up the text. Pure;
 * any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/deadline.h"
#include "shared/json/json_tokens.h"

#define DIFF_NONE UINT32_MAX

enum diff_kind { DIFF_SAME, DIFF_REMOVED, DIFF_ADDED, DIFF_CHANGED };

struct diff_row {
	uint32_t a, b;  /* index of the line, token or element on each side, or DIFF_NONE */
	uint16_t depth; /* JSON: levels of indentation */
	uint8_t kind;   /* enum diff_kind */
	bool whole;     /* JSON: an empty bracket and its partner in one */
	bool first;     /* JSON: stands for a whole difference; the following rows that are not first belong to it */
};

struct diff_rows {
	struct diff_row *at;
	size_t count, cap;
	size_t differences; /* 0: the same */
	size_t passed_over; /* volatile ones, not counted as differences */
	/* Set before comparing: when it is given up (NULL: never), and with how many lines or tokens on both sides it
	 * is not begun (0: with any). It fails then, and gave_up is set. */
	struct deadline *until;
	size_t most;
	bool gave_up;
};
/* What was found, not the bounds. */
void diff_rows_free(struct diff_rows *rows);

/* Compares two sequences, whose elements are small dense numbers: equal elements have equal numbers. Gives nearly the
 * shortest edit script; a longer one where that would cost too much. Within a gap the removed come before the added.
 * False when out of memory. */
MUST_CHECK bool diff_sequences(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
			       struct diff_rows *out);

struct diff_lines {
	struct bytes text;
	uint32_t *start; /* count + 1 */
	size_t count;
};
/* Splits a text of up to 4 GiB. False for a longer one, and when out of memory. */
MUST_CHECK bool diff_lines_split(struct bytes text, struct diff_lines *out);
void diff_lines_free(struct diff_lines *l);
/* Line i without its LF. Lines differ by their LF too: only the last may lack it (see diff_lines_open). */
struct bytes diff_line(const struct diff_lines *l, size_t i);
/* Whether the text ends without an LF. */
bool diff_lines_open(const struct diff_lines *l);
MUST_CHECK bool diff_text(const struct diff_lines *a, const struct diff_lines *b, struct diff_rows *out);

struct diff_json_side {
	struct bytes text;
	const struct json_tokens *tokens;
};
struct diff_json_options {
	bool key_order;   /* the order of keys counts */
	bool no_volatile; /* request ids, timestamps and the like do not count */
};
/* Rows name the token a line begins with: key, value or closing bracket. Strings are compared by what they mean,
 * numbers as written. A CHANGED row is a scalar on both sides. */
MUST_CHECK bool diff_json(const struct diff_json_side *a, const struct diff_json_side *b,
			  const struct diff_json_options *o, struct diff_rows *out);

struct diff_field {
	struct bytes name, a, b; /* name as in a, if it is there */
	uint8_t kind;            /* enum diff_kind */
	bool passed_over;        /* differs, but is volatile; kind is DIFF_SAME */
};
struct diff_fields {
	struct diff_field *at;
	size_t count, differences, passed_over;
};
/* Compares two blocks of header fields by name, ignoring case; the order of fields does not count. Gives them in a's
 * order, then those only b has. */
MUST_CHECK bool diff_headers(struct bytes a, struct bytes b, bool no_volatile, struct diff_fields *out);
void diff_fields_free(struct diff_fields *f);

/* Offset of the first byte that differs (also the end of the shorter one); false when they are the same. */
bool diff_first_byte(struct bytes a, struct bytes b, size_t *at);

/* Rows [*start, *end) of the next hunk at or after `from`: differences with `context` same rows around them, hunks
 * that touch taken as one. SIZE_MAX shows all. False when there is no more. */
bool diff_hunk(const struct diff_rows *rows, size_t from, size_t context, size_t *start, size_t *end);

/* Dates, ids of requests, signatures, timestamps: what differs between any two deliveries. */
bool diff_is_volatile_header(struct bytes name);
bool diff_is_volatile_key(struct bytes lexeme);

/* For diff_*.c: gives equal items (by `compare`) equal numbers from 0 on, and sorts them. */
struct diff_item {
	struct bytes key, value;
	uint64_t hash;
	uint32_t index;
	uint32_t id;
	bool is_b;
};
void diff_rank(struct diff_item *items, size_t count, int (*compare)(const void *, const void *));
/* Pairs the n-th of a with the n-th of b that have the same number, after diff_rank: pairs[index of a] = index of b. */
void diff_pair(const struct diff_item *items, size_t count, uint32_t *pairs_a, uint32_t *pairs_b);
MUST_CHECK bool diff_rows_push(struct diff_rows *rows, struct diff_row row);
/* Whether the bounds of `rows` let so many elements be compared, and now; else gave_up is set. */
bool diff_goes_on(struct diff_rows *rows, size_t elements);
