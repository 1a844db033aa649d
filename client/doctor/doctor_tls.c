/* What `creel doctor` finds of the relay's certificate, and of its clock. */
#include "client/doctor/doctor.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS_WARN 14
#define CLOCK_WARN_S 5
#define CLOCK_FAIL_S 300 /* what Stripe, Slack and Standard Webhooks allow a signature's timestamp */

/* ---- tls ---- */

/* The certificate is looked at whatever it is: nothing but a request for the time is sent over this connection. */
static BIO *make_tls(struct doctor *d, BIO *socket)
{
	static const unsigned char alpn[] = "\10http/1.1";
	struct in6_addr literal;
	SSL *ssl = NULL;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	BIO *tls = ctx ? BIO_new_ssl(ctx, 1) : NULL;
	/* What the tunnel trusts: the system's issuers, and those of --ca. */
	bool fine = tls && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
		    SSL_CTX_set_default_verify_paths(ctx) == 1 &&
		    (!d->ca || SSL_CTX_load_verify_locations(ctx, d->ca, NULL) == 1) && BIO_get_ssl(tls, &ssl) == 1;
	if (fine && inet_pton(AF_INET, d->host, &literal) != 1 && inet_pton(AF_INET6, d->host, &literal) != 1)
		fine = SSL_set_tlsext_host_name(ssl, d->host) == 1 && SSL_set1_host(ssl, d->host) == 1;
	else if (fine)
		fine = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), d->host) == 1;
	fine = fine && SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1) == 0;
	SSL_CTX_free(ctx);
	if (fine)
		return BIO_push(tls, socket);
	BIO_free_all(tls);
	BIO_free_all(socket);
	return NULL;
}

static bool shake_hands(BIO *wire)
{
	int64_t until_ms = doctor_now_ms() + DOCTOR_MS;
	while (BIO_do_handshake(wire) != 1)
		if (!doctor_wait(wire, until_ms))
			return false;
	return true;
}

/* "Let's Encrypt", "R11" or the whole name. */
static void name_issuer(X509 *cert, char out[200])
{
	const X509_NAME *name = X509_get_issuer_name(cert);
	static const int parts[] = { NID_organizationName, NID_commonName };
	size_t at = 0;
	out[0] = 0;
	for (size_t i = 0; i < 2; i++) {
		int index = X509_NAME_get_index_by_NID(name, parts[i], -1);
		unsigned char *text = NULL;
		if (index < 0 ||
		    ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index))) < 0)
			continue;
		if (at < 150)
			at += (size_t)snprintf(out + at, 200 - at, "%s%s", at ? " " : "", (const char *)text);
		OPENSSL_free(text);
	}
	if (!*out)
		X509_NAME_oneline(name, out, 200);
}

/* The names and addresses a certificate is for. */
static void list_names(X509 *cert, char out[300])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t at = 0;
	out[0] = 0;
	for (int i = 0; i < sk_GENERAL_NAME_num(names) && at < 250; i++) {
		const GENERAL_NAME *n = sk_GENERAL_NAME_value(names, i);
		char text[200] = "";
		if (n->type == GEN_DNS)
			snprintf(text, sizeof text, "%.*s", ASN1_STRING_length(n->d.dNSName),
				 (const char *)ASN1_STRING_get0_data(n->d.dNSName));
		else if (n->type == GEN_IPADD)
			inet_ntop(ASN1_STRING_length(n->d.iPAddress) == 4 ? AF_INET : AF_INET6,
				  ASN1_STRING_get0_data(n->d.iPAddress), text, sizeof text);
		if (*text)
			at += (size_t)snprintf(out + at, 300 - at, "%s%s", at ? ", " : "", text);
	}
	if (!*out)
		snprintf(out, 300, "no name at all");
	GENERAL_NAMES_free(names);
}

/* Days from now until `when`, negative for the past. */
static int days_until(const ASN1_TIME *when)
{
	int days = 0, seconds = 0;
	ASN1_TIME_diff(&days, &seconds, NULL, when);
	return days;
}

static bool pin_matches(const struct doctor *d, X509 *cert)
{
	unsigned char *der = NULL, digest[32], text[64];
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	bool fine = len > 0 && EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL) == 1;
	OPENSSL_free(der);
	return fine && EVP_EncodeBlock(text, digest, sizeof digest) > 0 &&
	       strcmp((char *)text, d->pin + strlen("sha256//")) == 0;
}

static void say_untrusted(struct doctor *d, X509 *cert, long code, const char *issuer)
{
	char names[300];
	static const char renew[] = "renew it at the relay (SIGHUP reads it again), or correct this machine's clock";
	switch (code) {
	case X509_V_ERR_CERT_HAS_EXPIRED:
		d->says_time = true;
		doctor_say(d, "tls", FINDING_FAIL, EXIT_RELAY, renew,
			   "the certificate of %s has expired, %d days ago (issued by %s)", d->host,
			   -days_until(X509_get0_notAfter(cert)), issuer);
		return;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		d->says_time = true;
		doctor_say(d, "tls", FINDING_FAIL, EXIT_RELAY, renew,
			   "the certificate of %s begins only in %d days: is this machine's clock right?", d->host,
			   days_until(X509_get0_notBefore(cert)));
		return;
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		list_names(cert, names);
		doctor_say(d, "tls", FINDING_FAIL, EXIT_RELAY, "name the relay as its certificate does",
			   "the certificate is for %s, and not for %s", names, d->host);
		return;
	default:
		doctor_say(d, "tls", FINDING_FAIL, EXIT_RELAY,
			   "--ca FILE trusts another issuer; one nobody here set up may be somebody listening in",
			   "the certificate of %s is not trusted: %s (issued by %s)", d->host,
			   X509_verify_cert_error_string(code), issuer);
	}
}

static void say_trusted(struct doctor *d, SSL *ssl, X509 *cert, const char *issuer, long code)
{
	int days = days_until(X509_get0_notAfter(cert));
	if (code != X509_V_OK)
		doctor_say(d, "tls", FINDING_WARN, EXIT_DONE, NULL,
			   "not checked, as --insecure asks: %s (issued by %s)", X509_verify_cert_error_string(code),
			   issuer);
	else if (days < DAYS_WARN)
		doctor_say(d, "tls", FINDING_WARN, EXIT_DONE, NULL,
			   "the certificate of %s is trusted, but ends in %d days (issued by %s)", d->host, days,
			   issuer);
	else
		doctor_say(d, "tls", FINDING_OK, EXIT_DONE, NULL,
			   "%s, the certificate is trusted for %d days more%s "
			   "(issued by %s)",
			   SSL_get_version(ssl), days, d->pin ? " and its key is the pinned one" : "", issuer);
}

static void look_at_certificate(struct doctor *d, SSL *ssl, X509 *cert)
{
	char issuer[200];
	long code = SSL_get_verify_result(ssl);
	name_issuer(cert, issuer);
	d->trusted = d->says_time = code == X509_V_OK || d->insecure;
	if (!d->trusted) {
		say_untrusted(d, cert, code, issuer);
	} else if (d->pin && !pin_matches(d, cert)) {
		d->trusted = d->says_time = false;
		doctor_say(d, "tls", FINDING_FAIL, EXIT_RELAY,
			   "if the relay has a new key, pin that; if not, somebody is listening in",
			   "the certificate's key is not the pinned one (issued by %s)", issuer);
	} else {
		say_trusted(d, ssl, cert, issuer, code);
	}
}

void doctor_look_at_tls(struct doctor *d)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	SSL *ssl = NULL;
	curl_easy_getinfo(d->dial, CURLINFO_ACTIVESOCKET, &fd);
	d->wire = BIO_new_socket((int)fd, BIO_NOCLOSE);
	if (!d->tls) {
		d->trusted = d->says_time = d->wire != NULL;
		doctor_say(d, "tls", FINDING_SKIP, EXIT_DONE, NULL,
			   "the relay's URL is http: there is no TLS to look at");
		return;
	}
	d->wire = d->wire ? make_tls(d, d->wire) : NULL;
	ERR_clear_error();
	if (!d->wire || !shake_hands(d->wire)) {
		const char *reason = ERR_reason_error_string(ERR_peek_last_error());
		doctor_say(d, "tls", FINDING_FAIL, EXIT_RELAY, "does the relay speak TLS there (https), or plain http?",
			   "no TLS connection to %s:%d comes about: %s", d->host, d->port,
			   !d->wire ? "the CA file is no PEM"
			   : reason ? reason
				    : "it was closed, or took too long");
		return;
	}
	BIO_get_ssl(d->wire, &ssl);
	X509 *cert = SSL_get_peer_certificate(ssl);
	if (cert)
		look_at_certificate(d, ssl, cert);
	else
		doctor_say(d, "tls", FINDING_FAIL, EXIT_RELAY, NULL, "%s shows no certificate", d->host);
	X509_free(cert);
}

/* ---- clock ---- */

static bool write_all(BIO *wire, const char *text, int64_t until_ms)
{
	for (size_t left = strlen(text); left > 0;) {
		int n = BIO_write(wire, text, (int)left);
		if (n > 0) {
			left -= (size_t)n;
			text += n;
		} else if (!doctor_wait(wire, until_ms)) {
			return false;
		}
	}
	return true;
}

/* The head of the answer, as far as it fits. */
static bool read_head(BIO *wire, char *out, size_t len, int64_t until_ms)
{
	size_t at = 0;
	while (at < len - 1) {
		int n = BIO_read(wire, out + at, (int)(len - 1 - at));
		if (n > 0) {
			at += (size_t)n;
			out[at] = 0;
			if (strstr(out, "\r\n\r\n"))
				return true;
		} else if (!doctor_wait(wire, until_ms)) {
			break;
		}
	}
	return at > 0;
}

static bool ask_time(struct doctor *d, time_t *theirs)
{
	char text[4096];
	int64_t until_ms = doctor_now_ms() + DOCTOR_MS;
	snprintf(text, sizeof text,
		 strchr(d->host, ':') ? "HEAD / HTTP/1.1\r\nHost: [%s]:%d\r\nConnection: close\r\n\r\n"
				      : "HEAD / HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n",
		 d->host, d->port);
	if (!d->wire || !write_all(d->wire, text, until_ms) || !read_head(d->wire, text, sizeof text, until_ms))
		return false;
	char *date = strcasestr(text, "\r\nDate:");
	if (!date)
		return false;
	date += strlen("\r\nDate:");
	date[strcspn(date, "\r\n")] = 0;
	*theirs = curl_getdate(date, NULL);
	return *theirs > 0;
}

void doctor_look_at_clock(struct doctor *d)
{
	static const char todo[] = "set this machine's clock (NTP), or the relay's";
	time_t theirs = 0, before = time(NULL);
	if (!ask_time(d, &theirs)) {
		doctor_say(d, "clock", FINDING_WARN, EXIT_DONE, NULL,
			   "the relay's answer says no time to compare with");
		return;
	}
	/* Its seconds are whole ones, and the answer took a while. */
	time_t after = time(NULL), off = theirs < before - 1 ? before - 1 - theirs
					 : theirs > after    ? theirs - after
							     : 0;
	const char *where = theirs < before ? "ahead of" : "behind";
	if (off > CLOCK_FAIL_S)
		doctor_say(d, "clock", FINDING_FAIL, EXIT_NO, todo,
			   "this machine's clock is %lld s %s the relay's: signatures fail from %d s on",
			   (long long)off, where, CLOCK_FAIL_S);
	else if (off > CLOCK_WARN_S)
		doctor_say(d, "clock", FINDING_WARN, EXIT_DONE, todo, "this machine's clock is %lld s %s the relay's",
			   (long long)off, where);
	else
		doctor_say(d, "clock", FINDING_OK, EXIT_DONE, NULL, "this machine and the relay agree on the time");
}
