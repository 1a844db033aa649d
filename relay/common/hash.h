/* uthash for the relay, to be included instead of <uthash.h>: by default it calls exit(-1) when out of memory, and here
 * it does not. An element whose hh.tbl is NULL after HASH_ADD was not added. */
#pragma once

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
