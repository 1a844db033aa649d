/* Sends recorded deliveries to the app again, by itself or through the client that runs: each replay is a delivery of
 * its own, linked to its original. */
#include "client/common/limits.h"
#include "client/options/command.h"
#include "client/replay/replay_confirm.h"
#include "client/replay/replay_edit.h"
#include "client/replay/replay_run.h"
#include "client/replay/replay_choice.h"
#include "client/replay/replay_stale.h"
#include "client/replay/replay_watch.h"
#include "shared/program/loop.h"
#include "shared/text/text.h"

#include <stdlib.h>
#include <string.h>

struct replays {
	const struct program *program;
	struct store *store;
	struct replay_choice choice;
	struct replay_ids *ids;
	struct replay_run_options run;
	struct forward_options forward;
	struct option_values headers;
	const char *body_spec, *rate, *speed, *watch;
	bool edit, fail, yes;
	struct buffer body_override;
	struct replay_edit *edited;
	struct option_values secret_specs;
	struct secrets secrets; /* of --resign */
	bool resign;

	uv_loop_t loop;
	struct replay_watch *watching;
	bool saved;
};

static bool read_body(struct replays *r, struct error *e)
{
	const char *spec = r->body_spec;
	if (!spec)
		return true;
	FILE *f = strcmp(spec, "@-") == 0 ? stdin : spec[0] == '@' ? fopen(spec + 1, "rb") : NULL;
	if (!f)
		return error_set(
		    e, EXIT_USAGE,
		    spec[0] == '@' ? "the body %s cannot be read" : "--body takes @FILE or @-, not '%.60s'", spec);
	char piece[65536];
	size_t n;
	bool fine = true;
	while (fine && (n = fread(piece, 1, sizeof piece, f)) > 0)
		fine = buffer_append(&r->body_override, piece, n);
	fine = fine && !ferror(f);
	if (f != stdin)
		fclose(f);
	r->run.change.has_body = true;
	r->run.change.body = buffer_view(&r->body_override);
	return fine || error_set(e, EXIT_USAGE, "the body %s cannot be read", spec);
}

static bool check_secrets(struct replays *r, struct error *e)
{
	r->run.replayer.secrets = &r->secrets;
	r->run.replayer.resign = r->resign;
	bool fine = secrets_read(&r->secret_specs, false, &r->secrets, e);
	secrets_hide(&r->secrets, r->program->gate);
	/* To sign with it is asked for; of what is only sent again nobody said whose it is. */
	if (!r->resign)
		secrets_drop_environment(&r->secrets);
	r->run.replayer.own_only = r->secrets.count > 0; /* what the user names is what counts */
	return fine;
}

/* ---- sending ---- */

static void on_saved(void *user)
{
	((struct replays *)user)->saved = true;
}

static void say(const struct replays *r, const char *sentence)
{
	struct buffer known = { 0 }, text = { 0 };
	if (secret_gate_put(r->program->gate, &known, bytes_of(sentence)) &&
	    text_sanitize(&text, buffer_view(&known), TEXT_LINE))
		fprintf(stderr, "creel: %.*s\n", (int)text.len, (const char *)text.at);
	buffer_free(&known);
	buffer_free(&text);
}

/* Again and again until all answers are 2xx. */
static bool run_watched(struct replays *r, struct replay_run *run, struct replay_outcome *out, struct error *e)
{
	for (;;) {
		r->saved = false;
		replay_watch_call_begins(r->watching);
		bool fine = replay_run_all(run, out, e);
		replay_watch_call_ends(r->watching);
		if (!fine || out->interrupted || !out->failed_status)
			return fine;
		if (out->unreachable)
			say(r, e->text);
		say(r, "not 2xx yet: sent again when a file below the folder is saved");
		while (!r->saved && !replay_run_interrupted(run))
			uv_run(&r->loop, UV_RUN_ONCE);
		if (replay_run_interrupted(run)) {
			out->interrupted = true;
			return true;
		}
	}
}

static int status_of(const struct replays *r, const struct replay_outcome *out, struct error *e)
{
	char cut_off[60] = "";
	if (out->interrupted) {
		if (out->cut_off)
			snprintf(cut_off, sizeof cut_off, ", %zu more broken off", out->cut_off);
		error_set(e, EXIT_INTERRUPTED, "interrupted: %zu of %zu sent%s", out->sent, out->total, cut_off);
		return EXIT_INTERRUPTED;
	}
	if (out->unreachable)
		return EXIT_TARGET;
	if (r->fail && out->failed_status) {
		error_set(e, EXIT_NO, "an answer was not 2xx");
		return EXIT_NO;
	}
	return EXIT_DONE;
}

static int replay_all(struct replays *r, struct error *e)
{
	struct replay_outcome out = { 0 };
	if (!loop_open(&r->loop, EXIT_TARGET, e))
		return EXIT_TARGET;
	bool fine = !r->watch || (r->watching = replay_watch_new(&r->loop, r->watch, on_saved, r, e));
	struct replay_run *run = fine ? replay_run_new(&r->loop, &r->run, e) : NULL;
	fine = run && (r->watching ? run_watched(r, run, &out, e) : replay_run_all(run, &out, e));
	int status = fine ? status_of(r, &out, e) : (int)e->code;
	if (run)
		replay_run_close(run);
	if (r->watching)
		replay_watch_close(r->watching);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_loop_close(&r->loop);
	return status;
}

/* ---- the command ---- */

static bool check_usage(struct replays *r, struct error *e)
{
	struct replay_pace *pace = &r->run.pace;
	if (!replay_choice_check(&r->choice, e))
		return false;
	if (r->rate && !replay_pace_number("--rate", r->rate, &pace->rate, e))
		return false;
	if (r->speed && !replay_pace_number("--speed", r->speed, &pace->speed, e))
		return false;
	if (r->rate && r->speed)
		return error_set(e, EXIT_USAGE, "--rate and --speed contradict each other");
	if (r->speed && r->run.times > 1)
		return error_set(e, EXIT_USAGE, "--speed keeps the originals' gaps, and --times has none");
	if (r->edit && r->body_spec)
		return error_set(e, EXIT_USAGE, "--edit and --body contradict each other");
	if (r->edit && r->choice.argc != 1 && r->choice.last != 1)
		return error_set(e, EXIT_USAGE, "--edit takes one delivery, for example: creel replay 42 --edit");
	return true;
}

/* Before anything is sent: an app that checks what it gets will refuse it. */
static bool tell_stale(struct replays *r, struct error *e)
{
	char sentence[REPLAY_STALE_LEN];
	const struct replay_run_options *run = &r->run;
	if (!replay_stale_find(r->store, run->ids, run->count, &run->change, &run->replayer, sentence, e))
		return false;
	if (*sentence)
		say(r, sentence);
	return true;
}

static bool prepare(struct replays *r, struct error *e)
{
	struct replay_run_options *run = &r->run;
	if (!read_body(r, e) || !store_open(&r->store, run->db, STORE_READ_WRITE, e) ||
	    !replay_choice_find(&r->choice, r->store, r->ids, e) ||
	    (r->speed && !replay_choice_sort(r->ids, r->store, e)) ||
	    (r->edit && !replay_edit_run(r->store, r->ids->at[0], &r->program->cores, &run->change, &r->edited, e)))
		return false;
	run->ids = r->ids->at;
	run->received_us = r->ids->received_us;
	run->count = r->ids->count;
	const struct replay_errand errand = { &run->replayer, &run->pace,       run->ids, run->count,
					      run->times,     r->watch != NULL, r->yes };
	return tell_stale(r, e) && replay_confirm(r->store, &errand, e);
}

#define AT struct replays

static const struct option_row rows[] = {
	{ "last", 0, OPTION_COUNT_AT(AT, choice.last), OPTION_BY_USER, "[N]",
	  "the newest delivery, or the newest N (no replays)", .bare = "1", .unset = -1 },
	{ "where", 0, OPTION_TEXT_AT(AT, choice.where), OPTION_BY_USER, "FILTER",
	  "all that match, oldest first; with --last the newest N" },
	{ "to", 0, OPTION_TEXT_AT(AT, run.replayer.to), OPTION_BY_USER, "PORT|URL",
	  "another target than the original's" },
	{ "header", 'H', OPTION_LIST_AT(AT, headers), OPTION_BY_USER, "'K: V'", "set a header field; 'K:' removes it" },
	{ "body", 0, OPTION_TEXT_AT(AT, body_spec), OPTION_BY_USER, "@FILE|@-", "another body" },
	{ "resign", 0, OPTION_FLAG_AT(AT, resign), OPTION_BY_USER, NULL, "sign again, with a fresh time" },
	{ "secret", 0, OPTION_LIST_AT(AT, secret_specs), OPTION_BY_USER, "[PROVIDER=]@FILE",
	  "to sign and judge by, instead of the running client's" },
	{ "url", 0, OPTION_TEXT_AT(AT, run.replayer.url), OPTION_BY_USER, "URL", "signed by those who sign it",
	  .otherwise = "the public one" },
	{ "times", 0, OPTION_COUNT_AT(AT, run.times), OPTION_BY_USER, "N", "each so many times", .preset = "1",
	  .least = 1 },
	{ "edit", 0, OPTION_FLAG_AT(AT, edit), OPTION_BY_USER, NULL,
	  "opens it in CREEL_EDITOR, VISUAL or EDITOR first" },
	{ "parallel", 0, OPTION_COUNT_AT(AT, run.pace.parallel), OPTION_BY_USER, "P", "so many at once",
	  .otherwise = "1; 16 with --rate and --speed", .unset = -1, .least = 1, .most = LIMIT_REPLAY_PARALLEL },
	{ "rate", 0, OPTION_TEXT_AT(AT, rate), OPTION_BY_USER, "R", "no more than R a second" },
	{ "speed", 0, OPTION_TEXT_AT(AT, speed), OPTION_BY_USER, "X", "the originals' gaps, X times as fast" },
	{ "watch", 0, OPTION_TEXT_AT(AT, watch), OPTION_BY_USER, "DIR",
	  "again each time a file below DIR is saved, until all answers are 2xx" },
	{ "yes", 'y', OPTION_FLAG_AT(AT, yes), OPTION_BY_USER, NULL,
	  "do not ask before more than 100 requests, or any beyond loopback" },
	{ "fail", 0, OPTION_FLAG_AT(AT, fail), OPTION_BY_USER, NULL, "exit with 1 when an answer is not 2xx" },
	{ "json", 0, OPTION_FLAG_AT(AT, run.json), OPTION_BY_PROJECT, NULL, "print each replay as a JSON object" },
	{ "host-header", 0, OPTION_TEXT_AT(AT, forward.host_header), OPTION_BY_PROJECT, "rewrite|preserve|VALUE",
	  "Host for the app: the target's, the original's or this", .preset = "rewrite" },
	{ "no-forwarded", 0, OPTION_FLAG_AT(AT, forward.no_forwarded), OPTION_BY_USER, NULL,
	  "add no X-Forwarded-* and Creel-* fields" },
	{ "timeout", 0, OPTION_DURATION_AT(AT, forward.timeout_ms), OPTION_BY_PROJECT, "TIME",
	  "for the app's whole answer", .preset = "30s", .least = 1 },
	{ "wait-for-target", 0, OPTION_DURATION_AT(AT, forward.wait_for_target_ms), OPTION_BY_PROJECT, "TIME",
	  "while the app restarts", .preset = "5s" },
	{ "allow-remote-target", 0, OPTION_FLAG_AT(AT, forward.allow_remote_target), OPTION_BY_USER, NULL,
	  "targets that are not on this machine" },
	{ "insecure", 'k', OPTION_FLAG_AT(AT, forward.insecure), OPTION_BY_USER, NULL,
	  "any certificate of an https target" },
	{ "target-ca", 0, OPTION_TEXT_AT(AT, forward.ca), OPTION_BY_USER, "FILE",
	  "trust this CA (PEM) for an https target" },
};

/* A running client calls its own target, in its own way: an option that says how is for a call by this program. */
static bool says_how(const struct replays *r)
{
	const struct forward_options *f = &r->forward;
	return r->run.replayer.to || r->headers.count || f->timeout_ms != 30000 || f->wait_for_target_ms != 5000 ||
	       strcmp(f->host_header, "rewrite") != 0 || f->no_forwarded || f->allow_remote_target || f->insecure ||
	       f->ca;
}

static void take_call(struct replays *r, const struct command_call *call)
{
	r->program = call->program;
	r->forward.gate = r->choice.gate = call->program->gate;
	r->forward.extra_headers = &r->headers;
	r->choice.argc = call->argc;
	r->choice.argv = call->argv;
	r->run.replayer.forward = &r->forward;
	r->run.replayer.alone = says_how(r);
}

static int run(struct command_call *call, struct error *e)
{
	struct replays *r = call->settings;
	int status = EXIT_USAGE;
	take_call(r, call);
	r->ids = calloc(1, sizeof *r->ids);
	if (!r->ids)
		error_set(e, EXIT_USAGE, "out of memory");
	else if (check_usage(r, e) && check_secrets(r, e)) {
		r->run.db = r->run.replayer.db = command_db(call, e);
		status = r->run.db && prepare(r, e) ? replay_all(r, e) : (int)e->code;
	}
	store_close(r->store);
	replay_choice_free(&r->choice);
	replay_edit_free(r->edited);
	secrets_free(&r->secrets);
	buffer_free(&r->body_override);
	free(r->ids);
	return status;
}

const struct command command_replay = {
	"replay",
	"creel replay ID… | --where FILTER | --last [N] [--to PORT|URL] [-H 'K: V'] [--body @FILE] [--edit] "
	"[--resign --secret @FILE] [--times N] [--parallel P] [--rate R|--speed X] [--watch DIR] [--fail] [--yes] "
	"[OPTIONS]",
	"send recorded deliveries to the app again",
	"Sends each delivery again as it was received, to where it went before or to --to. A replay is a delivery of "
	"its\n"
	"own in the list, linked to its original, which stays as it is. Where `creel listen` runs for its tunnel, "
	"that\n"
	"client sends it, unless an option says how to send it. An ID is what `creel show` takes. Exit status 5 when "
	"the\n"
	"target gave no answer; with --fail, 1 when an answer is not 2xx. Before more than 100 requests, or any "
	"beyond\n"
	"loopback, it asks; without a terminal those need --yes.\n\n" FILTER_HELP "\n\n"
	"Example: creel replay --where 'state:failed since:1h' --to 4000",
	COMMAND_OPTIONS(rows, struct replays),
	.uses = COMMAND_USES_DB | COMMAND_USES_WHERE,
	.run = run,
};
