/* Takes secrets out of a result before an agent sees it: header fields, targets, bodies and values by their names, and
 * what looks like a secret anywhere in a text (shared/redact). Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Changes it in place. False when out of memory; it must not be shown then. */
bool mcp_redact(json_t *result);
/* Cuts the bodies of `request` and `response` to that many bytes; body_shown says how many there are. False when out of
 * memory. */
bool mcp_redact_cut(json_t *delivery, size_t most);
