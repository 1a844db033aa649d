#include "relay/net/challenges.h"

#include "relay/net/self_signed.h"
#include "shared/text/base64.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST 32
#define KEY_MOST 253
#define VALUE_MOST 200

struct challenge {
	enum challenge_kind kind;
	char key[KEY_MOST + 1], value[VALUE_MOST + 1];
};

struct challenges {
	struct challenge list[MOST];
	size_t count;
	SSL_CTX *tls;
};

static struct challenge *find(const struct challenges *all, enum challenge_kind kind, struct bytes key)
{
	for (size_t i = 0; all && i < all->count; i++)
		if (all->list[i].kind == kind && bytes_equal(bytes_of(all->list[i].key), key))
			return (struct challenge *)(uintptr_t)&all->list[i];
	return NULL;
}

/* ---- tls-alpn-01 ---- */

static int choose_protocol(SSL *tls, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
			   unsigned int in_len, void *user)
{
	static const unsigned char ours[] = "\x0a" CHALLENGE_ALPN;
	unsigned char *chosen;
	(void)tls;
	(void)user;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static int show_certificate(SSL *tls, void *user)
{
	const char *name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
	const struct challenge *c = find(user, CHALLENGE_ALPN_CERT, bytes_of(name));
	struct buffer hash = { 0 };
	X509 *cert = NULL;
	EVP_PKEY *key = NULL;
	bool fine = c && base64_decode_loose(&hash, bytes_of(c->value)) && hash.len == 32 &&
		    self_signed_make(name, buffer_view(&hash), &cert, &key) && SSL_use_certificate(tls, cert) == 1 &&
		    SSL_use_PrivateKey(tls, key) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	buffer_free(&hash);
	ERR_clear_error();
	return fine ? 1 : 0;
}

SSL_CTX *challenges_tls(const struct challenges *all)
{
	for (size_t i = 0; all && i < all->count; i++)
		if (all->list[i].kind == CHALLENGE_ALPN_CERT)
			return all->tls;
	return NULL;
}

/* ---- the list ---- */

struct challenges *challenges_new(void)
{
	struct challenges *all = calloc(1, sizeof *all);
	if (!all || !(all->tls = SSL_CTX_new(TLS_server_method()))) {
		free(all);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(all->tls, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(all->tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(all->tls, choose_protocol, NULL);
	SSL_CTX_set_cert_cb(all->tls, show_certificate, all);
	return all;
}

void challenges_free(struct challenges *all)
{
	if (!all)
		return;
	SSL_CTX_free(all->tls);
	free(all);
}

/* Base64url, a host's name, or two of the former with a point between them. */
static bool is_fit(const char *text, size_t most)
{
	size_t len = strlen(text);
	return len > 0 && len <= most &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == len;
}

bool challenges_put(struct challenges *all, enum challenge_kind kind, const char *key, const char *value)
{
	if (!is_fit(key, KEY_MOST) || !is_fit(value, VALUE_MOST))
		return false;
	struct challenge *c = find(all, kind, bytes_of(key));
	if (!c && all->count == MOST)
		return false;
	if (!c)
		c = &all->list[all->count++];
	c->kind = kind;
	snprintf(c->key, sizeof c->key, "%s", key);
	snprintf(c->value, sizeof c->value, "%s", value);
	return true;
}

void challenges_remove(struct challenges *all, enum challenge_kind kind, const char *key)
{
	struct challenge *c = find(all, kind, bytes_of(key));
	if (c)
		*c = all->list[--all->count];
}

struct bytes challenges_answer(const struct challenges *all, struct bytes target)
{
	size_t len = strlen(CHALLENGE_PATH);
	if (!all || all->count == 0 || target.len <= len || memcmp(target.at, CHALLENGE_PATH, len) != 0)
		return bytes_make(NULL, 0);
	const struct challenge *c = find(all, CHALLENGE_HTTP, bytes_make(target.at + len, target.len - len));
	return c ? bytes_of(c->value) : bytes_make(NULL, 0);
}
