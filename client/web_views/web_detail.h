/* One delivery for the page: its row, request, answer, attempts and replays. On a worker thread, with its store. */
#pragma once

#include "client/web_views/web_read.h"
#include "shared/query/item.h"
#include "shared/query/store_part.h"

#define WEB_DETAIL_BODY (64u << 10) /* of a body in it; the rest is asked for by range */

/* The delivery that the path's first segment names, by its number, event id or the beginning of one. False after a
 * problem. */
MUST_CHECK bool web_detail_resolve(struct web_read *r, int64_t *id);
/* The last attempt, or the one of `wanted`: number 0 when there is none. `reason` is appended to. */
struct web_attempt {
	int wanted, number, status;
	enum attempt_result result;
	struct buffer reason, error;
};
MUST_CHECK bool web_detail_attempt(struct store *s, int64_t id, struct web_attempt *a, struct error *e);

struct web_detail {
	struct store *store;
	const struct secrets *secrets; /* that can say why a signature does not hold; or NULL */
	int64_t id;
	int attempt;        /* whose answer; 0: the last */
	uint64_t body_most; /* bytes of a body */
};
/* A new reference; NULL and *e: EXIT_USAGE when there is none. */
json_t *web_detail_json(const struct web_detail *w, struct error *e);
/* GET /api/deliveries/ID */
void web_detail_get(struct web_read *r);
