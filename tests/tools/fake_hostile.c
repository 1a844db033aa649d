#include "tests/tools/fake_hostile.h"

#include "shared/http/headers.h"

/* Each wants the word CANARY to be taken for a part of a sequence. */
static const char *const evil[] = {
	"\x1b]0;CANARY title\x07",
	"\x1b]52;c;Q0FOQVJZ\x07\x1b\\",
	"\x1bPCANARY\x1b\\",
	"\x1b[31mCANARY\x1b[2J\x1b[H",
	"\x9b"
	"31mCANARY\x9d"
	"0;CANARY\x9c",
	"\xc2\x9b"
	"2JCANARY\xc2\x9d"
	"0;CANARY\xc2\x9c",
	"a\rCANARY\b\b\tb\nc\x0b\x0c\x0e\x0f\x7f",
	"\xe2\x80\xaeYRANAC\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf\xf3\xa0\x80\x81",
	"e\xcc\x81\xcc\x82\xcc\x83\xcc\x84\xcc\x85\xcc\x86\xcc\x87 CANARY \xcc\x81",
	"\xff\xfe\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80 CANARY \xe4\xb8",
	"\xf0\x9f\x98\x80\xef\xb8\x8f\xe2\x80\x8d\xf0\x9f\x91\xa9 \xe4\xb8\xad\xe6\x96\x87 CANARY "
	"\xef\xbf\xbf\xee\x80\x80",
	"\x1b#8\x1b"
	"c\x1b[!p\x1b[?1049l\x1b[?1000h\x1b[6n"
	"CANARY",
};
#define EVILS (sizeof evil / sizeof *evil)

const char *fake_hostile_text(size_t n)
{
	return evil[n % EVILS];
}

static bool put_field(struct buffer *b, const char *name, const char *value)
{
	return headers_append(b, bytes_of(name), bytes_of(value));
}

/* What is decoded before it is shown: a query, a cookie, credentials, a token ({"iss":"ESC ]0;CANARY BEL"}), and by
 * turns events, Protocol Buffers, an image, a form, parts and JSON whose names are hostile. */
static bool fill_hidden(struct document *d, int64_t id)
{
	static const char message[] = "\x0a\x0e\x1b]0;CANARY\x07ok\x0a\x12\0\x9b\x1b]52;c;CANARY\x07\xff";
	static const char gif[] = "GIF89a\x1b\x9b\x07\x1b\xf7\0\0\x1b]0;CANARY\x07";
	d->item.row.target = bytes_of("/?a=%1b]0;CANARY%07&%9b=%c2%9b&%e2%80%ae");
	bool fine =
	    put_field(&d->headers, "Cookie", "a=\x1b]0;CANARY\x07; \x9b=\xc2\x9b") &&
	    put_field(&d->headers, "Authorization", "Basic G10wO0NBTkFSWQc6m+KArg==") &&
	    put_field(&d->headers, "X-Token",
		      "eyJhbGciOiJcdTAwMWJdMDtDQU5BUllcdTAwMDcifQ.eyJpc3MiOiKb4oCuXHUwMDFiXTA7Q0FOQVJZXHUwMDA3In0.");
	if (id % 6 == 0)
		return fine && put_field(&d->headers, "Content-Type", "text/event-stream") &&
		       buffer_append_text(
			   &d->body,
			   "event: \x1b]0;CANARY\x07\n\x1b: CANARY\ndata: {\"a\":\"\x9b\"}\n\n: \x1b]52;CANARY\n");
	if (id % 6 == 1)
		return fine && put_field(&d->headers, "Content-Type", "application/x-protobuf") &&
		       buffer_append(&d->body, message, sizeof message - 1);
	if (id % 6 == 3)
		return fine && put_field(&d->headers, "Content-Type", "application/x-www-form-urlencoded") &&
		       buffer_append_text(&d->body,
					  "%1b]0;CANARY%07=%9b31m&%e2%80%ae[%0d]=%1b[2J&\x1b]0;CANARY\x07=\x9b");
	if (id % 6 == 4)
		return fine && put_field(&d->headers, "Content-Type", "multipart/form-data; boundary=b") &&
		       buffer_append_text(&d->body,
					  "--b\r\nContent-Disposition: form-data; name=\"\x1b]0;CANARY\x07\"; "
					  "filename=\"\x9b\xe2\x80\xae.png\"\r\nContent-Type: "
					  "\x1b[31mCANARY/x\r\n\r\n\x1b]52;c;CANARY\x07\r\n"
					  "--b\r\nContent-Disposition: form-data; name=CANARY%1b]0;\r\n\x1b#8: "
					  "\x9b\r\n\r\nx\r\n--b--\r\n");
	if (id % 6 == 5)
		return fine && put_field(&d->headers, "Content-Type", "application/json; charset=\x1b]0;CANARY\x07") &&
		       buffer_append_text(&d->body, "{\"\x1b]0;CANARY\x07\":\"\\u001b]0;CANARY\\u0007\",\"\\u009b\":["
						    "\"\xc2\x9b\",\"\xe2\x80\xae\"]}");
	return fine && (id % 6 != 2 || buffer_append(&d->body, gif, sizeof gif - 1));
}

/* By turns all bytes, brackets 100,000 deep, and a line of 10 MB. */
static bool fill_hostile(struct document *d, int64_t id)
{
	bool fine = true;
	for (size_t i = 0; fine && i < EVILS; i++)
		fine = put_field(&d->headers, i % 2 ? evil[i] : "X-Evil", evil[(i + 1) % EVILS]);
	for (size_t i = 0; i < d->attempt_count; i++)
		d->attempts[i].error = d->attempts[i].url = bytes_of(evil[i % EVILS]);
	for (int i = 0; fine && id % 3 == 0 && i < 100000; i++)
		fine = buffer_append_text(&d->body, "[");
	for (size_t i = 0; fine && i < EVILS; i++)
		fine = buffer_append_text(&d->body, evil[i]) && buffer_append_text(&d->body, i % 3 ? "" : "\n");
	for (unsigned i = 0; fine && id % 3 == 1 && i < 512; i++)
		fine = buffer_put_u8(&d->body, (uint8_t)i);
	for (int i = 0; fine && id % 3 == 2 && i < 500000; i++)
		fine = buffer_append_text(&d->body, "\x1b]0;CANARY\x07 line");
	return fine;
}

bool fake_hostile_fill(struct document *d, int64_t id)
{
	return id % 2 ? fill_hostile(d, id) : fill_hidden(d, id / 2);
}
