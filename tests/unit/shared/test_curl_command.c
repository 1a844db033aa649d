/* The command is given to a real shell, with a program in curl's place that keeps its arguments and its input: what
 * arrives there must be the request's bytes. */
#include <unistd.h>

#include "shared/curl/curl_command.h"
#include "shared/text/text.h"
#include "tests/unit/unit.h"

static char folder[] = "/tmp/creel-curl-XXXXXX";

static void write_file(const char *name, struct bytes b)
{
	char path[128];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "wb");
	assert_non_null(f);
	assert_int_equal(fwrite(b.at, 1, b.len, f), b.len);
	assert_int_equal(fclose(f), 0);
}

static struct buffer read_file(const char *name)
{
	char path[128], piece[4096];
	struct buffer b = { 0 };
	size_t n;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		assert_true(buffer_append(&b, piece, n));
	fclose(f);
	return b;
}

static int set_up(void **state)
{
	char command[200];
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	write_file("curl", bytes_of("#!/bin/sh\nd=$(dirname \"$0\")\nprintf '%s\\0' \"$@\" > \"$d/args\"\n"
				    "cat > \"$d/input\"\n"));
	snprintf(command, sizeof command, "chmod 700 %s/curl", folder);
	return system(command);
}

static int tear_down(void **state)
{
	char command[200];
	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static struct buffer args, input;

static void run_text(struct bytes text)
{
	char command[300];
	buffer_free(&args);
	buffer_free(&input);
	write_file("script", text);
	snprintf(command, sizeof command,
		 "cd / && env -i CREEL_COOKIE='it is \"$x\"' PATH=%s:/usr/bin:/bin sh %s/script </dev/null", folder,
		 folder);
	assert_int_equal(system(command), 0);
	args = read_file("args");
	input = read_file("input");
}

/* Gives the command's text; the caller frees. */
static struct buffer run_curl(const struct curl_request *r)
{
	struct buffer text = { 0 }, shown = { 0 };
	assert_true(curl_command(&text, r));
	/* Nothing in it acts on a terminal that it is pasted into. */
	assert_true(text_sanitize(&shown, buffer_view(&text), TEXT_BODY));
	assert_true(bytes_equal(buffer_view(&shown), buffer_view(&text)));
	assert_null(memchr(text.at, '\t', text.len));
	buffer_free(&shown);
	run_text(buffer_view(&text));
	return text;
}

/* The i-th argument equal to `flag` is followed by this; NULL when there is none. */
static struct bytes after(const char *flag, int i)
{
	for (size_t at = 0; at < args.len;) {
		const char *arg = (const char *)args.at + at;
		size_t len = strlen(arg);
		if (strcmp(arg, flag) == 0 && i-- == 0 && at + len + 1 < args.len)
			return bytes_of(arg + len + 1);
		at += len + 1;
	}
	return bytes_make(NULL, 0);
}

static bool has(const char *arg)
{
	for (size_t at = 0; at < args.len; at += strlen((const char *)args.at + at) + 1)
		if (strcmp((const char *)args.at + at, arg) == 0)
			return true;
	return false;
}

static const char *last(void)
{
	const char *arg = NULL;
	for (size_t at = 0; at < args.len; at += strlen((const char *)args.at + at) + 1)
		arg = (const char *)args.at + at;
	return arg;
}

static struct curl_request sample(void)
{
	return (struct curl_request){ .base = bytes_of("http://localhost:3000"),
				      .method = bytes_of("POST"),
				      .target = bytes_of("/hooks?a=1"),
				      .headers = bytes_of("Host: x\r\nContent-Type: a/b\r\nContent-Length: 3\r\n"),
				      .body = bytes_of("a=b"),
				      .has_body = true };
}

static void test_plain(void **state)
{
	struct curl_request r = sample();
	(void)state;
	struct buffer text = run_curl(&r);
	assert_true(
	    bytes_equal(buffer_view(&text), bytes_of("curl -g --path-as-is -X POST \\\n  -H 'Content-Type: a/b' \\\n"
						     "  -H 'User-Agent:' \\\n  -H 'Accept:' \\\n  --data-raw 'a=b' \\\n"
						     "  'http://localhost:3000/hooks?a=1'\n")));
	buffer_free(&text);
}

/* A body that begins with @ must never name a file, and no quote may end the word. */
static void test_hostile_bodies(void **state)
{
	static const char *const bodies[] = { "@/etc/passwd", "'; touch /tmp/x; '", "$(id)`id`$HOME", "\\", "'",
					      "a\nb\n",       "-o/tmp/x",           "caf\xc3\xa9",    "!!", "" };
	(void)state;
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		struct curl_request r = sample();
		r.body = bytes_of(bodies[i]);
		struct buffer text = run_curl(&r);
		assert_true(bytes_equal(after("--data-raw", 0), r.body));
		assert_null(memmem(text.at, text.len, " -d ", 4));
		buffer_free(&text);
	}
}

static void test_binary_bodies(void **state)
{
	uint8_t all[9000];
	struct curl_request r = sample();
	static const char *const texts[] = { "a\tb", "a\r\nb", "\x1b[2J", "\xff", "\xe2\x80\xae" };
	(void)state;
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)i;
	for (size_t len = 200; len < 206; len++) {
		r.body = bytes_make(all, len);
		struct buffer text = run_curl(&r);
		assert_true(bytes_equal(buffer_view(&input), r.body));
		assert_true(bytes_equal(after("--data-binary", 0), bytes_of("@-")));
		buffer_free(&text);
	}
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		r.body = bytes_of(texts[i]);
		struct buffer text = run_curl(&r);
		assert_true(bytes_equal(buffer_view(&input), r.body));
		buffer_free(&text);
	}
	memset(all, 'a', sizeof all);
	r.body = bytes_make(all, 8193);
	struct buffer text = run_curl(&r);
	assert_int_equal(input.len, 8193);
	assert_true(has("Expect:"));
	buffer_free(&text);
}

static void test_headers(void **state)
{
	struct curl_request r = sample();
	r.headers = bytes_of("Host: x\r\nX-Q: it's $HOME `id` \"x\"\r\nX-Empty: \r\nX-Blank:  \r\nX-'odd: 1\r\n"
			     "X-High: a\xff!%\\'b\r\nX-Tab: a\tb\r\nConnection: close, x-gone\r\nX-Gone: 1\r\n"
			     "User-Agent: u\r\nX-Q: again\r\nX-End: a  \r\n");
	(void)state;
	struct buffer text = run_curl(&r);
	static const char *const expected[] = { "X-Q: it's $HOME `id` \"x\"",
						"X-Empty;",
						"X-Blank;",
						"X-'odd: 1",
						"X-High: a\xff!%\\'b",
						"X-Tab: a\tb",
						"User-Agent: u",
						"X-Q: again",
						"X-End: a  ",
						"Accept:",
						"Content-Type:" };
	for (int i = 0; i < (int)(sizeof expected / sizeof *expected); i++)
		assert_true(bytes_equal(after("-H", i), bytes_of(expected[i])));
	assert_null(after("-H", sizeof expected / sizeof *expected).at);
	buffer_free(&text);
}

static void test_secrets(void **state)
{
	struct curl_request r = sample();
	const char *mine = "x-mine";
	const struct option_values values = { &mine, 1 };
	struct redact_names more;
	struct error e;
	assert_true(redact_names_read(&more, &values, &e));
	r.headers = bytes_of("Cookie: hidden\r\nX-Hub-Signature: shown\r\nX-Mine: shown\r\n");
	(void)state;
	struct buffer text = run_curl(&r);
	assert_null(memmem(text.at, text.len, "hidden", 6));
	assert_true(bytes_equal(after("-H", 0), bytes_of("Cookie: it is \"$x\"")));
	assert_true(bytes_equal(after("-H", 1), bytes_of("X-Hub-Signature: shown")));
	buffer_free(&text);
	r.secrets = true;
	text = run_curl(&r);
	assert_true(bytes_equal(after("-H", 0), bytes_of("Cookie: hidden")));
	buffer_free(&text);
	r.secrets = false;
	r.redact = true;
	r.redact_names = &more;
	text = run_curl(&r);
	assert_null(memmem(text.at, text.len, "shown", 5));
	assert_true(bytes_equal(after("-H", 1), bytes_of("X-Hub-Signature: ")));
	buffer_free(&text);
	redact_names_free(&more);
}

static void test_targets_and_methods(void **state)
{
	struct curl_request r = sample();
	static const char *const odd[] = { "/a#b", "*", "?x", "/\xff", "/a\\b", "/it's|\"" };
	(void)state;
	r.base = bytes_of("http://localhost:3000/base");
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		char target[40];
		r.target = bytes_of(odd[i]);
		snprintf(target, sizeof target, "/base%s", odd[i]);
		struct buffer text = run_curl(&r);
		assert_true(bytes_equal(after("--request-target", 0), bytes_of(target)));
		assert_string_equal(last(), "http://localhost:3000/base");
		buffer_free(&text);
	}
	r.target = bytes_of("/a/../b;c?x[]='{");
	r.method = bytes_of("M'`|~");
	struct buffer text = run_curl(&r);
	assert_true(bytes_equal(after("-X", 0), bytes_of("M'`|~")));
	buffer_free(&text);
	r.target = bytes_of("/a/../b");
	r.method = bytes_of("HEAD");
	r.has_body = false;
	r.body = bytes_of("");
	text = run_curl(&r);
	assert_true(has("--head") && has("--path-as-is") && has("-g") && !has("-X") && !has("--data-raw"));
	assert_string_equal(last(), "http://localhost:3000/base/a/../b");
	buffer_free(&text);
}

/* Every byte there can be in a word comes through the shell. */
static void test_quote_every_byte(void **state)
{
	(void)state;
	for (unsigned c = 1; c < 256; c++) {
		uint8_t word[] = { 'a', (uint8_t)c, 'b', 0 };
		struct buffer text = { 0 };
		assert_true(buffer_append_text(&text, "curl "));
		assert_true(curl_quote(&text, bytes_make(word, 3)));
		run_text(buffer_view(&text));
		if (args.len != 4 || memcmp(args.at, word, 4) != 0)
			fail_msg("byte %u", c);
		buffer_free(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),
		cmocka_unit_test(test_hostile_bodies),
		cmocka_unit_test(test_binary_bodies),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_secrets),
		cmocka_unit_test(test_targets_and_methods),
		cmocka_unit_test(test_quote_every_byte),
	};
	int failed = cmocka_run_group_tests(tests, set_up, tear_down);
	buffer_free(&args);
	buffer_free(&input);
	return failed;
}
