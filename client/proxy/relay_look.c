#include "client/proxy/relay_look.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define STEP_MS 1000
#define GREETING_MS 200 /* a server that speaks first does it at once */

static bool is_ready(int fd, short events, int most_ms)
{
	struct pollfd p = { .fd = fd, .events = events };
	return poll(&p, 1, most_ms) > 0;
}

static int dial(const struct addrinfo *to)
{
	int error = 0, fd = socket(to->ai_family, SOCK_STREAM, 0);
	socklen_t len = sizeof error;
	if (fd < 0)
		return -1;
	bool fine = fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
		    (connect(fd, to->ai_addr, to->ai_addrlen) == 0 || errno == EINPROGRESS) &&
		    is_ready(fd, POLLOUT, STEP_MS) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 &&
		    error == 0;
	if (fine)
		return fd;
	close(fd);
	return -1;
}

/* What it says by itself, or to a question that every web server answers. */
static ssize_t hear(int fd, uint8_t *out, size_t most)
{
	static const char question[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	if (is_ready(fd, POLLIN, GREETING_MS))
		return recv(fd, out, most, 0);
	if (send(fd, question, sizeof question - 1, 0) < 0 || !is_ready(fd, POLLIN, STEP_MS))
		return -1;
	return recv(fd, out, most, 0);
}

/* Whether the other end answers a handshake by one, or by an alert. */
static bool speaks_tls(int fd)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *tls = ctx ? SSL_new(ctx) : NULL;
	bool speaks = false, goes_on = tls && SSL_set_fd(tls, fd) == 1;
	while (goes_on) {
		ERR_clear_error();
		int done = SSL_connect(tls), why = SSL_get_error(tls, done);
		unsigned long error = ERR_peek_error();
		speaks = done == 1 || (why == SSL_ERROR_SSL && ERR_GET_LIB(error) == ERR_LIB_SSL &&
				       ERR_GET_REASON(error) >= SSL_AD_REASON_OFFSET);
		goes_on = (why == SSL_ERROR_WANT_READ && is_ready(fd, POLLIN, STEP_MS)) ||
			  (why == SSL_ERROR_WANT_WRITE && is_ready(fd, POLLOUT, STEP_MS));
	}
	ERR_clear_error();
	SSL_free(tls);
	SSL_CTX_free(ctx);
	return speaks;
}

/* Whether it greets as RFC 1928 §3 has it. */
static bool speaks_socks(int fd)
{
	static const uint8_t greeting[] = { 5, 1, 0 };
	uint8_t said[2];
	return send(fd, greeting, sizeof greeting, 0) == (ssize_t)sizeof greeting && is_ready(fd, POLLIN, STEP_MS) &&
	       recv(fd, said, sizeof said, 0) == (ssize_t)sizeof said && said[0] == 5;
}

static bool ask(const struct addrinfo *to, bool (*speaks)(int fd))
{
	int fd = dial(to);
	bool does = fd >= 0 && speaks(fd);
	if (fd >= 0)
		close(fd);
	return does;
}

static enum relay_look look_at(const struct addrinfo *to, char shown[FIRST_BYTES_SHOWN])
{
	uint8_t bytes[64];
	int fd = dial(to);
	if (fd < 0)
		return RELAY_LOOK_NOTHING;
	ssize_t n = hear(fd, bytes, sizeof bytes);
	close(fd);
	if (n > 0) {
		struct bytes said = bytes_make(bytes, (size_t)n);
		first_bytes_show(said, shown);
		switch (first_bytes_kind(said)) {
		case FIRST_BYTES_HTTP:
			return RELAY_LOOK_HTTP;
		case FIRST_BYTES_HTTP2:
			return RELAY_LOOK_HTTP2;
		case FIRST_BYTES_TLS:
			return RELAY_LOOK_TLS;
		case FIRST_BYTES_OTHER:
			return RELAY_LOOK_OTHER;
		}
	}
	return ask(to, speaks_tls) ? RELAY_LOOK_TLS : ask(to, speaks_socks) ? RELAY_LOOK_SOCKS : RELAY_LOOK_NOTHING;
}

enum relay_look relay_look(const char *host, int port, char shown[FIRST_BYTES_SHOWN])
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *found = NULL;
	char service[8];
	snprintf(service, sizeof service, "%d", port);
	*shown = 0;
	if (getaddrinfo(host, service, &hints, &found) != 0)
		return RELAY_LOOK_NOTHING;
	enum relay_look seen = look_at(found, shown);
	freeaddrinfo(found);
	return seen;
}
