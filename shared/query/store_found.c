#include "shared/query/store_found.h"

#include <stdlib.h>
#include <string.h>

#include "shared/store/store_private.h"
#include "shared/words/word_query.h"

enum column { COLUMN_ID, COLUMN_QUERY, COLUMN_LOW, COLUMN_HIGH };
#define ARGUMENTS 3
#define DESCENDING 1 /* idxNum */

struct table {
	sqlite3_vtab base;
	struct store *store;
};

struct cursor {
	sqlite3_vtab_cursor base;
	struct store *store;
	struct buffer query;
	sqlite3_stmt *blocks; /* its own: two cursors may be open */
	sqlite3_stmt *words;
	bool descending, over;
	int64_t low, high;
	int64_t first, last; /* of the block */
	int64_t id;
	struct word_places places;
	bool any; /* one was given already */
};

/* ---- as a table ---- */

static int on_connect(sqlite3 *db, void *store, int argc, const char *const *argv, sqlite3_vtab **out, char **why)
{
	struct table *t = sqlite3_malloc(sizeof *t);
	(void)argc;
	(void)argv;
	(void)why;
	if (!t)
		return SQLITE_NOMEM;
	memset(t, 0, sizeof *t);
	t->store = store;
	*out = &t->base;
	sqlite3_vtab_config(db, SQLITE_VTAB_DIRECTONLY);
	return sqlite3_declare_vtab(db, "CREATE TABLE x (place INTEGER, query HIDDEN, low HIDDEN, high HIDDEN)");
}

static int on_disconnect(sqlite3_vtab *t)
{
	sqlite3_free(t);
	return SQLITE_OK;
}

/* All three arguments, in their order; the order of ids is what is asked for. */
static int on_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	unsigned found = 0;
	(void)t;
	for (int i = 0; i < info->nConstraint; i++) {
		int column = info->aConstraint[i].iColumn;
		if (!info->aConstraint[i].usable || info->aConstraint[i].op != SQLITE_INDEX_CONSTRAINT_EQ ||
		    column < COLUMN_QUERY || found & 1u << column)
			continue;
		found |= 1u << column;
		info->aConstraintUsage[i].argvIndex = column;
		info->aConstraintUsage[i].omit = 1;
	}
	if (found != (1u << COLUMN_QUERY | 1u << COLUMN_LOW | 1u << COLUMN_HIGH))
		return SQLITE_CONSTRAINT;
	info->estimatedCost = 1000;
	info->estimatedRows = 1000;
	if (info->nOrderBy == 1 && info->aOrderBy[0].iColumn == COLUMN_ID) {
		info->orderByConsumed = 1;
		info->idxNum = info->aOrderBy[0].desc ? DESCENDING : 0;
	}
	return SQLITE_OK;
}

static int on_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct cursor *c = sqlite3_malloc(sizeof *c);
	if (!c)
		return SQLITE_NOMEM;
	memset(c, 0, sizeof *c);
	c->store = ((struct table *)t)->store;
	*out = &c->base;
	return SQLITE_OK;
}

static void end_blocks(struct cursor *c)
{
	sqlite3_finalize(c->blocks);
	sqlite3_finalize(c->words);
	c->blocks = c->words = NULL;
	buffer_free(&c->query);
}

static int on_close(sqlite3_vtab_cursor *at)
{
	struct cursor *c = (struct cursor *)at;
	end_blocks(c);
	sqlite3_free(c);
	return SQLITE_OK;
}

/* ---- looking ---- */

struct look {
	struct cursor *cursor;
	int code; /* SQLite's */
};

/* What is no page of the index says nothing: the block is looked through row by row then. */
static bool look_for(void *user, struct bytes key, bool open, struct word_places *into)
{
	struct look *l = user;
	sqlite3_stmt *st = l->cursor->words;
	bool on = true, fine = true;
	sqlite3_bind_int64(st, 1, l->cursor->first);
	store_bind_bytes(st, 2, key, true);
	while (on && fine && (l->code = sqlite3_step(st)) == SQLITE_ROW) {
		const void *at = sqlite3_column_blob(st, 0);
		int len = sqlite3_column_bytes(st, 0);
		fine = word_page_find(bytes_make(at, at && len > 0 ? (size_t)len : 0), key, open, into, &on);
	}
	sqlite3_reset(st);
	if (l->code == SQLITE_ROW || l->code == SQLITE_DONE)
		l->code = SQLITE_OK;
	return fine && l->code == SQLITE_OK;
}

static bool is_set(const struct word_places *p, int64_t place)
{
	return p->bits[place / 64] >> (place & 63) & 1;
}

/* The next place from `place` on, in the order wanted, that is in the block, within low and high, and set. */
static bool find_place(struct cursor *c, int64_t place)
{
	int64_t most = c->last - c->first;
	for (; place >= 0 && place <= most; place += c->descending ? -1 : 1) {
		int64_t id = c->first + place;
		if (!is_set(&c->places, place) || id < c->low || id > c->high)
			continue;
		/* Blocks do not overlap, but for what another program wrote. */
		if (c->any && (c->descending ? id >= c->id : id <= c->id))
			continue;
		c->id = id;
		c->any = true;
		return true;
	}
	return false;
}

static int next_block(struct cursor *c)
{
	struct look look = { c, SQLITE_OK };
	int code;
	while ((code = sqlite3_step(c->blocks)) == SQLITE_ROW) {
		c->first = sqlite3_column_int64(c->blocks, 0);
		c->last = sqlite3_column_int64(c->blocks, 1);
		if (c->first < 1 || c->last < c->low || c->last < c->first)
			continue;
		if (c->last - c->first >= WORD_BLOCK_IDS)
			c->last = c->first + WORD_BLOCK_IDS - 1;
		if (!word_query_run(buffer_view(&c->query), look_for, &look, &c->places)) {
			if (look.code != SQLITE_OK)
				return look.code;
			memset(&c->places, 0xff, sizeof c->places);
		}
		if (find_place(c, c->descending ? c->last - c->first : 0))
			return SQLITE_OK;
	}
	c->over = true;
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int prepare(struct cursor *c, enum store_statement which, sqlite3_stmt **st)
{
	return sqlite3_prepare_v2(c->store->db, store_statement_sql(which), -1, st, NULL);
}

static int on_filter(sqlite3_vtab_cursor *at, int index, const char *text, int argc, sqlite3_value **argv)
{
	struct cursor *c = (struct cursor *)at;
	(void)text;
	if (argc != ARGUMENTS)
		return SQLITE_ERROR;
	end_blocks(c);
	c->descending = index == DESCENDING;
	c->any = c->over = false;
	const void *query = sqlite3_value_blob(argv[0]);
	int len = sqlite3_value_bytes(argv[0]);
	c->low = sqlite3_value_int64(argv[1]);
	c->high = sqlite3_value_int64(argv[2]);
	if (c->low < 1)
		c->low = 1;
	if (query && len > 0 && !buffer_append(&c->query, query, (size_t)len))
		return SQLITE_NOMEM;
	int code = prepare(c, c->descending ? STATEMENT_BLOCKS_DOWN : STATEMENT_BLOCKS_UP, &c->blocks);
	if (code == SQLITE_OK)
		code = prepare(c, STATEMENT_BLOCK_WORDS, &c->words);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(c->blocks, 1, c->low >= WORD_BLOCK_IDS ? c->low - WORD_BLOCK_IDS + 1 : 1);
	sqlite3_bind_int64(c->blocks, 2, c->high);
	return next_block(c);
}

static int on_next(sqlite3_vtab_cursor *at)
{
	struct cursor *c = (struct cursor *)at;
	if (find_place(c, c->id - c->first + (c->descending ? -1 : 1)))
		return SQLITE_OK;
	return next_block(c);
}

static int on_end(sqlite3_vtab_cursor *at)
{
	return ((struct cursor *)at)->over;
}

static int on_column(sqlite3_vtab_cursor *at, sqlite3_context *out, int column)
{
	if (column == COLUMN_ID)
		sqlite3_result_int64(out, ((struct cursor *)at)->id);
	return SQLITE_OK;
}

static int on_rowid(sqlite3_vtab_cursor *at, sqlite3_int64 *out)
{
	*out = ((struct cursor *)at)->id;
	return SQLITE_OK;
}

bool store_add_found_table(struct store *s, struct error *e)
{
	static const sqlite3_module module = {
		.xConnect = on_connect,
		.xBestIndex = on_best_index,
		.xDisconnect = on_disconnect,
		.xOpen = on_open,
		.xClose = on_close,
		.xFilter = on_filter,
		.xNext = on_next,
		.xEof = on_end,
		.xColumn = on_column,
		.xRowid = on_rowid,
	};
	if (!s->has_found_table && sqlite3_create_module(s->db, "creel_found", &module, s) != SQLITE_OK)
		return store_fail(s, "read", e);
	s->has_found_table = true;
	return true;
}
