/* A delivery written out, with its request and its last answer, as one value that owns its bytes: what exports write
 * and imports read. Reads and writes the store; one thread at a time. */
#pragma once

#include "shared/redact/redact.h"
#include "shared/store/store.h"

struct transcript {
	int64_t id; /* 0: not in the store */
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	enum delivery_origin origin;
	enum delivery_state state;
	int refused_status;
	bool https, has_body;
	bool redacted; /* secrets were taken out of it, here or before it came */
	struct buffer tunnel, method, target, peer, provider, event_type, signature;
	struct buffer prefix; /* what the relay took off the target's front: part of the URL that some senders sign */
	struct message request;

	bool called; /* there was an attempt: the last one's follows */
	uint64_t started_at_us, connect_us, first_byte_us, total_us;
	enum attempt_result result;
	int status; /* 0: no answer came */
	struct buffer url, reason, error;
	struct message response;
};

/* Zeroed by the caller or by transcript_free. */
MUST_CHECK bool transcript_read(struct store *s, int64_t id, struct transcript *out, struct error *e);
void transcript_free(struct transcript *x);
/* Takes out of the request, and of the answer if `answer`, what redact.h takes; x->redacted when that was something.
 * Content-Length, Content-Encoding and Content-Type are made true of what is left of a body. */
MUST_CHECK bool transcript_redact(struct transcript *x, struct redaction *r, bool answer, struct error *e);
/* Where it was sent the last time, without the delivery's target: "http://localhost:3000". Empty when it was not. */
struct bytes transcript_base(const struct transcript *x);
/* The same, or where it came in when it was not sent. */
MUST_CHECK bool transcript_append_base(const struct transcript *x, struct buffer *out);
/* Checks what a store of ours never holds and a file may: false and a sentence without a place. */
MUST_CHECK bool transcript_check(const struct transcript *x, struct error *e);
/* As origin import, in the caller's transaction, unless its event id is on record (*duplicate); what has no answer is
 * failed, for nothing is to be called for it. Whatever a file says of its signature: that is unknown until it was
 * checked here. */
MUST_CHECK bool transcript_insert(struct store *s, const struct transcript *x, int64_t *id, bool *duplicate,
				  struct error *e);
