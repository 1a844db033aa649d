/* The records of a client's journal: what was put comes back; a record that is torn, changed or of another place in the
 * file is never read as one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "shared/base/crc32c.h"
#include "shared/store/journal_record.h"

static const struct journal_place place = { .sequence = 7, .synced = 3, .lap = 2 };

static const struct store_delivery delivery = {
	.event_id = "0123456789abcde",
	.received_at_us = 1,
	.reached_at_us = 2,
	.origin = ORIGIN_SPOOL,
	.state = DELIVERY_SENDING,
	.https = true,
	.forwarded = true,
	.tunnel = { (const uint8_t *)"t", 1 },
	.method = { (const uint8_t *)"POST", 4 },
	.target = { (const uint8_t *)"/a?b", 4 },
	.headers = { (const uint8_t *)"A: b\r\n", 6 },
	.body = { (const uint8_t *)"body\0x", 6 },
	.body_size = 9,
};

static struct journal_attempt an_attempt(void)
{
	return (struct journal_attempt){
		.attempt = { .event_id = "0123456789abcde",
			     .number = 2,
			     .then = ATTEMPT_THEN_HELD,
			     .started_at_us = 5,
			     .result = ATTEMPT_TIMEOUT,
			     .status = 200,
			     .total_us = 12,
			     .url = bytes_of("http://127.0.0.1:1/"),
			     .headers = bytes_of("X: y\r\n"),
			     .body = bytes_of("answer"),
			     .body_size = 6,
			     .cut = ANSWER_CUT_NO_ROOM },
	};
}

static void test_crc32c_is_the_known_one(void **state)
{
	(void)state;
	assert_int_equal(crc32c_add(0, bytes_of("123456789")), 0xe3069283);
	assert_int_equal(crc32c_add_by_table(0, bytes_of("123456789")), 0xe3069283);
	uint8_t zeros[32] = { 0 }; /* RFC 3720 B.4 */
	assert_int_equal(crc32c_add(0, bytes_make(zeros, sizeof zeros)), 0x8a9136aa);
	uint8_t random[301];
	for (size_t i = 0; i < sizeof random; i++)
		random[i] = (uint8_t)(i * 7919 >> 3);
	for (size_t len = 0; len <= sizeof random; len++) {
		uint32_t whole = crc32c_add(0, bytes_make(random, len));
		assert_int_equal(whole, crc32c_add_by_table(0, bytes_make(random, len)));
		uint32_t half = crc32c_add(0, bytes_make(random, len / 2));
		assert_int_equal(whole, crc32c_add(half, bytes_make(random + len / 2, len - len / 2)));
	}
}

static void test_a_delivery_comes_back(void **state)
{
	struct buffer b = { 0 };
	struct journal_record r;
	size_t len;
	(void)state;
	assert_true(journal_record_put_delivery(&b, &place, &delivery));
	assert_int_equal(journal_record_read(buffer_view(&b), &r, &len), JOURNAL_FOUND_RECORD);
	assert_int_equal(len, b.len);
	assert_int_equal(r.kind, JOURNAL_DELIVERY);
	assert_int_equal(r.place.sequence, 7);
	assert_int_equal(r.place.synced, 3);
	assert_int_equal(r.place.lap, 2);
	assert_memory_equal(r.delivery.event_id, delivery.event_id, UUID_LEN);
	assert_int_equal(r.delivery.origin, ORIGIN_SPOOL);
	assert_int_equal(r.delivery.state, DELIVERY_SENDING);
	assert_true(r.delivery.https && r.delivery.forwarded && !r.delivery.has_body && !r.delivery.redacted);
	assert_true(bytes_equal(r.delivery.target, delivery.target) && bytes_equal(r.delivery.body, delivery.body) &&
		    bytes_equal(r.delivery.headers, delivery.headers) && r.delivery.peer.len == 0);
	assert_int_equal(r.delivery.body_size, 9);
	buffer_free(&b);
}

static void test_an_attempt_comes_back(void **state)
{
	struct buffer b = { 0 };
	struct journal_record r;
	struct journal_attempt a = an_attempt();
	size_t len;
	(void)state;
	assert_true(journal_record_put_attempt(&b, &place, &a));
	assert_int_equal(journal_record_read(buffer_view(&b), &r, &len), JOURNAL_FOUND_RECORD);
	assert_int_equal(r.kind, JOURNAL_ATTEMPT);
	assert_int_equal(r.attempt.attempt.number, 2);
	assert_int_equal(r.attempt.attempt.then, ATTEMPT_THEN_HELD);
	assert_int_equal(r.attempt.attempt.result, ATTEMPT_TIMEOUT);
	assert_int_equal(r.attempt.attempt.cut, ANSWER_CUT_NO_ROOM);
	assert_int_equal(r.attempt.attempt.total_us, 12);
	assert_true(bytes_equal(r.attempt.attempt.body, bytes_of("answer")));
	b.len = 0;
	a.body_apart = true;
	a.attempt.body = bytes_make(NULL, 1 << 20);
	assert_true(journal_record_put_attempt(&b, &place, &a));
	assert_true(b.len < 1000);
	assert_int_equal(journal_record_read(buffer_view(&b), &r, &len), JOURNAL_FOUND_RECORD);
	assert_true(r.attempt.body_apart);
	assert_int_equal(r.attempt.attempt.body.len, 1 << 20);
	buffer_free(&b);
}

static void test_an_end_is_an_end(void **state)
{
	struct buffer b = { 0 };
	struct journal_record r;
	size_t len;
	(void)state;
	assert_int_equal(journal_record_read(buffer_view(&b), &r, &len), JOURNAL_FOUND_END);
	assert_true(journal_record_put_end(&b));
	assert_int_equal(journal_record_read(buffer_view(&b), &r, &len), JOURNAL_FOUND_END);
	b.len = 5; /* less than an end, and no record either */
	assert_int_equal(journal_record_read(buffer_view(&b), &r, &len), JOURNAL_FOUND_TORN);
	buffer_free(&b);
}

/* An exact block for each, so that ASan sees a read beyond it. */
static enum journal_found read_copy(const uint8_t *at, size_t len)
{
	struct journal_record r;
	size_t used;
	uint8_t *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, at, len);
	enum journal_found found = journal_record_read(bytes_make(copy, len), &r, &used);
	free(copy);
	return found;
}

static void test_no_prefix_and_no_changed_bit_is_a_record(void **state)
{
	struct journal_attempt a = an_attempt();
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct buffer b = { 0 };
		assert_true(kind ? journal_record_put_attempt(&b, &place, &a)
				 : journal_record_put_delivery(&b, &place, &delivery));
		assert_int_equal(read_copy(b.at, 0), JOURNAL_FOUND_END);
		for (size_t len = 1; len < b.len; len++)
			assert_int_equal(read_copy(b.at, len), JOURNAL_FOUND_TORN);
		for (size_t bit = 0; bit < b.len * 8; bit++) {
			b.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(read_copy(b.at, b.len), JOURNAL_FOUND_TORN);
			b.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		buffer_free(&b);
	}
}

static void test_the_head_is_of_one_journal(void **state)
{
	struct buffer b = { 0 };
	(void)state;
	assert_true(journal_record_put_head(&b, "0123456789abcdef"));
	assert_int_equal(b.len, JOURNAL_HEAD);
	assert_true(journal_record_is_head(buffer_view(&b), "0123456789abcdef"));
	assert_false(journal_record_is_head(buffer_view(&b), "0123456789abcdee"));
	for (size_t i = 0; i < b.len; i++) {
		assert_false(journal_record_is_head(bytes_make(b.at, i), "0123456789abcdef"));
		b.at[i] ^= 1;
		assert_false(journal_record_is_head(buffer_view(&b), "0123456789abcdef"));
		b.at[i] ^= 1;
	}
	buffer_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc32c_is_the_known_one),
		cmocka_unit_test(test_a_delivery_comes_back),
		cmocka_unit_test(test_an_attempt_comes_back),
		cmocka_unit_test(test_an_end_is_an_end),
		cmocka_unit_test(test_no_prefix_and_no_changed_bit_is_a_record),
		cmocka_unit_test(test_the_head_is_of_one_journal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
