/* The page's server: who is let in, ranges of bodies, HTML from outside. */
#include "client/web_server/web_guard.h"
#include "client/web_views/web_range.h"
#include "shared/text/html.h"
#include "tests/unit/unit.h"

/* A browser's request of the page's own, which passes; each case spoils something. */
static struct web_guard_head own(enum web_method method)
{
	return (struct web_guard_head){
		.method = method,
		.loopback = true,
		.port = 4040,
		.hosts = 1,
		.host = "127.0.0.1:4040",
		.origins = method == WEB_GET ? 0 : 1,
		.origin = method == WEB_GET ? NULL : "http://127.0.0.1:4040",
		.site = "same-origin",
		.mode = "cors",
		.dest = "empty",
		.content_type = method == WEB_GET ? NULL : "application/json",
		.page = true,
		.cookie = true,
	};
}

static struct web_guard_head script(enum web_method method)
{
	struct web_guard_head h = own(method);
	h.site = h.mode = h.dest = h.origin = NULL;
	h.origins = 0;
	h.page = h.cookie = false;
	h.bearer = true;
	return h;
}

static void test_who_belongs_here_passes(void **state)
{
	(void)state;
	struct web_guard_head h = own(WEB_GET);
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
	h = own(WEB_POST);
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
	h = own(WEB_DELETE);
	h.content_type = "application/json; charset=utf-8";
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
	h = script(WEB_POST);
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
	/* A bookmark. */
	h = own(WEB_GET);
	h.site = "none";
	h.mode = "navigate";
	h.dest = "document";
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
	h.host = "LOCALHOST:4040";
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
	h.host = "[::1]:4040";
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
}

static void test_hosts(void **state)
{
	static const char *const foreign[] = { "127.0.0.1",
					       "127.0.0.1:4041",
					       "attacker.test:4040",
					       "localhost",
					       "localhost:4040.",
					       "127.0.0.1:4040:4040",
					       "",
					       "127.1:4040",
					       "0.0.0.0:4040",
					       "localhost:04040",
					       "user@127.0.0.1:4040" };
	(void)state;
	struct web_guard_head h = script(WEB_GET);
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		h.host = foreign[i];
		if (web_guard(&h) != WEB_GUARD_HOST)
			fail_msg("taken for ours: %s", foreign[i]);
	}
	h = script(WEB_GET);
	h.hosts = 2;
	assert_int_equal(web_guard(&h), WEB_GUARD_HOST);
	h.hosts = 0;
	h.host = NULL;
	assert_int_equal(web_guard(&h), WEB_GUARD_HOST);
	h = script(WEB_GET);
	h.loopback = false;
	assert_int_equal(web_guard(&h), WEB_GUARD_HOST);
}

static void test_sites(void **state)
{
	static const char *const sites[] = { "same-site", "cross-site", "none", "", "Same-Origin" };
	static const enum web_method methods[] = { WEB_GET, WEB_HEAD, WEB_POST, WEB_DELETE };
	(void)state;
	for (size_t i = 0; i < sizeof sites / sizeof *sites; i++)
		for (size_t m = 0; m < sizeof methods / sizeof *methods; m++) {
			struct web_guard_head h = own(methods[m]);
			h.site = sites[i];
			if (web_guard(&h) != WEB_GUARD_SITE)
				fail_msg("%s passes", sites[i]);
		}
	/* A link of another site's: a page that leads on, without data. */
	struct web_guard_head h = own(WEB_GET);
	h.site = "cross-site";
	h.mode = "navigate";
	h.dest = "document";
	assert_int_equal(web_guard(&h), WEB_GUARD_LINK);
	h.dest = "iframe";
	assert_int_equal(web_guard(&h), WEB_GUARD_SITE);
	/* But one that knows the token: the file that --open makes. */
	h.dest = "document";
	h.token = true;
	h.cookie = false;
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
	h.dest = "image";
	assert_int_equal(web_guard(&h), WEB_GUARD_SITE);
}

static void test_origins(void **state)
{
	static const char *const foreign[] = {
		"null",    "http://127.0.0.1:4041", "http://localhost:4040", "https://127.0.0.1:4040", "",
		"file://", "http://attacker.test"
	};
	(void)state;
	for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
		struct web_guard_head h = own(WEB_POST);
		h.origin = foreign[i];
		if (web_guard(&h) != WEB_GUARD_ORIGIN)
			fail_msg("ours: %s", foreign[i]);
		h = own(WEB_GET);
		h.origins = 1;
		h.origin = foreign[i];
		assert_int_equal(web_guard(&h), WEB_GUARD_ORIGIN);
	}
	struct web_guard_head h = own(WEB_POST);
	h.origins = 2;
	assert_int_equal(web_guard(&h), WEB_GUARD_ORIGIN);
}

static void test_the_cookie_alone_never_acts(void **state)
{
	(void)state;
	struct web_guard_head h = own(WEB_POST);
	h.page = false;
	assert_int_equal(web_guard(&h), WEB_GUARD_PAGE);
	h = own(WEB_POST);
	h.origins = 0;
	h.origin = NULL;
	assert_int_equal(web_guard(&h), WEB_GUARD_PAGE);
	h = own(WEB_POST);
	h.site = NULL;
	assert_int_equal(web_guard(&h), WEB_GUARD_PAGE);
	h = own(WEB_POST);
	h.content_type = "text/plain";
	assert_int_equal(web_guard(&h), WEB_GUARD_TYPE);
	h.content_type = "application/jsonp";
	assert_int_equal(web_guard(&h), WEB_GUARD_TYPE);
	h.content_type = NULL;
	assert_int_equal(web_guard(&h), WEB_GUARD_TYPE);
	h = own(WEB_OTHER);
	assert_int_equal(web_guard(&h), WEB_GUARD_METHOD);
}

static void test_without_a_token(void **state)
{
	(void)state;
	struct web_guard_head h = script(WEB_GET);
	h.bearer = false;
	assert_int_equal(web_guard(&h), WEB_GUARD_TOKEN);
	h.open = true; /* ngrok's, for programs that read */
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
	h.site = "same-origin";
	assert_int_equal(web_guard(&h), WEB_GUARD_TOKEN);
	h = script(WEB_POST);
	h.bearer = false;
	h.open = h.asset = true;
	assert_int_equal(web_guard(&h), WEB_GUARD_TOKEN);
	h = own(WEB_GET);
	h.cookie = false;
	assert_int_equal(web_guard(&h), WEB_GUARD_TOKEN);
	h.asset = true;
	assert_int_equal(web_guard(&h), WEB_GUARD_PASS);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *field;
		uint64_t size;
		enum web_range kind;
		uint64_t first, last;
	} cases[] = {
		{ NULL, 10, WEB_RANGE_WHOLE, 0, 0 },
		{ "bytes=0-0", 10, WEB_RANGE_PART, 0, 0 },
		{ "bytes=0-", 10, WEB_RANGE_PART, 0, 9 },
		{ "bytes=5-99", 10, WEB_RANGE_PART, 5, 9 },
		{ "bytes=-3", 10, WEB_RANGE_PART, 7, 9 },
		{ "bytes=-30", 10, WEB_RANGE_PART, 0, 9 },
		{ "bytes=10-", 10, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=-0", 10, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=0-0", 0, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=-5", 0, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=3-2", 10, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=0-1,3-4", 10, WEB_RANGE_WHOLE, 0, 0 },
		{ "lines=0-1", 10, WEB_RANGE_WHOLE, 0, 0 },
		{ "Bytes=1-2", 10, WEB_RANGE_PART, 1, 2 }, /* RFC 9110 §14.1: a unit has no case */
		{ "bytes=a-1", 10, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=0-1x", 10, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=", 10, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=-", 10, WEB_RANGE_BAD, 0, 0 },
		{ "bytes=2-99999999999999999999", 10, WEB_RANGE_PART, 2, 9 },
		{ "bytes=-99999999999999999999", 10, WEB_RANGE_PART, 0, 9 },
		{ "bytes=99999999999999999999-", 10, WEB_RANGE_BAD, 0, 0 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t first = 0, last = 0;
		if (web_range_read(cases[i].field, cases[i].size, &first, &last) != cases[i].kind ||
		    first != cases[i].first || last != cases[i].last)
			fail_msg("%s of %d", cases[i].field, (int)cases[i].size);
	}
}

static void test_html(void **state)
{
	struct buffer out = { 0 };
	(void)state;
	assert_true(html_text(&out, bytes_make("<b a='1' c=\"2\">&\n\x1b\0", 19)));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("&lt;b a=&#39;1&#39; c=&quot;2&quot;&gt;&amp;^J^[^@")));
	out.len = 0;
	/* Hebrew turns what follows round, but for a name in one piece. */
	assert_true(html_text(&out, bytes_of("\xd7\x90\xe2\x80\xae<b")));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("\xd7\x90\xe2\x80\x8e&lt;202e&gt;\xe2\x80\x8e&lt;b")));
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_belongs_here_passes),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_sites),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_the_cookie_alone_never_acts),
		cmocka_unit_test(test_without_a_token),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_html),
	};
	return RUN(tests);
}
