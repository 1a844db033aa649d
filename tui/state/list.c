#include "tui/state/list.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tui/state/list_private.h"

void list_init(struct list_model *m)
{
	*m = (struct list_model){ .follow = true, .height = 20, .wanted = LIST_LOAD_NEWEST };
}

void list_drop(struct list_model *m, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		item_free(&m->items[i]);
	if (to > from) {
		memmove(m->items + from, m->items + to, (m->count - to) * sizeof *m->items);
		m->count -= to - from;
	}
}

void list_free(struct list_model *m)
{
	list_drop(m, 0, m->count);
	list_sort_free(m);
	free(m->items);
	free(m->marks);
	free(m->trouble);
	*m = (struct list_model){ 0 };
}

void list_reset(struct list_model *m)
{
	list_drop(m, 0, m->count);
	m->older = m->newer = m->loaded = m->count_known = m->count_at_pause_known = false;
	m->chosen = m->newest_at_pause = 0;
	m->owed = 0;
	list_sort_free(m);
	m->sorting.shown = m->sorting.by.key != STORE_ORDER_TIME;
	m->sorting.state = m->sorting.shown ? LIST_SORT_WANTED : LIST_BY_TIME;
	m->wanted = m->sorting.shown ? LIST_LOAD_NONE : LIST_LOAD_NEWEST;
	m->under_way = LIST_LOAD_NONE;
	m->generation++;
	m->searched = m->to_search = 0;
	m->stopped = false;
	free(m->trouble);
	m->trouble = NULL;
}

size_t list_lower(const struct list_model *m, int64_t place)
{
	size_t low = 0, high = m->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (list_place(m, m->items[middle].row.id) < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool list_find(const struct list_model *m, int64_t id, size_t *index)
{
	*index = list_lower(m, list_place(m, id));
	return *index < m->count && m->items[*index].row.id == id;
}

const struct item *list_chosen(const struct list_model *m)
{
	size_t i;
	return m->chosen && list_find(m, m->chosen, &i) ? &m->items[i] : NULL;
}

bool list_newest_first(const struct list_model *m)
{
	return m->reversed && !m->sorting.shown;
}

/* Indexes as seen, from the top of the window down. */
static size_t seen_index(const struct list_model *m, size_t index)
{
	return list_newest_first(m) ? m->count - 1 - index : index;
}

bool list_row_of_all(const struct list_model *m, uint64_t *row)
{
	size_t i;
	if (m->older || m->newer || m->searched || !m->chosen || !list_find(m, m->chosen, &i))
		return false;
	*row = seen_index(m, i) + 1;
	return true;
}

static const struct item *seen_item(const struct list_model *m, size_t d)
{
	return &m->items[seen_index(m, d)];
}

static bool same_day(uint64_t a_us, uint64_t b_us, bool utc)
{
	time_t a = (time_t)(a_us / 1000000), b = (time_t)(b_us / 1000000);
	struct tm x, y;
	if (!(utc ? gmtime_r(&a, &x) : localtime_r(&a, &x)) || !(utc ? gmtime_r(&b, &y) : localtime_r(&b, &y)))
		return true;
	return x.tm_year == y.tm_year && x.tm_yday == y.tm_yday;
}

static bool day_begins(const struct list_model *m, size_t d)
{
	return d > 0 && !m->sorting.shown &&
	       !same_day(seen_item(m, d)->row.received_at_us, seen_item(m, d - 1)->row.received_at_us, m->utc);
}

/* Screen rows from the first of the window to the d-th, separators and all; counts no further than `most`. */
static int rows_above(const struct list_model *m, size_t d, int most)
{
	int rows = 0;
	while (d > 0 && rows < most) {
		rows += 1 + day_begins(m, d);
		d--;
	}
	return rows;
}

static int rows_below(const struct list_model *m, size_t d, int most)
{
	int rows = 0;
	while (d + 1 < m->count && rows < most) {
		d++;
		rows += 1 + day_begins(m, d);
	}
	return rows;
}

/* Puts the chosen row where it can be: on the screen, and with nothing empty above, nor below while there is more
 * above. */
void list_settle(struct list_model *m)
{
	size_t i;
	if (!m->count) {
		m->chosen = 0;
		m->chosen_row = 0;
		return;
	}
	if (!m->chosen || (m->follow && !m->newer)) {
		m->chosen = m->items[m->count - 1].row.id;
		m->chosen_row = list_newest_first(m) ? 0 : m->height - 1;
	}
	if (!list_find(m, m->chosen, &i)) { /* the next older, or else the oldest */
		i = i ? i - 1 : 0;
		m->chosen = m->items[i].row.id;
		m->removed = true;
	}
	size_t d = seen_index(m, i);
	int last = m->height - 1;
	int row = m->chosen_row < 0 ? 0 : m->chosen_row > last ? last : m->chosen_row;
	int below = rows_below(m, d, m->height), above = rows_above(m, d, m->height);
	bool more_below = list_newest_first(m) ? m->older : m->newer;
	bool more_above = list_newest_first(m) ? m->newer : m->older;
	if (!more_below && row + below < last)
		row = last - below;
	if (!more_above && row > above)
		row = above;
	m->chosen_row = row;
}

void list_set_height(struct list_model *m, int height)
{
	if (height < 1)
		height = 1;
	if (height == m->height)
		return;
	m->height = height;
	list_settle(m);
}

/* ---- moves ---- */

void list_pause(struct list_model *m)
{
	m->may_resume = false;
	if (!m->follow)
		return;
	m->follow = false;
	m->newest_at_pause = m->count && !m->newer ? m->items[m->count - 1].row.id : 0;
	m->known_at_pause = m->known;
	m->count_at_pause_known = m->count_known && !m->count_stale;
}

void list_follow(struct list_model *m)
{
	if (m->sorting.by.key != STORE_ORDER_TIME) {
		m->chosen = 0; /* the newest will be */
		list_sort(m, STORE_ORDER_TIME, false);
	}
	m->follow = true;
	m->may_resume = false;
	m->owed = 0;
	if (m->newer || !m->loaded || m->stopped)
		m->wanted = LIST_LOAD_NEWEST;
	list_settle(m);
}

void list_step(struct list_model *m, int rows)
{
	size_t i;
	if (!m->chosen || !list_find(m, m->chosen, &i))
		return;
	long d = (long)seen_index(m, i), last = (long)m->count - 1, to = d + rows;
	bool more_below = list_newest_first(m) ? m->older : m->newer;
	bool more_above = list_newest_first(m) ? m->newer : m->older;
	m->owed = 0;
	if (to < 0) {
		m->owed = more_above ? (int)to : 0;
		to = 0;
	} else if (to > last) {
		m->owed = more_below ? (int)(to - last) : 0;
		to = last;
	}
	/* The row moves with what is between, separators counted. */
	int row = m->chosen_row;
	for (long at = d; at < to; at++)
		row += 1 + day_begins(m, (size_t)at + 1);
	for (long at = d; at > to; at--)
		row -= 1 + day_begins(m, (size_t)at);
	m->chosen = seen_item(m, (size_t)to)->row.id;
	m->chosen_row = row;
	list_settle(m);
}

void list_move(struct list_model *m, int rows)
{
	bool towards_newest = !m->sorting.shown && (m->reversed ? rows < 0 : rows > 0);
	if (!m->count || !rows || (m->follow && towards_newest))
		return;
	list_pause(m);
	free(m->trouble);
	m->trouble = NULL;
	list_step(m, rows);
	if (towards_newest && !m->newer && m->chosen == m->items[m->count - 1].row.id)
		m->may_resume = true;
}

static void to_oldest(struct list_model *m)
{
	list_pause(m);
	m->owed = 0;
	if (m->older)
		m->wanted = LIST_LOAD_OLDEST;
	else if (m->count)
		m->chosen = m->items[0].row.id;
	m->chosen_row = list_newest_first(m) ? m->height - 1 : 0;
	list_settle(m);
}

/* The last of a sorted list. */
static void to_last(struct list_model *m)
{
	m->owed = 0;
	if (m->newer) {
		m->goal = INT64_MAX;
		m->wanted = LIST_LOAD_NEWEST;
	} else if (m->count) {
		m->chosen = m->items[m->count - 1].row.id;
	}
	m->chosen_row = m->height - 1;
	list_settle(m);
}

void list_to_top(struct list_model *m)
{
	if (list_newest_first(m))
		list_follow(m);
	else
		to_oldest(m);
}

void list_to_bottom(struct list_model *m)
{
	if (m->sorting.shown)
		to_last(m);
	else if (m->reversed)
		to_oldest(m);
	else
		list_follow(m);
}

void list_goto(struct list_model *m, int64_t id)
{
	size_t i;
	list_pause(m);
	m->owed = 0;
	if (list_find(m, id, &i)) {
		long d = (long)seen_index(m, i), from = d;
		if (m->chosen && list_find(m, m->chosen, &i))
			from = (long)seen_index(m, i);
		list_step(m, (int)(d - from));
		return;
	}
	if (m->sorting.shown && !list_place(m, id)) {
		m->missed = id;
		return;
	}
	m->goal = id;
	m->wanted = LIST_LOAD_AT_GOAL;
}

void list_choose_row(struct list_model *m, int row)
{
	struct list_row rows[512];
	int height = m->height > 512 ? 512 : m->height;
	if (row < 0 || row >= height)
		return;
	list_rows(m, rows, height);
	if (!rows[row].item)
		return;
	list_pause(m);
	m->chosen = rows[row].item->row.id;
	m->chosen_row = row;
}

void list_reverse(struct list_model *m)
{
	if (m->sorting.by.key != STORE_ORDER_TIME) {
		list_sort(m, m->sorting.by.key, !m->sorting.by.descending);
		return;
	}
	m->reversed = !m->reversed;
	m->owed = 0;
	m->chosen_row = m->height - 1 - m->chosen_row;
	list_settle(m);
}

void list_set_days(struct list_model *m, bool utc)
{
	m->utc = utc;
	list_settle(m);
}

uint64_t list_new(const struct list_model *m, bool *at_least)
{
	uint64_t here, counted = 0;
	if (m->sorting.shown) {
		*at_least = false;
		return m->sorting.state == LIST_SORTED && m->count_known && m->known > m->sorting.order.matched
			   ? m->known - m->sorting.order.matched
			   : 0;
	}
	here = m->count - list_lower(m, m->newest_at_pause + 1);
	if (!m->newest_at_pause)
		here = 0;
	if (m->count_known && m->count_at_pause_known && m->known > m->known_at_pause)
		counted = m->known - m->known_at_pause;
	*at_least = m->newer && counted <= here;
	return m->follow ? 0 : counted > here ? counted : here;
}

/* ---- what is seen ---- */

void list_rows(const struct list_model *m, struct list_row *rows, int height)
{
	size_t i;
	memset(rows, 0, (size_t)height * sizeof *rows);
	if (!m->count || !m->chosen || !list_find(m, m->chosen, &i))
		return;
	size_t chosen = seen_index(m, i), d = chosen;
	int row = m->chosen_row;
	for (;;) {
		if (row >= 0 && row < height)
			rows[row].item = seen_item(m, d);
		row--;
		if (day_begins(m, d)) {
			if (row >= 0 && row < height)
				rows[row].day = seen_item(m, d);
			row--;
		}
		if (row < 0 || d == 0)
			break;
		d--;
	}
	row = m->chosen_row;
	for (d = chosen + 1; d < m->count && row + 1 < height; d++) {
		row++;
		if (day_begins(m, d)) {
			rows[row].day = seen_item(m, d);
			if (++row >= height)
				break;
		}
		rows[row].item = seen_item(m, d);
	}
}

/* ---- marks ---- */

static size_t mark_place(const struct list_model *m, int64_t id)
{
	size_t low = 0, high = m->mark_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (m->marks[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool list_marked(const struct list_model *m, int64_t id)
{
	size_t i = mark_place(m, id);
	return i < m->mark_count && m->marks[i] == id;
}

bool list_mark(struct list_model *m, int64_t id, bool set)
{
	size_t i = mark_place(m, id);
	bool there = i < m->mark_count && m->marks[i] == id;
	if (there == set)
		return true;
	if (!set) {
		m->mark_count--;
		memmove(m->marks + i, m->marks + i + 1, (m->mark_count - i) * sizeof *m->marks);
		return true;
	}
	if (m->mark_count == m->mark_room) {
		size_t room = m->mark_room ? m->mark_room * 2 : 16;
		int64_t *more = realloc(m->marks, room * sizeof *more);
		if (!more)
			return false;
		m->marks = more;
		m->mark_room = room;
	}
	memmove(m->marks + i + 1, m->marks + i, (m->mark_count - i) * sizeof *m->marks);
	m->marks[i] = id;
	m->mark_count++;
	return true;
}
