/* Which host names a relay answers to. The owner of a web page may let the page's own name resolve to 127.0.0.1 (DNS
 * rebinding); the page may then read whatever listens there. Only the Host field shows that the request came by a
 * foreign name. So a relay on loopback answers only to its own names, and with 421 to others (RFC 9110 §15.5.20). Pure;
 * any thread. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/options/options.h"

/* The relay's own names. Views that live as long as the relay. */
struct host_names {
	/* True for a relay that anybody can reach. It answers to any name: a page gains nothing by rebinding to what it
	 * can ask directly, such a relay demands tokens of its clients, and every name that resolves to it is one of
	 * its own. */
	bool any;
	const char *public_url;
	const char *domain;                 /* it and every host below; NULL: none */
	const struct option_values *listen; /* ADDR:PORT */
};

/* Whether the value of a Host field is one of the names. Any port will do, because a proxy or `ssh -L` may stand in
 * front. An empty value is none of them. */
bool host_check_is_ours(const struct host_names *names, struct bytes host);
/* localhost, 127.0.0.1 or [::1], any port. */
bool host_check_is_localhost(struct bytes host);
/* Whether the host can only be this machine: those three, all of 127.0.0.0/8, and every name below localhost. `host`
 * may have a port. */
bool host_check_is_loopback(struct bytes host);
/* Whether it is a host, with a port or without, and nothing else (RFC 3986 §3.2): fit to stand in a URL. */
bool host_check_is_host(struct bytes host);
/* Whether it is such a host, below the domain; `domain` may be NULL. */
bool host_check_is_below(struct bytes host, const char *domain);
/* Host and port of a URL, without user information. Empty when there is none. */
struct bytes host_check_authority(const char *url);

#define HOST_CHECK_SENTENCE 1024
/* What a 421 says: which host came, with unprintable bytes replaced, and what to do. */
void host_check_explain(struct bytes host, char out[HOST_CHECK_SENTENCE]);
