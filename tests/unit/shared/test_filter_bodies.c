/* What filters find in bodies, read from the record and by the search index alike. */
#include <zlib.h>

#include "shared/disk/sqlite_file.h"
#include "tests/unit/shared/filter_fixture.h"
#include "shared/upkeep/store_prune.h"

#define FORM "Content-Type: application/x-www-form-urlencoded\r\n"
#define TEXT(charset) "Content-Type: text/plain; charset=" charset "\r\n"

static const struct {
	const char *headers, *body;
	size_t len; /* 0: the text's */
} bodies[] = {
	/* 1 to 3: neighbours beyond 2^53, and spellings of one number */
	{ "", "{\"i\":9007199254740993,\"one\":1}", 0 },
	{ "", "{\"i\":9007199254740992,\"one\":1.0}", 0 },
	{ "", "{\"i\":9007199254740992.0,\"one\":1e0,\"zero\":-0}", 0 },
	/* 4: Slack's, 5: SNS's, 6: gzip (made below), 7: JSON lines, 8: a batch */
	{ FORM, "payload=%7B%22type%22%3A%22block_actions%22%2C%22text%22%3A%22h%C3%A9llo+big%22%7D", 0 },
	{ "", "{\"Type\":\"Notification\",\"TopicArn\":\"a\",\"Message\":\"{\\\"order\\\":{\\\"id\\\":\\\"o-1\\\"}}\"}",
	  0 },
	{ "Content-Encoding: gzip\r\nContent-Type: application/json\r\n", NULL, 0 },
	{ "Content-Type: application/x-ndjson\r\n", "{\"n\":1}\n{\"n\":2}\n", 0 },
	{ "", "[{\"event\":\"open\"},{\"event\":\"click\"}]", 0 },
	/* 9 to 12: charsets and case */
	{ TEXT("iso-8859-1"),
	  "Stra\xdf"
	  "e, H\xc9LLO",
	  0 },
	{ "", "\xff\xfe{\0\"\0w\0\"\0:\0\"\0i\0d\0e\0\"\0}\0", 24 },
	{ "", "\xce\x9f\xce\x94\xce\xa5\xce\xa3\xce\xa3\xce\x95\xce\xa5\xce\xa3 \xd0\x9c\xd0\x98\xd0\xa0", 0 },
	{ "", "{\"url\":\"https:\\/\\/example.com\\/h\\u00e9llo\"}", 0 },
	/* 13: parts */
	{ "Content-Type: multipart/form-data; boundary=x\r\n",
	  "--x\r\nContent-Disposition: form-data; name=token\r\n\r\nt-1\r\n--x--\r\n", 0 },
};
#define COUNT ((int)(sizeof bodies / sizeof *bodies))

static const struct {
	const char *filter, *ids;
} table[] = {
	{ "json:i=9007199254740993", "1" },
	{ "json:i=9007199254740992", "2 3" },
	{ "json:i>9007199254740992", "1" },
	{ "json:i>=9007199254740993", "1" },
	{ "json:i<9007199254740993", "2 3" },
	{ "json:one=1", "1 2 3" },
	{ "json:one=10e-1", "1 2 3" },
	{ "json:zero=0", "3" },
	{ "json:payload.type=block_actions", "4" },
	{ "json:type=BLOCK_ACTIONS", "4" },
	{ "json:payload", "4" },
	{ "body:block_actions", "4" },
	{ "block_actions", "4" },
	{ "body:\"h\xc3\x89LLO big\"", "4" },
	{ "json:order.id=o-1", "5" },
	{ "json:Message.order.id=o-1", "5" },
	{ "body:\"\\\"id\\\":\\\"o-1\\\"\"", "5" },
	{ "json:id=gz1", "6" },
	{ "body:gz1", "6" },
	{ "gz1", "6" },
	{ "body:*z1*", "6" },
	{ "body:/gz[0-9]/", "6" },
	{ "json:n=2", "7" },
	{ "json:event=click", "8" },
	{ "json:[1].event=click", "8" },
	{ "json:0.event=click", "" },
	{ "body:stra\xc3\x9f"
	  "e",
	  "9" },
	{ "H\xc3\x89llo", "4 9 12" },
	{ "h\xc3\xa9llo", "4 9 12" },
	{ "body:*\xc3\x89LLO*", "4 9 12" },
	{ "body:/H\xc3\x89LLO/", "4 9 12" },
	{ "json:w=IDE", "10" },
	{ "body:ide", "10" },
	{ "\xce\xbf\xce\xb4\xcf\x85\xcf\x83\xcf\x83\xce\xb5\xcf\x85\xcf\x82", "11" },
	{ "body:\xd0\xbc\xd0\xb8\xd1\x80", "11" },
	{ "body:https://example.com", "12" },
	{ "json:url=https://example.com/H\xc3\x89LLO", "12" },
	{ "json:token=t-1", "13" },
	{ "body:t-1", "13" },
	/* Columns, too: the targets are /Ä/1 to /Ä/13. */
	{ "path:/\xc3\xa4/7", "7" },
	{ "path:*\xc3\xa4/1", "1" },
	{ "event:\xef\xbc\xa1", "1 2 3 4 5 6 7 8 9 10 11 12 13" },
	{ "tag:\xc3\xa9t\xc3\xa9", "3" },
};

static size_t pack(const char *text, uint8_t *out, size_t most)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)strlen(text) };
	z.next_out = out;
	z.avail_out = (uInt)most;
	assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return most - z.avail_out;
}

static void fill(struct store *s)
{
	uint8_t packed[200];
	struct error e;
	assert_true(store_batch_ops.begin(s, &e));
	for (int i = 0; i < COUNT; i++) {
		struct store_delivery d = sample((uint8_t)(i + 1));
		char target[20];
		int64_t id;
		bool duplicate;
		snprintf(target, sizeof target, "/\xc3\x84/%d", i + 1);
		d.target = bytes_of(target);
		d.event_type = bytes_of("\xef\xbd\x81"); /* full width */
		d.headers = bytes_of(bodies[i].headers);
		d.body = !bodies[i].body ? bytes_make(packed, pack("{\"id\":\"gz1\",\"type\":\"t\"}", packed, 200))
			 : bodies[i].len ? bytes_make(bodies[i].body, bodies[i].len)
					 : bytes_of(bodies[i].body);
		d.body_size = d.body.len;
		assert_true(store_insert_delivery(s, &d, &id, &duplicate, &e));
	}
	assert_true(store_batch_ops.commit(s, &e));
	assert_int_equal(sqlite3_exec(s->db, "INSERT INTO tag VALUES (3, '\xc3\x89t\xc3\xa9')", NULL, NULL, NULL),
			 SQLITE_OK);
}

static bool finds(struct store *s, const char *text, const char *ids)
{
	struct filter_error fe;
	struct error e;
	char found[160] = "";
	struct filter *f = filter_parse(text, NOW_US, &fe);
	struct store_search up = { .filter = f, .forward = true, .limit = 100, .row = put_id, .user = found };
	if (!f)
		fail_msg("%s: %s", text, fe.text);
	if (!store_filter(s, &up, &e))
		fail_msg("%s: %s", text, e.text);
	filter_free(f);
	if (strcmp(found, ids) != 0)
		print_error("%s: found '%s', expected '%s'\n", text, found, ids);
	return strcmp(found, ids) == 0;
}

static void test_bodies(void **state)
{
	struct store *s = open_store();
	int wrong = 0;
	(void)state;
	fill(s);
	for (int indexed = 0; indexed <= COUNT; indexed += COUNT / 2) {
		index_up_to(s, indexed);
		for (size_t i = 0; i < sizeof table / sizeof *table; i++)
			wrong += !finds(s, table[i].filter, table[i].ids);
	}
	assert_int_equal(wrong, 0);
	store_close(s);
}

/* A long body is read piece by piece: its beginning is found, whatever it is coded in. */
static void test_long_body(void **state)
{
	struct store *s = open_store();
	struct store_delivery d = sample(1);
	struct buffer text = { 0 };
	struct error e;
	int64_t id;
	bool duplicate;
	(void)state;
	assert_true(buffer_append_text(&text, "{\"first\":\"caf\\u00e9\",\"pad\":\""));
	while (text.len < 200000)
		assert_true(buffer_append_text(&text, "0123456789 "));
	assert_true(buffer_append_text(&text, "\",\"last\":18446744073709551616}"));
	d.headers = bytes_of("");
	d.body = buffer_view(&text);
	d.body_size = text.len;
	assert_true(store_batch_ops.begin(s, &e) && store_insert_delivery(s, &d, &id, &duplicate, &e) &&
		    store_batch_ops.commit(s, &e));
	for (int indexed = 0; indexed < 2; indexed++) {
		index_up_to(s, indexed);
		assert_true(finds(s, "caf\xc3\x89", "1"));
		assert_true(finds(s, "body:*18446744073709551616*", "1"));
		assert_true(finds(s, "body:18446744073709551616", ""));
		assert_true(finds(s, "json:last=18446744073709551616", "1"));
		assert_true(finds(s, "json:last=18446744073709551617", ""));
	}
	assert_int_equal(index_has(s, "b", "caf\xc3\xa9"), 1);
	assert_true(store_batch_ops.begin(s, &e) && store_delete(s, 1, &e) && store_batch_ops.commit(s, &e));
	index_all(s);
	assert_int_equal(index_has(s, "b", "caf\xc3\xa9"), 0);
	buffer_free(&text);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_bodies), IN_FOLDER(test_long_body) };
	return RUN(tests);
}
