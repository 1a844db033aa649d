/* The app of session_fixture.h: a call of it stays open until the test answers it or has it fail. */
#pragma once

#include "tests/unit/client/session_fixture_store.h"

static inline struct forward *fixture_start(struct forwarder *forwarder, const char *base_url,
					    const struct forward_request *request, const struct forward_ops *ops,
					    void *user, struct error *e)
{
	struct fixture *f = (struct fixture *)forwarder;
	(void)e;
	assert_true(f->call_count < CALLS_MOST);
	struct app_call *c = &f->calls[f->call_count++];
	*c = (struct app_call){ .fixture = f, .ops = ops, .user = user, .open = true };
	c->once = request->once;
	c->upgrade = request->upgrade;
	memcpy(c->event_id, request->event_id, UUID_LEN);
	snprintf(c->url, sizeof c->url, "%s", base_url);
	fixture_read(request->headers);
	fixture_read(request->body);
	fixture_row(f, c->event_id)->calls++;
	return (struct forward *)c;
}

static inline void fixture_end_call(struct app_call *c, enum attempt_result result, int status)
{
	struct forward_result r = { .result = result, .status = status, .url = c->url, .started_at_us = 1 };
	assert_true(c->open);
	c->open = false;
	if (result != ATTEMPT_OK)
		snprintf(r.error, sizeof r.error, "the app failed");
	c->ops->on_done(c->user, &r);
}

static inline void fixture_head(struct app_call *c, int status)
{
	assert_true(c->open && !c->head);
	c->head = true;
	c->ops->on_head(c->user, status, bytes_of("Fine"), bytes_of(NULL), WIRE_UNKNOWN_LENGTH);
	if (status == 101) {
		struct forward_result r = { .result = ATTEMPT_OK, .status = 101, .url = c->url, .started_at_us = 1 };
		c->upgraded = true;
		c->ops->on_upgraded(c->user, &r);
	}
}

/* Byte n of every answer's body. */
static inline uint8_t fixture_byte(size_t n)
{
	return (uint8_t)(n * 7 + 1);
}

static inline void fixture_body(struct app_call *c, size_t len)
{
	uint8_t piece[64];
	for (size_t i = 0; i < len; i++)
		piece[i] = fixture_byte(c->given + i);
	assert_true(c->open && c->head);
	if (c->ops->on_body(c->user, bytes_make(piece, len)))
		c->given += len;
	else
		c->paused = true;
}

static inline void fixture_resume(struct forward *f)
{
	assert_true(((struct app_call *)f)->open);
	((struct app_call *)f)->paused = false;
}

static inline void fixture_unheard(struct forward *f)
{
	assert_true(((struct app_call *)f)->open);
}

static inline bool fixture_is_event_stream(const struct forward *f)
{
	assert_true(((const struct app_call *)f)->open);
	return false;
}

static inline void fixture_feed(struct forward *f)
{
	struct app_call *c = (struct app_call *)f;
	uint8_t room[64];
	while (c->ops->on_upload(c->user, room, sizeof room) > 0)
		;
}

static inline void fixture_hang_up(struct forward *f)
{
	fixture_end_call((struct app_call *)f, ATTEMPT_OK, 200);
}

static inline void fixture_cancel(struct forward *f)
{
	fixture_end_call((struct app_call *)f, ATTEMPT_CANCELLED, 0);
}

static const struct app_ops fixture_app = { fixture_start, fixture_resume,  fixture_unheard, fixture_is_event_stream,
					    fixture_feed,  fixture_hang_up, fixture_cancel };

/* The first open call, or NULL. */
static inline struct app_call *fixture_call(struct fixture *f)
{
	for (size_t i = 0; i < f->call_count; i++)
		if (f->calls[i].open)
			return &f->calls[i];
	return NULL;
}
