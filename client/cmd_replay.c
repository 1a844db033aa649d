/* Sends recorded deliveries to the app again, by itself: each replay is a delivery of its own, linked to its original. */
#include "client/command.h"
#include "client/forwarder.h"
#include "client/output.h"
#include "client/row_json.h"
#include "shared/headers.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct replay {
	struct store *store;
	uv_loop_t loop;
	struct forwarder *forwarder;
	struct forward_options forward;
	const char *to, *body_spec;
	struct buffer body_override;
	bool json, has_override, done, failed_status, unreachable;
	int64_t times;
	struct error *e;

	/* The one under way. */
	int64_t original, id;
	struct delivery_row row; /* views into the buffers below */
	struct buffer method, target, tunnel, peer, last_url;
	struct message message;
	struct buffer answer_reason, answer_headers, answer_body;
	uint64_t answer_size;
	struct forward_result result;
	struct buffer result_url;
};

static uint64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static void take(struct buffer *into, struct bytes from, struct replay *r)
{
	into->len = 0;
	if (!buffer_append_bytes(into, from))
		r->done = true;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct replay *r = user;
	take(&r->method, row->method, r);
	take(&r->target, row->target, r);
	take(&r->tunnel, row->tunnel, r);
	take(&r->peer, row->peer, r);
	r->row = *row;
}

static void on_attempt_row(void *user, const struct attempt_row *a)
{
	struct replay *r = user;
	if (a->url.len)
		take(&r->last_url, a->url, r);
}

/* Where it went the last time: the attempt's URL without the delivery's own target. */
static char *original_base(struct replay *r, struct error *e)
{
	r->last_url.len = 0;
	if (!store_list_attempts(r->store, r->original, on_attempt_row, r, e))
		return NULL;
	if (r->last_url.len > r->target.len &&
	    memcmp(r->last_url.at + r->last_url.len - r->target.len, r->target.at, r->target.len) == 0)
		return bytes_dup_text(bytes_make(r->last_url.at, r->last_url.len - r->target.len));
	error_set(e, EXIT_USAGE, "delivery %lld was never sent anywhere: name the target with --to", (long long)r->original);
	return NULL;
}

static void on_head(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len)
{
	struct replay *r = user;
	(void)status;
	(void)body_len;
	take(&r->answer_reason, reason, r);
	take(&r->answer_headers, headers, r);
}

static bool on_body(void *user, struct bytes piece)
{
	struct replay *r = user;
	r->answer_size += piece.len;
	if (r->answer_body.len + piece.len <= (64u << 20) && !buffer_append_bytes(&r->answer_body, piece))
		r->answer_body.len = 0;
	return true;
}

static void on_done(void *user, const struct forward_result *result)
{
	struct replay *r = user;
	r->result = *result;
	take(&r->result_url, bytes_of(result->url), r);
	r->done = true;
}

static const struct forward_ops forward_ops = { on_head, on_body, on_done };

static bool in_transaction(struct replay *r, bool (*work)(struct replay *, struct error *), struct error *e)
{
	if (!store_batch_ops.begin(r->store, e))
		return false;
	if (work(r, e) && store_batch_ops.commit(r->store, e))
		return true;
	store_batch_ops.rollback(r->store);
	return false;
}

static bool insert_copy(struct replay *r, struct error *e)
{
	struct store_delivery d = {
		.received_at_us = now_us(),
		.origin = ORIGIN_REPLAY,
		.state = DELIVERY_SENDING,
		.replay_of = r->original,
		.tunnel = buffer_view(&r->tunnel),
		.method = buffer_view(&r->method),
		.target = buffer_view(&r->target),
		.peer = buffer_view(&r->peer),
		.headers = buffer_view(&r->message.headers),
		.signature = bytes_of(headers_has_signature(buffer_view(&r->message.headers)) ? "unknown" : "none"),
		.trailers = buffer_view(&r->message.trailers),
		.body = r->has_override ? buffer_view(&r->body_override) : buffer_view(&r->message.body),
	};
	bool duplicate;
	d.body_size = d.body.len;
	d.has_body = r->row.request_bytes > 0 || r->has_override || d.body.len > 0;
	if (!uuid7_make(d.event_id, d.received_at_us))
		return error_set(e, EXIT_STORE, "the system gave no random bytes");
	memcpy(r->row.event_id, d.event_id, UUID_LEN);
	r->row.received_at_us = d.received_at_us;
	return store_insert_delivery(r->store, &d, &r->id, &duplicate, e);
}

static bool insert_attempt(struct replay *r, struct error *e)
{
	struct store_attempt a = {
		.delivery_id = r->id,
		.started_at_us = r->result.started_at_us,
		.result = r->result.result,
		.status = r->result.status,
		.url = buffer_view(&r->result_url),
		.reason = buffer_view(&r->answer_reason),
		.error = bytes_of(r->result.error),
		.connect_us = r->result.connect_us,
		.first_byte_us = r->result.first_byte_us,
		.total_us = r->result.total_us,
		.headers = buffer_view(&r->answer_headers),
		.body = buffer_view(&r->answer_body),
		.body_size = r->answer_size,
	};
	return store_insert_attempt(r->store, &a, e);
}

static bool call(struct replay *r, const char *base, bool has_body, bool https, struct error *e)
{
	struct forward_request request = {
		.attempt = 1,
		.https = https,
		.has_body = has_body || r->has_override,
		.peer = buffer_view(&r->peer),
		.method = buffer_view(&r->method),
		.target = buffer_view(&r->target),
		.headers = buffer_view(&r->message.headers),
		.trailers = buffer_view(&r->message.trailers),
		.body = r->has_override ? buffer_view(&r->body_override) : buffer_view(&r->message.body),
	};
	memcpy(request.event_id, r->row.event_id, UUID_LEN);
	r->done = false;
	r->answer_size = r->answer_body.len = r->answer_headers.len = r->answer_reason.len = 0;
	if (!forward_start(r->forwarder, base, &request, &forward_ops, r, e))
		return false;
	while (!r->done)
		uv_run(&r->loop, UV_RUN_ONCE);
	return true;
}

static void on_json_row(void *user, const struct delivery_row *row)
{
	struct replay *r = user;
	if (r->json)
		row_json_print(stdout, row_json_delivery(NULL, row), r->e);
	else
		output_row(stdout, row, true);
}

static bool replay_once(struct replay *r, struct error *e)
{
	bool has_body = false, https = false, fine = false;
	struct error target_error;
	if (!store_get(r->store, r->original, on_row, r, e))
		return false;
	char *base = r->to ? forward_parse_target(r->to, r->forward.allow_remote_target, e) : original_base(r, e);
	if (!base || !store_get_request(r->store, r->original, &r->message, &has_body, &https, e)) {
		free(base);
		return false;
	}
	/* A delivery recorded in part would be another one. */
	if (r->message.body_size > r->message.body.len && !r->has_override)
		error_set(e, EXIT_USAGE, "delivery %lld was recorded in part only (%zu bytes): give a body with --body @FILE",
		          (long long)r->original, r->message.body.len);
	else
		fine = in_transaction(r, insert_copy, e) && call(r, base, has_body, https, e) && in_transaction(r, insert_attempt, e) &&
		       store_get(r->store, r->id, on_json_row, r, e);
	if (fine && r->result.result != ATTEMPT_OK) {
		r->unreachable = true;
		error_set(&target_error, EXIT_TARGET, "%s", r->result.error);
		*e = target_error;
	}
	r->failed_status = r->failed_status || r->result.status < 200 || r->result.status > 299;
	store_message_free(&r->message);
	free(base);
	return fine;
}

static bool read_body(struct replay *r, struct error *e)
{
	const char *spec = r->body_spec;
	if (!spec)
		return true;
	FILE *f = strcmp(spec, "@-") == 0 ? stdin : spec[0] == '@' ? fopen(spec + 1, "rb") : NULL;
	if (!f)
		return error_set(e, EXIT_USAGE, spec[0] == '@' ? "the body %s cannot be read" : "--body takes @FILE or @-, not '%.60s'",
		                 spec);
	char piece[65536];
	size_t n;
	bool fine = true;
	while (fine && (n = fread(piece, 1, sizeof piece, f)) > 0)
		fine = buffer_append(&r->body_override, piece, n);
	fine = fine && !ferror(f);
	if (f != stdin)
		fclose(f);
	r->has_override = true;
	return fine || error_set(e, EXIT_USAGE, "the body %s cannot be read", spec);
}

struct ids {
	int64_t at[1000];
	size_t count, wanted;
};

static void on_candidate(void *user, const struct delivery_row *row)
{
	struct ids *ids = user;
	if (row->origin == ORIGIN_REPLAY || row->state == DELIVERY_REFUSED)
		return;
	if (ids->count == ids->wanted) {
		memmove(ids->at, ids->at + 1, (ids->count - 1) * sizeof *ids->at);
		ids->count--;
	}
	ids->at[ids->count++] = row->id;
}

static bool find_ids(struct replay *r, bool last, int argc, char **argv, struct ids *ids, struct error *e)
{
	const char *number = argc > 0 ? argv[0] : NULL;
	if (last && argc > 1)
		return error_set(e, EXIT_USAGE, "--last takes at most a number");
	if (last) {
		int64_t newest;
		ids->wanted = number ? strtoul(number, NULL, 10) : 1;
		if (ids->wanted < 1 || ids->wanted > 1000 || (number && strspn(number, "0123456789") != strlen(number)))
			return error_set(e, EXIT_USAGE, "--last takes a number from 1 to 1000");
		/* Replays and refusals in between are passed over. */
		return store_last(r->store, &newest, e) &&
		       store_list(r->store, newest + 1, (int)ids->wanted * 4 + 100, on_candidate, ids, e);
	}
	if (argc == 0 || argc > 1000)
		return error_set(e, EXIT_USAGE, "replay takes up to 1000 deliveries, or --last [N]; for example: creel replay 42");
	for (int i = 0; i < argc; i++)
		if (!store_resolve(r->store, argv[i], &ids->at[ids->count++], e))
			return false;
	return true;
}

/* `--last` takes a number or none, which getopt cannot say: "--last=3" becomes "--last 3". */
static char **split_last(int *argc, char **argv)
{
	char **out = calloc((size_t)*argc + 2, sizeof *out);
	int n = 0;
	for (int i = 0; out && i < *argc; i++) {
		if (strncmp(argv[i], "--last=", 7) == 0) {
			static char last[] = "--last";
			out[n++] = last;
			out[n++] = argv[i] + 7;
			for (i++; i < *argc && n <= *argc; i++)
				out[n++] = argv[i];
			break;
		}
		out[n++] = argv[i];
	}
	*argc = n;
	return out;
}

static int replay_all(struct replay *r, const struct ids *ids, struct error *e)
{
	int status = EXIT_DONE;
	if (uv_loop_init(&r->loop) != 0)
		return error_set(e, EXIT_TARGET, "libuv cannot start") ? EXIT_DONE : EXIT_TARGET;
	signal(SIGPIPE, SIG_IGN);
	r->forwarder = forwarder_new(&r->loop, &r->forward, e);
	bool fine = r->forwarder != NULL;
	for (size_t i = 0; fine && i < ids->count; i++) {
		r->original = ids->at[i];
		for (int64_t k = 0; fine && k < r->times; k++)
			fine = replay_once(r, e);
	}
	if (!fine)
		status = (int)e->code;
	else if (r->unreachable)
		status = EXIT_TARGET;
	if (r->forwarder)
		forwarder_close(r->forwarder, NULL, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_loop_close(&r->loop);
	return status;
}

static int run(int argc, char **argv, struct error *e)
{
	struct common_options common;
	struct replay r = { .times = 1, .e = e, .forward = { 30000, 5000, "rewrite", NULL, false, false, false } };
	struct option_values headers = { 0 };
	bool last = false, fail = false;
	const struct option_spec specs[] = {
		{ "last", 0, OPTION_FLAG, &last, NULL, "the newest delivery, or the newest N: --last N" },
		{ "to", 0, OPTION_TEXT, &r.to, "PORT|URL", "another target than the original's" },
		{ "header", 'H', OPTION_LIST, &headers, "'K: V'", "set a header field; 'K:' removes it; again for more" },
		{ "body", 0, OPTION_TEXT, &r.body_spec, "@FILE|@-", "another body" },
		{ "times", 0, OPTION_COUNT, &r.times, "N", "each so many times (default 1)" },
		{ "fail", 0, OPTION_FLAG, &fail, NULL, "exit with 1 when an answer is not 2xx" },
		{ "json", 0, OPTION_FLAG, &r.json, NULL, "print each replay as a JSON object" },
		{ "host-header", 0, OPTION_TEXT, &r.forward.host_header, "rewrite|preserve|VALUE", "Host for the app (default rewrite)" },
		{ "no-forwarded", 0, OPTION_FLAG, &r.forward.no_forwarded, NULL, "add no X-Forwarded-* and Creel-* fields" },
		{ "timeout", 0, OPTION_DURATION, &r.forward.timeout_ms, "TIME", "for the app's whole answer (default 30s)" },
		{ "wait-for-target", 0, OPTION_DURATION, &r.forward.wait_for_target_ms, "TIME", "while the app restarts (default 5s)" },
		{ "allow-remote-target", 0, OPTION_FLAG, &r.forward.allow_remote_target, NULL, "targets that are not on this machine" },
		{ "insecure", 'k', OPTION_FLAG, &r.forward.insecure, NULL, "any certificate of an https target" },
	};
	struct options *o = options_new();
	char **args = split_last(&argc, argv), *path = NULL;
	struct ids *ids = calloc(1, sizeof *ids);
	int first, status = EXIT_USAGE;
	if (!o || !args || !ids ||
	    !command_parse(&command_replay, o, &common, specs, sizeof specs / sizeof *specs, argc, args, &first, &status, e))
		goto out;
	r.forward.extra_headers = &headers;
	path = common.db ? NULL : store_default_path(e);
	if ((common.db || path) && read_body(&r, e) &&
	    store_open(&r.store, common.db ? common.db : path, STORE_READ_WRITE, e) &&
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
	struct buffer *all[] = { &r.method, &r.target, &r.tunnel, &r.peer, &r.last_url, &r.answer_reason, &r.answer_headers,
		                 &r.answer_body, &r.body_override, &r.result_url };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	free(ids);
	free(args);
	free(path);
	options_free(o);
	return status;
}

const struct command command_replay = {
	"replay",
	"creel replay ID… | --last [N] [--to PORT|URL] [-H 'K: V'] [--body @FILE] [--times N] [--fail] [OPTIONS]",
	"send recorded deliveries to the app again",
	"Sends each delivery as it was received, to where it went before or to --to. A replay is a delivery of its own in the\n"
	"list, linked to its original, which stays as it is. Exit status 5 when the target cannot be reached.\n\n"
	"Example: creel replay --last --to 4000",
	run,
};
