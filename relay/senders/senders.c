/* The table of connections: who gets in, who has to go for it, and the end of all. */
#include "relay/senders/sender.h"

#include "relay/common/limits.h"
#include "relay/net/trusted.h"
#include "relay/net/certificate_warn.h"
#include "shared/base/clock.h"
#include "shared/program/log.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>
#include <utlist.h>

/* Bytes of memory that a new connection may come to. */
#define CONNECTION 2048
#define CONNECTION_TLS (32u << 10)

#define DAY_US (UINT64_C(86400) * 1000000)

struct senders *senders_new(struct relay *relay, struct error *e)
{
	struct senders *all = calloc(1, sizeof *all);
	const struct settings *set = &relay->settings;
	if (!all) {
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	all->relay = relay;
	all->staple_index = set->tls_cert ? certificate_staple_index() : -1;
	if (set->tls_cert && !(all->tls = certificate_load(set->tls_cert, set->tls_key, all->staple_index, e))) {
		free(all);
		return NULL;
	}
	all->looked_at_us = clock_now_us();
	wheel_init(&all->wheel, relay->loop, sender_on_due);
	uv_idle_init(relay->loop, &all->soon);
	uv_idle_init(relay->loop, &all->handshaking);
	all->wheel.timer.data = &all->wheel;
	all->soon.data = all->handshaking.data = all;
	all->on_soon = sender_on_soon;
	all->on_handshakes = sender_on_handshakes;
	return all;
}

bool senders_reload(struct senders *all, struct error *e)
{
	const struct settings *set = &all->relay->settings;
	SSL_CTX *fresh = all->tls ? certificate_load(set->tls_cert, set->tls_key, all->staple_index, e) : NULL;
	if (!all->tls)
		return true;
	if (!fresh)
		return false;
	SSL_CTX_free(all->tls); /* connections keep theirs */
	all->tls = fresh;
	all->looked_at_us = clock_now_us();
	return true;
}

bool senders_certificate(const struct senders *all, struct certificate_facts *facts)
{
	return all->tls && certificate_describe(all->tls, facts);
}

/* By the clock on the wall: a machine may have slept. */
void senders_watch_certificate(struct senders *all)
{
	uint64_t now = clock_now_us();
	if (!all->tls || now < all->looked_at_us + DAY_US)
		return;
	all->looked_at_us = now;
	certificate_warn_date(all->tls, all->relay->settings.tls_cert);
}

static struct sender *of_silent(struct silent_entry *e)
{
	return e ? (struct sender *)((char *)e - offsetof(struct sender, silent)) : NULL;
}

/* Whether there is room for one more connection, if need be in the place of another. */
static bool make_room(struct senders *all)
{
	struct relay *relay = all->relay;
	bool full = senders_connections(all) >= (size_t)relay->settings.max_connections;
	bool short_of_memory =
	    !memory_takes(&relay->memory, MEMORY_REQUEST, all->tls ? CONNECTION_TLS : CONNECTION, uv_now(relay->loop));
	if (!full && !short_of_memory)
		return true;
	relay->metrics.reached[full ? REACHED_MAX_CONNECTIONS : REACHED_MEMORY_MAX]++;
	struct sender *worst = of_silent(silent_worst(&all->silent));
	if (!worst)
		return false;
	sender_close(worst);
	return true;
}

/* One of an address that has its share goes in the place of that address's oldest. A trusted proxy has everybody's. */
static void keep_to_share(struct sender *s)
{
	size_t count;
	struct sender *oldest = of_silent(silent_oldest_beside(&s->silent, &count));
	if (s->forwarded || !oldest || oldest == s || count <= LIMIT_SILENT_PER_ADDRESS)
		return;
	s->all->relay->metrics.reached[REACHED_SILENT_PER_ADDRESS]++;
	sender_close(oldest);
}

static bool admit(struct senders *all, const struct throttle_address *address, const uint8_t at[16])
{
	struct relay *relay = all->relay;
	const char *why = NULL;
	if (!throttle_may_connect(relay->throttle, address)) {
		/* Of those the address has, one that says nothing makes room for one that may. */
		struct sender *oldest = of_silent(silent_oldest_of(&all->silent, at));
		if (oldest)
			sender_close(oldest);
		if (!throttle_may_connect(relay->throttle, address))
			why = "too many connections of one address";
		relay->metrics.reached[REACHED_MAX_CONNECTIONS_PER_ADDRESS]++;
	}
	if (!why && !make_room(all))
		why = "too many connections, or out of memory";
	if (why) {
		relay->metrics.connections_refused++;
		sender_log_refused(relay, why);
	}
	return !why;
}

void senders_accept(struct senders *all, int fd, const struct sockaddr *from, bool tunnels_only)
{
	int one = 1;
	struct relay *relay = all->relay;
	struct throttle_address address = { .known = false };
	struct peer peer;
	peer_from_sockaddr(&peer, from);
	/* A trusted proxy brings everybody's connections: each counts as its sender's, once that is known. */
	if (!trusted_has(relay->trusted, &peer))
		throttle_address_of(&address, &peer);
	struct sender *s = admit(all, &address, peer.at) ? calloc(1, sizeof *s) : NULL;
	if (!s || uv_poll_init_socket(relay->loop, &s->poll, fd) != 0) {
		free(s);
		close(fd);
		return;
	}
	conn_open(&s->conn, fd);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	s->all = all;
	s->from = peer;
	s->tunnels_only = tunnels_only;
	s->poll.data = s;
	sender_know_peer(s);
	throttle_connected(relay->throttle, &s->address);
	DL_APPEND(all->list, s);
	all->count++;
	sender_begin(s);
	keep_to_share(s);
}

size_t senders_busy(const struct senders *all)
{
	return all->busy;
}

size_t senders_connections(const struct senders *all)
{
	return all->count + all->tunnels;
}

/* ---- the end ---- */

void senders_close(struct senders *all)
{
	while (all->list)
		sender_close(all->list);
	wheel_close(&all->wheel, NULL);
	uv_close((uv_handle_t *)&all->soon, NULL);
	uv_close((uv_handle_t *)&all->handshaking, NULL);
}

void senders_free(struct senders *all)
{
	if (!all)
		return;
	SSL_CTX_free(all->tls);
	silent_free(&all->silent);
	silent_free(&all->handshakes);
	free(all);
}
