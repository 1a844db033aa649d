/* Samples of `creel trigger`: found by name, filled in, changed; every one that is compiled in is a request that can be
 * read, and recognised as its provider's. */
#include "client/trigger/samples.h"
#include "shared/http/headers.h"
#include "shared/http/http_text.h"
#include "shared/json/json_tokens.h"
#include "tests/unit/unit.h"
#include "shared/providers/signature_sender.h"

#define NOW_MS 1764000000123u

static void fill(const char *text, const char *event, struct buffer *out)
{
	struct error e;
	out->len = 0;
	assert_true(samples_fill(bytes_of(text), event, NOW_MS, out, &e));
	assert_true(buffer_put_u8(out, 0));
	out->len--;
}

static void test_fill(void **state)
{
	static const char *const cases[][3] = {
		{ "", NULL, "" },
		{ "a{b}}c{{", NULL, "a{b}}c{{" },
		{ "{{now}} {{now_ms}} {{iso}}", NULL, "1764000000 1764000000123 2025-11-24T16:00:00Z" },
		{ "{{event}} {{topic}}", "orders.create.x", "orders.create.x orders/create.x" },
		{ "{{event}}{{unknown}}{{{now}}}", NULL, "{{event}}{{unknown}}{1764000000}" },
		{ "{{", "x", "{{" },
	};
	struct buffer out = { 0 };
	struct error e;
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		fill(cases[i][0], cases[i][1], &out);
		assert_string_equal(out.at ? (char *)out.at : "", cases[i][2]);
	}
	fill("{{id}}{{id}}", NULL, &out);
	assert_int_equal(out.len, 48);
	assert_memory_not_equal(out.at, out.at + 24, 24);
	assert_int_equal(strspn((char *)out.at, "0123456789abcdef"), 48);
	fill("{{uuid}}", NULL, &out);
	assert_int_equal(out.len, 36);
	fill("{{uuid|same}}{{uuid}}{{uuid|same}}", NULL, &out);
	assert_int_equal(out.len, 3 * 36);
	assert_memory_equal(out.at, out.at + 2 * 36, 36);
	assert_memory_not_equal(out.at, out.at + 36, 36);
	static const char *const bad[] = { "a\r\nb", "a b", "\"", "\x1b[" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(samples_fill(bytes_of("{{event}}"), bad[i], NOW_MS, &out, &e));
		assert_int_equal(e.code, EXIT_USAGE);
	}
	buffer_free(&out);
}

struct set_case {
	const char *body, *assignment, *expected; /* NULL: an error */
	bool is_form;
};

static void test_set(void **state)
{
	static const struct set_case cases[] = {
		{ "{\"a\": {\"b\": 1}}", "a.b=2", "{\"a\": {\"b\": 2}}", false },
		{ "{\"a\":1}", "a=x\"y\\", "{\"a\":\"x\\\"y\\\\\"}", false },
		{ "{\"a\":1}", "a=", "{\"a\":\"\"}", false },
		{ "{\"a\":1}", "a=-1.5e3", "{\"a\":-1.5e3}", false },
		{ "{\"a\":1}", "a=007", "{\"a\":\"007\"}", false },
		{ "{\"a\":1}", "a=1.", "{\"a\":\"1.\"}", false },
		{ "{\"a\":1}", "a=1-2", "{\"a\":\"1-2\"}", false },
		{ "{\"a\":1}", "a=null", "{}", false },
		{ "{\"a\":1, \"b\": 2}", "a=null", "{\"b\": 2}", false },
		{ "{\"a\":1, \"b\": 2}", "b=null", "{\"a\":1}", false },
		{ "{\n  \"a\": 1,\n  \"b\": 2,\n  \"c\": 3\n}", "b=null", "{\n  \"a\": 1,\n  \"c\": 3\n}", false },
		{ "{\n  \"a\": 1\n}", "a=null", "{}", false },
		{ "[1,2,3]", "[1]=null", "[1,3]", false },
		{ "[1,2,3]", "[2]=null", "[1,2]", false },
		{ "{\"a\":1}", "b=null", "{\"a\":1}", false },
		{ "{\"a\":1}", "b.c[0].d=null", "{\"a\":1}", false },
		{ "[{\"a\":\"x\"}]", "[0].a=true", "[{\"a\":true}]", false },
		{ "[{\"a\":\"x\"}]", "0.a=true", "[{\"a\":true}]", false },
		{ "{\"a\":1}", "a=b=c", "{\"a\":\"b=c\"}", false },
		{ "{\"a\":1}", "a={\"b\":[2]}", "{\"a\":{\"b\":[2]}}", false },
		{ "{\"a\":1}", "a={b", "{\"a\":\"{b\"}", false },
		{ "{\"a\":1}", "a=\"2\"", "{\"a\":\"2\"}", false },
		{ "{\"a\":1}", "a= 2", "{\"a\":\" 2\"}", false },
		{ "{\"a\":1}", "b=1", "{\"a\":1,\"b\":1}", false },
		{ "{}", "b=1", "{\"b\":1}", false },
		{ "{\n  \"a\": 1\n}", "b=x", "{\n  \"a\": 1,\n  \"b\": \"x\"\n}", false },
		{ "{\"m\": {}}", "m.order=6", "{\"m\": {\"order\":6}}", false },
		{ "{\"m\": null}", "m.order.id=6", "{\"m\": {\"order\":{\"id\":6}}}", false },
		{ "{}", "a.b.c=1", "{\"a\":{\"b\":{\"c\":1}}}", false },
		{ "{\"l\":[1]}", "l[]=2", "{\"l\":[1,2]}", false },
		{ "{\"l\":[1]}", "l[1]=2", "{\"l\":[1,2]}", false },
		{ "{\"l\":[]}", "l[0].id=x", "{\"l\":[{\"id\":\"x\"}]}", false },
		{ "{\"l\":[1]}", "l[2]=2", NULL, false },
		{ "{}", "l[]=2", "{\"l\":[2]}", false },
		{ "{}", "l[0][0]=2", "{\"l\":[[2]]}", false },
		{ "{}", "l[1]=2", NULL, false },
		{ "{}", "a[0].b[1]=2", NULL, false },
		{ "{\"a.b\":1}", "[\"a.b\"]=2", "{\"a.b\":2}", false },
		{ "{\"a=b\":1}", "[\"a=b\"]=2", "{\"a=b\":2}", false },
		{ "{\"\\u0061\":1}", "a=2", "{\"\\u0061\":2}", false },
		{ "{\"a\":1,\"a\":2}", "a=3", "{\"a\":1,\"a\":3}", false },
		{ "{\"a\":1}", "a.b=1", NULL, false },
		{ "{\"a\":\"x\"}", "a[0]=1", NULL, false },
		{ "{\"a\":[]}", "a.b=1", NULL, false },
		{ "{\"a\":{}}", "a[0]=1", NULL, false },
		{ "null", "a=1", "{\"a\":1}", false },
		{ "{\"a\":1}", "a", NULL, false },
		{ "{\"a\":1}", "=1", NULL, false },
		{ "{\"a\":1}", "a..b=1", NULL, false },
		{ "{\"a\":1}", "a.=1", NULL, false },
		{ "{\"a\":1}", "a[=1", NULL, false },
		{ "{\"a\":1}", "a[x]=1", NULL, false },
		{ "{\"a\":1}", "a[0]b=1", NULL, false },
		{ "no json", "a=1", NULL, false },
		{ "", "a=1", NULL, false },
		{ "a=1&b=2&c=3", "b=null", "a=1&c=3", true },
		{ "a=1", "b=null", "a=1", true },
		{ "a=1&b=2&a=3", "a=x y", "a=x%20y&b=2&a=x%20y", true },
		{ "", "a=\xc3\xa9", "a=%C3%A9", true },
		{ "a=1", "ab=2", "a=1&ab=2", true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer body = { 0 };
		struct error e;
		assert_true(buffer_append_text(&body, cases[i].body));
		bool fine = samples_set(&body, cases[i].is_form, cases[i].assignment, &e);
		if (fine != (cases[i].expected != NULL) ||
		    (fine && !bytes_equal(buffer_view(&body), bytes_of(cases[i].expected))))
			fail_msg("%s: %.*s", cases[i].assignment, (int)body.len, (char *)body.at);
		buffer_free(&body);
	}
}

static void test_find(void **state)
{
	const char *event;
	struct error e;
	(void)state;
	assert_string_equal(samples_find("stripe", &event, &e)->name, "stripe.invoice.paid");
	assert_string_equal(samples_find("github.ping", &event, &e)->name, "github.ping");
	assert_null(event);
	assert_string_equal(samples_find("standard.a.b", &event, &e)->name, "standard.any");
	assert_string_equal(event, "a.b");
	assert_string_equal(samples_find("zoom", &event, &e)->name, "zoom.meeting.started");
	static const char *const none[] = { "", "strpe", "stripe.", "zoom.nothing", ".", "stri" };
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		assert_null(samples_find(none[i], &event, &e));
		assert_int_equal(e.code, EXIT_USAGE);
	}
	assert_null(samples_find("gihub", &event, &e));
	assert_non_null(strstr(e.text, "did you mean github"));
}

static void check_sample(const struct sample *s)
{
	struct buffer text = { 0 }, fields = { 0 };
	struct http_text request;
	struct signature_origin origin;
	struct error e;
	struct bytes type = { 0 };
	struct json_tokens tokens;
	fill(s->text, "x.y", &text);
	if (!http_text_read(buffer_view(&text), &request, &fields, NULL, &e))
		fail_msg("%s: %s", s->name, e.text);
	assert_true(bytes_equal(request.method, bytes_of("POST")));
	bool json = headers_find(request.headers, "Content-Type", &type) && type.len >= 16 &&
		    memcmp(type.at, "application/json", 16) == 0;
	if (json && !json_tokenize(request.body, false, &tokens, NULL))
		fail_msg("%s is no JSON", s->name);
	if (json)
		json_tokens_free(&tokens);
	/* Unsigned, some say nothing of their sender; none says it is another's. A provider that signs nothing is not
	 * in the table. */
	char provider[64];
	snprintf(provider, sizeof provider, "%.*s", (int)strcspn(s->name, "."), s->name);
	const struct signature_provider *p = signature_find(provider);
	assert_true(signature_recognise(request.headers, request.body, &origin));
	/* One that signs nothing is known by what it sends alone. */
	if (origin.signature ? origin.signature != p : !p && (!origin.provider || strcmp(origin.provider, provider)))
		fail_msg("%s passes for %s", s->name, origin.provider ? origin.provider : "nobody");
	buffer_free(&origin.event);
	buffer_free(&text);
	buffer_free(&fields);
}

static void test_built_in(void **state)
{
	size_t count = 0;
	(void)state;
	for (const struct sample *s = samples_built_in; s->name; s++, count++)
		check_sample(s);
	assert_true(count >= 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fill),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_built_in),
	};
	return RUN(tests);
}
