#include "client/web/web_actions.h"

#include <stdbool.h>
#include <string.h>

enum { L = 1, D = 2, F = 4, H = 8, O = 16 };
enum { HAVE_ROW = 1, HAVE_ROOM, HAVE_WIDTH, HAVE_REPLAY, HAVE_MARKS };

static const struct action {
	const char *id, *name, *keys, *label, *help;
	unsigned contexts;
	int bar; /* of what is always possible: the page's foot stays as it is */
} actions[] = {
#define ACTION(id, name, contexts, keys, label, label_long, bar, when, help)                                           \
	{ #id, name, keys, label, help, contexts, (when) == HAVE_REPLAY ? 0 : (bar) },
#include "tui/keys/actions.def"
#undef ACTION
	/* The page's own: no context of the terminal has them. */
	{ "VERIFY", "verify", "", "Verify", "whether the signature holds, and why not", 0, 0 },
	{ "THEME", "theme", "", "Light or dark", "by the system, light, dark", 0, 0 },
};

/* What the page does in another way, or by other keys. NULL: as in the table. */
static const struct on_page {
	const char *name, *contexts, *keys, *help;
} on_page[] = {
	{ "top", NULL, NULL, "to the top; in the list g is to the oldest, whatever the order" },
	{ "bottom", NULL, NULL, "to the bottom; in the list G is to the newest, whatever the order, and follow" },
	{ "next-tab", "", NULL, NULL }, /* Tab goes on, as anywhere in a browser */
	{ "context", "", NULL, NULL },  /* the page's hunks have no lines around them */
	{ "verify", "D", "4 V", NULL },
	{ "theme", "LDFHO", NULL, NULL },
	{ "clear", NULL, NULL, "close a finished replay's line, else drop the filter, else back to time order" },
	{ "search", NULL, NULL, "in the list what matches, in a body a text" },
	{ "raw-tab", NULL, "5", NULL },
	{ "palette", NULL, ":", NULL },
	{ "overview", "LDFHO", NULL, NULL },
	{ "by", NULL, "b", NULL },
	{ "shorter", NULL, NULL, "bars of a shorter time" },
	{ "longer", NULL, NULL, "bars of a longer time" },
	{ "reverse", NULL, NULL, "newest first or newest last; a sorted list the other way round" },
	{ "edit", NULL, NULL, "edit the request and send it" },
	{ "export", NULL, NULL, "save HAR, curl, .http, JSON lines or the body" },
	{ "split", NULL, NULL, "the delivery alone, or with the list" },
	{ "below", NULL, NULL, "the delivery below the list, or beside it" },
};

/* The browser's own keys. */
static bool browsers(const char *key, size_t len)
{
	return (len > 1 && key[0] == 'F') || (len == 3 && strncmp(key, "Tab", 3) == 0) ||
	       (len == 3 && strncmp(key, "C-", 2) == 0 && strchr("wzlcofb", key[2]));
}

static json_t *keys_json(const char *keys, bool page)
{
	json_t *list = json_array();
	while (list && *keys) {
		size_t len = strcspn(keys, " ");
		if (len && !(page && browsers(keys, len)))
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

static json_t *page_json(const struct action *a)
{
	static const struct on_page same;
	const struct on_page *p = &same;
	for (size_t i = 0; i < sizeof on_page / sizeof *on_page; i++)
		if (strcmp(on_page[i].name, a->name) == 0)
			p = &on_page[i];
	return json_pack("{s:o, s:o, s:s}", "contexts",
			 p->contexts ? json_string(p->contexts) : contexts_json(a->contexts), "keys",
			 keys_json(p->keys ? p->keys : a->keys, true), "help", p->help ? p->help : a->help);
}

json_t *web_actions_json(void)
{
	json_t *list = json_array();
	for (size_t i = 0; list && i < sizeof actions / sizeof *actions; i++) {
		const struct action *a = &actions[i];
		json_t *j = json_pack("{s:s, s:s, s:o, s:o, s:s, s:s, s:i, s:o}", "id", a->id, "name", a->name,
				      "contexts", contexts_json(a->contexts), "keys", keys_json(a->keys, false),
				      "label", a->label, "help", a->help, "bar", a->bar, "page", page_json(a));
		if (!j || json_array_append_new(list, j) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}
