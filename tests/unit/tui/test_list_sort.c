/* A list that is sorted by a column. */
#include "tests/unit/tui/list_fixture.h"

static int64_t took_at(const struct list_model *m, int row)
{
	struct list_row rows[200];
	list_rows(m, rows, m->height);
	assert_non_null(rows[row].item);
	return rows[row].item->row.took_us;
}

static void test_sorted(void **state)
{
	struct fake_source f;
	struct list_model m;
	bool at_least;
	(void)state;
	begin(&f, &m, 1000, 20);
	list_counted(&m, 1000);
	list_sort(&m, STORE_ORDER_TOOK, true);
	assert_false(m.follow);
	assert_int_equal(at_row(&m, 19), 1000); /* what was there stays until there is an order */
	feed(&f, &m);
	assert_true(m.sorting.state == LIST_SORTED);
	assert_int_equal(m.chosen_row, 0);
	int64_t first = m.chosen, before = INT64_MAX;
	for (int i = 0; i < 20; i++) { /* no line between days either */
		assert_true(took_at(&m, i) <= before);
		before = took_at(&m, i);
	}
	/* Through all of it and back, each once. */
	for (int i = 0; i < 1000; i++) {
		list_move(&m, 1);
		feed(&f, &m);
		assert_true(list_chosen(&m)->row.took_us <= before || i < 20);
	}
	assert_int_equal(took_at(&m, 19), -1);
	assert_int_equal(m.chosen_row, 19);
	for (int i = 0; i < 1500; i++) {
		list_move(&m, -1);
		feed(&f, &m);
	}
	assert_int_equal(m.chosen, first);
	list_to_bottom(&m);
	feed(&f, &m);
	assert_int_equal(took_at(&m, 19), -1);
	assert_int_equal(m.chosen_row, 19);
	list_to_top(&m);
	feed(&f, &m);
	assert_int_equal(m.chosen, first);
	/* What comes is counted, and is there when it is sorted again. */
	fake_source_add(&f, 26);
	list_changed(&m);
	feed(&f, &m);
	assert_int_equal(m.chosen, first);
	list_counted(&m, 1026);
	assert_int_equal(list_new(&m, &at_least), 26);
	list_sort_again(&m);
	feed(&f, &m);
	assert_int_equal(list_new(&m, &at_least), 0);
	assert_int_equal(m.chosen, first); /* and it stays on what was chosen */
	/* The other way round begins at the top again. */
	list_reverse(&m);
	feed(&f, &m);
	assert_int_equal(took_at(&m, 0), -1);
	assert_int_equal(m.chosen_row, 0);
	/* To follow is to be by time again. */
	list_follow(&m);
	feed(&f, &m);
	assert_true(m.follow && m.sorting.by.key == STORE_ORDER_TIME);
	assert_int_equal(at_row(&m, 19), 1026);
	end(&f, &m);
}

static void test_sorted_loses_what_is_deleted(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 500, 20);
	list_sort(&m, STORE_ORDER_SIZE, true);
	feed(&f, &m);
	int64_t second = at_row(&m, 1);
	list_move(&m, 1);
	assert_int_equal(m.chosen, second);
	fake_source_remove(&f, second, second);
	list_changed(&m);
	feed(&f, &m);
	assert_true(m.removed);
	assert_int_not_equal(m.chosen, second);
	assert_non_null(list_chosen(&m));
	fake_source_remove(&f, 1, 480); /* most of what is further down as well */
	list_changed(&m);
	feed(&f, &m);
	list_to_bottom(&m);
	feed(&f, &m);
	for (int i = 0; i < 40; i++) {
		list_move(&m, -1);
		feed(&f, &m);
	}
	assert_int_equal(m.count, m.sorting.order.count);
	assert_true(m.count <= 20);
	fake_source_remove(&f, 1, 500);
	list_changed(&m);
	feed(&f, &m);
	assert_int_equal(m.count, 0);
	assert_null(list_chosen(&m));
	end(&f, &m);
}

/* A long sort shows what it has; what is moved to stays, and Esc keeps what there is. */
static void test_sorted_in_parts(void **state)
{
	struct fake_source f;
	struct list_model m;
	uint64_t generation;
	struct ordered o;
	(void)state;
	begin(&f, &m, 100, 20);
	list_sort(&m, STORE_ORDER_SIZE, true);
	assert_true(list_wants_order(&m, &generation));
	fake_source_order(&f, NULL, &m.sorting.by, 40, &o);
	o.searched = 50;
	o.total = 100;
	assert_true(list_receive_order(&m, generation, &o));
	assert_true(m.sorting.state == LIST_SORT_UNDER_WAY);
	assert_int_equal(m.chosen_row, 0);
	list_move(&m, 3);
	int64_t chosen = m.chosen;
	fake_source_add(&f, 100);
	fake_source_order(&f, NULL, &m.sorting.by, 40, &o);
	o.searched = 90;
	o.total = 100;
	assert_true(list_receive_order(&m, generation, &o));
	feed(&f, &m);
	assert_int_equal(m.chosen, chosen);
	assert_true(list_sort_stop(&m));
	assert_false(list_sort_stop(&m));
	assert_true(m.sorting.state == LIST_SORT_STOPPED && m.count > 0);
	fake_source_order(&f, NULL, &m.sorting.by, 40, &o);
	assert_true(list_receive_order(&m, generation, &o)); /* too late */
	assert_true(m.sorting.state == LIST_SORT_STOPPED);
	/* Where nothing came yet, it is by time again. */
	list_sort(&m, STORE_ORDER_TIME, false);
	feed(&f, &m);
	list_sort(&m, STORE_ORDER_TOOK, true);
	assert_true(list_wants_order(&m, &generation));
	assert_true(list_sort_stop(&m));
	feed(&f, &m);
	assert_true(m.sorting.by.key == STORE_ORDER_TIME && m.count > 0);
	/* Another filter is sorted in the same way. */
	list_sort(&m, STORE_ORDER_TOOK, true);
	feed(&f, &m);
	list_reset(&m);
	assert_int_equal(m.count, 0);
	feed(&f, &m);
	assert_int_equal(took_at(&m, 0), 30000000);
	list_goto(&m, 1);
	feed(&f, &m);
	assert_int_equal(m.chosen, 1);
	list_goto(&m, 4000);
	assert_int_equal(m.missed, 4000);
	end(&f, &m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted),
		cmocka_unit_test(test_sorted_loses_what_is_deleted),
		cmocka_unit_test(test_sorted_in_parts),
	};
	return RUN(tests);
}
