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

static void take(json_t *json)
{
	struct mcp_message m;
	enum mcp_fault fault;
	bool fine = mcp_message_read(json, &m, &fault);
	if (fine)
		call(&m);
	json_t *answer = fine && m.id ? mcp_message_answer(m.id, json_object())
				      : mcp_message_fault(m.id, fault, m.method ? m.method : "");
	char *text = json_dumps(answer, JSON_COMPACT);
	check(text && !strchr(text, '\n'));
	free(text);
	json_decref(answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *json = mcp_message_parse(bytes_make(data, size)), *one;
	size_t i;
	if (json_is_array(json))
		json_array_foreach(json, i, one) take(one);
	else if (json)
		take(json);
	if (json && mcp_redact_cut(json, 100) && mcp_redact(json) && mcp_redact_bound(json, 50, 5)) {
		char *text = json_dumps(json, JSON_ENCODE_ANY);
		check(text != NULL);
		free(text);
	}
	json_decref(json);
	return 0;
}
