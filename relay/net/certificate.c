#include "relay/net/certificate.h"

#include "relay/net/certificate_warn.h"
#include "relay/net/tls_policy.h"
#include "shared/net/chain.h"
#include "shared/program/log.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OCSP_MOST 65536

static int choose_protocol(SSL *tls, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
			   unsigned int in_len, void *user)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;
	(void)tls;
	(void)user;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof ours - 1, in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* ---- stapling (RFC 6066 §8) ---- */

struct staple {
	time_t expires; /* 0: never */
	long len;
	unsigned char at[];
};

static int staple(SSL *tls, void *user)
{
	const struct staple *s = user;
	/* A client takes one that is out of date for an attack, none for none. */
	if (s->expires && time(NULL) >= s->expires)
		return SSL_TLSEXT_ERR_NOACK;
	unsigned char *copy = OPENSSL_memdup(s->at, (size_t)s->len); /* OpenSSL's to free */
	if (!copy || SSL_set_tlsext_status_ocsp_resp(tls, copy, s->len) != 1)
		return SSL_TLSEXT_ERR_NOACK;
	return SSL_TLSEXT_ERR_OK;
}

static void free_staple(void *parent, void *ptr, CRYPTO_EX_DATA *ad, int index, long argl, void *argp)
{
	(void)parent;
	(void)ad;
	(void)index;
	(void)argl;
	(void)argp;
	free(ptr);
}

int certificate_staple_index(void)
{
	return SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_staple);
}

/* Whether the response says of `leaf` that it is good; *expires as of struct staple. */
static bool is_about(OCSP_RESPONSE *response, X509 *leaf, time_t *expires)
{
	bool good = false;
	OCSP_BASICRESP *basic = OCSP_response_status(response) == OCSP_RESPONSE_STATUS_SUCCESSFUL
				    ? OCSP_response_get1_basic(response)
				    : NULL;
	for (int i = 0; basic && !good && i < OCSP_resp_count(basic); i++) {
		OCSP_SINGLERESP *single = OCSP_resp_get0(basic, i);
		ASN1_GENERALIZEDTIME *next = NULL;
		ASN1_INTEGER *serial = NULL;
		struct tm until;
		good = OCSP_id_get0_info(NULL, NULL, NULL, &serial,
					 (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single)) == 1 &&
		       ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(leaf)) == 0 &&
		       OCSP_single_get0_status(single, NULL, NULL, NULL, &next) == V_OCSP_CERTSTATUS_GOOD;
		*expires = good && next && ASN1_TIME_to_tm(next, &until) == 1 ? timegm(&until) : 0;
	}
	OCSP_BASICRESP_free(basic);
	return good;
}

static bool load_staple(SSL_CTX *ctx, const char *cert, int index, struct error *e)
{
	char path[4096];
	snprintf(path, sizeof path, "%s.ocsp", cert);
	FILE *f = fopen(path, "rb");
	if (!f)
		return errno == ENOENT ||
		       error_set(e, EXIT_RELAY, "the OCSP response %s cannot be read: %s", path, strerror(errno));
	struct staple *s = calloc(1, sizeof *s + OCSP_MOST);
	if (s)
		s->len = (long)fread(s->at, 1, OCSP_MOST, f);
	fclose(f);
	const unsigned char *at = s ? s->at : NULL;
	OCSP_RESPONSE *response = s ? d2i_OCSP_RESPONSE(NULL, &at, s->len) : NULL;
	bool fine = response || error_set(e, EXIT_RELAY, "%s is not an OCSP response in DER", path);
	time_t expires = 0;
	if (fine && !is_about(response, SSL_CTX_get0_certificate(ctx), &expires))
		log_event(LOG_WARN, "ocsp_left_out", "file", path, "text",
			  "it does not say that this certificate is good: was the certificate renewed since?", NULL);
	else if (fine && s && SSL_CTX_set_ex_data(ctx, index, s) == 1) {
		s->expires = expires;
		SSL_CTX_set_tlsext_status_cb(ctx, staple);
		SSL_CTX_set_tlsext_status_arg(ctx, s);
		s = NULL;
	}
	OCSP_RESPONSE_free(response);
	free(s);
	return fine;
}

/* ---- the pair ---- */

static bool is_readable(const char *path, struct error *e)
{
	return access(path, R_OK) == 0 || error_set(e, EXIT_RELAY, "%s cannot be read: %s", path, strerror(errno));
}

static bool use_pair(SSL_CTX *ctx, const char *cert, const char *key, struct error *e)
{
	return (SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
		SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1) ||
	       error_set(e, EXIT_RELAY,
			 "the certificate %s and key %s cannot be used: are they PEM, and do they belong together?",
			 cert, key);
}

static bool set_up(SSL_CTX *ctx, struct error *e)
{
	static const unsigned char session_id[] = "creel";
	return (ctx && tls_policy_apply(ctx) &&
		SSL_CTX_set_session_id_context(ctx, session_id, sizeof session_id - 1) == 1) ||
	       error_set(e, EXIT_RELAY, "TLS cannot be set up: OpenSSL lacks memory, or what is needed of TLS 1.2");
}

SSL_CTX *certificate_load(const char *cert, const char *key, int staple_index, struct error *e)
{
	if (!is_readable(cert, e) || !is_readable(key, e))
		return NULL;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	bool fine = set_up(ctx, e) && use_pair(ctx, cert, key, e) && load_staple(ctx, cert, staple_index, e);
	ERR_clear_error();
	if (!fine) {
		SSL_CTX_free(ctx);
		return NULL;
	}
	certificate_warn(ctx, cert);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets hold all: nothing is kept for a stranger */
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	return ctx;
}

bool certificate_describe(SSL_CTX *ctx, struct certificate_facts *facts)
{
	X509 *leaf = SSL_CTX_get0_certificate(ctx);
	struct tm ends;
	if (!leaf)
		return false;
	*facts = (struct certificate_facts){ .self_signed = chain_is_root(leaf) };
	time_t at = ASN1_TIME_to_tm(X509_get0_notAfter(leaf), &ends) == 1 ? timegm(&ends) : -1;
	facts->ends_us = at > 0 ? (uint64_t)at * 1000000 : 0;
	chain_name_issuer(leaf, facts->issuer, sizeof facts->issuer);
	return true;
}
