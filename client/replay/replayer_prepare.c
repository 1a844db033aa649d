/* The first step of a replay: what is sent, to whom, and its record. */
#include "client/replay/replayer_private.h"

#include "client/app/forwarded.h"
#include "client/record/running_client.h"
#include "client/signing/called_url.h"
#include "client/signing/judge.h"
#include "client/signing/resign.h"
#include "client/signing/signing_ask.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/providers/signature_sender.h"
#include "shared/query/store_query.h"
#include "shared/store/store_labels.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- where it went ---- */

static void on_attempt_row(void *user, const struct attempt_row *a)
{
	struct replay *p = user;
	if (!a->url.len)
		return;
	p->last_url.len = 0;
	p->no_memory = !buffer_append_bytes(&p->last_url, a->url) || p->no_memory;
}

/* What was never sent, an import for example, goes to the app of the client that runs. */
static bool present_target(struct replayer *r, struct replay *p, struct error *e)
{
	struct running_client client;
	if (running_client_newest(r->store, &client, e) && client.found && !client.no_memory)
		p->base = bytes_dup_text(buffer_view(&client.target));
	buffer_free(&client.target);
	return p->base != NULL;
}

/* Where it went the last time: the attempt's URL without the delivery's target. */
static bool find_base(struct replayer *r, struct replay *p, struct error *e)
{
	struct bytes url, target = p->original.row.target;
	if (r->to) {
		p->base = strdup(r->to);
		return p->base || error_set(e, EXIT_STORE, "out of memory");
	}
	if (!store_list_attempts(r->store, p->replayed.original, on_attempt_row, p, e))
		return false;
	url = buffer_view(&p->last_url);
	if (url.len > target.len && memcmp(url.at + url.len - target.len, target.at, target.len) == 0) {
		p->base = bytes_dup_text(bytes_make(url.at, url.len - target.len));
		return p->base || error_set(e, EXIT_STORE, "out of memory");
	}
	if (!p->last_url.len && present_target(r, p, e))
		return true;
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

/* What the user wrote into X-Forwarded-… goes to the app as it is, like a trusted proxy's. True when the sender's own
 * fields of these names must then be dropped, because the app would believe them as well. */
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

/* A replay's record holds what was sent: with the fields of -H, and the Content-Length of its own body. */
static bool edit_headers(struct replay *p, const struct option_values *edits)
{
	bool drops_claims = user_says_who_sent_it(p, edits);
	struct bytes name, value, line;
	struct bytes all = p->change.whole ? p->change.headers : buffer_view(&p->message.headers);
	char length[24];
	bool fine = true;
	snprintf(length, sizeof length, "%zu", p->change.body.len);
	for (size_t pos = 0; fine && headers_next_line(all, &pos, &name, &value, &line);) {
		if (is_edited(edits, name) || (drops_claims && says_who_sent_it(name)))
			continue;
		bool is_length = p->change.has_body && bytes_equal_nocase(name, "content-length");
		fine = is_length ? headers_append(&p->headers, name, bytes_of(length))
				 : buffer_append_bytes(&p->headers, line);
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

/* Comes after all other changes, because what is sent is what is signed. */
static bool sign_anew(struct replayer *r, struct replay *p, struct error *e)
{
	bool has_body;
	struct resign_request request = {
		.id = p->replayed.original,
		.method = p->method,
		.target = p->target,
		.tunnel = p->original.row.tunnel,
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

/* Asks a client that knows the secret for the verdict. Without its answer the verdict stays unknown. */
static bool judge_there(struct replayer *r, struct replay *p, const struct signature_origin *origin, struct bytes url,
			struct error *e)
{
	int64_t pid = 0;
	struct signing_reply answer;
	struct error ignored;
	if (!origin->signature || !signing_find_client(r->store, origin->signature, p->original.row.tunnel, &pid, e))
		return !origin->signature;
	if (!pid)
		return true;
	const struct signing asked = {
		.wish = SIGNING_JUDGE,
		.provider = bytes_of(signature_name(origin->signature)),
		.method = p->method,
		.url = url,
		.headers = buffer_view(&p->headers),
		.body = body_of(p),
	};
	if (signing_ask(r->store, pid, &asked, &answer, &ignored))
		p->verdict = answer.verdict;
	signing_reply_free(&answer);
	return true;
}

/* Judges what is sent as of now, whatever the original's verdict was. A running client that is to send it judges by its
 * own secrets when it does (recorder_take.c). */
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
			   : called_url_recorded(r->store, p->replayed.original, buffer_view(&p->headers),
						 p->original.row.tunnel, p->target, &url, e);
		struct judge_request request = {
			.method = p->method,
			.target = p->target,
			.headers = buffer_view(&p->headers),
			.body = body_of(p),
			.url = buffer_view(&url),
			.prefix = buffer_view(&p->prefix),
			.https = p->https,
			.at = (int64_t)(clock_now_us() / 1000000),
		};
		p->verdict = fine ? judge(r->options.secrets, origin.signature, &request, &whose) : SIGNATURE_UNKNOWN;
		if (p->verdict == SIGNATURE_INVALID && !r->options.url) {
			/* The sender may know the URL by the name that its Host field has. */
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

bool replayer_insert(struct replayer *r, struct replay *p, struct error *e)
{
	bool by_client = p->replayed.by_client;
	struct store_delivery d = {
		.received_at_us = clock_now_us(),
		.origin = ORIGIN_REPLAY,
		.state = by_client ? DELIVERY_WAITING : DELIVERY_SENDING,
		.replay_of = p->replayed.original,
		.tunnel = p->original.row.tunnel,
		.method = p->method,
		.target = p->target,
		.peer = p->original.row.peer,
		.provider = p->original.row.provider,
		.event_type = p->original.row.event_type,
		.headers = buffer_view(&p->headers),
		.prefix = buffer_view(&p->prefix),
		.signature = bytes_of(signature_verdict_name(p->verdict)),
		.redacted = p->original.row.redacted && !r->options.resign,
		.trailers = p->change.whole ? bytes_of(NULL) : buffer_view(&p->message.trailers),
		.body = body_of(p),
		.https = p->https,
		.has_body = p->has_body,
		.forwarded = p->message.forwarded,
	};
	bool duplicate;
	d.body_size = d.body.len;
	if (!uuid_make(d.event_id, d.received_at_us))
		return error_set(e, EXIT_STORE, "the system gave no random bytes");
	memcpy(p->event_id, d.event_id, UUID_LEN);
	return store_insert_delivery(r->store, &d, &p->replayed.id, &duplicate, e) &&
	       (!p->edited || store_add_tag(r->store, p->replayed.id, bytes_of("edited"), e)) &&
	       (!by_client ||
		store_ask_job(r->store, p->replayed.original, p->replayed.id, d.received_at_us, &p->job, e));
}

static bool read_original(struct replayer *r, struct replay *p, struct error *e)
{
	const struct replay_change *c = &p->change;
	if (!item_read(r->store, p->replayed.original, &p->original, e) ||
	    !store_get_request(r->store, p->replayed.original, &p->message, &p->has_body, &p->https, e))
		return false;
	p->method = c->whole ? c->method : p->original.row.method;
	p->target = c->whole ? c->target : p->original.row.target;
	p->edited = p->change.has_body || p->change.whole;
	/* A delivery that was recorded in part would be another one when sent again. */
	if (p->original.row.state == DELIVERY_REFUSED && !p->edited)
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

bool replayer_prepare(struct replayer *r, struct replay *p, struct error *e)
{
	return read_original(r, p, e) && store_get_prefix(r->store, p->replayed.original, &p->prefix, &p->https, e) &&
	       (r->options.alone ||
		running_client_exists(r->store, p->original.row.tunnel, &p->replayed.by_client, e)) &&
	       sign_anew(r, p, e) && judge_sent(r, p, e) && (p->replayed.by_client || find_base(r, p, e));
}
