#include "client/resign.h"

#include "shared/headers.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

static bool is_set(struct bytes set, struct bytes wanted)
{
	struct bytes name, value;
	for (size_t pos = 0; headers_next(set, &pos, &name, &value);)
		if (name.len == wanted.len &&
		    strncasecmp((const char *)name.at, (const char *)wanted.at, name.len) == 0)
			return true;
	return false;
}

bool resign_set_fields(struct buffer *headers, struct bytes set, size_t body_len)
{
	struct bytes name, value;
	struct buffer out = { 0 };
	char length[24];
	bool fine = true;
	snprintf(length, sizeof length, "%zu", body_len);
	for (size_t pos = 0; fine && headers_next(buffer_view(headers), &pos, &name, &value);)
		if (!is_set(set, name))
			fine = headers_append(&out, name,
					      bytes_equal_nocase(name, "Content-Length") ? bytes_of(length) : value);
	fine = fine && buffer_append_bytes(&out, set);
	if (fine) {
		buffer_free(headers);
		*headers = out;
	} else {
		buffer_free(&out);
	}
	return fine;
}

struct public_url {
	struct bytes tunnel;
	struct buffer url;
	bool no_memory;
};

static void on_status(void *user, const struct client_status *c)
{
	struct public_url *p = user;
	if (!bytes_equal(c->tunnel, p->tunnel) || !c->url.len)
		return;
	p->url.len = 0;
	p->no_memory = !buffer_append_bytes(&p->url, c->url);
}

bool resign_url(struct store *store, int64_t id, struct bytes headers, struct bytes tunnel, struct bytes target,
		struct buffer *out, struct error *e)
{
	struct public_url known = { .tunnel = tunnel };
	struct buffer prefix = { 0 };
	bool https = false;
	bool fine = store_list_status(store, on_status, &known, e) && store_get_prefix(store, id, &prefix, &https, e);
	if (fine && (known.no_memory ||
		     !secrets_url(buffer_view(&known.url), headers, https, buffer_view(&prefix), target, out)))
		fine = error_set(e, EXIT_STORE, "out of memory");
	buffer_free(&known.url);
	buffer_free(&prefix);
	return fine;
}

/* Whose signature it is: as recognised, or of several that share their fields the one whose secret we have. */
static const struct signature_provider *whose(const struct secrets *secrets, struct bytes headers, struct bytes body,
					      const char **name)
{
	struct signature_origin origin;
	const struct signature_provider *p = NULL;
	if (signature_recognise(headers, body, &origin))
		p = origin.signature;
	*name = origin.provider;
	buffer_free(&origin.event);
	for (size_t i = 0; !p && !origin.provider && i < secrets->count; i++)
		if (secrets->at[i].provider && signature_may_be(secrets->at[i].provider, headers, body))
			p = secrets->at[i].provider;
	return p;
}

static bool sign(const struct signature_provider *p, const struct secret *secret, const struct resign_request *r,
		 struct bytes url, struct error *e)
{
	struct signature_sign_out out;
	struct signature_input in = {
		.headers = buffer_view(r->headers),
		.body = r->body,
		.method = r->method,
		.url = url,
		.secret = bytes_of(secret->text),
		.at = (int64_t)time(NULL),
	};
	bool fine = signature_sign(p, &in, &out, e);
	if (fine && out.has_body) {
		r->new_body->len = 0;
		*r->has_new_body = true;
		fine = buffer_append_bytes(r->new_body, buffer_view(&out.body));
	}
	if (fine)
		fine = resign_set_fields(r->headers, buffer_view(&out.headers),
					 out.has_body ? out.body.len : r->body.len) ||
		       error_set(e, EXIT_STORE, "out of memory");
	signature_sign_free(&out);
	return fine;
}

/* By which secret; NULL and *e. */
static const struct secret *secret_for(const struct secrets *secrets, int64_t id, struct bytes headers,
				       struct bytes body, const struct signature_provider **provider, struct error *e)
{
	const char *name;
	size_t at = 0;
	const struct signature_provider *p = whose(secrets, headers, body, &name);
	const struct secret *secret = p ? secrets_next(secrets, p, &at) : NULL;
	*provider = p;
	if (!p)
		error_set(e, EXIT_USAGE, "delivery %lld cannot be signed: %s%s", (long long)id,
			  name ? "how to sign is not known of " : "no provider is recognised in it", name ? name : "");
	else if (!secret)
		error_set(e, EXIT_USAGE, "delivery %lld is %s's, and its secret is not known: --secret %s=@FILE",
			  (long long)id, signature_name(p), signature_name(p));
	return secret;
}

bool resign_possible(const struct secrets *secrets, int64_t id, struct bytes headers, struct bytes body,
		     struct error *e)
{
	const struct signature_provider *p;
	return secret_for(secrets, id, headers, body, &p, e) != NULL;
}

bool resign(struct store *store, const struct secrets *secrets, const struct resign_request *r, struct error *e)
{
	const struct signature_provider *p;
	struct buffer url = { 0 };
	*r->has_new_body = false;
	const struct secret *secret = secret_for(secrets, r->id, buffer_view(r->headers), r->body, &p, e);
	if (!secret)
		return false;
	bool fine = r->url ? buffer_append_text(&url, r->url) || error_set(e, EXIT_STORE, "out of memory")
			   : resign_url(store, r->id, buffer_view(r->headers), r->tunnel, r->target, &url, e);
	fine = fine && sign(p, secret, r, buffer_view(&url), e);
	buffer_free(&url);
	return fine;
}
