/* The page's changes to the record: replays, marks and deletions, made by the inspector's deeds (client/inspect). Loop
 * thread. */
#pragma once

#include "client/web/web_private.h"

struct web_deeds;

struct web_deeds *web_deeds_new(struct web *w);
/* Only when no deed is under way any more. */
void web_deeds_free(struct web_deeds *d);

/* POST /api/replays; GET and DELETE /api/replays/ID */
void web_deeds_replay(struct web *w, struct web_exchange *x);
void web_deeds_show_replay(struct web *w, struct web_exchange *x);
void web_deeds_stop_replay(struct web *w, struct web_exchange *x);
/* Replays one delivery, and answers with 204 when that is on record: ngrok's call. */
void web_deeds_replay_one(struct web *w, struct web_exchange *x, int64_t id);
/* POST /api/deliveries/ID/tags, …/note */
void web_deeds_tag(struct web *w, struct web_exchange *x);
void web_deeds_note(struct web *w, struct web_exchange *x);
/* DELETE /api/deliveries */
void web_deeds_delete(struct web *w, struct web_exchange *x);
