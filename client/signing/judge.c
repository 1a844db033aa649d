#include "client/signing/judge.h"

#include "client/common/limits.h"
#include "client/signing/called_url.h"
#include "shared/providers/signature_sender.h"
#include "shared/query/item.h"
#include "shared/query/store_query.h"

static enum signature_verdict check(const struct secrets *secrets, const struct signature_provider *p,
				    struct signature_input *in)
{
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	const struct secret *secret;
	for (size_t at = 0; verdict != SIGNATURE_VALID && (secret = secrets_next(secrets, p, &at));) {
		in->secret = bytes_of(secret->text);
		enum signature_verdict one = signature_check(p, in);
		verdict = one == SIGNATURE_VALID || one == SIGNATURE_INVALID ? one : verdict;
	}
	return verdict;
}

/* The sender may know the tunnel by another name than the record does, so both ways to make the URL are tried. */
static enum signature_verdict check_urls(const struct secrets *secrets, const struct signature_provider *p,
					 const struct judge_request *r, struct signature_input *in)
{
	struct buffer url = { 0 };
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	for (int i = 0; i < 2 && verdict != SIGNATURE_VALID; i++) {
		if (!called_url_make(i ? bytes_make(NULL, 0) : r->public_url, r->headers, r->https, r->prefix,
				     r->target, &url))
			break;
		in->url = buffer_view(&url);
		verdict = check(secrets, p, in);
	}
	buffer_free(&url);
	return verdict;
}

static enum signature_verdict judge_as(const struct secrets *secrets, const struct signature_provider *p,
				       const struct judge_request *r)
{
	struct signature_input in = {
		.headers = r->headers,
		.body = r->body,
		.method = r->method,
		.url = r->url,
		.at = r->at,
		.tolerance = SIGNATURE_OWN_TOLERANCE,
	};
	return signature_needs_url(p) && !r->url.len ? check_urls(secrets, p, r, &in) : check(secrets, p, &in);
}

enum signature_verdict judge(const struct secrets *secrets, const struct signature_provider *p,
			     const struct judge_request *r, const char **whose)
{
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	if (!secrets || r->body.len > LIMIT_CHECKED_BODY)
		return verdict;
	if (p)
		return judge_as(secrets, p, r);
	for (size_t i = 0; i < secrets->count && verdict != SIGNATURE_VALID; i++) {
		const struct signature_provider *q = secrets->at[i].provider;
		if (!q || !signature_may_be(q, r->headers, r->body))
			continue;
		/* What does not hold may be another's, who signs in the same field: only what holds says whose it is.
		 */
		if (judge_as(secrets, q, r) != SIGNATURE_VALID)
			continue;
		verdict = SIGNATURE_VALID;
		*whose = signature_name(q);
	}
	return verdict;
}

static enum signature_verdict judge_recognised(const struct secrets *secrets, const struct judge_request *r)
{
	struct signature_origin origin;
	const char *whose;
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	if (signature_recognise(r->headers, r->body, &origin))
		verdict = origin.is_signed ? judge(secrets, origin.signature, r, &whose) : SIGNATURE_NONE;
	buffer_free(&origin.event);
	return verdict;
}

bool judge_recorded(struct store *s, const struct secrets *secrets, int64_t id, const struct message *m, int64_t at,
		    enum signature_verdict *out, struct error *e)
{
	struct item item;
	struct buffer public_url = { 0 }, prefix = { 0 };
	struct judge_request request = { .headers = buffer_view(&m->headers), .body = buffer_view(&m->body), .at = at };
	bool fine = item_read(s, id, &item, e) && called_url_of_tunnel(s, item.row.tunnel, &public_url, e) &&
		    store_get_prefix(s, id, &prefix, &request.https, e);
	if (fine) {
		request.method = item.row.method;
		request.target = item.row.target;
		request.public_url = buffer_view(&public_url);
		request.prefix = buffer_view(&prefix);
		*out = judge_recognised(secrets, &request);
	}
	item_free(&item);
	buffer_free(&public_url);
	buffer_free(&prefix);
	return fine;
}
