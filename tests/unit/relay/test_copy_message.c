/* Copies of deliveries, as bytes. */
#include "relay/cluster/copy_message.h"
#include "tests/unit/unit.h"

static struct copy_message message(void)
{
	struct copy_message m = { .tunnel = "shop",
				  .owner = "me",
				  .key_len = 32,
				  .options = 1,
				  .features = 2,
				  .random_name = true,
				  .sealed = true,
				  .seen_at_us = 3,
				  .received_at_us = 4,
				  .part = 1,
				  .parts = 3,
				  .payload = bytes_of("sealed") };
	memset(m.key, 7, sizeof m.key);
	memset(m.event_id, 8, sizeof m.event_id);
	return m;
}

static bool reads(const struct copy_message *m)
{
	struct copy_message out;
	struct buffer b = { 0 };
	assert_true(copy_message_put(&b, m));
	bool fine = copy_message_read(buffer_view(&b), &out);
	buffer_free(&b);
	return fine;
}

static void test_whole_or_not_at_all(void **state)
{
	struct copy_message m = message(), out;
	struct buffer b = { 0 };
	(void)state;
	assert_true(copy_message_put(&b, &m));
	assert_true(copy_message_read(buffer_view(&b), &out));
	assert_string_equal(out.tunnel, "shop");
	assert_string_equal(out.owner, "me");
	assert_memory_equal(out.key, m.key, sizeof m.key);
	assert_int_equal(out.part, 1);
	assert_true(out.random_name && out.sealed && bytes_equal(out.payload, m.payload));
	for (size_t len = 0; len < b.len - m.payload.len; len++) {
		uint8_t *part = malloc(len + 1); /* so that ASan sees a read beyond the end */
		memcpy(part, b.at, len);
		assert_false(copy_message_read(bytes_make(part, len), &out));
		free(part);
	}
	buffer_free(&b);
}

static void test_what_is_not_believed(void **state)
{
	struct copy_message m = message();
	(void)state;
	assert_true(reads(&m));
	m.part = 3;
	assert_false(reads(&m));
	m = message();
	m.parts = COPY_PARTS_MOST + 1;
	assert_false(reads(&m));
	m = message();
	m.sealed = false; /* for a client with a key nothing is in the clear */
	assert_false(reads(&m));
	m = message();
	strcpy(m.tunnel, "not a name");
	assert_false(reads(&m));
	m = message();
	strcpy(m.owner, "a\nb");
	assert_false(reads(&m));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_or_not_at_all),
		cmocka_unit_test(test_what_is_not_believed),
	};
	return RUN(tests);
}
