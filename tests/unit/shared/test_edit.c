/* A request in an editor and back: what was not touched stays byte for byte, what was is told line by line. */
#include "shared/http/headers.h"
#include "tests/unit/unit.h"
#include "shared/frontend/edit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_document(struct document *d, const char *headers, struct bytes body)
{
	struct delivery_row row = { .id = 187, .method = bytes_of("POST"), .target = bytes_of("/hooks?a=1") };
	*d = (struct document){ 0 };
	assert_true(item_copy(&d->item, &row));
	assert_true(buffer_append_text(&d->headers, headers) && buffer_append_bytes(&d->body, body));
	d->body_size = body.len;
}

static struct edit *make(const char *headers, struct bytes body)
{
	struct document d;
	struct error e;
	make_document(&d, headers, body);
	struct edit *edit = edit_new(&d, &e);
	assert_non_null(edit);
	return edit;
}

static enum edit_end take(struct edit *e, const char *text)
{
	struct error err = { 0 };
	int line;
	return edit_take(e, bytes_of(text), bytes_of(NULL), &line, &err);
}

#define HEADERS "Host: a\r\nContent-Length: 9\r\nX-Sig: 1\r\n"
#define HEAD "POST /hooks?a=1 HTTP/1.1\nHost: a\nContent-Length: 9\nX-Sig: 1\n\n"

static void test_same(void **state)
{
	struct edit *e = make(HEADERS, bytes_of("{\"a\": 1}\n"));
	(void)state;
	assert_true(bytes_equal(buffer_view(&e->written), bytes_of(HEAD "{\"a\": 1}\n")));
	assert_false(e->beside);
	assert_int_equal(take(e, HEAD "{\"a\": 1}\n"), EDIT_SAME);
	/* A body that ended in a newline keeps that one, and a second one is meant. */
	assert_int_equal(take(e, HEAD "{\"a\": 1}\n\n"), EDIT_CHANGED);
	assert_int_equal(take(e, HEAD "{\"a\": 1}"), EDIT_CHANGED);
	edit_free(e);
	e = make("Content-Length: 8\r\n", bytes_of("{\"a\": 1}"));
	const char *head = "POST /hooks?a=1 HTTP/1.1\nContent-Length: 8\n\n{\"a\": 1}";
	assert_int_equal(take(e, head), EDIT_SAME);
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\nContent-Length: 8\n\n{\"a\": 1}\n"), EDIT_SAME);
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\nContent-Length: 8\n\n{\"a\": 1}\n\n"), EDIT_CHANGED);
	/* All line ends made CR LF by an editor of another world: the head means the same. */
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\r\nContent-Length: 8\r\n\r\n{\"a\": 1}"), EDIT_SAME);
	edit_free(e);
	/* A length that was wrong before is no change. */
	e = make("Content-Length: 4\r\n", bytes_of("{\"a\": 1}"));
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\nContent-Length: 4\n\n{\"a\": 1}"), EDIT_SAME);
	edit_free(e);
	e = make("", bytes_of(""));
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\n\n"), EDIT_SAME);
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\n\n\n"), EDIT_SAME);
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\n"), EDIT_SAME);
	assert_int_equal(take(e, "PUT /hooks?a=1 HTTP/1.1\n\n"), EDIT_CHANGED);
	edit_free(e);
}

static void expect_length(struct edit *e, const char *text, const char *want)
{
	struct bytes value;
	assert_int_equal(take(e, text), EDIT_CHANGED);
	bool has = headers_find(e->now.headers, "content-length", &value);
	assert_int_equal(has, want != NULL);
	if (want)
		assert_true(bytes_equal(value, bytes_of(want)));
}

static void test_length(void **state)
{
	struct edit *e = make(HEADERS, bytes_of("{\"a\": 1}\n"));
	struct buffer out = { 0 };
	(void)state;
	expect_length(e, HEAD "{\"a\": 1000}\n", "12");
	assert_true(edit_request(e, &out));
	assert_true(bytes_equal(buffer_view(&out),
				bytes_of("POST /hooks?a=1 HTTP/1.1\nHost: a\nContent-Length: 12\nX-Sig: 1\n\n{\"a\": "
					 "1000}\n")));
	buffer_free(&out);
	/* By hand: a wrong one is what somebody wants to test, and so is none. */
	expect_length(e, "POST / HTTP/1.1\nHost: a\nContent-Length: 7\n\n{\"a\": 1000}\n", "7");
	expect_length(e, "POST / HTTP/1.1\nHost: a\n\n{\"a\": 1000}\n", NULL);
	edit_free(e);
	e = make("Host: a\r\n", bytes_of("x"));
	expect_length(e, "POST / HTTP/1.1\nHost: a\n\nlonger", NULL);
	expect_length(e, "POST / HTTP/1.1\nHost: a\nContent-Length: 3\n\nlonger", "3");
	edit_free(e);
}

static void test_wrong(void **state)
{
	struct edit *e = make(HEADERS, bytes_of("body"));
	struct error err = { 0 };
	int line = 0;
	(void)state;
	assert_int_equal(edit_take(e, bytes_of("POST / HTTP/1.1\nHost: a\nno colon\n\n"), bytes_of(NULL), &line, &err),
			 EDIT_WRONG);
	assert_int_equal(line, 3);
	assert_int_equal(err.code, EXIT_USAGE);
	assert_int_equal(edit_take(e, bytes_of(""), bytes_of(NULL), &line, &err), EDIT_WRONG);
	assert_int_equal(line, 1);
	assert_int_equal(take(e, HEAD "{\"a\": 1}\n"), EDIT_CHANGED); /* and it can be put right */
	edit_free(e);
}

static void test_too_long(void **state)
{
	struct document d;
	struct error e;
	(void)state;
	make_document(&d, HEADERS, bytes_of("abc"));
	d.body_size = 99999999;
	assert_null(edit_new(&d, &e));
	assert_non_null(strstr(e.text, "99999999 bytes is too long"));
	make_document(&d, HEADERS, bytes_of("abc"));
	d.trouble = strdup("it is gone");
	assert_null(edit_new(&d, &e));
	assert_string_equal(e.text, "it is gone");
}

/* ---- files ---- */

static void overwrite(const char *dir, const char *name, struct bytes b)
{
	char path[400];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(b.at, 1, b.len, f), b.len);
	assert_int_equal(fclose(f), 0);
}

static void expect_mode(const char *path, unsigned mode)
{
	struct stat s;
	assert_int_equal(stat(path, &s), 0);
	assert_int_equal(s.st_mode & 0777, mode);
}

static void test_files(void **state)
{
	static const char binary[] = "\x00\x01\xff< body.bin";
	struct bytes body = bytes_make(binary, sizeof binary - 1);
	struct edit *e = make("Host: a\r\n", body);
	struct buffer out = { 0 };
	struct error err = { 0 };
	struct stat s;
	char path[400], dir[300];
	int line;
	(void)state;
	setenv("TMPDIR", "/tmp", 1);
	mode_t mask = umask(0); /* modes are ours, not the user's */
	assert_true(e->beside);
	assert_true(edit_write(e, &err));
	umask(mask);
	snprintf(dir, sizeof dir, "%s", e->dir);
	expect_mode(e->dir, 0700);
	expect_mode(e->path, 0600);
	snprintf(path, sizeof path, "%s/body.bin", e->dir);
	expect_mode(path, 0600);
	assert_int_equal(edit_read(e, &line, &err), EDIT_SAME);
	/* The body alone is changed. */
	overwrite(e->dir, "body.bin", bytes_make("\x00\x02", 2));
	assert_int_equal(edit_read(e, &line, &err), EDIT_CHANGED);
	assert_true(bytes_equal(e->now.body, bytes_make("\x00\x02", 2)));
	assert_true(edit_request(e, &out));
	assert_true(bytes_equal(buffer_view(&out), bytes_make("POST /hooks?a=1 HTTP/1.1\nHost: a\n\n\x00\x02", 36)));
	buffer_free(&out);
	/* Another file beside; one that is not there; one that is none. */
	overwrite(e->dir, "other", bytes_of("text"));
	overwrite(e->dir, "request.http", bytes_of("POST / HTTP/1.1\n\n< other\n"));
	assert_int_equal(edit_read(e, &line, &err), EDIT_CHANGED);
	assert_true(bytes_equal(e->now.body, bytes_of("text")));
	overwrite(e->dir, "request.http", bytes_of("POST / HTTP/1.1\n\n< missing\n"));
	assert_int_equal(edit_read(e, &line, &err), EDIT_WRONG);
	assert_non_null(strstr(err.text, "/missing: No such file"));
	overwrite(e->dir, "request.http", bytes_of("POST / HTTP/1.1\n\n< /dev\n"));
	assert_int_equal(edit_read(e, &line, &err), EDIT_WRONG);
	assert_non_null(strstr(err.text, "/dev: it is not a file"));
	/* An editor's own leavings go with it. */
	overwrite(e->dir, ".request.http.swp", bytes_of("secret"));
	unlink(e->path);
	assert_int_equal(edit_read(e, &line, &err), EDIT_WRONG);
	edit_free(e);
	assert_int_equal(stat(dir, &s), -1);
	e = make("", body);
	setenv("TMPDIR", "/nowhere", 1);
	assert_false(edit_write(e, &err));
	assert_non_null(strstr(err.text, "/nowhere"));
	edit_free(e);
}

static void test_escapes(void **state)
{
	struct edit *e = make("", bytes_of("a\x1b[1mb"));
	(void)state;
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\n\na\x1b[1mc"), EDIT_CHANGED);
	assert_int_equal(edit_escapes(e), 0);
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\n\na\x1b[1mc\x1b\x1b"), EDIT_CHANGED);
	assert_int_equal(edit_escapes(e), 2);
	assert_int_equal(take(e, "POST /hooks?a=1 HTTP/1.1\nX-A: \x1b\n\na"), EDIT_WRONG);
	edit_free(e);
}

/* ---- what was changed ---- */

static void on_line(void *user, char mark, struct bytes text)
{
	struct buffer *out = user;
	assert_true(buffer_put_u8(out, (uint8_t)mark) && buffer_append_bytes(out, text) && buffer_put_u8(out, '\n'));
}

static void expect_changes(struct edit *e, const char *text, const char *want)
{
	struct buffer out = { 0 };
	assert_int_equal(take(e, text), EDIT_CHANGED);
	assert_true(edit_changes(e, on_line, &out) && buffer_put_u8(&out, 0));
	assert_string_equal((const char *)out.at, want);
	buffer_free(&out);
}

#define LONG "0123456789012345678901234567890123456789012345678901234567890123456789"

#define TEN "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
#define FORTY TEN TEN TEN TEN

static void test_changes(void **state)
{
	struct edit *e = make(HEADERS, bytes_of("1\n2\n3\n4\n5\n6\n7\n8\n9\n"));
	(void)state;
	expect_changes(e, HEAD "1\n2\n3\n4\nfive\n6\n7\n8\n9\n",
		       " POST /hooks?a=1 HTTP/1.1\n Host: a\n-Content-Length: 9\n+Content-Length: 21\n X-Sig: 1\n "
		       "\n@...\n 3\n 4\n-5\n+five\n 6\n"
		       " 7\n");
	edit_free(e);
	/* One long line, as JSON mostly is: told from shortly before what differs, characters whole. */
	e = make("", bytes_of(LONG "a=1, and on"));
	expect_changes(e, "POST /hooks?a=1 HTTP/1.1\n\n" LONG "a=2, and on",
		       " POST /hooks?a=1 HTTP/1.1\n \n-...8901234567890123456789a=1, and on\n"
		       "+...8901234567890123456789a=2, and on\n");
	edit_free(e);
	e = make("", bytes_of(FORTY "a1"));
	expect_changes(e, "POST /hooks?a=1 HTTP/1.1\n\n" FORTY "a2",
		       " POST /hooks?a=1 HTTP/1.1\n \n-..." TEN "\xc3\xa4\xc3\xa4"
		       "a1\n"
		       "+..." TEN "\xc3\xa4\xc3\xa4"
		       "a2\n");
	edit_free(e);
	e = make("", bytes_of("\xff"));
	expect_changes(e, "POST /hooks?a=1 HTTP/1.1\n\nabc",
		       " POST /hooks?a=1 HTTP/1.1\n \n-< body.bin\n+abc\n"
		       "@body: 1 bytes before, 3 now; the first difference is byte 0\n");
	edit_free(e);
}

/* ---- editors ---- */

static void expect_command(const char *program, int line, const char *want)
{
	struct buffer out = { 0 };
	assert_true(edit_command(&out, program, line));
	assert_string_equal((const char *)out.at, want);
	buffer_free(&out);
}

static void test_editors(void **state)
{
	(void)state;
	unsetenv("CREEL_EDITOR");
	unsetenv("VISUAL");
	setenv("EDITOR", "", 1);
	assert_string_equal(edit_program(), "vi");
	setenv("EDITOR", "ed", 1);
	assert_string_equal(edit_program(), "ed");
	setenv("VISUAL", "nano -w", 1);
	assert_string_equal(edit_program(), "nano -w");
	setenv("CREEL_EDITOR", "code --wait", 1);
	assert_string_equal(edit_program(), "code --wait");
	expect_command("vi", 0, "exec vi \"$1\"");
	expect_command("vi", 3, "exec vi +3 \"$1\"");
	expect_command("/usr/bin/nano -w", 12, "exec /usr/bin/nano -w +12 \"$1\"");
	expect_command("code --wait", 3, "exec code --wait \"$1\"");
	expect_command("vimdiff", 3, "exec vimdiff \"$1\"");
	expect_command("LANG=C vi", 3, "trap : INT QUIT; LANG=C vi \"$1\"");
	expect_command("cat; vi", 0, "trap : INT QUIT; cat; vi \"$1\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),     cmocka_unit_test(test_length),  cmocka_unit_test(test_wrong),
		cmocka_unit_test(test_too_long), cmocka_unit_test(test_files),   cmocka_unit_test(test_escapes),
		cmocka_unit_test(test_changes),  cmocka_unit_test(test_editors),
	};
	return RUN(tests);
}
