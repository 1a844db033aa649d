#include "relay/opening/plaintext.h"

#include "relay/opening/location.h"

#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

bool plaintext_is_unwelcome(const struct relay *relay, const struct peer *peer)
{
	return relay->settings.tls_cert && !peer_is_loopback(peer);
}

/* The address the sender reached, as ADDR:PORT. */
static bool write_reached(int fd, struct buffer *out)
{
	struct sockaddr_storage a = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof a;
	char host[64], port[8];
	if (getsockname(fd, (struct sockaddr *)&a, &len) != 0)
		return false;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&a;
	if (a.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) { /* a socket of [::] that took IPv4 */
		v4.sin_port = v6->sin6_port;
		memcpy(&v4.sin_addr, v6->sin6_addr.s6_addr + 12, 4);
		memcpy(&a, &v4, sizeof v4);
		len = sizeof v4;
	}
	if (getnameinfo((struct sockaddr *)&a, len, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return false;
	host[strcspn(host, "%")] = 0; /* a link's name has no place in a URL */
	return buffer_printf(out, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

static bool write_authority(const struct relay *relay, int fd, struct bytes host, struct buffer *out)
{
	struct bytes own = host_check_authority(relay->public_url);
	const uint8_t *colon = own.len ? memchr(own.at, ':', own.len) : NULL;
	/* A tunnel's own host, with the public URL's port: senders know it by that. */
	if (host_check_is_below(host, relay->settings.domain)) {
		const uint8_t *end = memchr(host.at, ':', host.len);
		return buffer_append(out, host.at, end ? (size_t)(end - host.at) : host.len) &&
		       (!relay->settings.public_url || !colon || own.at[0] == '[' ||
			buffer_append(out, colon, (size_t)(own.at + own.len - colon)));
	}
	if (relay->settings.public_url)
		return buffer_append_bytes(out, own);
	return host_check_is_host(host) ? buffer_append_bytes(out, host) : write_reached(fd, out);
}

bool plaintext_write_location(const struct relay *relay, int fd, struct bytes host, struct bytes target,
			      struct buffer *out)
{
	return buffer_append_text(out, "https://") && write_authority(relay, fd, host, out) &&
	       location_append_target(out, target);
}
