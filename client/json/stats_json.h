/* Statistics as JSON: `creel stats --json`, GET /api/stats. Pure. */
#pragma once

#include <jansson.h>

#include "shared/stats/stats.h"

/* A new reference; NULL when out of memory. */
json_t *stats_json(const struct stats_result *r);
