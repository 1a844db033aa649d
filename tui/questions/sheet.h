/* A question over the screen, answered by a letter or with Enter for the highlighted choice; Esc takes none. What there
 * is to know first can be scrolled with PgUp and PgDn. Pure. */
#pragma once

#include "tui/terminal/surface.h"
#include "tui/state/effect.h"

#define SHEET_CHOICES 14
#define SHEET_LINES 80
struct sheet_choice {
	key_code key;
	char label[100];
	struct effect effect;
};
struct sheet_line {
	char text[200];
	enum role role;
};
struct sheet {
	bool shown;
	char title[200];
	struct sheet_line lines[SHEET_LINES]; /* what there is to know first; may quote untrusted text */
	size_t line_count, scroll, page;      /* page: lines on the screen at once; 0 before it was drawn */
	struct effect otherwise;              /* what follows when none is chosen */
	struct sheet_choice choices[SHEET_CHOICES];
	size_t count, chosen;
	struct {
		int y;
		size_t first, count;
		int top, bottom; /* rows: of the title, and of the words under it all */
	} drawn;                 /* which choices stand from which row of the screen on, for clicks */
};

void sheet_begin(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sheet_line(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sheet_line_as(struct sheet *s, enum role role, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A sentence of our own, broken into lines between words so that it fits into 80 columns. */
void sheet_sentence(struct sheet *s, enum role role, const char *text);
/* Adds a choice. Gives its effect, of this kind, for the caller to fill in. */
struct effect *sheet_choice(struct sheet *s, key_code key, const char *label, enum effect_kind kind);
/* Any key while it is shown, or the mouse: a click takes a choice, one beside the sheet none, the
 * wheel scrolls; *out is what it asks for. */
void sheet_key(struct sheet *s, const struct key *key, struct effect *out);
void sheet_draw(struct sheet *s, struct surface *surface, struct rect body);
