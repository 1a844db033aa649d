#include "tests/unit/tui/list_fixture.h"
#include "tui/state/words.h"

static void arrive(struct fake_source *f, struct list_model *m, int count)
{
	fake_source_add(f, count);
	list_changed(m);
	feed(f, m);
}

static void test_follow(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 1000, 20);
	assert_true(m.follow);
	assert_int_equal(m.chosen, 1000);
	assert_int_equal(at_row(&m, 19), 1000);
	assert_int_equal(at_row(&m, 0), 981);
	arrive(&f, &m, 7);
	assert_int_equal(m.chosen, 1007);
	assert_int_equal(at_row(&m, 0), 988);
	arrive(&f, &m, 5000); /* more than a window at once */
	assert_int_equal(m.chosen, 6007);
	for (int i = 0; i < 20; i++)
		assert_int_equal(at_row(&m, i), 5988 + i);
	list_move(&m, 1); /* there is nothing further down */
	assert_true(m.follow);
	end(&f, &m);
}

static void test_paused_rows_never_move(void **state)
{
	struct fake_source f;
	struct list_model m;
	bool at_least;
	(void)state;
	begin(&f, &m, 1000, 20);
	list_move(&m, -3);
	feed(&f, &m);
	assert_false(m.follow);
	assert_int_equal(m.chosen, 997);
	arrive(&f, &m, 12);
	for (int i = 0; i < 20; i++)
		assert_int_equal(at_row(&m, i), 981 + i);
	assert_int_equal(list_new(&m, &at_least), 12);
	assert_false(at_least);
	arrive(&f, &m, 900);
	for (int i = 0; i < 20; i++)
		assert_int_equal(at_row(&m, i), 981 + i);
	assert_true(list_new(&m, &at_least) >= 20 && at_least);
	list_counted(&m, 1912);
	list_follow(&m);
	feed(&f, &m);
	assert_int_equal(m.chosen, 1912);
	assert_int_equal(list_new(&m, &at_least), 0);
	/* Counts say how many when they are beyond the window. */
	list_move(&m, -1);
	arrive(&f, &m, 500);
	list_counted(&m, 2412);
	assert_int_equal(list_new(&m, &at_least), 500);
	assert_false(at_least);
	/* A count from before what is on the screen says nothing of what came behind the pause. */
	list_follow(&m);
	feed(&f, &m);
	arrive(&f, &m, 7);
	list_move(&m, -1);
	list_counted(&m, 2419);
	assert_int_equal(list_new(&m, &at_least), 0);
	end(&f, &m);
}

static void test_resuming(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 100, 20);
	list_move(&m, -2);
	list_move(&m, 1);
	arrive(&f, &m, 1); /* not on the newest: stays */
	assert_int_equal(m.chosen, 99);
	list_move(&m, 2); /* 101: on it, but only the next arrival resumes */
	assert_false(m.follow);
	assert_int_equal(m.chosen, 101);
	arrive(&f, &m, 1);
	assert_true(m.follow);
	assert_int_equal(m.chosen, 102);
	/* Paused on the newest without having moved there (a detail is open): it stays. */
	list_pause(&m);
	arrive(&f, &m, 3);
	assert_false(m.follow);
	assert_int_equal(m.chosen, 102);
	assert_int_equal(at_row(&m, 19), 102);
	end(&f, &m);
}

static void test_moves_through_everything(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 3000, 20);
	for (int64_t want = 2999; want >= 1; want--) {
		list_move(&m, -1);
		feed(&f, &m);
		assert_int_equal(m.chosen, want);
		assert_int_equal(at_row(&m, m.chosen_row), want);
	}
	assert_int_equal(at_row(&m, 0), 1);
	for (int64_t want = 20; want <= 3000; want += 19) {
		list_move(&m, 19);
		feed(&f, &m);
		assert_int_equal(m.chosen, want);
		for (int i = 1; i < 20; i++) /* no gap in the window */
			assert_int_equal(at_row(&m, i), at_row(&m, i - 1) + 1);
	}
	list_to_top(&m);
	feed(&f, &m);
	assert_int_equal(m.chosen, 1);
	assert_int_equal(at_row(&m, 19), 20);
	list_move(&m, 500); /* beyond what is read: paid when it is */
	feed(&f, &m);
	assert_int_equal(m.chosen, 501);
	list_goto(&m, 2000);
	feed(&f, &m);
	assert_int_equal(m.chosen, 2000);
	assert_int_equal(at_row(&m, m.chosen_row), 2000);
	assert_int_equal(at_row(&m, 0), 2000 - m.chosen_row);
	list_goto(&m, 99999);
	feed(&f, &m);
	assert_int_equal(m.chosen, 3000);
	list_goto(&m, 2995);
	feed(&f, &m);
	assert_int_equal(m.chosen, 2995);
	end(&f, &m);
}

/* A jump to what is not there ends at the next newer, or at the newest, and that is known. */
static void test_goto_nowhere(void **state)
{
	static const struct {
		int64_t to, chosen, missed;
	} jumps[] = { { 120, 120, 0 }, { 505, 511, 505 }, { 3, 3, 0 }, { 4000, 1000, 4000 }, { 990, 990, 0 } };
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 1000, 20);
	fake_source_remove(&f, 500, 510);
	for (size_t i = 0; i < sizeof jumps / sizeof *jumps; i++) {
		m.missed = 0;
		list_goto(&m, jumps[i].to);
		feed(&f, &m);
		assert_int_equal(m.chosen, jumps[i].chosen);
		assert_int_equal(m.missed, jumps[i].missed);
	}
	end(&f, &m);
}

static void test_reversed(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 500, 20);
	list_reverse(&m);
	feed(&f, &m);
	assert_int_equal(at_row(&m, 0), 500);
	assert_int_equal(at_row(&m, 19), 481);
	arrive(&f, &m, 2);
	assert_int_equal(at_row(&m, 0), 502);
	assert_true(m.follow);
	list_move(&m, 1); /* down is older here */
	assert_false(m.follow);
	assert_int_equal(m.chosen, 501);
	arrive(&f, &m, 30);
	assert_int_equal(at_row(&m, 0), 502);
	assert_int_equal(at_row(&m, 1), 501);
	list_to_bottom(&m);
	feed(&f, &m);
	assert_int_equal(m.chosen, 1);
	assert_int_equal(at_row(&m, 19), 1);
	for (int i = 0; i < 40; i++) {
		list_move(&m, -10);
		feed(&f, &m);
	}
	assert_int_equal(m.chosen, 401);
	list_to_top(&m);
	feed(&f, &m);
	assert_int_equal(m.chosen, 532);
	assert_true(m.follow);
	end(&f, &m);
}

static void test_what_is_chosen_goes(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 100, 20);
	list_move(&m, -5);
	fake_source_remove(&f, 95, 95);
	list_changed(&m);
	feed(&f, &m);
	assert_int_equal(m.chosen, 94);
	assert_true(m.removed);
	fake_source_remove(&f, 1, 97); /* retention: nothing older is left */
	list_changed(&m);
	feed(&f, &m);
	assert_int_equal(m.chosen, 98);
	assert_int_equal(m.chosen_row, 0);
	assert_int_equal(m.count, 3);
	fake_source_remove(&f, 1, 200);
	list_changed(&m);
	feed(&f, &m);
	assert_null(list_chosen(&m));
	list_move(&m, 3);
	arrive(&f, &m, 2);
	assert_int_equal(list_chosen(&m)->row.id, 102);
	end(&f, &m);
}

static void test_rows_change_in_place(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 100, 20);
	list_move(&m, -5);
	fake_source_at(&f, 90)->row.status = 599;
	list_changed(&m);
	feed(&f, &m);
	struct list_row rows[20];
	list_rows(&m, rows, 20);
	assert_int_equal(rows[9].item->row.id, 90);
	assert_int_equal(rows[9].item->row.status, 599);
	assert_int_equal(m.chosen, 95);
	end(&f, &m);
}

static void test_days_are_apart(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	setenv("TZ", "UTC", 1);
	fake_source_init(&f);
	fake_source_add(&f, 10);
	f.clock_us += UINT64_C(86400000000);
	fake_source_add(&f, 4);
	list_init(&m);
	list_set_height(&m, 10);
	feed(&f, &m);
	assert_int_equal(at_row(&m, 9), 14);
	assert_int_equal(at_row(&m, 6), 11);
	assert_int_equal(at_row(&m, 5), -1);
	assert_int_equal(at_row(&m, 4), 10);
	assert_int_equal(at_row(&m, 0), 6);
	list_move(&m, -4); /* over the separator: two rows up */
	assert_int_equal(m.chosen, 10);
	assert_int_equal(m.chosen_row, 4);
	list_move(&m, -9);
	assert_int_equal(at_row(&m, 0), 1);
	assert_int_equal(at_row(&m, 9), 10);
	list_move(&m, 10);
	assert_int_equal(m.chosen, 11);
	assert_int_equal(at_row(&m, 8), -1);
	assert_int_equal(at_row(&m, 9), 11);
	end(&f, &m);
}

/* A day of the zone begins with the sixth; where times are UTC's, days are. */
static void test_days_go_with_the_times(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	setenv("TZ", "AAA-11:59:55", 1);
	tzset();
	begin(&f, &m, 10, 10);
	assert_int_equal(at_row(&m, 4), -1);
	assert_int_equal(at_row(&m, 5), 6);
	list_set_days(&m, true);
	assert_int_equal(at_row(&m, 4), 5);
	assert_int_equal(at_row(&m, 9), 10);
	list_set_days(&m, false);
	assert_int_equal(at_row(&m, 4), -1);
	end(&f, &m);
	setenv("TZ", "UTC", 1);
	tzset();
}

static void test_slow_and_stale_answers(void **state)
{
	struct fake_source f;
	struct list_model m;
	struct list_request r, second;
	struct page p;
	(void)state;
	fake_source_init(&f);
	fake_source_add(&f, 300);
	list_init(&m);
	list_set_height(&m, 20);
	assert_true(list_wants(&m, &r));
	assert_false(list_wants(&m, &second)); /* one at a time */
	list_to_top(&m);
	list_move(&m, -4); /* nothing is there yet */
	list_reset(&m);
	fake_source_page(&f, NULL, r.anchor, r.forward, r.count, &p);
	assert_true(list_receive(&m, r.generation, &p)); /* stale */
	assert_int_equal(m.count, 0);
	/* A filter that walks: rows appear as they are found, newest first. */
	assert_true(list_wants(&m, &r));
	fake_source_page(&f, NULL, 0, false, 3, &p);
	p.searched = 240000;
	p.total = 1000000;
	assert_true(list_receive(&m, r.generation, &p));
	assert_int_equal(m.count, 3);
	assert_int_equal(m.searched, 240000);
	fake_source_page(&f, NULL, 0, false, 8, &p);
	p.more_before = false;
	assert_true(list_receive(&m, r.generation, &p));
	assert_int_equal(m.count, 8);
	assert_int_equal(m.searched, 0);
	assert_int_equal(m.chosen_row, 7);
	/* Stopped, it keeps what it found, and reads no more until somebody asks. */
	assert_false(list_stop(&m));
	list_changed(&m);
	assert_true(list_wants(&m, &r));
	fake_source_page(&f, NULL, 0, false, 3, &p);
	p.searched = 700;
	assert_true(list_receive(&m, r.generation, &p));
	assert_true(list_stop(&m));
	assert_false(list_stop(&m));
	fake_source_page(&f, NULL, 0, false, 3, &p);
	assert_true(list_receive(&m, r.generation, &p));
	list_changed(&m);
	assert_false(list_wants(&m, &r));
	assert_int_equal(m.count, 8);
	assert_int_equal(m.searched, 700);
	list_follow(&m);
	assert_true(list_wants(&m, &r));
	assert_false(m.stopped);
	fake_source_page(&f, NULL, 0, false, 8, &p);
	p.more_before = false;
	assert_true(list_receive(&m, r.generation, &p));
	/* Trouble keeps what is there and says why. */
	list_changed(&m);
	assert_true(list_wants(&m, &r));
	p = (struct page){ .trouble = strdup("the store is locked") };
	assert_true(list_receive(&m, r.generation, &p));
	assert_int_equal(m.count, 8);
	assert_string_equal(m.trouble, "the store is locked");
	end(&f, &m);
}

static void test_marks(void **state)
{
	struct fake_source f;
	struct list_model m;
	(void)state;
	begin(&f, &m, 10, 5);
	for (int64_t id = 100; id > 0; id -= 3)
		assert_true(list_mark(&m, id, true));
	assert_int_equal(m.mark_count, 34);
	for (int64_t id = 0; id <= 101; id++)
		assert_int_equal(list_marked(&m, id), id > 0 && id % 3 == 1);
	assert_true(list_mark(&m, 4, true));
	assert_int_equal(m.mark_count, 34);
	assert_true(list_mark(&m, 4, false));
	assert_true(list_mark(&m, 5, false));
	assert_false(list_marked(&m, 4));
	assert_int_equal(m.mark_count, 33);
	end(&f, &m);
}

/* Whatever happens in whatever order: what is chosen is on the screen, the window has no gap, and while paused without
 * a move no row moves. */
static void test_at_random(void **state)
{
	struct fake_source f;
	struct list_model m;
	unsigned seed = 1;
	(void)state;
	begin(&f, &m, 200, 17);
	for (int n = 0; n < 20000; n++) {
		seed = seed * 1103515245 + 12345;
		unsigned dice = seed >> 16 & 0x7fff, what = dice % 11;
		int64_t before = at_row(&m, 3), chosen = m.chosen;
		bool still = !m.follow && !m.may_resume && what == 0;
		switch (what) {
		case 0:
			arrive(&f, &m, (int)(dice / 11 % 60));
			break;
		case 1:
			list_move(&m, -1);
			break;
		case 2:
			list_move(&m, 1);
			break;
		case 3:
			list_move(&m, -16);
			break;
		case 4:
			list_move(&m, 33);
			break;
		case 5:
			list_to_top(&m);
			break;
		case 6:
			list_to_bottom(&m);
			break;
		case 7:
			list_goto(&m, (int64_t)(dice % (f.count + 20) + 1));
			break;
		case 8:
			list_set_height(&m, (int)(dice / 11 % 40 + 4));
			break;
		case 9:
			if (dice % 5 == 0)
				list_reverse(&m);
			break;
		default:
			list_choose_row(&m, (int)(dice / 11 % 20));
			break;
		}
		feed(&f, &m);
		assert_true(m.chosen_row >= 0 && m.chosen_row < m.height);
		assert_int_equal(at_row(&m, m.chosen_row), m.chosen);
		for (size_t i = 1; i < m.count; i++)
			assert_int_equal(m.items[i].row.id, m.items[i - 1].row.id + 1);
		if (!m.newer)
			assert_int_equal(m.items[m.count - 1].row.id, f.last_id);
		if (m.follow)
			assert_int_equal(m.chosen, f.last_id);
		if (still && before > 0) {
			assert_int_equal(at_row(&m, 3), before);
			assert_int_equal(m.chosen, chosen);
		}
		assert_true(at_row(&m, 0) != 0); /* never empty above */
	}
	end(&f, &m);
}

/* The rows of one day are not all "1d", and all of it fits the column. */
static void test_how_long_ago(void **state)
{
	static const struct {
		uint64_t seconds;
		int columns;
		const char *text;
	} cases[] = {
		{ 0, 8, "0s" },       { 59, 8, "59s" },          { 60, 8, "1m" },        { 3599, 8, "59m" },
		{ 3600, 8, "1h 0m" }, { 86399, 8, "23h 59m" },   { 86400, 8, "1d 0h" },  { 97200, 8, "1d 3h" },
		{ 97200, 5, "1d" },   { 8639999, 8, "99d 23h" }, { 8640000, 8, "100d" }, { 864000000000, 8, "9999d" },
	};
	static struct ui ui = { .time = TIMES_AGO };
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[WORDS_LEN];
		ui.now_us = cases[i].seconds * 1000000 + 5;
		words_time(text, &ui, 5, cases[i].columns);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follow),
		cmocka_unit_test(test_paused_rows_never_move),
		cmocka_unit_test(test_resuming),
		cmocka_unit_test(test_moves_through_everything),
		cmocka_unit_test(test_goto_nowhere),
		cmocka_unit_test(test_reversed),
		cmocka_unit_test(test_what_is_chosen_goes),
		cmocka_unit_test(test_rows_change_in_place),
		cmocka_unit_test(test_days_are_apart),
		cmocka_unit_test(test_days_go_with_the_times),
		cmocka_unit_test(test_slow_and_stale_answers),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_how_long_ago),
		cmocka_unit_test(test_at_random),
	};
	return RUN(tests);
}
