/* Out of one store, into another, and out of that again: the same; files whole or not at all. */
#include <signal.h>
#include <dirent.h>
#include <fcntl.h>

#include "client/transfer/export.h"
#include "shared/transcripts/ndjson.h"
#include "tests/unit/shared/transcript_fixture.h"
#include "tests/unit/shared/store_fixture.h"

static struct buffer all_bytes(void)
{
	struct buffer b = { 0 };
	for (int i = 0; i < 256; i++)
		assert_true(buffer_put_u8(&b, (uint8_t)i));
	return b;
}

static void fill(struct store *s)
{
	struct buffer body = all_bytes();
	struct error e;
	for (uint8_t n = 1; n <= 3; n++) {
		struct store_delivery d = sample(n);
		bool duplicate;
		int64_t id;
		d.body = n == 1 ? buffer_view(&body) : n == 2 ? bytes_of("@\xc3\xa9'\n") : bytes_of("");
		d.body_size = d.body.len;
		d.headers = bytes_of("Host: x\r\nX-A: 1\r\nx-a: \xff \r\nAuthorization: Bearer s3cret\r\n");
		d.event_type = bytes_of("caf\xe9");
		if (n == 3) {
			d.state = DELIVERY_REFUSED;
			d.refused_status = 413;
			d.body_size = 1 << 30;
		}
		assert_true(store_batch_ops.begin(s, &e));
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
		struct store_attempt a = { .delivery_id = id,
					   .started_at_us = d.received_at_us + 5,
					   .status = 500,
					   .url = bytes_of("http://localhost:3000/hooks?a=1"),
					   .reason = bytes_of("\xff"),
					   .connect_us = 1,
					   .first_byte_us = 22,
					   .total_us = 333,
					   .headers = bytes_of("X: \x80\r\n"),
					   .body = buffer_view(&body),
					   .body_size = 256 };
		if (n < 3)
			assert_true(store_insert_attempt(s, &a, &e));
		assert_true(store_batch_ops.commit(s, &e));
	}
	buffer_free(&body);
}

static void test_ndjson_round_trip(void **state)
{
	static const int64_t ids[] = { 1, 2, 3 };
	const struct export_options o = { .as = EXPORT_AS_NDJSON };
	struct store *s = open_store();
	struct buffer text = { 0 };
	struct error e = { 0 };
	size_t written;
	(void)state;
	fill(s);
	assert_true(export_to_buffer(s, ids, 3, &o, &text, &written, &e));
	assert_int_equal(written, 3);
	struct bytes left = buffer_view(&text);
	for (int64_t id = 1; id <= 3; id++) {
		const uint8_t *end = memchr(left.at, '\n', left.len);
		assert_non_null(end);
		size_t len = (size_t)(end - left.at);
		struct transcript was, is, again;
		bool duplicate;
		int64_t new_id;
		assert_true(transcript_read(s, id, &was, &e));
		if (!ndjson_read(bytes_make(left.at, len), &is, &e))
			fail_msg("%s", e.text);
		const char *what = difference(&was, &is);
		if (what)
			fail_msg("delivery %d: %s", (int)id, what);
		/* As another delivery the store has it in full. */
		is.event_id[0] ^= 0xff;
		assert_true(transcript_insert(s, &is, NULL, &new_id, &duplicate, &e));
		assert_false(duplicate);
		assert_true(transcript_read(s, id + 3, &again, &e));
		what = difference(&is, &again);
		if (what)
			fail_msg("inserted %d: %s", (int)id, what);
		assert_true(transcript_insert(s, &is, NULL, &new_id, &duplicate, &e));
		assert_true(duplicate);
		transcript_free(&was);
		transcript_free(&is);
		transcript_free(&again);
		left = bytes_make(end + 1, left.len - len - 1);
	}
	assert_int_equal(left.len, 0);
	buffer_free(&text);
	store_close(s);
}

static void expect(struct store *s, struct export_options o, const int64_t *ids, size_t count, const char *text)
{
	struct buffer out = { 0 };
	struct error e = { 0 };
	if (!export_to_buffer(s, ids, count, &o, &out, NULL, &e))
		fail_msg("%s", e.text);
	if (!bytes_equal(buffer_view(&out), bytes_of(text)))
		fail_msg("%.*s\nis not: %s", (int)out.len, (const char *)out.at, text);
	buffer_free(&out);
}

static void expect_no(struct store *s, struct export_options o, const int64_t *ids, size_t count, const char *sentence)
{
	struct buffer out = { 0 };
	struct error e = { 0 };
	assert_false(export_to_buffer(s, ids, count, &o, &out, NULL, &e));
	if (!strstr(e.text, sentence))
		fail_msg("%s\nis not in: %s", sentence, e.text);
	buffer_free(&out);
}

static void test_requests(void **state)
{
	static const int64_t ids[] = { 2, 99, 1, 3 };
	struct store *s = open_store();
	(void)state;
	fill(s);
	expect(s, (struct export_options){ .as = EXPORT_AS_BODY }, ids, 1, "@\xc3\xa9'\n");
	expect(s, (struct export_options){ .as = EXPORT_AS_URL }, ids, 3,
	       "http://localhost:3000/hooks?a=1\nhttp://localhost:3000/hooks?a=1");
	expect(s, (struct export_options){ .as = EXPORT_AS_URL, .base = "http://b" }, ids, 1, "http://b/hooks?a=1");
	expect(s, (struct export_options){ .as = EXPORT_AS_URL }, ids + 3, 1, "http://localhost/hooks?a=1");
	expect(s, (struct export_options){ .as = EXPORT_AS_HEADERS, .redact = true }, ids, 1,
	       "Host: x\r\nX-A: 1\r\nx-a: \xff \r\nAuthorization: Bearer REDACTED\r\n");
	expect(s, (struct export_options){ .as = EXPORT_AS_HTTP }, ids, 1,
	       "POST /hooks?a=1 HTTP/1.1\nHost: x\nX-A: 1\nx-a: \xff \nAuthorization: Bearer s3cret\n\n@\xc3\xa9'\n");
	expect(s, (struct export_options){ .as = EXPORT_AS_RAW }, ids, 1,
	       "POST /hooks?a=1 HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: \xff \r\nAuthorization: Bearer s3cret\r\n\r\n"
	       "@\xc3\xa9'\n");
	expect(s, (struct export_options){ .as = EXPORT_AS_HAR }, ids + 1, 1, ""); /* deleted in between */
	expect_no(s, (struct export_options){ .as = EXPORT_AS_BODY }, ids, 2, "takes one delivery, not 2");
	expect_no(s, (struct export_options){ .as = EXPORT_AS_BODY }, ids + 3, 1, "recorded in part only");
	expect_no(s, (struct export_options){ .as = EXPORT_AS_CURL }, ids, 4, "delivery 3 was recorded in part only");
	expect_no(s, (struct export_options){ .as = EXPORT_AS_HTTP }, ids, 3, "the body of delivery 1 is not text");
	store_close(s);
}

static void read_all(const char *file, struct buffer *out)
{
	char piece[4096];
	size_t n;
	FILE *f = fopen(file, "rb");
	out->len = 0;
	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof piece, f)) > 0)
		assert_true(buffer_append(out, piece, n));
	fclose(f);
}

static int count_files(void)
{
	int count = 0;
	DIR *d = opendir(folder);
	assert_non_null(d);
	for (struct dirent *at; (at = readdir(d));)
		count += at->d_name[0] != '.';
	closedir(d);
	return count; /* one is the store's folder */
}

static bool stop_at_once(void *user, size_t written)
{
	(void)user;
	(void)written;
	return true;
}

static void test_files(void **state)
{
	static const int64_t ids[] = { 1, 2 };
	struct export_options o = { .as = EXPORT_AS_HTTP };
	char file[200], body[200];
	struct buffer got = { 0 }, all = all_bytes();
	struct error e = { 0 };
	struct stat st;
	size_t written;
	struct store *s = open_store();
	(void)state;
	fill(s);
	snprintf(file, sizeof file, "%s/a.b/x", folder);
	assert_false(export_to_file(s, ids, 2, &o, file, &written, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_non_null(strstr(e.text, "No such file or directory"));

	snprintf(file, sizeof file, "%s/x.http", folder);
	snprintf(body, sizeof body, "%s/x-1.body", folder);
	assert_true(export_to_file(s, ids + 1, 0, &o, file, &written, &e));
	assert_int_equal(count_files(), 1);
	assert_true(export_to_file(s, ids, 2, &o, file, &written, &e));
	assert_int_equal(written, 2);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	read_all(body, &got);
	assert_true(bytes_equal(buffer_view(&got), buffer_view(&all)));
	read_all(file, &got);
	assert_non_null(memmem(got.at, got.len, "\n< ./x-1.body\n\n### 2 ", 21));

	/* What is there is neither changed nor lost, unless it is asked for. */
	o.as = EXPORT_AS_HAR;
	assert_false(export_to_file(s, ids, 2, &o, file, &written, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_non_null(strstr(e.text, "is there already"));
	o.force = true;
	o.stop = stop_at_once;
	assert_false(export_to_file(s, ids, 2, &o, file, &written, &e));
	assert_int_equal(e.code, EXIT_INTERRUPTED);
	read_all(file, &got);
	assert_memory_equal(got.at, "### 1", 5);
	assert_int_equal(count_files(), 4); /* the second body ends in a line break */
	o.stop = NULL;
	assert_true(export_to_file(s, ids, 2, &o, file, &written, &e));
	read_all(file, &got);
	assert_memory_equal(got.at, "{\"log\"", 6);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(count_files(), 4); /* the second body ends in a line break */

	assert_false(export_to_file(s, ids, 2, &o, "/dev/full", &written, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_int_equal(access("/dev/full", F_OK), 0);
	/* Of a file of ours that could not be finished nothing is left. */
	unlink(file);
	unlink(body);
	snprintf(body, sizeof body, "%s/x-2.body", folder);
	unlink(body);
	o = (struct export_options){ .as = EXPORT_AS_CURL };
	static const int64_t cut[] = { 2, 3 };
	assert_false(export_to_file(s, cut, 2, &o, file, &written, &e));
	assert_int_equal(count_files(), 1);
	buffer_free(&got);
	buffer_free(&all);
	store_close(s);
}

static void test_names(void **state)
{
	struct export_options o = { 0 };
	enum export_as as;
	struct error e;
	(void)state;
	assert_true(export_named("curl-secrets", &o, &e));
	assert_true(o.as == EXPORT_AS_CURL && o.secrets);
	assert_false(export_named("xml", &o, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_true(export_of_path("a/b.jsonl", &as) && as == EXPORT_AS_NDJSON);
	assert_true(export_of_path("b.har", &as) && as == EXPORT_AS_HAR);
	assert_false(export_of_path("a.har/b", &as));
	assert_false(export_of_path("har", &as));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_ndjson_round_trip),
		IN_FOLDER(test_requests),
		IN_FOLDER(test_files),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
