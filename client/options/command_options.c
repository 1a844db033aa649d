#include "client/options/command.h"

#define AT struct common_options

enum { ROW_RELAY, ROW_DB, ROW_CONFIG };
static const struct option_row common_rows[] = {
	[ROW_RELAY] = { "relay", 'r', OPTION_TEXT_AT(AT, relay), OPTION_BY_USER, "URL",
			"the relay: http, https, ws or wss", .otherwise = "of `creel login`" },
	[ROW_DB] = { "db", 0, OPTION_TEXT_AT(AT, db), OPTION_BY_USER, "FILE", "the store",
		     .otherwise = "$XDG_DATA_HOME/creel/creel.db" },
	[ROW_CONFIG] = { "config", 0, OPTION_TEXT_AT(AT, config), OPTION_BY_CALLER, "FILE", "one more config file" },
};
static const struct option_row help_rows[] = {
	{ "help", 'h', OPTION_FLAG_AT(AT, help), OPTION_BY_LINE, NULL, "this text" },
};

void command_list_options(const struct command *c, struct command_options *out)
{
	static const struct option_group common[] = { OPTION_GROUP(common_rows, 0), OPTION_GROUP(help_rows, 0) };
	size_t count = 0;
	for (size_t i = 0; i < c->options.count && i < COMMAND_GROUPS - 2; i++) {
		out->groups[count] = c->options.groups[i];
		out->groups[count++].at += offsetof(struct settings_block, settings);
	}
	if (c->files != COMMAND_TAKES_NOTHING)
		out->groups[count++] = common[0];
	out->groups[count++] = common[1];
	out->table = (struct option_table){ out->groups, count };
}

const struct option_row *command_find_option(const struct command *c, const char *name)
{
	struct command_options all;
	command_list_options(c, &all);
	return option_table_find(&all.table, name);
}

bool command_passes_over(const struct command *c, const struct option_row *row)
{
	return (row == &common_rows[ROW_RELAY] && !(c->uses & COMMAND_USES_RELAY)) ||
	       (row == &common_rows[ROW_DB] && !(c->uses & COMMAND_USES_DB));
}
