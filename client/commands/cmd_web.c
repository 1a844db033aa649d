/* `creel web`: shows the record in a browser, until Ctrl-C. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/options/command.h"
#include "client/selection/selection.h"
#include "client/web/web.h"
#include "client/web_server/web_browser.h"
#include "shared/program/loop.h"

struct web_command {
	int64_t port;
	bool open, new_token, no_ngrok_api;
	struct option_values secret_specs;
};

struct shown {
	struct web *web;
	uv_signal_t signals[2];
	int status;
};

static void on_signal(uv_signal_t *handle, int number)
{
	struct shown *s = handle->data;
	s->status = number == SIGINT ? EXIT_INTERRUPTED : EXIT_DONE;
	for (size_t i = 0; i < 2; i++)
		if (!uv_is_closing((uv_handle_t *)&s->signals[i]))
			uv_close((uv_handle_t *)&s->signals[i], NULL);
	if (s->web)
		web_close(s->web, NULL, NULL);
	s->web = NULL;
}

static int serve(const struct web_options *options, bool open, struct error *e)
{
	static const int numbers[2] = { SIGINT, SIGTERM };
	struct shown shown = { .status = EXIT_DONE };
	uv_loop_t loop;
	if (!loop_open(&loop, EXIT_STORE, e))
		return EXIT_STORE;
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	shown.web = web_start(&loop, options, e);
	bool fine = shown.web != NULL;
	for (size_t i = 0; fine && i < 2; i++) {
		uv_signal_init(&loop, &shown.signals[i]);
		shown.signals[i].data = &shown;
		uv_signal_start(&shown.signals[i], on_signal, numbers[i]);
	}
	if (fine) {
		printf("%s\n", web_url(shown.web));
		fflush(stdout);
		struct error why;
		if (open && !web_browser_open(options->db, web_url(shown.web), &why))
			fprintf(stderr, "creel: %s\n", why.text);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	web_browser_forget(options->db);
	return fine ? shown.status : (int)e->code;
}

/* Told where everything else is told of a filter: with a caret, before anything is served. */
static bool join_filter(struct buffer *out, const struct command_call *call, struct error *e)
{
	struct filter *f = selection_parse(NULL, call->argc, call->argv, call->program->gate, e);
	bool fine = f != NULL;
	filter_free(f);
	for (int i = 0; fine && i < call->argc; i++)
		fine = ((i == 0 || buffer_put_u8(out, ' ')) && buffer_append_text(out, call->argv[i])) ||
		       error_set(e, EXIT_STORE, "out of memory");
	return fine && (buffer_put_u8(out, 0) || error_set(e, EXIT_STORE, "out of memory"));
}

static int run(struct command_call *call, struct error *e)
{
	const struct web_command *c = call->settings;
	const struct forward_options forward = {
		.timeout_ms = 30000, .wait_for_target_ms = 5000, .host_header = "rewrite", .gate = call->program->gate
	};
	struct secrets secrets = { 0 };
	struct buffer filter = { 0 };
	struct web_options o = { .port = (int)c->port,
				 .port_option = "--port",
				 .new_token = c->new_token,
				 .no_ngrok_api = c->no_ngrok_api,
				 .forward = &forward,
				 .secrets = &secrets };
	bool fine = join_filter(&filter, call, e) && secrets_read(&c->secret_specs, true, &secrets, e);
	secrets_hide(&secrets, call->program->gate);
	int status = EXIT_USAGE;
	if (fine && (o.db = command_db(call, e))) {
		o.filter = filter.len > 1 ? (const char *)filter.at : NULL;
		status = serve(&o, c->open, e);
	} else {
		status = (int)e->code;
	}
	secrets_free(&secrets);
	buffer_free(&filter);
	return status;
}

#define AT struct web_command

static const struct option_row rows[] = {
	{ "port", 0, OPTION_COUNT_AT(AT, port), OPTION_BY_USER, "N", "on 127.0.0.1", .preset = "4040", .most = 65535,
	  .zero = "any that is free" },
	{ "open", 0, OPTION_FLAG_AT(AT, open), OPTION_BY_USER, NULL, "open it in the browser" },
	{ "new-token", 0, OPTION_FLAG_AT(AT, new_token), OPTION_BY_USER, NULL,
	  "another token: links and pages of the old one are locked out" },
	{ "no-ngrok-api", 0, OPTION_FLAG_AT(AT, no_ngrok_api), OPTION_BY_USER, NULL,
	  "/api/tunnels and /api/status want the token, too" },
	{ "secret", 0, OPTION_LIST_AT(AT, secret_specs), OPTION_BY_USER, "PROVIDER=@FILE",
	  "say why its signatures do not hold, and sign again" },
};

const struct command command_web = {
	"web",
	"creel web [FILTER] [--port N] [--open] [--new-token] [--no-ngrok-api] [--secret PROVIDER=@FILE…]",
	"the same in a browser, and as an HTTP API",
	"Serves the record as a web page, to this machine alone, and prints its address. The address holds a token "
	"that\n"
	"opens the record: do not pass it on. To use it from another machine, run there\n"
	"ssh -L 4040:127.0.0.1:4040 THIS-MACHINE and open the same address. Needs no relay and no network; replays go\n"
	"through `creel listen` where it runs. Ctrl-C ends it.\n\n" FILTER_HELP "\n\n"
	"Example: creel web --open",
	COMMAND_OPTIONS(rows, struct web_command),
	.uses = COMMAND_USES_DB,
	.run = run,
};
