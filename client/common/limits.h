/* The fixed limits of creel, as constants: LIMIT_ID is what limits.def says, in its unit. Any thread. */
#pragma once

enum {
#define LIMIT(id, name, unit, value, file, about, then) LIMIT_##id = (value),
#include "client/common/limits.def"
};
