/* Every reason has a sentence that a person understands, whatever is known of it. */
#include "client/reason/reason.h"
#include "tests/unit/unit.h"

#include <string.h>

static const struct facts all = {
	.relay = "https://hooks.example.com",
	.host = "hooks.example.com",
	.base = "https://hooks.example.com",
	.port = 443,
	.proxy = "http://proxy.test:3128",
	.variable = "HTTPS_PROXY",
	.tunnel = "shop",
	.peer = "localhost:3000",
	.issuer = "Some Company",
	.names = "www.example.com",
	.detail = "malformed WELCOME",
	.status = 502,
	.days = 3,
	.count = 12,
	.limit_ms = 2500,
};

/* Words that belong to a library, or that a newcomer must decode. */
static const char *const banned[] = {
	"lws", "libwebsockets", "curl",  "OpenSSL", "errno", "gai_", " is no ",
	"wsi", "anew",          "lest ", "  ",      " ,",    ": :",  "()",
};

static void check_text(const char *text)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < sizeof banned / sizeof *banned; i++)
		if (strstr(text, banned[i]))
			fail_msg("'%s' is in: %s", banned[i], text);
	if (strpbrk(text, "{}[]\n"))
		fail_msg("a fact was not filled in: %s", text);
	if (len > 0 && strchr(".;:, ", text[len - 1]))
		fail_msg("ends like half a sentence: %s", text);
}

static void test_every_reason(void **state)
{
	char sentence[600], todo[600], line[1200];
	(void)state;
	for (enum reason r = REASON_NONE + 1; r < REASON_COUNT; r++) {
		reason_sentence(r, &all, sentence, sizeof sentence);
		reason_todo(r, &all, todo, sizeof todo);
		reason_line(r, &all, line, sizeof line);
		if (strlen(sentence) < 20)
			fail_msg("reason %d has no sentence: '%s'", r, sentence);
		check_text(sentence);
		check_text(todo);
		if (strstr(sentence, "(unknown)") || strstr(todo, "(unknown)"))
			fail_msg("reason %d names a fact that does not exist: %s; %s", r, sentence, todo);
		if (strlen(line) > 520)
			fail_msg("too long for struct error: %s", line);
		assert_int_not_equal(reason_exit(r), EXIT_DONE);
	}
}

static void test_what_is_not_known_is_left_out(void **state)
{
	char text[600];
	const struct facts none = { 0 };
	(void)state;
	for (enum reason r = REASON_NONE; r < REASON_COUNT; r++) {
		reason_line(r, &none, text, sizeof text);
		check_text(text);
	}
	reason_sentence(REASON_RELAY_CERT_EXPIRED, &all, text, sizeof text);
	assert_string_equal(text,
			    "the certificate of hooks.example.com has expired, 3 days ago (issued by Some Company)");
	const struct facts host = { .host = "h", .days = 1 };
	reason_sentence(REASON_RELAY_CERT_EXPIRED, &host, text, sizeof text);
	assert_string_equal(text, "the certificate of h has expired, 1 day ago");
	reason_sentence(REASON_RELAY_CERT_EXPIRED, &none, text, sizeof text);
	assert_string_equal(text, "the certificate of (unknown) has expired");
}

static void test_line_and_error(void **state)
{
	char text[64], tiny[12];
	struct error e;
	(void)state;
	reason_line(REASON_APP_NOT_LISTENING, &all, text, sizeof text);
	assert_string_equal(text, "nothing is listening on localhost:3000; start the app");
	reason_line(REASON_APP_NOT_LISTENING, &all, tiny, sizeof tiny);
	assert_string_equal(tiny, "nothing is ");
	assert_false(reason_set_error(&e, REASON_APP_LATE, &all));
	assert_int_equal(e.code, EXIT_TARGET);
	assert_string_equal(e.text, "localhost:3000 did not answer within 2.5 s; --timeout gives it longer");
	reason_line(REASON_NONE, &all, text, sizeof text);
	assert_string_equal(text, "");
}

static void test_decisions(void **state)
{
	(void)state;
	assert_true(reason_is_final(REASON_TOKEN_UNKNOWN));
	assert_false(reason_is_final(REASON_TUNNEL_LIMIT));
	assert_int_equal(reason_exit(REASON_TOKEN_PLAIN), EXIT_USAGE);
	assert_int_equal(reason_exit(REASON_RELAY_SILENT), EXIT_RELAY);
	assert_int_equal(reason_result(REASON_NONE), ATTEMPT_OK);
	assert_int_equal(reason_result(REASON_APP_NOT_TLS), ATTEMPT_TLS);
	assert_int_equal(reason_result(REASON_APP_CANCELLED), ATTEMPT_CANCELLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_reason),
		cmocka_unit_test(test_what_is_not_known_is_left_out),
		cmocka_unit_test(test_line_and_error),
		cmocka_unit_test(test_decisions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
