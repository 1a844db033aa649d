/* A line that a program sends to `creel mcp`: nothing may crash; what becomes of a tool's arguments is the words of one
 * command, of which only options of creel's own stand before "--". What is redacted stays JSON. */
#include <stdlib.h>
#include <string.h>

#include "client/mcp/mcp_message.h"
#include "client/mcp/mcp_redact.h"
#include "client/mcp/mcp_tools.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void check_words(const struct mcp_words *w)
{
	check(w->count >= 2 && strcmp(w->at[1], "--json") == 0 && !w->at[w->count]);
	for (size_t i = 1; i < w->count && strcmp(w->at[i], "--") != 0; i++)
		check(strncmp(w->at[i], "--", 2) == 0);
}

static void call(const struct mcp_message *m)
{
	json_t *arguments = json_object_get(m->params, "arguments");
	const struct mcp_tool *t;
	struct error e;
	if (arguments && !json_is_object(arguments))
		return;
	for (size_t i = 0; (t = mcp_tools_at(i)); i++) {
		struct mcp_words w;
		if (mcp_tools_words(t, arguments, &w, &e))
			check_words(&w);
		else
			check(*e.text != 0);
		mcp_words_free(&w);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mcp_message m;
	enum mcp_fault fault;
	if (mcp_message_read(bytes_make(data, size), &m, &fault)) {
		call(&m);
		char *text = m.id ? mcp_message_answer(m.id, json_object()) : NULL;
		check(!m.id || (text && !strchr(text, '\n')));
		free(text);
	}
	if (m.json && mcp_redact_cut(m.json, 100) && mcp_redact(m.json)) {
		char *text = json_dumps(m.json, JSON_ENCODE_ANY);
		check(text != NULL);
		free(text);
	}
	json_decref(m.json);
	return 0;
}
