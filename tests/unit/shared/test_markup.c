/* XML and HTML laid out: breaks between tags, and not a byte else. */
#include "shared/syntax/markup.h"
#include "tests/unit/unit.h"

#define MOST ((size_t)1 << 20)

static void expect(const char *in, bool html, const char *expected)
{
	struct buffer out = { 0 };
	struct markup_error e;
	if (!markup_lay_out(bytes_of(in), html, MOST, &out, &e))
		fail_msg("%s: %s at %zu", in, e.what, e.at);
	if (!bytes_equal(buffer_view(&out), bytes_of(expected)))
		fail_msg("%s became\n%.*s", in, (int)out.len, (const char *)out.at);
	buffer_free(&out);
}

static void test_xml(void **state)
{
	(void)state;
	expect("<a><b>1</b><c x='>'/></a>", false, "<a>\n  <b>1</b>\n  <c x='>'/>\n</a>");
	expect("<?xml version=\"1.0\"?>\r\n\r\n<!-- <hi> --><a>\t<b/>\n\n <b/></a>\n", false,
	       "<?xml version=\"1.0\"?>\n<!-- <hi> -->\n<a>\n  <b/>\n  <b/>\n</a>\n");
	/* Nothing is put beside a text, or into an element without one. */
	expect("<p>Hello <b>you</b>, <i>there</i></p>", false, "<p>Hello <b>you</b>, <i>there</i>\n</p>");
	expect("<a><b></b><c>  </c><d> x\n </d></a>", false, "<a>\n  <b></b>\n  <c>  </c>\n  <d> x\n </d>\n</a>");
	expect("<a><![CDATA[<b> ]] ]>]]></a>", false, "<a><![CDATA[<b> ]] ]>]]></a>");
	expect("<a>1 < 2 &amp; <3</a>", false, "<a>1 < 2 &amp; <3</a>");
	expect("<!DOCTYPE a [ <!ENTITY x \"]>\"> <!-- ] > --> ]><a><x:y-1/></a>", false,
	       "<!DOCTYPE a [ <!ENTITY x \"]>\"> <!-- ] > --> ]>\n<a>\n  <x:y-1/>\n</a>");
	expect("<a><b c = \"<d>\" e='\"'></b></a>", false, "<a>\n  <b c = \"<d>\" e='\"'></b>\n</a>");
	expect("\xef\xbb\xbf <\xc3\xa9t\xc3\xa9><_/></\xc3\xa9t\xc3\xa9>", false,
	       "\xef\xbb\xbf<\xc3\xa9t\xc3\xa9>\n  <_/>\n</\xc3\xa9t\xc3\xa9>");
}

static void expect_wrong(const char *in, size_t line, size_t column, const char *what)
{
	struct buffer out = { 0 };
	struct markup_error e;
	if (markup_lay_out(bytes_of(in), false, MOST, &out, &e))
		fail_msg("%s is fine", in);
	if (e.line != line || e.column != column || !strstr(e.what, what))
		fail_msg("%s: line %zu column %zu: %s", in, e.line, e.column, e.what);
	buffer_free(&out);
}

static void test_no_xml(void **state)
{
	(void)state;
	expect_wrong("<a>\n <b></a></b>", 2, 5, "not that of the element");
	expect_wrong("<a><b></B></a>", 1, 7, "not that of the element");
	expect_wrong("<a><b>", 1, 7, "end tag is missing");
	expect_wrong("<a>\xc3\xa9<b x='></a>", 1, 5, "the tag does not end");
	expect_wrong("<a><b <c/></a>", 1, 4, "the tag does not end");
	expect_wrong("<a/><b/>", 1, 5, "second root");
	expect_wrong("<a></a>x", 1, 8, "outside the root");
	expect_wrong("hello", 1, 1, "outside the root");
	expect_wrong("</a>", 1, 1, "not that of the element");
	expect_wrong("<a><!-- ", 1, 4, "the comment");
	expect_wrong("<a><![CDATA[ ", 1, 4, "CDATA");
	expect_wrong("<?xml ", 1, 1, "the instruction");
	expect_wrong("<!DOCTYPE a [ ]", 1, 1, "the declaration");
	expect_wrong("<?xml version='1.0'?>", 1, 22, "no element");
	expect_wrong("", 1, 1, "no element");
}

static void test_html(void **state)
{
	(void)state;
	expect("<!doctype html><HTML><head><meta charset=utf-8><link rel=x href=/a/></head><body><br><p>One<p>Two"
	       "<ul><li>a<li>b</ul></body></HTML>",
	       true,
	       "<!doctype html>\n<HTML>\n  <head>\n    <meta charset=utf-8>\n    <link rel=x href=/a/>\n  </head>\n"
	       "  <body>\n    <br>\n    <p>One<p>Two<ul>\n        <li>a<li>b</ul>\n  </body>\n</HTML>");
	/* What is taken as it is. */
	expect("<div><script>if (a<b) { \"</p>\" }\n</script><pre> <b>x</b>\n  y</PRE><i></i></div>", true,
	       "<div>\n  <script>if (a<b) { \"</p>\" }\n</script>\n  <pre> <b>x</b>\n  y</PRE>\n  <i></i>\n</div>");
	/* Nothing is wrong, it only ends sooner. */
	expect("</p><b><i></b><a href=it's><u>", true, "</p>\n<b>\n  <i></b>\n<a href=it's>\n  <u>");
	expect("<script>no end </scripts>", true, "<script>no end </scripts>");
	expect("<p><!-- no end", true, "<p>\n  <!-- no end");
	expect("a <b", true, "a <b");
	expect("", true, "");
}

/* Deep: refused in XML, level from some depth on in HTML; and a bound to what comes out. */
static void test_bounds(void **state)
{
	struct buffer in = { 0 }, out = { 0 };
	struct markup_error e;
	(void)state;
	for (int i = 0; i < 100000; i++)
		assert_true(buffer_append_text(&in, "<a>"));
	assert_false(markup_lay_out(buffer_view(&in), false, MOST, &out, &e));
	assert_int_equal(e.at, 512 * 3);
	assert_string_equal(e.what, "it is nested deeper than 512");
	out.len = 0;
	assert_true(markup_lay_out(buffer_view(&in), true, (size_t)10 << 20, &out, &e));
	assert_true(out.len > in.len && out.len < 100 * in.len);
	out.len = 0;
	assert_false(markup_lay_out(buffer_view(&in), true, MOST, &out, &e));
	assert_true(out.len < MOST + 200);
	assert_string_equal(e.what, "it would take too much room");
	buffer_free(&in);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_xml),
		cmocka_unit_test(test_no_xml),
		cmocka_unit_test(test_html),
		cmocka_unit_test(test_bounds),
	};
	return RUN(tests);
}
