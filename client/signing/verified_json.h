/* What `creel verify --json` says of a delivery. Any thread. */
#pragma once

#include <jansson.h>

#include "client/signing/verify_one.h"

/* A new reference; NULL when out of memory. */
json_t *verified_json(int64_t id, const struct verified *v);
