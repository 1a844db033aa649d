/* Filters on deliveries that are on no record yet. */
#include "shared/upkeep/store_probe.h"
#include "tests/unit/unit.h"

static struct filter *parse(const char *text)
{
	struct filter_error fe;
	struct filter *f = filter_parse_for_request(text, &fe);
	if (!f)
		fail_msg("%s: column %d: %s", text, fe.column, fe.text);
	return f;
}

static bool matches(struct store_probe *p, const char *text)
{
	struct error e;
	struct filter *f = parse(text);
	bool yes = false;
	if (!store_probe_matches(p, f, &yes, &e))
		fail_msg("%s: %s", text, e.text);
	filter_free(f);
	return yes;
}

static struct store_delivery delivery(const char *path, const char *provider, const char *event, const char *body)
{
	return (struct store_delivery){
		.event_id = { 1 },
		.received_at_us = 1000000,
		.state = DELIVERY_SENDING,
		.tunnel = bytes_of("shop"),
		.method = bytes_of("POST"),
		.target = bytes_of(path),
		.peer = bytes_of("192.0.2.1:5"),
		.provider = bytes_of(provider),
		.event_type = bytes_of(event),
		.signature = bytes_of("valid"),
		.headers = bytes_of("Host: hooks.test\r\nContent-Type: application/json\r\nX-Kind: a=b\r\n"),
		.body = bytes_of(body),
		.body_size = strlen(body),
	};
}

static void test_fields(void **state)
{
	static const struct {
		const char *text;
		bool yes;
	} cases[] = {
		{ "event:invoice.*", true },
		{ "event:charge.*", false },
		{ "provider:stripe", true },
		{ "source:github", false },
		{ "-source:github", true },
		{ "method:post path:/hooks/*", true },
		{ "target:*tenant=7*", true },
		{ "host:hooks.test", true },
		{ "peer:192.0.2.*", true },
		{ "tunnel:shop", true },
		{ "header:x-kind=a=b", true },
		{ "header:x-other", false },
		{ "json:data.amount>100", true },
		{ "json:data.amount>101", false },
		{ "body:\"refund\"", true },
		{ "refund", true },
		{ "nothing", false },
		{ "size:>10", true },
		{ "size:>10k", false },
		{ "sig:valid", true },
		{ "sig:bad", false },
		{ "is:replay", false },
		{ "event:a OR (source:stripe -path:/api)", true },
	};
	struct error e;
	struct store_probe *p = store_probe_new(&e);
	struct store_delivery d =
	    delivery("/hooks/a?tenant=7", "stripe", "invoice.paid", "{\"data\":{\"amount\":101},\"why\":\"refund\"}");
	(void)state;
	assert_non_null(p);
	assert_true(store_probe_put(p, &d, &e));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (matches(p, cases[i].text) != cases[i].yes)
			fail_msg("%s", cases[i].text);
	store_probe_free(p);
}

/* Of the one before nothing is left, though it had the same id. */
static void test_one_at_a_time(void **state)
{
	struct error e;
	struct store_probe *p = store_probe_new(&e);
	(void)state;
	for (int i = 0; i < 100; i++) {
		struct store_delivery d =
		    i % 2 ? delivery("/a", "stripe", "one", "first") : delivery("/b", "", "two", "");
		assert_true(store_probe_put(p, &d, &e));
		assert_int_equal(matches(p, "event:one body:first"), i % 2);
		assert_int_equal(matches(p, "event:two"), !(i % 2));
		assert_int_equal(matches(p, "first"), i % 2);
	}
	store_probe_free(p);
	store_probe_free(NULL);
}

static void test_what_is_known_of_a_request(void **state)
{
	static const struct {
		const char *text, *name;
		int column;
	} later[] = {
		{ "status:5xx", "status", 1 },
		{ "event:a took:>1s", "took", 9 },
		{ "event:a (path:/a OR -state:held)", "state", 21 },
		{ "tag:marked", "tag", 1 },
		{ "id:7", "id", 1 },
		{ "since:1h", "since", 1 },
		{ "before:2026-11-20", "before", 1 },
		{ "on:today", "on", 1 },
		{ "attempts:>1", "attempts", 1 },
		{ "has:error", "has", 1 },
		{ "size.res:>1", "size.res", 1 },
		{ "header.res:a", "header.res", 1 },
		{ "body.res:a", "body.res", 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
		struct filter_error fe;
		assert_null(filter_parse_for_request(later[i].text, &fe));
		assert_int_equal(fe.column, later[i].column);
		assert_memory_equal(fe.text, later[i].name, strlen(later[i].name));
	}
	struct filter_error fe;
	assert_null(filter_parse_for_request("evnt:a", &fe));
	assert_non_null(strstr(fe.text, "event"));
}

/* It is judged while a sender waits and others come. */
static void test_ends(void **state)
{
	static char body[1000000];
	struct error e;
	struct store_probe *p = store_probe_new(&e);
	struct filter *f = parse("body:/((a?){20}){20}bc/");
	bool yes = true;
	(void)state;
	memset(body, 'a', sizeof body - 1);
	memcpy(body + sizeof body - 3, "-c", 2);
	struct store_delivery d = delivery("/x", "github", "push", body);
	assert_true(store_probe_put(p, &d, &e));
	assert_false(store_probe_matches(p, f, &yes, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	assert_false(yes);
	assert_true(matches(p, "body:/a-c/"));
	filter_free(f);
	store_probe_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_what_is_known_of_a_request),
		cmocka_unit_test(test_ends),
	};
	return RUN(tests);
}
