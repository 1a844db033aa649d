#include "client/web/web_actions.h"

#include <string.h>

enum { L = 1, D = 2, F = 4, H = 8, O = 16 };
enum { HAVE_ROW, HAVE_ROOM, HAVE_REPLAY, HAVE_MARKS };

static const struct action {
	const char *id, *name;
	unsigned contexts;
	const char *keys, *label, *help;
} actions[] = {
#define ACTION(id, name, contexts, keys, label, label_long, bar, when, help) { #id, name, contexts, keys, label, help },
#include "tui/keys/actions.def"
#undef ACTION
};

static json_t *keys_json(const char *keys)
{
	json_t *list = json_array();
	while (list && *keys) {
		size_t len = strcspn(keys, " ");
		if (len)
			json_array_append_new(list, json_stringn(keys, len));
		keys += len + (keys[len] == ' ');
	}
	return list;
}

static json_t *contexts_json(unsigned contexts)
{
	static const char letters[] = "LDFHO";
	char text[6] = "";
	for (size_t i = 0, n = 0; i < 5; i++)
		if (contexts & 1u << i)
			text[n++] = letters[i];
	return json_string(text);
}

json_t *web_actions_json(void)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < sizeof actions / sizeof *actions; i++) {
		const struct action *a = &actions[i];
		json_t *j = json_pack("{s:s, s:s, s:o, s:o, s:s, s:s}", "id", a->id, "name", a->name, "contexts",
				      contexts_json(a->contexts), "keys", keys_json(a->keys), "label", a->label, "help",
				      a->help);
		if (!j || json_array_append_new(list, j) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
