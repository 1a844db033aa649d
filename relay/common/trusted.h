/* The proxies of --trusted-proxy, and who they say the sender is. A proxy is believed, anybody else is not. Pure. */
#pragma once

#include "relay/common/peer.h"
#include "shared/base/error.h"
#include "shared/program/options.h"

struct trusted;

/* Each value holds one or several addresses or networks ("10.0.0.0/8", "2001:db8::/32", "127.0.0.1"), separated by
 * commas or blanks. NULL and *e (EXIT_USAGE) for another value or when out of memory. */
struct trusted *trusted_new(const struct option_values *values, struct error *e);
void trusted_free(struct trusted *t);

/* False of an unknown one, and when `t` is NULL. */
bool trusted_has(const struct trusted *t, const struct peer *p);
/* Whether `t` believes the peer of a connection. Then *sender is the right-most address in X-Forwarded-For that is none
 * of the proxies, as nginx's real_ip_recursive has it: several such fields are one list (RFC 9110 §5.3), from its end
 * each proxy tells who stands left of it; what cannot be read ends the search, and the proxy that wrote it is the
 * sender. Else *sender is the peer. `headers` is a shared/http/headers.h block. */
bool trusted_find_sender(const struct trusted *t, const struct peer *peer, struct bytes headers, struct peer *sender);
/* The same with the value of the one X-Forwarded-For, which may be empty. */
bool trusted_find_in_list(const struct trusted *t, const struct peer *peer, struct bytes list, struct peer *sender);
