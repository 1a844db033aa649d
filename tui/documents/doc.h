/* A document: lines of cells made on demand from recorded bytes, with folding and search. The pager shows any of them.
 * A document never holds all its lines as cells; what it holds is bounded by the bytes it was given. Pure: no I/O. */
#pragma once

#include "tui/terminal/surface.h"

#define DOC_LINE_MAX 4096 /* cells; a longer line is continued on the next, marked */

#define DOC_PRETTY_MOST ((size_t)8 << 20) /* bytes; a longer body is laid out when that is asked for */

struct doc;

enum doc_fold { DOC_FOLD_TOGGLE, DOC_FOLD_ALL, DOC_FOLD_NONE, DOC_FOLD_MORE, DOC_FOLD_LESS };

struct doc_place {
	size_t line;
	int column, columns; /* of a hit, in cells */
};

struct doc_ops {
	/* Lines that are shown now. */
	size_t (*count)(struct doc *d);
	/* The cells of line i; gives how many, at most `most` (DOC_LINE_MAX). */
	size_t (*line)(struct doc *d, size_t i, struct cell *out, size_t most);
	/* Folds at line i, or all. Gives the line on which what was on i is now. */
	size_t (*fold)(struct doc *d, size_t i, enum doc_fold how);
	/* The next place behind (or before) `from` that holds the needle, case folded in ASCII; opens folds for it.
	 * Begins again at the other end once. "hex:de ad" in a hex document finds bytes. False when there is none. */
	bool (*find)(struct doc *d, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out);
	/* The line with the partner of the bracket on line i, or i. */
	size_t (*partner)(struct doc *d, size_t i);
	/* What `y` copies on line i: its value as received, or its path ("data.object.id"). False when it has none. */
	bool (*value)(struct doc *d, size_t i, bool path, struct buffer *out);
	void (*free)(struct doc *d);
};

struct doc {
	const struct doc_ops *ops;
	char about[80]; /* "JSON", "form, 3 pairs", "invalid JSON, line 3 column 9": ours */
};

/* `body` is borrowed for the document's life; `total` is what was received (more than body.len: the end says so). NULL
 * when out of memory. */
struct doc *doc_json(struct bytes body, uint64_t total);
/* NULL as well when it is no JSON: *why, if not NULL, says where. */
struct doc *doc_json_or(struct bytes body, uint64_t total, char why[80]);
struct doc *doc_text(struct bytes body, uint64_t total);
struct doc *doc_form(struct bytes body, uint64_t total); /* application/x-www-form-urlencoded, decoded pairs */
/* 16 bytes a line; 8 below 78 columns, 4 below 45, 32 from 144 on. */
struct doc *doc_hex(struct bytes body, uint64_t total, int columns);
int doc_hex_bytes(int columns); /* a line: 4 to 32 */
/* Header fields as received, names in ROLE_NAME. */
struct doc *doc_headers(struct bytes block);
/* One after another, as one document; takes the parts over. */
struct doc *doc_join(struct doc **parts, size_t count);
/* Picked by content first, by Content-Type second; gzip, deflate and br are shown decoded with a note, within bounds.
 */
struct doc *doc_body(struct bytes headers, struct bytes body, uint64_t total, int columns);
/* XML or HTML, laid out; `forced`: however long it is. NULL as well when it is neither. */
struct doc *doc_markup(struct bytes headers, struct bytes body, uint64_t total, bool forced);
void doc_free(struct doc *d);
/* How many hits there are on the lines that are shown, counted bit by bit. Begun with zeros; each call goes on over
 * about `most` cells, or begins anew where there are other lines than before. True when it is over. */
struct doc_hits {
	size_t lines, next; /* of the document; to be looked at next */
	size_t count;
	struct buffer marks;
	size_t since; /* cells since the last mark */
	bool over;
};
bool doc_hits_count(struct doc *d, struct doc_hits *h, struct bytes needle, size_t most);
/* Which of them `hit` is, from 1; 0: the count has not come there, or it is none of them (bytes in a hex document). */
size_t doc_hits_number(struct doc *d, const struct doc_hits *h, struct bytes needle, const struct doc_place *hit);
void doc_hits_reset(struct doc_hits *h);

/* Two requests side by side or unified (tui/DESIGN.md §3.8). */
struct doc_diff_side {
	struct bytes summary; /* one line, ours: "#187  200  38ms" */
	struct bytes headers, body;
	uint64_t total;
};
struct doc_diff_options {
	bool side_by_side, key_order, all_context, volatile_too;
	int context, columns;
};
struct doc *doc_diff(const struct doc_diff_side *a, const struct doc_diff_side *b, const struct doc_diff_options *o);
/* The first line of the next (or previous) hunk from `line`; `line` when there is none. */
size_t doc_diff_hunk(struct doc *d, size_t line, bool backwards);
