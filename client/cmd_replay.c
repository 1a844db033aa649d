/* Sends recorded deliveries to the app again, by itself: each replay is a delivery of its own, linked to its original.
 */
#include "client/command.h"
#include "client/forwarder.h"
#include "client/output.h"
#include "client/resign.h"
#include "client/row_json.h"
#include "client/selection.h"
#include "shared/headers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_REPLAYS 1000
#define PAGE 200
#define ANSWER_MAX (64u << 20) /* of an answer kept on record */

struct replay {
	struct store *store;
	uv_loop_t loop;
	uv_signal_t on_int, on_term;
	struct forwarder *forwarder;
	struct forward_options forward;
	const char *to, *body_spec, *where;
	struct filter *filter; /* of --where */
	struct buffer body_override;
	struct option_values secret_specs;
	struct secrets secrets; /* of --resign */
	const char *url;
	bool resign, json, has_override, failed_status, unreachable, interrupted, output_failed;
	int64_t times;
	struct error *e;

	/* The one under way. */
	int64_t original, id;
	uint8_t event_id[UUID_LEN];
	struct forward *call;
	bool done, no_memory, cut, has_body, https;
	struct buffer method, target, tunnel, peer, provider, event_type, last_url;
	struct message message;
	struct buffer headers; /* the original's with -H and --body worked in: what is sent and recorded */
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
		r->no_memory = true;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct replay *r = user;
	take(&r->method, row->method, r);
	take(&r->target, row->target, r);
	take(&r->tunnel, row->tunnel, r);
	take(&r->peer, row->peer, r);
	take(&r->provider, row->provider, r);
	take(&r->event_type, row->event_type, r);
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
	error_set(e, EXIT_USAGE, "delivery %lld was never sent anywhere: name the target with --to",
		  (long long)r->original);
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
	/* Once a piece is left out none may follow: the record is a beginning, never one with holes. */
	r->cut = r->cut || piece.len > ANSWER_MAX - r->answer_body.len || !buffer_append_bytes(&r->answer_body, piece);
	return true;
}

static void on_done(void *user, const struct forward_result *result)
{
	struct replay *r = user;
	r->result = *result;
	take(&r->result_url, bytes_of(result->url), r);
	r->done = true;
	/* The whole call may have gone by in a timer's callback: the turn would go on to wait for an event that never
	 * comes. */
	uv_stop(&r->loop);
}

static const struct forward_ops forward_ops = { on_head, on_body, on_done, NULL };

static bool in_transaction(struct replay *r, bool (*work)(struct replay *, struct error *), struct error *e)
{
	if (!store_batch_ops.begin(r->store, e))
		return false;
	if (work(r, e) && store_batch_ops.commit(r->store, e))
		return true;
	store_batch_ops.rollback(r->store);
	return false;
}

static bool is_edited(const struct replay *r, struct bytes name)
{
	const struct option_values *edits = r->forward.extra_headers;
	for (size_t i = 0; i < edits->count; i++) {
		const char *colon = strchr(edits->at[i], ':');
		if (colon && (size_t)(colon - edits->at[i]) == name.len &&
		    strncasecmp(edits->at[i], (const char *)name.at, name.len) == 0)
			return true;
	}
	return false;
}

/* The record of a replay holds what was sent: -H fields in place, Content-Length that of the body. */
static bool edit_headers(struct replay *r)
{
	const struct option_values *edits = r->forward.extra_headers;
	struct bytes name, value, all = buffer_view(&r->message.headers);
	char length[24];
	bool fine = true;
	r->headers.len = 0;
	snprintf(length, sizeof length, "%zu", r->body_override.len);
	for (size_t pos = 0; fine && headers_next(all, &pos, &name, &value);) {
		if (is_edited(r, name))
			continue;
		bool is_length = r->has_override && bytes_equal_nocase(name, "content-length");
		fine = headers_append(&r->headers, name, is_length ? bytes_of(length) : value);
	}
	for (size_t i = 0; fine && i < edits->count; i++) {
		const char *colon = strchr(edits->at[i], ':'); /* forwarder_new refused those without */
		const char *text = colon ? colon + 1 + strspn(colon + 1, " \t") : "";
		if (*text)
			fine = headers_append(&r->headers, bytes_make(edits->at[i], (size_t)(colon - edits->at[i])),
					      bytes_of(text));
	}
	return fine;
}

/* What goes out is what is signed, so this comes behind all other changes. */
static bool sign_anew(struct replay *r, struct error *e)
{
	struct buffer body = { 0 }, *old = r->has_override ? &r->body_override : &r->message.body;
	bool has_body;
	struct resign_request request = {
		.id = r->original,
		.method = buffer_view(&r->method),
		.target = buffer_view(&r->target),
		.tunnel = buffer_view(&r->tunnel),
		.url = r->url,
		.body = buffer_view(old),
		.headers = &r->headers,
		.new_body = &body,
		.has_new_body = &has_body,
	};
	if (!r->resign)
		return true;
	bool fine = resign(r->store, &r->secrets, &request, e);
	if (fine && has_body) {
		struct buffer swap = *old;
		*old = body;
		body = swap;
	}
	buffer_free(&body);
	return fine;
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
		.provider = buffer_view(&r->provider),
		.event_type = buffer_view(&r->event_type),
		.headers = buffer_view(&r->headers),
		.signature = bytes_of(r->resign                                         ? "valid"
				      : headers_has_signature(buffer_view(&r->headers)) ? "unknown"
											: "none"),
		.trailers = buffer_view(&r->message.trailers),
		.body = r->has_override ? buffer_view(&r->body_override) : buffer_view(&r->message.body),
		.https = r->https,
		.has_body = r->has_body || r->has_override,
	};
	bool duplicate;
	d.body_size = d.body.len;
	if (!uuid7_make(d.event_id, d.received_at_us))
		return error_set(e, EXIT_STORE, "the system gave no random bytes");
	memcpy(r->event_id, d.event_id, UUID_LEN);
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

static bool set_failed(struct replay *r, struct error *e)
{
	return store_set_state(r->store, r->id, DELIVERY_FAILED, e);
}

static bool call(struct replay *r, const char *base, struct error *e)
{
	struct forward_request request = {
		.attempt = 1,
		.https = r->https,
		.has_body = r->has_body || r->has_override,
		.peer = buffer_view(&r->peer),
		.method = buffer_view(&r->method),
		.target = buffer_view(&r->target),
		.headers = buffer_view(&r->headers),
		.trailers = buffer_view(&r->message.trailers),
		.body = r->has_override ? buffer_view(&r->body_override) : buffer_view(&r->message.body),
	};
	memcpy(request.event_id, r->event_id, UUID_LEN);
	r->done = r->cut = false;
	r->answer_size = r->answer_body.len = r->answer_headers.len = r->answer_reason.len = 0;
	/* The loop's clock stood still while the store was read: time limits count from now. */
	uv_update_time(&r->loop);
	r->call = forward_start(r->forwarder, base, &request, &forward_ops, r, e);
	if (!r->call) {
		in_transaction(r, set_failed, NULL);
		return false;
	}
	while (!r->done)
		uv_run(&r->loop, UV_RUN_ONCE);
	r->call = NULL;
	return true;
}

/* Ctrl-C: what was begun is put on record as cancelled, the rest is not begun. */
static void on_signal(uv_signal_t *h, int number)
{
	struct replay *r = h->data;
	(void)number;
	r->interrupted = true;
	if (r->call && !r->done)
		forward_cancel(r->call);
}

static void on_json_row(void *user, const struct delivery_row *row)
{
	struct replay *r = user;
	if (r->json)
		r->output_failed = !row_json_print(stdout, row_json_delivery(NULL, row), r->e);
	else
		output_row(stdout, row, true);
}

static bool replay_once(struct replay *r, struct error *e)
{
	bool fine = false;
	if (!store_get(r->store, r->original, on_row, r, e))
		return false;
	char *base = r->to ? forward_parse_target(r->to, r->forward.allow_remote_target, e) : original_base(r, e);
	if (!base || !store_get_request(r->store, r->original, &r->message, &r->has_body, &r->https, e)) {
		free(base);
		return false;
	}
	/* A delivery recorded in part would be another one. */
	if (r->message.body_size > r->message.body.len && !r->has_override)
		error_set(e, EXIT_USAGE,
			  "delivery %lld was recorded in part only (%zu bytes): give a body with --body @FILE",
			  (long long)r->original, r->message.body.len);
	else if (!edit_headers(r) || r->no_memory)
		error_set(e, EXIT_STORE, "out of memory");
	else
		fine = sign_anew(r, e) && in_transaction(r, insert_copy, e) && call(r, base, e) &&
		       in_transaction(r, insert_attempt, e) && store_get(r->store, r->id, on_json_row, r, e) &&
		       !r->output_failed;
	if (fine && r->result.result != ATTEMPT_OK && !r->interrupted) {
		r->unreachable = true;
		error_set(e, EXIT_TARGET, "%s", r->result.error);
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
	r->has_override = true;
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
static bool find_last(struct replay *r, size_t wanted, struct ids *ids, struct error *e)
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
static bool find_where(struct replay *r, int64_t last, struct ids *ids, struct error *e)
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
static bool check_usage(struct replay *r, int64_t last, int argc, struct error *e)
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

static bool check_secrets(struct replay *r, struct error *e)
{
	if (!r->resign)
		return true;
	if (r->secret_specs.count == 0)
		return error_set(e, EXIT_USAGE, "--resign needs the secret: --secret PROVIDER=@FILE, or @FILE alone");
	return secrets_read(&r->secret_specs, false, &r->secrets, e);
}

static bool find_ids(struct replay *r, int64_t last, int argc, char **argv, struct ids *ids, struct error *e)
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

static int replay_all(struct replay *r, const struct ids *ids, struct error *e)
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
	r->forwarder = forwarder_new(&r->loop, &r->forward, e);
	bool fine = r->forwarder != NULL;
	for (size_t i = 0; fine && i < ids->count; i++) {
		r->original = ids->at[i];
		for (int64_t k = 0; fine && !r->interrupted && k < r->times; k++)
			fine = replay_once(r, e);
	}
	if (!fine)
		status = (int)e->code;
	else if (r->interrupted)
		status = EXIT_INTERRUPTED;
	else if (r->unreachable)
		status = EXIT_TARGET;
	if (r->forwarder)
		forwarder_close(r->forwarder, NULL, NULL);
	uv_close((uv_handle_t *)&r->on_int, NULL);
	uv_close((uv_handle_t *)&r->on_term, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	uv_loop_close(&r->loop);
	return status;
}

static int run(int argc, char **argv, struct error *e)
{
	struct common_options common;
	struct replay r = { .times = 1, .e = e, .forward = { 30000, 5000, "rewrite", NULL, false, false, false } };
	struct option_values headers = { 0 };
	int64_t last = -1;
	bool fail = false;
	char joined[40];
	const struct option_spec specs[] = {
		{ "last", 0, OPTION_COUNT, &last, "[N]", "the newest delivery, or the newest N (no replays)" },
		{ "where", 0, OPTION_TEXT, &r.where, "FILTER",
		  "all that match, oldest first; with --last the newest N" },
		{ "to", 0, OPTION_TEXT, &r.to, "PORT|URL", "another target than the original's" },
		{ "header", 'H', OPTION_LIST, &headers, "'K: V'",
		  "set a header field; 'K:' removes it; again for more" },
		{ "body", 0, OPTION_TEXT, &r.body_spec, "@FILE|@-", "another body" },
		{ "resign", 0, OPTION_FLAG, &r.resign, NULL, "sign anew, with a fresh time, by --secret" },
		{ "secret", 0, OPTION_LIST, &r.secret_specs, "PROVIDER=@FILE", "for --resign; again for more" },
		{ "url", 0, OPTION_TEXT, &r.url, "URL", "signed by those who sign it (default: the public one)" },
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
	secrets_free(&r.secrets);
	filter_free(r.filter);
	struct buffer *all[] = {
		&r.method,     &r.target,  &r.tunnel,        &r.peer,           &r.provider,    &r.event_type,
		&r.last_url,   &r.headers, &r.answer_reason, &r.answer_headers, &r.answer_body, &r.body_override,
		&r.result_url, NULL
	};
	for (size_t i = 0; all[i]; i++)
		buffer_free(all[i]);
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
	"list, linked to its original, which stays as it is. An ID is what `creel show` takes. Exit status 5 when no "
	"answer\n"
	"came from the target; 1 with --fail when an answer is not 2xx.\n\n" FILTER_HELP "\n\n"
	"Example: creel replay --where 'state:failed since:1h' --to 4000",
	run,
};
