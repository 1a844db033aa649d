#include "client/signing/resign.h"

#include "client/signing/called_url.h"
#include "client/signing/signing_ask.h"
#include "shared/http/headers.h"
#include "shared/providers/signature_sender.h"
#include "shared/providers/signature_sign.h"

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

/* The provider that is recognised, or, of several that use the same fields, the one whose secret is at hand. */
static const struct signature_provider *whose(const struct secrets *secrets, struct bytes headers, struct bytes body,
					      const char **name)
{
	struct signature_origin origin;
	const struct signature_provider *p = NULL;
	if (signature_recognise(headers, body, &origin))
		p = origin.signature;
	*name = origin.provider;
	buffer_free(&origin.event);
	for (size_t i = 0; secrets && !p && !origin.provider && i < secrets->count; i++)
		if (secrets->at[i].provider && signature_may_be(secrets->at[i].provider, headers, body))
			p = secrets->at[i].provider;
	return p;
}

static bool take_signed(const struct resign_request *r, struct bytes fields, struct bytes body, bool has_body,
			struct error *e)
{
	if (has_body) {
		r->new_body->len = 0;
		*r->has_new_body = true;
		if (!buffer_append_bytes(r->new_body, body))
			return error_set(e, EXIT_STORE, "out of memory");
	}
	return resign_set_fields(r->headers, fields, has_body ? body.len : r->body.len) ||
	       error_set(e, EXIT_STORE, "out of memory");
}

static bool sign_here(const struct signature_provider *p, const struct secret *secret, const struct resign_request *r,
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
	bool fine = signature_sign(p, &in, &out, e) &&
		    take_signed(r, buffer_view(&out.headers), buffer_view(&out.body), out.has_body, e);
	signature_sign_free(&out);
	return fine;
}

static bool sign_there(struct store *store, int64_t pid, const struct signature_provider *p,
		       const struct resign_request *r, struct bytes url, struct error *e)
{
	struct signing_reply answer;
	const struct signing asked = {
		.wish = SIGNING_SIGN,
		.provider = bytes_of(signature_name(p)),
		.method = r->method,
		.url = url,
		.headers = buffer_view(r->headers),
		.body = r->body,
	};
	bool fine = signing_ask(store, pid, &asked, &answer, e) &&
		    take_signed(r, buffer_view(&answer.fields), buffer_view(&answer.body), answer.body.len > 0, e);
	signing_reply_free(&answer);
	return fine;
}

/* What is signed with: a secret at hand, or the client with that process id. */
struct signer {
	const struct signature_provider *provider;
	const struct secret *secret;
	int64_t pid;
};

static bool find_signer(struct store *store, const struct secrets *secrets, const struct resign_request *r,
			struct signer *out, struct error *e)
{
	const char *name;
	size_t at = 0;
	const struct signature_provider *p = whose(secrets, buffer_view(r->headers), r->body, &name);
	*out = (struct signer){ .provider = p };
	if (!p)
		return error_set(e, EXIT_USAGE, "delivery %lld cannot be signed: %s%s", (long long)r->id,
				 name ? "creel does not know how to sign for " : "no provider is recognised in it",
				 name ? name : "");
	out->secret = secrets ? secrets_next(secrets, p, &at) : NULL;
	if (!out->secret && !r->own_only && !signing_find_client(store, p, r->tunnel, &out->pid, e))
		return false;
	return out->secret || out->pid ||
	       error_set(e, EXIT_USAGE, "delivery %lld is %s's, and its secret is not known: --secret %s=@FILE",
			 (long long)r->id, signature_name(p), signature_name(p));
}

bool resign_possible(struct store *store, const struct secrets *secrets, const struct resign_request *r,
		     struct error *e)
{
	struct signer signer;
	return find_signer(store, secrets, r, &signer, e);
}

bool resign(struct store *store, const struct secrets *secrets, const struct resign_request *r, struct error *e)
{
	struct signer signer;
	struct buffer url = { 0 };
	*r->has_new_body = false;
	if (!find_signer(store, secrets, r, &signer, e))
		return false;
	bool fine = r->url ? buffer_append_text(&url, r->url) || error_set(e, EXIT_STORE, "out of memory")
			   : called_url_recorded(store, r->id, buffer_view(r->headers), r->tunnel, r->target, &url, e);
	if (fine)
		fine = signer.secret ? sign_here(signer.provider, signer.secret, r, buffer_view(&url), e)
				     : sign_there(store, signer.pid, signer.provider, r, buffer_view(&url), e);
	buffer_free(&url);
	return fine;
}
