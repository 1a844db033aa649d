/* Which page the list wants next, and how the window changes when it arrives. */
#include <stdlib.h>
#include <string.h>

#include "tui/state/list_private.h"

static size_t screen(const struct list_model *m)
{
	return m->height < 16 ? 16 : (size_t)m->height;
}

/* How many items of the window are older and newer than what is on the screen. */
static void beyond(const struct list_model *m, size_t *older, size_t *newer)
{
	size_t at = list_lower(m, list_place(m, m->chosen)), row = (size_t)(m->chosen_row < 0 ? 0 : m->chosen_row);
	size_t rest = (size_t)m->height - 1 > row ? (size_t)m->height - 1 - row : 0;
	bool first = list_newest_first(m);
	size_t before = first ? rest : row, after = first ? row : rest;
	*older = at > before ? at - before : 0;
	*newer = m->count > at + 1 + after ? m->count - at - 1 - after : 0;
}

void list_changed(struct list_model *m)
{
	m->changed = m->count_stale = true;
}

void list_counted(struct list_model *m, uint64_t count)
{
	m->known = count;
	m->count_known = true;
	m->count_stale = false;
	if (!m->follow && !m->count_at_pause_known) {
		m->known_at_pause = count;
		m->count_at_pause_known = true;
	}
}

bool list_stop(struct list_model *m)
{
	if (m->under_way == LIST_LOAD_NONE || !m->searched)
		return false;
	m->under_way = LIST_LOAD_NONE;
	m->generation++;
	m->owed = 0;
	m->partial = false;
	m->stopped = true;
	return true;
}

static enum list_load choose(struct list_model *m)
{
	size_t older, newer;
	if (m->wanted != LIST_LOAD_NONE)
		return m->wanted;
	if (m->stopped || (m->sorting.shown && !m->sorting.order.count))
		return LIST_LOAD_NONE;
	/* From the window's beginning, not the newest down: a filter that walks has the fewest rows to walk so. */
	if (m->changed)
		return m->count && !(m->follow && m->newer) ? LIST_LOAD_AGAIN : LIST_LOAD_NEWEST;
	/* What failed is tried again when something changes, or on the next move. */
	if (!m->count || m->trouble)
		return LIST_LOAD_NONE;
	beyond(m, &older, &newer);
	if (m->older && older < screen(m) / 2)
		return LIST_LOAD_OLDER;
	if (m->newer && newer < screen(m) / 2)
		return LIST_LOAD_NEWER;
	return LIST_LOAD_NONE;
}

bool list_wants(struct list_model *m, struct list_request *out)
{
	/* One at a time, but a jump does not wait for the page it makes needless. */
	if (m->under_way != LIST_LOAD_NONE && m->wanted == LIST_LOAD_NONE)
		return false;
	enum list_load load = choose(m);
	if (load == LIST_LOAD_NONE)
		return false;
	m->wanted = LIST_LOAD_NONE;
	m->changed = m->partial = m->stopped = false;
	m->under_way = load;
	m->searched = m->to_search = 0;
	*out = (struct list_request){ .count = 2 * screen(m), .generation = ++m->generation };
	switch (load) {
	case LIST_LOAD_OLDER:
		out->anchor = list_place(m, m->items[0].row.id);
		out->count = screen(m);
		break;
	case LIST_LOAD_NEWER:
		out->anchor = list_place(m, m->items[m->count - 1].row.id);
		out->forward = true;
		out->count = screen(m);
		break;
	case LIST_LOAD_AGAIN:
		out->anchor = list_place(m, m->items[0].row.id) - 1;
		out->forward = true;
		out->count = m->count + screen(m);
		break;
	case LIST_LOAD_OLDEST:
		out->forward = true;
		break;
	case LIST_LOAD_AT_GOAL:
		out->anchor = list_place(m, m->goal) - 1;
		out->forward = true;
		break;
	case LIST_LOAD_NEWEST:
	case LIST_LOAD_NONE:
		break;
	}
	if (m->sorting.shown)
		list_sort_slice(m, out);
	return true;
}

bool list_make_room(struct list_model *m, size_t more)
{
	size_t need = m->count + more;
	if (need <= m->room)
		return true;
	struct item *items = realloc(m->items, need * sizeof *items);
	if (!items)
		return false;
	m->items = items;
	m->room = need;
	return true;
}

/* What was there is replaced. */
void list_merge(struct list_model *m, struct page *p)
{
	for (size_t i = 0; i < p->count; i++) {
		size_t at = list_lower(m, list_place(m, p->items[i].row.id));
		if (at < m->count && m->items[at].row.id == p->items[i].row.id) {
			item_free(&m->items[at]);
		} else {
			memmove(m->items + at + 1, m->items + at, (m->count - at) * sizeof *m->items);
			m->count++;
		}
		m->items[at] = p->items[i];
	}
	free(p->items);
	p->items = NULL;
	p->count = 0;
}

static bool in_page(const struct list_model *m, const struct page *p, int64_t id)
{
	int64_t place = list_place(m, id);
	size_t low = 0, high = p->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (p->items[middle].row.id == id)
			return true;
		if (list_place(m, p->items[middle].row.id) < place)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

/* Drops what a whole page over the places [from, to] no longer has. */
static void drop_missing(struct list_model *m, const struct page *p, int64_t from, int64_t to)
{
	for (size_t i = m->count; i-- > 0;) {
		int64_t id = m->items[i].row.id, place = list_place(m, id);
		if (place >= from && place <= to && !in_page(m, p, id))
			list_drop(m, i, i + 1);
	}
}

/* Drops what the page replaces: what it no longer has, and what it leaves a gap to. */
static void drop_unconnected(struct list_model *m, enum list_load load, const struct page *p)
{
	int64_t first = p->count ? list_place(m, p->items[0].row.id) : 0;
	int64_t last = p->count ? list_place(m, p->items[p->count - 1].row.id) : 0;
	switch (load) {
	case LIST_LOAD_OLDEST:
	case LIST_LOAD_AT_GOAL:
		if (!m->partial && (p->count || load == LIST_LOAD_OLDEST))
			list_drop(m, 0, m->count);
		break;
	case LIST_LOAD_NEWEST:
		if (m->count && p->more_before && list_place(m, m->items[m->count - 1].row.id) < first)
			list_drop(m, 0, m->count);
		if (!m->partial && !p->searched)
			drop_missing(m, p, p->more_before ? first : INT64_MIN, INT64_MAX);
		break;
	case LIST_LOAD_AGAIN:
		if (!m->partial && !p->searched && m->count)
			drop_missing(m, p, list_place(m, m->items[0].row.id), p->more_after ? last : INT64_MAX);
		if (p->more_after && p->count && !p->searched)
			list_drop(m, list_lower(m, last + 1), m->count);
		break;
	default:
		break;
	}
}

static void learn_ends(struct list_model *m, enum list_load load, const struct page *p)
{
	switch (load) {
	case LIST_LOAD_NEWEST:
		m->newer = false;
		if (!m->count ||
		    list_place(m, m->items[0].row.id) >= (p->count ? list_place(m, p->items[0].row.id) : 0))
			m->older = p->more_before || p->searched;
		break;
	case LIST_LOAD_OLDEST:
		m->older = false;
		m->newer = p->more_after || p->searched;
		break;
	case LIST_LOAD_AT_GOAL:
		m->older = p->more_before;
		m->newer = p->more_after || p->searched;
		break;
	case LIST_LOAD_OLDER:
		m->older = p->more_before || p->searched;
		break;
	case LIST_LOAD_NEWER:
	case LIST_LOAD_AGAIN:
		m->newer = p->more_after || p->searched;
		break;
	case LIST_LOAD_NONE:
		break;
	}
}

/* Keeps a screen on each side of what is seen. */
static void trim(struct list_model *m)
{
	size_t older, newer, keep = screen(m);
	if (!m->chosen)
		return;
	beyond(m, &older, &newer);
	if (newer > keep) {
		list_drop(m, m->count - (newer - keep), m->count);
		m->newer = true;
	}
	if (older > keep) {
		list_drop(m, 0, older - keep);
		m->older = true;
	}
}

static void place(struct list_model *m, enum list_load load, int64_t newest_before)
{
	int64_t newest = m->count ? m->items[m->count - 1].row.id : 0;
	if (m->may_resume && !m->newer && newest > newest_before && m->chosen == newest_before) {
		m->follow = true;
		m->may_resume = false;
	}
	if (load == LIST_LOAD_OLDEST && m->count) {
		m->chosen = m->items[0].row.id;
		m->chosen_row = list_newest_first(m) ? m->height - 1 : 0;
	}
	if (load == LIST_LOAD_AT_GOAL && m->count) {
		size_t at = list_lower(m, list_place(m, m->goal));
		m->chosen = m->items[at < m->count ? at : m->count - 1].row.id;
		m->chosen_row = m->height / 2;
		if (m->goal != INT64_MAX)
			m->missed = m->chosen == m->goal ? 0 : m->goal;
	}
	if (load == LIST_LOAD_NEWEST && m->goal == INT64_MAX) {
		m->goal = 0;
		m->chosen = newest;
		m->chosen_row = list_newest_first(m) ? 0 : m->height - 1;
	}
	list_settle(m);
	if (m->owed) {
		int owed = m->owed;
		list_step(m, owed);
	}
}

bool list_receive(struct list_model *m, uint64_t generation, struct page *p)
{
	enum list_load load = m->under_way;
	if (generation != m->generation || load == LIST_LOAD_NONE) {
		page_free(p);
		return true;
	}
	free(m->trouble);
	m->trouble = p->trouble;
	p->trouble = NULL;
	m->searched = p->searched;
	m->to_search = p->total;
	if (!p->searched)
		m->under_way = LIST_LOAD_NONE;
	m->loaded = true;
	if (m->trouble || !list_make_room(m, p->count)) {
		m->under_way = LIST_LOAD_NONE;
		page_free(p);
		return m->trouble != NULL;
	}
	if (m->sorting.shown)
		list_sort_check(m, p);
	int64_t newest_before = m->count ? m->items[m->count - 1].row.id : 0;
	bool empty = p->count == 0;
	drop_unconnected(m, load, p);
	learn_ends(m, load, p);
	m->partial = p->searched != 0;
	list_merge(m, p);
	page_free(p);
	/* Nothing from the goal on: the newest is the nearest. */
	if (load == LIST_LOAD_AT_GOAL && empty && !m->partial) {
		m->newer = false;
		m->missed = m->goal;
		m->goal = INT64_MAX;
		m->wanted = LIST_LOAD_NEWEST;
	}
	if (load == LIST_LOAD_AGAIN && m->follow && m->newer)
		m->wanted = LIST_LOAD_NEWEST;
	place(m, load, newest_before);
	trim(m);
	return true;
}
