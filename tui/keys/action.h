/* What a key can mean: the rows of actions.def as an enum and a table. Pure. */
#pragma once

#include "shared/base/bytes.h"

enum context { CONTEXT_LIST = 1, CONTEXT_DETAIL = 2, CONTEXT_DIFF = 4, CONTEXT_HELP = 8, CONTEXT_OVERVIEW = 16 };

/* What an action needs. */
enum have {
	HAVE_ROW = 1, /* a delivery is chosen */
	HAVE_MARKS = 2,
	HAVE_REPLAY = 4, /* one is running */
	HAVE_ROOM = 8,   /* for two panes */
	HAVE_WIDTH = 16, /* for two beside each other */
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
/* What the action still needs, in words; "" when nothing is missing. */
const char *action_lacks(enum action a, unsigned have);
enum action action_of_name(struct bytes name);
