/* What the inspector does itself for keys that a view cannot handle alone: the functions that other files call. The
 * handlers of effects are declared in tui/desk/tui_private.h. Each section is a file. Loop thread. */
#pragma once

#include "tui/desk/tui_private.h"

/* tui_overview.c */
void tui_overview_wants(struct tui *t);
void tui_overview_tick(struct tui *t, bool changed, uint64_t now_ms);
bool tui_overview_stop(struct tui *t); /* counting; false when nothing is counted */

/* tui_open.c */
void tui_open_delivery(struct tui *t, int64_t id);

/* tui_narrow.c: the filter is applied while it is typed. Enter keeps what is typed, anything else that closes the line
 * brings back what was there before. */
void tui_narrow_begin(struct tui *t);
void tui_narrow_typed(struct tui *t); /* after each key */
void tui_narrow_keep(struct tui *t);

/* tui_prompt.c */
void tui_prompt_open(struct tui *t, enum prompt_kind kind, const char *text);

/* tui_replay.c: one replay; the message line says how it ended. False and *e when it cannot begin. */
MUST_CHECK bool tui_replay_one(struct tui *t, const struct replay_request *r, struct error *e);
enum tui_replays { REPLAYS_STOP, REPLAYS_GO_ON };
void tui_replay_end(struct tui *t, enum tui_replays how);

/* tui_outcome.c: asks what became of a replay, and says it on the message line; Enter opens the replay. `why`: a reason
 * for which the app may have refused it, or empty. */
void tui_outcome_ask(struct tui *t, int64_t of, int64_t replay, const char *why);
/* Opens the replay that the message line names; false when it names none. */
bool tui_outcome_open(struct tui *t);

/* tui_record.c: what was unmarked is forgotten. */
void tui_record_end(struct tui *t);

/* tui_copy.c, tui_edit.c */
void tui_copy_end(struct tui *t);
void tui_edit_end(struct tui *t);

/* tui_search.c */
void tui_search(struct tui *t, const char *text, bool backwards);
bool tui_search_stop(struct tui *t); /* false when there is none */
