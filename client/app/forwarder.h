/* The last stage of a webhook's way: calls the app exactly as the sender did, over connections that are kept (HTTP/1.1,
 * RFC 9112), and hands the answer back piece by piece as it came. Used by `listen` and `replay`.
 *
 * Only the targets named on the command line are called; every resolved address is checked at connect and must be
 * loopback unless allow_remote_target. Loop thread only. */
#pragma once

#include <uv.h>

#include "client/reason/reason.h"
#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/options/options.h"
#include "shared/disk/spill.h"
#include "shared/store/store.h"

struct forwarder;
struct secret_gate;
struct forward;

struct forward_options {
	int64_t timeout_ms;         /* for the whole call (but see `live`), default 30 s */
	int64_t wait_for_target_ms; /* tries again this long while the connection is refused, default 5 s */
	const char *host_header;    /* "rewrite" (default), "preserve", or the value itself */
	const struct option_values *extra_headers; /* "K: V" of -H: replace fields of that name, or NULL */
	bool no_forwarded;                         /* leave out X-Forwarded-* and Creel-* */
	bool allow_remote_target;
	bool insecure;                  /* https target with any certificate; loopback only */
	const struct secret_gate *gate; /* takes secrets out of failures' sentences; or NULL */
	const char *ca;                 /* issuers trusted beside the system's, PEM; or NULL */
};

/* Views must live until on_done. */
struct forward_request {
	uint8_t event_id[UUID_LEN];
	int attempt; /* 1, 2, …: Creel-Attempt */
	bool https, has_body;
	bool forwarded; /* its X-Forwarded-… are those of a proxy that the relay trusts, and pass as they are */
	bool replayed;  /* an event of its own: no Creel-Via of the one before */
	bool once;      /* no wait for an app that is not there */
	bool live;      /* the answer is read as it comes: timeout_ms is for its head and for a silence in its body */
	bool upgrade;   /* Connection and Upgrade go along; after 101 bytes go both ways (on_upgraded, on_upload) */
	struct bytes peer, method, target, headers, trailers, body;
	const struct spill *spilled; /* not NULL: all of it is the body, and body is empty */
};

struct forward_result {
	enum attempt_result result;
	int status;         /* 0: none came */
	char error[300];    /* a sentence unless ATTEMPT_OK */
	enum reason reason; /* what that says; REASON_NONE for ATTEMPT_OK */
	const char *detail; /* struct facts' of it, or NULL; until on_done returns */
	const char *url;    /* the URL that was called */
	uint64_t started_at_us, connect_us, first_byte_us, total_us;
};

struct forward_ops {
	/* The answer's status line and headers (1xx skipped); body_len is WIRE_UNKNOWN_LENGTH when not declared. */
	void (*on_head)(void *user, int status, struct bytes reason, struct bytes headers, uint64_t body_len);
	/* The answer's first bytes as they came, where on_head does not say it all: it could not be used, and on_done
	 * follows; or fields of its head were put right for on_head, which follows. May be NULL. */
	void (*on_raw)(void *user, struct bytes raw);
	/* A piece of the body, borrowed. Return false to pause: the same piece comes again after forward_resume. */
	bool (*on_body)(void *user, struct bytes piece);
	/* Last call; the forward is freed after it. */
	void (*on_done)(void *user, const struct forward_result *result);
	/* Nobody listens there, and it is tried again for a while; at most once a call. May be NULL. */
	void (*on_refused)(void *user);
	/* For an upgrade only: the app answered 101, which on_head has reported. What is known of the call so far.
	 * There is no time limit any more; on_done comes when the connection ends. */
	void (*on_upgraded)(void *user, const struct forward_result *so_far);
	/* Bytes for the app, at most `most` into `out`; 0: none now, forward_feed says when. Asked for when those
	 * before have left. */
	size_t (*on_upload)(void *user, void *out, size_t most);
	/* The fields after a chunked answer's last chunk, before on_done. May be NULL. */
	void (*on_trailers)(void *user, struct bytes trailers);
};

/* The target in "/path=TARGET" or "FILTER=TARGET", as a pointer into `route`; NULL when it has another form. */
const char *forward_route_target(const char *route);
/* "3000", "localhost:3000", "http://localhost:3000/base", "https://…", "unix:/run/app.sock" to a normal base URL (the
 * caller frees). Unless `allow_remote` the host must be this machine: localhost, a loopback address, or a name all of
 * whose addresses are loopback, which is looked up here (it may block for seconds) and checked again at each connect.
 * NULL and EXIT_USAGE. */
char *forward_parse_target(const char *text, bool allow_remote, struct error *e);
/* A target that somebody else's file may name: localhost or a loopback address as it is written, no name that has to be
 * looked up, and no unix socket, because daemons that listen there trust every caller. */
bool forward_target_is_harmless(const char *text);
/* The URL of a call, which the attempt has on record: the base and the sender's target (the caller frees). NULL: out of
 * memory. */
char *forward_url(const char *base, struct bytes target);

/* Whether a URL's host is this machine by how it is spelled: localhost, a loopback address, or a unix socket. */
bool forward_url_is_local(struct bytes url);
/* The same, but a name is also looked up now (it may block for seconds). */
bool forward_url_leads_here(struct bytes url);

struct forwarder *forwarder_new(uv_loop_t *loop, const struct forward_options *options, struct error *e);
/* All forwards must be done or cancelled; handles close on the loop, then `closed` (may be NULL). */
void forwarder_close(struct forwarder *f, void (*closed)(void *user), void *user);

/* `base_url` from forward_parse_target. NULL and *e when out of memory or a header cannot be sent. */
struct forward *forward_start(struct forwarder *f, const char *base_url, const struct forward_request *request,
			      const struct forward_ops *ops, void *user, struct error *e);
/* Goes on after on_body returned false; the same piece comes again. */
void forward_resume(struct forward *f);
/* To be called when nobody reads the answer any more: the rest of it must come within timeout_ms. */
void forward_unheard(struct forward *f);
/* Whether its answer has begun and is an event stream, which goes on until somebody ends it. */
bool forward_is_event_stream(const struct forward *f);
/* To be called when there are bytes for on_upload. */
void forward_feed(struct forward *f);
/* Closes the connection of an upgrade or an event stream; on_done comes with ATTEMPT_OK before this returns. Not from
 * within a callback.
 */
void forward_hang_up(struct forward *f);
/* Ends the call; on_done comes with ATTEMPT_CANCELLED before this returns. */
void forward_cancel(struct forward *f);
