/* What may be around a secret, and a token, and what is left of it. */
#include "shared/secrets/secret_shape.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <string.h>

#define T "creel_0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void test_clean(void **state)
{
	(void)state;
	static const struct {
		const char *given, *left;
	} rows[] = {
		{ "s3cret", "s3cret" },
		{ "s3cret\n", "s3cret" },
		{ "s3cret\r\n", "s3cret" },
		{ "\xef\xbb\xbfs3cret\r\n", "s3cret" },
		{ "\xe2\x80\x8bs3cret\xe2\x80\x8b\n", "s3cret" },
		{ "\xc2\xa0s3cret\xc2\xa0", "s3cret" },
		{ " s3cret \n\n", " s3cret \n" },
		{ "\"s3cret\"", "\"s3cret\"" },
		{ "\xef\xbb\xbf", "" },
		{ "", "" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[100];
		snprintf(text, sizeof text, "%s", rows[i].given);
		assert_int_equal(secret_shape_clean(text, strlen(text)), strlen(rows[i].left));
		assert_string_equal(text, rows[i].left);
	}
	char little[] = "\xff\xfes\0e\0c\0\r\0\n\0", big[] = "\xfe\xff\0s\0e\0c", other[] = "\xff\xfes\1e\0c\0";
	assert_int_equal(secret_shape_clean(little, sizeof little - 1), 3);
	assert_string_equal(little, "sec");
	assert_int_equal(secret_shape_clean(big, sizeof big - 1), 3);
	assert_string_equal(big, "sec");
	assert_int_equal(secret_shape_clean(other, sizeof other - 1), sizeof other - 1);
}

static void test_unname(void **state)
{
	(void)state;
	static const struct {
		const char *given, *left; /* NULL: as it was */
	} rows[] = {
		{ "STRIPE_SECRET=whsec_x", "whsec_x" },
		{ "export STRIPE_SECRET=\"whsec_x\"", "whsec_x" },
		{ "set STRIPE_SECRET = 'whsec_x' ", "whsec_x" },
		{ "A_B==x", "=x" },
		{ "AB_CDEFGH==", NULL },
		{ "AB_CDEFGH=", NULL },
		{ "ABCD=EF", NULL },
		{ "a_b=c", NULL },
		{ "1_A=c", NULL },
		{ "whsec_ABC=", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[100];
		snprintf(text, sizeof text, "%s", rows[i].given);
		const char *taken = secret_shape_unname(text);
		assert_string_equal(text, rows[i].left ? rows[i].left : rows[i].given);
		assert_int_equal(taken != NULL, rows[i].left != NULL);
	}
}

static void test_peel(void **state)
{
	(void)state;
	char text[100] = " \"'d2hzZWNfc2VjcmV0MTIz'\"\n";
	assert_string_equal(secret_shape_peel(text), "the blanks around it");
	assert_string_equal(secret_shape_peel(text), "the quotes around it");
	assert_string_equal(secret_shape_peel(text), "the quotes around it");
	assert_string_equal(secret_shape_peel(text), "the base64 that it was written in");
	assert_string_equal(text, "whsec_secret123");
	assert_null(secret_shape_peel(text));
}

static void expect(const char *text, enum secret_shape_token shape)
{
	char token[SECRET_SHAPE_TOKEN + 1];
	size_t digits;
	enum secret_shape_token found = secret_shape_token(bytes_of(text), token, &digits);
	if (found != shape)
		fail_msg("%s is %d", text, found);
	if (shape == TOKEN_SHAPE_RIGHT || shape == TOKEN_SHAPE_WRAPPED)
		assert_string_equal(token, T);
}

static void test_tokens(void **state)
{
	(void)state;
	static const char *const wrapped[] = {
		"\"" T "\"",
		"'" T "'\r",
		"CREEL_TOKEN=" T,
		"export CREEL_TOKEN='" T "'",
		"$env:CREEL_TOKEN = \"" T "\"",
		"{\"token\": \"" T "\"}",
		"\\\"" T "\\\"",
		"Authorization: Bearer " T,
		"token = " T,
		"CREEL_TOKEN: " T,
		" " T " ",
		T "\r",
		T "\n" T,
		"`" T "`",
		"\xe2\x80\x9c" T "\xe2\x80\x9d",
		"\xef\xbb\xbf" T,
		"<" T ">",
		"creel_0123456789abcdef0123456789abcdef\n0123456789abcdef0123456789abcdef",
		"creel_0123456789abcdef0123456789abcdef=\r\n0123456789abcdef0123456789abcdef",
		"creel_0123456789abcdef0123456789abcdef\xe2\x80\x8b"
		"0123456789abcdef0123456789abcdef",
		"creel_0123456789ABCDEF0123456789ABCDEF0123456789abcdef0123456789abcdef",
		"Y3JlZWxfMDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWYwMTIzNDU2Nzg5YWJjZGVm\nMDEyMzQ1Njc4OWFiY2RlZg==",
	};
	expect(T, TOKEN_SHAPE_RIGHT);
	for (size_t i = 0; i < sizeof wrapped / sizeof *wrapped; i++)
		expect(wrapped[i], TOKEN_SHAPE_WRAPPED);
	expect("creel_0123456789abcdef", TOKEN_SHAPE_SHORT);
	expect(T "0", TOKEN_SHAPE_LONG);
	expect(T " creel_1123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", TOKEN_SHAPE_SEVERAL);
	expect("anna", TOKEN_SHAPE_OTHER);
	expect("creel_", TOKEN_SHAPE_OTHER);
	expect("", TOKEN_SHAPE_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_unname),
		cmocka_unit_test(test_peel),
		cmocka_unit_test(test_tokens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
