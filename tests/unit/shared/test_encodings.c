/* Hexadecimal, base64 and forms: what is read, and what is refused. */
#include "shared/text/base64.h"
#include "shared/base/hex.h"
#include "shared/http/form.h"

#include "tests/unit/unit.h"

static void assert_text(struct buffer *b, const char *text)
{
	assert_true(bytes_equal(buffer_view(b), bytes_of(text)));
	b->len = 0;
}

static void test_hex(void **state)
{
	struct buffer out = { 0 };
	const char *bad[] = { "0", "0g", "g0", "0 ", " 0", "/0", ":0", "@a", "`a", "0x" };
	(void)state;
	assert_true(hex_encode(&out, bytes_make("\x00\x7f\xff\xa5", 4)));
	assert_text(&out, "007fffa5");
	assert_true(hex_decode(&out, bytes_of("6aAbBF")));
	assert_text(&out, "j\xab\xbf");
	assert_true(hex_decode(&out, bytes_of("")));
	assert_text(&out, "");
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(hex_decode(&out, bytes_of(bad[i])));
	int digits = 0;
	for (int c = 0; c < 256; c++)
		digits += hex_digit((uint8_t)c) >= 0;
	assert_int_equal(digits, 22);
	buffer_free(&out);
}

static void test_base64(void **state)
{
	static const struct {
		const char *text, *coded, *bare, *url;
	} cases[] = {
		{ "", "", "", "" },
		{ "f", "Zg==", "Zg", "Zg==" },
		{ "fo", "Zm8=", "Zm8", "Zm8=" },
		{ "foo", "Zm9v", "Zm9v", "Zm9v" },
		{ "\xfb\xff\xbe", "+/++", "+/++", "-_--" },
	};
	const char *never[] = { "Z", "Zg=v", "Zm9v!", "Z g=", "====", "Zm9v=" };
	struct buffer out = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(base64_encode(&out, bytes_of(cases[i].text), 0));
		assert_text(&out, cases[i].coded);
		assert_true(base64_decode(&out, bytes_of(cases[i].coded)));
		assert_text(&out, cases[i].text);
		assert_true(base64_decode_loose(&out, bytes_of(cases[i].bare)));
		assert_text(&out, cases[i].text);
		assert_true(base64_decode_loose(&out, bytes_of(cases[i].url)));
		assert_text(&out, cases[i].text);
	}
	/* The strict one takes neither, and no bits that no byte takes. */
	assert_false(base64_decode(&out, bytes_of("Zg")));
	assert_false(base64_decode(&out, bytes_of("-_--")));
	assert_false(base64_decode(&out, bytes_of("Zh==")));
	for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
		out.len = 0;
		assert_false(base64_decode(&out, bytes_of(never[i])));
		assert_false(base64_decode_loose(&out, bytes_of(never[i])));
	}
	out.len = 0;
	assert_true(base64_encode(&out, bytes_of("foofoo"), 4));
	assert_text(&out, "Zm9v\nZm9v\n");
	buffer_free(&out);
}

static void test_forms(void **state)
{
	struct bytes form = bytes_of("&&a=1+2&b&a=3&=x&c=%41%4&d=%zz%"), name, value, rest = form;
	const char *names[] = { "a", "b", "a", "", "c", "d" };
	struct buffer out = { 0 };
	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		assert_true(form_next_pair(&rest, &name, &value));
		assert_true(bytes_equal(name, bytes_of(names[i])));
	}
	assert_false(form_next_pair(&rest, &name, &value));
	assert_true(form_value(form, "a", &out));
	assert_text(&out, "1 2");
	assert_true(form_value(form, "b", &out));
	assert_text(&out, "");
	assert_true(form_value(form, "c", &out));
	assert_text(&out, "A%4");
	assert_true(form_value(form, "d", &out));
	assert_text(&out, "%zz%");
	assert_false(form_value(form, "A", &out));
	assert_true(form_is(bytes_of("Content-Type: Application/X-WWW-form-urlencoded; charset=x\r\n")));
	assert_false(form_is(bytes_of("Content-Type: application/json\r\n")));
	assert_false(form_is(bytes_of("")));
	buffer_free(&out);
}

static void test_queries(void **state)
{
	struct bytes value;
	(void)state;
	assert_true(form_query_value(bytes_of("http://h/p?a=%20&b=2#f?b=3"), "b", &value));
	assert_true(bytes_equal(value, bytes_of("2")));
	assert_true(form_query_value(bytes_of("/p?a=%20"), "a", &value));
	assert_true(bytes_equal(value, bytes_of("%20")));
	assert_false(form_query_value(bytes_of("/p#?a=1"), "b", &value));
	assert_false(form_query_value(bytes_of("/a=1"), "a", &value));
	assert_false(form_query_value(bytes_of(""), "a", &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_queries),
	};
	return RUN(tests);
}
