#include "tui/keys/keymap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned context;
} contexts[] = {
	{ "list", CONTEXT_LIST },
	{ "detail", CONTEXT_DETAIL },
	{ "diff", CONTEXT_DIFF },
	{ "help", CONTEXT_HELP },
	{ "overview", CONTEXT_OVERVIEW },
	{ "all", CONTEXT_LIST | CONTEXT_DETAIL | CONTEXT_DIFF | CONTEXT_HELP | CONTEXT_OVERVIEW },
};

static void unbind(struct keymap *k, unsigned context, key_code key)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->at[i].key == key)
			k->at[i].context &= ~context;
}

static bool bind(struct keymap *k, unsigned context, key_code key, enum action a)
{
	unbind(k, context, key);
	if (k->count == k->room) {
		size_t room = k->room ? k->room * 2 : 128;
		struct binding *at = realloc(k->at, room * sizeof *at);
		if (!at)
			return false;
		k->at = at;
		k->room = room;
	}
	k->at[k->count++] = (struct binding){ context, key, a };
	return true;
}

/* The next word of a line, or an empty one. */
static struct bytes word(struct bytes *line)
{
	size_t from = 0, to;
	while (from < line->len && (line->at[from] == ' ' || line->at[from] == '\t' || line->at[from] == '\r'))
		from++;
	for (to = from; to < line->len && line->at[to] != ' ' && line->at[to] != '\t' && line->at[to] != '\r';)
		to++;
	struct bytes found = bytes_make(line->at + from, to - from);
	*line = bytes_make(line->at + to, line->len - to);
	return found;
}

bool keymap_init(struct keymap *k)
{
	*k = (struct keymap){ 0 };
	for (int a = 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info((enum action)a);
		struct bytes keys = bytes_of(info->keys), name;
		while ((name = word(&keys)).len)
			if (!bind(k, info->contexts, key_from_name((const char *)name.at, name.len), (enum action)a)) {
				keymap_free(k);
				return false;
			}
	}
	return true;
}

void keymap_free(struct keymap *k)
{
	free(k->at);
	*k = (struct keymap){ 0 };
}

static bool fault(struct error *e, int line, const char *what, struct bytes which)
{
	return error_set(e, EXIT_USAGE, "line %d of the keymap: %s \"%.*s\"", line, what,
			 (int)(which.len < 60 ? which.len : 60), (const char *)which.at);
}

static bool read_line(struct keymap *k, struct bytes line, int number, struct error *e)
{
	struct bytes verb = word(&line), where = word(&line), key = word(&line), what = { 0 }, more;
	if (!verb.len || verb.at[0] == '#')
		return true;
	bool binds = bytes_equal(verb, bytes_of("bind"));
	if (!binds && !bytes_equal(verb, bytes_of("unbind")))
		return fault(e, number, "bind or unbind is expected, not", verb);
	unsigned context = 0;
	for (size_t i = 0; i < sizeof contexts / sizeof *contexts; i++)
		if (bytes_equal(where, bytes_of(contexts[i].name)))
			context = contexts[i].context;
	if (!context)
		return fault(e, number, "list, detail, diff, help, overview or all is expected, not", where);
	key_code code = key_from_name((const char *)key.at, key.len);
	if (code == TKEY_NONE)
		return fault(e, number, "no key is called", key);
	if (binds)
		what = word(&line);
	more = word(&line);
	if (more.len && more.at[0] != '#')
		return fault(e, number, "a line ends before", more);
	if (!binds) {
		unbind(k, context, code);
		return true;
	}
	enum action a = action_of_name(what);
	if (a == ACTION_NONE)
		return fault(e, number, "no action is called", what);
	context &= action_info(a)->contexts;
	if (!context)
		return fault(e, number, "there it is not possible:", what);
	return bind(k, context, code, a) || error_set(e, EXIT_USAGE, "out of memory reading the keymap");
}

bool keymap_read(struct keymap *k, struct bytes text, struct error *e)
{
	for (int number = 1; text.len; number++) {
		const uint8_t *end = memchr(text.at, '\n', text.len);
		size_t len = end ? (size_t)(end - text.at) : text.len;
		if (!read_line(k, bytes_make(text.at, len), number, e))
			return false;
		len += end != NULL;
		text = bytes_make(text.at + len, text.len - len);
	}
	return true;
}

enum action keymap_find(const struct keymap *k, enum context c, key_code key)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->at[i].key == key && (k->at[i].context & c))
			return k->at[i].action;
	return ACTION_NONE;
}

static bool is_function(key_code key)
{
	return key > TKEY_F0 && key <= TKEY_F12;
}

key_code keymap_key(const struct keymap *k, enum context c, enum action a, bool function)
{
	key_code found = TKEY_NONE;
	for (size_t i = 0; i < k->count; i++) {
		if (k->at[i].action != a || !(k->at[i].context & c))
			continue;
		/* Of function keys the one bound last: the user's. */
		if (found == TKEY_NONE || (function && is_function(k->at[i].key)))
			found = k->at[i].key;
	}
	return found;
}

void keymap_keys(const struct keymap *k, enum context c, enum action a, char *out, size_t room)
{
	size_t len = 0;
	out[0] = '\0';
	for (size_t i = 0; i < k->count; i++) {
		char name[KEY_NAME_LEN];
		if (k->at[i].action != a || !(k->at[i].context & c))
			continue;
		key_to_name(k->at[i].key, name);
		int more = snprintf(out + len, room - len, "%s%s", len ? ", " : "", name);
		if (more < 0 || (size_t)more >= room - len)
			return;
		len += (size_t)more;
	}
}
