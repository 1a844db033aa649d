#include <ctype.h>
#include <string.h>

#include "shared/http/hop_by_hop.h"
#include "shared/http/headers.h"
#include "tests/unit/unit.h"

static void test_block_keeps_order_and_bytes(void **state)
{
	struct buffer b = { 0 };
	struct bytes name, value;
	size_t pos = 0;
	(void)state;
	assert_true(headers_append(&b, bytes_of("X-b"), bytes_of("two  ")));
	assert_true(headers_append(&b, bytes_of("x-B"), bytes_of("")));
	assert_true(bytes_equal(buffer_view(&b), bytes_of("X-b: two  \r\nx-B: \r\n")));
	assert_true(headers_valid(buffer_view(&b)));
	assert_int_equal(headers_count(buffer_view(&b)), 2);
	assert_true(headers_next(buffer_view(&b), &pos, &name, &value));
	assert_true(bytes_equal(value, bytes_of("two  ")));
	assert_true(headers_next(buffer_view(&b), &pos, &name, &value));
	assert_int_equal(value.len, 0);
	assert_false(headers_next(buffer_view(&b), &pos, &name, &value));
	assert_true(headers_find(buffer_view(&b), "X-B", &value));
	assert_int_equal(value.len, 5);
	buffer_free(&b);
}

static void test_malformed_blocks(void **state)
{
	static const char *const bad[] = { "A: b",         "A: b\n",      "A : b\r\n",     ": b\r\n",
					   "A: b\r\n\r\n", "A: b\rc\r\n", "A: \x01\r\n",   "A: \x7f\r\n",
					   " A: b\r\n",    "A\r\n",       "A: b\r\n c\r\n" };
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (headers_valid(bytes_of(bad[i])))
			fail_msg("taken for valid: %s", bad[i]);
	assert_false(headers_valid(bytes_make("A: b\0c\r\n", 8)));
	assert_true(headers_valid(bytes_of("")));
	assert_true(headers_valid(bytes_of("A: t\tab \xff\r\n")));
	assert_true(headers_valid(bytes_of("A:b\r\nB:\r\nC: \t c \r\n")));
}

static bool is_hop_by_hop(const char *block, const char *name)
{
	struct hop_by_hop h = { 0 };
	assert_true(hop_by_hop_find(&h, bytes_of(block)));
	bool is = hop_by_hop_has(&h, bytes_of(name));
	hop_by_hop_free(&h);
	return is;
}

static void test_hop_by_hop(void **state)
{
	static const char block[] = "Connection: close, X-Private ,,X-Hub-Signature-256, host\r\nX-Private: 1\r\n"
				    "cONNECTION: \tx_b,x-a~\r\nX-A~: 2\r\n";
	(void)state;
	assert_true(is_hop_by_hop(block, "transfer-encoding"));
	assert_true(is_hop_by_hop(block, "Upgrade"));
	assert_true(is_hop_by_hop(block, "x-private"));
	assert_true(is_hop_by_hop(block, "X-A~"));
	assert_true(is_hop_by_hop(block, "X_B"));
	assert_false(is_hop_by_hop(block, "X-A^")); /* '^' is no other case of '~' */
	assert_false(is_hop_by_hop(block, "X-Hub-Signature-256"));
	assert_false(is_hop_by_hop(block, "Host"));
	assert_false(is_hop_by_hop(block, "X-Privat"));
	assert_false(is_hop_by_hop(block, "Content-Type"));
	assert_false(is_hop_by_hop("X-Private: 1\r\n", "X-Private"));
	assert_true(is_hop_by_hop("", "TE"));
}

/* Values are looked at eight characters at a time. */
static void test_every_character(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++)
		for (size_t place = 0; place < 20; place++) {
			uint8_t text[20];
			memset(text, 'x', sizeof text);
			text[place] = (uint8_t)c;
			struct bytes b = bytes_make(text, sizeof text);
			assert_int_equal(headers_name_valid(b),
					 (c < 128 && isalnum(c)) || (c && strchr("!#$%&'*+-.^_`|~", c)));
			assert_int_equal(headers_value_valid(b), c == '\t' || (c >= ' ' && c != 0x7f));
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block_keeps_order_and_bytes),
		cmocka_unit_test(test_malformed_blocks),
		cmocka_unit_test(test_hop_by_hop),
		cmocka_unit_test(test_every_character),
	};
	return RUN(tests);
}
