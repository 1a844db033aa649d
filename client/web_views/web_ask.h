/* The JSON body of a request that changes something: only known fields, each of its type. Pure. */
#pragma once

#include "client/web_server/web_exchange.h"

/* The body as an object; a new reference. NULL after a problem 400. `fields` are those it may have, with blanks around
 * each. */
json_t *web_ask_read(struct web_exchange *x, const char *fields);
/* Which deliveries a body means: {"delivery_id"}, {"delivery_ids" or "ids"} or {"filter"}. False after a problem. */
struct web_ask_ids {
	int64_t *ids; /* freed by the caller; NULL with a filter */
	size_t count;
	const char *filter; /* or NULL; lives as long as the object */
	int64_t confirmed;  /* confirm_count; -1: not given */
};
MUST_CHECK bool web_ask_ids_of(struct web_exchange *x, json_t *body, struct web_ask_ids *out);
/* The deliveries that match, or those that are named, ascending; problem 409 when confirm_count is another. On a
 * worker.
 */
struct store;
MUST_CHECK bool web_ask_select(struct web_exchange *x, struct store *s, struct web_ask_ids *ids);
