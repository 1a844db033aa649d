/* Filters: parsed, compiled, prepared and run over a small store, in both directions and with the index of words half
 * filled. Nothing may crash; what parses must run; an error has a sentence and a column within the text; counting and
 * both directions agree. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/query/store_filter.h"
#include "shared/query/store_index.h"

#define NOW_US 1795441354000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void insert(struct store *s, int n, const char *headers, const char *body, size_t len)
{
	struct store_delivery d = {
		.received_at_us = NOW_US - (uint64_t)n * 1000000,
		.state = DELIVERY_SENDING,
		.method = bytes_of("POST"),
		.target = bytes_of("/hooks/stripe?tenant=7"),
		.tunnel = bytes_of("dev"),
		.provider = bytes_of("stripe"),
		.event_type = bytes_of("invoice.paid"),
		.headers = bytes_of(headers),
		.body = bytes_make(body, len),
		.body_size = len,
	};
	struct store_attempt a = {
		.status = 200 + 100 * n, .total_us = 5000, .headers = bytes_of("X-App: 1\r\n"), .body = bytes_of("ok")
	};
	struct error e;
	bool duplicate;
	memset(d.event_id, n, UUID_LEN);
	check(store_insert_delivery(s, &d, &a.delivery_id, &duplicate, &e) && store_insert_attempt(s, &a, &e), e.text);
}

static struct store *open_store(void)
{
	char folder[] = "/tmp/creel-fuzz-filter-XXXXXX", path[64], command[80];
	struct store *s;
	struct error e;
	bool more;
	check(mkdtemp(folder) != NULL, "no folder");
	snprintf(path, sizeof path, "%s/creel.db", folder);
	check(store_open(&s, path, STORE_READ_WRITE, &e), e.text);
	insert(s, 1, "Host: a.example:80\r\nX-Id: abc\r\n", "{\"a\":{\"b\":[1,\"two\",null]}}", 26);
	insert(s, 2, "", "refund\0 with a NUL", 18);
	check(store_index_some(s, &more, &e), e.text);
	insert(s, 3, "Host: b\r\n", "a refund was made", 17);
	snprintf(command, sizeof command, "rm -rf %s", folder); /* the open file lives on */
	check(system(command) == 0, "the folder stays");
	return s;
}

struct seen {
	uint64_t count;
	int64_t sum;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct seen *seen = user;
	seen->count++;
	seen->sum += row->id;
}

static void run(struct store *s, const struct filter *f)
{
	struct seen up = { 0 }, down = { 0 };
	struct store_search search = { .filter = f, .limit = 10, .forward = true, .row = on_row, .user = &up };
	struct error e;
	uint64_t count;
	check(store_filter(s, &search, &e), e.text);
	search.forward = false;
	search.user = &down;
	check(store_filter(s, &search, &e), e.text);
	check(store_filter_count(s, &search, &count, &e), e.text);
	check(up.count == down.count && up.sum == down.sum && up.count == count, "the directions differ");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct store *s;
	struct filter_error fe;
	struct buffer caret = { 0 };
	char *text = malloc(size + 1);
	if (!s)
		s = open_store();
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	struct filter *f = filter_parse(text, NOW_US, &fe);
	if (f) {
		run(s, f);
		filter_free(f);
	} else {
		check(*fe.text && fe.column >= 1 && (size_t)fe.column <= strlen(text) + 1, "no column");
		check(filter_caret(&caret, text, fe.column), "no caret");
	}
	buffer_free(&caret);
	free(text);
	return 0;
}
