/* Between view_detail.c (asking, drawing), detail_doc.c (what is shown) and detail_keys.c (what keys do). */
#pragma once

#include "tui/detail/doc_attempts.h"
#include "tui/detail/doc_message.h"
#include "tui/documents/pager.h"
#include "tui/detail/view_detail.h"

/* Bytes of a body that are read at first, and at most. One that may be laid out (DOC_PRETTY_MOST) is then read whole.
 */
#define DETAIL_BODY_FIRST ((uint64_t)1 << 20)
#define DETAIL_BODY_MOST ((uint64_t)64 << 20)

enum detail_tab { TAB_REQUEST, TAB_ANSWER, TAB_TIMES, TAB_BYTES, TABS };

struct side {
	struct document document;
	bool have;             /* an answer came */
	char *trouble;         /* the answer was this sentence */
	uint64_t most, wanted; /* bytes of the body asked for; wanted when more than most */
};

struct place {
	size_t line, top;
};

/* The document, with its folds, of a tab that another one is shown instead of, or that is shown raw. */
struct kept {
	struct doc_made made;
	enum body_look look;
	struct place place;
	int columns;
	enum time_mode time;
	bool folded;
};

struct detail {
	struct view view;
	int64_t id;
	bool follows; /* the list: it is a pane */
	int pane;     /* which, from 1 */
	bool to_list; /* to what is chosen in the list, once, when it is there */
	enum detail_tab tab;
	enum source_part bytes_of; /* whose bytes the last tab shows */
	int attempt;               /* 0: the last */
	struct side side[2];       /* by enum source_part */
	enum body_look look[TABS];
	struct place places[TABS];
	/* What is asked for; one at a time. */
	uint64_t asked, asked_most;
	enum source_part asked_part;
	bool outdated; /* the answer will be about what was shown before */
	bool check, checking, gone;
	/* What is drawn. */
	struct doc_made made;
	struct pager pager;
	int columns, width; /* of the document, of all */
	enum time_mode time;
	bool stale, folded, no_memory;
	struct kept kept[2]; /* by enum source_part */
};

/* detail_doc.c */
void detail_tab(struct detail *d, enum detail_tab tab);
/* Shows the tab's body in another way. */
void detail_look(struct detail *d, enum body_look look);
void detail_attempt(struct detail *d, int number);
/* The number of the attempt that is chosen; 0: none was made. */
int detail_attempt_number(const struct detail *d);
enum source_part detail_part(const struct detail *d);
bool detail_side_ready(const struct detail *d, enum source_part part);
/* Makes the document that is to be drawn, unless it is there. */
void detail_prepare(struct detail *d, const struct ui *ui, int columns);
/* Frees what was received, and before that the documents that borrow from it. */
void detail_forget(struct detail *d, enum source_part part);
void detail_drop_kept(struct detail *d, enum source_part part);
void detail_drop_doc(struct detail *d);
void detail_remember_place(struct detail *d);
/* Asks for more of the body; false when there is no more. */
bool detail_load_more(struct detail *d);

/* detail_keys.c */
void detail_act(struct view *v, struct ui *ui, enum action a, int count, struct effect *out);
void detail_search(struct view *v, struct ui *ui, const char *text, bool backwards, struct effect *out);
void detail_count(struct view *v, struct ui *ui);
void detail_offset(struct view *v, struct ui *ui, const char *text, struct effect *out);
