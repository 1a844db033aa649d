/* A small store with something for every field of a filter. */
#pragma once

#include "shared/filter/filter_private.h"
#include "shared/query/store_filter.h"
#include "tests/unit/shared/index_fixture.h"

#define NOW_US 1795441354000000u /* 2026-11-23T13:42:34Z */
#define MINUTE_US 60000000u
#define SAMPLES 14

struct filter_sample {
	const char *provider, *event, *method, *target, *headers, *body, *signature;
	enum delivery_state state;
	enum delivery_origin origin;
	int attempts; /* each with the same end */
	enum attempt_result result;
	int status;
	uint64_t took_us;
	const char *tag;
};

#define JSON_BODY                                                                                                      \
	"{\"id\":\"evt_1\",\"livemode\":true,\"none\":null,\"odd key\":{\"a.b\":1},\"items\":[5,\"six\"],"             \
	"\"data\":{\"object\":{\"id\":\"cus_1042\",\"amount\":4900.5}}}"

static const struct filter_sample samples[SAMPLES] = {
	{ "stripe", "invoice.paid", "POST", "/hooks/stripe?tenant=7",
	  "Host: hooks.example.com:443\r\nX-Request-Id: abc\r\nx-many: one\r\nX-Many: two\r\n", JSON_BODY, "valid",
	  DELIVERY_SENDING, ORIGIN_LIVE, 1, ATTEMPT_OK, 200, 38000, NULL },
	{ "stripe", "invoice.payment_failed", "POST", "/hooks/stripe", "Host: hooks.example.com\r\n",
	  "{\"data\":{\"object\":{\"id\":\"cus_2\",\"amount\":3}}}", "invalid", DELIVERY_SENDING, ORIGIN_LIVE, 3,
	  ATTEMPT_OK, 500, 9000, NULL },
	{ "github", "push", "POST", "/hooks/github", "Host: other.example\r\nX-Request-Id: abcd\r\n",
	  "payload: refs/heads/main was refunded", "valid", DELIVERY_SENDING, ORIGIN_LIVE, 1, ATTEMPT_OK, 404, 2000,
	  NULL },
	{ "", "", "GET", "/hooks/form?id=7", "Host: other.example\r\n", "", "none", DELIVERY_SENDING, ORIGIN_SPOOL, 1,
	  ATTEMPT_OK, 302, 4000, "marked" },
	{ "shopify", "orders/create", "POST", "/hooks/shopify", "Host: x\r\n", "one prerefund here", "unknown",
	  DELIVERY_SENDING, ORIGIN_LIVE, 5, ATTEMPT_UNREACHABLE, 0, 1000, NULL },
	{ "shopify", "orders/updated", "POST", "/hooks/shopify", "Host: x\r\n", "Refund it", "unknown",
	  DELIVERY_SENDING, ORIGIN_LIVE, 2, ATTEMPT_TIMEOUT, 0, 30000000, NULL },
	{ "stripe", "customer.updated", "POST", "/hooks/stripe", "Host: x\r\n", "waiting one", "unknown",
	  DELIVERY_WAITING, ORIGIN_LIVE, 0, ATTEMPT_OK, 0, 0, NULL },
	{ "stripe", "customer.updated", "POST", "/hooks/stripe", "Host: x\r\n", "sending one", "unknown",
	  DELIVERY_SENDING, ORIGIN_LIVE, 0, ATTEMPT_OK, 0, 0, NULL },
	{ "slack", "event_callback", "POST", "/hooks/slack", "Host: x\r\n", "held one", "unknown", DELIVERY_HELD,
	  ORIGIN_LIVE, 1, ATTEMPT_UNREACHABLE, 0, 1000, NULL },
	{ "slack", "event_callback", "POST", "/hooks/slack", "Host: x\r\n", "refused one", "unknown", DELIVERY_REFUSED,
	  ORIGIN_LIVE, 0, ATTEMPT_OK, 413, 0, NULL },
	{ "stripe", "invoice.paid", "POST", "/hooks/stripe?tenant=7", "Host: x\r\n", JSON_BODY, "valid",
	  DELIVERY_SENDING, ORIGIN_REPLAY, 1, ATTEMPT_OK, 201, 500000, "edited" },
	{ "", "", "POST", "/hooks/binary", "Host: x\r\n", "refund \0 rest", "none", DELIVERY_SENDING, ORIGIN_IMPORT, 1,
	  ATTEMPT_OK, 204, 1500, NULL },
	{ "", "", "POST", "/hooks/big", "Host: x\r\n", NULL, "none", DELIVERY_SENDING, ORIGIN_TRIGGER, 1, ATTEMPT_OK,
	  100, 1000, NULL },
	{ "", "", "PUT", "/caf\xc3\xa9/(odd)", "Host: x\r\n", "caf\xc3\xa9 \"quoted\" \xff", "none", DELIVERY_SENDING,
	  ORIGIN_LIVE, 1, ATTEMPT_OK, 503, 1000, NULL },
};

static inline struct store_delivery filter_delivery(int i)
{
	/* A word behind the first 64 KiB, and one across their end. */
	static char big[80000];
	memset(big, '.', sizeof big);
	memcpy(big + 65532, "boundary", 8);
	memcpy(big + 70000, "needle", 6);
	const struct filter_sample *f = &samples[i];
	struct store_delivery d = sample((uint8_t)(i + 1));
	d.provider = bytes_of(f->provider);
	d.event_type = bytes_of(f->event);
	d.method = bytes_of(f->method);
	d.target = bytes_of(f->target);
	d.headers = bytes_of(f->headers);
	d.body = !f->body  ? bytes_make(big, sizeof big)
		 : i == 11 ? bytes_make("refund \0 rest", 13)
			   : bytes_of(f->body);
	d.body_size = d.body.len;
	d.signature = bytes_of(f->signature);
	d.origin = f->origin;
	d.state = f->state;
	d.refused_status = f->status;
	d.tunnel = bytes_of(i % 2 ? "shop" : "dev");
	d.peer = bytes_of(i % 2 ? "192.0.2.7:99" : "127.0.0.1:9");
	/* One a minute, the last one now. */
	d.received_at_us = NOW_US - (uint64_t)(SAMPLES - 1 - i) * MINUTE_US;
	return d;
}

static inline void fill_filter_store(struct store *s)
{
	struct error e;
	char sql[100];
	assert_true(store_batch_ops.begin(s, &e));
	for (int i = 0; i < SAMPLES; i++) {
		const struct filter_sample *f = &samples[i];
		struct store_delivery d = filter_delivery(i);
		bool duplicate;
		int64_t id;
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
		assert_int_equal(id, i + 1);
		struct store_attempt a = { .delivery_id = id,
					   .result = f->result,
					   .status = f->status,
					   .total_us = f->took_us,
					   .headers = bytes_of("Content-Type: text/plain\r\n"),
					   .body = bytes_of("answer cus_9"),
					   .body_size = 12 };
		a.then = f->state == DELIVERY_HELD ? ATTEMPT_THEN_HELD : ATTEMPT_THEN_OVER;
		for (int k = 0; k < f->attempts; k++)
			assert_true(store_insert_attempt(s, &a, &e));
		snprintf(sql, sizeof sql, "INSERT INTO tag VALUES (%d, '%s')", (int)id, f->tag);
		if (f->tag)
			assert_int_equal(sqlite3_exec(s->db, sql, NULL, NULL, NULL), SQLITE_OK);
	}
	assert_int_equal(sqlite3_exec(s->db, "INSERT INTO note VALUES (2, 'Ask Anna: why twice?'), (9, 'not ours');",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	assert_true(store_batch_ops.commit(s, &e));
}

/* As store_index_some, up to an id. */
static inline void index_up_to(struct store *s, int id)
{
	struct store_index *x = store_index_new();
	struct error e;
	uint64_t bytes;
	assert_non_null(x);
	assert_true(store_batch_ops.begin(s, &e));
	do {
		if (id && !(store_index_read(s, x, id, STORE_INDEX_NEW, &bytes, &e) &&
			    (!bytes || store_index_write(s, x, &e))))
			fail_msg("%s", e.text);
	} while (store_index_has_more(x));
	assert_true(store_batch_ops.commit(s, &e));
	store_index_free(x);
}

static inline void put_id(void *user, const struct delivery_row *row)
{
	char *text = user;
	size_t len = strlen(text);
	if (len < 150)
		snprintf(text + len, 160 - len, "%s%d", len ? " " : "", (int)row->id);
}

static inline void put_id_before(void *user, const struct delivery_row *row)
{
	char *text = user, copy[160];
	snprintf(copy, sizeof copy, "%d%s%s", (int)row->id, *text ? " " : "", text);
	strcpy(text, copy);
}
