#include "shared/query/store_index.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "shared/filter/filter_private.h"
#include "shared/store/store_private.h"
#include "shared/words/word_block.h"

#define JOINED 4 /* that many of about a size become one */
#define JOINED_BYTES (WORD_BLOCK_BYTES / 2)

struct store_index {
	struct word_block *block;
	struct buffer pages;        /* for each u32 length of the key, the key, u32 length of the page, the page */
	bool tail;                  /* what comes behind `mark`, maybe with blocks before it; else a block anew */
	int64_t mark;               /* as it was when it was read */
	int64_t from, until;        /* ids that are looked at */
	int64_t first, last;        /* of the block */
	int64_t count;              /* deliveries in it */
	uint8_t event_id[UUID_LEN]; /* of the last */
	bool more;
};

struct store_index *store_index_new(void)
{
	struct store_index *x = calloc(1, sizeof *x);
	uint64_t secret = 0;
	if (x && (RAND_bytes((unsigned char *)&secret, sizeof secret) != 1 || !(x->block = word_block_new(secret)))) {
		free(x);
		return NULL;
	}
	return x;
}

void store_index_free(struct store_index *x)
{
	if (!x)
		return;
	word_block_free(x->block);
	buffer_free(&x->pages);
	free(x);
}

bool store_index_has_more(const struct store_index *x)
{
	return x->more;
}

bool store_index_is_anew(const struct store_index *x)
{
	return !x->tail;
}

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

/* ---- which ---- */

/* About how many: 0 for 1 to 3, 1 for 4 to 15, … */
static int magnitude(int64_t count)
{
	return (63 - __builtin_clzll((uint64_t)count | 1)) / 2;
}

/* Blocks before the new deliveries, of which there are `fresh`, that become one with them: three of their magnitude or
 * less. So a delivery is read a few times at most, and a search has few blocks to look into. */
static bool join_small(struct store *s, struct store_index *x, int64_t fresh, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_LATEST, e);
	int64_t count = fresh, size = 0, first = 0;
	int small = 0, code = SQLITE_DONE;
	if (!st)
		return false;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t from = sqlite3_column_int64(st, 0), to = sqlite3_column_int64(st, 1);
		size += sqlite3_column_int64(st, 2);
		if (from < 1 || to < from || to - from >= WORD_BLOCK_IDS || to > x->mark ||
		    x->mark + fresh - from >= WORD_BLOCK_IDS || size < 0 || size > (int64_t)JOINED_BYTES ||
		    magnitude(to - from + 1) > magnitude(count))
			break;
		first = from;
		if (++small < JOINED - 1)
			continue;
		small = 0;
		x->from = first;
		count = x->mark + fresh - first + 1;
	}
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

/* Another program may have written anything there. */
static int64_t mark_of(uint64_t indexed)
{
	return indexed > INT64_MAX ? 0 : (int64_t)indexed;
}

static bool find_tail(struct store *s, struct store_index *x, int64_t up_to, struct error *e)
{
	uint64_t indexed, newest;
	if (!store_index_state(s, &indexed, &newest, e))
		return false;
	x->tail = true;
	x->mark = mark_of(indexed);
	x->until = up_to && (uint64_t)up_to < newest ? up_to : (int64_t)newest;
	x->from = x->mark < INT64_MAX ? x->mark + 1 : x->mark;
	return x->until <= x->mark || x->until - x->mark >= WORD_BLOCK_IDS || join_small(s, x, x->until - x->mark, e);
}

/* One that deliveries were deleted from: their words are to go. */
static bool find_gone(struct store *s, int64_t *from, int64_t *until, bool *found, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_GONE, e);
	if (!st)
		return false;
	int code = sqlite3_step(st);
	*found = code == SQLITE_ROW;
	*from = *found ? sqlite3_column_int64(st, 0) : 0;
	*until = *found ? sqlite3_column_int64(st, 1) : 0;
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

/* ---- reading ---- */

static struct bytes column(sqlite3_stmt *st, int n)
{
	const void *at = sqlite3_column_blob(st, n);
	int len = sqlite3_column_bytes(st, n);
	return at && len > 0 ? bytes_make(at, (size_t)len) : bytes_of("");
}

/* An id, without printf's ways: of each delivery. */
static bool put_number(struct buffer *out, int64_t number)
{
	char digits[20];
	size_t at = sizeof digits;
	for (uint64_t left = number > 0 ? (uint64_t)number : 0; at == sizeof digits || left; left /= 10)
		digits[--at] = (char)('0' + left % 10);
	return buffer_append(out, digits + at, sizeof digits - at);
}

/* `id event-id event_type target` */
static bool add_about(struct store_index *x, unsigned place, int64_t id, sqlite3_stmt *st, struct buffer *text)
{
	struct bytes event_id = column(st, 1);
	char spelt[UUID_TEXT_LEN + 1] = "";
	if (event_id.len == UUID_LEN)
		uuid_format(event_id.at, spelt);
	text->len = 0;
	return put_number(text, id) && buffer_put_u8(text, ' ') && buffer_append_text(text, spelt) &&
	       buffer_put_u8(text, ' ') && buffer_append_bytes(text, column(st, 2)) && buffer_put_u8(text, ' ') &&
	       buffer_append_bytes(text, column(st, 3)) &&
	       word_block_add(x->block, place, WORD_PART_ABOUT, buffer_view(text));
}

static bool add_body(struct store *s, struct store_index *x, unsigned place, int64_t id, sqlite3_stmt *st,
		     struct error *e)
{
	struct bytes received = column(st, 5), words[2];
	struct body body;
	if (sqlite3_column_type(st, 5) == SQLITE_NULL) {
		int64_t message = store_message_id(id, 0);
		/* One that is lost says nothing. */
		enum store_body_found found = store_read_beginning(s, message, FILTER_INDEXED_BYTES);
		if (found == STORE_BODY_FAILED)
			return store_body_fail(s, &s->body, found, message, e);
		received = s->scratch.len ? buffer_view(&s->scratch) : bytes_of("");
	}
	body_open(&body, column(st, 4), received, FILTER_INDEXED_BYTES);
	body_words(&body, FILTER_INDEXED_BYTES, words);
	bool fine = !body.no_memory && word_block_add(x->block, place, WORD_PART_BODY, words[0]) &&
		    word_block_add(x->block, place, WORD_PART_BODY, words[1]);
	body_free(&body);
	store_body_close(&s->body);
	return fine || no_memory(e);
}

static bool add_row(struct store *s, struct store_index *x, sqlite3_stmt *st, struct buffer *text, struct error *e)
{
	int64_t id = sqlite3_column_int64(st, 0);
	if (x->count == 0)
		x->first = id;
	unsigned place = (unsigned)(id - x->first);
	struct bytes event_id = column(st, 1);
	if (!add_about(x, place, id, st, text) || !word_block_add(x->block, place, WORD_PART_HEADERS, column(st, 4)))
		return no_memory(e);
	memset(x->event_id, 0, sizeof x->event_id);
	memcpy(x->event_id, event_id.at, event_id.len < UUID_LEN ? event_id.len : UUID_LEN);
	x->last = id;
	x->count++;
	return add_body(s, x, place, id, st, e);
}

/* Whether a row belongs to the block that has been begun. */
static bool has_room_for(const struct store_index *x, int64_t id)
{
	return x->count == 0 ||
	       (id - x->first < WORD_BLOCK_IDS && (!x->tail || word_block_size(x->block) < WORD_BLOCK_BYTES));
}

static bool read_rows(struct store *s, struct store_index *x, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_ROWS, e);
	struct buffer text = { 0 };
	bool fine = true;
	int code = SQLITE_DONE;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, x->from);
	sqlite3_bind_int64(st, 2, x->until);
	while (fine && (code = sqlite3_step(st)) == SQLITE_ROW) {
		x->more = !has_room_for(x, sqlite3_column_int64(st, 0));
		if (x->more)
			break;
		fine = add_row(s, x, st, &text, e);
	}
	buffer_free(&text);
	if (fine && code != SQLITE_ROW && code != SQLITE_DONE)
		fine = store_fail(s, "read", e);
	sqlite3_reset(st);
	return fine;
}

static bool put_page(void *user, struct bytes first, struct bytes page)
{
	struct buffer *pages = user;
	return buffer_put_u32(pages, (uint32_t)first.len) && buffer_append_bytes(pages, first) &&
	       buffer_put_u32(pages, (uint32_t)page.len) && buffer_append_bytes(pages, page);
}

static bool read_block(struct store *s, struct store_index *x, int64_t up_to, enum store_index_what what,
		       uint64_t *bytes, struct error *e)
{
	bool again = false, fine = true;
	int64_t from = 0, until = 0;
	*bytes = 0;
	x->tail = what != STORE_INDEX_GONE;
	x->more = false;
	x->count = 0;
	x->pages.len = 0;
	word_block_clear(x->block);
	if (what != STORE_INDEX_GONE && (!find_tail(s, x, up_to, e) || (x->until > x->mark && !read_rows(s, x, e))))
		return false;
	if (what != STORE_INDEX_NEW && !find_gone(s, &from, &until, &again, e))
		return false;
	bool anew = again && x->count == 0;
	if (anew) {
		x->tail = false;
		x->from = from;
		x->until = until;
		fine = read_rows(s, x, e);
	}
	if (fine && x->count > 0 && !word_block_pages(x->block, x->first, put_page, &x->pages))
		return no_memory(e);
	*bytes = x->count > 0 || anew ? x->pages.len + 1 : 0;
	x->more = x->more || again;
	return fine;
}

static bool run(struct store *s, enum store_statement which, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	return st && store_execute(s, st, e);
}

/* All of it from one state of the database. */
bool store_index_read(struct store *s, struct store_index *x, int64_t up_to, enum store_index_what what,
		      uint64_t *bytes, struct error *e)
{
	if (!sqlite3_get_autocommit(s->db))
		return read_block(s, x, up_to, what, bytes, e);
	struct error ignored;
	bool fine = run(s, STATEMENT_BEGIN_READING, e) && read_block(s, x, up_to, what, bytes, e);
	return run(s, STATEMENT_ROLLBACK, &ignored) && fine;
}

/* ---- writing ---- */

/* An id comes again only after the newest was deleted, and then the last one here is gone, or another one. *as_it_was:
 * none has gone meanwhile. */
static bool compare(struct store *s, const struct store_index *x, bool *same, bool *as_it_was, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_COUNT, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, x->first);
	sqlite3_bind_int64(st, 2, x->last);
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e);
	struct bytes event_id = fine ? column(st, 1) : bytes_of("");
	*as_it_was = fine && sqlite3_column_int64(st, 0) == x->count;
	/* Of another length no program of ours wrote it. */
	*same = event_id.len == UUID_LEN ? memcmp(event_id.at, x->event_id, UUID_LEN) == 0
					 : fine && sqlite3_column_type(st, 1) != SQLITE_NULL;
	sqlite3_reset(st);
	return fine;
}

/* Whether the index is where it was. */
static bool is_in_place(struct store *s, const struct store_index *x, bool *in_place, struct error *e)
{
	uint64_t indexed, newest;
	if (x->tail) {
		bool fine = store_index_state(s, &indexed, &newest, e);
		*in_place = fine && mark_of(indexed) == x->mark;
		return fine;
	}
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_HAS, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, x->from);
	sqlite3_bind_int64(st, 2, x->until);
	int code = sqlite3_step(st);
	*in_place = code == SQLITE_ROW;
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

/* Those in whose place it comes, and any other that begins there: where the mark was set back by hand, for example. */
static bool drop_blocks(struct store *s, const struct store_index *x, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_DROP, e);
	int64_t last = x->tail ? x->mark : x->from;
	if (!st)
		return false;
	if (x->count && x->last > last)
		last = x->last;
	sqlite3_bind_int64(st, 1, x->from);
	sqlite3_bind_int64(st, 2, last);
	return store_execute(s, st, e);
}

static bool insert_block(struct store *s, const struct store_index *x, bool as_it_was, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_BLOCK, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, x->first);
	sqlite3_bind_int64(st, 2, x->last);
	sqlite3_bind_int64(st, 3, (int64_t)word_block_size(x->block));
	sqlite3_bind_int(st, 4, !as_it_was);
	return store_execute(s, st, e);
}

static struct bytes take(struct bytes *from)
{
	size_t len = bytes_get_u32(from->at);
	struct bytes out = bytes_make(from->at + 4, len);
	*from = bytes_make(out.at + len, from->len - 4 - len);
	return out;
}

static bool insert_pages(struct store *s, const struct store_index *x, struct error *e)
{
	struct bytes rest = buffer_view(&x->pages);
	sqlite3_stmt *st = store_statement(s, STATEMENT_INDEX_PAGE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, x->first);
	while (rest.len) {
		struct bytes key = take(&rest), page = take(&rest);
		store_bind_bytes(st, 2, key, true);
		store_bind_bytes(st, 3, page, true);
		if (!store_execute(s, st, e))
			return false;
	}
	return true;
}

bool store_index_write(struct store *s, struct store_index *x, struct error *e)
{
	bool in_place, same = true, as_it_was = true;
	if (!is_in_place(s, x, &in_place, e) || (x->count && !compare(s, x, &same, &as_it_was, e)))
		return false;
	if (!in_place || !same)
		return true;
	return drop_blocks(s, x, e) && (x->count == 0 || (insert_block(s, x, as_it_was, e) && insert_pages(s, x, e))) &&
	       (!x->tail || store_execute_with_id(s, STATEMENT_MARK, x->last, e)) && store_index_forget(s, e);
}

bool store_index_forget(struct store *s, struct error *e)
{
	return run(s, STATEMENT_INDEX_FORGET, e);
}

bool store_index_some(struct store *s, bool *more, struct error *e)
{
	struct store_index *x = store_index_new();
	uint64_t bytes = 0;
	bool fine = x ? store_index_read(s, x, 0, STORE_INDEX_BOTH, &bytes, e) && (!bytes || store_index_write(s, x, e))
		      : no_memory(e);
	*more = fine && store_index_has_more(x);
	store_index_free(x);
	return fine;
}

static bool write_alone(struct store *s, struct store_index *x, struct error *e)
{
	if (!store_batch_ops.begin(s, e))
		return false;
	if (store_index_write(s, x, e) && store_batch_ops.commit(s, e))
		return true;
	store_batch_ops.rollback(s);
	return false;
}

bool store_index_clean(struct store *s, bool (*stop)(void *user), void *user, struct error *e)
{
	struct store_index *x = store_index_new();
	uint64_t bytes = 0;
	bool fine = x || no_memory(e);
	do {
		fine =
		    fine && store_index_read(s, x, 0, STORE_INDEX_GONE, &bytes, e) && (!bytes || write_alone(s, x, e));
	} while (fine && bytes && !(stop && stop(user)));
	store_index_free(x);
	return fine;
}

bool store_index_state(struct store *s, uint64_t *indexed, uint64_t *newest, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_FILTER_BOUNDS, e);
	*indexed = *newest = 0;
	if (!st)
		return false;
	int code = sqlite3_step(st);
	if (code == SQLITE_ROW) {
		*newest = (uint64_t)sqlite3_column_int64(st, 1);
		*indexed = (uint64_t)sqlite3_column_int64(st, 2);
	}
	sqlite3_reset(st);
	return code == SQLITE_ROW || store_fail(s, "read", e);
}
