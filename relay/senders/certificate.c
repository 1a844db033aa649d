#include "relay/senders/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OCSP_MOST 65536
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!SHA1"

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
	long len;
	unsigned char at[];
};

static int staple(SSL *tls, void *user)
{
	const struct staple *s = user;
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

static bool load_staple(SSL_CTX *ctx, const char *cert, struct error *e)
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
	int index = response ? SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, free_staple) : -1;
	bool fine = index >= 0 && SSL_CTX_set_ex_data(ctx, index, s) == 1;
	OCSP_RESPONSE_free(response);
	if (!fine) {
		free(s);
		return error_set(e, EXIT_RELAY, "%s is not an OCSP response in DER", path);
	}
	SSL_CTX_set_tlsext_status_cb(ctx, staple);
	SSL_CTX_set_tlsext_status_arg(ctx, s);
	return true;
}

/* ---- the pair ---- */

static bool is_readable(const char *path, struct error *e)
{
	return access(path, R_OK) == 0 || error_set(e, EXIT_RELAY, "%s cannot be read: %s", path, strerror(errno));
}

SSL_CTX *certificate_load(const char *cert, const char *key, struct error *e)
{
	static const unsigned char session_id[] = "creel";
	if (!is_readable(cert, e) || !is_readable(key, e))
		return NULL;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	bool fine = ctx && SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
		    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 && SSL_CTX_check_private_key(ctx) == 1;
	if (!fine)
		error_set(e, EXIT_RELAY,
			  "the certificate %s and key %s cannot be used: are they PEM, and do they belong together?",
			  cert, key);
	fine = fine && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, CIPHERS) == 1 &&
	       SSL_CTX_set_session_id_context(ctx, session_id, sizeof session_id - 1) == 1 && load_staple(ctx, cert, e);
	ERR_clear_error();
	if (!fine) {
		if (!e->text[0])
			error_set(e, EXIT_RELAY, "TLS cannot be set up with the certificate %s", cert);
		SSL_CTX_free(ctx);
		return NULL;
	}
	SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_NO_COMPRESSION |
				     SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets hold all: nothing is kept for a stranger */
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	return ctx;
}
