#include "tests/unit/unit.h"

#include "shared/program/libraries.h"

static void test_security_release(void **state)
{
	(void)state;
	assert_string_equal(libraries_security_release("OpenSSL", "3.0.9"), "3.0.22");
	assert_string_equal(libraries_security_release("OpenSSL", "3.0.21"), "3.0.22");
	assert_string_equal(libraries_security_release("OpenSSL", "3.5.0"), "3.5.9");
	assert_null(libraries_security_release("OpenSSL", "3.0.22"));
	assert_null(libraries_security_release("OpenSSL", "3.0.100"));
	assert_null(libraries_security_release("OpenSSL", "4.0.0"));
	assert_null(libraries_security_release("OpenSSL", ""));
	assert_null(libraries_security_release("libuv", "3.0.1"));
}

static void test_print(void **state)
{
	(void)state;
	const struct library list[] = { { "OpenSSL", "3.0.9" }, { "libuv", "1.44.2" } };
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	libraries_print(out, list, 2);
	fclose(out);
	assert_string_equal(text, "  OpenSSL        3.0.9  older than the security release 3.0.22: update it\n"
				  "  libuv          1.44.2\n");
	free(text);
}

static void test_common(void **state)
{
	(void)state;
	struct library list[LIBRARIES_COMMON];
	libraries_common(list);
	for (size_t i = 0; i < LIBRARIES_COMMON; i++) {
		assert_true(*list[i].name);
		assert_non_null(list[i].version);
		assert_true(*list[i].version);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_security_release),
		cmocka_unit_test(test_print),
		cmocka_unit_test(test_common),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
