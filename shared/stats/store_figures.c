#include "shared/stats/store_figures.h"
#include "shared/base/clock.h"
#include "shared/query/store_filter_private.h"
#include "shared/store/store_stop.h"

#define SLICE_US 10000 /* between two calls of `slice`, about */

/* ---- one row ---- */

static struct bytes text_at(sqlite3_stmt *st, int column)
{
	const void *at = sqlite3_column_blob(st, column);
	int len = sqlite3_column_bytes(st, column);
	return at && len > 0 ? bytes_make(at, (size_t)len) : bytes_make(NULL, 0);
}

static uint64_t number_at(sqlite3_stmt *st, int column)
{
	int64_t value = sqlite3_column_int64(st, column);
	return value > 0 ? (uint64_t)value : 0;
}

/* The classes are those of store.sql: 6 no answer, 7 timeout. */
static enum figure_outcome outcome_of(int64_t state, int status, int64_t class)
{
	if (state != DELIVERY_DELIVERED && state != DELIVERY_FAILED && state != DELIVERY_REFUSED)
		return FIGURE_WAITING;
	if (class == 7)
		return FIGURE_TIMED_OUT;
	if (class == 6 || status == 0)
		return FIGURE_NO_ANSWER;
	static const uint8_t outcomes[10] = { FIGURE_2XX, FIGURE_2XX, FIGURE_2XX, FIGURE_3XX, FIGURE_4XX,
					      FIGURE_5XX, FIGURE_2XX, FIGURE_2XX, FIGURE_2XX, FIGURE_2XX };
	return outcomes[status / 100];
}

static void read_figure(sqlite3_stmt *st, struct figure *f)
{
	int64_t status = sqlite3_column_int64(st, 3);
	f->id = sqlite3_column_int64(st, 0);
	f->received_at_us = number_at(st, 1);
	f->status = status > 0 && status < 1000 ? (int)status : 0;
	f->outcome = outcome_of(sqlite3_column_int64(st, 2), f->status, sqlite3_column_int64(st, 4));
	f->took_us = sqlite3_column_type(st, 5) == SQLITE_INTEGER ? sqlite3_column_int64(st, 5) : -1;
	f->bytes = number_at(st, 6);
	f->bad = sqlite3_column_int(st, 7) != 0;
	for (int i = 0; i < FIGURE_NAMES; i++)
		f->names[i] = text_at(st, 8 + i);
}

/* ---- reading ---- */

struct reading {
	struct store *s;
	const struct store_figures *wanted;
	struct figure_block *block;
	struct store_slice slice; /* of the whole */
	uint64_t before;          /* ids searched before the walk under way */
	uint64_t looked_at_us;
	bool stopped, no_memory;
	unsigned names; /* that the filter asks for, of blocks as of rows; 0: there is none */
};

static void flush(struct reading *r)
{
	if (r->block->count)
		r->wanted->block(r->wanted->user, r->block);
	figure_block_clear(r->block);
}

static void on_row(const struct store_search *search, sqlite3_stmt *st)
{
	struct reading *r = search->user;
	struct figure f;
	read_figure(st, &f);
	if (r->block->count == FIGURE_BLOCK_ROWS)
		flush(r);
	r->no_memory = r->no_memory || !figure_block_add(r->block, &f);
}

/* Whether to go on. */
static bool look(struct reading *r)
{
	uint64_t now = clock_steady_us();
	if (r->no_memory)
		return false;
	if (!r->wanted->slice || now - r->looked_at_us < SLICE_US)
		return true;
	r->looked_at_us = now;
	r->stopped = !r->wanted->slice(r->wanted->user, &r->slice);
	return !r->stopped;
}

static bool on_slice(void *user, const struct store_slice *slice)
{
	struct reading *r = user;
	flush(r);
	if (r->wanted->filter && !r->names)
		r->slice.total = slice->total;
	r->slice.searched = r->before + slice->searched;
	r->slice.from = slice->from;
	r->slice.to = slice->to;
	return look(r);
}

/* Where there are no blocks. */
static bool read_rows(struct reading *r, int64_t low, int64_t high, struct error *e)
{
	const struct store_search search = {
		.filter = r->wanted->filter, .limit = INT64_MAX, .slice = on_slice, .user = r
	};
	const struct store_walk walk = { .columns = FIGURE_COLUMNS,
					 .row = on_row,
					 .low = low,
					 .high = high,
					 .received_from_us = (uint64_t)r->wanted->from_s * 1000000,
					 .received_before_us = (uint64_t)r->wanted->before_s * 1000000 };
	r->before = r->slice.searched;
	bool fine = r->stopped || high < low || store_filter_walk(r->s, &search, &walk, e);
	flush(r);
	return fine;
}

static bool fits(void *user, const struct bytes names[FIGURE_NAMES])
{
	_Static_assert((int)FIGURE_NAMES == (int)FILTER_NAMES && (int)FIGURE_PATH == (int)FILTER_NAME_PATH,
		       "one order");
	struct reading *r = user;
	struct filter_stop stop = store_filter_stop(r->s);
	bool found = filter_fits_names(r->wanted->filter, names, &stop);
	/* Where it was stopped, that is seen next. */
	r->no_memory = r->no_memory || (stop.broken && !stop.stopped(r->s));
	return found;
}

/* False: there is no block that can be read. */
static bool take_block(struct reading *r, int64_t first, sqlite3_stmt *st)
{
	bool within = sqlite3_column_int(st, 1) != 0;
	if (within && !figure_block_decode(r->block, first, text_at(st, 2)))
		return false;
	if (r->names && !figure_block_narrow(r->block, r->names, fits, r)) {
		figure_block_clear(r->block);
		return false;
	}
	flush(r);
	r->slice.searched += FIGURE_BLOCK_ROWS;
	r->slice.from = first;
	r->slice.to = first + FIGURE_BLOCK_ROWS - 1;
	return true;
}

/* The blocks from the newest on, and between them the rows of those that are missing. */
static bool read_blocks(struct reading *r, sqlite3_stmt *st, int64_t low, int64_t high, struct error *e)
{
	int code = SQLITE_DONE;
	while (!r->stopped && !r->no_memory && !store_stopped(r->s, e) && (code = sqlite3_step(st)) == SQLITE_ROW) {
		int64_t number = sqlite3_column_int64(st, 0);
		if (number < low / FIGURE_BLOCK_ROWS || number > high / FIGURE_BLOCK_ROWS)
			continue; /* of a damaged file */
		int64_t first = number * FIGURE_BLOCK_ROWS, last = first + FIGURE_BLOCK_ROWS - 1;
		if (last < high && !read_rows(r, last + 1, high, e))
			return false;
		if (!r->stopped && take_block(r, first, st)) {
			high = first - 1;
			look(r);
		} else {
			high = last < high ? last : high;
		}
	}
	if (store_stopped(r->s, e))
		return false;
	if (code != SQLITE_DONE && code != SQLITE_ROW)
		return store_fail(r->s, "read", e);
	return read_rows(r, low, high, e);
}

static bool read_everything(struct reading *r, struct error *e)
{
	sqlite3_stmt *bounds = store_statement(r->s, STATEMENT_FILTER_BOUNDS, e);
	sqlite3_stmt *st = bounds ? store_statement(r->s, STATEMENT_FIGURES, e) : NULL;
	if (!st)
		return false;
	bool fine = sqlite3_step(bounds) == SQLITE_ROW || store_fail(r->s, "read", e);
	int64_t low = sqlite3_column_int64(bounds, 0), high = sqlite3_column_int64(bounds, 1);
	sqlite3_reset(bounds);
	if (!fine || high <= 0)
		return fine;
	sqlite3_bind_int64(st, 1, r->wanted->from_s);
	sqlite3_bind_int64(st, 2, r->wanted->before_s);
	if (low < 1)
		low = 1;
	/* Beginning within a block, as the oldest may after deliveries were pruned. */
	r->slice.total = (uint64_t)(high - low) + 1;
	fine = read_blocks(r, st, low, high, e);
	sqlite3_reset(st);
	if (fine && !r->stopped)
		r->slice.searched = r->slice.total;
	return fine;
}

bool store_figures_read(struct store *s, const struct store_figures *f, struct error *e)
{
	struct store_figures wanted = *f;
	struct reading r = {
		.s = s, .wanted = &wanted, .block = figure_block_new(), .looked_at_us = clock_steady_us()
	};
	if (wanted.filter && filter_is_empty(wanted.filter))
		wanted.filter = NULL;
	if (!r.block)
		return error_set(e, EXIT_STORE, "out of memory");
	bool blocks = !wanted.filter || filter_names_used(wanted.filter, &r.names);
	if (!blocks)
		r.names = 0;
	bool fine = blocks ? read_everything(&r, e) : read_rows(&r, 0, INT64_MAX, e);
	if (r.no_memory)
		fine = error_set(e, EXIT_STORE, "out of memory");
	figure_block_free(r.block);
	if (fine && !r.stopped && wanted.slice)
		wanted.slice(wanted.user, &r.slice);
	return fine;
}

/* ---- keeping ---- */

/* The lowest block from `from` on that is not kept; all blocks below `end` are over. */
static bool find_missing(struct store *s, int64_t from, int64_t end, int64_t *missing, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIGURES_KEPT, e);
	int code;
	if (!st)
		return false;
	*missing = from;
	sqlite3_bind_int64(st, 1, from);
	while ((code = sqlite3_step(st)) == SQLITE_ROW && *missing < end && sqlite3_column_int64(st, 0) == *missing)
		++*missing;
	sqlite3_reset(st);
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

/* *over: none of them can change any more but by a change of its row, which drops the block. */
static bool read_block(struct store *s, int64_t first, struct figure_block *b, bool *over, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIGURES_MAKE, e);
	int code;
	*over = true;
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, first);
	sqlite3_bind_int64(st, 2, first + FIGURE_BLOCK_ROWS - 1);
	while ((code = sqlite3_step(st)) == SQLITE_ROW && *over) {
		struct figure f;
		int64_t state = sqlite3_column_int64(st, 2);
		read_figure(st, &f);
		*over = state != DELIVERY_WAITING && state != DELIVERY_SENDING && figure_block_add(b, &f);
	}
	sqlite3_reset(st);
	*over = *over && b->count > 0;
	return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, "read", e);
}

static bool keep(struct store *s, int64_t number, const struct figure_block *b, struct error *e)
{
	struct buffer out = { 0 };
	sqlite3_stmt *st = store_statement(s, STATEMENT_FIGURES_KEEP, e);
	bool fine = st && (figure_block_encode(b, number * FIGURE_BLOCK_ROWS, &out) ||
			   error_set(e, EXIT_STORE, "out of memory"));
	if (fine) {
		uint32_t earliest, latest;
		figure_block_span(b, &earliest, &latest);
		sqlite3_bind_int64(st, 1, number);
		sqlite3_bind_int64(st, 2, earliest);
		sqlite3_bind_int64(st, 3, latest);
		store_bind_bytes(st, 4, buffer_view(&out), true);
		fine = store_execute(s, st, e);
	}
	buffer_free(&out);
	return fine;
}

/* The first block from which on all of its deliveries may be there: the oldest ones go one by one when the record is
 * pruned, which would drop their block each time. */
static int64_t first_block(int64_t low)
{
	return low <= 1 ? 0 : low / FIGURE_BLOCK_ROWS + (low % FIGURE_BLOCK_ROWS != 0);
}

/* The block of the next delivery after this block, of which there is one: ids may lie far apart. */
static bool next_block(struct store *s, int64_t number, int64_t *next, struct error *e)
{
	sqlite3_stmt *st = store_statement(s, STATEMENT_NEXT_ABOVE, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, number * FIGURE_BLOCK_ROWS + FIGURE_BLOCK_ROWS - 1);
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e);
	*next = sqlite3_column_int64(st, 0) / FIGURE_BLOCK_ROWS;
	sqlite3_reset(st);
	return fine;
}

/* A block with deliveries that are not over is looked at again when all others are done. The newest delivery's block
 * is not made: its id may come again. */
bool store_figures_keep_some(struct store *s, bool *more, struct error *e)
{
	sqlite3_stmt *bounds = store_statement(s, STATEMENT_FILTER_BOUNDS, e);
	*more = false;
	if (!bounds)
		return false;
	bool fine = sqlite3_step(bounds) == SQLITE_ROW || store_fail(s, "read", e), over;
	int64_t low = sqlite3_column_int64(bounds, 0), number;
	int64_t end = sqlite3_column_int64(bounds, 1) / FIGURE_BLOCK_ROWS;
	sqlite3_reset(bounds);
	if (!fine)
		return false;
	if (s->figures_from < first_block(low))
		s->figures_from = first_block(low);
	if (!find_missing(s, s->figures_from, end, &number, e))
		return false;
	if (number >= end) {
		s->figures_from = 0;
		return true;
	}
	if (!next_block(s, number, &s->figures_from, e))
		return false;
	struct figure_block *b = figure_block_new();
	if (!b)
		return error_set(e, EXIT_STORE, "out of memory");
	*more = true;
	fine = read_block(s, number * FIGURE_BLOCK_ROWS, b, &over, e) && (!over || keep(s, number, b, e));
	figure_block_free(b);
	return fine;
}
