#include "client/mcp/mcp_result.h"

#include <string.h>

#include "client/mcp/mcp_redact.h"
#include "shared/base/error.h"

bool mcp_result_is_there(const struct mcp_tool *t, const struct mcp_end *end)
{
	bool no = end->status == EXIT_NO || end->status == EXIT_TARGET;
	if (end->too_long)
		return false;
	if (end->status == EXIT_DONE)
		return true;
	return no && (end->output.len > 0 || (t->shape == MCP_LINES && !t->writes));
}

/* A list of the lines; those that are no objects are left out. NULL when out of memory. */
static json_t *lines_of(const struct buffer *output)
{
	json_t *list = json_array();
	struct bytes rest = buffer_view(output);
	while (list && rest.len) {
		struct bytes line = bytes_until(rest, '\n');
		json_t *value = json_loadb((const char *)line.at, line.len, JSON_ALLOW_NUL, NULL);
		if (value && json_array_append_new(list, value) != 0) {
			json_decref(list);
			return NULL;
		}
		size_t used = line.len < rest.len ? line.len + 1 : line.len;
		rest.at += used;
		rest.len -= used;
	}
	return list;
}

json_t *mcp_result_of(const struct mcp_tool *t, const struct mcp_end *end, bool secrets)
{
	json_t *lines = lines_of(&end->output), *result = NULL;
	if (lines && t->shape == MCP_ONE)
		result = json_incref(json_array_get(lines, 0));
	else if (lines)
		result = json_pack("{s:O}", t->key, lines);
	json_decref(lines);
	if (result && strcmp(t->name, "wait") == 0)
		json_object_set_new(result, "timed_out", json_boolean(end->status == EXIT_NO));
	/* Bounded after secrets are out: what is cut might not be known for one any more. */
	if (result && (secrets || mcp_redact(result)) && mcp_redact_bound(result, MCP_TEXT_MOST, MCP_LIST_MOST))
		return result;
	json_decref(result);
	return NULL;
}

bool mcp_result_failure(const struct mcp_tool *t, const struct mcp_end *end, struct buffer *out)
{
	struct bytes said = buffer_view(&end->complaint);
	if (end->too_long)
		return buffer_printf(out, "the answer of %s is longer than %u MiB, which is too much: ask for less",
				     t->name, MCP_OUTPUT_MOST >> 20) &&
		       buffer_put_u8(out, 0);
	while (said.len && said.at[said.len - 1] == '\n')
		said.len--;
	bool fine = said.len || buffer_append_text(out, "the command ended without a word");
	while (fine && said.len) { /* an agent knows who speaks */
		struct bytes line = bytes_until(said, '\n');
		bool more = line.len < said.len;
		said = bytes_make(said.at + line.len + more, said.len - line.len - more);
		if (line.len > 7 && memcmp(line.at, "creel: ", 7) == 0)
			line = bytes_make(line.at + 7, line.len - 7);
		fine = buffer_append_bytes(out, line) && (!more || buffer_put_u8(out, '\n'));
	}
	return fine && buffer_put_u8(out, 0);
}
