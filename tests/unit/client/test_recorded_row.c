/* A row made of what goes on record is the row that is read back from there. */
#include "client/record/recorded_row.h"
#include "shared/store/item.h"
#include "tests/unit/shared/store_fixture.h"

static void expect_bytes(struct bytes found, struct bytes wanted)
{
	if (!bytes_equal(found, wanted))
		fail_msg("'%.*s', not '%.*s'", (int)found.len, (const char *)found.at, (int)wanted.len,
			 (const char *)wanted.at);
}

static void expect_row(struct store *s, const struct delivery_row *made)
{
	struct item read;
	struct error e;
	assert_true(item_read(s, made->id, &read, &e));
	const struct delivery_row *r = &read.row;
	assert_memory_equal(made->event_id, r->event_id, UUID_LEN);
	assert_int_equal(made->received_at_us, r->received_at_us);
	assert_int_equal(made->reached_at_us, r->reached_at_us);
	assert_int_equal(made->origin, r->origin);
	assert_int_equal(made->state, r->state);
	assert_int_equal(made->replay_of, r->replay_of);
	assert_int_equal(made->status, r->status);
	assert_int_equal(made->timed_out, r->timed_out);
	assert_int_equal(made->broke_off, r->broke_off);
	assert_int_equal(made->took_us, r->took_us);
	assert_int_equal(made->attempts, r->attempts);
	assert_int_equal(made->request_bytes, r->request_bytes);
	assert_int_equal(made->response_bytes, r->response_bytes);
	assert_int_equal(made->redacted, r->redacted);
	expect_bytes(made->tunnel, r->tunnel);
	expect_bytes(made->method, r->method);
	expect_bytes(made->target, r->target);
	expect_bytes(made->path, r->path);
	expect_bytes(made->peer, r->peer);
	expect_bytes(made->provider, r->provider);
	expect_bytes(made->event_type, r->event_type);
	expect_bytes(made->signature, r->signature);
	item_free(&read);
}

static int64_t put(struct store *s, const struct store_delivery *d)
{
	struct error e;
	int64_t id;
	bool duplicate;
	assert_true(store_batch_ops.begin(s, &e));
	assert_true(store_insert_delivery(s, d, &id, &duplicate, &e));
	assert_true(store_batch_ops.commit(s, &e));
	return id;
}

static void expect_delivery(struct store *s, const struct store_delivery *d)
{
	struct delivery_row row = recorded_row(d, put(s, d));
	expect_row(s, &row);
}

static void test_delivery(void **state)
{
	struct store *s = open_store();
	struct store_delivery d = sample(1);
	(void)state;
	expect_delivery(s, &d);
	d = sample(2);
	d.target = bytes_of("/no/query");
	d.provider = bytes_of("stripe");
	d.event_type = bytes_of("invoice.paid");
	d.signature = bytes_of("valid");
	expect_delivery(s, &d);
	d = sample(3);
	d.state = DELIVERY_REFUSED;
	d.refused_status = 413;
	expect_delivery(s, &d);
	d = sample(4);
	d.refused_status = 413; /* it was not refused after all */
	d.target = bytes_of("/a?b?c");
	d.redacted = true;
	expect_delivery(s, &d);
	store_close(s);
}

struct last {
	struct attempt_row made;
	size_t compared;
};

static void on_attempt(void *user, const struct attempt_row *a)
{
	struct last *last = user;
	const struct attempt_row *made = &last->made;
	if (a->number != made->number)
		return;
	last->compared++;
	assert_int_equal(made->started_at_us, a->started_at_us);
	assert_int_equal(made->result, a->result);
	assert_int_equal(made->status, a->status);
	assert_int_equal(made->connect_us, a->connect_us);
	assert_int_equal(made->first_byte_us, a->first_byte_us);
	assert_int_equal(made->total_us, a->total_us);
	assert_int_equal(made->answered_at_us, a->answered_at_us);
	assert_int_equal(made->response_bytes, a->response_bytes);
	assert_int_equal(made->cut, a->cut);
	expect_bytes(made->url, a->url);
	expect_bytes(made->reason, a->reason);
	expect_bytes(made->error, a->error);
}

static void test_attempts(void **state)
{
	struct store *s = open_store();
	struct error e;
	const struct store_delivery d = sample(1);
	struct delivery_row row = recorded_row(&d, put(s, &d));
	const struct {
		struct store_attempt attempt;
		enum delivery_state state;
	} cases[] = {
		{ { .result = ATTEMPT_UNREACHABLE, .error = bytes_of("refused"), .then = ATTEMPT_THEN_HELD },
		  DELIVERY_HELD },
		{ { .result = ATTEMPT_TIMEOUT, .error = bytes_of("too late"), .total_us = 9 }, DELIVERY_FAILED },
		{ { .result = ATTEMPT_ABORTED,
		    .status = 200,
		    .reason = bytes_of("OK"),
		    .error = bytes_of("broke off") },
		  DELIVERY_FAILED },
		{ { .status = 500, .body_size = 3, .body = bytes_of("no!"), .connect_us = 1, .first_byte_us = 2 },
		  DELIVERY_FAILED },
		{ { .status = 201,
		    .url = bytes_of("http://localhost:1/hooks?a=1"),
		    .answered_at_us = 5,
		    .body_size = 7 },
		  DELIVERY_DELIVERED },
	};
	(void)state;
	for (int i = 0; i < (int)(sizeof cases / sizeof *cases); i++) {
		struct store_attempt a = cases[i].attempt;
		a.delivery_id = row.id;
		a.started_at_us = 1795438954000000u + (unsigned)i;
		assert_true(store_batch_ops.begin(s, &e));
		assert_true(store_insert_attempt(s, &a, &e));
		assert_true(store_batch_ops.commit(s, &e));
		struct last last = { .made = recorded_row_of_attempt(&a, i + 1) };
		assert_true(store_list_attempts(s, row.id, on_attempt, &last, &e));
		assert_int_equal(last.compared, 1);
		recorded_row_add_attempt(&row, &last.made, cases[i].state);
		expect_row(s, &row);
	}
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_delivery), IN_FOLDER(test_attempts) };
	return RUN(tests);
}
