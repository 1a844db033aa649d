/* What comes unencrypted to a relay that has a certificate: from this machine it is let in, where a proxy in front has
 * ended TLS; from anywhere else it would carry tokens and webhooks past everybody on the way. Loop thread. */
#pragma once

#include "relay/common/peer.h"
#include "relay/common/relay.h"

/* Whether a connection is to be sent away for being plaintext. By the socket's own peer, whoever its requests say they
 * speak for, or by the address in the PROXY header of a trusted proxy, which passes on the bytes that came from there.
 */
bool plaintext_is_unwelcome(const struct relay *relay, const struct peer *peer);
/* Where the same is to be had encrypted: an https URL of the relay's own name and the target as it came. `host`: the
 * request's, may be empty. A name that the sender chose appears only where the relay was told no name of its own, and
 * only when it is a host and nothing else. False when out of memory. */
MUST_CHECK bool plaintext_write_location(const struct relay *relay, int fd, struct bytes host, struct bytes target,
					 struct buffer *out);
