/* How `creel doctor` checks the relay's certificate and its clock. */
#include "client/doctor/doctor.h"
#include "client/watch/certificate.h"
#include "shared/net/roots.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAYS_WARN 14
#define ISSUERS_LEN 300
#define CLOCK_WARN_S 5
#define CLOCK_FAIL_S 300 /* what Stripe, Slack and Standard Webhooks allow a signature's timestamp */

/* ---- the time ---- */

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

/* Asks once, for the answer ends the connection. */
static bool compare_clocks(struct doctor *d)
{
	time_t theirs = 0, before = time(NULL);
	if (d->relay_time == 0) {
		d->relay_time = ask_time(d, &theirs) ? theirs : -1;
		/* Its seconds are whole ones, and the answer took a while. */
		time_t after = time(NULL);
		d->off_s = theirs < before - 1 ? before - 1 - theirs : theirs > after ? after - theirs : 0;
	}
	return d->relay_time > 0;
}

static bool is_clock_wrong(const struct doctor *d)
{
	return d->relay_time > 0 && (d->off_s > CLOCK_FAIL_S || d->off_s < -CLOCK_FAIL_S);
}

/* ---- tls ---- */

/* A certificate that is not trusted does not end the handshake: only a request for the time is sent over it. */
static BIO *make_tls(struct doctor *d, BIO *socket)
{
	static const unsigned char alpn[] = "\10http/1.1";
	struct in6_addr literal;
	SSL *ssl = NULL;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	BIO *tls = ctx ? BIO_new_ssl(ctx, 1) : NULL;
	/* What the tunnel trusts: the system's issuers, and those of --ca. */
	bool fine = tls && SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
		    (!d->ca || SSL_CTX_load_verify_locations(ctx, d->ca, NULL) == 1) && BIO_get_ssl(tls, &ssl) == 1;
	if (fine && inet_pton(AF_INET, d->host, &literal) != 1 && inet_pton(AF_INET6, d->host, &literal) != 1)
		fine = SSL_set_tlsext_host_name(ssl, d->host) == 1 && SSL_set1_host(ssl, d->host) == 1;
	else if (fine)
		fine = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), d->host) == 1;
	if (fine)
		roots_trust(SSL_CTX_get_cert_store(ctx));
	fine = fine && SSL_set_alpn_protos(ssl, alpn, sizeof alpn - 1) == 0;
	SSL_CTX_free(ctx);
	if (fine)
		return BIO_push(tls, socket);
	BIO_free_all(tls);
	BIO_free_all(socket);
	return NULL;
}

/* REASON_NONE: TLS stands. */
static enum reason shake_hands(BIO *wire)
{
	int64_t until_ms = doctor_now_ms() + DOCTOR_MS;
	while (BIO_do_handshake(wire) != 1)
		if (!doctor_wait(wire, until_ms))
			return doctor_now_ms() < until_ms ? certificate_tls_reason(ERR_peek_last_error())
							  : REASON_RELAY_SILENT;
	return REASON_NONE;
}

/* Whether the relay's own clock, and not ours, is within the certificate's days. */
static bool is_good_by_its_clock(struct doctor *d, const X509 *cert)
{
	return d->says_time && compare_clocks(d) && is_clock_wrong(d) &&
	       X509_cmp_time(X509_get0_notBefore(cert), &d->relay_time) < 0 &&
	       X509_cmp_time(X509_get0_notAfter(cert), &d->relay_time) > 0;
}

/* Where the issuers that this machine trusts are, as the end of a sentence; nothing beside --ca, or without any. */
static const char *name_issuers(const struct doctor *d, char out[ISSUERS_LEN])
{
	struct roots roots;
	out[0] = 0;
	if (!d->ca) {
		roots_find("", &roots);
		if (roots.from != ROOTS_NONE)
			snprintf(out, ISSUERS_LEN, "; issuers trusted here: %.260s", roots.place);
	}
	return out;
}

static bool is_of_issuer(enum reason reason)
{
	return reason == REASON_RELAY_CERT_ALONE || reason == REASON_RELAY_CERT_CHAIN ||
	       reason == REASON_RELAY_CERT_ROOT;
}

static void say_untrusted(struct doctor *d, long check, const X509 *cert, const struct certificate *c)
{
	char text[600], todo[300], room[ISSUERS_LEN];
	struct facts facts = doctor_facts(d);
	enum reason reason = certificate_reason(check, c, &facts);
	/* Only a clock may be wrong. */
	d->says_time = reason == REASON_RELAY_CERT_EXPIRED || reason == REASON_RELAY_CERT_NOT_YET;
	reason_sentence(reason, &facts, text, sizeof text);
	if (is_of_issuer(reason)) {
		reason_todo(reason, &facts, todo, sizeof todo);
		doctor_say(d, CHECK_TLS, FINDING_FAIL, reason_exit(reason), todo, "%s%s", text, name_issuers(d, room));
		return;
	}
	if (!is_good_by_its_clock(d, cert)) {
		doctor_say_reason(d, CHECK_TLS, reason, &facts);
		return;
	}
	doctor_say(d, CHECK_TLS, FINDING_WARN, EXIT_DONE, NULL,
		   "by this machine's clock, which is wrong, %s; by the relay's it is valid", text);
}

static void say_not_checked(struct doctor *d, long check, const struct certificate *c)
{
	char text[600];
	struct facts facts = doctor_facts(d);
	reason_sentence(certificate_reason(check, c, &facts), &facts, text, sizeof text);
	doctor_say(d, CHECK_TLS, FINDING_WARN, EXIT_DONE, NULL, "not checked, as --insecure asks: %s", text);
}

static void say_trusted(struct doctor *d, SSL *ssl, const struct certificate *c)
{
	char room[ISSUERS_LEN];
	if (c->days_left < DAYS_WARN)
		doctor_say(d, CHECK_TLS, FINDING_WARN, EXIT_DONE, NULL,
			   "the certificate of %s is trusted, but ends in %d days (issued by %s)%s", d->host,
			   c->days_left, c->issuer, name_issuers(d, room));
	else
		doctor_say(d, CHECK_TLS, FINDING_OK, EXIT_DONE, NULL,
			   "%s, the certificate is trusted for %d days more%s (issued by %s)%s", SSL_get_version(ssl),
			   c->days_left, d->pin ? " and its key is the pinned one" : "", c->issuer,
			   name_issuers(d, room));
}

static void look_at_certificate(struct doctor *d, SSL *ssl, X509 *cert)
{
	struct certificate c;
	struct facts facts = doctor_facts(d);
	long check = SSL_get_verify_result(ssl);
	certificate_read(cert, SSL_get_peer_cert_chain(ssl), &c);
	facts.issuer = c.issuer;
	d->trusted = d->says_time = check == X509_V_OK || d->insecure;
	if (!d->trusted) {
		say_untrusted(d, check, cert, &c);
	} else if (d->pin && !certificate_has_pin(cert, d->pin)) {
		d->trusted = d->says_time = false;
		doctor_say_reason(d, CHECK_TLS, REASON_RELAY_CERT_PIN, &facts);
	} else if (check != X509_V_OK) {
		say_not_checked(d, check, &c);
	} else {
		say_trusted(d, ssl, &c);
	}
}

void doctor_look_at_tls(struct doctor *d)
{
	SSL *ssl = NULL;
	const struct facts facts = doctor_facts(d);
	d->wire = doctor_wire(d);
	if (!d->tls) {
		d->trusted = d->says_time = d->wire != NULL;
		doctor_say(d, CHECK_TLS, FINDING_SKIP, EXIT_DONE, NULL,
			   "the relay's URL is http: there is no TLS to look at");
		return;
	}
	d->wire = d->wire ? make_tls(d, d->wire) : NULL;
	ERR_clear_error();
	if (!d->wire) {
		doctor_say(d, CHECK_TLS, FINDING_FAIL, EXIT_USAGE, NULL, "the CA file %s cannot be read, or is not PEM",
			   d->ca ? d->ca : "");
		return;
	}
	enum reason why = shake_hands(d->wire);
	if (why != REASON_NONE) {
		doctor_say_reason_behind(d, CHECK_TLS, why, &facts);
		return;
	}
	BIO_get_ssl(d->wire, &ssl);
	X509 *cert = SSL_get_peer_certificate(ssl);
	if (cert)
		look_at_certificate(d, ssl, cert);
	else
		doctor_say_reason(d, CHECK_TLS, REASON_RELAY_CERT_NONE, &facts);
	X509_free(cert);
}

/* ---- clock ---- */

void doctor_look_at_clock(struct doctor *d)
{
	static const char todo[] = "set this machine's clock (NTP), or the relay's";
	if (!compare_clocks(d)) {
		doctor_say(d, CHECK_CLOCK, FINDING_WARN, EXIT_DONE, NULL,
			   "the relay's answer says no time to compare with");
		return;
	}
	int64_t off = d->off_s < 0 ? -d->off_s : d->off_s;
	const char *where = d->off_s > 0 ? "ahead of" : "behind";
	if (off > CLOCK_FAIL_S)
		doctor_say(d, CHECK_CLOCK, FINDING_FAIL, EXIT_NO, todo,
			   "this machine's clock is %lld s %s the relay's: signatures fail from %d s on",
			   (long long)off, where, CLOCK_FAIL_S);
	else if (off > CLOCK_WARN_S)
		doctor_say(d, CHECK_CLOCK, FINDING_WARN, EXIT_DONE, todo,
			   "this machine's clock is %lld s %s the relay's", (long long)off, where);
	else
		doctor_say(d, CHECK_CLOCK, FINDING_OK, EXIT_DONE, NULL, "this machine and the relay agree on the time");
}
