/* A delivery whole, for an agent: what GET /api/deliveries/ID answers, without its secrets and with bodies cut. */
#pragma once

#include <jansson.h>

#include "shared/base/error.h"

/* `id` as `creel show` takes it; attempt 0: the last answer. Reads the store on this thread. NULL and *e. */
json_t *mcp_show(const char *db, const char *id, int attempt, size_t body_most, bool secrets, struct error *e);
