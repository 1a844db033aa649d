#include "client/trigger/trigger_sign.h"

#include "client/app/forwarder.h"
#include "client/signing/resign.h"
#include "client/signing/signing_ask.h"
#include "shared/http/headers.h"
#include "shared/providers/signature_sign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Public secrets, for a first try without one of the user's: as text, of Standard Webhooks, in hex, in base64. */
static const char *const test_secrets[] = {
	"creel-test-secret",
	"whsec_Y3JlZWwtdGVzdC1zZWNyZXQtMTIzNDU2Nzg=",
	"637265656c2d746573742d736563726574",
	"Y3JlZWwtdGVzdC1zZWNyZXQ=",
};

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

/* Without a secret of the user's a public one is taken, so that the sample has its true form. */
static const char *choose_secret(const struct trigger_sign *t, struct error *e)
{
	size_t at = 0;
	const struct secret *s = secrets_next(t->secrets, t->provider, &at);
	struct error ignored;
	if (s)
		return s->text;
	const char *test = NULL;
	for (size_t i = 0; !test && i < sizeof test_secrets / sizeof *test_secrets; i++)
		if (signature_secret_fits(t->provider, bytes_of(test_secrets[i]), &ignored))
			test = test_secrets[i];
	if (test)
		fprintf(stderr, "creel: no --secret: signed with the test secret %s\n", test);
	else
		error_set(e, EXIT_USAGE, "%s signs with a private key: name one with --secret @FILE",
			  signature_name(t->provider));
	return test;
}

static bool take_signed(struct trigger_sign *t, struct bytes fields, struct bytes body, bool has_body, struct error *e)
{
	if (has_body) {
		t->body->len = 0;
		if (!buffer_append_bytes(t->body, body))
			return no_memory(e);
	}
	return (buffer_append_bytes(&t->signature, fields) && resign_set_fields(t->fields, fields, t->body->len)) ||
	       no_memory(e);
}

static bool ask_to_sign(struct trigger_sign *t, struct store *s, int64_t pid, struct error *e)
{
	struct signing_reply answer;
	const struct signing asked = {
		.wish = SIGNING_SIGN,
		.provider = bytes_of(signature_name(t->provider)),
		.method = t->method,
		.url = t->url,
		.headers = buffer_view(t->fields),
		.body = buffer_view(t->body),
	};
	bool fine = signing_ask(s, pid, &asked, &answer, e) &&
		    take_signed(t, buffer_view(&answer.fields), buffer_view(&answer.body), answer.body.len > 0, e);
	signing_reply_free(&answer);
	return fine;
}

/* Lets the running client sign by its own secret when no other was named. What it signed goes only to that client or to
 * this machine, for a secret that is a token would otherwise be sent to whatever host --to names. */
static bool sign_by_client(struct trigger_sign *t, bool *is_signed, struct error *e)
{
	struct store *own = NULL;
	struct error ignored;
	int64_t pid = 0;
	*is_signed = false;
	if (t->secrets->count || !(t->tunnelled || forward_url_is_local(t->url)))
		return true;
	char *path = t->db ? NULL : store_default_path(e);
	bool fine = true;
	/* A store that cannot be opened has no client that could be asked. */
	if (t->store || ((t->db || path) && store_open(&own, t->db ? t->db : path, STORE_READ_WRITE, &ignored))) {
		struct store *s = t->store ? t->store : own;
		fine = signing_find_client(s, t->provider, t->tunnel, &pid, e) && (!pid || ask_to_sign(t, s, pid, e));
		*is_signed = fine && pid;
	}
	store_close(own);
	free(path);
	return fine;
}

bool trigger_sign(struct trigger_sign *t, struct error *e)
{
	struct signature_sign_out out;
	bool is_signed = false;
	if (t->provider && !sign_by_client(t, &is_signed, e))
		return false;
	const char *secret = t->provider && !is_signed ? choose_secret(t, e) : NULL;
	if (!secret)
		return !t->provider || is_signed;
	struct signature_input in = {
		.headers = buffer_view(t->fields),
		.body = buffer_view(t->body),
		.method = t->method,
		.url = t->url,
		.secret = bytes_of(secret),
		.at = (int64_t)time(NULL),
	};
	bool fine = signature_sign(t->provider, &in, &out, e) &&
		    take_signed(t, buffer_view(&out.headers), buffer_view(&out.body), out.has_body, e);
	signature_sign_free(&out);
	return fine;
}

enum signature_verdict trigger_sign_verdict(const struct trigger_sign *t)
{
	struct bytes name, value, sent;
	char text[100];
	if (!t->provider)
		return SIGNATURE_NONE;
	for (size_t pos = 0; headers_next(buffer_view(&t->signature), &pos, &name, &value);) {
		snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.at);
		if (!headers_find(buffer_view(t->fields), text, &sent) || !bytes_equal(sent, value))
			return SIGNATURE_UNKNOWN;
	}
	return SIGNATURE_VALID;
}
