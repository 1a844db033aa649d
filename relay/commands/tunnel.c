/* creel-relay tunnel: the tunnels that a running relay knows, and how to close one. */
#include "relay/commands/commands.h"
#include "relay/commands/status_print.h"
#include "relay/control/control_ask.h"
#include "relay/names/router.h"
#include "shared/options/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tunnel_options {
	const char *data;
	bool json, help;
};

static const struct option_row rows[] = {
	{ "data", 'd', OPTION_TEXT_AT(struct tunnel_options, data), OPTION_BY_CALLER, "DIR", "the relay's data folder",
	  .preset = "./creel-relay-data" },
	{ "json", 'j', OPTION_FLAG_AT(struct tunnel_options, json), OPTION_BY_LINE, NULL,
	  "list: a JSON array, for programs" },
	{ "help", 'h', OPTION_FLAG_AT(struct tunnel_options, help), OPTION_BY_LINE, NULL, "this text" },
};
static const struct option_group groups[] = { OPTION_GROUP(rows, 0) };
static const struct option_table table = { groups, 1 };

static bool list_tunnels(const struct tunnel_options *o, struct error *e)
{
	struct buffer text = { 0 };
	json_t *status = status_ask(o->data, &text, e);
	char *dump = status && o->json ? json_dumps(json_object_get(status, "tunnels"), JSON_COMPACT) : NULL;
	if (dump)
		puts(dump);
	else if (status)
		status_print_tunnels(stdout, status);
	free(dump);
	bool fine = status != NULL;
	json_decref(status);
	buffer_free(&text);
	return fine;
}

static bool drop_tunnel(const struct tunnel_options *o, const char *name, struct error *e)
{
	char line[TUNNEL_NAME_MAX + 8];
	struct buffer text = { 0 };
	if (!router_name_valid(bytes_of(name)))
		return error_set(e, EXIT_USAGE, "'%.64s' is not a tunnel's name; `creel-relay tunnel list` shows them",
				 name);
	snprintf(line, sizeof line, "drop %s", name);
	bool fine = control_ask(o->data, line, &text, e) == CONTROL_OK;
	buffer_free(&text);
	return fine;
}

int tunnel_run(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	struct tunnel_options o = { .help = false };
	struct options *parsed = options_new();
	int first, code = EXIT_USAGE;
	(void)gate;
	const struct options_source source = { .program = "creel-relay tunnel", .env_prefix = "CREEL_RELAY_" };
	if (!parsed || !options_parse(parsed, &table, &o, &source, argc, argv, &first, e))
		goto out;
	const char *verb = first < argc ? argv[first] : "";
	bool fine;
	if (o.help) {
		fputs("Usage: creel-relay tunnel list | drop NAME\n\nlist shows the tunnels that the running relay "
		      "knows, and who is connected. drop disconnects the\nclients of one: they are told and end. "
		      "What was under way waits for them, and the name stays its\ntoken's. To keep somebody out, "
		      "revoke the token.\n\n",
		      stdout);
		options_print(stdout, &table);
		fine = true;
	} else if (strcmp(verb, "list") == 0 && first + 1 == argc) {
		fine = list_tunnels(&o, e);
	} else if (strcmp(verb, "drop") == 0 && first + 2 == argc) {
		fine = drop_tunnel(&o, argv[first + 1], e);
	} else {
		fine = error_set(e, EXIT_USAGE, "write: creel-relay tunnel list, or tunnel drop NAME");
	}
	code = fine ? EXIT_DONE : (int)e->code;
out:
	options_free(parsed);
	return code;
}
