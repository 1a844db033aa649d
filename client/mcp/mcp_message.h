/* Messages of the Model Context Protocol on its stdio transport: JSON-RPC 2.0, one message a line. Pure. */
#pragma once

#include <jansson.h>

#include "shared/base/bytes.h"

#define MCP_LINE_MOST (4u << 20) /* bytes of a message; more is refused */
#define MCP_BATCH_MOST 100       /* messages of a batch (JSON-RPC 2.0 §6, MCP until 2025-03-26) */

/* JSON-RPC 2.0 §5.1 */
enum mcp_fault {
	MCP_NOT_JSON = -32700,
	MCP_NOT_A_REQUEST = -32600,
	MCP_NO_SUCH_METHOD = -32601,
	MCP_BAD_PARAMS = -32602,
	MCP_INTERNAL = -32603,
};

/* Views into the message that was read. */
struct mcp_message {
	const char *method;
	json_t *id;     /* a string or an integer; NULL: a notification, which is not answered */
	json_t *params; /* an object or NULL */
	bool answers;   /* with a fault: it is an answer to a request, of which we make none */
};

/* A line as JSON: a message, or an array of them. NULL: it is none. */
json_t *mcp_message_parse(struct bytes line);
/* False: *fault says why, and what could be read of the id stands in the message. */
MUST_CHECK bool mcp_message_read(json_t *json, struct mcp_message *out, enum mcp_fault *fault);

/* A message that answers; takes `result`. NULL when out of memory. */
json_t *mcp_message_answer(json_t *id, json_t *result);
/* `id` may be NULL. What is not UTF-8 in the sentence becomes U+FFFD. */
json_t *mcp_message_fault(json_t *id, enum mcp_fault fault, const char *sentence);
