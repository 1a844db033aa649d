/* A question over the screen: confirm, or choose by a letter. Enter takes the highlighted choice, Esc none; PgUp and
 * PgDn go through what there is to know when it is long. Pure. */
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
	struct sheet_line lines[SHEET_LINES]; /* what there is to know first; untrusted text may be quoted here */
	size_t line_count, scroll, page;      /* page: lines seen at once, 0 before it was drawn */
	struct effect otherwise;              /* what follows when none is chosen */
	struct sheet_choice choices[SHEET_CHOICES];
	size_t count, chosen;
};

void sheet_begin(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sheet_line(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sheet_line_as(struct sheet *s, enum role role, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A sentence of ours, broken into lines between words, so that nothing of it is cut at 80 columns. */
void sheet_sentence(struct sheet *s, enum role role, const char *text);
/* Gives the choice's effect, to be filled. */
struct effect *sheet_choice(struct sheet *s, key_code key, const char *label, enum effect_kind kind);
/* Any key while it is shown; *out is what follows. */
void sheet_key(struct sheet *s, const struct key *key, struct effect *out);
void sheet_draw(struct sheet *s, struct surface *surface, struct rect body);
