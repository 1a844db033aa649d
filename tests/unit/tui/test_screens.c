#include "tests/tools/fake_source.h"
#include "tests/unit/tui/tui_golden.h"
#include "tui/desk/screen.h"
#include "tui/overview/view_overview.h"
#include "tui/questions/sheet_menu.h"
#include "tui/views/bars.h"

struct world {
	struct fake_source f;
	struct screen s;
	struct surface surface;
};

static void feed(struct world *w)
{
	struct list_model *m = &w->s.ui.list;
	struct list_request r;
	uint64_t generation;
	if (list_wants_order(m, &generation)) {
		struct ordered o;
		fake_source_order(&w->f, w->s.ui.filter, &m->sorting.by, 60, &o);
		assert_true(list_receive_order(m, generation, &o));
	}
	while (list_wants(m, &r)) {
		struct page p;
		if (r.ids)
			fake_source_rows(&w->f, r.ids, r.count, &p);
		else
			fake_source_page(&w->f, w->s.ui.filter, r.anchor, r.forward, r.count, &p);
		assert_true(list_receive(m, r.generation, &p));
	}
}

static void begin(struct world *w, int count)
{
	setenv("TZ", "UTC", 1);
	*w = (struct world){ 0 };
	fake_source_init(&w->f);
	fake_source_add(&w->f, count);
	assert_true(screen_init(&w->s));
	w->s.ui.client = w->f.client;
	w->s.ui.client.lag_us = 12000;
	w->s.ui.now_us = w->f.clock_us;
	w->s.ui.total = (uint64_t)count + 1000000;
	w->s.ui.total_known = true;
	w->s.ui.rate = 7;
}

static void draw(struct world *w, int columns, int rows)
{
	assert_true(surface_resize(&w->surface, columns, rows));
	screen_draw(&w->s, &w->surface); /* the first tells the list its height */
	feed(w);
	screen_draw(&w->s, &w->surface);
}

static void check_sizes(struct world *w, const char *name, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		draw(w, golden_sizes[i].columns, golden_sizes[i].rows);
		golden_check_size(&w->surface, name);
	}
}

static void check(struct world *w, const char *name)
{
	check_sizes(w, name, 0, GOLDEN_WIDE);
}

/* Of screens that look otherwise where there is much room. */
static void check_wide(struct world *w, const char *name)
{
	check_sizes(w, name, GOLDEN_WIDE, GOLDEN_SIZES);
}

static void end(struct world *w)
{
	screen_free(&w->s);
	fake_source_free(&w->f);
	surface_free(&w->surface);
}

static void act(struct world *w, enum action a, struct effect *out)
{
	struct view *top = screen_top(&w->s);
	*out = (struct effect){ 0 };
	if (!view_act_common(top, &w->s.ui, a, out))
		top->ops->act(top, &w->s.ui, a, 1, out);
	feed(w);
}

static void test_list(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 214);
	check(&w, "list-follow");
	check_wide(&w, "list-follow");
	end(&w);
}

static bool is_there(struct world *w, int columns, const char *words)
{
	struct buffer text = { 0 }, roles = { 0 };
	draw(w, columns, 24);
	assert_true(surface_dump(&w->surface, &text, &roles) && buffer_put_u8(&text, 0));
	bool there = strstr((const char *)text.at, words) != NULL;
	buffer_free(&text);
	buffer_free(&roles);
	return there;
}

static void test_list_of_an_old_day(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 214);
	assert_true(is_there(&w, 80, "    TIME     STAT"));
	w.s.ui.now_us += UINT64_C(86400000000);
	assert_true(is_there(&w, 80, "    11-23    STAT"));
	assert_true(is_there(&w, 40, "    11-23 STAT"));
	ui_set_time(&w.s.ui, TIMES_AGO);
	assert_true(is_there(&w, 80, "    TIME     STAT"));
	end(&w);
}

static void test_list_sorted(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 214);
	list_sort(&w.s.ui.list, STORE_ORDER_TOOK, true);
	list_counted(&w.s.ui.list, 226); /* twelve came since */
	check(&w, "list-sorted");
	check_wide(&w, "list-sorted");
	w.s.ui.list.sorting.order.matched = 1000214; /* with no more than the first kept */
	assert_true(is_there(&w, 80, "SORTED by took, first 214 of 1,000,214"));
	list_sort(&w.s.ui.list, STORE_ORDER_ATTEMPTS, false);
	check(&w, "list-sorted-up");
	sheet_sort_menu(&w.s.sheet, &w.s.ui);
	check(&w, "sheet-sort");
	check_wide(&w, "sheet-sort");
	end(&w);
}

/* What the answer to tui_load_preview would have put there. */
static void preview(struct world *w, const char *event_id, const char *reason)
{
	struct ui *ui = &w->s.ui;
	const struct item *item = list_chosen(&ui->list);
	preview_free(&ui->preview);
	ui->preview_id = item->row.id;
	ui->preview_attempts = item->row.attempts;
	ui->preview_status = item->row.status;
	assert_true(buffer_append_text(&ui->preview.event_id, event_id) &&
		    buffer_append_text(&ui->preview.reason, reason));
}

static void stats(struct world *w, struct view *v)
{
	struct stats_wish wish;
	struct stats_result r;
	assert_true(view_overview_wants(v, 7, &wish));
	fake_source_stats(&w->f, w->s.ui.filter, &wish, &r);
	assert_true(view_overview_receive(v, 7, &r));
}

/* Charts of cells; Enter narrows the list to what a row counts, at the time that is chosen. */
static void test_overview(void **state)
{
	struct world w;
	struct effect e;
	struct stats_wish wish;
	(void)state;
	begin(&w, 214);
	draw(&w, 80, 24);
	act(&w, ACTION_OVERVIEW, &e);
	assert_int_equal(e.kind, EFFECT_OVERVIEW);
	struct view *v = view_overview_new();
	assert_non_null(v);
	screen_push(&w.s, v);
	draw(&w, 80, 24);
	stats(&w, v);
	check(&w, "overview");
	check_wide(&w, "overview");
	draw(&w, 80, 24);
	stats(&w, v); /* another width, other steps */
	act(&w, ACTION_NARROW, &e);
	assert_int_equal(e.kind, EFFECT_SHOW_FILTER);
	assert_string_equal(e.text, "status:2xx since:2026-11-23T12:00:00Z");
	assert_string_equal(w.s.ui.before_quick, "");
	act(&w, ACTION_DOWN, &e);
	act(&w, ACTION_STEP_BACK, &e);
	act(&w, ACTION_STEP_BACK, &e);
	check(&w, "overview-step");
	act(&w, ACTION_NARROW, &e);
	assert_string_equal(e.text, "status:3xx since:2026-11-23T12:18:00Z before:2026-11-23T12:19:00Z");
	act(&w, ACTION_BOTTOM, &e);
	act(&w, ACTION_NARROW, &e);
	assert_int_equal(e.kind, EFFECT_OPEN);
	assert_int_equal(e.id, 5);
	/* Another grouping is counted anew, and what was asked for before is not taken. */
	act(&w, ACTION_BY, &e);
	assert_true(view_overview_wants(v, 8, &wish));
	assert_int_equal(wish.by, STATS_BY_EVENT);
	struct stats_result late = { .searched = 1, .total = 2 };
	assert_false(view_overview_receive(v, 7, &late));
	assert_true(view_overview_receive(v, 8, &late));
	assert_int_equal(view_overview_stop(v), 8);
	assert_int_equal(view_overview_stop(v), 0);
	assert_false(view_overview_wants(v, 9, &wish)); /* until a key asks for it */
	act(&w, ACTION_SPAN_LESS, &e);
	assert_true(view_overview_wants(v, 9, &wish));
	assert_true(wish.from_s > 0);
	end(&w);
}

/* The provider's id of what is chosen; where there is little room, that rather than what the row above says. */
static void test_preview(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 209);
	draw(&w, 80, 24);
	preview(&w, "evt_1Q8xZ", "OK");
	check(&w, "list-preview");
	preview(&w, "evt_1MqqbKLt4dXK03v5qaIbiNCC", "OK");
	assert_true(is_there(&w, 80, "\n evt_1MqqbKLt4dXK03v5qaIbiNCC  #209  /hooks/stripe  200  signature valid"));
	assert_true(
	    is_there(&w, 140, "\n stripe evt_1MqqbKLt4dXK03v5qaIbiNCC  #209  POST /hooks/stripe  200 OK  38ms"));
	assert_true(is_there(&w, 60, "\n evt_1MqqbKLt4dXK03v5qaIbiNCC  /hooks..  200  signature"));
	/* Of another attempt, and of another delivery. */
	w.s.ui.preview_attempts++;
	assert_true(is_there(&w, 140, "POST /hooks/stripe  200  38ms"));
	w.s.ui.preview_id--;
	assert_true(is_there(&w, 140, "\n #209  POST /hooks/stripe  200  38ms  signature valid"));
	end(&w);
}

static void test_paused(void **state)
{
	struct world w;
	struct effect e;
	(void)state;
	begin(&w, 214);
	draw(&w, 80, 24);
	for (int i = 0; i < 4; i++)
		act(&w, ACTION_UP, &e);
	fake_source_at(&w.f, 209)->row.state = DELIVERY_WAITING;
	fake_source_at(&w.f, 211)->row.state = DELIVERY_SENDING;
	fake_source_at(&w.f, 213)->row.replay_of = 4;
	assert_true(list_mark(&w.s.ui.list, 208, true));
	assert_true(list_mark(&w.s.ui.list, 212, true));
	fake_source_add(&w.f, 12);
	list_changed(&w.s.ui.list);
	feed(&w);
	w.s.ui.strip = (struct strip){ .shown = true,
				       .running = true,
				       .begun_us = w.s.ui.now_us - 5375000,
				       .progress = { .sent = 43, .ok = 41, .failed = 2, .total = 100 } };
	check(&w, "list-paused");
	check_wide(&w, "list-paused");
	end(&w);
}

/* M narrows what is shown to what is marked and gives it back as it was; an OR in it stays one. */
static void test_only_marked(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{ "", "is:marked" },
		{ "status:5xx", "status:5xx is:marked" },
		{ "status:5xx OR source:a", "(status:5xx OR source:a) is:marked" },
		{ "status:5xx or source:a", "status:5xx or source:a is:marked" }, /* three words */
		{ "(a) OR (b)", "((a) OR (b)) is:marked" },
		{ "(a OR b) c", "(a OR b) c is:marked" },
		{ "path:/orders", "path:/orders is:marked" },
	};
	struct world w;
	struct effect e;
	(void)state;
	begin(&w, 3);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(w.s.ui.filter, sizeof w.s.ui.filter, "%s", cases[i].before);
		act(&w, ACTION_ONLY_MARKED, &e);
		assert_int_equal(e.kind, EFFECT_FILTER);
		assert_string_equal(e.text, cases[i].after);
		memcpy(w.s.ui.filter, e.text, sizeof w.s.ui.filter);
		act(&w, ACTION_ONLY_MARKED, &e);
		assert_int_equal(e.kind, EFFECT_FILTER);
		assert_string_equal(e.text, cases[i].before);
	}
	/* What is not of our making is not taken apart. */
	snprintf(w.s.ui.filter, sizeof w.s.ui.filter, "(a) (b) is:marked");
	act(&w, ACTION_ONLY_MARKED, &e);
	assert_string_equal(e.text, "(a) (b)");
	snprintf(w.s.ui.filter, sizeof w.s.ui.filter, "%0*d", UI_FILTER_MAX - 5, 1);
	act(&w, ACTION_ONLY_MARKED, &e);
	assert_int_equal(e.kind, EFFECT_SAY);
	end(&w);
}

/* Nothing of a hostile delivery leaves its cell, wherever on the screen it is shown. */
static void test_hostile(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 30);
	struct delivery_row row = fake_source_at(&w.f, 30)->row;
	row.id = w.f.last_id = 31;
	row.method = bytes_of("GE\x1b]0;x\x07T");
	row.provider = bytes_of("\xe2\x80\xaelive");
	row.event_type = bytes_of("a\rb\nc\x9b"
				  "31m\xc2\x9b e\xcc\x81\xcc\x81\xcc\x81\xcc\x81 \xe4\xb8\xad\xe6\x96\x87");
	row.target = bytes_of("/\x1b[2J?x=\xff&y=\xf0\x9f\x98\x80\xe2\x80\x8d");
	w.f.items = realloc(w.f.items, (w.f.count + 1) * sizeof *w.f.items);
	w.f.room = w.f.count + 1;
	assert_true(item_copy(&w.f.items[w.f.count++], &row));
	check(&w, "list-hostile");
	preview(&w, "\x1b]0;evt\x07\xe2\x80\xae",
		"\x9b"
		"2J\r\n");
	draw(&w, 120, 40);
	golden_check(&w.surface, "list-hostile-preview-120x40");
	end(&w);
}

static void test_states(void **state)
{
	struct world w;
	struct effect e;
	(void)state;
	begin(&w, 0);
	check(&w, "list-empty");
	check_wide(&w, "list-empty");
	draw(&w, 32, 8);
	golden_check(&w.surface, "too-small-32x8");
	snprintf(w.s.ui.filter, sizeof w.s.ui.filter, "source:stripe status:5xx");
	w.s.ui.client = (struct client_state){ 0 };
	check(&w, "list-nothing-matches");
	check_wide(&w, "list-nothing-matches");
	act(&w, ACTION_CLEAR, &e);
	assert_int_equal(e.kind, EFFECT_FILTER);
	assert_string_equal(e.text, "");
	end(&w);
}

static void test_two_days_reversed(void **state)
{
	struct world w;
	struct effect e;
	(void)state;
	begin(&w, 5);
	w.f.clock_us += UINT64_C(86400000000);
	fake_source_add(&w.f, 3);
	act(&w, ACTION_REVERSE, &e);
	assert_int_equal(e.kind, EFFECT_REMEMBER);
	act(&w, ACTION_TIME, &e);
	act(&w, ACTION_TIME, &e);
	w.s.ui.now_us = w.f.clock_us + 61000000;
	check(&w, "list-two-days");
	end(&w);
}

static void test_key_bar(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 3);
	draw(&w, 80, 24);
	assert_int_equal(bars_key_at(&w.s.ui, CONTEXT_LIST, HAVE_ROW, 80, 2), ACTION_HELP);
	assert_int_equal(bars_key_at(&w.s.ui, CONTEXT_LIST, HAVE_ROW, 80, 75), ACTION_QUIT);
	assert_int_equal(bars_key_at(&w.s.ui, CONTEXT_LIST, HAVE_ROW, 80, 71), ACTION_NONE);
	/* Rebinding shows. */
	struct error err;
	assert_true(keymap_read(&w.s.ui.keys, bytes_of("bind all F12 quit\nunbind all F10"), &err));
	draw(&w, 80, 24);
	golden_check(&w.surface, "rebound-80x24");
	end(&w);
}

static void press(struct world *w, key_code code)
{
	struct effect e;
	prompt_key(&w->s.prompt, &w->s.ui, &(struct key){ .code = code }, &e);
}

static void type(struct world *w, const char *text)
{
	for (; *text; text++)
		press(w, (key_code)(unsigned char)*text);
}

/* What is wrong is told while it is typed, with an arrow to it; the palette offers every action. */
static void test_prompts(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 214);
	draw(&w, 80, 24);
	w.s.prompt.context = CONTEXT_LIST;
	w.s.prompt.have = HAVE_ROW;
	prompt_open(&w.s.prompt, &w.s.ui, PROMPT_FILTER, "");
	type(&w, "a status:9x");
	check(&w, "prompt-filter-wrong");
	check_wide(&w, "prompt-filter-wrong");
	press(&w, TKEY_ESCAPE);
	prompt_open(&w.s.prompt, &w.s.ui, PROMPT_COMMAND, "");
	check(&w, "palette");
	check_wide(&w, "palette");
	size_t count = w.s.prompt.suggestion_count, enabled = 0;
	for (int a = 1; a < ACTION_COUNT; a++)
		enabled += action_enabled((enum action)a, CONTEXT_LIST, HAVE_ROW);
	assert_int_equal(count, enabled + 9); /* and the commands */
	for (size_t i = 0; i < count + 3; i++)
		press(&w, TKEY_DOWN);
	assert_int_equal(w.s.prompt.suggestion, count - 1);
	check(&w, "palette-end");
	type(&w, "mark");
	assert_int_equal(w.s.prompt.suggestions[0].action, ACTION_MARK);
	end(&w);
}

/* What a message says to do stands at its end. */
static void test_long_message(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 214);
	snprintf(
	    w.s.ui.message, sizeof w.s.ui.message,
	    "/home/somebody/.local/share/creel/creel.db cannot be read: it is damaged: move it away (creel makes a "
	    "new one), or have a copy of it");
	w.s.ui.message_bad = true;
	check(&w, "message-long");
	check_wide(&w, "message-long");
	memset(w.s.ui.message, 'x', 300);
	w.s.ui.message[300] = '\0';
	check(&w, "message-one-word");
	end(&w);
}

/* Of a delivery's title the event gives way. */
static void test_long_event(void **state)
{
	struct world w;
	char event[200];
	(void)state;
	begin(&w, 3);
	draw(&w, 80, 24);
	memset(event, 'e', sizeof event);
	struct item *item = fake_source_at(&w.f, 1);
	item->row.event_type = bytes_make((const uint8_t *)event, sizeof event);
	surface_clear(&w.surface);
	bars_draw_detail_title(&w.s.ui, item, (struct bytes){ 0 }, &w.surface, (struct rect){ 0, 0, 80, 1 });
	bars_draw_detail_title(&w.s.ui, item, (struct bytes){ 0 }, &w.surface, (struct rect){ 0, 1, 40, 1 });
	golden_check(&w.surface, "title-long-event-80x24");
	end(&w);
}

/* Where nothing could be read nobody knows what matches. */
static void test_trouble(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 0);
	snprintf(w.s.ui.filter, sizeof w.s.ui.filter, "push");
	draw(&w, 80, 24);
	w.s.ui.list.trouble = strdup("the record cannot be read");
	screen_draw(&w.s, &w.surface);
	golden_check(&w.surface, "list-trouble-80x24");
	end(&w);
}

static void expect_typed(struct world *w, const char *text, size_t offered)
{
	assert_string_equal(w->s.prompt.text, text);
	assert_int_equal(w->s.prompt.suggestion_count, offered);
}

/* Tab goes as far as there is one way on, shows what there is, and goes through it. */
static void test_filter_completion(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 214);
	draw(&w, 80, 24);
	struct prompt *p = &w.s.prompt;
	prompt_open(p, &w.s.ui, PROMPT_FILTER, "");
	type(&w, "-(sta");
	press(&w, TKEY_TAB);
	expect_typed(&w, "-(stat", 2);
	press(&w, TKEY_TAB);
	expect_typed(&w, "-(status:", 2);
	press(&w, TKEY_TAB);
	expect_typed(&w, "-(state:", 2);
	check(&w, "prompt-complete-fields");
	check_wide(&w, "prompt-complete-fields");
	press(&w, TKEY_DOWN);
	press(&w, TKEY_UP);
	press(&w, TKEY_BACKTAB);
	expect_typed(&w, "-(status:", 2);
	press(&w, TKEY_ENTER); /* values follow, it is not applied */
	expect_typed(&w, "-(status:", 7);
	press(&w, TKEY_TAB);
	press(&w, TKEY_TAB);
	expect_typed(&w, "-(status:3xx", 7);
	check(&w, "prompt-complete");
	type(&w, ",5");
	expect_typed(&w, "-(status:3xx,5", 0);
	press(&w, TKEY_TAB);
	expect_typed(&w, "-(status:3xx,5xx", 0);
	/* Of what is read; Esc takes the offer away, and only then the prompt. */
	type(&w, ") SOURCE:s");
	press(&w, TKEY_TAB);
	expect_typed(&w, "-(status:3xx,5xx) SOURCE:s", 3); /* stripe, slack, shopify */
	press(&w, TKEY_ESCAPE);
	expect_typed(&w, "-(status:3xx,5xx) SOURCE:s", 0);
	type(&w, "h");
	press(&w, TKEY_TAB);
	expect_typed(&w, "-(status:3xx,5xx) SOURCE:shopify", 0);
	type(&w, " x");
	press(&w, TKEY_TAB);
	expect_typed(&w, "-(status:3xx,5xx) SOURCE:shopify x", 0);
	press(&w, TKEY_CTRL('u'));
	press(&w, TKEY_BACKTAB);
	size_t fields = p->suggestion_count;
	assert_true(fields > 20);
	press(&w, TKEY_BACKTAB);
	expect_typed(&w, "json:", fields);
	press(&w, TKEY_CTRL('u'));
	type(&w, "event:");
	press(&w, TKEY_BACKTAB);
	press(&w, TKEY_BACKTAB);
	check(&w, "prompt-complete-many");
	struct effect e;
	press(&w, TKEY_CTRL('u'));
	type(&w, "is:rep");
	press(&w, TKEY_TAB);
	prompt_key(p, &w.s.ui, &(struct key){ .code = TKEY_ENTER }, &e);
	assert_int_equal(e.kind, EFFECT_FILTER);
	assert_string_equal(e.text, "is:replay");
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_list),
		cmocka_unit_test(test_list_of_an_old_day),
		cmocka_unit_test(test_list_sorted),
		cmocka_unit_test(test_overview),
		cmocka_unit_test(test_preview),
		cmocka_unit_test(test_paused),
		cmocka_unit_test(test_only_marked),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_two_days_reversed),
		cmocka_unit_test(test_key_bar),
		cmocka_unit_test(test_prompts),
		cmocka_unit_test(test_filter_completion),
		cmocka_unit_test(test_long_message),
		cmocka_unit_test(test_trouble),
		cmocka_unit_test(test_long_event),
	};
	return RUN(tests);
}
