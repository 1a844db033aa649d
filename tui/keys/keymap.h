/* Which key means which action where: the keys of actions.def, and what the user's keymap file changes. Pure. */
#pragma once

#include "shared/base/error.h"
#include "tui/keys/action.h"
#include "tui/terminal/key.h"

struct binding {
	unsigned context;
	key_code key;
	enum action action;
};
struct keymap {
	struct binding *at;
	size_t count, room;
};

MUST_CHECK bool keymap_init(struct keymap *k);
void keymap_free(struct keymap *k);
/* The user's keymap file: "bind list F5 replay", "unbind list F5"; "#" begins a comment; contexts are list, detail,
 * diff, help, overview, all. False and *e with the number of a line that it does not understand; the lines before it
 * stay in force. */
MUST_CHECK bool keymap_read(struct keymap *k, struct bytes text, struct error *e);
enum action keymap_find(const struct keymap *k, enum context c, key_code key);
/* The key to show for an action, a function key if it has one and `function`; TKEY_NONE when it has none here. */
key_code keymap_key(const struct keymap *k, enum context c, enum action a, bool function);
/* All of them, "r, F5". */
void keymap_keys(const struct keymap *k, enum context c, enum action a, char *out, size_t room);
