/* Which of the routes a delivery takes, and whether its app is called at all.
 *
 * --skip wins over --only. Of the routes, those with a filter are looked at first, in the order of the command line;
 * then those with a path, of which the longest wins; then the target. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* Called before the first delivery. False when out of memory. */
MUST_CHECK bool route_begin(struct streams *set);
void route_end(struct streams *set);

/* Chooses by what is known of the request; called after recognise_stream. */
void route_choose(struct stream *st);
/* The route of a path, where nothing else is known of a delivery. */
size_t route_of_path(const struct streams *set, struct bytes target);
