/* A connected stream socket, plain or under TLS by OpenSSL, behind one set of calls that never block. SIGPIPE is to be
 * ignored by the program: OpenSSL raises it. Whoever owns it polls the descriptor: for what the owner wants, and for
 * conn_needs besides.
 *
 * The descriptor belongs to the conn until conn_close or conn_release. Errors are kept as facts (errno, alert, what the
 * certificate's check found); nobody decides by a library's text. Loop thread. */
#pragma once

#include <openssl/ssl.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "shared/base/bytes.h"

/* Returned in place of a number of bytes. */
#define CONN_AGAIN (-1)  /* nothing now: poll */
#define CONN_ENDED (-2)  /* the other end sends no more: FIN, or a close_notify */
#define CONN_BROKEN (-3) /* conn.failure says how */

enum conn_failure_kind {
	CONN_FINE,
	CONN_ERRNO,       /* .error: ECONNRESET, EPIPE, ETIMEDOUT … */
	CONN_TLS_ALERT,   /* the other end sent alert .alert (RFC 8446 §6) */
	CONN_TLS_CERT,    /* its certificate was refused here: .verify is X509_V_ERR_… */
	CONN_TLS_NOT_TLS, /* what came is not a TLS record */
	CONN_TLS_OTHER,   /* no version or cipher that both know, a broken record, an end without close_notify, … */
};

struct conn_failure {
	enum conn_failure_kind kind;
	int error;   /* errno */
	int alert;   /* of TLS */
	long verify; /* of X509 */
};

struct conn {
	int fd;
	SSL *tls;                                     /* NULL: plain */
	bool reading_needs_write, writing_needs_read; /* TLS's own traffic */
	bool ended;                                   /* CONN_ENDED was said */
	struct conn_failure failure;
};

/* Sets `fd` non-blocking and close-on-exec; takes it. */
void conn_open(struct conn *c, int fd);
/* Goes on under TLS, as the server; OpenSSL keeps its own reference to the context. False: out of memory. */
MUST_CHECK bool conn_accept_tls(struct conn *c, SSL_CTX *ctx);
/* The same as the client. `host` goes into SNI unless it is an address; with `verify` the certificate must be for
 * it. */
MUST_CHECK bool conn_connect_tls(struct conn *c, SSL_CTX *ctx, const char *host, bool verify);
/* 1: done (or plain); CONN_AGAIN, CONN_ENDED, CONN_BROKEN. conn_read and conn_writev do it by themselves, too. */
int conn_handshake(struct conn *c);
/* Whether the handshake has begun and is not over: as a server, the ClientHello was taken. */
bool conn_is_in_handshake(const struct conn *c);

/* At least one byte, or CONN_… */
ssize_t conn_read(struct conn *c, void *out, size_t most);
/* As many bytes as go now, at least one, or CONN_AGAIN or CONN_BROKEN. What was not taken must be offered again, at the
 * beginning of what is offered next, and after CONN_AGAIN no fewer bytes: a record of TLS may have begun with them. */
ssize_t conn_writev(struct conn *c, const struct iovec *pieces, int count);
/* Whether decrypted bytes are waiting: conn_read gives them even if the descriptor stays silent. */
bool conn_has_pending(const struct conn *c);
/* UV_READABLE and UV_WRITABLE as TLS needs them so that the owner's reading (`reads`) and writing (`writes`) go on. */
int conn_needs(const struct conn *c, bool reads, bool writes);

/* Ends sending: close_notify, then FIN. */
void conn_end_writing(struct conn *c);
/* Makes conn_close send RST, which tells the other end that it did not get everything. */
void conn_reset_on_close(struct conn *c);
void conn_close(struct conn *c);
/* Gives the descriptor to the caller without ending TLS; the conn is empty afterwards. */
int conn_release(struct conn *c);
