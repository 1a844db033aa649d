/* Between doc_diff.c, which finds what differs, and doc_diff_lines.c, which shows it. */
#pragma once

#include "shared/content/body.h"
#include "shared/compare/diff.h"
#include "tui/compare/doc_diff.h"
#include "tui/documents/rows.h"

/* What a line shows. Section by section, top to bottom. */
enum diff_section { SECTION_NOTE, SECTION_SUMMARY, SECTION_FIELD, SECTION_JSON, SECTION_TEXT, SECTION_HEX };

/* One line, or (side by side) one of the lines a pair takes. */
struct diff_entry {
	uint32_t a, b; /* as in diff_row; of a note: where its text begins and ends */
	uint16_t depth[2];
	uint16_t part;   /* side by side: which line of the pair, from 0 */
	uint8_t section; /* enum diff_section */
	uint8_t kind;    /* enum diff_kind */
	bool whole;
};

struct diff_side {
	struct body said;
	struct bytes whole; /* decoded; a form as `object` */
	struct bytes body;  /* as much of it as is compared */
	struct buffer object;
	struct json_tokens tokens;
	struct diff_lines lines;
};

struct diff_doc {
	struct doc doc;
	struct doc_diff_side given[2];
	struct doc_diff_options o;
	struct diff_side side[2];
	struct diff_fields fields;
	struct buffer notes;
	struct diff_entry *entries;
	size_t count, cap;
	size_t unpaired; /* side by side: the first removed line still without an added one beside it */
	size_t hex;      /* bytes a line */
	size_t differences;
	struct rows rows; /* unified */
	struct cell *scratch;
	bool failed; /* out of memory */
};

extern const struct doc_ops doc_diff_ops;

/* What one side of an entry shows; nothing where that side has nothing. */
void doc_diff_pieces(struct diff_doc *d, const struct diff_entry *e, int side, struct pieces *out);
/* Columns of one half, side by side. */
int doc_diff_half(const struct diff_doc *d);
void doc_diff_make_line(void *self, size_t line, struct pieces *out);
