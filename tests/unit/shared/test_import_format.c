/* What a file to be imported is, by its beginning; times as tools write them; variables of HTTP clients. */
#include <string.h>

#include "shared/formats/import_format.h"
#include "shared/transcripts/import_json.h"
#include "shared/syntax/variables.h"
#include "tests/unit/unit.h"

static void test_formats(void **state)
{
	static const struct {
		const char *text;
		enum import_format is;
	} files[] = {
		{ "{\"log\":{\"entries\":[]}}", IMPORT_HAR },
		{ "{ \"comment\": \"log\", \"x\": {\"item\": []}, \"log\" : {", IMPORT_HAR },
		{ "{\"log\":\"text\",\"request\":{}}", IMPORT_NDJSON },
		{ "{\"id\":1,\"event_id\":\"0\"}\n{}", IMPORT_NDJSON },
		{ "{\"info\":{},\"item\":[]}", IMPORT_POSTMAN },
		{ "{\"collection\":{\"item\":[]}}", IMPORT_POSTMAN },
		{ "{\"_type\":\"export\",\"resources\":[]}", IMPORT_INSOMNIA },
		{ "type: collection.insomnia.rest/5.0\n", IMPORT_INSOMNIA },
		{ "---\n# x\ntype: collection.insomnia.rest/5.0\n", IMPORT_INSOMNIA },
		{ "[{\"status\":\"COMPLETE\"}]", IMPORT_CHARLES },
		{ "#!/bin/sh\n\ncurl http://x\n", IMPORT_CURL },
		{ "$ curl http://x\n", IMPORT_CURL },
		{ "# delivery 1, now\nbase64 -d <<'CREEL_BODY' | curl\n", IMPORT_CURL },
		{ "### one\nGET http://x\n", IMPORT_HTTP },
		{ "# c\nPOST /x HTTP/1.1\n", IMPORT_HTTP },
		{ "@a = b\n", IMPORT_HTTP },
		{ "https://x.test/\n", IMPORT_HTTP },
		{ "{}", IMPORT_NDJSON },
		{ "{", IMPORT_NDJSON },
		{ "", IMPORT_UNKNOWN },
		{ "<html>", IMPORT_UNKNOWN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (import_format_of(bytes_of(files[i].text), true) != files[i].is)
			fail_msg("%s: %d", files[i].text, import_format_of(bytes_of(files[i].text), true));
	assert_int_equal(import_format_of(bytes_of("{\"comment\":\"not"), false), IMPORT_UNDECIDED);
	assert_int_equal(import_format_of(bytes_of("# half a li"), false), IMPORT_UNDECIDED);
	assert_int_equal(import_format_named("postman"), IMPORT_POSTMAN);
	assert_int_equal(import_format_named("xml"), IMPORT_UNKNOWN);
}

static void test_utf16(void **state)
{
	static const uint8_t little[] = { 0xff, 0xfe, '{', 0, 0xe9, 0, 0x3d, 0xd8, 0x00, 0xde };
	static const uint8_t big[] = { 0, '{', 0x20, 0xac }, lone[] = { 0xff, 0xfe, 0x00, 0xde };
	struct buffer out = { 0 };
	(void)state;
	assert_true(import_is_utf16(bytes_make(little, sizeof little)) && import_is_utf16(bytes_make(big, 4)));
	assert_false(import_is_utf16(bytes_of("{\"")));
	assert_true(import_from_utf16(bytes_make(little, sizeof little), &out));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("{\xc3\xa9\xf0\x9f\x98\x80")));
	out.len = 0;
	assert_true(import_from_utf16(bytes_make(big, 4), &out));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("{\xe2\x82\xac")));
	assert_false(import_from_utf16(bytes_make(lone, 4), &out));
	buffer_free(&out);
}

static void test_times(void **state)
{
	static const char *const same[] = { "2026-11-20T05:30:00.5Z",       "2026-11-20T11:00:00.500+0530",
					    "2026-11-20t05:30:00,5000000z", "2026-11-20 05:30:00.500000000+00",
					    "2026-11-20T06:30:00.5 +01:00", "2026-11-19T23:30:00.5-06:00" };
	static const char *const bad[] = { "2026-02-29T00:00:00Z",  "2026-11-31T00:00:00Z",
					   "2026-11-20T05:30:00",   "2026-11-20",
					   "2026-11-20T24:00:00Z",  "2026-11-20T05:30:00.Z",
					   "2026-11-20T5:30:00Z",   "1700000000000",
					   "2026-11-20T05:30:00+1", "2026-11-20T05:30:00GMT" };
	struct error e = { 0 };
	uint64_t at;
	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		json_t *o = json_pack("{s:s}", "t", same[i]);
		if (!import_time(o, "t", &at, &e) || at != 1795152600500000u)
			fail_msg("%s: %llu %s", same[i], (unsigned long long)at, e.text);
		json_decref(o);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		json_t *o = json_pack("{s:s}", "t", bad[i]);
		if (import_time(o, "t", &at, &e))
			fail_msg("taken: %s", bad[i]);
		json_decref(o);
	}
}

static void expect_replaced(const char *in, const char *out)
{
	struct buffer got = { 0 };
	struct error e = { 0 };
	json_t *values =
	    json_pack("{s:s, s:s, s:i, s:s, s:s}", "a", "1", "b", "{{a}}{{ a }}", "n", 7, "x", "{{y}}", "y", "{{x}}");
	bool fine = variables_replace(values, VARIABLES_AND_TEMPLATES, bytes_of(in), &got, &e);
	if (fine ? !out || !bytes_equal(buffer_view(&got), bytes_of(out)) : out != NULL)
		fail_msg("%s: %.*s %s", in, (int)got.len, (const char *)got.at, e.text);
	json_decref(values);
	buffer_free(&got);
}

static void test_variables(void **state)
{
	(void)state;
	expect_replaced("", "");
	expect_replaced("{{a}}-{{_.b}}-{{n}}", "1-11-7");
	expect_replaced("{{a", "{{a");
	expect_replaced("a}}{b}", "a}}{b}");
	expect_replaced("{{unknown}}", NULL);
	expect_replaced("{{x}}", NULL);
	expect_replaced("{% now %}", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_utf16),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_variables),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
