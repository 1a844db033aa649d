#include "client/mcp/mcp_message.h"

#include <string.h>

#include "shared/json/json_bytes.h"

static bool is_id(const json_t *id)
{
	return json_is_string(id) || json_is_integer(id);
}

/* NUL bytes are taken, so that who asks with one is told, by his id, that there is no such thing. */
json_t *mcp_message_parse(struct bytes line)
{
	json_error_t ignored;
	return json_loadb((const char *)line.at, line.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL,
			  &ignored);
}

bool mcp_message_read(json_t *json, struct mcp_message *out, enum mcp_fault *fault)
{
	*out = (struct mcp_message){ 0 };
	*fault = MCP_NOT_A_REQUEST;
	if (!json_is_object(json))
		return false;
	json_t *id = json_object_get(json, "id"), *method = json_object_get(json, "method");
	const char *version = json_string_value(json_object_get(json, "jsonrpc"));
	out->params = json_object_get(json, "params");
	out->id = is_id(id) ? id : NULL;
	if (json_can_hold(json_to_bytes(method)))
		out->method = json_string_value(method);
	out->answers = !method && (json_object_get(json, "result") || json_object_get(json, "error"));
	if (out->params && !json_is_object(out->params)) {
		*fault = MCP_BAD_PARAMS;
		return false;
	}
	return version && strcmp(version, "2.0") == 0 && out->method && (!id || out->id);
}

json_t *mcp_message_answer(json_t *id, json_t *result)
{
	return json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id, "result", result);
}

json_t *mcp_message_fault(json_t *id, enum mcp_fault fault, const char *sentence)
{
	return json_pack("{s:s, s:o, s:{s:i, s:o}}", "jsonrpc", "2.0", "id", id ? json_incref(id) : json_null(),
			 "error", "code", (int)fault, "message", json_from_bytes(bytes_of(sentence)));
}
