/* HAR: what we wrote comes back exactly, others' as well as can be, and what is wrong is named with its line. */
#include "shared/har/har.h"
#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"
#include "tests/unit/shared/transcript_fixture.h"
#include "tests/unit/unit.h"

static void put(struct buffer *b, const void *at, size_t len)
{
	assert_true(buffer_append(b, at, len));
}

static void put_text(struct buffer *b, const char *text)
{
	put(b, text, strlen(text));
}

/* Everything set, with what a JSON string cannot hold wherever it may be. */
static void fill(struct transcript *x)
{
	uint8_t all[256];
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	memset(x, 0, sizeof *x);
	memset(x->event_id, 0x77, UUID_LEN);
	x->received_at_us = 1795438954123456u;
	x->origin = ORIGIN_IMPORT;
	x->state = DELIVERY_FAILED;
	x->https = x->has_body = x->called = true;
	put_text(&x->tunnel, "dev");
	put_text(&x->method, "POST");
	put_text(&x->target, "/a%zz?q=1&q=2&e&=x#\xff\"");
	put_text(&x->peer, "[::1]:9");
	put_text(&x->provider, "git\xff");
	put_text(&x->event_type, "push\xe9");
	put_text(&x->signature, "invalid");
	put_text(&x->request.headers, "Host: x:1\r\nX-Bin: \xff\t\x80  \r\nx-bin: \r\nCookie: a=1; b; c=\"2\"\r\n");
	put_text(&x->request.trailers, "X-Sum: \xfe\r\n");
	put(&x->request.body, all, sizeof all);
	x->request.body_size = 300; /* cut */
	x->started_at_us = 1795438954200000u;
	x->connect_us = 7;
	x->first_byte_us = 3001;
	x->total_us = 9007199254740;
	x->result = ATTEMPT_ABORTED;
	x->status = 502;
	put_text(&x->url, "http://localhost:3000/base/a%zz?q=1&q=2&e&=x#\xff\"");
	put_text(&x->reason, "Caf\xe9");
	put_text(&x->error, "the app broke off");
	put_text(&x->response.headers, "Set-Cookie: s=1; Path=/\r\nSet-Cookie: \xff\r\nConnection: X-A\r\nX-A: 1\r\n");
	put(&x->response.body, all + 128, 128);
	x->response.body_size = 128;
}

struct reading {
	struct transcript got[4];
	size_t count;
	const char *refuse;
};

static bool on_entry(void *user, size_t number, json_t *entry, struct error *e)
{
	struct reading *r = user;
	if (r->refuse)
		return error_set(e, EXIT_USAGE, "%s", r->refuse);
	assert_int_equal(number, r->count + 1);
	return har_read_entry(entry, &r->got[r->count++], e);
}

static void drop(struct reading *r)
{
	for (size_t i = 0; i < r->count; i++)
		transcript_free(&r->got[i]);
	r->count = 0;
}

static void write_all(struct buffer *out, const struct transcript *all, size_t count)
{
	assert_true(har_begin(out));
	for (size_t i = 0; i < count; i++) {
		json_t *entry = har_entry(&all[i]);
		char *text = json_dumps(entry, JSON_INDENT(1));
		put_text(out, i ? ",\n" : "\n");
		put_text(out, text);
		free(text);
		json_decref(entry);
	}
	assert_true(har_end(out));
}

static void test_round_trip(void **state)
{
	struct transcript all[3] = { 0 };
	struct buffer text = { 0 };
	struct reading r = { 0 };
	struct error e;
	(void)state;
	fill(&all[0]);
	/* Plain, with nothing but what must be. */
	all[1].state = DELIVERY_REFUSED;
	all[1].refused_status = 413;
	put_text(&all[1].method, "GET");
	put_text(&all[1].target, "/");
	put_text(&all[1].signature, "unknown");
	all[1].request.body_size = 1u << 30;
	/* An answer without a status, a body of text. */
	fill(&all[2]);
	all[2].status = 0;
	all[2].request.body.len = 0;
	put_text(&all[2].request.body, "{\"a\":\"\xc3\xa9\\u0000\x1b\x7f\"}\r\n");
	all[2].request.body_size = all[2].request.body.len;
	write_all(&text, all, 3);
	if (!har_read(buffer_view(&text), &(struct har_reader){ .user = &r, .entry = on_entry }, &e))
		fail_msg("%s", e.text);
	assert_int_equal(r.count, 3);
	for (size_t i = 0; i < 3; i++) {
		const char *what = difference(&all[i], &r.got[i]);
		if (what)
			fail_msg("entry %zu: %s", i, what);
		transcript_free(&all[i]);
	}
	drop(&r);
	buffer_free(&text);
}

static void test_shape(void **state)
{
	struct transcript x;
	struct error e;
	const char *value = NULL, *name = NULL;
	(void)state;
	fill(&x);
	json_t *entry = har_entry(&x), *request = json_object_get(entry, "request");
	assert_string_equal(json_string_value(json_object_get(request, "url")),
			    "http://localhost:3000/base/a%25zz?q=1&q=2&e&=x%23%FF%22");
	json_t *query = json_object_get(request, "queryString");
	assert_int_equal(json_array_size(query), 4);
	assert_int_equal(json_unpack(json_array_get(query, 2), "{s:s, s:s}", "name", &name, "value", &value), 0);
	assert_string_equal(name, "e");
	assert_string_equal(value, "");
	assert_int_equal(json_array_size(json_object_get(request, "cookies")), 2);
	json_t *response = json_object_get(entry, "response");
	assert_int_equal(json_array_size(json_object_get(response, "cookies")), 1); /* the other has no name */
	assert_string_equal(json_string_value(json_object_get(json_object_get(response, "content"), "encoding")),
			    "base64");
	json_decref(entry);

	struct redaction r = { 0 };
	assert_true(transcript_redact(&x, &r, true, &e));
	assert_true(x.redacted);
	entry = har_entry(&x);
	char *text = json_dumps(entry, 0);
	assert_non_null(strstr(text, "REDACTED"));
	assert_non_null(strstr(text, "\"_redacted\": true"));
	assert_null(strstr(text, "\"a\", \"value\": \"1\"")); /* the cookie, taken apart */
	free(text);
	json_decref(entry);
	transcript_free(&x);
}

static bool read_text(const char *text, struct reading *r, struct error *e)
{
	memset(r, 0, sizeof *r);
	return har_read(bytes_of(text), &(struct har_reader){ .user = r, .entry = on_entry }, e);
}

#define ENTRY(more, request) "{\"startedDateTime\":\"2026-11-23T13:42:34.5+01:00\"," more "\"request\":{" request "}}"
#define LOG(entries)                                                                                                   \
	"\xef\xbb\xbf{\"log\":{\"version\":\"1.2\",\"pages\":[{}],\n\"entries\" : [" entries "] , \"x\":[]}}\n"

static void test_others(void **state)
{
	struct reading r;
	struct error e;
	(void)state;
	if (!read_text(
		LOG(ENTRY(
		    "\"response\":{\"status\":201,\"statusText\":\"Made\",\"headers\":[{\"name\":\"A\","
		    "\"value\":\"1\"}],\"content\":{\"text\":\"aGk=\",\"encoding\":\"base64\"}},"
		    "\"timings\":{\"wait\":2,\"receive\":1.5},",
		    "\"method\":\"POST\",\"url\":\"https://me@x.test:8/p?q#f\",\"headers\":[{\"name\":\":path\","
		    "\"value\":\"/p\"},{\"name\":\"Connection\",\"value\":\"close\"},{\"name\":\"b\",\"value\":\"2\"}],"
		    "\"postData\":{\"params\":[{\"name\":\"k\",\"value\":\"v\"},{\"name\":\"l\"}]}") "," ENTRY("",
													       "\"metho"
													       "d\":"
													       "\"GET\""
													       ",\"url"
													       "\":"
													       "\"http:"
													       "//"
													       "x?"
													       "a\"")),
		&r, &e))
		fail_msg("%s", e.text);
	assert_int_equal(r.count, 2);
	struct transcript *x = &r.got[0];
	assert_int_equal(x->received_at_us % 1000000, 500000);
	assert_int_equal(x->received_at_us / 1000000 % 86400, 12 * 3600 + 42 * 60 + 34);
	assert_true(bytes_equal(buffer_view(&x->target), bytes_of("/p?q")));
	assert_true(bytes_equal(buffer_view(&x->request.headers), bytes_of("Host: x.test:8\r\nb: 2\r\n")));
	assert_true(bytes_equal(buffer_view(&x->request.body), bytes_of("k=v&l=")));
	assert_true(bytes_equal(buffer_view(&x->response.body), bytes_of("hi")));
	assert_true(x->https && x->has_body && x->called);
	assert_int_equal(x->total_us, 3500);
	assert_int_equal(x->event_id[6] >> 4, 7);
	assert_true(bytes_equal(buffer_view(&r.got[1].target), bytes_of("/?a")));
	assert_false(r.got[1].called);
	/* The same entry gets the same id, so that a file is not imported twice. */
	uint8_t id[UUID_LEN];
	memcpy(id, r.got[1].event_id, UUID_LEN);
	drop(&r);
	assert_true(read_text(LOG(ENTRY("", "\"url\":\"http://x?a\",\"method\":\"GET\"")), &r, &e));
	assert_memory_equal(id, r.got[0].event_id, UUID_LEN);
	drop(&r);
	assert_true(read_text(LOG(""), &r, &e));
	assert_int_equal(r.count, 0);
}

static void expect_error(const char *text, const char *sentence)
{
	struct reading r;
	struct error e = { 0 };
	if (read_text(text, &r, &e))
		fail_msg("taken: %s", text);
	if (!strstr(e.text, sentence))
		fail_msg("%s\nis not in: %s\nof %s", sentence, e.text, text);
	assert_int_equal(e.code, EXIT_USAGE);
	drop(&r);
}

static void test_bad_files(void **state)
{
	(void)state;
	expect_error("", "line 1: it is neither HAR nor lines of JSON");
	expect_error("\n\nhello", "line 3: ");
	expect_error("[]", "line 1: ");
	expect_error("{}", "no \"log\" with \"entries\"");
	expect_error("{\"log\":[]}", "no \"log\" with \"entries\"");
	expect_error("{\"log\":{\"entries\":{}}}", "no \"log\" with \"entries\"");
	expect_error("{\"log\":{\"entries\":[", "ends too early");
	expect_error("{\"log\":{\n\"entries\":[\n{\n\"a\":}]}}", "line 4: it is not JSON");
	expect_error("{\"log\":{\n\"pages\":[1 2],\"entries\":[]}}", "line 2: it is not JSON");
	expect_error("{\"log\":{\"entries\":[]", "line 1: the file ends too early");
	expect_error("{\"log\":{\"entries\":[]}", "the file ends too early");
	expect_error("{\"log\":{\"entries\":[]}}\n{}", "line 2: it is not JSON: something follows its end");
	expect_error("{\"log\":{\"entries\":[]},}", "a name in quotes is missing");
	expect_error("{\"log\":{\"entries\"[]}}", "a colon is missing");
	expect_error("{log:1}", "a name in quotes is missing");
	expect_error("{\"log\":{\"entries\":[{\"a\":\"", "ends too early");
	expect_error("{\"log\":{\"entries\":[{\"a\":\"\\", "ends too early");
	expect_error("{\"log\":{\"entries\":[{} {}]}}", "entry 1 (line 1): ");
	expect_error("{\"log\":{\"entries\":[,]}}", "it is not JSON");
	expect_error("{\"log\":{\"entries\":[]]}}", "a comma or } is missing");
	expect_error(LOG("\"\xff\""), "line 2: ");
	expect_error(LOG("\n1"), "entry 1 (line 3): \"startedDateTime\" is not a time");
}

static void test_bad_entries(void **state)
{
	static const char *const times[] = { "yesterday",
					     "2026-13-01T00:00:00Z",
					     "2026-11-23T13:42:34",
					     "1960-01-01T00:00:00Z",
					     "2026-11-23T25:00:00Z",
					     "2026-11-23T13:42:34Zx",
					     "2026-11-23T13:42:34+1:0:0" };
	char text[400];
	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		snprintf(text, sizeof text, LOG("{\"startedDateTime\":\"%s\"}"), times[i]);
		expect_error(text, "entry 1 (line 2): \"startedDateTime\" is not a time");
	}
	expect_error(LOG("{\"startedDateTime\":\"2026-11-23T13:42:34Z\"}"), "there is no \"request\"");
#define GET "\"method\":\"GET\",\"url\":\"http://x/\""
	expect_error(LOG(ENTRY("", GET) "," ENTRY("", "\"method\":\"GE T\",\"url\":\"http://x/\"")),
		     "entry 2 (line 2): the method is not one word");
	expect_error(LOG(ENTRY("", "\"method\":7")), "\"method\" is not a text");
	expect_error(LOG(ENTRY("", "\"method\":\"GET\"")), "\"url\" is not a URL");
	expect_error(LOG(ENTRY("", "\"method\":\"GET\",\"url\":\"http://x/a b\"")),
		     "the target is empty or holds blanks");
	expect_error(LOG(ENTRY("", GET ",\"headers\":[{\"name\":\"a b\",\"value\":\"\"}]")), "header field's name");
	expect_error(LOG(ENTRY("", GET ",\"headers\":[{\"name\":\"a\",\"value\":\"1\\r\\nb: 2\"}]")),
		     "control characters");
	expect_error(LOG(ENTRY("", GET ",\"postData\":{\"text\":\"*\",\"_encoding\":\"base64\"}")), "is not base64");
	expect_error(LOG(ENTRY("\"response\":{\"status\":1000},", GET)), "\"status\" is not a number from 0 to 999");
	expect_error(LOG(ENTRY("\"response\":{\"status\":\"200\"},", GET)), "\"status\" is not a number");
	expect_error(LOG(ENTRY("\"_creel\":{\"event_id\":\"1\"},", GET)), "\"event_id\" is not a UUID");
	expect_error(LOG(ENTRY("\"_creel\":{\"state\":\"lost\"},", GET)), "\"state\" is none that creel knows");
	expect_error(LOG(ENTRY("\"_creel\":{\"result\":\"lost\"},", GET)), "\"result\" is none that creel knows");
	expect_error(LOG(ENTRY("\"_creel\":{\"https\":1},", GET)), "\"https\" is neither true nor false");
	expect_error(LOG(ENTRY("\"_creel\":{\"target_base64\":\"?\"},", GET)), "\"target_base64\" is not base64");
	expect_error(LOG(ENTRY("\"_creel\":{\"request_headers_base64\":\"YQ==\"},", GET)),
		     "header field of the request is malformed");
	expect_error(LOG(ENTRY("\"_creel\":{\"trailers_base64\":\"YQ==\"},", GET)),
		     "header field of the request is malformed");
	expect_error(LOG(ENTRY("\"_creel\":{\"response_headers_base64\":\"YQ==\"},", GET)),
		     "header field of the response is malformed");
	expect_error(LOG(ENTRY("\"_creel\":{\"total_us\":-1},", GET)), "\"total_us\" is not a number");
}

static void test_is_http(void **state)
{
	static const char *const urls[] = { "http://x", "HTTPS://x", "", "data:,", "blob:http://x", "wss://x" };
	(void)state;
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
		json_t *entry = json_pack("{s:{s:s}}", "request", "url", urls[i]);
		assert_int_equal(har_is_http(entry), i < 3);
		json_decref(entry);
	}
	assert_true(har_is_http(NULL));
}

static void test_caller_ends_it(void **state)
{
	struct reading r = { .refuse = "enough" };
	const struct har_reader reader = { .user = &r, .entry = on_entry };
	struct error e;
	(void)state;
	assert_false(har_read(bytes_of(LOG(ENTRY("", GET))), &reader, &e));
	assert_string_equal(e.text, "entry 1 (line 2): enough");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),  cmocka_unit_test(test_shape),
		cmocka_unit_test(test_others),      cmocka_unit_test(test_bad_files),
		cmocka_unit_test(test_bad_entries), cmocka_unit_test(test_caller_ends_it),
		cmocka_unit_test(test_is_http),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
