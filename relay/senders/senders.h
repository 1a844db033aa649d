/* The public side of the relay: every connection that its ports accept, from accept to close, whoever holds it.
 *
 * One table counts them, one wheel times them, and one struct (sender.h) is a connection's whole life: its first bytes
 * looked at, TLS, requests and answers, a WebSocket's passage. A connection that turns out to be a tunnel is handed to
 * libwebsockets, and counted until it is closed there. Loop thread. */
#pragma once

#include "relay/common/relay.h"
#include "relay/net/certificate.h"

struct senders;

/* NULL and *e: a certificate that cannot be used. */
struct senders *senders_new(struct relay *relay, struct error *e);
/* Takes an accepted socket. `tunnels_only`: of a port for tunnels alone. */
void senders_accept(struct senders *all, int fd, const struct sockaddr *from, bool tunnels_only);
/* Makes new TLS connections get the certificate that is on disk now; those that exist keep theirs. */
MUST_CHECK bool senders_reload(struct senders *all, struct error *e);
/* Describes the certificate that is served now; false: there is none. */
bool senders_certificate(const struct senders *all, struct certificate_facts *facts);
/* Called each second: logs once a day that the certificate has expired or soon will. */
void senders_watch_certificate(struct senders *all);
/* How many connections are in a request. */
size_t senders_busy(const struct senders *all);
/* How many connections there are, including those of tunnels. */
size_t senders_connections(const struct senders *all);
/* Closes every connection that is not a tunnel's. */
void senders_close(struct senders *all);
/* To be called one turn of the loop after senders_close, when libwebsockets has closed the tunnels. NULL is fine. */
void senders_free(struct senders *all);
