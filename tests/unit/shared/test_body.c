/* What bodies say: codings, charsets, JSON, forms, parts, envelopes; and what they are compared by. */
#include <zlib.h>

#include "shared/content/body.h"
#include "shared/content/media_type.h"
#include "shared/content/multipart.h"
#include "shared/json/json_number.h"
#include "shared/text/text_fold.h"
#include "tests/unit/unit.h"

#define JSON "Content-Type: application/json\r\n"
#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define PARTS "Content-Type: multipart/form-data; boundary=b\r\n"
#define B(text)                                                                                                        \
	{                                                                                                              \
		(const uint8_t *)(text), sizeof(text) - 1                                                              \
	}

static void expect_text(struct bytes got, struct bytes expected, const char *what)
{
	if (!bytes_equal(got, expected))
		fail_msg("%s: '%.*s' is not '%.*s'", what, (int)got.len, (const char *)got.at, (int)expected.len,
			 (const char *)expected.at);
}

static void expect_values(const char *headers, struct bytes received, const char *const *cases)
{
	struct body b;
	body_open(&b, bytes_of(headers), received, BODY_MOST);
	for (; *cases; cases += 2) {
		struct buffer value = { 0 };
		bool found = body_find(&b, cases[0], &value);
		if (found != (cases[1] != NULL))
			fail_msg("%s: %s", cases[0], found ? "is there" : "is not there");
		if (found)
			expect_text(buffer_view(&value), bytes_of(cases[1]), cases[0]);
		buffer_free(&value);
		if (!cases[1])
			break;
	}
	body_free(&b);
}
#define VALUES(...) ((const char *const[]){ __VA_ARGS__, NULL, NULL })

static void test_charsets(void **state)
{
	static const struct {
		const char *type;
		struct bytes in;
		const char *text, *charset;
	} cases[] = {
		{ "application/json", B("{}"), "{}", "" },
		{ "application/json; charset=UTF-8", B("\xef\xbb\xbf{}"), "{}", "" },
		{ "text/plain; charset=iso-8859-1", B("h\xe9llo"), "h\xc3\xa9llo", "iso-8859-1" },
		{ "text/plain; charset=\"Windows-1252\"", B("\x80 5"), "\xe2\x82\xac 5", "Windows-1252" },
		{ "text/plain;x=\"a;charset=utf-16\"; Charset=latin1", B("\xfc"), "\xc3\xbc", "latin1" },
		{ "text/plain; charset=Shift_JIS", B("\x93\xfa\x96{ \\~"), "\xe6\x97\xa5\xe6\x9c\xac \\~",
		  "Shift_JIS" },
		{ "text/plain; charset=EUC-JP", B("\xc6\xfc"), "\xe6\x97\xa5", "EUC-JP" },
		{ "text/plain; charset=ISO-2022-JP", B("\x1b$BF|\x1b(B"), "\xe6\x97\xa5", "ISO-2022-JP" },
		{ "text/plain; charset=koi8-r", B("\xe4\xe1"), "\xd0\x94\xd0\x90", "koi8-r" },
		{ "text/plain; charset=gb2312", B("\xc4\xe3"), "\xe4\xbd\xa0", "gb2312" },
		{ "application/json", B("{\0\"\0a\0\"\0:\0001\0}\0"), "{\"a\":1}", "UTF-16LE" },
		{ "application/json", B("\0{\0}"), "{}", "UTF-16BE" },
		{ "application/json", B("\xff\xfe{\0}\0"), "{}", "UTF-16LE" },
		{ "application/json; charset=utf-8", B("\xfe\xff\0{\0}"), "{}", "UTF-16BE" },
		{ "application/json; charset=utf-8", B("{\0}\0"), "{}", "UTF-16LE" },
		{ "text/plain; charset=utf-16", B("\0a\0b"), "ab", "UTF-16BE" },
		{ "text/plain; charset=utf-16", B("a\0b\0"), "ab", "UTF-16LE" },
		{ "text/plain; charset=utf-16", B("\x65\xe5\x67\x2c"), "\xe6\x97\xa5\xe6\x9c\xac", "UTF-16BE" },
		{ "text/plain; charset=utf-16le", B("\x3d\xd8\x00\xde"), "\xf0\x9f\x98\x80", "utf-16le" },
		{ "", B("\xff\xfe\0\0a\0\0\0"), "a", "UTF-32LE" },
		{ "", B("\0\0\0a\0\0\0b"), "ab", "UTF-32BE" },
		/* What cannot be read, and what nothing is known of. */
		{ "text/plain; charset=utf-16le",
		  B("a\0\0\xdc"
		    "b\0"),
		  "a\xef\xbf\xbd"
		  "b",
		  "utf-16le" },
		{ "text/plain; charset=shift_jis",
		  B("a\xff"
		    "b"),
		  "a\xef\xbf\xbd"
		  "b",
		  "shift_jis" },
		{ "text/plain; charset=none-such", B("h\xe9"), "h\xe9", "" },
		{ "text/plain; charset=\"a//translit\"", B("h\xe9"), "h\xe9", "" },
		{ "text/plain; charset=IBM1364", B("h\xe9"), "h\xe9", "" },
		{ "text/plain; charset=us-ascii", B("h\xc3\xa9"), "h\xc3\xa9", "" },
		{ "text/plain; charset=", B("a"), "a", "" },
		{ "application/octet-stream", B("\0\0\0\0"), NULL, "" },
		/* Binary that begins as wide characters would: two shorts, a length and what follows, a box of MP4, a
		 * record whose text has its own zeros, halves of pairs, what no text has. */
		{ "", B("\0A\xff\xfe"), NULL, "" },
		{ "", B("\0A\0\0\0B"), NULL, "" },
		{ "", B("\0\x20\x01\x02\x03\x04\x05\x06"), NULL, "" },
		{ "application/octet-stream", B("\0\0\0 ftypavif\0\0\0\0avifmif1"), NULL, "" },
		{ "",
		  B("\0\0\0 "
		    "data"),
		  NULL, "" },
		{ "", B("a\0\x01\0b\0\x02\0"), NULL, "" },
		{ "", B("{\0\x01\x02"), NULL, "" },
		{ "",
		  B("a\0b\0\0\xd8"
		    "c\0"),
		  NULL, "" },
		{ "", B("a\0b\0c\0\xff\xff"), NULL, "" },
		{ "", B("\0A\x12\x34\x56\x78\x5a\xbc"), NULL, "" },
		{ "application/json; charset=utf-8", B("{\0\0\x01"), NULL, "" },
		/* And text that goes on in another script. */
		{ "", B("{\0\"\0\xe5\x65\x2c\x67\x9e\x8a\"\0:\0001\0}\0"),
		  "{\"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\":1}", "UTF-16LE" },
		{ "text/plain", B("\0o\0k\0 \0o\0k\xd8\x3d\xde\0"), "ok ok\xf0\x9f\x98\x80", "UTF-16BE" },
		/* Called wide, and not: JSON's and XML's own signs would have zeros. */
		{ "application/json; charset=utf-16", B("{\"a\":1}"), "{\"a\":1}", "" },
		{ "text/xml; charset=utf-16le", B("<a>\xc3\xa9</a>"), "<a>\xc3\xa9</a>", "" },
		/* XML says it itself, unless the type does. */
		{ "text/xml", B("<?xml version='1.0' encoding='ISO-8859-1'?>\xe9"),
		  "<?xml version='1.0' encoding='ISO-8859-1'?>\xc3\xa9", "ISO-8859-1" },
		{ "text/xml; charset=utf-8", B("<?xml version='1.0' encoding='ISO-8859-1'?>\xc3\xa9"),
		  "<?xml version='1.0' encoding='ISO-8859-1'?>\xc3\xa9", "" },
		{ "", B("<?xml version=\"1.0\" encoding = \"UTF-16\" ?>x"), NULL, "" },
		{ "", B("<?xml version=\"1.0\"?><a encoding=\"latin1\">\xc3\xa9</a>"), NULL, "" },
		{ "", B("<?xml encoding=\"latin1"), NULL, "" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer headers = { 0 };
		struct body b;
		assert_true(buffer_printf(&headers, "Content-Type: %s\r\n", cases[i].type));
		body_open(&b, buffer_view(&headers), cases[i].in, BODY_MOST);
		expect_text(body_text(&b), cases[i].text ? bytes_of(cases[i].text) : cases[i].in, cases[i].type);
		assert_string_equal(b.charset, cases[i].charset);
		body_free(&b);
		buffer_free(&headers);
	}
}

static void test_charset_bound(void **state)
{
	struct buffer out = { 0 };
	bool unknown;
	(void)state;
	for (size_t most = 1; most < 8; most++) {
		out.len = 0;
		assert_true(charset_to_utf8("WINDOWS-1252", bytes_of("\xe9\xe9\xe9\xe9"), most, &out, &unknown));
		assert_int_equal(out.len, most / 2 * 2);
	}
	buffer_free(&out);
}

static void test_json(void **state)
{
	(void)state;
	expect_values("",
		      bytes_of("{\"a\":1,\"b\":{\"c\":[true,{\"d\":\"x\\u0041\"}]},\"a\":\"last\",\"\\u0065\":null}"),
		      VALUES("a", "last", "b.c[0]", "true", "b.c.0", "true", "b.c[1].d", "xA", "b[\"c\"].1.\"d\"", "xA",
			     "e", "null"));
	expect_values("", bytes_of("{\"a\":1}"), VALUES("b", NULL));
	expect_values("", bytes_of("{\"a\":{}}"), VALUES("a", NULL));
	expect_values("", bytes_of("{\"0\":\"key\",\"\":\"empty\",\"a.b\":7}"),
		      VALUES("0", "key", "\"\"", "empty", "\"a.b\"", "7"));
	/* Whatever the type says; a mark and blanks before it. */
	expect_values(FORM, bytes_of("\xef\xbb\xbf \r\n{\"a\":1}"), VALUES("a", "1"));
	expect_values("Content-Type: text/plain\r\n", bytes_of("{\"a\":1}"), VALUES("a", "1"));
	/* What is not JSON has no values. */
	static const char *const wrong[] = { "{\"a\":1,}", "{\"a\":NaN}",  "{'a':1}",       "{a:1}",
					     "{\"a\":01}", "{\"a\":1}//x", "/**/{\"a\":1}", "{\"a\":\"\n\"}",
					     "{\"a\":1",   "{\"a\":+1}" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		expect_values(JSON, bytes_of(wrong[i]), VALUES("a", NULL));
	/* JSON lines, and batches. */
	expect_values("Content-Type: application/x-ndjson\r\n", bytes_of("{\"b\":1}\n{\"a\":2}\n{\"a\":3}\n"),
		      VALUES("a", "2"));
	expect_values("Content-Type: application/cloudevents-batch+json\r\n",
		      bytes_of("[{\"id\":\"1\"},{\"type\":\"t\"}]"), VALUES("type", "t", "[1].type", "t", "0.id", "1"));
	/* Only at the top. */
	expect_values("", bytes_of("{\"a\":[{\"b\":1}]}"), VALUES("a.b", NULL));
}

static void test_forms(void **state)
{
	(void)state;
	expect_values(FORM, bytes_of("payload=%7B%22type%22%3A%22block_actions%22%2C%22a%22%3A%5B1%5D%7D&b=x+y"),
		      VALUES("payload.type", "block_actions", "type", "block_actions", "payload.a.0", "1", "b", "x y"));
	expect_values(FORM, bytes_of("data[object][id]=7&tags[]=a&tags[]=b&data[list][0]=z&a=1&a=2&x[=3&data[o]=9"),
		      VALUES("data.object.id", "7", "tags", "a", "data.list.0", "z", "a", "1", "\"data[object][id]\"",
			     "7", "\"x[\"", "3"));
	expect_values(FORM, bytes_of("data[a]=7"), VALUES("data.x", NULL));
	expect_values(FORM, bytes_of("data[a][b]=7"), VALUES("data.a", NULL));
	/* What is percent-encoded is in the form's charset. */
	expect_values(FORM, bytes_of("charset=windows-1252&name=J%FCrgen"), VALUES("name", "J\xc3\xbcrgen"));
	expect_values("Content-Type: application/x-www-form-urlencoded; charset=Shift_JIS\r\n", bytes_of("name=%93%FA"),
		      VALUES("name", "\xe6\x97\xa5"));
	/* A form by its looks, where nothing says what it is; and no form. */
	expect_values("", bytes_of("payload=%7B%22a%22%3A1%7D&b[c]=2"), VALUES("payload.a", "1", "b.c", "2"));
	expect_values("", bytes_of("a=1 and more"), VALUES("a", NULL));
	expect_values("Content-Type: text/plain\r\n", bytes_of("a=1"), VALUES("a", NULL));
}

static void test_parts(void **state)
{
	static const char headers[] = "Content-Type: multipart/form-data; boundary=\"x y\"\r\n";
	(void)state;
	expect_values(headers,
		      bytes_of("--x y\r\nContent-Disposition: form-data; name=\"token\"\r\n\r\nabc\r\n"
			       "--x y\r\nContent-Disposition: form-data; name=payload\r\n"
			       "Content-Type: application/json\r\n\r\n{\"type\":\"t\"}\r\n"
			       "--x y\r\nContent-Disposition: form-data; name=n\r\n"
			       "Content-Type: text/plain; charset=iso-8859-1\r\n\r\n\xe9\r\n--x y--\r\n"),
		      VALUES("token", "abc", "payload.type", "t", "type", "t", "n", "\xc3\xa9"));
	/* Codings of parts; lines that end in LF. */
	expect_values(
	    headers,
	    bytes_of("--x y\nContent-Disposition: form-data; name=p\nContent-Transfer-Encoding: Base64\n\n"
		     "eyJpZ\r\nCI6Im0ifQ==\n--x y\nContent-Disposition: form-data; name=q\n"
		     "Content-Type: text/plain; charset=latin1\nContent-Transfer-Encoding: quoted-printable\n\n"
		     "K=F6ln=20=  \r\neins=3d=zz=\n--x y\nContent-Disposition: form-data; name=r\n"
		     "Content-Transfer-Encoding: base64\n\nno base64!\n--x y--\n"),
	    VALUES("p.id", "m", "id", "m", "q", "K\xc3\xb6ln eins==zz", "r", "no base64!"));
	struct multipart m;
	struct multipart_part part;
	assert_true(multipart_open(bytes_of(headers), bytes_of("--x y\n\na\n--x y\n\nb"), &m));
	assert_true(multipart_next(&m, &part));
	expect_text(part.body, bytes_of("a"), "first part");
	assert_true(multipart_next(&m, &part));
	expect_text(part.body, bytes_of("b"), "second part");
	assert_true(part.open);
	assert_false(multipart_next(&m, &part));
	assert_false(multipart_open(bytes_of(headers), bytes_of("--x y--\r\n"), &m));
	assert_false(multipart_open(bytes_of("Content-Type: multipart/mixed\r\n"), bytes_of("--\r\n"), &m));
}

static void test_envelopes(void **state)
{
	static const char sns[] = "{\"Type\":\"Notification\",\"TopicArn\":\"arn:x\",\"Message\":"
				  "\"{\\\"detail\\\":{\\\"id\\\":12345678901234567890}}\"}";
	(void)state;
	expect_values("", bytes_of(sns),
		      VALUES("Type", "Notification", "Message.detail.id", "12345678901234567890", "detail.id",
			     "12345678901234567890"));
	/* Texts that are JSON are stepped into anywhere, but only an envelope is taken off. */
	expect_values("", bytes_of("{\"Message\":\"{\\\"a\\\":1}\"}"), VALUES("Message.a", "1"));
	expect_values("", bytes_of("{\"Message\":\"{\\\"a\\\":1}\"}"), VALUES("a", NULL));
	/* JSON in base64, as "data": {"a":{"b":7}}, and an array of it. */
	static const char pubsub[] =
	    "{\"message\":{\"data\":\"eyJhIjp7ImIiOjd9fQ==\",\"messageId\":\"1\"},\"subscription\":\"s\"}";
	expect_values("", bytes_of(pubsub), VALUES("message.data.a.b", "7", "a.b", "7"));
	expect_values("", bytes_of("{\"records\":[{ \"data\" : \"W3siYSI6MX1d\" }]}"),
		      VALUES("records[0].data[0].a", "1"));
	static const char event[] = "{\"specversion\":\"1.0\",\"data_base64\":\"eyJhIjp7ImIiOjd9fQ\"}";
	expect_values("", bytes_of(event), VALUES("data.a.b", "7", "data_base64.a.b", "7"));
	expect_values("", bytes_of("{\"data_base64\":\"eyJhIjp7ImIiOjd9fQ==\"}"), VALUES("data.a.b", NULL));
	expect_values("", bytes_of("{\"other\":\"eyJhIjp7ImIiOjd9fQ==\"}"), VALUES("other.a.b", NULL));
	expect_values("", bytes_of("{\"data\":\"eyJhIjp7ImIi!jd9fQ==\"}"), VALUES("data.a.b", NULL));
}

static struct bytes gzip(struct bytes text, uint8_t out[200])
{
	z_stream z = {
		.next_in = (Bytef *)(uintptr_t)text.at, .avail_in = (uInt)text.len, .next_out = out, .avail_out = 200
	};
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	size_t len = 200 - z.avail_out;
	deflateEnd(&z);
	return bytes_make(out, len);
}

static void test_zstd(void **state)
{
	/* {"id":"zs1","type":"t"} in two frames, the second with a checksum. */
	static const uint8_t packed[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x61, 0x00, 0x00, 0x7b, 0x22, 0x69,
					  0x64, 0x22, 0x3a, 0x22, 0x7a, 0x73, 0x31, 0x22, 0x2c, 0x28, 0xb5, 0x2f,
					  0xfd, 0x04, 0x58, 0x59, 0x00, 0x00, 0x22, 0x74, 0x79, 0x70, 0x65, 0x22,
					  0x3a, 0x22, 0x74, 0x22, 0x7d, 0x94, 0x55, 0x3a, 0x52 };
	(void)state;
#ifdef CREEL_ZSTD
	expect_values(JSON "Content-Encoding: zstd\r\n", bytes_make(packed, sizeof packed),
		      VALUES("id", "zs1", "type", "t"));
	/* Cut off: what came. */
	struct body b;
	body_open(&b, bytes_of(JSON "Content-Encoding: zstd\r\n"), bytes_make(packed, sizeof packed - 8), BODY_MOST);
	expect_text(body_text(&b), bytes_of("{\"id\":\"zs1\",\"type\":"), "cut");
	assert_int_equal(b.decoded, DECODE_DAMAGED);
	body_free(&b);
#endif
	expect_values(JSON "Content-Encoding: zstd\r\n", bytes_of("{\"id\":1}"), VALUES("id", "1"));
	(void)packed;
}

static void test_gzip(void **state)
{
	static const char text[] = "{\"id\":\"gz1\",\"type\":\"t\"}";
	uint8_t out[200], twice[200];
	(void)state;
	struct bytes packed = gzip(bytes_of(text), out);
	/* Twice, and said once. */
	expect_values(JSON "Content-Encoding: gzip\r\n", gzip(packed, twice), VALUES("id", "gz1"));
	expect_values(JSON "Content-Encoding: gzip\r\n", packed, VALUES("id", "gz1", "type", "t"));
	/* It says gzip, and is not. */
	expect_values(JSON "Content-Encoding: gzip\r\n", bytes_of(text), VALUES("id", "gz1"));
}

static void test_words(void **state)
{
	static const struct {
		const char *headers;
		struct bytes in;
		const char *text, *meaning;
	} cases[] = {
		{ JSON, B("{\"a\":\"x\"}"), "{\"a\":\"x\"}", "" },
		{ JSON, B("{\"a\":\"h\\u00e9 \\/x\"}"), "{\"a\":\"h\\u00e9 \\/x\"}", "{\"a\":\"h\xc3\xa9 /x\"}" },
		{ FORM, B("a=x+y&b=%C3%A9"), "a=x+y&b=%C3%A9", "a=x y\nb=\xc3\xa9\n" },
		{ FORM, B("p=%7B%22a%22%3A%22%5C/%22%7D"), "p=%7B%22a%22%3A%22%5C/%22%7D",
		  "p={\"a\":\"\\/\"}\n{\"a\":\"/\"}\n" },
		{ "", B("C:\\new"), "C:\\new", "" },
		{ "", B("a\0b"), "", "" },
		{ PARTS, B("--b\r\nContent-Disposition: form-data; name=a\r\n\r\none\r\n--b--\r\n"),
		  "--b\r\nContent-Disposition: form-data; name=a\r\n\r\none\r\n--b--\r\n", "a=one\n" },
		/* The text beside a picture. */
		{ PARTS,
		  B("--b\r\nContent-Disposition: form-data; name=f\r\n\r\n\x89PNG\0\r\n"
		    "--b\r\nContent-Disposition: form-data; name=a\r\n\r\none\r\n--b--\r\n"),
		  "", "a=one\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes words[2];
		struct body b;
		body_open(&b, bytes_of(cases[i].headers), cases[i].in, BODY_MOST);
		body_words(&b, 1000, words);
		expect_text(words[0], bytes_of(cases[i].text), "text");
		expect_text(words[1], bytes_of(cases[i].meaning), "meaning");
		body_free(&b);
	}
}

static void test_numbers(void **state)
{
	/* Ascending; those in one line are the same. */
	static const char *const ascending[][6] = {
		{ "-1e999999999999999999999" },
		{ "-12.5", "-1.25e1", "-125e-1" },
		{ "-1e-400" },
		{ "0", "-0", "0.0", "0e9", "-0.000e-5", "+0" },
		{ "1e-400", "0.1e-399" },
		{ "0.05", "5e-2", ".05" },
		{ "0.1", "0.10", "1e-1" },
		{ "1", "1.0", "1e0", "10e-1", "+1", "0001" },
		{ "1.0000000000000000000000000001" },
		{ "10", "1e1" },
		{ "4900.5", "49005e-1" },
		{ "9007199254740992", "9007199254740992.0", "9.007199254740992e15" },
		{ "9007199254740993" },
		{ "18446744073709551615" },
		{ "18446744073709551616" },
		{ "123456789012345678901234567890" },
		{ "123456789012345678901234567891" },
		{ "1e400" },
		{ "1e999999999999999999999" },
	};
	static const char *const wrong[] = {
		"", "-", ".", "e1", "1e", "1e+", "1x", "0x1", "inf", "nan", "1.2.3", " 1"
	};
	const size_t count = sizeof ascending / sizeof *ascending;
	(void)state;
	for (size_t i = 0; i < count * 6; i++)
		for (size_t k = 0; k < count * 6; k++) {
			const char *a = ascending[i / 6][i % 6], *b = ascending[k / 6][k % 6];
			struct json_number x, y;
			if (!a || !b)
				continue;
			assert_true(json_number_read(bytes_of(a), &x) && json_number_read(bytes_of(b), &y));
			int order = json_number_compare(&x, &y), expected = (i / 6 > k / 6) - (i / 6 < k / 6);
			if ((order > 0) - (order < 0) != expected)
				fail_msg("%s and %s: %d", a, b, order);
		}
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct json_number n;
		if (json_number_read(bytes_of(wrong[i]), &n))
			fail_msg("%s is read as a number", wrong[i]);
	}
}

static void test_folding(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "H\xc3\x89LLO", "h\xc3\xa9llo" },
		{ "\xce\xa3\xcf\x83\xcf\x82", "\xcf\x83\xcf\x83\xcf\x83" }, /* Σσς */
		{ "\xd0\x96\xd0\x81", "\xd0\xb6\xd1\x91" },                 /* ЖЁ */
		{ "\xef\xbc\xa1\xef\xbd\x81", "\xef\xbd\x81\xef\xbd\x81" }, /* full width */
		{ "\xe1\xba\x9e\xc3\x9f", "\xc3\x9f\xc3\x9f" },             /* ẞß */
		{ "\xe2\x84\xaa\xc5\xbf", "ks" },                           /* Kelvin, long s */
		{ "\xc4\xb0\xc4\xb1Ii", "\xc4\xb0\xc4\xb1ii" },             /* İıIi */
		{ "\xc8\xba", "\xe2\xb1\xa5" },                             /* grows */
		{ "\xf0\x90\x90\x80", "\xf0\x90\x90\xa8" },                 /* beyond the basic plane */
		{ "A\xff\xc3", "a\xff\xc3" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer out = { 0 };
		assert_true(text_fold(&out, bytes_of(cases[i].in)));
		expect_text(buffer_view(&out), bytes_of(cases[i].out), cases[i].in);
		buffer_free(&out);
	}
	static const struct {
		const char *a, *b;
		bool equal;
	} pairs[] = {
		{ "H\xc3\x89llo", "h\xc3\xa9LLO", true },
		{ "\xd0\xa0", "\xd1\x80", true },
		{ "\xce\xa3", "\xcf\x82", true },
		{ "\xc3\x9f", "ss", false },
		{ "\xc8\xba", "\xc8\xba", true },
		{ "\xff", "\xff", true },
		{ "\xff", "\xfe", false },
		{ "\xc3\xa9", "\xc3\xa8", false },
		{ "a\xc3", "A\xc3", true },
	};
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		assert_int_equal(
		    text_fold_equal((const uint8_t *)pairs[i].a, (const uint8_t *)pairs[i].b, strlen(pairs[i].a)),
		    pairs[i].equal);
	assert_true(text_fold_is_ascii(bytes_of("123456789\x7f")));
	assert_false(text_fold_is_ascii(bytes_of("12345678\x80")));
	assert_false(text_fold_is_ascii(bytes_of("\x80"
						 "123456789")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_charsets), cmocka_unit_test(test_charset_bound), cmocka_unit_test(test_json),
		cmocka_unit_test(test_forms),    cmocka_unit_test(test_parts),         cmocka_unit_test(test_envelopes),
		cmocka_unit_test(test_gzip),     cmocka_unit_test(test_zstd),          cmocka_unit_test(test_words),
		cmocka_unit_test(test_numbers),  cmocka_unit_test(test_folding),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
