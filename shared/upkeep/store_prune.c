#include "shared/upkeep/store_prune.h"

#include "shared/query/store_index.h"
#include "shared/store/store_private.h"

/* Each step holds the write lock, and a delivery that comes meanwhile waits. */
#define PRUNE_ROWS 32
#define PRUNE_BYTES 1048576
#define PRUNE_PAUSE_MS 2 /* who waits for the lock looks again after a sleep, and must find it free */

bool store_delete(struct store *s, int64_t id, struct error *e)
{
	return store_body_drop(s, STATEMENT_DROP_FILES, id, id, e) && store_execute_with_id(s, STATEMENT_DELETE, id, e);
}

/* ---- pruning ---- */

struct batch {
	int64_t newest; /* stays: no later one shall have its id */
	int64_t at[PRUNE_ROWS];
	size_t count;
	uint64_t bytes;
	int64_t last; /* looked at */
	uint64_t counted;
	const struct store_prune *how;
};

static bool may_go(const struct batch *b, const struct delivery_row *row)
{
	return row->id < b->newest && row->state != DELIVERY_WAITING && row->state != DELIVERY_SENDING;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct batch *b = user;
	if (b->bytes >= PRUNE_BYTES)
		return;
	b->last = row->id;
	if (!may_go(b, row))
		return;
	b->bytes += row->request_bytes + row->response_bytes;
	b->at[b->count++] = row->id;
}

static void on_counted(void *user, const struct delivery_row *row)
{
	struct batch *b = user;
	b->counted += may_go(b, row);
}

static bool on_counted_slice(void *user, const struct store_slice *slice)
{
	const struct store_prune *how = ((const struct batch *)user)->how;
	(void)slice;
	return !how->stop || !how->stop(how->user);
}

static bool read_number(struct store *s, const char *sql, uint64_t *out, struct error *e)
{
	sqlite3_stmt *st;
	if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
		return store_fail(s, "read", e);
	bool fine = sqlite3_step(st) == SQLITE_ROW;
	if (fine)
		*out = (uint64_t)sqlite3_column_int64(st, 0);
	else
		store_fail(s, "read", e);
	sqlite3_finalize(st);
	return fine;
}

static bool bytes_in_use(struct store *s, uint64_t *out, struct error *e)
{
	uint64_t pages = 0, unused = 0, size = 0, files = 0;
	if (!read_number(s, "PRAGMA page_count", &pages, e) || !read_number(s, "PRAGMA freelist_count", &unused, e) ||
	    !read_number(s, "PRAGMA page_size", &size, e) ||
	    !read_number(s, "SELECT coalesce(sum(length), 0) FROM body_file", &files, e))
		return false;
	*out = (pages - unused) * size + files;
	return true;
}

static bool run_batch(struct store *s, const struct batch *b,
		      bool (*deed)(struct store *s, int64_t id, struct error *e), struct error *e)
{
	if (!store_batch_ops.begin(s, e))
		return false;
	bool fine = true;
	for (size_t i = 0; fine && i < b->count; i++)
		fine = deed(s, b->at[i], e);
	if (fine && store_index_forget(s, e) && store_batch_ops.commit(s, e))
		return true;
	store_batch_ops.rollback(s);
	return false;
}

/* ---- long answers ---- */

/* Up to two numbers of a statement about deliveries' answers. */
static bool ask_answers(struct store *s, enum store_statement which, int64_t id, int64_t out[2], struct error *e)
{
	sqlite3_stmt *st = store_statement(s, which, e);
	if (!st)
		return false;
	sqlite3_bind_int64(st, 1, id);
	bool fine = sqlite3_step(st) == SQLITE_ROW || store_fail(s, "read", e);
	for (int i = 0; fine && i < 2 && i < sqlite3_column_count(st); i++)
		out[i] = sqlite3_column_int64(st, i);
	sqlite3_reset(st);
	return fine;
}

static bool give_up_answers(struct store *s, int64_t id, struct error *e)
{
	return store_body_drop(s, STATEMENT_DROP_ANSWER_FILES, id, id, e) &&
	       store_execute_with_id(s, STATEMENT_EMPTY_ANSWERS, id, e) &&
	       store_execute_with_id(s, STATEMENT_MARK_GAVE_WAY_ALL, id, e);
}

/* Of any state: the answers of what is under way have come. */
static void on_answered(void *user, const struct delivery_row *row)
{
	struct batch *b = user;
	if (b->bytes >= PRUNE_BYTES)
		return;
	b->last = row->id;
	b->bytes += row->response_bytes;
	b->at[b->count++] = row->id;
}

static bool count_only(struct store *s, const struct store_prune *p, int64_t newest, struct store_pruned *out,
		       struct error *e)
{
	struct batch b = { .newest = newest, .how = p };
	struct store_search search = { .filter = p->filter,
				       .forward = true,
				       .limit = UINT64_MAX,
				       .row = on_counted,
				       .slice = on_counted_slice,
				       .user = &b };
	bool fine = store_filter(s, &search, e);
	out->count = b.counted;
	return fine;
}

/* The next matching deliveries after b->last. */
static bool find_batch(struct store *s, const struct store_prune *p, struct batch *b,
		       void (*row)(void *user, const struct delivery_row *), struct error *e)
{
	struct store_search search = {
		.filter = p->filter, .anchor = b->last, .forward = true, .limit = PRUNE_ROWS, .row = row, .user = b
	};
	b->count = 0;
	b->bytes = 0;
	return store_filter(s, &search, e);
}

struct pruning {
	const struct store_prune *how;
	struct store_pruned *out;
	struct batch deliveries, answers;
	bool any_deliveries, any_answers; /* may be left */
	int64_t page_size, answer_pages;  /* of all long answers, without those that others deleted meanwhile */
};

static bool count_answers(struct store *s, const struct batch *b, struct pruning *p, uint64_t *answers, struct error *e)
{
	for (size_t i = 0; i < b->count; i++) {
		int64_t of[2] = { 0, 0 };
		if (!ask_answers(s, STATEMENT_ANSWERS_OF, b->at[i], of, e))
			return false;
		p->answer_pages -= of[1];
		*answers += (uint64_t)of[0];
	}
	return true;
}

static bool delete_some(struct store *s, struct pruning *p, struct error *e)
{
	struct batch *b = &p->deliveries;
	int64_t before = b->last;
	uint64_t with_them = 0;
	if (!find_batch(s, p->how, b, on_row, e) || !count_answers(s, b, p, &with_them, e) ||
	    !run_batch(s, b, store_delete, e))
		return false;
	p->out->count += b->count;
	p->any_deliveries = b->last != before;
	return true;
}

static bool give_up_some(struct store *s, struct pruning *p, struct error *e)
{
	struct batch *b = &p->answers;
	int64_t next[2] = { 0, 0 };
	/* Past what has none. */
	if (!ask_answers(s, STATEMENT_NEXT_ANSWERS, b->last, next, e))
		return false;
	p->any_answers = next[0] > 0;
	if (!p->any_answers)
		return true;
	b->last = next[0] - 1;
	if (!find_batch(s, p->how, b, on_answered, e) || !count_answers(s, b, p, &p->out->answers, e) ||
	    !run_batch(s, b, give_up_answers, e))
		return false;
	p->any_answers = b->count > 0;
	return true;
}

/* Whose turn it is. */
static bool is_for_answers(const struct pruning *p)
{
	uint64_t most = p->how->max_bytes,
		 answers = (uint64_t)(p->answer_pages > 0 ? p->answer_pages * p->page_size : 0);
	uint64_t rest = p->out->bytes_after > answers ? p->out->bytes_after - answers : 0;
	return most && p->any_answers && (rest <= most / 4 * 3 || !p->any_deliveries);
}

bool store_prune(struct store *s, const struct store_prune *how, struct store_pruned *out, struct error *e)
{
	struct pruning p = { .how = how, .out = out, .any_deliveries = true, .any_answers = true };
	uint64_t newest = 0, page_size = 0;
	int64_t all[2] = { 0, 0 };
	*out = (struct store_pruned){ 0 };
	if (!bytes_in_use(s, &out->bytes_before, e) || !read_number(s, "PRAGMA page_size", &page_size, e) ||
	    !read_number(s, "SELECT coalesce(max(id), 0) FROM delivery", &newest, e))
		return false;
	p.deliveries.newest = (int64_t)newest;
	p.page_size = (int64_t)page_size;
	out->bytes_after = out->bytes_before;
	if (how->dry_run)
		return count_only(s, how, p.deliveries.newest, out, e);
	if (how->max_bytes && !ask_answers(s, STATEMENT_ANSWER_PAGES, 0, all, e))
		return false;
	p.answer_pages = all[0];
	for (bool first = true;; first = false) {
		if (how->max_bytes && out->bytes_after <= how->max_bytes)
			break;
		if (!first)
			sqlite3_sleep(PRUNE_PAUSE_MS);
		bool of_answers = is_for_answers(&p);
		if (!of_answers && !p.any_deliveries)
			break;
		if (!(of_answers ? give_up_some(s, &p, e) : delete_some(s, &p, e)) ||
		    !bytes_in_use(s, &out->bytes_after, e))
			return false;
		if (how->stop && how->stop(how->user))
			break;
	}
	return true;
}
