/* Messages of the Model Context Protocol on its stdio transport: JSON-RPC 2.0, one message a line. Pure. */
#pragma once

#include <jansson.h>

#include "shared/base/bytes.h"

#define MCP_LINE_MOST (4u << 20) /* bytes of a message; more is refused */

/* JSON-RPC 2.0 §5.1 */
enum mcp_fault {
	MCP_NOT_JSON = -32700,
	MCP_NOT_A_REQUEST = -32600,
	MCP_NO_SUCH_METHOD = -32601,
	MCP_BAD_PARAMS = -32602,
	MCP_INTERNAL = -32603,
};

/* Views into `json`. */
struct mcp_message {
	json_t *json;
	const char *method;
	json_t *id;     /* a string or an integer; NULL: a notification, which is not answered */
	json_t *params; /* an object or NULL */
};
/* False: *fault says why, and what could be read of the id stands in the message. json_decref(json) in any case. */
MUST_CHECK bool mcp_message_read(struct bytes line, struct mcp_message *out, enum mcp_fault *fault);

/* The line that answers, without its end; takes `result`. NULL when out of memory. Freed by the caller. */
char *mcp_message_answer(json_t *id, json_t *result);
char *mcp_message_fault(json_t *id, enum mcp_fault fault, const char *sentence);
