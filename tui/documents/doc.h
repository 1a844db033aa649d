/* A document: what a view scrolls through, as lines of cells that are made when they are asked for, with folding and
 * search. The pager shows any of them. A document never holds all its lines as cells, and its memory is bounded by the
 * bytes it was given. Pure. */
#pragma once

#include "tui/terminal/surface.h"

#define DOC_LINE_MAX 4096 /* cells; a longer line is continued on the next, marked */

struct doc;

enum doc_fold { DOC_FOLD_TOGGLE, DOC_FOLD_ALL, DOC_FOLD_NONE, DOC_FOLD_MORE, DOC_FOLD_LESS };

struct doc_place {
	size_t line;
	int column, columns; /* where a hit begins and how wide it is, in cells */
};

struct doc_ops {
	/* How many lines are shown now. */
	size_t (*count)(struct doc *d);
	/* Writes the cells of line i and gives how many there are, at most `most` (DOC_LINE_MAX). */
	size_t (*line)(struct doc *d, size_t i, struct cell *out, size_t most);
	/* Folds what begins on line i, or everything. Gives the line on which the content of line i is now. */
	size_t (*fold)(struct doc *d, size_t i, enum doc_fold how);
	/* The next place after (or before) `from` that holds the needle, ASCII case folded; opens folds that hide it.
	 * Begins again at the other end once. "hex:de ad" finds bytes in a hex document. False when there is none. */
	bool (*find)(struct doc *d, struct doc_place from, bool backwards, struct bytes needle, struct doc_place *out);
	/* The line with the partner of the bracket on line i, or i. */
	size_t (*partner)(struct doc *d, size_t i);
	/* What can be copied of line i: its value as received, or its path ("data.object.id"). False when it has none,
	 * or when out of memory. */
	bool (*value)(struct doc *d, size_t i, bool path, struct buffer *out);
	void (*free)(struct doc *d);
};

struct doc {
	const struct doc_ops *ops;
	char about[80]; /* what we call it: "JSON", "form, 3 pairs", "invalid JSON, line 3 column 9" */
	bool folds;     /* it, or a part of it, has lines that fold */
};

/* NULL is allowed. */
void doc_free(struct doc *d);

/* How many hits a needle has on the lines that are shown. Counting may take long and is done bit by bit; begin with
 * zeros. */
struct doc_hits {
	size_t lines, next;  /* lines of the document; the next one to be looked at */
	size_t count;        /* hits on the lines before it */
	struct buffer stops; /* what the count was at some lines, for doc_hits_number */
	size_t since;        /* cells since the last stop */
	bool over;
};
/* Counts on over about `most` cells; starts over when the document's lines have changed. True when the count
 * is complete. */
bool doc_hits_count(struct doc *d, struct doc_hits *h, struct bytes needle, size_t most);
/* Which of the hits `hit` is, from 1. 0: the count has not come there yet, or it is none of them (bytes in a hex
 * document). */
size_t doc_hits_number(struct doc *d, const struct doc_hits *h, struct bytes needle, const struct doc_place *hit);
void doc_hits_reset(struct doc_hits *h);
