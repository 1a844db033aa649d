/* What happens, for the streams of open pages (server-sent events). The loop puts events into a ring; each stream is a
 * position in it. Nothing is kept for a reader that stops: one that falls out of the ring is told to start again. */
#pragma once

#include <microhttpd.h>

#include "client/web_server/web_exchange.h"

struct web_events;

struct web_events *web_events_new(void);
/* Only when no stream is open any more. */
void web_events_free(struct web_events *v);
/* The server's thread: the answer that is the stream, or NULL when there are too many or no memory. */
struct MHD_Response *web_events_open(struct web_events *v, struct MHD_Connection *c, const struct web_exchange *x);
/* The rest is the loop's. How many streams there are: with none nobody needs to look at the record. */
size_t web_events_streams(struct web_events *v);
/* An event of that name. `id` is of the delivery that it is about: streams with a filter are told of it as "more"; 0:
 * it is for all. Takes `data`; NULL is passed over. */
void web_events_put(struct web_events *v, const char *name, int64_t id, json_t *data);
/* Sent first on each stream that is opened from now on. Takes `data`. */
void web_events_set_state(struct web_events *v, json_t *data);
/* So that neither end takes the connection for dead; four times a minute. */
void web_events_keep_alive(struct web_events *v);
/* Ends every stream. */
void web_events_end(struct web_events *v);
