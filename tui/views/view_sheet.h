/* A question over the screen: confirm, or choose by a letter. Enter takes the highlighted choice, Esc none; PgUp and
 * PgDn go through what there is to know when it is long. Pure. */
#pragma once

#include "tui/views/view_prompt.h"

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
void sheet_close(struct sheet *s);
/* Any key while it is shown; *out is what follows. */
void sheet_key(struct sheet *s, const struct key *key, struct effect *out);
void sheet_draw(struct sheet *s, struct surface *surface, struct rect body);
/* The menus (tui/DESIGN.md §3.10). Of what matches the filter as well, when there is one and nothing is marked. */
void sheet_copy_menu(struct sheet *s, int64_t id, bool on_json);
void sheet_export_menu(struct sheet *s, const struct ui *ui, int64_t id);

/* sheet_deeds.c: what is asked before something is done with `count` deliveries. `which` is "marked" or "that match
 * the filter". The effect that confirms has `flag` set and is about the ids that were kept (IDS_KEPT). */
#define IDS_KEPT (-2)
void sheet_replay(struct sheet *s, const struct ui *ui, size_t count, size_t stale, const char *which);
/* One whose signature is too old: `why` says how. */
void sheet_stale(struct sheet *s, const struct ui *ui, int64_t id, const char *why);
void sheet_delete(struct sheet *s, const int64_t *ids, size_t count);
/* A file of this name is there. */
void sheet_overwrite(struct sheet *s, const struct effect *export);
/* Whether a target as the client names it is on this machine. */
bool target_is_local(const char *target);
/* "creel-187.har", "creel-187-214.har": of ids alone. */
void export_propose(char *out, size_t room, enum export_format format, const int64_t *ids, size_t count);
/* An edited request that could be sent: what was changed (edit_changes' marks), and `trouble` of the last attempt or
 * NULL. Its effects are EFFECT_SEND and, by number, EDIT_AGAIN and EDIT_DROP of EFFECT_EDIT. */
enum edit_step { EDIT_BEGIN, EDIT_AGAIN, EDIT_DROP };
void sheet_edited(struct sheet *s, const struct ui *ui, int64_t id, struct bytes provider, size_t escapes,
		  const char *trouble);
void sheet_edited_line(struct sheet *s, char mark, struct bytes text);
/* One that cannot be understood. */
void sheet_edit_wrong(struct sheet *s, int64_t id, const char *trouble, int line);
