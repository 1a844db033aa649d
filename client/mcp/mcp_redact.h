/* Takes secrets out of a result before an agent sees it: header fields, targets, bodies and values by their names, and
 * what looks like a secret anywhere in a text (shared/redact). Pure. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#define MCP_LIST_MOST 1000 /* entries of a list: changes of a diff, attempts of a delivery */

/* Changes it in place. False when out of memory; it must not be shown then. */
bool mcp_redact(json_t *result);
/* Cuts the bodies of `request` and `response` to that many bytes; body_shown says how many there are. False when out of
 * memory. */
bool mcp_redact_cut(json_t *delivery, size_t most);
/* Cuts every text to `text_most` bytes, with how many it had behind it, and every list of an object to its first
 * `list_most` entries, with NAME_left_out beside it. False when out of memory. */
bool mcp_redact_bound(json_t *result, size_t text_most, size_t list_most);
