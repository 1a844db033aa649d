/* What is known of a delivery before the app is called: who sent it, which event, and whether its signature holds. */
#include "client/secrets.h"
#include "client/stream.h"

/* No provider sends more; the loop stands still while it is hashed. */
#define CHECKED_MOST ((uint64_t)64 << 20)

static enum signature_verdict check(const struct stream *st, const struct signature_provider *p,
				    struct signature_input *in)
{
	const struct secrets *secrets = st->session->options.secrets;
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	const struct secret *secret;
	for (size_t at = 0; verdict != SIGNATURE_VALID && (secret = secrets_next(secrets, p, &at));) {
		in->secret = bytes_of(secret->text);
		enum signature_verdict one = signature_check(p, in);
		verdict = one == SIGNATURE_VALID || one == SIGNATURE_INVALID ? one : verdict;
	}
	return verdict;
}

/* The public URL may be known under another name to the sender than to us: both ways of telling it are tried. */
static enum signature_verdict check_urls(const struct stream *st, const struct signature_provider *p,
					 struct signature_input *in)
{
	const struct wire_request *r = &st->request;
	struct buffer url = { 0 };
	const char *public_url = st->session->tunnel ? tunnel_public_url(st->session->tunnel) : "";
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	for (int i = 0; i < 2 && verdict != SIGNATURE_VALID; i++) {
		if (!secrets_url(bytes_of(i ? "" : public_url), r->headers, r->https, r->prefix, r->target, &url))
			break;
		in->url = buffer_view(&url);
		verdict = check(st, p, in);
	}
	buffer_free(&url);
	return verdict;
}

static enum signature_verdict check_as(const struct stream *st, const struct signature_provider *p, struct bytes body)
{
	struct signature_input in = {
		.headers = st->request.headers,
		.body = body,
		.method = st->request.method,
		.at = (int64_t)(st->request.received_at_us / 1000000),
		.tolerance = SIGNATURE_OWN_TOLERANCE,
	};
	return signature_needs_url(p) ? check_urls(st, p, &in) : check(st, p, &in);
}

/* Unsure whose it is: whoever's secret we have and whose fields are there. */
static enum signature_verdict check_any(struct stream *st, struct bytes body)
{
	const struct secrets *secrets = st->session->options.secrets;
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	for (size_t i = 0; i < secrets->count && verdict != SIGNATURE_VALID; i++) {
		const struct signature_provider *p = secrets->at[i].provider;
		if (!signature_may_be(p, st->request.headers, body))
			continue;
		enum signature_verdict one = check_as(st, p, body);
		if (one == SIGNATURE_VALID || one == SIGNATURE_INVALID)
			verdict = one;
		if (one == SIGNATURE_VALID)
			st->provider = signature_name(p);
	}
	return verdict;
}

static enum signature_verdict judge(struct stream *st, const struct signature_provider *p)
{
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	struct bytes body;
	if (spill_len(&st->body) > CHECKED_MOST || !spill_map(&st->body, &body))
		return verdict;
	verdict = p ? check_as(st, p, body) : check_any(st, body);
	spill_unmap(&st->body, body);
	return verdict;
}

void stream_mark(struct stream *st)
{
	const struct secrets *secrets = st->session->options.secrets;
	struct signature_origin origin;
	struct bytes body;
	/* A long one says nothing more of who sent it. */
	if (!spill_view(&st->body, &body))
		body = bytes_of(NULL);
	/* Without memory for it nothing is known. */
	if (!signature_recognise(st->request.headers, body, &origin)) {
		buffer_free(&origin.event);
		return;
	}
	st->provider = origin.provider;
	st->event = origin.event;
	if (!origin.is_signed)
		st->signature = SIGNATURE_NONE;
	else if (st->refused || !secrets || !secrets->count)
		st->signature = SIGNATURE_UNKNOWN;
	else
		st->signature = judge(st, origin.signature);
}
