#include "client/delivery/recognise.h"

#include "client/common/limits.h"
#include "client/stream/stream.h"
#include "client/signing/judge.h"
#include "shared/providers/signature_sender.h"

static enum signature_verdict judge_stream(struct stream *st, const struct signature_provider *p)
{
	const struct wire_request *r = &st->request;
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	const char *whose = st->provider;
	struct bytes body;
	/* The loop stands still while a body is hashed. */
	if (spill_len(&st->body) > LIMIT_CHECKED_BODY || !spill_map(&st->body, &body))
		return verdict;
	struct judge_request request = {
		.method = r->method,
		.target = r->target,
		.headers = r->headers,
		.body = body,
		.public_url = bytes_of(st->set->public_url),
		.prefix = r->prefix,
		.https = r->https,
		.at = (int64_t)(r->received_at_us / 1000000),
	};
	verdict = judge(st->set->options.secrets, p, &request, &whose);
	st->provider = whose;
	spill_unmap(&st->body, body);
	return verdict;
}

void recognise_stream(struct stream *st)
{
	const struct secrets *secrets = st->set->options.secrets;
	struct signature_origin origin;
	struct bytes body;
	/* A long body says no more of who sent it. */
	if (!spill_view(&st->body, &body))
		body = bytes_of(NULL);
	/* Out of memory: nothing is known. */
	if (!signature_recognise(st->request.headers, body, &origin)) {
		buffer_free(&origin.event);
		return;
	}
	st->provider = origin.provider;
	st->event = origin.event;
	if (!origin.is_signed)
		st->signature = SIGNATURE_NONE;
	else if (st->inbound == INBOUND_REFUSED || !secrets || !secrets->count)
		st->signature = SIGNATURE_UNKNOWN;
	else
		st->signature = judge_stream(st, origin.signature);
}
