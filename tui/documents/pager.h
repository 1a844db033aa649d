/* Shows any document in a rectangle: a line under the cursor, scrolling, wrapping, search. Lines are made for the rows
 * that are seen, and for no others. The place is kept as (line, cell), so that it stays the same in another width.
 * Pure. */
#pragma once

#include "tui/documents/doc.h"

#define PAGER_NEEDLE_MAX 200

struct pager {
	struct doc *doc;      /* borrowed; NULL: nothing is shown */
	size_t line;          /* under the cursor */
	size_t top, top_cell; /* where the first row begins; top_cell is 0 when lines are cut */
	int left;             /* columns scrolled to the side */
	bool wrap, quiet;     /* quiet: the cursor is not shown, and keys scroll */
	int width, height;    /* as last drawn */
	struct doc_place hit; /* columns 0: none */
	char needle[PAGER_NEEDLE_MAX];
	struct doc_hits hits; /* of the needle */
	struct cell *cells;   /* of one line */
};

void pager_free(struct pager *p);
/* Shows another document from its top; wrap and needle stay. The old one is not freed. */
void pager_show(struct pager *p, struct doc *doc);
/* Shows a document in place of one with the same contents (another width, more of a body): keeps the place. */
void pager_replace(struct pager *p, struct doc *doc);
#define PAGER_MARGIN 1 /* blank columns to the left of the area, which the ground of the chosen line covers as well */
void pager_draw(struct pager *p, struct surface *s, struct rect area, bool focused);

size_t pager_count(const struct pager *p);
void pager_move(struct pager *p, long lines);
/* `screens` half (part 2) or whole (part 1) screens; negative goes back. */
void pager_page(struct pager *p, int screens, int part);
void pager_goto(struct pager *p, size_t line);
void pager_bottom(struct pager *p);
void pager_side(struct pager *p, int columns);
void pager_wrap(struct pager *p);
void pager_fold(struct pager *p, enum doc_fold how);
void pager_partner(struct pager *p);
/* Whether the last line is on the screen. */
bool pager_at_end(struct pager *p);
/* A click on a cell of the area. True on the sign of what folds there. */
bool pager_click(struct pager *p, int x, int y);

enum pager_found { PAGER_NOTHING, PAGER_FOUND, PAGER_AROUND }; /* around: began again at the other end */
/* The next place after (or before) the last hit, or the cursor. An empty text: the one searched last. */
enum pager_found pager_search(struct pager *p, const char *text, bool backwards);
/* Counts the hits, over about `cells` cells. "2 of 17", "2 of 17+" or "17+" while there is more to look at; "" where
 * that cannot be said. True when it is over. */
bool pager_count_hits(struct pager *p, size_t cells, char *text, size_t room);
/* To be called when the document's lines have changed. */
void pager_changed(struct pager *p);
