/* Senders' connections, their deadlines, and the daemons that serve them. */
#include "relay/senders/ingress_private.h"

#include "relay/common/throttle.h"
#include "relay/tunnels/delivery_streams.h"
#include "relay/common/trusted.h"
#include "shared/http/headers.h"
#include "shared/program/log.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SWEEP_MS 100
#ifndef POLLRDHUP
#define POLLRDHUP 0 /* there POLLHUP tells it */
#endif

void ingress_set_state(struct sender *s, enum sender_state state, int64_t timeout_ms)
{
	s->in->busy += (state != SENDER_IDLE) - (size_t)(s->state != SENDER_IDLE);
	s->state = state;
	s->deadline = uv_now(s->in->relay->loop) + (uint64_t)timeout_ms;
}

/* ---- connections ---- */

/* A trusted proxy's connection counts for nobody between two requests. */
void ingress_know_peer(struct sender *s)
{
	s->forwarded = trusted_has(s->in->relay->trusted, &s->from);
	peer_format(&s->from, s->peer);
	throttle_address_of(&s->address, &s->from);
	s->address.known &= !s->forwarded;
}

/* MHD 0.9.75 closes on such a line without a word. Its bytes are left to MHD, which ends the connection by them. What
 * comes encrypted, in pieces or on a used connection only MHD sees: there it stays so. */
static void answer_no_request(struct sender *s)
{
	uint8_t start[4096];
	ssize_t n = s->tls ? -1 : recv(s->fd, start, sizeof start, MSG_PEEK | MSG_DONTWAIT);
	if (n > 0 && http_rules_is_no_request(bytes_make(start, (size_t)n)))
		(void)!ingress_write_refusal(s, REFUSE_MALFORMED);
}

static void on_connection(void *cls, struct MHD_Connection *connection, void **socket_context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct ingress *in = cls;
	struct sender *s = *socket_context;
	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		s = calloc(1, sizeof *s);
		if (!s)
			return;
		const union MHD_ConnectionInfo *info =
		    MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
		const union MHD_ConnectionInfo *d = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON);
		s->in = in;
		s->connection = connection;
		s->fd = info ? info->connect_fd : -1;
		s->daemon = in->plain;
		if (d && d->daemon != http_daemon_mhd(in->plain)) {
			s->daemon = in->tls;
			s->tls = true;
		}
		info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
		if (info && info->client_addr)
			peer_from_sockaddr(&s->from, info->client_addr);
		ingress_know_peer(s);
		throttle_connected(in->relay->throttle, &s->address);
		s->next = in->senders;
		s->back = &in->senders;
		if (s->next)
			s->next->back = &s->next;
		in->senders = s;
		in->count++;
		/* It was sniffed: the first request's bytes are there. */
		ingress_set_state(s, SENDER_HEAD, in->relay->settings.header_timeout_ms);
		answer_no_request(s);
		*socket_context = s;
	} else if (s) {
		ingress_set_state(s, SENDER_IDLE, 0);
		throttle_disconnected(in->relay->throttle, &s->address);
		*s->back = s->next;
		if (s->next)
			s->next->back = s->back;
		in->count--;
		free(s);
		*socket_context = NULL;
	}
}

/* Whoever reads anything else may have closed its sending side and still be there (RFC 9112 §9.6). */
static bool is_still_there(const struct sender *s, const struct exchange *x)
{
	struct pollfd p = { .fd = s->fd, .events = POLLRDHUP };
	return !headers_of_event_stream(x->delivery->answer.headers) || poll(&p, 1, 0) == 0;
}

static void expire(struct sender *s)
{
	struct exchange *x = s->exchange;
	uint64_t *reached = s->in->relay->metrics.reached;
	bool told = false;
	s->deadline = UINT64_MAX;
	switch (s->state) {
	case SENDER_WAITING:
		if (x->delivery->spooling > 0) { /* the disk does not answer */
			reached[REACHED_SPOOL_WAIT]++;
			delivery_refuse(x->delivery, REFUSE_SPOOL_FAILED);
			return;
		}
		delivery_on_timeout(x->delivery);
		if (x->delivery->phase == PHASE_WHOLE)
			s->deadline = uv_now(s->in->relay->loop) + UINT64_C(1000) * LIMIT_SPOOL_WAIT;
		return;
	case SENDER_HEAD:
	case SENDER_BODY:
		reached[s->state == SENDER_HEAD ? REACHED_HEADER_TIMEOUT : REACHED_BODY_TIMEOUT]++;
		told = !(x && x->discarding) && ingress_write_refusal(s, REFUSE_SLOW);
		if (x && x->delivery && !x->delivery->body_whole)
			delivery_cut(x->delivery, WIRE_RESET_TRUNCATED, told ? refusal_text(REFUSE_SLOW)->status : 0,
				     "the sender is too slow");
		break;
	case SENDER_ANSWERING:
		if (x && x->suspended && is_still_there(s, x)) {
			s->deadline = uv_now(s->in->relay->loop) + STILL_THERE_MS;
			return;
		}
		if (x)
			x->gone = x->suspended;
		break;
	case SENDER_IDLE:
		reached[REACHED_IDLE]++;
		break;
	}
	shutdown(s->fd, told ? SHUT_RD : SHUT_RDWR);
	if (x && x->suspended) {
		x->suspended = false;
		MHD_resume_connection(s->connection);
	}
	http_daemon_kick(s->daemon);
}

/* A hang-up that came together with the last bytes: MHD 0.9.75 takes a short read for an empty socket and waits for an
 * edge that epoll gave it already. Shutting down what has ended loses nothing and makes a new one. */
static void show_hang_up(struct sender *s)
{
	char byte;
	bool reading = s->state == SENDER_HEAD || s->state == SENDER_BODY;
	if (reading && !(s->exchange && s->exchange->suspended) && recv(s->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		shutdown(s->fd, SHUT_RD);
}

static void on_sweep(uv_timer_t *h)
{
	struct ingress *in = h->data;
	uint64_t now = uv_now(in->relay->loop);
	for (struct sender *s = in->senders, *next; s; s = next) {
		next = s->next;
		if (s->deadline <= now)
			expire(s);
		else
			show_hang_up(s);
	}
	for (size_t i = 0; i < sizeof in->old_tls / sizeof *in->old_tls; i++) {
		if (in->old_tls[i] && http_daemon_connections(in->old_tls[i]) == 0) {
			http_daemon_close(in->old_tls[i], NULL, NULL);
			in->old_tls[i] = NULL;
		}
	}
}

static struct http_daemon *start_daemon(struct ingress *in, const char *cert, const char *key)
{
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | MHD_USE_NO_LISTEN_SOCKET |
			 (cert ? MHD_USE_TLS : 0);
	struct MHD_OptionItem options[] = {
		{ MHD_OPTION_CONNECTION_MEMORY_LIMIT, LIMIT_BOTH_HEADS, NULL },
		{ MHD_OPTION_CONNECTION_LIMIT, (intptr_t)in->relay->settings.max_connections, NULL },
		{ MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)ingress_on_request_line, in },
		{ MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)ingress_on_completed, in },
		{ MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, in },
		{ cert ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END, 0, (void *)(uintptr_t)cert },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_Daemon *mhd =
	    MHD_start_daemon(flags, 0, NULL, NULL, ingress_on_request, in, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
	return mhd ? http_daemon_new(in->relay->loop, mhd) : NULL;
}

static char *read_file(const char *path, struct error *e)
{
	FILE *f = fopen(path, "rb");
	char *text = f ? calloc(1, LIMIT_CERTIFICATE + 1) : NULL;
	if (!text || (fread(text, 1, LIMIT_CERTIFICATE, f) == 0)) {
		error_set(e, EXIT_RELAY, "%s cannot be read: %s", path, f ? "it is empty" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (f)
		fclose(f);
	return text;
}

static struct http_daemon *start_tls(struct ingress *in, struct error *e)
{
	const struct settings *s = &in->relay->settings;
	char *cert = read_file(s->tls_cert, e), *key = cert ? read_file(s->tls_key, e) : NULL;
	/* MHD_stop_daemon is long after: MHD 0.9.75 loads both into GnuTLS at the start and keeps no pointer it reads.
	 */
	struct http_daemon *d = key ? start_daemon(in, cert, key) : NULL;
	if (key && !d)
		error_set(e, EXIT_RELAY,
			  "the certificate %s and key %s cannot be used: are they PEM, and do they belong together?",
			  s->tls_cert, s->tls_key);
	if (key)
		OPENSSL_cleanse(key, strlen(key));
	free(cert);
	free(key);
	return d;
}

struct ingress *ingress_new(struct relay *relay, struct error *e)
{
	struct ingress *in = calloc(1, sizeof *in);
	if (!in) {
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	in->relay = relay;
	uv_timer_init(relay->loop, &in->sweep);
	in->sweep.data = in;
	in->plain = start_daemon(in, NULL, NULL);
	if (!in->plain)
		error_set(e, EXIT_RELAY, "libmicrohttpd cannot start");
	else if (!relay->settings.tls_cert || (in->tls = start_tls(in, e)))
		uv_timer_start(&in->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	if (!uv_is_active((uv_handle_t *)&in->sweep)) {
		ingress_close(in, NULL, NULL);
		return NULL;
	}
	return in;
}

static void refuse_connection(const struct relay *relay)
{
	static const char why[] = "too many connections, or out of memory";
	if (RELAY_LOGS(relay, LOG_WARN, "connection_refused", why))
		log_event(LOG_WARN, "connection_refused", "reason", why, NULL);
}

void ingress_adopt(struct ingress *in, int fd, bool tls, const struct peer *peer)
{
	struct http_daemon *d = tls ? in->tls : in->plain;
	struct sockaddr_storage address;
	socklen_t len = peer_to_sockaddr(peer, &address);
	/* On failure MHD 0.9.75 has closed the socket. */
	if (MHD_add_connection(http_daemon_mhd(d), fd, (struct sockaddr *)&address, len) != MHD_YES)
		refuse_connection(in->relay);
	http_daemon_kick(d);
}

bool ingress_reload(struct ingress *in, struct error *e)
{
	if (!in->tls)
		return true;
	size_t free_place = 0;
	while (free_place < sizeof in->old_tls / sizeof *in->old_tls && in->old_tls[free_place])
		free_place++;
	if (free_place == sizeof in->old_tls / sizeof *in->old_tls)
		return error_set(e, EXIT_RELAY, "too many earlier certificates are still in use: try again later");
	struct http_daemon *fresh = start_tls(in, e);
	if (!fresh)
		return false;
	in->old_tls[free_place] = in->tls;
	in->tls = fresh;
	return true;
}

size_t ingress_busy(const struct ingress *in)
{
	return in->busy;
}

size_t ingress_connections(const struct ingress *in)
{
	return in->count;
}

static void on_part_closed(void *user)
{
	struct ingress *in = user;
	if (--in->closing > 0)
		return;
	void (*closed)(void *user) = in->closed;
	void *closed_user = in->closed_user;
	free(in);
	if (closed)
		closed(closed_user);
}

static void on_sweep_closed(uv_handle_t *h)
{
	on_part_closed(h->data);
}

static void close_daemon(struct ingress *in, struct http_daemon *d)
{
	if (!d)
		return;
	/* MHD_stop_daemon wants no connection suspended. */
	for (struct sender *s = in->senders; s; s = s->next) {
		if (s->daemon == d && s->exchange && s->exchange->passage)
			passage_end(s->exchange->passage);
		if (s->daemon == d && s->exchange && s->exchange->suspended) {
			s->exchange->suspended = false;
			MHD_resume_connection(s->connection);
		}
	}
	in->closing++;
	http_daemon_close(d, on_part_closed, in);
}

void ingress_close(struct ingress *in, void (*closed)(void *user), void *user)
{
	in->closed = closed;
	in->closed_user = user;
	in->closing = 1;
	uv_close((uv_handle_t *)&in->sweep, on_sweep_closed);
	close_daemon(in, in->plain);
	close_daemon(in, in->tls);
	for (size_t i = 0; i < sizeof in->old_tls / sizeof *in->old_tls; i++)
		close_daemon(in, in->old_tls[i]);
}
