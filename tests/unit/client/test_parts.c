/* The client's small parts: targets, back-off, proxies, config, JSON. */
#include "client/tunnel/backoff.h"
#include "client/tunnel/clock_watch.h"
#include "client/options/config.h"
#include "client/app/forwarder.h"
#include "client/tunnel/proxy.h"
#include "client/print/row_json.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>
#include <unistd.h>

static void expect_target(const char *text, bool remote, const char *out)
{
	struct error e = { 0 };
	char *url = forward_parse_target(text, remote, &e);
	if (out)
		assert_string_equal(url, out);
	else if (url)
		fail_msg("%s was taken for %s", text, url);
	if (!out)
		assert_int_equal(e.code, EXIT_USAGE);
	free(url);
}

static void test_targets(void **state)
{
	(void)state;
	expect_target("3000", false, "http://localhost:3000");
	expect_target("localhost:3000", false, "http://localhost:3000");
	expect_target("http://127.0.0.1:3000/base/", false, "http://127.0.0.1:3000/base");
	expect_target("https://[::1]/x", false, "https://[::1]:443/x");
	expect_target("0", false, NULL);
	expect_target("65536", false, NULL);
	expect_target("", false, NULL);
	expect_target("ftp://localhost", false, NULL);
	expect_target("http://example.com", false, NULL);
	expect_target("http://127.0.0.1.example.com", false, NULL);
	expect_target("http://u:p@localhost", false, NULL);
	expect_target("http://example.com", true, "http://example.com:80");
}

static void test_backoff(void **state)
{
	struct backoff b = { 0 };
	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		uint64_t most = i < 6 ? 250u << i : 15000, wait = backoff_next_ms(&b);
		if (wait < most / 2 || wait > most)
			fail_msg("wait %u is %llu ms", i, (unsigned long long)wait);
	}
	backoff_connected(&b, 100);
	uint64_t soon = backoff_next_ms(&b);
	assert_true(soon >= 500 && soon <= 1000);
	backoff_connected(&b, 20000);
	assert_true(backoff_next_ms(&b) <= 250);
}

static void test_proxy(void **state)
{
	struct error e;
	struct proxy p;
	(void)state;
	unsetenv("https_proxy");
	unsetenv("no_proxy");
	setenv("HTTPS_PROXY", "http://me:pw@proxy.test:3128/", 1);
	assert_true(proxy_for("https", "relay.test", &p, &e));
	assert_string_equal(p.shown, "http://proxy.test:3128");
	assert_string_equal(p.variable, "HTTPS_PROXY");
	proxy_free(&p);
	setenv("NO_PROXY", "other, .relay.test", 1);
	assert_true(proxy_for("https", "a.relay.test", &p, &e) && !p.variable);
	assert_true(proxy_for("https", "evilrelay.test", &p, &e) && p.variable);
	proxy_free(&p);
	unsetenv("HTTPS_PROXY");
	unsetenv("NO_PROXY");
}

static void test_login_keeps_the_rest(void **state)
{
	char folder[] = "/tmp/creel-config-XXXXXX", path[100], command[200];
	struct error e = { 0 };
	struct stat st;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/new/config.ini", folder);
	assert_true(config_login(path, "https://a.test", "creel_1", &e));
	FILE *f = fopen(path, "a");
	assert_non_null(f);
	fputs("[listen]\ntimeout = 9s\n", f);
	fclose(f);
	assert_true(config_login(path, "https://b.test/", "creel_2", &e));
	assert_true(config_login(path, "https://a.test", "creel_3", &e));
	char *a = config_token(path, "https://a.test/", &e), *b = config_token(path, "https://b.test", &e);
	assert_string_equal(a, "creel_3");
	assert_string_equal(b, "creel_2");
	assert_null(config_token(path, "https://c.test", &e));
	snprintf(command, sizeof command, "grep -q 'timeout = 9s' %s", path);
	assert_int_equal(system(command), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	free(a);
	free(b);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void test_row_json(void **state)
{
	struct delivery_row row = { .id = 7,
				    .received_at_us = 1795438954123456,
				    .state = DELIVERY_FAILED,
				    .took_us = -1,
				    .tunnel = bytes_of("dev"),
				    .method = bytes_of("POST"),
				    .target = bytes_of("/\xff?q"),
				    .path = bytes_of("/\xff"),
				    .peer = bytes_of("p"),
				    .signature = bytes_of("unknown") };
	(void)state;
	json_t *o = row_json_delivery("delivery", &row);
	char *text = json_dumps(o, JSON_COMPACT);
	assert_string_equal(
	    text, "{\"type\":\"delivery\",\"id\":7,\"event_id\":\"00000000-0000-0000-0000-000000000000\","
		  "\"received_at\":\"2026-11-23T13:02:34.123456Z\",\"tunnel\":\"dev\",\"method\":\"POST\","
		  "\"target\":\"/\xef\xbf\xbd?q\",\"path\":\"/\xef\xbf\xbd\",\"peer\":\"p\",\"provider\":null,"
		  "\"event_type\":null,\"signature\":\"unknown\",\"state\":\"failed\",\"status\":null,"
		  "\"duration_ms\":null,\"attempts\":0,\"request_bytes\":0,\"response_bytes\":0,\"origin\":\"live\","
		  "\"replay_of\":null}");
	free(text);
	json_decref(o);
	struct message m = { 0 };
	assert_true(buffer_append(&m.body, "\0\xff", 2) && buffer_append_text(&m.headers, "A: 1\r\na: 2\r\n"));
	m.body_size = 2;
	o = row_json_message(&m);
	text = json_dumps(o, JSON_COMPACT);
	assert_string_equal(text, "{\"headers\":[[\"A\",\"1\"],[\"a\",\"2\"]],\"body_base64\":\"AP8=\"}");
	free(text);
	json_decref(o);
	store_message_free(&m);
}

/* A clock_watch that looked at wall clock 1000 s and loop clock 5 s. */
static struct clock_watch looked_before(uint64_t *confirmed)
{
	struct clock_watch w = { 0 };
	assert_int_equal(clock_watch_look(&w, 1000000000, 5000, 30000000, confirmed), CLOCK_FINE);
	return w;
}

static void test_clock_watch(void **state)
{
	uint64_t confirmed = 999000000;
	(void)state;
	struct clock_watch w = looked_before(&confirmed);
	/* Both clocks went on. */
	assert_int_equal(clock_watch_look(&w, 1001000000, 6000, 30000000, &confirmed), CLOCK_FINE);
	/* 31 s without a sign of life; without a connection there is none to be had. */
	w = looked_before(&confirmed);
	assert_int_equal(clock_watch_look(&w, 1030000000, 35000, 30000000, &confirmed), CLOCK_SILENT);
	w = looked_before(NULL);
	assert_int_equal(clock_watch_look(&w, 1030000000, 35000, 30000000, NULL), CLOCK_FINE);
	/* The machine slept a minute: the loop's clock stood. */
	w = looked_before(&confirmed);
	assert_int_equal(clock_watch_look(&w, 1061000000, 6000, 30000000, &confirmed), CLOCK_JUMPED);
	w = looked_before(NULL);
	assert_int_equal(clock_watch_look(&w, 1061000000, 6000, 30000000, NULL), CLOCK_JUMPED);
	/* A short nap, and then silence: the wall clock counts. */
	w = looked_before(&confirmed);
	assert_int_equal(clock_watch_look(&w, 1020000000, 6000, 30000000, &confirmed), CLOCK_FINE);
	assert_int_equal(clock_watch_look(&w, 1030000000, 16000, 30000000, &confirmed), CLOCK_SILENT);
	/* Set back by an hour: the sign of life goes with it, and is not in the future. */
	w = looked_before(&confirmed);
	assert_int_equal(clock_watch_look(&w, 1001000000 - 600000000, 6000, 30000000, &confirmed), CLOCK_FINE);
	assert_int_equal(confirmed, 999000000 - 600000000);
	assert_int_equal(clock_watch_look(&w, 1031000000 - 600000000, 36000, 30000000, &confirmed), CLOCK_SILENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),  cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_proxy),    cmocka_unit_test(test_login_keeps_the_rest),
		cmocka_unit_test(test_row_json), cmocka_unit_test(test_clock_watch),
	};
	return RUN(tests);
}
