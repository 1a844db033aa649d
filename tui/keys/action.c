#include "tui/keys/action.h"

#define L CONTEXT_LIST
#define D CONTEXT_DETAIL
#define F CONTEXT_DIFF
#define H CONTEXT_HELP
#define O CONTEXT_OVERVIEW
static const struct action_info table[ACTION_COUNT] = {
	[ACTION_NONE] = { .name = "", .keys = "", .label = "", .long_label = "", .help = "" },
#define ACTION(id, name, contexts, keys, label, long_label, bar, when, help)                                           \
	[ACTION_##id] = { name, contexts, keys, label, long_label, bar, when, help },
#include "tui/keys/actions.def"
#undef ACTION
};
#undef L
#undef D
#undef F
#undef H
#undef O

const struct action_info *action_info(enum action a)
{
	return &table[(unsigned)a < ACTION_COUNT ? a : ACTION_NONE];
}

bool action_enabled(enum action a, enum context c, unsigned have)
{
	const struct action_info *i = action_info(a);
	return (i->contexts & c) && (i->when & have) == i->when;
}

const char *action_lacks(enum action a, unsigned have)
{
	static const struct {
		enum have what;
		const char *words;
	} lacks[] = {
		{ HAVE_ROW, "no delivery is chosen" },
		{ HAVE_MARKS, "nothing is marked: m marks" },
		{ HAVE_REPLAY, "no replay runs" },
		{ HAVE_ROOM, "two panes need 110x30" },
		{ HAVE_WIDTH, "two beside each other need 140 columns" },
	};
	for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++)
		if (action_info(a)->when & ~have & lacks[i].what)
			return lacks[i].words;
	return "";
}

enum action action_of_name(struct bytes name)
{
	for (int a = 1; a < ACTION_COUNT; a++)
		if (bytes_equal(name, bytes_of(table[a].name)))
			return (enum action)a;
	return ACTION_NONE;
}
