/* uthash as the relay uses it: out of memory is told, and never ends the process (the default is exit(-1)). After a
 * HASH_ADD an element whose hh.tbl is NULL was not added. Included instead of <uthash.h> throughout relay/. */
#pragma once

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
