/* The frames of creel.v1: types, flags and codes, and a codec for each payload. shared/PROTOCOL.md says what each means
 * and when it is sent.
 *
 * Encoders append one whole frame to a buffer; decoders give views into the bytes they are given. A decoder checks
 * every length and rejects what does not fit. Bytes after the known fields of a payload are ignored, so that later
 * versions can append fields (except where a body takes the rest). Pure; any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/uuid.h"

#define WIRE_VERSION 1
#define WIRE_SUBPROTOCOL "creel.v1"
#define WIRE_ALPN "creel/1"
#define WIRE_PATH "/_creel/tunnel"
#define WIRE_HEADER_LEN 16
#define WIRE_MAX_PAYLOAD (2u << 20) /* a larger frame is malformed */
#define WIRE_INLINE_BODY (1u << 20) /* a body up to this size travels inside REQUEST */
#define WIRE_DATA_CHUNK (64u << 10) /* the most body bytes a sender puts in one DATA frame */
#define WIRE_STREAM_WINDOW (256u << 10)
#define WIRE_LINK_WINDOW (4u << 20)
#define WIRE_MAX_HEADER_BLOCK (64u << 10)
#define WIRE_NONCE_LEN 16
#define WIRE_UNKNOWN_LENGTH UINT64_MAX

enum wire_type {
#define WIRE_TYPE(number, name, client, relay, stream, time) WIRE_##name = (number),
#include "shared/wire/wire_types.def"
	WIRE_TYPES, /* one above the last of this version */
};

enum wire_flag {
	WIRE_END = 1,      /* REQUEST, DATA, RESPONSE, SEALED: the last frame of this direction of the stream */
	WIRE_TRAILERS = 2, /* DATA: the payload is a block of trailer fields, not body; always with END */
	WIRE_SPOOLED = 4,  /* REQUEST: from the spool; no sender waits for the answer */
	WIRE_REFUSED = 8,  /* REQUEST: the relay has answered already (status in refused_status); only to be recorded */
	WIRE_UPGRADE = 16, /* REQUEST, with END: the sender asks for a WebSocket; after 101 DATA goes both ways */
};

/* HELLO, WELCOME: what an end can do beyond the first edition. */
enum wire_feature {
	WIRE_FEATURE_UPGRADE = 1, /* REQUEST with UPGRADE may be sent */
	WIRE_FEATURE_EXACT = 2,   /* header blocks with any blanks around values; an answer may have trailers */
	WIRE_FEATURE_PROBE = 4,   /* of a relay: it takes a probe with a wanted name for a question */
};
#define WIRE_FEATURES (WIRE_FEATURE_UPGRADE | WIRE_FEATURE_EXACT) /* of this version, at both ends */

enum wire_reset {
	WIRE_RESET_CANCEL = 1,      /* the sender hung up or its time ran out: nobody waits for the answer any more */
	WIRE_RESET_TRUNCATED = 2,   /* the request body will not come whole */
	WIRE_RESET_TOO_LARGE = 3,   /* the body passed the relay's limit, the sender got 413 */
	WIRE_RESET_STORE = 4,       /* client: could not record it; the relay keeps the delivery */
	WIRE_RESET_APP_ABORTED = 5, /* client: the app broke off in the middle of its answer */
	WIRE_RESET_PROTOCOL = 6,
};

enum wire_notice {
	WIRE_NOTICE_UNAUTHORIZED = 1,
	WIRE_NOTICE_NAME_TAKEN = 2,
	WIRE_NOTICE_BAD_NAME = 3,
	WIRE_NOTICE_REPLACED = 4, /* a newer client of the same owner took the name: stop */
	WIRE_NOTICE_VERSION = 5,
	WIRE_NOTICE_LIMIT = 6,
	WIRE_NOTICE_GAP = 7, /* `number` deliveries expired in the spool */
	WIRE_NOTICE_QUOTA = 8,
	WIRE_NOTICE_PROTOCOL = 9,
	WIRE_NOTICE_SHUTDOWN = 10,       /* in GOAWAY: the relay is ending, reconnect */
	WIRE_NOTICE_NAMES = 11,          /* the token owns as many names as it may: stop */
	WIRE_NOTICE_NAME_FORBIDDEN = 12, /* the token is for other names: stop */
};

enum wire_option {
	WIRE_OPTION_SHARE = 1,         /* several clients may hold this tunnel */
	WIRE_OPTION_ACK_IMMEDIATE = 2, /* answer 202 at once, deliver through the spool */
	WIRE_OPTION_OFFLINE_FAIL = 4,  /* do not queue while the client is away */
	WIRE_OPTION_PROBE = 8, /* forget the name that the relay makes when the connection ends, queue nothing for it */
};

struct wire_frame {
	uint8_t type;
	uint8_t flags;
	uint64_t stream;
	struct bytes payload;
};

/* struct wire_hello, struct wire_note: the payloads that are rows. */
#define WIRE_FIELD_u8 uint8_t
#define WIRE_FIELD_u16 uint16_t
#define WIRE_FIELD_u32 uint32_t
#define WIRE_FIELD_u64 uint64_t
#define WIRE_FIELD_bytes16 struct bytes
#define WIRE_FIELD_bytes32 struct bytes
#define WIRE_FIELD(kind, name) WIRE_FIELD_##kind name;
#define WIRE_PAYLOAD(name, fields)                                                                                     \
	struct wire_##name {                                                                                           \
		fields                                                                                                 \
	};
#include "shared/wire/wire_types.def"

struct wire_welcome {
	uint16_t version;
	uint32_t features;
	uint32_t ping_interval_ms;
	uint32_t reply_timeout_ms;
	uint64_t max_body;
	struct bytes relay_version;
	struct bytes tunnel;
	struct bytes public_url;  /* no slash at its end */
	struct bytes nonce;       /* 16 bytes */
	uint32_t resume_grace_ms; /* how long both ends keep the streams of a lost connection */
	bool resumed;             /* the streams of the last connection go on; RESUME frames follow */
};

struct wire_request {
	uint8_t event_id[UUID_LEN];
	uint64_t received_at_us;
	uint64_t body_len;       /* as declared; WIRE_UNKNOWN_LENGTH when chunked */
	uint16_t refused_status; /* with WIRE_REFUSED, else 0 */
	bool has_body;           /* the sender framed a body, be it of length 0 (Content-Length or chunked) */
	bool https;
	bool forwarded;    /* the X-Forwarded-… among the headers are those of a proxy that the relay trusts */
	struct bytes peer; /* the sender's address and port, text; "192.0.2.1" or "[2001:db8::1]" without a port */
	struct bytes method;
	struct bytes target;  /* raw, without the tunnel's own prefix */
	struct bytes prefix;  /* what the relay took off the target's front ("/k3f9"), or empty */
	struct bytes headers; /* shared/http/headers.h block */
	struct bytes body;    /* the rest of the payload: the whole body with WIRE_END, else its beginning */
};

struct wire_response {
	uint16_t status;
	uint64_t body_len; /* WIRE_UNKNOWN_LENGTH when the app did not say */
	struct bytes reason;
	struct bytes headers;
	struct bytes body; /* the rest, as in REQUEST */
};

/* What the relay holds of one stream after a resumption. With stream 0: the list is over. */
struct wire_resume {
	uint8_t event_id[UUID_LEN];
	bool recorded;      /* it got RECORDED; otherwise it sends the request again */
	bool head;          /* it got RESPONSE */
	uint64_t body_seen; /* bytes of the answer's body it got: the client goes on there */
};

enum wire_result { WIRE_OK, WIRE_MORE, WIRE_MALFORMED };

/* Decodes the first frame of `in`: WIRE_OK and its length in *used; WIRE_MORE when it is not whole; WIRE_MALFORMED when
 * its payload is longer than WIRE_MAX_PAYLOAD or its reserved field is not 0. Unknown types are WIRE_OK, for the caller
 * to skip (wire_place.h). */
enum wire_result wire_decode_frame(struct bytes in, struct wire_frame *out, size_t *used);

/* Each decodes one payload; false when a field does not fit or breaks the protocol's rules. */
MUST_CHECK bool wire_decode_welcome(struct bytes payload, struct wire_welcome *out);
MUST_CHECK bool wire_decode_request(struct bytes payload, struct wire_request *out);
MUST_CHECK bool wire_decode_response(struct bytes payload, struct wire_response *out);
MUST_CHECK bool wire_decode_event_id(struct bytes payload, uint8_t out[UUID_LEN]); /* RECORDED, DONE */
MUST_CHECK bool wire_decode_reset(struct bytes payload, uint32_t *code, struct bytes *reason);
MUST_CHECK bool wire_decode_window(struct bytes payload, uint32_t *credit);
MUST_CHECK bool wire_decode_resume(struct bytes payload, struct wire_resume *out);

/* Each appends one frame; false when out of memory or a field is too long for its length (nothing is appended). */
MUST_CHECK bool wire_encode_welcome(struct buffer *out, const struct wire_welcome *v);
MUST_CHECK bool wire_encode_request(struct buffer *out, uint64_t stream, uint8_t flags, const struct wire_request *v);
MUST_CHECK bool wire_encode_response(struct buffer *out, uint64_t stream, uint8_t flags, const struct wire_response *v);
MUST_CHECK bool wire_encode_data(struct buffer *out, uint64_t stream, uint8_t flags, struct bytes body);
MUST_CHECK bool wire_encode_event_id(struct buffer *out, enum wire_type type, uint64_t stream,
				     const uint8_t id[UUID_LEN]);
MUST_CHECK bool wire_encode_reset(struct buffer *out, uint64_t stream, uint32_t code, struct bytes reason);
MUST_CHECK bool wire_encode_sealed(struct buffer *out, uint64_t stream, uint8_t flags, struct bytes piece);
MUST_CHECK bool wire_encode_resume(struct buffer *out, uint64_t stream, const struct wire_resume *v);
MUST_CHECK bool wire_encode_window(struct buffer *out, uint64_t stream, uint32_t credit);

/* The same for the payloads that are rows: wire_decode_hello, wire_encode_note … */
#define WIRE_PAYLOAD(name, fields)                                                                                     \
	MUST_CHECK bool wire_decode_##name(struct bytes payload, struct wire_##name *out);                             \
	MUST_CHECK bool wire_encode_##name(struct buffer *out, enum wire_type type, uint64_t stream,                   \
					   const struct wire_##name *v);
#include "shared/wire/wire_types.def"
