/* `creel ui`: the inspector alone, over what is on record; it shows the state of a client that runs beside it. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "client/options/command.h"
#include "client/inspect/inspector.h"
#include "client/signing/secrets.h"
#include "client/selection/selection.h"
#include "shared/program/loop.h"

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
	if (!loop_open(&loop, EXIT_STORE, e))
		return EXIT_STORE;
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

struct ui_options {
	struct inspector_options inspector;
	struct option_values secret_specs;
};

#define AT struct ui_options

static const struct option_row rows[] = {
	{ "color", 0, OPTION_CHOICE_AT(AT, inspector.color), OPTION_BY_PROJECT, "auto|always|never", "colours",
	  .preset = "auto" },
	{ "theme", 0, OPTION_CHOICE_AT(AT, inspector.theme), OPTION_BY_PROJECT, "auto|dark|light|contrast|16|mono",
	  "how it looks; auto asks the terminal for its background", .preset = "auto" },
	{ "images", 0, OPTION_CHOICE_AT(AT, inspector.images), OPTION_BY_PROJECT, "auto|kitty|sixel|blocks|off",
	  "how pictures are drawn; auto asks the terminal", .preset = "auto" },
	{ "notify", 0, OPTION_CHOICE_AT(AT, inspector.notify), OPTION_BY_USER, "off|bell|osc9|osc777",
	  "when a delivery fails, ring or have the terminal notify", .preset = "off" },
	{ "ascii", 0, OPTION_FLAG_AT(AT, inspector.ascii), OPTION_BY_PROJECT, NULL, "no line-drawing characters" },
	{ "secret", 0, OPTION_LIST_AT(AT, secret_specs), OPTION_BY_USER, "PROVIDER=@FILE",
	  "say why its signatures do not hold, and sign again" },
	{ "mouse", 0, OPTION_FLAG_AT(AT, inspector.mouse), OPTION_BY_PROJECT, NULL,
	  "wheel and clicks; Shift+drag selects text" },
};

static bool read_secrets(const struct command_call *call, struct secrets *secrets, struct error *e)
{
	const struct ui_options *o = call->settings;
	bool fine = secrets_read(&o->secret_specs, true, secrets, e);
	secrets_hide(secrets, call->program->gate);
	return fine;
}

static int run(struct command_call *call, struct error *e)
{
	struct inspector_options *io = &((struct ui_options *)call->settings)->inspector;
	const struct forward_options forward = {
		.timeout_ms = 30000, .wait_for_target_ms = 5000, .host_header = "rewrite", .gate = call->program->gate
	};
	struct secrets secrets = { 0 };
	struct buffer filter = { 0 };
	int status = EXIT_USAGE;
	if (!inspector_has_terminal()) {
		error_set(e, EXIT_USAGE, "creel ui needs a terminal; `creel list` shows the same in lines");
		return EXIT_USAGE;
	}
	io->secrets = &secrets;
	io->cores = &call->program->cores;
	io->forward = &forward;
	if (join_filter(&filter, call->argc, call->argv, call->program->gate, e) && read_secrets(call, &secrets, e) &&
	    (io->db = command_db(call, e))) {
		io->filter = filter.len > 1 ? (const char *)filter.at : NULL;
		status = show(io, e);
	} else {
		status = (int)e->code;
	}
	secrets_free(&secrets);
	buffer_free(&filter);
	return status;
}

const struct command command_ui = {
	"ui",
	"creel ui [FILTER] [--secret PROVIDER=@FILE…] [--color auto|always|never]\n"
	"         [--theme auto|dark|light|contrast|16|mono] [--images auto|kitty|sixel|blocks|off]\n"
	"         [--notify off|bell|osc9|osc777] [--ascii] [--mouse]",
	"look through what is on record, search, compare, replay",
	"The inspector: deliveries as they arrive, each with request, answer, attempts and bytes. ? shows the keys, q "
	"leaves.\n"
	"Needs no relay and no network; replays go through `creel listen` where it runs.\n\n" FILTER_HELP "\n\n"
	"Example: creel ui status:5xx since:1h",
	COMMAND_OPTIONS(rows, struct ui_options),
	.uses = COMMAND_USES_DB | COMMAND_USES_FILTER,
	.run = run,
};
