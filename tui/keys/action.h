/* What can be done, and the keys for it: actions.def as an enum and a table, and the keymap, which the user may change.
 * Pure. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "tui/terminal/key.h"

enum context { CONTEXT_LIST = 1, CONTEXT_DETAIL = 2, CONTEXT_DIFF = 4, CONTEXT_HELP = 8 };

/* What must be there for an action to make sense. */
enum have {
	HAVE_ROW = 1, /* a delivery is chosen */
	HAVE_MARKS = 2,
	HAVE_REPLAY = 4, /* one runs */
	HAVE_ROOM = 8,   /* for two panes */
};

enum action {
	ACTION_NONE,
#define ACTION(id, name, contexts, keys, label, long_label, bar, when, help) ACTION_##id,
#include "tui/keys/actions.def"
#undef ACTION
	ACTION_COUNT,
};

struct action_info {
	const char *name;
	unsigned contexts;
	const char *keys, *label, *long_label;
	int bar;
	unsigned when;
	const char *help;
};
const struct action_info *action_info(enum action a);
bool action_enabled(enum action a, enum context c, unsigned have);
/* What of `when` is not there, in words; "" when all is. */
const char *action_lacks(enum action a, unsigned have);
enum action action_of_name(struct bytes name);

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
/* The user's file: "bind list F5 replay", "unbind list F5", "#" begins a comment; contexts list, detail, diff, help,
 * all. False and *e with the line's number for what it does not understand; what came before holds. */
MUST_CHECK bool keymap_read(struct keymap *k, struct bytes text, struct error *e);
enum action keymap_find(const struct keymap *k, enum context c, key_code key);
/* The key to show for it, a function key first when `function`; TKEY_NONE when it has none here. */
key_code keymap_key(const struct keymap *k, enum context c, enum action a, bool function);
/* All of them, "r, F5". */
void keymap_keys(const struct keymap *k, enum context c, enum action a, char *out, size_t room);
