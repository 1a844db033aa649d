#include "client/app/forwarded.h"
#include "client/signing/judge.h"
#include "client/replay/replayer_private.h"
#include "client/signing/resign.h"
#include "client/signing/signing_ask.h"
#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/http/headers.h"
#include "shared/http/http_text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- who calls the app ---- */

struct client_search {
	struct bytes tunnel;
	struct replay_client *client;
};

static void on_client(void *user, const struct client_status *c)
{
	struct client_search *search = user;
	struct replay_client *client = search->client;
	if (!c->tunnel.len || !bytes_equal(c->tunnel, search->tunnel) || !process_is_alive(c->pid))
		return;
	client->found = true;
	client->started_at_us = c->started_at_us;
	client->target.len = 0;
	client->no_memory = !buffer_append_bytes(&client->target, c->target);
}

bool replay_find_client(struct store *s, struct bytes tunnel, struct replay_client *out, struct error *e)
{
	*out = (struct replay_client){ 0 };
	struct client_search search = { tunnel, out };
	return store_list_status(s, on_client, &search, e);
}

bool replay_finds_client(struct store *s, struct bytes tunnel, bool *found, struct error *e)
{
	struct replay_client client;
	bool fine = replay_find_client(s, tunnel, &client, e);
	*found = client.found;
	buffer_free(&client.target);
	return fine;
}

/* ---- the original ---- */

static void take(struct replay *p, struct buffer *into, struct bytes from)
{
	into->len = 0;
	if (!buffer_append_bytes(into, from))
		p->no_memory = true;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct replay *p = user;
	const struct replay_change *c = &p->change;
	take(p, &p->method, c->whole ? c->method : row->method);
	take(p, &p->target, c->whole ? c->target : row->target);
	take(p, &p->tunnel, row->tunnel);
	take(p, &p->peer, row->peer);
	take(p, &p->provider, row->provider);
	take(p, &p->event_type, row->event_type);
	p->never_whole = row->state == DELIVERY_REFUSED;
	p->redacted = row->redacted;
	/* What the last URL ends in. */
	take(p, &p->answer_headers, row->target);
}

static void on_attempt_row(void *user, const struct attempt_row *a)
{
	struct replay *p = user;
	if (a->url.len)
		take(p, &p->last_url, a->url);
}

/* Where it went the last time: the attempt's URL without the delivery's own target. */
static bool find_base(struct replayer *r, struct replay *p, struct error *e)
{
	struct buffer *url = &p->last_url, *target = &p->answer_headers;
	if (r->to) {
		p->base = strdup(r->to);
		return p->base || error_set(e, EXIT_STORE, "out of memory");
	}
	if (!store_list_attempts(r->store, p->replayed.original, on_attempt_row, p, e))
		return false;
	if (url->len > target->len && memcmp(url->at + url->len - target->len, target->at, target->len) == 0) {
		p->base = bytes_dup_text(bytes_make(url->at, url->len - target->len));
		return p->base || error_set(e, EXIT_STORE, "out of memory");
	}
	return error_set(e, EXIT_USAGE,
			 "nothing is forwarding, and delivery %lld was never sent anywhere: start `creel listen PORT` "
			 "or name the target with --to",
			 (long long)p->replayed.original);
}

/* ---- what is sent ---- */

static struct bytes body_of(const struct replay *p)
{
	return p->change.has_body || p->change.whole ? p->change.body : buffer_view(&p->message.body);
}

static bool is_edited(const struct option_values *edits, struct bytes name)
{
	for (size_t i = 0; edits && i < edits->count; i++) {
		const char *colon = strchr(edits->at[i], ':');
		if (colon && (size_t)(colon - edits->at[i]) == name.len &&
		    strncasecmp(edits->at[i], (const char *)name.at, name.len) == 0)
			return true;
	}
	return false;
}

static bool says_who_sent_it(struct bytes name)
{
	enum forwarded_field f = forwarded_field_of(name);
	return f == FORWARDED_FOR || f == FORWARDED_PROTO || f == FORWARDED_HOST;
}

/* What the user wrote into X-Forwarded-… goes to the app as it is, like a trusted proxy's. Whether the sender's own of
 * these fields must go then, lest they be believed, too. */
static bool user_says_who_sent_it(struct replay *p, const struct option_values *edits)
{
	bool was_forwarded = p->message.forwarded, by_option = false;
	for (size_t i = 0; edits && i < edits->count; i++) {
		const char *colon = strchr(edits->at[i], ':');
		by_option = by_option || (colon && colon[1 + strspn(colon + 1, " \t")] &&
					  says_who_sent_it(bytes_make(edits->at[i], (size_t)(colon - edits->at[i]))));
	}
	bool by_edit = p->change.whole && !forwarded_same(p->change.headers, buffer_view(&p->message.headers));
	p->message.forwarded |= by_option || by_edit;
	return by_option && !by_edit && !was_forwarded;
}

/* The record of a replay holds what was sent: -H fields in place, Content-Length that of the body. */
static bool edit_headers(struct replay *p, const struct option_values *edits)
{
	bool drops_claims = user_says_who_sent_it(p, edits);
	struct bytes name, value;
	struct bytes all = p->change.whole ? p->change.headers : buffer_view(&p->message.headers);
	char length[24];
	bool fine = true;
	snprintf(length, sizeof length, "%zu", p->change.body.len);
	for (size_t pos = 0; fine && headers_next(all, &pos, &name, &value);) {
		if (is_edited(edits, name) || (drops_claims && says_who_sent_it(name)))
			continue;
		bool is_length = p->change.has_body && bytes_equal_nocase(name, "content-length");
		fine = headers_append(&p->headers, name, is_length ? bytes_of(length) : value);
	}
	for (size_t i = 0; edits && fine && i < edits->count; i++) {
		const char *colon = strchr(edits->at[i], ':'); /* forwarder_new refused those without */
		const char *text = colon ? colon + 1 + strspn(colon + 1, " \t") : "";
		if (*text)
			fine = headers_append(&p->headers, bytes_make(edits->at[i], (size_t)(colon - edits->at[i])),
					      bytes_of(text));
	}
	return fine;
}

/* What goes out is what is signed, so this comes behind all other changes. */
static bool sign_anew(struct replayer *r, struct replay *p, struct error *e)
{
	bool has_body;
	struct resign_request request = {
		.id = p->replayed.original,
		.method = buffer_view(&p->method),
		.target = buffer_view(&p->target),
		.tunnel = buffer_view(&p->tunnel),
		.own_only = r->options.own_only,
		.url = r->options.url,
		.body = body_of(p),
		.headers = &p->headers,
		.new_body = &p->signed_body,
		.has_new_body = &has_body,
	};
	if (!r->options.resign)
		return true;
	if (!resign(r->store, r->options.secrets, &request, e))
		return false;
	if (has_body) {
		p->change.has_body = true;
		p->change.body = buffer_view(&p->signed_body);
	}
	return true;
}

/* A client that knows the secret says it; when it does not answer, it is not known. */
static bool judge_there(struct replayer *r, struct replay *p, const struct signature_origin *origin, struct bytes url,
			struct error *e)
{
	int64_t pid = 0;
	struct signing_answer answer;
	struct error ignored;
	if (!origin->signature || !signing_find_client(r->store, origin->signature, buffer_view(&p->tunnel), &pid, e))
		return !origin->signature;
	if (!pid)
		return true;
	const struct signing asked = {
		.wish = SIGNING_JUDGE,
		.provider = bytes_of(signature_name(origin->signature)),
		.method = buffer_view(&p->method),
		.url = url,
		.headers = buffer_view(&p->headers),
		.body = body_of(p),
	};
	if (signing_ask(r->store, pid, &asked, &answer, &ignored))
		p->verdict = answer.verdict;
	signing_answer_free(&answer);
	return true;
}

/* As what it is, when it is sent: whatever was said of the original when that came. A running client that is to send it
 * judges by its own secrets then (recorder_left_over.c). */
static bool judge_sent(struct replayer *r, struct replay *p, struct error *e)
{
	struct signature_origin origin;
	struct buffer url = { 0 };
	const char *whose;
	if (!signature_recognise(buffer_view(&p->headers), body_of(p), &origin)) {
		buffer_free(&origin.event);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	bool fine = true;
	p->verdict = SIGNATURE_NONE;
	if (r->options.resign) {
		p->verdict = SIGNATURE_VALID; /* just made */
	} else if (origin.is_signed) {
		fine = r->options.url
			   ? buffer_append_text(&url, r->options.url) || error_set(e, EXIT_STORE, "out of memory")
			   : resign_url(r->store, p->replayed.original, buffer_view(&p->headers),
					buffer_view(&p->tunnel), buffer_view(&p->target), &url, e);
		struct judge_request request = {
			.method = buffer_view(&p->method),
			.target = buffer_view(&p->target),
			.headers = buffer_view(&p->headers),
			.body = body_of(p),
			.url = buffer_view(&url),
			.prefix = buffer_view(&p->prefix),
			.https = p->https,
			.at = (int64_t)(clock_now_us() / 1000000),
		};
		p->verdict = fine ? judge(r->options.secrets, origin.signature, &request, &whose) : SIGNATURE_UNKNOWN;
		if (p->verdict == SIGNATURE_INVALID && !r->options.url) {
			/* The sender may know the URL under the name that its Host says. */
			request.url = bytes_of(NULL);
			p->verdict = judge(r->options.secrets, origin.signature, &request, &whose);
		}
		if (fine && p->verdict == SIGNATURE_UNKNOWN && !p->replayed.by_client && !r->options.own_only)
			fine = judge_there(r, p, &origin, buffer_view(&url), e);
	}
	buffer_free(&url);
	buffer_free(&origin.event);
	return fine;
}

static bool insert_copy(struct replayer *r, struct replay *p, bool by_client, struct error *e)
{
	struct store_delivery d = {
		.received_at_us = clock_now_us(),
		.origin = ORIGIN_REPLAY,
		.state = by_client ? DELIVERY_WAITING : DELIVERY_SENDING,
		.replay_of = p->replayed.original,
		.tunnel = buffer_view(&p->tunnel),
		.method = buffer_view(&p->method),
		.target = buffer_view(&p->target),
		.peer = buffer_view(&p->peer),
		.provider = buffer_view(&p->provider),
		.event_type = buffer_view(&p->event_type),
		.headers = buffer_view(&p->headers),
		.prefix = buffer_view(&p->prefix),
		.signature = bytes_of(signature_verdict_name(p->verdict)),
		.redacted = p->redacted && !r->options.resign,
		.trailers = p->change.whole ? bytes_of(NULL) : buffer_view(&p->message.trailers),
		.body = body_of(p),
		.https = p->https,
		.has_body = p->has_body,
		.forwarded = p->message.forwarded,
	};
	bool duplicate;
	d.body_size = d.body.len;
	if (!uuid7_make(d.event_id, d.received_at_us))
		return error_set(e, EXIT_STORE, "the system gave no random bytes");
	memcpy(p->event_id, d.event_id, UUID_LEN);
	return store_insert_delivery(r->store, &d, &p->replayed.id, &duplicate, e) &&
	       (!p->edited || store_add_tag(r->store, p->replayed.id, bytes_of("edited"), e)) &&
	       (!by_client ||
		store_ask_job(r->store, p->replayed.original, p->replayed.id, d.received_at_us, &p->job, e));
}

static bool read_original(struct replayer *r, struct replay *p, struct error *e)
{
	if (!store_get(r->store, p->replayed.original, on_row, p, e) ||
	    !store_get_request(r->store, p->replayed.original, &p->message, &p->has_body, &p->https, e))
		return false;
	p->edited = p->change.has_body || p->change.whole;
	/* A delivery recorded in part would be another one. */
	if (p->never_whole && !p->edited)
		return error_set(e, EXIT_USAGE, "delivery %lld never came whole: give a body with --body @FILE",
				 (long long)p->replayed.original);
	if (p->message.body_size > p->message.body.len && !p->edited)
		return error_set(e, EXIT_USAGE,
				 "delivery %lld was recorded in part only (%zu bytes): give a body with --body @FILE",
				 (long long)p->replayed.original, p->message.body.len);
	p->has_body = p->change.whole ? p->change.body.len > 0 || p->has_body : p->has_body || p->change.has_body;
	return (edit_headers(p, r->options.forward->extra_headers) && !p->no_memory) ||
	       error_set(e, EXIT_STORE, "out of memory");
}

/* All that is read, and what a running client may have to be asked for, which would wait for a transaction's end. */
static bool make_ready(struct replayer *r, struct replay *p, struct error *e)
{
	return read_original(r, p, e) && store_get_prefix(r->store, p->replayed.original, &p->prefix, &p->https, e) &&
	       (r->options.alone ||
		replay_finds_client(r->store, buffer_view(&p->tunnel), &p->replayed.by_client, e)) &&
	       sign_anew(r, p, e) && judge_sent(r, p, e) && (p->replayed.by_client || find_base(r, p, e));
}

static bool prepare(struct replayer *r, struct replay *p, struct error *e)
{
	p->answer_headers.len = 0;
	return insert_copy(r, p, p->replayed.by_client, e);
}

/* ---- afterwards ---- */

static bool insert_attempt(struct replayer *r, struct replay *p, struct error *e)
{
	if (p->result.result == ATTEMPT_CANCELLED && !p->result.url) /* the call could not be begun */
		return store_set_state(r->store, p->replayed.id, DELIVERY_FAILED, e);
	struct store_attempt a = {
		.delivery_id = p->replayed.id,
		.started_at_us = p->result.started_at_us,
		.result = p->result.result,
		.status = p->result.status,
		.url = buffer_view(&p->result_url),
		.reason = buffer_view(&p->answer_reason),
		.error = bytes_of(p->result.error),
		.connect_us = p->result.connect_us,
		.first_byte_us = p->result.first_byte_us,
		.total_us = p->result.total_us,
		.headers = buffer_view(&p->answer_headers),
		.body = buffer_view(&p->answer_body),
		.body_size = p->answer_size,
	};
	return store_insert_attempt(r->store, &a, e);
}

static void on_result_row(void *user, const struct delivery_row *row)
{
	struct replay *p = user;
	p->replayed.status = row->status;
	p->state = row->state;
}

static void on_result_attempt(void *user, const struct attempt_row *a)
{
	struct replay *p = user;
	p->replayed.result = a->result;
	take(p, &p->answer_reason, a->error);
}

static bool read_result(struct replayer *r, struct replay *p, struct error *e)
{
	p->replayed.result = ATTEMPT_CANCELLED;
	p->answer_reason.len = 0;
	if (!store_get(r->store, p->replayed.id, on_result_row, p, e) ||
	    !store_list_attempts(r->store, p->replayed.id, on_result_attempt, p, e))
		return false;
	if (p->state == DELIVERY_DELIVERED) /* by a command, there was no attempt */
		p->replayed.result = ATTEMPT_OK;
	if (p->replayed.result == ATTEMPT_OK)
		return true;
	return error_set(e, EXIT_TARGET, "%.*s", (int)p->answer_reason.len,
			 p->answer_reason.len ? (const char *)p->answer_reason.at
					      : "the running client could not send it");
}

/* Unless a client was faster: then what it makes of it is waited for. */
static bool withdraw(struct replayer *r, struct replay *p, struct error *e)
{
	struct job job;
	bool found, lives = false;
	if (!store_get_job(r->store, p->job, &job, &found, e) ||
	    !replay_finds_client(r->store, buffer_view(&p->tunnel), &lives, e))
		return false;
	if (found && (job.state == JOB_DONE || job.state == JOB_FAILED)) {
		p->step = STEP_OVER;
		return read_result(r, p, e);
	}
	if (found && lives && (job.state == JOB_TAKEN || !p->stopped)) {
		p->step = STEP_ASKED;
		return true;
	}
	if (found && (!store_end_job(r->store, p->job, JOB_FAILED, e) ||
		      !store_set_state(r->store, p->replayed.id, DELIVERY_FAILED, e)))
		return false;
	return true;
}

static bool in_transaction(struct replayer *r, struct replay *p,
			   bool (*work)(struct replayer *, struct replay *, struct error *), struct error *e)
{
	if (!store_batch_ops.begin(r->store, e))
		return false;
	if (work(r, p, e) && store_batch_ops.commit(r->store, e))
		return true;
	store_batch_ops.rollback(r->store);
	return false;
}

static bool prepare_in_transaction(struct replayer *r, struct replay *p, struct error *e)
{
	if (make_ready(r, p, e) && in_transaction(r, p, prepare, e))
		return true;
	p->replayed.id = p->job = 0;
	return false;
}

void replay_work(struct replayer *r, struct replay *p)
{
	struct error e = { 0 };
	bool fine = true;
	switch (p->step) {
	case STEP_PREPARE:
		fine = prepare_in_transaction(r, p, &e);
		break;
	case STEP_RECORD:
		fine = in_transaction(r, p, insert_attempt, &e);
		break;
	case STEP_WITHDRAW:
		fine = in_transaction(r, p, withdraw, &e);
		break;
	case STEP_RESULT:
		fine = read_result(r, p, &e);
		break;
	case STEP_CALL:
	case STEP_ASKED:
	case STEP_OVER:
		break;
	}
	/* The first thing that went wrong is what is told. */
	if (!fine && !p->failed) {
		p->failed = true;
		p->error = e;
	}
}
