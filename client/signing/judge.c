#include "client/signing/judge.h"

/* No provider sends more; whoever waits stands still while it is hashed. */
#define JUDGED_MOST ((size_t)64 << 20)

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

/* The public URL may be known under another name to the sender than to us: both ways of telling it are tried. */
static enum signature_verdict check_urls(const struct secrets *secrets, const struct signature_provider *p,
					 const struct judge_request *r, struct signature_input *in)
{
	struct buffer url = { 0 };
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	for (int i = 0; i < 2 && verdict != SIGNATURE_VALID; i++) {
		if (!secrets_url(i ? bytes_make(NULL, 0) : r->public_url, r->headers, r->https, r->prefix, r->target,
				 &url))
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
	if (!secrets || r->body.len > JUDGED_MOST)
		return verdict;
	if (p)
		return judge_as(secrets, p, r);
	for (size_t i = 0; i < secrets->count && verdict != SIGNATURE_VALID; i++) {
		const struct signature_provider *q = secrets->at[i].provider;
		if (!q || !signature_may_be(q, r->headers, r->body))
			continue;
		enum signature_verdict one = judge_as(secrets, q, r);
		if (one == SIGNATURE_VALID || one == SIGNATURE_INVALID)
			verdict = one;
		if (one == SIGNATURE_VALID)
			*whose = signature_name(q);
	}
	return verdict;
}

enum signature_verdict judge_recognised(const struct secrets *secrets, const struct judge_request *r)
{
	struct signature_origin origin;
	const char *whose;
	enum signature_verdict verdict = SIGNATURE_UNKNOWN;
	if (signature_recognise(r->headers, r->body, &origin))
		verdict = origin.is_signed ? judge(secrets, origin.signature, r, &whose) : SIGNATURE_NONE;
	buffer_free(&origin.event);
	return verdict;
}

/* ---- on record ---- */

struct reading {
	struct buffer method, target, tunnel, public_url, prefix;
	bool no_memory;
};

static void take(struct reading *r, struct buffer *into, struct bytes from)
{
	into->len = 0;
	r->no_memory = !buffer_append_bytes(into, from) || r->no_memory;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct reading *r = user;
	take(r, &r->method, row->method);
	take(r, &r->target, row->target);
	take(r, &r->tunnel, row->tunnel);
}

static void on_status(void *user, const struct client_status *c)
{
	struct reading *r = user;
	if (c->url.len && bytes_equal(c->tunnel, buffer_view(&r->tunnel)))
		take(r, &r->public_url, c->url);
}

bool judge_recorded(struct store *s, const struct secrets *secrets, int64_t id, const struct message *m, int64_t at,
		    enum signature_verdict *out, struct error *e)
{
	struct reading r = { 0 };
	struct judge_request request = { .headers = buffer_view(&m->headers), .body = buffer_view(&m->body), .at = at };
	bool fine = store_get(s, id, on_row, &r, e) && store_list_status(s, on_status, &r, e) &&
		    store_get_prefix(s, id, &r.prefix, &request.https, e) &&
		    (!r.no_memory || error_set(e, EXIT_STORE, "out of memory"));
	if (fine) {
		request.method = buffer_view(&r.method);
		request.target = buffer_view(&r.target);
		request.public_url = buffer_view(&r.public_url);
		request.prefix = buffer_view(&r.prefix);
		*out = judge_recognised(secrets, &request);
	}
	struct buffer *all[] = { &r.method, &r.target, &r.tunnel, &r.public_url, &r.prefix };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	return fine;
}
