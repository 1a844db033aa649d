/* The codec of creel.v1: see wire.h and PROTOCOL.md. */
#include "shared/wire/wire.h"

#include "shared/base/reader.h"
#include "shared/http/headers.h"

#include <string.h>

#define REQUEST_HAS_BODY 1
#define REQUEST_HTTPS 2
#define REQUEST_FORWARDED 4
#define WELCOME_RESUMED 1
#define RESUME_RECORDED 1
#define RESUME_HEAD 2
#define MAX_HEADER_BLOCK                                                                                               \
	(WIRE_MAX_HEADER_BLOCK + (16u << 10)) /* 64 KiB as senders count, and a blank added to each line */
#define MAX_TARGET (64u << 10)

enum wire_result wire_decode_frame(struct bytes in, struct wire_frame *out, size_t *used)
{
	if (in.len < WIRE_HEADER_LEN)
		return WIRE_MORE;
	uint32_t len = bytes_get_u32(in.at);
	if (len > WIRE_MAX_PAYLOAD || bytes_get_u16(in.at + 6) != 0)
		return WIRE_MALFORMED;
	if (in.len - WIRE_HEADER_LEN < len)
		return WIRE_MORE;
	out->type = in.at[4];
	out->flags = in.at[5];
	out->stream = bytes_get_u64(in.at + 8);
	out->payload = bytes_make(in.at + WIRE_HEADER_LEN, len);
	*used = WIRE_HEADER_LEN + (size_t)len;
	return WIRE_OK;
}

bool wire_decode_welcome(struct bytes payload, struct wire_welcome *out)
{
	struct reader r = reader_of(payload);
	out->version = reader_u16(&r);
	out->features = reader_u32(&r);
	out->ping_interval_ms = reader_u32(&r);
	out->reply_timeout_ms = reader_u32(&r);
	out->max_body = reader_u64(&r);
	out->relay_version = reader_bytes16(&r);
	out->tunnel = reader_bytes16(&r);
	out->public_url = reader_bytes16(&r);
	out->nonce = reader_bytes16(&r);
	bool known = r.left > 0; /* relays before resumption end here */
	out->resume_grace_ms = known ? reader_u32(&r) : 0;
	out->resumed = known && (reader_u8(&r) & WELCOME_RESUMED);
	return !r.bad && out->nonce.len == WIRE_NONCE_LEN;
}

static bool is_visible(struct bytes text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] <= 0x20 || text.at[i] == 0x7f)
			return false;
	return true;
}

bool wire_decode_request(struct bytes payload, struct wire_request *out)
{
	struct reader r = reader_of(payload);
	struct bytes id = reader_bytes(&r, UUID_LEN);
	out->received_at_us = reader_u64(&r);
	out->body_len = reader_u64(&r);
	out->refused_status = reader_u16(&r);
	uint8_t bits = reader_u8(&r);
	out->has_body = bits & REQUEST_HAS_BODY;
	out->https = bits & REQUEST_HTTPS;
	out->forwarded = bits & REQUEST_FORWARDED;
	out->peer = reader_bytes16(&r);
	out->method = reader_bytes16(&r);
	out->target = reader_bytes32(&r);
	out->prefix = reader_bytes16(&r);
	out->headers = reader_bytes32(&r);
	out->body = reader_rest(&r);
	if (r.bad)
		return false;
	memcpy(out->event_id, id.at, UUID_LEN);
	/* A path, and not an absolute URL or an authority, which an app that is a proxy would go to. */
	return headers_name_valid(out->method) && out->target.len > 0 && out->target.len <= MAX_TARGET &&
	       out->target.at[0] == '/' && out->refused_status <= 999 && is_visible(out->target) &&
	       is_visible(out->prefix) && is_visible(out->peer) && out->headers.len <= MAX_HEADER_BLOCK &&
	       headers_valid(out->headers);
}

bool wire_decode_response(struct bytes payload, struct wire_response *out)
{
	struct reader r = reader_of(payload);
	out->status = reader_u16(&r);
	out->body_len = reader_u64(&r);
	out->reason = reader_bytes16(&r);
	out->headers = reader_bytes32(&r);
	out->body = reader_rest(&r);
	return !r.bad && (out->status == 101 || out->status >= 200) && out->status <= 999 &&
	       headers_value_valid(out->reason) && headers_valid(out->headers);
}

bool wire_decode_event_id(struct bytes payload, uint8_t out[UUID_LEN])
{
	if (payload.len < UUID_LEN)
		return false;
	memcpy(out, payload.at, UUID_LEN);
	return true;
}

bool wire_decode_reset(struct bytes payload, uint32_t *code, struct bytes *reason)
{
	struct reader r = reader_of(payload);
	*code = reader_u32(&r);
	*reason = reader_bytes16(&r);
	return !r.bad;
}

bool wire_decode_window(struct bytes payload, uint32_t *credit)
{
	struct reader r = reader_of(payload);
	*credit = reader_u32(&r);
	return !r.bad && *credit > 0;
}

bool wire_decode_resume(struct bytes payload, struct wire_resume *out)
{
	struct reader r = reader_of(payload);
	struct bytes id = reader_bytes(&r, UUID_LEN);
	uint8_t bits = reader_u8(&r);
	out->recorded = bits & RESUME_RECORDED;
	out->head = bits & RESUME_HEAD;
	out->body_seen = reader_u64(&r);
	if (r.bad)
		return false;
	memcpy(out->event_id, id.at, UUID_LEN);
	return (out->recorded || !out->head) && (out->head || out->body_seen == 0);
}

/* A frame under construction. When something does not fit or cannot be allocated it has failed, and all of it is taken
 * back. */
struct builder {
	struct buffer *out;
	size_t start;
	bool failed;
};

static struct builder begin(struct buffer *out, enum wire_type type, uint8_t flags, uint64_t stream)
{
	struct builder b = { out, out->len, false };
	uint8_t header[WIRE_HEADER_LEN] = { 0 };
	header[4] = (uint8_t)type;
	header[5] = flags;
	bytes_set_u64(header + 8, stream);
	b.failed = !buffer_append(out, header, sizeof header);
	return b;
}

static void add(struct builder *b, struct bytes v)
{
	b->failed = b->failed || !buffer_append_bytes(b->out, v);
}

static void add_u8(struct builder *b, uint8_t v)
{
	b->failed = b->failed || !buffer_put_u8(b->out, v);
}

static void add_u16(struct builder *b, uint16_t v)
{
	b->failed = b->failed || !buffer_put_u16(b->out, v);
}

static void add_u32(struct builder *b, uint32_t v)
{
	b->failed = b->failed || !buffer_put_u32(b->out, v);
}

static void add_u64(struct builder *b, uint64_t v)
{
	b->failed = b->failed || !buffer_put_u64(b->out, v);
}

static void add_bytes16(struct builder *b, struct bytes v)
{
	if (v.len > UINT16_MAX)
		b->failed = true;
	add_u16(b, (uint16_t)v.len);
	add(b, v);
}

static void add_bytes32(struct builder *b, struct bytes v)
{
	if (v.len > WIRE_MAX_PAYLOAD)
		b->failed = true;
	add_u32(b, (uint32_t)v.len);
	add(b, v);
}

static bool finish(struct builder *b)
{
	size_t len = b->failed ? 0 : b->out->len - b->start - WIRE_HEADER_LEN;
	if (b->failed || len > WIRE_MAX_PAYLOAD) {
		b->out->len = b->start;
		return false;
	}
	bytes_set_u32(b->out->at + b->start, (uint32_t)len);
	return true;
}

bool wire_encode_welcome(struct buffer *out, const struct wire_welcome *v)
{
	struct builder b = begin(out, WIRE_WELCOME, 0, 0);
	add_u16(&b, v->version);
	add_u32(&b, v->features);
	add_u32(&b, v->ping_interval_ms);
	add_u32(&b, v->reply_timeout_ms);
	add_u64(&b, v->max_body);
	add_bytes16(&b, v->relay_version);
	add_bytes16(&b, v->tunnel);
	add_bytes16(&b, v->public_url);
	add_bytes16(&b, v->nonce);
	add_u32(&b, v->resume_grace_ms);
	add_u8(&b, v->resumed ? WELCOME_RESUMED : 0);
	return finish(&b);
}

bool wire_encode_request(struct buffer *out, uint64_t stream, uint8_t flags, const struct wire_request *v)
{
	struct builder b = begin(out, WIRE_REQUEST, flags, stream);
	add(&b, bytes_make(v->event_id, UUID_LEN));
	add_u64(&b, v->received_at_us);
	add_u64(&b, v->body_len);
	add_u16(&b, v->refused_status);
	add_u8(&b, (uint8_t)((v->has_body ? REQUEST_HAS_BODY : 0) | (v->https ? REQUEST_HTTPS : 0) |
			     (v->forwarded ? REQUEST_FORWARDED : 0)));
	add_bytes16(&b, v->peer);
	add_bytes16(&b, v->method);
	add_bytes32(&b, v->target);
	add_bytes16(&b, v->prefix);
	add_bytes32(&b, v->headers);
	add(&b, v->body);
	return finish(&b);
}

bool wire_encode_response(struct buffer *out, uint64_t stream, uint8_t flags, const struct wire_response *v)
{
	struct builder b = begin(out, WIRE_RESPONSE, flags, stream);
	add_u16(&b, v->status);
	add_u64(&b, v->body_len);
	add_bytes16(&b, v->reason);
	add_bytes32(&b, v->headers);
	add(&b, v->body);
	return finish(&b);
}

bool wire_encode_data(struct buffer *out, uint64_t stream, uint8_t flags, struct bytes body)
{
	struct builder b = begin(out, WIRE_DATA, flags, stream);
	add(&b, body);
	return finish(&b);
}

bool wire_encode_sealed(struct buffer *out, uint64_t stream, uint8_t flags, struct bytes piece)
{
	struct builder b = begin(out, WIRE_SEALED, flags, stream);
	add(&b, piece);
	return finish(&b);
}

bool wire_encode_resume(struct buffer *out, uint64_t stream, const struct wire_resume *v)
{
	struct builder b = begin(out, WIRE_RESUME, 0, stream);
	add(&b, bytes_make(v->event_id, UUID_LEN));
	add_u8(&b, (uint8_t)((v->recorded ? RESUME_RECORDED : 0) | (v->head ? RESUME_HEAD : 0)));
	add_u64(&b, v->body_seen);
	return finish(&b);
}

bool wire_encode_event_id(struct buffer *out, enum wire_type type, uint64_t stream, const uint8_t id[UUID_LEN])
{
	struct builder b = begin(out, type, 0, stream);
	add(&b, bytes_make(id, UUID_LEN));
	return finish(&b);
}

bool wire_encode_reset(struct buffer *out, uint64_t stream, uint32_t code, struct bytes reason)
{
	struct builder b = begin(out, WIRE_RESET, 0, stream);
	add_u32(&b, code);
	add_bytes16(&b, reason);
	return finish(&b);
}

bool wire_encode_window(struct buffer *out, uint64_t stream, uint32_t credit)
{
	struct builder b = begin(out, WIRE_WINDOW, 0, stream);
	add_u32(&b, credit);
	return finish(&b);
}

/* ---- payloads that are rows ---- */

/* The fields of a row are statements. NOLINTBEGIN(bugprone-macro-parentheses) */

#define WIRE_FIELD(kind, name) out->name = reader_##kind(&r);
#define WIRE_PAYLOAD(name, fields)                                                                                     \
	bool wire_decode_##name(struct bytes payload, struct wire_##name *out)                                         \
	{                                                                                                              \
		struct reader r = reader_of(payload);                                                                  \
		fields return !r.bad;                                                                                  \
	}
#include "shared/wire/wire_types.def"

#define WIRE_FIELD(kind, name) add_##kind(&b, v->name);
#define WIRE_PAYLOAD(name, fields)                                                                                     \
	bool wire_encode_##name(struct buffer *out, enum wire_type type, uint64_t stream, const struct wire_##name *v) \
	{                                                                                                              \
		struct builder b = begin(out, type, 0, stream);                                                        \
		fields return finish(&b);                                                                              \
	}
#include "shared/wire/wire_types.def"
/* NOLINTEND(bugprone-macro-parentheses) */
