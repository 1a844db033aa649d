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
	sqlite3_stmt *blocks;        /* its own: two cursors may be open */
	sqlite3_stmt *page, *behind; /* of its words: the one where a search begins, those behind it */
	bool descending, over;
	bool ended;          /* there is no other block */
	int64_t least, most; /* that are asked for */
	int64_t low, high;   /* of these, what is still to be looked at */
	bool in_gap;         /* the ids up to gap_end are looked at, which no block has */
	bool in_block;
	int64_t gap_end;
	int64_t first, last; /* of the block */
	int64_t id;          /* given last; 0: none yet */
	struct word_places places;
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
	sqlite3_finalize(c->page);
	sqlite3_finalize(c->behind);
	c->blocks = c->page = c->behind = NULL;
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

/* What is no page of the index, or not the one that is wanted, says nothing: the block is looked through row by row
 * then. */
static bool look_into(struct look *l, sqlite3_stmt *st, struct word_find *find)
{
	bool fine = true;
	sqlite3_bind_int64(st, 1, l->cursor->first);
	store_bind_bytes(st, 2, find->key, true);
	while (find->on && fine && (l->code = sqlite3_step(st)) == SQLITE_ROW) {
		const void *at = sqlite3_column_blob(st, 0);
		int len = sqlite3_column_bytes(st, 0);
		fine = word_find_in(find, bytes_make(at, at && len > 0 ? (size_t)len : 0));
	}
	sqlite3_reset(st);
	if (l->code == SQLITE_ROW || l->code == SQLITE_DONE)
		l->code = SQLITE_OK;
	return fine && l->code == SQLITE_OK;
}

/* Most words are looked for in one page. */
static bool look_for(void *user, struct bytes key, bool open, struct word_places *into)
{
	struct look *l = user;
	struct word_find find;
	word_find_begin(&find, l->cursor->first, key, open, into);
	return look_into(l, l->cursor->page, &find) && find.begun &&
	       (!find.on || look_into(l, l->cursor->behind, &find)) && !find.on;
}

static bool is_set(const struct word_places *p, int64_t place)
{
	return p->bits[place / 64] >> (place & 63) & 1;
}

/* The next delivery of the block after the one given last, in the order wanted, that may have the words. Blocks do not
 * overlap, but for what another program wrote. */
static bool find_place(struct cursor *c)
{
	int64_t from = c->first > c->least ? c->first : c->least, to = c->last < c->most ? c->last : c->most;
	int64_t step = c->descending ? -1 : 1, id = c->descending ? to : from;
	if (c->id && (c->descending ? c->id <= id : c->id >= id))
		id = c->id + step;
	while (id >= from && id <= to && !is_set(&c->places, id - c->first))
		id += step;
	if (id < from || id > to)
		return false;
	c->id = id;
	return true;
}

/* The same of what no block has: whatever is there. Of a whole index that is nothing. */
static int find_in_gap(struct cursor *c, bool *found)
{
	struct error ignored;
	enum store_statement which = c->descending ? STATEMENT_NEXT_BELOW : STATEMENT_NEXT_ABOVE;
	sqlite3_stmt *st = store_statement(c->store, which, &ignored);
	if (!st)
		return SQLITE_ERROR;
	sqlite3_bind_int64(st, 1, c->descending ? c->high + 1 : c->low - 1);
	int code = sqlite3_step(st);
	int64_t id = code == SQLITE_ROW ? sqlite3_column_int64(st, 0) : 0;
	*found = code == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL &&
		 (c->descending ? id >= c->gap_end : id <= c->gap_end);
	sqlite3_reset(st);
	if (*found)
		c->id = id;
	return code == SQLITE_ROW ? SQLITE_OK : code;
}

/* All up to `id` was looked at. */
static void be_past(struct cursor *c, int64_t id)
{
	if (c->descending && id <= c->high)
		c->high = id - 1;
	if (!c->descending && id >= c->low)
		c->low = id + 1;
}

/* Those up to the block, or where there is none up to the end. */
static void begin_gap(struct cursor *c)
{
	bool cut = c->in_block && (c->descending ? c->last >= c->low : c->first <= c->high);
	c->in_gap = c->low <= c->high && !(cut && (c->descending ? c->last >= c->high : c->first <= c->low));
	if (!c->in_gap)
		return;
	if (c->descending)
		c->gap_end = cut ? c->last + 1 : c->low;
	else
		c->gap_end = cut ? c->first - 1 : c->high;
}

static int begin_block(struct cursor *c)
{
	struct look look = { c, SQLITE_OK };
	int code = SQLITE_DONE;
	c->in_block = false;
	while (!c->in_block && (code = sqlite3_step(c->blocks)) == SQLITE_ROW) {
		c->first = sqlite3_column_int64(c->blocks, 0);
		c->last = sqlite3_column_int64(c->blocks, 1);
		c->in_block = c->first >= 1 && c->last >= c->first && c->last >= c->least;
	}
	if (c->in_block && c->last - c->first >= WORD_BLOCK_IDS)
		c->last = c->first + WORD_BLOCK_IDS - 1;
	begin_gap(c);
	if (!c->in_block)
		return code == SQLITE_DONE ? SQLITE_OK : code;
	if (word_query_run(buffer_view(&c->query), look_for, &look, &c->places))
		return SQLITE_OK;
	memset(&c->places, 0xff, sizeof c->places);
	return look.code;
}

static int find_next(struct cursor *c)
{
	for (;;) {
		bool found = false;
		int code = c->in_gap ? find_in_gap(c, &found) : SQLITE_OK;
		if (found)
			be_past(c, c->id);
		if (code != SQLITE_OK || found)
			return code;
		if (c->in_gap)
			be_past(c, c->gap_end);
		c->in_gap = false;
		if (c->in_block && find_place(c))
			return SQLITE_OK;
		if (c->in_block)
			be_past(c, c->descending ? c->first : c->last);
		c->over = c->ended;
		if (c->over)
			return SQLITE_OK;
		if ((code = begin_block(c)) != SQLITE_OK)
			return code;
		c->ended = !c->in_block;
	}
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
	c->over = c->ended = c->in_gap = c->in_block = false;
	c->id = 0;
	const void *query = sqlite3_value_blob(argv[0]);
	int len = sqlite3_value_bytes(argv[0]);
	c->least = sqlite3_value_int64(argv[1]);
	c->most = sqlite3_value_int64(argv[2]);
	if (c->least < 1)
		c->least = 1;
	/* Ids of a damaged file may be anything. */
	if (c->most == INT64_MAX)
		c->most--;
	c->low = c->least;
	c->high = c->most;
	if (query && len > 0 && !buffer_append(&c->query, query, (size_t)len))
		return SQLITE_NOMEM;
	int code = prepare(c, c->descending ? STATEMENT_BLOCKS_DOWN : STATEMENT_BLOCKS_UP, &c->blocks);
	if (code == SQLITE_OK)
		code = prepare(c, STATEMENT_BLOCK_PAGE, &c->page);
	if (code == SQLITE_OK)
		code = prepare(c, STATEMENT_BLOCK_PAGES_BEHIND, &c->behind);
	if (code != SQLITE_OK)
		return code;
	sqlite3_bind_int64(c->blocks, 1, c->low >= WORD_BLOCK_IDS ? c->low - WORD_BLOCK_IDS + 1 : 1);
	sqlite3_bind_int64(c->blocks, 2, c->high);
	return find_next(c);
}

static int on_next(sqlite3_vtab_cursor *at)
{
	return find_next((struct cursor *)at);
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
