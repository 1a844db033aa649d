#include "client/options/command.h"

#define AT struct common_options

static const struct option_row relay_rows[] = {
	{ "relay", 'r', OPTION_TEXT_AT(AT, relay), OPTION_BY_USER, "URL", "the relay: http, https, ws or wss",
	  .otherwise = "of `creel login`" },
};
static const struct option_row db_rows[] = {
	{ "db", 0, OPTION_TEXT_AT(AT, db), OPTION_BY_USER, "FILE", "the store",
	  .otherwise = "$XDG_DATA_HOME/creel/creel.db" },
};
static const struct option_row config_rows[] = {
	{ "config", 0, OPTION_TEXT_AT(AT, config), OPTION_BY_CALLER, "FILE", "one more config file" },
};
static const struct option_row help_rows[] = {
	{ "help", 'h', OPTION_FLAG_AT(AT, help), OPTION_BY_LINE, NULL, "this text" },
};

/* An option stands only where it does something. */
void command_list_options(const struct command *c, struct command_options *out)
{
	static const struct option_group relay = OPTION_GROUP(relay_rows, 0), db = OPTION_GROUP(db_rows, 0),
					 config = OPTION_GROUP(config_rows, 0), help = OPTION_GROUP(help_rows, 0);
	size_t count = 0;
	for (size_t i = 0; i < c->options.count && i < COMMAND_GROUPS - 4; i++) {
		out->groups[count] = c->options.groups[i];
		out->groups[count++].at += offsetof(struct settings_block, settings);
	}
	if (c->uses & COMMAND_USES_RELAY)
		out->groups[count++] = relay;
	if (c->uses & COMMAND_USES_DB)
		out->groups[count++] = db;
	if (c->files != COMMAND_TAKES_NOTHING)
		out->groups[count++] = config;
	out->groups[count++] = help;
	out->table = (struct option_table){ out->groups, count };
}

const struct option_row *command_find_option(const struct command *c, const char *name)
{
	struct command_options all;
	command_list_options(c, &all);
	return option_table_find(&all.table, name);
}
