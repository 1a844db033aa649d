/* Server-sent events, images, Protocol Buffers and JSON Web Tokens: what is read of them, and that nothing is read
 * beyond their ends. */
#include "shared/readers/event_stream.h"
#include "shared/readers/image.h"
#include "shared/readers/web_token.h"
#include "shared/readers/protobuf.h"
#include "tests/unit/unit.h"

static void expect_text(struct bytes b, const char *text)
{
	if (!bytes_equal(b, bytes_of(text)))
		fail_msg("\"%.*s\" is not \"%s\"", (int)b.len, (const char *)b.at, text);
}

static void test_events(void **state)
{
	static const struct {
		enum event_line_kind kind;
		const char *name, *value;
	} lines[] = {
		{ EVENT_FIELD, "event", "ping" },
		{ EVENT_FIELD, "data", "one" },
		{ EVENT_FIELD, "data", " two" },
		{ EVENT_BREAK, "", "" },
		{ EVENT_COMMENT, "", "note: yes" },
		{ EVENT_FIELD, "data", "" },
		{ EVENT_FIELD, "retry", "3000: more" },
		{ EVENT_BREAK, "", "" },
		{ EVENT_FIELD, "id", "7" },
	};
	struct bytes rest =
	    bytes_of("event: ping\r\ndata:one\rdata:  two\n\n: note: yes\ndata\nretry:3000: more\r\n\r\nid: 7");
	struct event_line line;
	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		assert_true(event_stream_next(&rest, &line));
		assert_int_equal(line.kind, lines[i].kind);
		expect_text(line.name, lines[i].name);
		expect_text(line.value, lines[i].value);
	}
	assert_false(event_stream_next(&rest, &line));
}

static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x03\x20\0\0\x02\x58\x08\x06\0\0\0";
static const char gif[] = "GIF89a\x20\x03\x58\x02\xf7";
static const char jpeg[] = "\xff\xd8\xff\xe0\0\x04JF\xff\xff\xc4\0\x03\x01\xff\xc2\0\x11\x08\x02\x58\x03\x20\x03";
static const char vp8x[] = "RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x1f\x03\0\x57\x02\0";
static const char vp8l[] = "RIFF\0\0\0\0WEBPVP8L\x0a\0\0\0\x2f\x1f\xc3\x95\0\0\0\0\0\0";
static const char vp8[] = "RIFF\0\0\0\0WEBPVP8 \x0a\0\0\0\x30\x01\0\x9d\x01\x2a\x20\x03\x58\x02";
static const char bmp[] = "BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x20\x03\0\0\xa8\xfd\xff\xff";

static const char avif[] = "\0\0\0\x14"
			   "ftypavif\0\0\0\0mif1"
			   "\0\0\0\x14ispe\0\0\0\0\0\0\0\x40\0\0\0\x40"
			   "\0\0\0\x14ispe\0\0\0\0\0\0\x03\x20\0\0\x02\x58";

static void test_images(void **state)
{
	const struct {
		const char *format, *at;
		size_t len;
	} images[] = {
		{ "PNG", png, sizeof png - 1 },    { "GIF", gif, sizeof gif - 1 },    { "JPEG", jpeg, sizeof jpeg - 1 },
		{ "WebP", vp8x, sizeof vp8x - 1 }, { "WebP", vp8l, sizeof vp8l - 1 }, { "WebP", vp8, sizeof vp8 - 1 },
		{ "BMP", bmp, sizeof bmp - 1 },    { "AVIF", avif, sizeof avif - 1 },
	};
	struct image image;
	(void)state;
	for (size_t i = 0; i < sizeof images / sizeof *images; i++) {
		if (!image_read(bytes_make(images[i].at, images[i].len), &image))
			fail_msg("image %zu is not known", i);
		assert_string_equal(image.format, images[i].format);
		assert_int_equal(image.width, 800);
		assert_int_equal(image.height, 600);
		for (size_t len = 0; len < images[i].len; len++) { /* in memory of that size, where ASan looks */
			char *cut = test_malloc(len + 1);
			memcpy(cut + 1, images[i].at, len);
			(void)image_read(bytes_make(cut + 1, len), &image);
			test_free(cut);
		}
	}
	assert_false(image_read(bytes_make("\0\0\0\x14"
					   "ftypavif\0\0\0\0mif1",
					   20),
				&image));
	assert_false(image_read(bytes_of("GIF88a........"), &image));
	assert_false(image_read(bytes_of("\xff\xd8\xff\xda....."), &image));
}

static void test_protobuf(void **state)
{
	static const char message[] =
	    "\x08\x96\x01\x12\x07testing\x1d\0\0\x80\x3f\x21\0\0\0\0\0\0\xf0\x3f\x2a\x02\x08\x01";
	struct bytes rest = bytes_make(message, sizeof message - 1);
	struct protobuf_field f;
	(void)state;
	assert_true(protobuf_is_message(rest));
	assert_true(protobuf_next(&rest, &f));
	assert_int_equal(f.number, 1);
	assert_int_equal(f.value, 150);
	assert_true(protobuf_next(&rest, &f));
	assert_int_equal(f.type, PROTOBUF_BYTES);
	expect_text(f.bytes, "testing");
	assert_true(protobuf_next(&rest, &f));
	assert_int_equal(f.type, PROTOBUF_FIXED32);
	assert_int_equal(f.value, 0x3f800000);
	assert_true(protobuf_next(&rest, &f));
	assert_int_equal(f.type, PROTOBUF_FIXED64);
	assert_true(protobuf_next(&rest, &f));
	assert_true(protobuf_is_message(f.bytes));
	assert_false(protobuf_next(&rest, &f));
	assert_int_equal(rest.len, 0);
}

static void test_protobuf_refused(void **state)
{
	static const struct {
		const char *at;
		size_t len;
	} wrong[] = {
		{ "", 0 },                                              /* nothing */
		{ "\0\1", 2 },                                          /* field 0 */
		{ "\x0b", 1 },                                          /* a group */
		{ "\x08", 1 },                                          /* no value */
		{ "\x12\x05four", 6 },                                  /* cut */
		{ "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11 }, /* more than 64 bits */
		{ "\x80\x80\x80\x80\x10\1", 6 },                        /* number beyond 2^29 */
		{ "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 }, /* a length of 2^64 - 1 */
	};
	struct protobuf_field f;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct bytes rest = bytes_make(wrong[i].at, wrong[i].len);
		if (protobuf_is_message(rest) || protobuf_next(&rest, &f))
			fail_msg("case %zu is read", i);
		assert_int_equal(rest.len, wrong[i].len);
	}
}

static void test_frames(void **state)
{
	static const char body[] = "\0\0\0\0\2\x08\1\x80\0\0\0\x0fgrpc-status:0\r\n\0\0\0\0\x09"
				   "cut";
	struct bytes rest = bytes_make(body, sizeof body - 1);
	struct protobuf_frame frame;
	(void)state;
	assert_true(protobuf_frame_next(&rest, &frame));
	assert_int_equal(frame.flags, 0);
	assert_int_equal(frame.content.len, 2);
	assert_true(protobuf_frame_next(&rest, &frame));
	assert_int_equal(frame.flags, PROTOBUF_FRAME_TRAILERS);
	expect_text(frame.content, "grpc-status:0\r\n");
	assert_true(protobuf_frame_next(&rest, &frame));
	assert_int_equal(frame.declared, 9);
	expect_text(frame.content, "cut");
	assert_false(protobuf_frame_next(&rest, &frame));
}

/* RFC 7519 §3.1 and §6.1. */
static const char signed_token[] =
    "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
    "cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
static const char unsigned_token[] =
    "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"
    "cnVlfQ.";

static void test_tokens(void **state)
{
	static const char *const wrong[] = {
		"",
		"ey",
		"eyJhbGciOiJub25lIn0",
		"eyJhbGciOiJub25lIn0.eyJhIjoxfQ", /* two parts */
		"eyJhbGciOiJub25lIn0.WzFd.",      /* [1] */
		"eyJhIjoxfQ.eyJhIjoxfQ.",         /* no alg */
		"eyJhbGciOiJub25lIn0.eyJhIjoxfQ.a.b",
		"eyJhbGciOiJub25lIn0..",
	};
	struct web_token j;
	(void)state;
	assert_true(web_token_read(bytes_of(signed_token), &j));
	assert_int_equal(j.signature_len, 32);
	assert_int_equal(json_members(&j.payload_tokens, 0), 3);
	web_token_free(&j);
	assert_true(web_token_read(bytes_of(unsigned_token), &j));
	assert_int_equal(j.signature_len, 0);
	web_token_free(&j);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (web_token_read(bytes_of(wrong[i]), &j))
			fail_msg("%s is read", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),           cmocka_unit_test(test_images), cmocka_unit_test(test_protobuf),
		cmocka_unit_test(test_protobuf_refused), cmocka_unit_test(test_frames), cmocka_unit_test(test_tokens),
	};
	return RUN(tests);
}
