/* Sends recorded deliveries to the app again, by itself: each replay is a delivery of its own, linked to its original.
 */
#include "client/command.h"
#include "client/output.h"
#include "client/replayer.h"
#include "client/row_json.h"
#include "client/selection.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPLAYS 1000
#define PAGE 200

struct replays {
	struct store *store;
	uv_loop_t loop;
	uv_signal_t on_int, on_term;
	struct replayer *replayer;
	struct replayer_options options;
	struct forward_options forward;
	struct replay_change change;
	const char *body_spec, *where;
	struct filter *filter; /* of --where */
	struct buffer body_override;
	struct option_values secret_specs;
	struct secrets secrets; /* of --resign */
	bool resign, json, failed_status, unreachable, interrupted, output_failed;
	int64_t times;
	struct error *e;

	/* The one under way, or the last. */
	struct replay *replay;
	struct replayed replayed;
	bool done, failed;
};

static void on_done(void *user, const struct replayed *result, const struct error *e)
{
	struct replays *r = user;
	r->replay = NULL;
	r->replayed = *result;
	r->failed = e != NULL;
	if (e)
		*r->e = *e;
	r->done = true;
}

/* Ctrl-C: what was begun is put on record as cancelled, the rest is not begun. */
static void on_signal(uv_signal_t *h, int number)
{
	struct replays *r = h->data;
	(void)number;
	r->interrupted = true;
	if (r->replay)
		replay_stop(r->replay);
}

static void on_result_row(void *user, const struct delivery_row *row)
{
	struct replays *r = user;
	if (r->json)
		r->output_failed = !row_json_print(stdout, row_json_delivery(NULL, row), r->e);
	else
		output_row(stdout, row, true);
}

static bool replay_once(struct replays *r, int64_t original, struct error *e)
{
	struct error row_error;
	r->done = r->failed = false;
	r->replay = replay_start(r->replayer, original, &r->change, on_done, r);
	if (!r->replay)
		return error_set(e, EXIT_STORE, "out of memory");
	while (!r->done)
		uv_run(&r->loop, UV_RUN_ONCE);
	if (r->replayed.id && !store_get(r->store, r->replayed.id, on_result_row, r, &row_error)) {
		*e = row_error;
		return false;
	}
	r->failed_status = r->failed_status || r->replayed.status < 200 || r->replayed.status > 299;
	/* The others are tried all the same: the app may be back. */
	r->unreachable = r->unreachable || (r->failed && e->code == EXIT_TARGET);
	return (!r->failed || e->code == EXIT_TARGET) && !r->output_failed;
}

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
	r->change.has_body = true;
	r->change.body = buffer_view(&r->body_override);
	return fine || error_set(e, EXIT_USAGE, "the body %s cannot be read", spec);
}

struct ids {
	int64_t at[MAX_REPLAYS];
	size_t count;
};

struct page {
	int64_t oldest; /* 0: the page is empty */
	int64_t at[PAGE];
	size_t count;
};

static void on_candidate(void *user, const struct delivery_row *row)
{
	struct page *page = user;
	if (page->oldest == 0)
		page->oldest = row->id;
	if (row->origin != ORIGIN_REPLAY && row->state != DELIVERY_REFUSED && page->count < PAGE)
		page->at[page->count++] = row->id;
}

/* The newest `wanted` that are neither replays nor refused, oldest of them first. */
static bool find_last(struct replays *r, size_t wanted, struct ids *ids, struct error *e)
{
	int64_t before = 0;
	do {
		struct page page = { 0 };
		if (!store_list(r->store, before, PAGE, on_candidate, &page, e))
			return false;
		while (page.count > 0 && ids->count < wanted)
			ids->at[ids->count++] = page.at[--page.count];
		before = page.oldest;
	} while (before > 0 && ids->count < wanted);
	for (size_t i = 0; i < ids->count / 2; i++) {
		int64_t swap = ids->at[i];
		ids->at[i] = ids->at[ids->count - 1 - i];
		ids->at[ids->count - 1 - i] = swap;
	}
	return ids->count > 0 ||
	       error_set(e, EXIT_USAGE, "there is no delivery to replay yet; `creel list` shows what there is");
}

/* Those of --where, or the newest of them with --last. Replays and refused ones do not count, as with --last. */
static bool find_where(struct replays *r, int64_t last, struct ids *ids, struct error *e)
{
	struct selection found;
	bool fine = selection_find(r->store, r->filter, last > 0 ? (size_t)last : MAX_REPLAYS, &found, e);
	if (fine && found.more && last < 0)
		fine = error_set(e, EXIT_USAGE, "more than %d deliveries match: narrow the filter, or add --last N",
				 MAX_REPLAYS);
	else if (fine && found.count == 0)
		fine =
		    error_set(e, EXIT_USAGE,
			      "no delivery matches (replays and refused ones do not count); `creel list FILTER` shows "
			      "what does");
	for (; fine && ids->count < found.count; ids->count++)
		ids->at[ids->count] = found.ids[ids->count];
	selection_free(&found);
	return fine;
}

/* `last` is -1 when --last was not given. */
static bool check_usage(struct replays *r, int64_t last, int argc, struct error *e)
{
	if (r->where && argc > 0)
		return error_set(e, EXIT_USAGE, "replay takes deliveries or --where FILTER, not both");
	if (last >= 0 && argc > 0)
		return error_set(e, EXIT_USAGE, "replay takes deliveries or --last [N], not both");
	if (last == 0 || last > MAX_REPLAYS)
		return error_set(e, EXIT_USAGE, "--last takes a number from 1 to %d", MAX_REPLAYS);
	if (!r->where && last < 0 && (argc == 0 || argc > MAX_REPLAYS))
		return error_set(e, EXIT_USAGE,
				 "replay takes up to %d deliveries, --where FILTER or --last [N]; for example: creel "
				 "replay 42",
				 MAX_REPLAYS);
	if (r->times <= 0)
		return error_set(e, EXIT_USAGE, "--times takes a number from 1");
	if (!r->where)
		return true;
	r->filter = selection_parse(r->where, 0, NULL, e);
	r->filter = r->filter ? selection_narrow(r->filter, "-is:replay -state:refused", e) : NULL;
	return r->filter != NULL;
}

static bool check_secrets(struct replays *r, struct error *e)
{
	if (!r->resign)
		return true;
	r->options.secrets = &r->secrets;
	if (r->secret_specs.count == 0)
		return error_set(e, EXIT_USAGE, "--resign needs the secret: --secret PROVIDER=@FILE, or @FILE alone");
	return secrets_read(&r->secret_specs, false, &r->secrets, e);
}

static bool find_ids(struct replays *r, int64_t last, int argc, char **argv, struct ids *ids, struct error *e)
{
	if (r->where)
		return find_where(r, last, ids, e);
	if (last > 0)
		return find_last(r, (size_t)last, ids, e);
	for (int i = 0; i < argc; i++)
		if (!store_resolve(r->store, argv[i], &ids->at[ids->count++], e))
			return false;
	return true;
}

/* `--last` takes a number or none, which getopt cannot say: "--last 3" becomes "--last=3" and "--last" "--last=1". */
static char **join_last(int *argc, char **argv, char joined[40])
{
	char **out = calloc((size_t)*argc + 1, sizeof *out);
	int n = 0;
	for (int i = 0; out && i < *argc; i++, n++) {
		out[n] = argv[i];
		if (strcmp(argv[i], "--") == 0) {
			while (++i < *argc)
				out[++n] = argv[i];
		} else if (strcmp(argv[i], "--last") == 0) {
			const char *next = i + 1 < *argc ? argv[i + 1] : "";
			bool is_number = *next && strspn(next, "0123456789") == strlen(next) && strlen(next) < 20;
			snprintf(joined, 40, "--last=%s", is_number ? next : "1");
			out[n] = joined;
			i += is_number;
		}
	}
	if (out)
		*argc = n;
	return out;
}

static int replay_all(struct replays *r, const struct ids *ids, struct error *e)
{
	int status = EXIT_DONE;
	if (uv_loop_init(&r->loop) != 0)
		return error_set(e, EXIT_TARGET, "libuv cannot start") ? EXIT_DONE : EXIT_TARGET;
	signal(SIGPIPE, SIG_IGN);
	uv_signal_t *signals[] = { &r->on_int, &r->on_term };
	for (int i = 0; i < 2; i++) {
		uv_signal_init(&r->loop, signals[i]);
		signals[i]->data = r;
		uv_signal_start(signals[i], on_signal, i == 0 ? SIGINT : SIGTERM);
		uv_unref((uv_handle_t *)signals[i]);
	}
	r->replayer = replayer_new(&r->loop, &r->options, e);
	bool fine = r->replayer != NULL;
	for (size_t i = 0; fine && i < ids->count; i++)
		for (int64_t k = 0; fine && !r->interrupted && k < r->times; k++)
			fine = replay_once(r, ids->at[i], e);
	if (r->interrupted)
		status = EXIT_INTERRUPTED;
	else if (!fine)
		status = (int)e->code;
	else if (r->unreachable)
		status = EXIT_TARGET;
	if (r->interrupted)
		e->text[0] = 0;
	if (r->replayer)
		replayer_close(r->replayer, NULL, NULL);
	uv_close((uv_handle_t *)&r->on_int, NULL);
	uv_close((uv_handle_t *)&r->on_term, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_loop_close(&r->loop);
	return status;
}

static const struct forward_options forward_defaults = { 30000, 5000, "rewrite", NULL, false, false, false };

/* A running client calls its own target, in its own way. */
static bool says_how(const struct replays *r)
{
	const struct forward_options *f = &r->forward, *d = &forward_defaults;
	return r->options.to || f->extra_headers->count || f->timeout_ms != d->timeout_ms ||
	       f->wait_for_target_ms != d->wait_for_target_ms || strcmp(f->host_header, d->host_header) != 0 ||
	       f->no_forwarded || f->allow_remote_target || f->insecure;
}

static int run(int argc, char **argv, struct error *e)
{
	struct common_options common;
	struct replays r = { .times = 1, .e = e, .forward = forward_defaults };
	struct option_values headers = { 0 };
	int64_t last = -1;
	bool fail = false;
	char joined[40];
	const struct option_spec specs[] = {
		{ "last", 0, OPTION_COUNT, &last, "[N]", "the newest delivery, or the newest N (no replays)" },
		{ "where", 0, OPTION_TEXT, &r.where, "FILTER",
		  "all that match, oldest first; with --last the newest N" },
		{ "to", 0, OPTION_TEXT, &r.options.to, "PORT|URL", "another target than the original's" },
		{ "header", 'H', OPTION_LIST, &headers, "'K: V'",
		  "set a header field; 'K:' removes it; again for more" },
		{ "body", 0, OPTION_TEXT, &r.body_spec, "@FILE|@-", "another body" },
		{ "resign", 0, OPTION_FLAG, &r.resign, NULL, "sign anew, with a fresh time, by --secret" },
		{ "secret", 0, OPTION_LIST, &r.secret_specs, "[PROVIDER=]@FILE", "for --resign; again for more" },
		{ "url", 0, OPTION_TEXT, &r.options.url, "URL",
		  "signed by those who sign it (default: the public one)" },
		{ "times", 0, OPTION_COUNT, &r.times, "N", "each so many times (default 1)" },
		{ "fail", 0, OPTION_FLAG, &fail, NULL, "exit with 1 when an answer is not 2xx" },
		{ "json", 0, OPTION_FLAG, &r.json, NULL, "print each replay as a JSON object" },
		{ "host-header", 0, OPTION_TEXT, &r.forward.host_header, "rewrite|preserve|VALUE",
		  "Host for the app (default rewrite)" },
		{ "no-forwarded", 0, OPTION_FLAG, &r.forward.no_forwarded, NULL,
		  "add no X-Forwarded-* and Creel-* fields" },
		{ "timeout", 0, OPTION_DURATION, &r.forward.timeout_ms, "TIME",
		  "for the app's whole answer (default 30s)" },
		{ "wait-for-target", 0, OPTION_DURATION, &r.forward.wait_for_target_ms, "TIME",
		  "while the app restarts (default 5s)" },
		{ "allow-remote-target", 0, OPTION_FLAG, &r.forward.allow_remote_target, NULL,
		  "targets that are not on this machine" },
		{ "insecure", 'k', OPTION_FLAG, &r.forward.insecure, NULL, "any certificate of an https target" },
	};
	struct options *o = options_new();
	char **args = join_last(&argc, argv, joined), *path = NULL;
	struct ids *ids = calloc(1, sizeof *ids);
	int first, status = EXIT_USAGE;
	if (!o || !args || !ids ||
	    !command_parse(&command_replay, o, &common, specs, sizeof specs / sizeof *specs, argc, args, &first,
			   &status, e))
		goto out;
	r.forward.extra_headers = &headers;
	status = EXIT_USAGE;
	if (!check_usage(&r, last, argc - first, e) || !check_secrets(&r, e))
		goto out;
	path = common.db ? NULL : store_default_path(e);
	r.options.db = common.db ? common.db : path;
	r.options.forward = &r.forward;
	r.options.alone = says_how(&r);
	if (r.options.db && read_body(&r, e) && store_open(&r.store, r.options.db, STORE_READ_WRITE, e) &&
	    find_ids(&r, last, argc - first, args + first, ids, e))
		status = replay_all(&r, ids, e);
	else
		status = (int)e->code;
	if (status == EXIT_DONE && fail && r.failed_status) {
		error_set(e, EXIT_NO, "an answer was not 2xx");
		status = EXIT_NO;
	}
out:
	store_close(r.store);
	secrets_free(&r.secrets);
	filter_free(r.filter);
	buffer_free(&r.body_override);
	free(ids);
	free(args);
	free(path);
	options_free(o);
	return status;
}

const struct command command_replay = {
	"replay",
	"creel replay ID… | --where FILTER | --last [N] [--to PORT|URL] [-H 'K: V'] [--body @FILE] "
	"[--resign --secret @FILE] [--times N] [--fail] [OPTIONS]",
	"send recorded deliveries to the app again",
	"Sends each delivery as it was received, to where it went before or to --to. A replay is a delivery of its own "
	"in the\n"
	"list, linked to its original, which stays as it is. Where `creel listen` runs for its tunnel that one sends "
	"it, unless\n"
	"an option says how. An ID is what `creel show` takes. Exit status 5 when no answer came from the target; 1 "
	"with\n"
	"--fail when an answer is not 2xx.\n\n" FILTER_HELP "\n\n"
	"Example: creel replay --where 'state:failed since:1h' --to 4000",
	run,
};
