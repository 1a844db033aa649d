/* creel-relay status: what the relay of a data folder says of itself; a health check. */
#include "relay/commands/commands.h"
#include "relay/commands/status_print.h"
#include "shared/options/options.h"

#include <stdio.h>
#include <string.h>

struct status_options {
	const char *data;
	bool json, help;
};

#define STATUS struct status_options
static const struct option_row rows[] = {
	{ "data", 'd', OPTION_TEXT_AT(STATUS, data), OPTION_BY_CALLER, "DIR", "the relay's data folder",
	  .preset = "./creel-relay-data" },
	{ "json", 'j', OPTION_FLAG_AT(STATUS, json), OPTION_BY_LINE, NULL, "one JSON object, for programs" },
	{ "help", 'h', OPTION_FLAG_AT(STATUS, help), OPTION_BY_LINE, NULL, "this text" },
};
static const struct option_group groups[] = { OPTION_GROUP(rows, 0) };
static const struct option_table table = { groups, 1 };

/* Whether webhooks may be sent here at present: what a health check wants to know. */
static bool is_well(const json_t *status, const char *data, struct error *e)
{
	const char *state = json_string_value(json_object_get(status, "state"));
	if (state && strcmp(state, "draining") == 0)
		return error_set(e, EXIT_NO, "the relay of %s is ending", data);
	if (state && strcmp(state, "disk_full") == 0)
		return error_set(e, EXIT_NO, "the disk of %s is full: requests that would have to wait are refused",
				 data);
	if (json_is_true(json_object_get(json_object_get(status, "certificate"), "expired")))
		return error_set(e, EXIT_NO, "the relay's certificate has expired: renew it, then send SIGHUP");
	return true;
}

int status_run(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	STATUS o = { .help = false };
	struct options *parsed = options_new();
	struct buffer text = { 0 };
	json_t *status = NULL;
	int first, code = EXIT_USAGE;
	(void)gate;
	const struct options_source source = { .program = "creel-relay status", .env_prefix = "CREEL_RELAY_" };
	if (!parsed || !options_parse(parsed, &table, &o, &source, argc, argv, &first, e))
		goto out;
	if (o.help) {
		fputs("Usage: creel-relay status [OPTIONS]\n\nAsks the relay that runs on the data folder how it "
		      "is: its tunnels, what waits for each, and the\ntokens' last use. Exit status 0 when it "
		      "takes webhooks, else 1: a health check.\n\n",
		      stdout);
		options_print(stdout, &table);
		code = EXIT_DONE;
		goto out;
	}
	if (first < argc) {
		error_set(e, EXIT_USAGE, "status takes no argument '%.60s'", argv[first]);
		goto out;
	}
	code = EXIT_NO;
	if (!(status = status_ask(o.data, &text, e)))
		goto out;
	if (o.json)
		fwrite(text.at, 1, text.len, stdout);
	else
		status_print(stdout, status);
	if (is_well(status, o.data, e))
		code = EXIT_DONE;
out:
	json_decref(status);
	buffer_free(&text);
	options_free(parsed);
	return code;
}
