/* The list in the order of a column: what was sorted, and a delivery's place in it. */
#include <stdlib.h>
#include <string.h>

#include "tui/state/list_private.h"

static int by_id(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return x[0] < y[0] ? -1 : x[0] > y[0];
}

int64_t list_place(const struct list_model *m, int64_t id)
{
	const struct list_sorting *s = &m->sorting;
	if (!s->shown)
		return id;
	int64_t wanted[2] = { id, 0 };
	const int64_t *found = s->order.count ? bsearch(wanted, s->places, s->order.count, sizeof wanted, by_id) : NULL;
	return found ? found[1] : 0;
}

static void number_places(struct list_sorting *s)
{
	for (size_t i = 0; i < s->order.count; i++) {
		s->places[2 * i] = s->order.ids[i];
		s->places[2 * i + 1] = (int64_t)i + 1;
	}
	qsort(s->places, s->order.count, 2 * sizeof *s->places, by_id);
}

void list_sort_free(struct list_model *m)
{
	struct list_sorting *s = &m->sorting;
	store_ordered_free(&s->order);
	free(s->places);
	s->places = NULL;
	s->shown = false;
	s->searched = s->total = 0;
	s->generation++;
}

/* The order begins with another window. */
static void show_order(struct list_model *m)
{
	list_drop(m, 0, m->count);
	m->older = m->newer = false;
	m->owed = 0;
	m->wanted = m->under_way = LIST_LOAD_NONE;
	m->generation++;
	m->searched = m->to_search = 0;
	m->stopped = m->partial = false;
}

static void by_time(struct list_model *m)
{
	int64_t chosen = m->chosen;
	m->sorting.by.key = STORE_ORDER_TIME;
	m->sorting.state = LIST_BY_TIME;
	if (!m->sorting.shown) {
		m->sorting.generation++;
		return;
	}
	list_sort_free(m);
	show_order(m);
	m->wanted = LIST_LOAD_NEWEST;
	if (chosen)
		list_goto(m, chosen);
}

void list_sort(struct list_model *m, enum store_order_key key, bool descending)
{
	struct list_sorting *s = &m->sorting;
	if (key == STORE_ORDER_TIME) {
		by_time(m);
		return;
	}
	list_pause(m);
	s->by = (struct store_order){ key, descending, LIST_SORTED_MOST };
	s->state = LIST_SORT_WANTED;
	s->stays = false;
}

void list_sort_again(struct list_model *m)
{
	list_sort(m, m->sorting.by.key, m->sorting.by.descending);
	m->sorting.stays = true;
}

bool list_wants_order(struct list_model *m, uint64_t *generation)
{
	struct list_sorting *s = &m->sorting;
	if (s->state != LIST_SORT_WANTED)
		return false;
	s->state = LIST_SORT_UNDER_WAY;
	s->searched = s->total = 0;
	*generation = ++s->generation;
	return true;
}

bool list_sort_stop(struct list_model *m)
{
	struct list_sorting *s = &m->sorting;
	if (s->state != LIST_SORT_UNDER_WAY && s->state != LIST_SORT_WANTED)
		return false;
	s->generation++;
	if (s->searched)
		s->state = LIST_SORT_STOPPED;
	else
		by_time(m);
	return true;
}

/* The chosen one stays if it is there and was moved to, or is to stay; else the first is chosen. */
static void choose_again(struct list_model *m, int64_t chosen, bool stays)
{
	size_t at;
	m->chosen = m->count ? m->items[0].row.id : 0;
	m->chosen_row = 0;
	if (stays && chosen && list_place(m, chosen)) {
		if (list_find(m, chosen, &at))
			list_step(m, (int)at);
		else
			list_goto(m, chosen);
	}
	list_settle(m);
}

static bool take_order(struct list_model *m, struct ordered *o)
{
	struct list_sorting *s = &m->sorting;
	int64_t *places = malloc((o->found.count + 1) * 2 * sizeof *places);
	int64_t chosen = m->chosen;
	/* The first of what was found before was not moved to. */
	bool began = s->shown && s->searched, moved = began && m->count && chosen != m->items[0].row.id;
	bool stays = moved || (s->stays && chosen);
	if (!places || !list_make_room(m, o->first.count)) {
		free(places);
		return false;
	}
	uint64_t generation = s->generation;
	list_sort_free(m);
	s->generation = generation;
	s->order = o->found;
	o->found = (struct store_ordered){ 0 };
	s->places = places;
	number_places(s);
	show_order(m);
	s->shown = true;
	s->searched = o->searched;
	s->total = o->total;
	m->newer = o->first.count < s->order.count;
	list_merge(m, &o->first);
	choose_again(m, chosen, stays);
	return true;
}

bool list_receive_order(struct list_model *m, uint64_t generation, struct ordered *o)
{
	struct list_sorting *s = &m->sorting;
	if (generation != s->generation || s->state != LIST_SORT_UNDER_WAY) {
		ordered_free(o);
		return true;
	}
	free(m->trouble);
	m->trouble = o->trouble;
	o->trouble = NULL;
	bool fine = m->trouble || take_order(m, o);
	m->loaded = true;
	if (!o->searched || m->trouble || !fine)
		s->state = LIST_SORTED;
	ordered_free(o);
	return fine;
}

void list_sort_slice(struct list_model *m, struct list_request *r)
{
	struct list_sorting *s = &m->sorting;
	size_t count = s->order.count, anchor = r->anchor > 0 ? (size_t)r->anchor : 0;
	/* Places begin with 1: the index after the anchor's, or before it. */
	size_t end = r->forward ? count : anchor ? anchor - 1 : count;
	size_t first = r->forward ? anchor : end > r->count ? end - r->count : 0;
	first = first < count ? first : count;
	if (r->forward && count - first > r->count)
		end = first + r->count;
	s->slice_first = first;
	s->slice_count = end > first ? end - first : 0;
	r->ids = s->order.ids + first;
	r->count = s->slice_count;
}

static bool page_has(const struct page *p, size_t *at, int64_t id)
{
	if (*at >= p->count || p->items[*at].row.id != id)
		return false;
	++*at;
	return true;
}

/* Both are in the same order. */
void list_sort_check(struct list_model *m, struct page *p)
{
	struct list_sorting *s = &m->sorting;
	size_t end = s->slice_first + s->slice_count, kept = s->slice_first, at = 0, index;
	p->more_before = s->slice_first > 0;
	p->more_after = end < s->order.count;
	for (size_t i = s->slice_first; i < end; i++) {
		int64_t id = s->order.ids[i];
		if (page_has(p, &at, id))
			s->order.ids[kept++] = id;
		else if (list_find(m, id, &index))
			list_drop(m, index, index + 1);
	}
	if (kept == end)
		return;
	memmove(s->order.ids + kept, s->order.ids + end, (s->order.count - end) * sizeof *s->order.ids);
	s->order.count -= end - kept;
	s->order.matched -= end - kept;
	number_places(s);
}
