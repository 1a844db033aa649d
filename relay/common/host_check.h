/* Which host names a relay answers to. A page in a browser may have its own name resolve to 127.0.0.1 (DNS rebinding)
 * and then reads, as its own origin, whatever listens there: only the Host field tells that it came by another's name.
 * So what serves loopback answers only names that are its own, else 421 (RFC 9110 §15.5.20). Pure. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/program/options.h"

/* What a relay is called. Views: they live as long as the relay. */
struct host_names {
	/* A relay that anybody can reach has no names to keep to: a page gains nothing by rebinding to what it can ask
	 * directly, such a relay demands tokens of its clients, and it is reached by whatever resolves to it. */
	bool any;
	const char *public_url;
	const char *domain;                 /* it and every host below; NULL: none */
	const struct option_values *listen; /* ADDR:PORT */
};

/* Whether the value of a Host field is one of the names, any port: a proxy or `ssh -L` may stand in front. An empty one
 * is nobody's. */
bool host_check_is_ours(const struct host_names *names, struct bytes host);
/* localhost, 127.0.0.1 or [::1], any port. */
bool host_check_is_localhost(struct bytes host);
/* Whether only this machine can mean it: those three, all of 127.0.0.0/8, and every name below localhost. `host` may
 * carry a port. */
bool host_check_is_loopback(struct bytes host);
/* Whether it is a host with a port or without, as RFC 3986 has them, and nothing else: fit for a URL of ours. */
bool host_check_is_host(struct bytes host);
/* Whether it is such a host, below the domain; `domain` may be NULL. */
bool host_check_is_below(struct bytes host, const char *domain);
/* The authority of a URL, without user information. Empty when there is none. */
struct bytes host_check_authority(const char *url);

#define HOST_CHECK_SENTENCE 1024
/* What a 421 says: which host came, made harmless, and what to do. */
void host_check_explain(struct bytes host, char out[HOST_CHECK_SENTENCE]);
