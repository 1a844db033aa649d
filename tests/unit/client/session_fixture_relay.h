/* The relay of session_fixture.h: it notes down what the session says on the wire, and sends it frames. */
#pragma once

#include "tests/unit/client/session_fixture_state.h"

/* ---- what it hears ---- */

static inline struct said *fixture_say(void *link, enum said_what what, uint64_t stream)
{
	struct fixture *f = link;
	assert_true(f->said_count < SAID_MOST);
	struct said *s = &f->said[f->said_count++];
	*s = (struct said){ .what = what, .stream = stream };
	return s;
}

static inline void fixture_say_body(struct said *s, uint8_t flags, struct bytes body)
{
	s->end = flags & WIRE_END;
	s->body_len = body.len;
	assert_true(body.len <= sizeof s->body);
	if (body.len)
		memcpy(s->body, body.at, body.len);
}

static inline bool fixture_may_send(void *link, bool is_long)
{
	const struct fixture *f = link;
	(void)is_long;
	return !f->shut && (!f->until || f->said_count < f->until);
}

static inline void fixture_recorded(void *link, uint64_t stream, const uint8_t event_id[UUID_LEN])
{
	memcpy(fixture_say(link, SAID_RECORDED, stream)->event_id, event_id, UUID_LEN);
}

static inline void fixture_response(void *link, uint64_t stream, uint8_t flags, const struct wire_response *r)
{
	struct said *s = fixture_say(link, SAID_RESPONSE, stream);
	s->number = r->status;
	fixture_say_body(s, flags, r->body);
}

static inline void fixture_data(void *link, uint64_t stream, uint8_t flags, struct bytes piece)
{
	fixture_say_body(fixture_say(link, SAID_DATA, stream), flags, piece);
}

static inline void fixture_reset(void *link, uint64_t stream, enum wire_reset code, const char *reason)
{
	struct said *s = fixture_say(link, SAID_RESET, stream);
	s->number = code;
	snprintf(s->reason, sizeof s->reason, "%s", reason);
}

static inline void fixture_window(void *link, uint64_t stream, uint32_t credit)
{
	fixture_say(link, SAID_WINDOW, stream)->number = credit;
}

static inline void fixture_received(void *link, size_t len)
{
	(void)link;
	(void)len;
}

static inline void fixture_close(void *link, int status, const char *reason)
{
	struct said *s = fixture_say(link, SAID_CLOSE, 0);
	s->number = (unsigned)status;
	snprintf(s->reason, sizeof s->reason, "%s", reason);
	((struct fixture *)link)->closed = true;
}

static inline bool fixture_is_full(void *link)
{
	(void)link;
	return false;
}

static const struct wire_ops fixture_wire = { fixture_may_send, fixture_is_full,  fixture_recorded,
					      fixture_response, fixture_data,     fixture_reset,
					      fixture_window,   fixture_received, fixture_close };

/* What was said as number `at`, counted from 0. */
static inline void fixture_expect(struct fixture *f, size_t at, enum said_what what, uint64_t stream)
{
	assert_true(at < f->said_count);
	assert_int_equal(f->said[at].what, what);
	assert_int_equal(f->said[at].stream, stream);
}

/* ---- what it says ---- */

static inline void fixture_id(uint8_t id[UUID_LEN], uint64_t number)
{
	memset(id, 0, UUID_LEN);
	id[0] = (uint8_t)number;
	id[15] = 1;
}

/* False when the session closes the connection for it. Frees the payload. */
static inline bool fixture_frame(struct fixture *f, struct buffer *encoded)
{
	struct wire_frame frame;
	size_t used;
	assert_int_equal(wire_decode_frame(buffer_view(encoded), &frame, &used), WIRE_OK);
	bool fine = session_tunnel_ops.on_frame(f->session, NULL, &frame);
	buffer_free(encoded);
	return fine;
}

static inline bool fixture_request(struct fixture *f, uint64_t stream, uint64_t event, uint8_t flags, const char *body)
{
	struct buffer out = { 0 };
	struct wire_request r = {
		.received_at_us = 1,
		.body_len = WIRE_UNKNOWN_LENGTH,
		.has_body = true,
		.peer = bytes_of("192.0.2.1:9"),
		.method = bytes_of("POST"),
		.target = bytes_of("/hook?x"),
		.body = bytes_of(body),
	};
	fixture_id(r.event_id, event);
	if (flags & WIRE_REFUSED)
		r.refused_status = 413;
	assert_true(wire_encode_request(&out, stream, flags, &r));
	return fixture_frame(f, &out);
}

static inline bool fixture_rest(struct fixture *f, uint64_t stream, uint8_t flags, const char *body)
{
	struct buffer out = { 0 };
	assert_true(wire_encode_data(&out, stream, flags, bytes_of(body)));
	return fixture_frame(f, &out);
}

static inline bool fixture_done(struct fixture *f, uint64_t stream, uint64_t event)
{
	struct buffer out = { 0 };
	uint8_t id[UUID_LEN];
	fixture_id(id, event);
	assert_true(wire_encode_event_id(&out, WIRE_DONE, stream, id));
	return fixture_frame(f, &out);
}

static inline bool fixture_relay_resets(struct fixture *f, uint64_t stream, enum wire_reset code)
{
	struct buffer out = { 0 };
	assert_true(wire_encode_reset(&out, stream, code, bytes_of("gone")));
	return fixture_frame(f, &out);
}

static inline bool fixture_credit(struct fixture *f, uint64_t stream, uint32_t credit)
{
	struct buffer out = { 0 };
	assert_true(wire_encode_window(&out, stream, credit));
	return fixture_frame(f, &out);
}

/* RESUME; stream 0 ends the list. */
static inline bool fixture_list(struct fixture *f, uint64_t stream, uint64_t event, bool recorded, bool head,
				uint64_t body_seen)
{
	struct buffer out = { 0 };
	struct wire_resume r = { .recorded = recorded, .head = head, .body_seen = body_seen };
	if (stream)
		fixture_id(r.event_id, event);
	assert_true(wire_encode_resume(&out, stream, &r));
	return fixture_frame(f, &out);
}

static inline void fixture_welcome_as(struct fixture *f, bool resumed, const char *name)
{
	struct wire_welcome w = {
		.version = WIRE_VERSION,
		.features = WIRE_FEATURES,
		.max_body = 1 << 20,
		.tunnel = bytes_of(name),
		.public_url = bytes_of("http://shop.example"),
		.resume_grace_ms = 30000,
		.resumed = resumed,
	};
	f->closed = false;
	session_welcome(f->session, (struct wire_out){ &fixture_wire, f, w.features }, &w);
}

static inline void fixture_welcome(struct fixture *f, bool resumed)
{
	fixture_welcome_as(f, resumed, "shop");
}

static inline void fixture_online(struct fixture *f)
{
	const struct tunnel_news news = { .state = TUNNEL_ONLINE, .why = "" };
	session_tunnel_ops.on_state(f->session, &news);
}
