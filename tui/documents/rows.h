/* What the documents share: lines made of pieces of text with a role each, continued where they are too long, and
 * searched. Only the breaks of long lines are kept; cells are made when they are asked for. */
#pragma once

#include "tui/documents/doc.h"

/* Cells a row is filled with: below DOC_LINE_MAX by what a view may put around them. */
#define ROW_CELLS (DOC_LINE_MAX - 64)
/* No byte gives more cells than this ("<ff>"); a TAB in a body does. */
#define CELLS_PER_BYTE 4
#define PIECES_MOST 8
#define CONTINUED "~ "
#define CONTINUED_CELLS 2

struct piece {
	struct bytes text;
	enum role role; /* ROLE_MARK: our own words, not searched */
};

struct pieces {
	struct piece at[PIECES_MOST];
	size_t count;
	int indent; /* blanks before them */
	char scratch[96];
};

struct rows {
	size_t lines;
	void (*make)(void *self, size_t line, struct pieces *out);
	void *self;
	/* Filled by rows_measure. */
	struct long_line *longs;
	size_t long_count;
	struct buffer breaks; /* uint32_t: offsets in the line where its further rows begin */
	size_t count;         /* rows */
};

void pieces_add(struct pieces *p, struct bytes text, enum role role);
/* `text` must outlive the pieces. */
void pieces_add_text(struct pieces *p, const char *text, enum role role);

/* The cells of bytes [from, to) of the pieces one behind another, up to `most`; *used is how far it came. */
size_t pieces_cells(const struct pieces *p, size_t from, size_t to, int column, struct cell *out, size_t most,
		    size_t *used);
size_t pieces_len(const struct pieces *p);

/* Finds the long lines. False when out of memory. */
MUST_CHECK bool rows_measure(struct rows *r);
void rows_free(struct rows *r);
/* Which line row is of, and its how-manieth row it is. */
size_t rows_line(const struct rows *r, size_t row, size_t *part);
size_t rows_first(const struct rows *r, size_t line);
size_t rows_cells(const struct rows *r, size_t row, struct cell *out, size_t most);
/* As doc_ops.find, in rows. */
bool rows_find(const struct rows *r, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out);

/* In `columns` of the place to search from: do not begin again at the other end (doc_join's parts). */
#define DOC_NO_WRAP (-2)

/* Where `needle` stands in `in`, ASCII case folded, as the first at or behind `from`, or as the last before `from`;
 * SIZE_MAX for nowhere. */
size_t doc_search(struct bytes in, struct bytes needle, size_t from);
size_t doc_search_back(struct bytes in, struct bytes needle, size_t from);

/* A search in the cells of any document, but for our own words: slower, for those that show more than one text a line.
 */
bool doc_find_in_cells(struct doc *d, struct doc_place from, bool backwards, struct bytes needle,
		       struct doc_place *out);

/* Whether it is for reading: no NUL, hardly a control character, hardly a byte that is not UTF-8. */
bool doc_is_text(struct bytes body);

/* Cells of our own words. */
size_t doc_mark(const char *text, struct cell *out, size_t most);
/* "310 bytes", "4.1 KiB". */
void doc_amount(char text[32], uint64_t bytes);
/* "shown 1.0 of 96 MiB"; false when nothing was cut. */
bool doc_cut_note(char text[80], uint64_t shown, uint64_t total);

/* For documents without folds and brackets. */
size_t doc_fold_nothing(struct doc *d, size_t i, enum doc_fold how);
size_t doc_partner_nothing(struct doc *d, size_t i);

/* The first part of a joined document; any other as it is. */
struct doc *doc_join_first(struct doc *d);
/* Puts another in its place, which is taken, as the old one is freed. */
void doc_join_replace_first(struct doc *d, struct doc *with);

/* A few lines of ours, '\n' between them. */
struct doc *doc_note(const char *text);
/* A text with one character marked as wrong; SIZE_MAX for none. */
struct doc *doc_text_wrong(struct bytes body, uint64_t total, size_t wrong_at);
/* `inner` with memory it borrows from; takes both over. NULL (and both freed) when out of memory or inner is NULL. */
struct doc *doc_owning(struct doc *inner, struct buffer memory);

/* Name and value lines, for headers and forms. Takes `memory` over (which the fields may point into). */
struct doc_field {
	struct bytes name, value;
	bool has_value;
};
struct doc *doc_fields(struct doc_field *fields, size_t count, const char *between, struct buffer memory);
