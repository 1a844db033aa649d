/* A sender's whole stream of bytes, through its connection (relay/senders) and a registry with one tunnel, whose client
 * is played here: it records each request and answers it. Whether the bytes come at once or in pieces, the client gets
 * the same requests and the sender the same answers. The first byte of the input says how long the pieces are, the
 * second how the client answers. */
#include "relay/common/throttle.h"
#include "relay/links/tunnel_server.h"
#include "relay/names/router.h"
#include "relay/senders/sender.h"
#include "relay/tunnels/connection.h"
#include "relay/registry/registry.h"
#include "relay/streams/stream.h"
#include "shared/http/headers.h"
#include "shared/program/log.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECES_MOST 128 /* each takes some hundred bytes of the socket, which holds them until the head is whole */
#define QUIET_TURNS 4   /* of the loop, in which nothing moves */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum answer_shape { WITH_LENGTH, OF_UNKNOWN_LENGTH, WITH_TRAILERS, BREAKS_OFF, WITHOUT_BODY, SHAPES };

static uv_loop_t loop;
static struct relay relay;
static struct connection connection;
static struct client *client;
static bool is_tunnel; /* the connection went to libwebsockets */

struct exchange_log {
	struct buffer requests, answers;
};

static void check(bool condition)
{
	if (!condition)
		abort();
}

/* In libwebsockets' place. */
void tunnel_server_adopt(struct tunnel_server *s, int fd, bool tls, const struct tunnel_adopted *adopted)
{
	(void)s;
	(void)tls;
	is_tunnel = true;
	close(fd);
	adopted->closed(adopted->user, &adopted->address);
}

static void remove_folder(void)
{
	char path[80];
	snprintf(path, sizeof path, "%s/spool.db", relay.settings.data);
	unlink(path);
	rmdir(relay.settings.data);
}

/* A relay without listeners, whose one client is within its grace: there, without a connection. */
static void begin_relay(void)
{
	static char folder[] = "/tmp/creel-fuzz-XXXXXX";
	static struct throttle_settings unlimited;
	static const struct option_values listen;
	struct join j = { .name = "t", .owner = "", .features = WIRE_FEATURES };
	struct error e;
	bool resumed;
	check(mkdtemp(folder) && uv_loop_init(&loop) == 0);
	log_set_level(LOG_ERROR);
	relay = (struct relay){ .loop = &loop,
				.names = { .public_url = "http://localhost", .listen = &listen },
				.router = router_new(NULL),
				.throttle = throttle_new(&unlimited),
				.settings = { .data = folder,
					      .max_connections = 8,
					      .max_body = 4000,
					      .header_timeout_ms = 3600000,
					      .body_timeout_ms = 3600000,
					      .reply_timeout_ms = 3600000,
					      .resume_grace_ms = 3600000,
					      .spool_max_age_ms = 3600000,
					      .spool_max_bytes = 1u << 20 } };
	check(relay.router && relay.throttle);
	relay.registry = registry_new(&relay, &e);
	relay.senders = senders_new(&relay, &e);
	check(relay.registry && relay.senders);
	atexit(remove_folder);
	connection.relay = &relay;
	client = registry_join(relay.registry, &connection, &j, &resumed);
	check(client != NULL);
	registry_lost(client, true);
}

/* ---- the client ---- */

static void note(struct buffer *b, struct bytes v)
{
	check(buffer_append_bytes(b, v) && buffer_put_u8(b, '\n'));
}

static void note_request(struct buffer *log, struct delivery *d)
{
	struct buffer body = { 0 };
	check(headers_valid(d->request.headers) && headers_valid(buffer_view(&d->trailers)));
	check(spill_read(&d->body, 0, (size_t)spill_len(&d->body), &body));
	note(log, d->request.method);
	note(log, d->request.target);
	note(log, d->request.headers);
	note(log, buffer_view(&body));
	note(log, buffer_view(&d->trailers));
	buffer_free(&body);
}

static void answer(struct stream *st, enum answer_shape shape)
{
	struct wire_response r = { .status = shape == WITHOUT_BODY ? 204 : 200,
				   .reason = bytes_of("Fine"),
				   .headers = bytes_of("X-Of:the app\r\n"),
				   .body_len = WIRE_UNKNOWN_LENGTH,
				   .body = bytes_of(shape == WITHOUT_BODY ? "" : "hello") };
	if (shape == WITH_LENGTH || shape == BREAKS_OFF) {
		r.headers = bytes_of("Content-Length: 10\r\nX-Of:the app\r\n");
		r.body_len = 10;
	}
	st->sent_before = true;
	check(stream_on_recorded(st));
	check(stream_on_response(st, &r, shape == WITHOUT_BODY));
	if (shape == WITH_LENGTH || shape == OF_UNKNOWN_LENGTH)
		check(stream_on_data(st, bytes_of("again"), true));
	else if (shape == WITH_TRAILERS)
		check(stream_on_trailers(st, bytes_of("X-Sum: 1\r\nHost: x\r\n")));
	else if (shape == BREAKS_OFF)
		stream_on_reset(st, WIRE_RESET_APP_ABORTED);
}

/* Answers what came whole. False: nothing did. */
static bool answer_all(struct buffer *log, enum answer_shape shape)
{
	bool any = false;
	for (struct stream *st = client->streams, *next; st; st = next) {
		next = st->hh.next;
		if (st->state != STREAM_OPEN || st->delivery->phase != PHASE_WHOLE)
			continue;
		note_request(log, st->delivery);
		answer(st, shape);
		any = true;
	}
	return any;
}

/* ---- the sender ---- */

/* What of an answer depends on when it is made: the date, and a 100 where the body was not here yet. */
static void append_lasting(struct buffer *out, struct bytes in)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n", date[] = "Date: ";
	for (size_t at = 0; at < in.len;) {
		const uint8_t *lf = memchr(in.at + at, '\n', in.len - at);
		size_t len = lf ? (size_t)(lf - in.at) + 1 - at : in.len - at;
		if (in.len - at >= sizeof interim - 1 && memcmp(in.at + at, interim, sizeof interim - 1) == 0)
			len = sizeof interim - 1;
		else if (len < sizeof date || memcmp(in.at + at, date, sizeof date - 1) != 0)
			check(buffer_append(out, in.at + at, len));
		at += len;
	}
}

/* Runs until nothing moves. `fd`: the sender's end, of which what comes is read. */
static void settle(int fd, struct exchange_log *log, struct buffer *read, enum answer_shape shape)
{
	char piece[65536];
	for (int quiet = 0; quiet < QUIET_TURNS;) {
		uv_run(&loop, UV_RUN_NOWAIT);
		ssize_t n = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
		if (n > 0)
			check(buffer_append(read, piece, (size_t)n));
		quiet = answer_all(&log->requests, shape) || n > 0 ? 0 : quiet + 1;
	}
}

static void close_connection(void)
{
	while (relay.senders->list)
		sender_close(relay.senders->list);
	while (client->streams)
		stream_give_up(client->streams, REFUSE_CLIENT_LOST);
	for (int i = 0; i < QUIET_TURNS; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	check(relay.senders->count == 0 && relay.senders->busy == 0 && relay.senders->tunnels == 0);
	check(relay.metrics.in_flight == 0);
}

static struct exchange_log talk(struct bytes says, size_t piece, enum answer_shape shape)
{
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = 9 };
	struct exchange_log log = { 0 };
	struct buffer read = { 0 };
	int ends[2];
	is_tunnel = false;
	check(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	senders_accept(relay.senders, ends[0], (struct sockaddr *)&from, false);
	check(relay.senders->count == 1);
	while (says.len > 0) {
		size_t n = says.len < piece ? says.len : piece;
		ssize_t sent = send(ends[1], says.at, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		settle(ends[1], &log, &read, shape);
		if (sent <= 0)
			break; /* closed */
		says = bytes_make(says.at + sent, says.len - (size_t)sent);
	}
	shutdown(ends[1], SHUT_WR);
	settle(ends[1], &log, &read, shape);
	close(ends[1]);
	close_connection();
	append_lasting(&log.answers, buffer_view(&read));
	buffer_free(&read);
	return log;
}

static void free_log(struct exchange_log *log)
{
	buffer_free(&log->requests);
	buffer_free(&log->answers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	if (!relay.senders)
		begin_relay();
	struct bytes says = bytes_make(data + 2, size - 2);
	enum answer_shape shape = data[1] % SHAPES;
	struct exchange_log once = talk(says, says.len, shape);
	bool was_tunnel = is_tunnel;
	struct exchange_log pieces = talk(says, 1 + data[0] + says.len / PIECES_MOST, shape);
	check(was_tunnel == is_tunnel);
	check(bytes_equal(buffer_view(&once.requests), buffer_view(&pieces.requests)));
	check(bytes_equal(buffer_view(&once.answers), buffer_view(&pieces.answers)));
	free_log(&once);
	free_log(&pieces);
	return 0;
}
