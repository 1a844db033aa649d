/* `creel mcp`: the record for coding agents. */
#include "client/mcp/mcp.h"
#include "client/options/command.h"

static int run(struct command_call *call, struct error *e)
{
	const struct mcp_options o = { .db = command_db(call, e), .config = call->common->config };
	if (call->argc > 0) {
		error_set(e, EXIT_USAGE, "mcp takes no arguments: it is told what to do on standard input");
		return EXIT_USAGE;
	}
	return o.db ? mcp_serve(&o, e) : (int)e->code;
}

const struct command command_mcp = {
	"mcp",
	"creel mcp",
	"the record for coding agents, on standard input and output",
	"Speaks the Model Context Protocol on standard input and output, for coding agents that start it: list, show, "
	"wait,\n"
	"replay, trigger, verify, diff and stats as tools, with the same meaning as the commands. Secrets and "
	"signatures\n"
	"are replaced by REDACTED unless a call asks for them; bodies are cut; replays go to this machine only. It "
	"ends\n"
	"with its standard input.\n\n"
	"Example: claude mcp add creel -- creel mcp",
	.uses = COMMAND_USES_DB,
	.run = run,
};
