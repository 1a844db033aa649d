/* The table of subcommands. */
#include "client/options/command.h"

#include "client/options/synonyms.h"
#include "shared/text/text_distance.h"

static const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "client/commands.def"
#undef COMMAND
};

const struct command *command_at(size_t i)
{
	/* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers */
	return i < sizeof commands / sizeof *commands ? commands[i] : NULL;
}

const struct command *command_find(const char *name, struct error *e)
{
	const char *nearest = NULL;
	size_t least = 3;
	for (size_t i = 0; command_at(i); i++) {
		size_t distance = text_distance(commands[i]->name, name);
		if (distance == 0)
			return commands[i];
		if (distance < least) {
			least = distance;
			nearest = commands[i]->name;
		}
	}
	const char *instead = synonyms_find(name);
	if (instead)
		error_set(e, EXIT_USAGE, "'%.60s' is not a command: %s", name, instead);
	else
		error_set(e, EXIT_USAGE, "'%.60s' is not a command%s%s; see creel help", name,
			  nearest ? ", did you mean " : "", nearest ? nearest : "");
	return NULL;
}
