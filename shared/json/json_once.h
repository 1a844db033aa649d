/* Reading a JSON text of a value that is not needed as a text any more. Pure; any thread. */
#pragma once

#include <jansson.h>

#include "shared/base/bytes.h"

/* As json_loadb does. While a long text is read, the memory of what was read of it goes back to the system, so that it
 * is not held beside the value: afterwards its bytes are undefined, but for a text that has an escaped half of a
 * character in it, which may have to be read again (json_halves.h), and one that is short. It lies in memory that may
 * be written. */
json_t *json_load_once(struct bytes text, size_t flags, json_error_t *je);
