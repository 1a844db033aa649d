#include "client/mcp/mcp_message.h"

#include <string.h>

static bool is_id(const json_t *id)
{
	return json_is_string(id) || json_is_integer(id);
}

bool mcp_message_read(struct bytes line, struct mcp_message *out, enum mcp_fault *fault)
{
	json_error_t je;
	*out = (struct mcp_message){ .json = json_loadb((const char *)line.at, line.len,
							JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &je) };
	*fault = out->json ? MCP_NOT_A_REQUEST : MCP_NOT_JSON;
	if (!json_is_object(out->json))
		return false;
	json_t *id = json_object_get(out->json, "id"), *method = json_object_get(out->json, "method");
	const char *version = json_string_value(json_object_get(out->json, "jsonrpc"));
	out->params = json_object_get(out->json, "params");
	out->id = is_id(id) ? id : NULL;
	out->method = json_string_value(method);
	if (out->params && !json_is_object(out->params)) {
		*fault = MCP_BAD_PARAMS;
		return false;
	}
	return version && strcmp(version, "2.0") == 0 && out->method && (!id || out->id);
}

/* On one line; what is not ASCII stays as it is. */
static char *text_of(json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	json_decref(message);
	return text;
}

char *mcp_message_answer(json_t *id, json_t *result)
{
	return text_of(json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result));
}

char *mcp_message_fault(json_t *id, enum mcp_fault fault, const char *sentence)
{
	return text_of(json_pack("{s:s, s:o, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id ? json_incref(id) : json_null(),
				 "error", "code", (int)fault, "message", sentence));
}
