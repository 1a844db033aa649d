/* The inspector alone, over what is on record; beside a running client it shows that one's state. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/options/command.h"
#include "client/inspect/inspector.h"
#include "client/signing/secrets.h"
#include "client/options/selection.h"

struct shown {
	struct inspector *inspector;
	enum tui_end how;
};

static void on_ended(void *user, enum tui_end how)
{
	struct shown *s = user;
	s->how = how;
	inspector_close(s->inspector, NULL, NULL);
}

static int show(const struct inspector_options *options, struct error *e)
{
	uv_loop_t loop;
	struct shown shown = { NULL, TUI_QUIT };
	if (uv_loop_init(&loop) != 0) {
		error_set(e, EXIT_USAGE, "libuv cannot start");
		return EXIT_USAGE;
	}
	umask(077);
	signal(SIGPIPE, SIG_IGN);
	struct inspector_options all = *options;
	all.ended = on_ended;
	all.user = &shown;
	shown.inspector = inspector_start(&loop, &all, e);
	bool fine = shown.inspector != NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	return !fine ? (int)e->code : shown.how == TUI_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_DONE;
}

/* Told where everything else is told of a filter: with a caret, before the terminal is taken. */
static bool join_filter(struct buffer *out, int argc, char **argv, const struct secret_gate *gate, struct error *e)
{
	struct filter *f = selection_parse(NULL, argc, argv, gate, e);
	bool fine = f != NULL;
	filter_free(f);
	for (int i = 0; fine && i < argc; i++)
		fine = ((i == 0 || buffer_put_u8(out, ' ')) && buffer_append_text(out, argv[i])) ||
		       error_set(e, EXIT_STORE, "out of memory");
	return fine && (buffer_put_u8(out, 0) || error_set(e, EXIT_STORE, "out of memory"));
}

static int run(int argc, char **argv, const struct program *program, struct error *e)
{
	struct common_options common;
	struct inspector_options io = { .color = "auto" };
	struct option_values secret_specs = { 0 };
	struct secrets secrets = { 0 };
	struct forward_options forward = { 30000, 5000, "rewrite", NULL, false, false, false, program->gate };
	const struct option_spec specs[] = {
		{ "color", 0, OPTION_CHOICE, &io.color, "auto|always|never", "colours (default auto)" },
		{ "ascii", 0, OPTION_FLAG, &io.ascii, NULL, "no line-drawing characters" },
		{ "secret", 0, OPTION_LIST, &secret_specs, "PROVIDER=@FILE",
		  "say why its signatures do not hold, and sign anew; again for more" },
		{ "mouse", 0, OPTION_FLAG, &io.mouse, NULL, "wheel and clicks; Shift+drag selects text" },
	};
	struct options *o = options_new();
	struct buffer filter = { 0 };
	char *path = NULL;
	int first, status = EXIT_USAGE;
	if (!o || !command_parse(&command_ui, o, &common, specs, sizeof specs / sizeof *specs, argc, argv, &first,
				 &status, e))
		goto out;
	status = EXIT_USAGE;
	if (!inspector_has_terminal()) {
		error_set(e, EXIT_USAGE, "creel ui needs a terminal; `creel list` shows the same in lines");
		goto out;
	}
	if (!join_filter(&filter, argc - first, argv + first, program->gate, e)) {
		status = (int)e->code;
		goto out;
	}
	io.secrets = &secrets;
	io.cores = &program->cores;
	if (!secrets_read(&secret_specs, true, &secrets, e)) {
		status = (int)e->code;
		goto out;
	}
	secrets_hide(&secrets, program->gate);
	path = common.db ? NULL : store_default_path(e);
	io.db = common.db ? common.db : path;
	io.filter = filter.len > 1 ? (const char *)filter.at : NULL;
	io.forward = &forward;
	status = io.db ? show(&io, e) : (int)e->code;
out:
	secrets_free(&secrets);
	buffer_free(&filter);
	free(path);
	options_free(o);
	return status;
}

const struct command command_ui = {
	"ui",
	"creel ui [FILTER] [--secret PROVIDER=@FILE…] [--color auto|always|never] [--ascii] [--mouse]",
	"look through what is on record, search, compare, replay",
	"The inspector: deliveries as they arrive, each with request, answer, attempts and bytes. ? shows the keys, q "
	"leaves.\n"
	"Needs no relay and no network; replays go through `creel listen` where it runs.\n\n" FILTER_HELP "\n\n"
	"Example: creel ui status:5xx since:1h",
	run,
};
