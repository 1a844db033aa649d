#include "tests/unit/tui/detail_fixture.h"

static const char json[] =
    "{\"id\": \"evt_1\", \"a\": 1, \"b\": {\"x\": [1, 2]}, \"note\": \"\xc2\x9b\\u001b[2J\", \"z\": true}";

/* What is fed is the same body every time: the sides are told apart by what differs around it. */
static struct view *open_diff(struct world *w, int64_t other)
{
	struct view *v = view_diff_new(4, other, "event:/^invoice\\.payment_failed$/ source:/^stripe$/");
	struct view_want want;
	assert_non_null(v);
	for (int i = 0; v->ops->wants(v, &w->s.ui, ++w->generation, &want); i++) {
		struct document d = { 0 };
		if (!want.id) {
			assert_string_equal(want.filter, "event:/^invoice\\.payment_failed$/ source:/^stripe$/");
			assert_int_equal(want.before, 4);
		} else {
			make_document(w, &want, &d);
			assert_true(d.trouble || buffer_printf(&d.headers, "X-Id: %lld\r\n", (long long)want.id));
			if (want.id == 4 && !d.trouble) {
				d.body.len = 0;
				assert_true(buffer_append_text(&d.body, "{\"id\": \"evt_2\", \"b\": {\"x\": [1, 3, 4]},"
									" \"a\": 1, \"z\": true, \"new\": null}"));
				d.body_size = d.body.len;
			}
		}
		assert_true(v->ops->receive(v, w->generation, &d, want.id ? 0 : 2));
		assert_in_range(i, 0, 3);
	}
	screen_push(&w->s, v);
	draw(w, 80, 24);
	return v;
}

static void test_diff(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	open_diff(&w, 0);
	check(&w, "diff");
	check_wide(&w, "diff");
	draw(&w, 80, 24);
	assert_true(shows(&w, "diff #2 -> #4"));
	/* Context, key order, what differs every time. */
	act(&w, ACTION_CONTEXT);
	assert_true(shows(&w, "10 lines"));
	act(&w, ACTION_CONTEXT);
	assert_true(shows(&w, "  all  "));
	act(&w, ACTION_CONTEXT);
	assert_true(shows(&w, "3 lines"));
	act(&w, ACTION_KEY_ORDER);
	assert_true(shows(&w, "order counts"));
	act(&w, ACTION_KEY_ORDER);
	act(&w, ACTION_VOLATILE);
	assert_true(shows(&w, "ids shown"));
	check(&w, "diff-volatile");
	end(&w);
}

static size_t cursor_row(const struct world *w)
{
	return (size_t)w->surface.cursor_y;
}

static void test_hunks(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	open_diff(&w, 2);
	size_t top = cursor_row(&w);
	act(&w, ACTION_HIT_NEXT);
	size_t first = cursor_row(&w);
	assert_true(first > top);
	act(&w, ACTION_HIT_NEXT);
	assert_true(cursor_row(&w) > first);
	act(&w, ACTION_HIT_BACK);
	assert_int_equal(cursor_row(&w), first);
	for (int i = 0; i < 10 && w.out.kind != EFFECT_SAY; i++)
		act(&w, ACTION_HIT_NEXT);
	assert_string_equal(w.out.text, "no difference after this one");
	end(&w);
}

static void test_diff_of_nothing(void **state)
{
	struct world w;
	struct view_want want;
	(void)state;
	begin(&w, "application/json", json);
	struct view *v = view_diff_new(4, 0, "x");
	struct document d = { 0 };
	assert_non_null(v);
	screen_push(&w.s, v);
	/* The first is read, the other is not to be found. */
	assert_true(v->ops->wants(v, &w.s.ui, 1000, &want));
	make_document(&w, &want, &d);
	assert_false(v->ops->receive(v, 999, &d, 0));
	assert_true(v->ops->receive(v, 1000, &d, 0));
	assert_true(v->ops->wants(v, &w.s.ui, 1001, &want));
	assert_int_equal(want.id, 0);
	d = (struct document){ 0 };
	assert_true(v->ops->receive(v, 1001, &d, 0));
	assert_false(v->ops->wants(v, &w.s.ui, 1002, &want));
	assert_true(shows(&w, "Nothing of its kind came before #4."));
	act(&w, ACTION_CONTEXT);
	act(&w, ACTION_HIT_NEXT);
	screen_pop(&w.s);
	/* One was deleted meanwhile. */
	open_diff(&w, 77);
	assert_true(shows(&w, "#77: the delivery is no longer on record"));
	end(&w);
}

static void test_help(void **state)
{
	struct world w;
	struct error e;
	(void)state;
	begin(&w, "text/plain", "x");
	/* As the user has them. */
	assert_true(keymap_read(&w.s.ui.keys, bytes_of("bind list F12 reverse"), &e));
	push(&w, view_help_new(CONTEXT_LIST, HAVE_ROW));
	check(&w, "help-list");
	check_wide(&w, "help-list");
	draw(&w, 80, 24);
	assert_true(shows(&w, "kept until the app is back"));
	act(&w, ACTION_BOTTOM);
	assert_true(shows(&w, "also split, order, time"));
	assert_true(shows(&w, " end\n"));
	struct view *v = screen_top(&w.s);
	v->ops->search(v, &w.s.ui, "newest last or newest first", false, &w.out);
	assert_true(shows(&w, "v, F12"));
	screen_pop(&w.s);
	w.s.ui.search[0] = '\0';
	push(&w, view_help_new(CONTEXT_DETAIL, 0));
	check(&w, "help-detail");
	check_wide(&w, "help-detail");
	end(&w);
}

/* The examples of filters are of what is chosen, written as a filter needs them, and shown as all that came is. */
static void test_help_examples(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "text/plain", "x");
	struct delivery_row *row = &w.s.ui.list.items[0].row;
	for (size_t i = 0; i < w.s.ui.list.count; i++)
		if (w.s.ui.list.items[i].row.id == 4)
			row = &w.s.ui.list.items[i].row;
	row->event_type = bytes_of("paid \"now\" \x1b[2J\x9b");
	row->provider = bytes_of("");
	row->path = bytes_of("/a/very/long/path/that/nobody/would/want/to/read/as/an/example/of/a/filter");
	push(&w, view_help_new(CONTEXT_LIST, HAVE_ROW));
	draw(&w, 120, 100);
	assert_true(shows(&w, "event:\"paid \\\"now\\\" ^[[2J<9b>\"  this event"));
	assert_false(shows(&w, "this sender"));
	assert_false(shows(&w, "this path"));
	end(&w);
}

/* Every action of a context stands in its help, with its keys. */
static void test_help_is_whole(void **state)
{
	static const enum context contexts[] = { CONTEXT_LIST, CONTEXT_DETAIL, CONTEXT_DIFF, CONTEXT_HELP };
	struct world w;
	(void)state;
	begin(&w, "text/plain", "x");
	for (size_t i = 0; i < 4; i++) {
		push(&w, view_help_new(contexts[i], 0));
		draw(&w, 200, 100);
		struct buffer all = { 0 };
		assert_true(surface_dump(&w.surface, &all, NULL));
		for (int a = 1; a < ACTION_COUNT; a++) {
			const struct action_info *info = action_info((enum action)a);
			bool there = memmem(all.at, all.len, info->help, strlen(info->help)) != NULL;
			if (info->contexts & contexts[i])
				assert_true(there);
		}
		buffer_free(&all);
		screen_pop(&w.s);
	}
	end(&w);
}

static void add_event(struct world *w, const char *text)
{
	struct ui *ui = &w->s.ui;
	free(ui->events[ui->event_next].text);
	ui->events[ui->event_next] =
	    (struct event){ UINT64_C(1795435200000000) + ui->event_count * 1000000, strdup(text) };
	ui->event_next = (ui->event_next + 1) % UI_EVENTS;
	ui->event_count += ui->event_count < UI_EVENTS;
}

static void test_events(void **state)
{
	struct world w;
	char text[64];
	(void)state;
	begin(&w, "text/plain", "x");
	push(&w, view_events_new());
	assert_true(shows(&w, "Nothing yet"));
	add_event(&w, "the tunnel is online");
	add_event(&w,
		  "the relay said \x1b]0;x\x07 and a sentence that is longer than a line of eighty columns has room");
	check(&w, "events");
	check_wide(&w, "events");
	draw(&w, 80, 24);
	/* New ones are seen as they come; the oldest of more than are kept are gone. */
	for (int i = 1; i <= UI_EVENTS + 5; i++) {
		snprintf(text, sizeof text, "event %d.", i);
		add_event(&w, text);
	}
	assert_true(shows(&w, "event 205."));
	assert_false(shows(&w, "event 6."));
	act(&w, ACTION_TOP);
	assert_true(shows(&w, "event 6."));
	assert_false(shows(&w, "event 5."));
	/* But not under the eyes of who reads further up. */
	add_event(&w, "one more");
	assert_false(shows(&w, "one more"));
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_diff),
		cmocka_unit_test(test_hunks),
		cmocka_unit_test(test_diff_of_nothing),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_help_examples),
		cmocka_unit_test(test_help_is_whole),
		cmocka_unit_test(test_events),
	};
	return RUN(tests);
}
