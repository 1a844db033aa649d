/* Looks ten times a second whether the record changed, while a page listens, and reports it to the page: deliveries
 * that came, attempts, deletions, the tunnel's state. Loop thread. */
#pragma once

#include <jansson.h>

#include "client/web/web.h"

struct web_watch;

struct web_watch *web_watch_new(struct web *w);
/* To be called before the source closes; `closed` comes on the loop. */
void web_watch_close(struct web_watch *watch, void (*closed)(void *user), void *user);
/* The client's state as the API gives it. NULL when out of memory. */
struct client_state;
json_t *web_watch_state(const struct client_state *c);
