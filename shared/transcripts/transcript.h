/* A delivery written out, with its request and its last answer, as one value that owns its bytes: what exports write
 * and imports read. Reads and writes the store; one thread at a time. */
#pragma once

#include "shared/disk/spill.h"
#include "shared/redact/redact.h"
#include "shared/store/store_labels.h"

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
	struct store_labels labels; /* the user's note and tags */
	struct message request;

	bool called; /* there was an attempt: the last one's follows */
	uint64_t started_at_us, connect_us, first_byte_us, total_us;
	enum attempt_result result;
	int status; /* 0: no answer came */
	struct buffer url, reason, error;
	struct message response;
};

/* Reads a delivery. *out must have been zeroed, by the caller or by transcript_free. */
MUST_CHECK bool transcript_read(struct store *s, int64_t id, struct transcript *out, struct error *e);
void transcript_free(struct transcript *x);
/* Takes secrets out of the request, and with `answer` out of the answer; sets x->redacted when there were any.
 * Content-Length, Content-Encoding and Content-Type are corrected for what is left of a body. */
MUST_CHECK bool transcript_redact(struct transcript *x, struct redaction *r, bool answer, struct error *e);
/* The base URL it was last sent to, without the delivery's target: "http://localhost:3000". Empty when it was not sent.
 */
struct bytes transcript_base(const struct transcript *x);
/* The same, or the URL it came in by when it was not sent. */
MUST_CHECK bool transcript_append_base(const struct transcript *x, struct buffer *out);
/* Refuses what a file may hold and our own store never does: false and a sentence that names no line. */
MUST_CHECK bool transcript_check(const struct transcript *x, struct error *e);
/* Its bodies once more, as store.h wants large ones; NULL: that body is to be in the database. */
struct transcript_spills {
	const struct spill *request, *response;
};
/* Inserts it as an import, in the caller's transaction, unless its event id is on record (*duplicate). Without an
 * answer it is failed, so that the app is not called for it. Its signature is unknown until it is checked here,
 * whatever the file says. `spills`: NULL for none. */
MUST_CHECK bool transcript_insert(struct store *s, const struct transcript *x, const struct transcript_spills *spills,
				  int64_t *id, bool *duplicate, struct error *e);
