/* A question over the screen: confirm, or choose by a letter. Enter takes the highlighted choice, Esc none. Pure. */
#pragma once

#include "tui/view.h"

#define SHEET_CHOICES 14
struct sheet_choice {
	key_code key;
	char label[100];
	struct effect effect;
};
struct sheet {
	bool shown;
	char title[200];
	char lines[4][200]; /* what there is to know first; untrusted text may be quoted here */
	size_t line_count;
	struct sheet_choice choices[SHEET_CHOICES];
	size_t count, chosen;
};

void sheet_begin(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sheet_line(struct sheet *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Gives the choice's effect, to be filled. */
struct effect *sheet_choice(struct sheet *s, key_code key, const char *label, enum effect_kind kind);
void sheet_close(struct sheet *s);
/* Any key while it is shown; *out is what follows. */
void sheet_key(struct sheet *s, const struct key *key, struct effect *out);
void sheet_draw(const struct sheet *s, struct surface *surface, struct rect body);
/* The menus (TUI.md §3.10). */
void sheet_copy_menu(struct sheet *s, int64_t id, bool on_json);
void sheet_export_menu(struct sheet *s, const struct ui *ui, int64_t id);
