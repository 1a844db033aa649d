/* A list over a fake source that answers at once, for tests. */
#pragma once

#include "tests/tools/fake_source.h"
#include "tests/unit/unit.h"
#include "tui/state/list.h"

/* Gives the list what it asks for, until it asks no more. */
static inline void feed(struct fake_source *f, struct list_model *m)
{
	struct list_request r;
	uint64_t generation;
	if (list_wants_order(m, &generation)) {
		struct ordered o;
		fake_source_order(f, NULL, &m->sorting.by, 2 * (size_t)m->height, &o);
		assert_true(list_receive_order(m, generation, &o));
	}
	for (int n = 0; list_wants(m, &r); n++) {
		struct page p;
		assert_true(n < 50); /* it comes to rest */
		if (r.ids)
			fake_source_rows(f, r.ids, r.count, &p);
		else
			fake_source_page(f, NULL, r.anchor, r.forward, r.count, &p);
		assert_true(list_receive(m, r.generation, &p));
		assert_true(m->count <= (size_t)(m->height < 16 ? 3 * 16 + m->height : 3 * m->height + 2));
	}
}

/* The id in a row of the screen; -1: the line of a day, 0: nothing. */
static inline int64_t at_row(const struct list_model *m, int row)
{
	struct list_row rows[200];
	list_rows(m, rows, m->height);
	return rows[row].item ? rows[row].item->row.id : rows[row].day ? -1 : 0;
}

static inline void begin(struct fake_source *f, struct list_model *m, int count, int height)
{
	fake_source_init(f);
	fake_source_add(f, count);
	list_init(m);
	list_set_height(m, height);
	feed(f, m);
}

static inline void end(struct fake_source *f, struct list_model *m)
{
	list_free(m);
	fake_source_free(f);
}
