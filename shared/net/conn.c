#include "shared/net/conn.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define RECORD_MOST 16384 /* of TLS (RFC 8446 §5.1) */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* there SO_NOSIGPIPE does it */
#endif

void conn_open(struct conn *c, int fd)
{
	*c = (struct conn){ .fd = fd };
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
#ifdef SO_NOSIGPIPE
	int one = 1;
	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
}

static bool begin_tls(struct conn *c, SSL_CTX *ctx)
{
	c->tls = SSL_new(ctx);
	if (!c->tls || SSL_set_fd(c->tls, c->fd) != 1) {
		SSL_free(c->tls);
		c->tls = NULL;
		return false;
	}
	SSL_set_mode(c->tls,
		     SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	return true;
}

bool conn_accept_tls(struct conn *c, SSL_CTX *ctx)
{
	if (!begin_tls(c, ctx))
		return false;
	SSL_set_accept_state(c->tls);
	return true;
}

static bool is_address(const char *host)
{
	uint8_t any[16];
	return inet_pton(AF_INET, host, any) == 1 || inet_pton(AF_INET6, host, any) == 1;
}

bool conn_connect_tls(struct conn *c, SSL_CTX *ctx, const char *host, bool verify)
{
	if (!begin_tls(c, ctx))
		return false;
	SSL_set_connect_state(c->tls);
	X509_VERIFY_PARAM *p = SSL_get0_param(c->tls);
	bool address = is_address(host);
	bool fine = address || SSL_set_tlsext_host_name(c->tls, host) == 1;
	if (verify)
		fine = fine && (address ? X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1
					: X509_VERIFY_PARAM_set1_host(p, host, 0) == 1);
	SSL_set_verify(c->tls, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
	return fine;
}

/* ---- what a call of OpenSSL came to ---- */

/* Alerts of the other end come as reason codes of this size more (openssl's sslerr.h). */
#define ALERT_REASON 1000

static int broken(struct conn *c, struct conn_failure failure)
{
	if (c->failure.kind == CONN_FINE)
		c->failure = failure;
	ERR_clear_error();
	return CONN_BROKEN;
}

static int fail_tls(struct conn *c)
{
	int error = errno;
	unsigned long code = ERR_peek_error();
	int reason = ERR_GET_REASON(code);
	long verify = SSL_get_verify_result(c->tls);
	if (code == 0 && error != 0)
		return broken(c, (struct conn_failure){ .kind = CONN_ERRNO, .error = error });
	if (ERR_GET_LIB(code) == ERR_LIB_SYS)
		return broken(c, (struct conn_failure){ .kind = CONN_ERRNO, .error = reason });
	if (ERR_GET_LIB(code) != ERR_LIB_SSL)
		return broken(c, (struct conn_failure){ .kind = CONN_TLS_OTHER });
	if (reason >= ALERT_REASON)
		return broken(c, (struct conn_failure){ .kind = CONN_TLS_ALERT, .alert = reason - ALERT_REASON });
	if (reason == SSL_R_CERTIFICATE_VERIFY_FAILED)
		return broken(c, (struct conn_failure){ .kind = CONN_TLS_CERT, .verify = verify });
	bool strange = reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST ||
		       reason == SSL_R_HTTPS_PROXY_REQUEST || reason == SSL_R_PACKET_LENGTH_TOO_LONG ||
		       reason == SSL_R_UNKNOWN_PROTOCOL;
	return broken(c, (struct conn_failure){ .kind = strange && !SSL_is_init_finished(c->tls) ? CONN_TLS_NOT_TLS
												 : CONN_TLS_OTHER });
}

/* `needs` is what of the other direction this one waits for. */
static int explain(struct conn *c, int result, bool *needs, int other)
{
	int error = SSL_get_error(c->tls, result);
	*needs = error == other;
	switch (error) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return CONN_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		c->ended = true;
		return CONN_ENDED;
	case SSL_ERROR_SYSCALL:
	case SSL_ERROR_SSL:
		/* A FIN without close_notify: what came before it is whole only where its framing says so. */
		if (error == SSL_ERROR_SYSCALL && errno == 0 && ERR_peek_error() == 0) {
			c->ended = true;
			return CONN_ENDED;
		}
		if (error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
			ERR_clear_error();
			c->ended = true;
			return CONN_ENDED;
		}
		return fail_tls(c);
	default:
		return broken(c, (struct conn_failure){ .kind = CONN_TLS_OTHER });
	}
}

int conn_handshake(struct conn *c)
{
	if (!c->tls || SSL_is_init_finished(c->tls))
		return 1;
	ERR_clear_error();
	errno = 0;
	int n = SSL_do_handshake(c->tls);
	if (n == 1) {
		c->reading_needs_write = false;
		return 1;
	}
	return explain(c, n, &c->reading_needs_write, SSL_ERROR_WANT_WRITE);
}

bool conn_is_in_handshake(const struct conn *c)
{
	return c->tls && SSL_get_state(c->tls) != TLS_ST_BEFORE && !SSL_is_init_finished(c->tls);
}

/* ---- bytes ---- */

static bool is_later(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

ssize_t conn_read(struct conn *c, void *out, size_t most)
{
	if (c->tls) {
		ERR_clear_error();
		errno = 0;
		int n = SSL_read(c->tls, out, most > INT32_MAX ? INT32_MAX : (int)most);
		if (n > 0) {
			c->reading_needs_write = false;
			return n;
		}
		return explain(c, n, &c->reading_needs_write, SSL_ERROR_WANT_WRITE);
	}
	ssize_t n = recv(c->fd, out, most, 0);
	if (n > 0)
		return n;
	if (n == 0) {
		c->ended = true;
		return CONN_ENDED;
	}
	return is_later(errno) ? CONN_AGAIN : broken(c, (struct conn_failure){ .kind = CONN_ERRNO, .error = errno });
}

/* Small pieces go in one record: a copy is cheaper than the peer's reading each of its own. */
static ssize_t write_tls(struct conn *c, const struct iovec *pieces, int count)
{
	uint8_t record[RECORD_MOST];
	const void *at = pieces[0].iov_base;
	size_t len = pieces[0].iov_len;
	if (count > 1 && len < RECORD_MOST) {
		len = 0;
		for (int i = 0; i < count && len < RECORD_MOST; i++) {
			size_t n = pieces[i].iov_len < RECORD_MOST - len ? pieces[i].iov_len : RECORD_MOST - len;
			memcpy(record + len, pieces[i].iov_base, n);
			len += n;
		}
		at = record;
	}
	if (len > RECORD_MOST)
		len = RECORD_MOST;
	ERR_clear_error();
	errno = 0;
	int n = SSL_write(c->tls, at, (int)len);
	if (n > 0) {
		c->writing_needs_read = false;
		return n;
	}
	int result = explain(c, n, &c->writing_needs_read, SSL_ERROR_WANT_READ);
	return result == CONN_ENDED ? broken(c, (struct conn_failure){ .kind = CONN_ERRNO, .error = EPIPE }) : result;
}

ssize_t conn_writev(struct conn *c, const struct iovec *pieces, int count)
{
	while (count > 0 && pieces->iov_len == 0) {
		pieces++;
		count--;
	}
	if (count == 0)
		return 0;
	if (c->tls)
		return write_tls(c, pieces, count);
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)pieces };
	m.msg_iovlen = (__typeof__(m.msg_iovlen))count; /* a size_t with glibc, an int with musl and on macOS */
	ssize_t n = sendmsg(c->fd, &m, MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	return is_later(errno) ? CONN_AGAIN : broken(c, (struct conn_failure){ .kind = CONN_ERRNO, .error = errno });
}

bool conn_has_pending(const struct conn *c)
{
	return c->tls && SSL_has_pending(c->tls);
}

int conn_needs(const struct conn *c, bool reads, bool writes)
{
	int needs = 0;
	if (reads)
		needs |= c->reading_needs_write ? UV_WRITABLE : UV_READABLE;
	if (writes)
		needs |= c->writing_needs_read ? UV_READABLE : UV_WRITABLE;
	return needs;
}

void conn_end_writing(struct conn *c)
{
	if (c->tls && SSL_is_init_finished(c->tls) && c->failure.kind == CONN_FINE) {
		ERR_clear_error();
		SSL_shutdown(c->tls);
	}
	shutdown(c->fd, SHUT_WR);
}

void conn_reset_on_close(struct conn *c)
{
	struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void conn_close(struct conn *c)
{
	SSL_free(c->tls);
	if (c->fd >= 0)
		close(c->fd);
	*c = (struct conn){ .fd = -1 };
}

int conn_release(struct conn *c)
{
	int fd = c->fd;
	SSL_free(c->tls);
	*c = (struct conn){ .fd = -1 };
	return fd;
}
