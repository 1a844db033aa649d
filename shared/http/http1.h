/* HTTP/1.1 heads and bodies, read as they come (RFC 9112), for both ends: what senders ask and what the app answers.
 *
 * Nothing is copied and nothing is allocated, save for trailers: the caller keeps the bytes and everything here is a
 * place in them. Strict where readers differ, since two readings of one message are how a request is smuggled past a
 * proxy: a bare CR or LF, control bytes, odd blanks or a second length are faults in a request. In a response, what RFC
 * 9112 lets a proxy put right is noted and can be put right (http1_repair); the rest is a fault there, too. Unknown
 * methods, 8-bit bytes and blanks inside field lines stay as they came. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

#define HTTP1_HEAD_MOST (64u << 10) /* bytes, from the first of the start line to the blank line's last */
#define HTTP1_FIELDS_MOST 200       /* of a request; an app is bounded by the bytes alone */
#define HTTP1_CHUNK_LINE_MOST 1024  /* a chunk's size with its extensions */

enum http1_fault {
	HTTP1_FINE,
	HTTP1_NOT_HTTP,    /* the first bytes are not those of a start line */
	HTTP1_BAD_START,   /* a request line or status line that is not three parts with one blank between them */
	HTTP1_BAD_METHOD,  /* not a token */
	HTTP1_BAD_TARGET,  /* neither a path nor an absolute http(s) URL, or with bytes that no target has */
	HTTP1_BAD_VERSION, /* HTTP, but neither 1.0 nor 1.1 */
	HTTP1_BAD_LINE_END,
	HTTP1_FOLDED, /* a field that goes on in the next line, in a request (§5.2) */
	HTTP1_BAD_FIELD,
	HTTP1_HEAD_TOO_LARGE,
	HTTP1_TOO_MANY_FIELDS,
	HTTP1_BAD_HOST, /* none in HTTP/1.1, several, or not a host (§3.2) */
	HTTP1_BAD_LENGTH,
	HTTP1_LENGTH_AND_CODING,
	HTTP1_BAD_CODING, /* a transfer coding that is not chunked alone */
	HTTP1_BAD_CHUNK,
	HTTP1_BODY_TOO_LARGE,
	HTTP1_BAD_TRAILER,
	HTTP1_TRAILERS_TOO_LARGE,
	HTTP1_NO_MEMORY, /* for trailers */
	HTTP1_FAULT_COUNT,
};

enum http1_kind { HTTP1_REQUEST, HTTP1_RESPONSE };
enum http1_state { HTTP1_MORE, HTTP1_WHOLE, HTTP1_PIECE, HTTP1_BAD };

/* Places in the bytes that are read, from their first. */
struct http1_span {
	uint32_t at, len;
};

/* A head, as far as it has come. Read its members once http1_head_read said HTTP1_WHOLE. */
struct http1_head {
	enum http1_kind kind;
	enum http1_fault fault;
	size_t size;                      /* of the whole head, with empty lines before it: the body begins here */
	unsigned minor;                   /* HTTP/1.minor */
	struct http1_span method, target; /* of a request */
	int status;                       /* of a response */
	struct http1_span reason;
	struct http1_span block; /* the field lines, each with its CR LF (headers.h) */
	unsigned fields;
	/* What its fields say. */
	struct http1_span host; /* the first Host's value, without blanks around it */
	unsigned hosts, lengths, codings;
	uint64_t length;                            /* Content-Length */
	bool length_bad;                            /* not a number, or several that differ */
	bool chunked;                               /* Transfer-Encoding is chunked and nothing else */
	bool close, keep_alive, connection_upgrade; /* Connection names it */
	bool websocket;                             /* Upgrade: websocket */
	bool expects_continue;                      /* Expect: 100-continue */
	bool folded, spaced;                        /* of a response: http1_repair has something to do */
	/* The reader's own. */
	bool started;
	size_t line, looked;
};

/* To be called before the first byte of a message. */
void http1_head_begin(struct http1_head *h, enum http1_kind kind);
/* Reads on. `in` begins where the message begins and holds all that has come of it: it may move between calls, and
 * grow. MORE, WHOLE, or BAD with h->fault. Each byte is looked at once. */
enum http1_state http1_head_read(struct http1_head *h, struct bytes in);

static inline struct bytes http1_at(struct bytes in, struct http1_span s)
{
	return bytes_make(in.at + s.at, s.len);
}

/* Whether the message's connection may carry another after it (RFC 9112 §9.3). */
bool http1_head_persists(const struct http1_head *h);
/* The opening of a WebSocket as far as a request's head tells (RFC 6455 §4.2.1). */
bool http1_head_asks_for_websocket(const struct http1_head *h, struct bytes in);

/* The path and query of a request's target. Of an absolute-form (§3.2.2) *authority becomes what stands for Host, else
 * it stays empty. Where the URL has no path, `spare` holds the "/" that is put in front. False: out of memory. */
MUST_CHECK bool http1_target(const struct http1_head *h, struct bytes in, struct buffer *spare, struct bytes *target,
			     struct bytes *authority);
/* Appends the block with every Host's value replaced by `authority`; where there is none it comes first. */
MUST_CHECK bool http1_put_host(struct buffer *out, struct bytes block, struct bytes authority);
/* Appends a response's block with folded lines joined by one blank and the blanks before colons left out (RFC 9112
 * §5.1, §5.2). */
MUST_CHECK bool http1_repair(struct buffer *out, struct bytes block);

enum http1_framing { HTTP1_NO_BODY, HTTP1_LENGTH, HTTP1_CHUNKED, HTTP1_UNTIL_CLOSE };

/* A message's body, as far as it has come. */
struct http1_body {
	enum http1_framing framing;
	enum http1_fault fault;
	uint64_t left;  /* of the length, or of the chunk */
	uint64_t total; /* bytes of body so far, framing taken off */
	uint64_t most;
	int chunk; /* enum chunk_state of http1_body.c */
	unsigned line;
	struct buffer trailers; /* field lines; those that a trailer must not carry are left out */
	struct buffer trailer;  /* the line that is coming */
	unsigned fields;
	bool refuses_framing; /* a length or coding among a request's trailers: HTTP1_BAD_TRAILER */
};

/* How the body after a whole head is framed (§6.3). A request's faults: HTTP1_BAD_LENGTH, _LENGTH_AND_CODING,
 * _BAD_CODING, and _BODY_TOO_LARGE when it declares more than `most` (*b is set then all the same). */
enum http1_fault http1_request_body(const struct http1_head *h, uint64_t most, struct http1_body *b);
/* `head_only`: the request's method was HEAD. A coding beside a length wins (§6.3), equal lengths are one. */
enum http1_fault http1_response_body(const struct http1_head *h, bool head_only, struct http1_body *b);
/* Whether the body's end was reached: no further bytes belong to it. */
bool http1_body_is_over(const struct http1_body *b);
/* Takes what it can of `in`: *used bytes. PIECE: *piece (a view into `in`) is body, call again with the rest. MORE: all
 * was used. WHOLE: it ended, the bytes after *used belong to what follows. BAD: b->fault. */
enum http1_state http1_body_read(struct http1_body *b, struct bytes in, size_t *used, struct bytes *piece);
/* The connection ended: WHOLE where that ends the body, else BAD is returned and it is cut. */
enum http1_state http1_body_end(const struct http1_body *b);
void http1_body_free(struct http1_body *b);

/* Framing, routing and authentication fields, and others that RFC 9110 §6.5.1 does not let a trailer carry. */
bool http1_trailer_forbidden(struct bytes name);
