/* A large body that lies in a spill: each of its bytes goes into SQLite's log once, and none is read back from there.
 */
#include <stdlib.h>

#include "shared/disk/spill.h"
#include "shared/query/store_part.h"
#include "tests/unit/shared/store_fixture.h"

#define MIB (1024u * 1024u)
#define PIECE (64u * 1024u)

/* Differs from piece to piece. */
static void make_piece(uint8_t *piece, uint32_t n)
{
	for (size_t i = 0; i < PIECE; i += sizeof n)
		memcpy(piece + i, &(uint32_t){ n * 2654435761u + (uint32_t)i }, sizeof n);
}

static void make_spill(struct spill *out, size_t len)
{
	uint8_t piece[PIECE];
	spill_init(out, folder);
	for (uint32_t n = 0; n * PIECE < len; n++) {
		make_piece(piece, n);
		assert_true(spill_append(out, piece, len - n * PIECE < PIECE ? len - n * PIECE : PIECE));
	}
}

static void expect_body(struct store *s, int64_t id, size_t len)
{
	uint8_t piece[PIECE];
	struct buffer b = { 0 };
	struct error e;
	for (uint32_t n = 0; n * PIECE < len; n++) {
		size_t want = len - n * PIECE < PIECE ? len - n * PIECE : PIECE;
		make_piece(piece, n);
		b.len = 0;
		if (!store_get_body(s, id, 0, n * PIECE, PIECE, &b, &e))
			fail_msg("%s", e.text);
		assert_int_equal(b.len, want);
		assert_memory_equal(b.at, piece, want);
	}
	buffer_free(&b);
}

static int64_t insert_spilled(struct store *s, uint8_t n, const struct spill *body, size_t len)
{
	struct store_delivery d = sample(n);
	struct error e;
	int64_t id;
	bool duplicate;
	d.body = bytes_make(NULL, len);
	d.body_size = len;
	d.spilled = body;
	assert_true(store_sync_apart_ops.begin(s, &e));
	if (!store_insert_delivery(s, &d, &id, &duplicate, &e) || !store_sync_apart_ops.commit(s, &e))
		fail_msg("%s", e.text);
	return id;
}

static struct store *open_apart(void)
{
	struct error e;
	struct store *s = open_store();
	assert_true(store_sync_apart(s, &e));
	return s;
}

/* Also where only its beginning is kept (--record-max), and where its last page is a full one. */
static void test_bodies_of_all_sizes(void **state)
{
	static const size_t sizes[] = { 1,           5 * MIB + 7, 8 * MIB, 10 * MIB, 10 * MIB + 1, 12 * MIB + 3,
					4 * MIB + 1, 4092 * 1500 };
	(void)state;
	struct store *s = open_apart();
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct spill body;
		make_spill(&body, sizes[i] + (i % 2 ? 0 : 3 * PIECE));
		expect_body(s, insert_spilled(s, (uint8_t)(i + 1), &body, sizes[i]), sizes[i]);
		spill_free(&body);
	}
	store_close(s);
}

#ifdef __linux__
struct io {
	unsigned long long read, written, reads, writes;
};

static struct io io_so_far(void)
{
	struct io now;
	FILE *f = fopen("/proc/self/io", "r");
	if (!f)
		skip();
	int n = fscanf(f, "rchar: %llu wchar: %llu syscr: %llu syscw: %llu", &now.read, &now.written, &now.reads,
		       &now.writes);
	fclose(f);
	assert_int_equal(n, 4);
	return now;
}

static void test_written_once(void **state)
{
	const size_t len = 10 * MIB;
	(void)state;
	struct store *s = open_apart();
	struct spill body;
	make_spill(&body, len);
	insert_spilled(s, 1, &body, len); /* the cache is full of others' pages */
	struct io before = io_so_far();
	insert_spilled(s, 2, &body, len);
	struct io after = io_so_far();
	assert_in_range(after.written - before.written, len, len + len / 20);
	assert_in_range(after.read - before.read, len, len + len / 20); /* the spill */
	assert_in_range(after.writes - before.writes, 1, 200);
	assert_in_range(after.reads - before.reads, 1, 200);
	expect_body(s, 2, len);
	spill_free(&body);
	store_close(s);
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_bodies_of_all_sizes),
#ifdef __linux__
		IN_FOLDER(test_written_once),
#endif
	};
	return RUN(tests);
}
