/* The detail of bodies that are no good JSON: XML, bytes, JSON with a mistake, what attacks a terminal, many megabytes.
 */
#include "tests/unit/tui/detail_fixture.h"
#include "tui/detail/detail_private.h"

static const char soap[] =
    "<?xml version=\"1.0\"?><soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\"><soap:Body>"
    "<m:Order id='7'><m:Note>paid &amp; \x1b]0;x\x07sent</m:Note><m:Empty></m:Empty><m:Line n=\"1\"/></m:Order>"
    "</soap:Body></soap:Envelope>";

static void test_xml(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/soap+xml; charset=utf-8", soap);
	push(&w, view_detail_new(4));
	check(&w, "detail-xml");
	draw(&w, 80, 24);
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "raw (p: pretty)"));
	assert_true(shows(&w, "<?xml version=\"1.0\"?><soap:Envelope"));
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "\n     <m:Order id='7'>\n"));
	end(&w);
}

static void test_hex(void **state)
{
	static const char bytes[] = "\0\1\2\3 binary \xff\xfe\x1b[2J tail of it, and more of it to fill lines";
	struct world w;
	(void)state;
	begin(&w, "application/octet-stream", "");
	w.body = bytes;
	w.body_len = sizeof bytes - 1;
	struct view *v = push(&w, view_detail_new(4));
	assert_true(shows(&w, "00000000 | 00 01 02 03"));
	act(&w, ACTION_TAB_RAW);
	check(&w, "detail-hex");
	check_wide(&w, "detail-hex");
	draw(&w, 80, 24);
	/* o goes to a byte; what is not there is said. */
	struct effect e = { 0 };
	struct detail *d = (struct detail *)v;
	v->ops->offset(v, &w.s.ui, "0x21", &e);
	assert_int_equal(e.kind, EFFECT_NONE);
	assert_int_equal(d->pager.line, d->made.body_line + 2);
	v->ops->offset(v, &w.s.ui, "9999", &e);
	assert_int_equal(e.kind, EFFECT_SAY);
	assert_string_equal(e.text, "only 59 bytes are here");
	v->ops->offset(v, &w.s.ui, "-1", &e);
	assert_string_equal(e.text, "\"-1\" is not an offset: 500, or 0x1f4");
	e = (struct effect){ 0 };
	v->ops->search(v, &w.s.ui, "hex:ff fe", false, &e);
	assert_int_equal(d->pager.line, d->made.body_line);
	assert_int_equal(d->pager.hit.columns, 5);
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "p: hex"));
	end(&w);
}

static void test_invalid_json(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", "{\n  \"a\": 1,\n  \"b\" 2\n}\n");
	push(&w, view_detail_new(4));
	check(&w, "detail-invalid-json");
	end(&w);
}

/* Every byte of it stays in its cell, in every tab. */
static void test_hostile(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "text/plain", hostile_text);
	w.hostile = true;
	fake_source_at(&w.f, 4)->row.method = bytes_of("P\x1b[31mST");
	fake_source_at(&w.f, 4)->row.target = bytes_of("/\r\x1b]0;x\x07");
	fake_source_at(&w.f, 4)->row.event_type = bytes_of("a\nb\xe2\x80\xae");
	fake_source_at(&w.f, 4)->row.signature = bytes_of("invalid");
	push(&w, view_detail_new(4));
	check(&w, "detail-hostile");
	check_wide(&w, "detail-hostile");
	draw(&w, 120, 40);
	act(&w, ACTION_TAB_RESPONSE);
	check(&w, "detail-hostile-response");
	draw(&w, 120, 40);
	act(&w, ACTION_TAB_ATTEMPTS);
	check(&w, "detail-hostile-attempts");
	end(&w);
}

/* What may be laid out is, without a key. */
static void test_long_json(void **state)
{
	struct world w;
	struct buffer json = { 0 };
	(void)state;
	begin(&w, "application/json", "");
	assert_true(buffer_append_text(&json, "[{\"first\":0}"));
	while (json.len < 1800000)
		assert_true(buffer_append_text(&json, ",{\"name\":\"value\"}"));
	assert_true(buffer_append_text(&json, "]"));
	w.body = (const char *)json.at;
	w.body_len = w.body_size = json.len;
	push(&w, view_detail_new(4));
	assert_int_equal(w.asked, 2);
	assert_true(shows(&w, "\"first\": 0"));
	assert_true(shows(&w, "pretty (p: raw)  JSON"));
	act(&w, ACTION_FOLD_ALL);
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "raw (p: pretty)"));
	assert_int_equal(w.asked, 2);
	buffer_free(&json);
	end(&w);
}

/* A longer body is read whole only when that is asked for, and then in steps. */
static void test_large_body(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "text/plain", "");
	size_t have = (size_t)9 << 20;
	char *body = malloc(have);
	assert_non_null(body);
	memset(body, 'x', have);
	w.body = body;
	w.body_len = have;
	w.body_size = have;
	push(&w, view_detail_new(4));
	assert_int_equal(w.most, 1 << 20);
	assert_int_equal(w.asked, 1);
	assert_true(shows(&w, "shown 1.0 of 9.0 MiB, p to load more"));
	act(&w, ACTION_PRETTY);
	assert_int_equal(w.most, 8 << 20);
	act(&w, ACTION_PRETTY);
	assert_int_equal(w.most, 64 << 20);
	assert_int_equal(w.asked, 3);
	assert_false(shows(&w, "p to load more"));
	/* All is here: p lays it out however long it is, then shows it as it came. */
	act(&w, ACTION_PRETTY);
	act(&w, ACTION_PRETTY);
	assert_int_equal(w.asked, 3);
	assert_true(shows(&w, "raw (p: pretty)"));
	/* One the record itself holds in part alone. */
	w.body_size = (uint64_t)100 << 20;
	view_detail_show(screen_top(&w.s), 5);
	assert_true(shows(&w, "shown 1.0 of 100 MiB, p to load more"));
	act(&w, ACTION_PRETTY);
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "shown 9.0 of 100 MiB, the record holds no more"));
	uint64_t asked = w.asked;
	act(&w, ACTION_PRETTY);
	assert_int_equal(w.asked, asked);
	/* Nor is more than so much ever read. */
	free(body);
	w.body_len = (size_t)65 << 20;
	w.body_size = (uint64_t)100 << 20;
	w.body = body = calloc(1, w.body_len);
	assert_non_null(body);
	view_detail_show(screen_top(&w.s), 6);
	draw(&w, 80, 24);
	for (int i = 0; i < 3; i++)
		act(&w, ACTION_PRETTY);
	assert_int_equal(w.most, 64 << 20);
	assert_true(shows(&w, "shown 64.0 of 100 MiB, x writes all to a file"));
	assert_string_equal(w.out.text, "shown 64.0 of 100 MiB, the most that is shown: x writes all of it to a file");
	free(body);
	end(&w);
}

/* What the query, cookies and credentials say. */
static void test_decoded(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", "{\"a\":1}");
	w.target = "/hooks?tenant=7&note=a%20b+c%1b%5B2J&flag";
	w.fields =
	    "Cookie: session=abc; theme=da\x1brk;empty\r\n"
	    "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"
	    "Cf-Access-Jwt-Assertion: eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLCJleHAiOjEzMDA4MTkzODAsInRlYW0iOnsiaWQiOjd9"
	    "fQ.c2lnbmVk\r\n";
	push(&w, view_detail_new(4));
	check(&w, "detail-decoded");
	check_wide(&w, "detail-decoded");
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xml),     cmocka_unit_test(test_hex),       cmocka_unit_test(test_invalid_json),
		cmocka_unit_test(test_hostile), cmocka_unit_test(test_long_json), cmocka_unit_test(test_large_body),
		cmocka_unit_test(test_decoded),
	};
	return RUN(tests);
}
