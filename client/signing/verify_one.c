#include "client/signing/verify_one.h"

#include <stdio.h>
#include <string.h>

struct work {
	const struct verify_options *o;
	bool no_memory;
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us, request_bytes;
	bool redacted, recorded_valid;
	struct buffer method, target, tunnel, public_url, prefix;
	struct message message;
	bool https;
};

static void take(struct work *v, struct buffer *into, struct bytes from)
{
	into->len = 0;
	v->no_memory = v->no_memory || !buffer_append_bytes(into, from);
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct work *v = user;
	memcpy(v->event_id, row->event_id, UUID_LEN);
	v->received_at_us = row->received_at_us;
	v->request_bytes = row->request_bytes;
	v->redacted = row->redacted;
	v->recorded_valid = bytes_equal(row->signature, bytes_of("valid"));
	take(v, &v->method, row->method);
	take(v, &v->target, row->target);
	take(v, &v->tunnel, row->tunnel);
}

static void on_status(void *user, const struct client_status *c)
{
	struct work *v = user;
	if (bytes_equal(c->tunnel, buffer_view(&v->tunnel)) && c->url.len)
		take(v, &v->public_url, c->url);
}

/* ---- one delivery ---- */

static void no_answer(struct signature_result *out, enum signature_verdict verdict, const char *text)
{
	memset(out, 0, sizeof *out);
	out->verdict = verdict;
	out->reason = SIGNATURE_MISSING;
	snprintf(out->text, sizeof out->text, "%s", text);
}

/* By each secret there is for the provider; the first one's reason is told. */
static void check(struct work *v, const struct signature_provider *p, struct signature_input *in,
		  struct signature_result *out)
{
	const struct secret *secret;
	bool first = true;
	for (size_t at = 0; (secret = secrets_next(v->o->secrets, p, &at));) {
		struct signature_result one = { 0 };
		in->secret = bytes_of(secret->text);
		signature_verify(p, in, &one);
		if (first || one.verdict == SIGNATURE_VALID)
			*out = one;
		if (one.verdict == SIGNATURE_VALID)
			return;
		first = false;
	}
	if (first) {
		char text[120];
		snprintf(text, sizeof text, "no secret of %s is known here: --secret %s=@FILE", signature_name(p),
			 signature_name(p));
		no_answer(out, SIGNATURE_UNKNOWN, text);
		out->reason = SIGNATURE_KEY;
	}
}

/* The URLs under which the sender may have called, the likeliest first. */
static bool candidate_url(const struct work *v, int i, struct buffer *url)
{
	url->len = 0;
	if (v->o->url)
		return i == 0 && buffer_append_text(url, v->o->url);
	if (i == 0 && v->public_url.len == 0)
		i = 1;
	if (i > 2)
		return false;
	return secrets_url(i ? bytes_of(NULL) : buffer_view(&v->public_url), buffer_view(&v->message.headers),
			   i == 1 ? v->https : !v->https, buffer_view(&v->prefix), buffer_view(&v->target), url);
}

static void check_urls(struct work *v, const struct signature_provider *p, struct signature_input *in,
		       struct signature_result *out)
{
	struct buffer url = { 0 };
	for (int i = 0; candidate_url(v, i, &url); i++) {
		struct signature_result one = { 0 };
		in->url = buffer_view(&url);
		check(v, p, in, &one);
		if (i == 0 || one.verdict == SIGNATURE_VALID)
			*out = one;
		if (one.verdict == SIGNATURE_VALID || !signature_needs_url(p))
			break;
	}
	buffer_free(&url);
}

/* Nobody is known to have sent it: whoever signs with the fields that are there. */
static const struct signature_provider *guess(struct work *v, struct signature_input *in, struct signature_result *out)
{
	const struct signature_provider *p, *found = NULL;
	for (size_t i = 0; (p = signature_at(i)); i++) {
		struct signature_result one = { 0 };
		if (!signature_may_be(p, in->headers, in->body))
			continue;
		check_urls(v, p, in, &one);
		if (!found || one.verdict == SIGNATURE_VALID) {
			found = p;
			*out = one;
		}
		if (one.verdict == SIGNATURE_VALID)
			break;
	}
	if (!found)
		no_answer(
		    out, SIGNATURE_NONE,
		    "it carries no signature of a provider that is known here: name the provider with --provider");
	return found;
}

static const struct signature_provider *only_secret(const struct work *v)
{
	return v->o->secrets->count == 1 ? v->o->secrets->at[0].provider : NULL;
}

/* NULL and *out: who sent it is not known. */
static const struct signature_provider *judge(struct work *v, const struct signature_origin *origin,
					      struct signature_result *out)
{
	struct signature_input in = {
		.headers = buffer_view(&v->message.headers),
		.body = buffer_view(&v->message.body),
		.method = buffer_view(&v->method),
		.at = v->o->at >= 0 ? v->o->at : (int64_t)(v->received_at_us / 1000000),
		.tolerance = v->o->tolerance_ms < 0 ? SIGNATURE_OWN_TOLERANCE : v->o->tolerance_ms / 1000,
	};
	const struct signature_provider *p = v->o->provider      ? v->o->provider
					     : origin->signature ? origin->signature
								 : only_secret(v);
	if (v->request_bytes > v->message.body.len) {
		no_answer(out, SIGNATURE_UNKNOWN, "it was recorded in part only: --record-max was less than its body");
		return p;
	}
	if (!p)
		return guess(v, &in, out);
	check_urls(v, p, &in, out);
	return p;
}

static bool read_delivery(struct work *v, struct store *s, int64_t id, struct error *e)
{
	bool has_body;
	return store_get(s, id, on_row, v, e) && store_list_status(s, on_status, v, e) &&
	       store_get_prefix(s, id, &v->prefix, &v->https, e) &&
	       store_get_request(s, id, &v->message, &has_body, &v->https, e);
}

bool verify_one(struct store *s, int64_t id, const struct verify_options *o, struct verified *out, struct error *e)
{
	struct work v = { .o = o };
	struct signature_origin origin = { 0 };
	memset(out, 0, sizeof *out);
	bool fine = read_delivery(&v, s, id, e);
	if (fine && (v.no_memory ||
		     !signature_recognise(buffer_view(&v.message.headers), buffer_view(&v.message.body), &origin)))
		fine = error_set(e, EXIT_STORE, "out of memory");
	if (fine) {
		const struct signature_provider *p = judge(&v, &origin, &out->result);
		if (v.redacted && out->result.verdict != SIGNATURE_VALID) {
			no_answer(&out->result, SIGNATURE_UNKNOWN,
				  "this delivery was redacted: its signature cannot be checked");
			out->result.reason = SIGNATURE_REDACTED;
		}
		out->recorded_valid = v.recorded_valid;
		out->provider = p ? signature_name(p) : origin.provider;
		memcpy(out->event_id, v.event_id, UUID_LEN);
	}
	buffer_free(&origin.event);
	store_message_free(&v.message);
	struct buffer *all[] = { &v.method, &v.target, &v.tunnel, &v.public_url, &v.prefix };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	return fine;
}
