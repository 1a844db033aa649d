/* The proxies of --trusted-proxy, and who they say the sender is. Only they are believed. Pure; any thread. */
#pragma once

#include "relay/net/peer.h"
#include "shared/base/error.h"
#include "shared/options/options.h"

struct trusted;

/* Each value holds addresses or networks ("10.0.0.0/8", "2001:db8::/32", "127.0.0.1"), separated by commas or blanks.
 * NULL and *e (EXIT_USAGE) for any other value, or when out of memory. */
struct trusted *trusted_new(const struct option_values *values, struct error *e);
void trusted_free(struct trusted *t);

/* Whether the peer is one of the proxies. False for an unknown peer, and when `t` is NULL. */
bool trusted_has(const struct trusted *t, const struct peer *p);
/* Whether the peer of a connection is one of the proxies. If it is, *sender is the right-most address in
 * X-Forwarded-For that is not a proxy, as with nginx's real_ip_recursive. Several such fields are one list (RFC 9110
 * §5.3); read from its end, each proxy names the peer to the left of it. The search ends at an entry that cannot be
 * read, and the proxy that wrote it counts as the sender. If the peer is not a proxy, it is the sender itself.
 * `headers` is a block of shared/http/headers.h. */
bool trusted_find_sender(const struct trusted *t, const struct peer *peer, struct bytes headers, struct peer *sender);
/* The same for a single X-Forwarded-For, whose value may be empty. */
bool trusted_find_in_list(const struct trusted *t, const struct peer *peer, struct bytes list, struct peer *sender);
