/* What a command's output becomes for an agent: the result of the call, without secrets and within bounds, or a
 * sentence that says why there is none. Pure. */
#pragma once

#include <jansson.h>

#include "client/mcp/mcp_call.h"
#include "client/mcp/mcp_tools.h"

#define MCP_TEXT_MOST 16384 /* bytes of a text; an agent reads no more at once */

/* Whether it did what was asked: "no" is an answer as well, and so is that the app gave none. */
bool mcp_result_is_there(const struct mcp_tool *t, const struct mcp_end *end);
/* NULL when it cannot be read, or out of memory. */
json_t *mcp_result_of(const struct mcp_tool *t, const struct mcp_end *end, bool secrets);
/* Appends the sentence and a NUL. False when out of memory. */
MUST_CHECK bool mcp_result_failure(const struct mcp_tool *t, const struct mcp_end *end, struct buffer *out);
