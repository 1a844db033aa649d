#include "tests/unit/tui/detail_fixture.h"
#include "tui/detail/detail_private.h"

static const char json[] = "{\n  \"id\": \"evt_1Q8xZ2\",\n  \"created\": 1764000151,\n  \"data\": {\"object\": "
			   "{\"amount_due\": 4900.00,\n \"lines\": {\"a\": 1, \"b\": [1, 2, 3]},\n"
			   " \"metadata\": {}, \"note\": \"hi \\u001b]52;c;QUJD\", \"big\": 12345678901234567890}},\n"
			   "  \"livemode\": false, \"livemode\": true}\n";

static void test_json(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json; charset=utf-8", json);
	push(&w, view_detail_new(4));
	check(&w, "detail-json");
	check_wide(&w, "detail-json");
	draw(&w, 80, 24);
	/* Folded, by line; the number keeps its zeros, the key that stands twice stands twice. */
	struct effect e = { 0 };
	struct view *v = screen_top(&w.s);
	v->ops->search(v, &w.s.ui, "\"lines\"", false, &e);
	act(&w, ACTION_FOLD);
	assert_true(shows(&w, "> \"lines\": { 2 keys"));
	check(&w, "detail-json-folded");
	act(&w, ACTION_FOLD_ALL);
	assert_false(shows(&w, "amount_due"));
	act(&w, ACTION_FOLD_ALL);
	assert_true(shows(&w, "\"amount_due\": 4900.00"));
	act(&w, ACTION_FOLD_MORE);
	assert_true(shows(&w, "> \"b\": [ 3"));
	act(&w, ACTION_FOLD_LESS);
	assert_true(shows(&w, "v \"b\": ["));
	end(&w);
}

static void test_value(void **state)
{
	struct world w;
	struct effect e = { 0 };
	struct buffer out = { 0 };
	(void)state;
	begin(&w, "application/json", json);
	struct view *v = push(&w, view_detail_new(4));
	act(&w, ACTION_DOWN);
	assert_true(view_detail_value(v, false, &out));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("k3f9.example.dev")));
	out.len = 0;
	assert_true(view_detail_value(v, true, &out));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("Host")));
	v->ops->search(v, &w.s.ui, "amount_due", false, &e);
	out.len = 0;
	assert_true(view_detail_value(v, true, &out));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("data.object.amount_due")));
	out.len = 0;
	assert_true(view_detail_value(v, false, &out));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("4900.00")));
	out.len = 0;
	act(&w, ACTION_TOP);
	assert_false(view_detail_value(v, false, &out));
	assert_false(view_detail_value(&w.s.list, false, &out));
	buffer_free(&out);
	end(&w);
}

static void test_looks(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	push(&w, view_detail_new(4));
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "raw (p: pretty)"));
	assert_true(shows(&w, "{\"a\": 1, \"b\": [1, 2, 3]},"));
	act(&w, ACTION_HEX);
	assert_true(shows(&w, "hex (p: pretty)"));
	assert_true(shows(&w, "00000000 | 7b 0a 20 20 22"));
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "pretty (p: raw)"));
	/* Another delivery is shown as at first. */
	act(&w, ACTION_HEX);
	view_detail_show(screen_top(&w.s), 5);
	assert_true(shows(&w, "pretty (p: raw)"));
	end(&w);
}

/* What was folded is so when one comes back from another tab, at the width of now; of another body it is not. */
static void test_folds_stay(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	struct view *v = push(&w, view_detail_new(4));
	struct detail *d = (struct detail *)v;
	act(&w, ACTION_FOLD); /* the request line */
	assert_string_equal(w.out.text, "nothing folds on this line");
	act(&w, ACTION_FOLD_ALL);
	assert_int_equal(w.out.kind, EFFECT_NONE);
	size_t folded = pager_count(&d->pager);
	for (int tab = ACTION_TAB_RESPONSE; tab <= ACTION_TAB_RAW; tab++) {
		act(&w, (enum action)tab);
		draw(&w, 80, 24);
		act(&w, ACTION_TAB_REQUEST);
		draw(&w, 80, 24);
		assert_int_equal(pager_count(&d->pager), folded);
	}
	act(&w, ACTION_TAB_ATTEMPTS);
	draw(&w, 120, 40);
	act(&w, ACTION_TAB_REQUEST);
	draw(&w, 120, 40);
	assert_int_equal(d->columns, 119);
	assert_true(shows(&w, "> "));
	act(&w, ACTION_FOLD_ALL); /* the key knows it, too */
	assert_true(pager_count(&d->pager) > folded);
	/* Left folded, then another delivery is shown: as at first. */
	act(&w, ACTION_FOLD_ALL);
	act(&w, ACTION_TAB_RESPONSE);
	draw(&w, 80, 24);
	act(&w, ACTION_NEXT);
	act(&w, ACTION_TAB_REQUEST);
	draw(&w, 80, 24);
	assert_true(pager_count(&d->pager) > folded);
	end(&w);
}

/* So is what was folded when one comes back from the raw body or its bytes, in the place that was left. */
static void test_folds_stay_with_looks(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	struct detail *d = (struct detail *)push(&w, view_detail_new(4));
	act(&w, ACTION_FOLD_ALL);
	act(&w, ACTION_BOTTOM);
	size_t folded = pager_count(&d->pager), line = d->pager.line;
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "raw (p: pretty)"));
	assert_true(shows(&w, "{\"a\": 1, \"b\": [1, 2, 3]},"));
	act(&w, ACTION_TOP);
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "pretty (p: raw)"));
	assert_int_equal(pager_count(&d->pager), folded);
	assert_int_equal(d->pager.line, line);
	/* By way of the bytes and of other tabs, at another width. */
	act(&w, ACTION_PRETTY);
	act(&w, ACTION_HEX);
	assert_true(shows(&w, "00000000 | 7b 0a 20 20 22"));
	act(&w, ACTION_TAB_RESPONSE);
	act(&w, ACTION_TAB_REQUEST);
	assert_true(shows(&w, "hex (p: pretty)"));
	draw(&w, 120, 40);
	act(&w, ACTION_HEX);
	assert_in_range(pager_count(&d->pager), 1, folded); /* less above the body */
	assert_int_equal(d->columns, 119);
	act(&w, ACTION_FOLD_ALL); /* the key knows it, too */
	assert_true(pager_count(&d->pager) > folded);
	/* Left raw and folded, then another delivery is shown: as at first. */
	act(&w, ACTION_FOLD_ALL);
	act(&w, ACTION_PRETTY);
	view_detail_show(screen_top(&w.s), 5);
	assert_true(shows(&w, "pretty (p: raw)"));
	assert_true(pager_count(&d->pager) > folded);
	end(&w);
}

/* Without a drawing between two keys, too; and the place in a body that is shorter otherwise is its end. */
static void test_looks_fast(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", "{\"a\": [1, 2, 3, 4, 5, 6, 7, 8, 9]}");
	struct view *v = push(&w, view_detail_new(4));
	struct detail *d = (struct detail *)v;
	act(&w, ACTION_FOLD_ALL);
	size_t folded = pager_count(&d->pager);
	for (int i = 0; i < 4; i++)
		v->ops->act(v, &w.s.ui, i == 2 ? ACTION_FOLD_ALL : ACTION_PRETTY, 1, &w.out);
	act(&w, ACTION_PRETTY);
	assert_true(shows(&w, "pretty (p: raw)"));
	assert_int_equal(pager_count(&d->pager), folded);
	act(&w, ACTION_FOLD_ALL);
	act(&w, ACTION_BOTTOM);
	size_t line = d->pager.line;
	act(&w, ACTION_PRETTY);
	assert_true(d->pager.line < line);
	assert_int_equal(d->pager.line, pager_count(&d->pager) - 1);
	end(&w);
}

/* The app's words for its status, of the last attempt; cut, and left out where nothing of them would be read. */
static void test_reason(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	push(&w, view_detail_new(4));
	draw(&w, 87, 24);
	assert_true(shows(&w, "12:00:03.000  500 Internal Server Error  9ms\n"));
	draw(&w, 86, 24);
	assert_true(shows(&w, "12:00:03.000  500 Internal Server Er..  9ms\n"));
	draw(&w, 71, 24);
	assert_true(shows(&w, "12:00:03.000  500 Int..  9ms\n"));
	draw(&w, 70, 24);
	assert_true(shows(&w, "12:00:03.000       500  9ms\n"));
	draw(&w, 40, 10);
	assert_true(shows(&w, "500  9ms\n"));
	/* A row that tells of something else has none. */
	fake_source_at(&w.f, 4)->row.status = 502;
	view_detail_changed(screen_top(&w.s));
	draw(&w, 120, 24);
	assert_true(shows(&w, " 502  9ms\n"));
	fake_source_at(&w.f, 4)->row.status = 500;
	fake_source_at(&w.f, 4)->row.state = DELIVERY_SENDING;
	view_detail_changed(screen_top(&w.s));
	draw(&w, 120, 24);
	assert_true(shows(&w, " send  9ms\n"));
	end(&w);
}

static void test_response(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	push(&w, view_detail_new(4));
	act(&w, ACTION_TAB_RESPONSE);
	check(&w, "detail-response");
	draw(&w, 80, 24);
	act(&w, ACTION_ATTEMPT_BACK);
	assert_true(shows(&w, "Attempt 2 of 3"));
	assert_true(shows(&w, "ERR unreachable"));
	assert_true(shows(&w, "nothing is listening on localhost:3000"));
	act(&w, ACTION_ATTEMPT_BACK);
	assert_true(shows(&w, "answer 1: "));
	act(&w, ACTION_ATTEMPT_BACK);
	assert_string_equal(w.out.text, "there is no attempt before this");
	assert_true(shows(&w, "answer 1: "));
	/* The bytes are those of what was looked at. */
	act(&w, ACTION_TAB_RAW);
	assert_true(shows(&w, "Response body"));
	act(&w, ACTION_TAB_REQUEST);
	act(&w, ACTION_TAB_RAW);
	assert_true(shows(&w, "Request body"));
	end(&w);
}

static void test_attempts(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	struct view *v = push(&w, view_detail_new(4));
	act(&w, ACTION_TAB_ATTEMPTS);
	check(&w, "detail-attempts");
	check_wide(&w, "detail-attempts");
	/* Of a sender that waited: when its answer went. */
	w.waited = true;
	view_detail_changed(screen_top(&w.s));
	check(&w, "detail-answered");
	w.late = true;
	view_detail_changed(screen_top(&w.s));
	check(&w, "detail-late");
	w.late = false;
	view_detail_changed(screen_top(&w.s));
	draw(&w, 80, 24);
	/* Enter on an attempt chooses it, on a replay opens it. */
	struct effect e = { 0 };
	v->ops->search(v, &w.s.ui, "nothing is listening", false, &e);
	act(&w, ACTION_FOLD);
	assert_int_equal(detail_attempt_number((struct detail *)v), 2);
	assert_true(shows(&w, ">  2  12:00:33.016"));
	v->ops->search(v, &w.s.ui, "#201", false, &e);
	act(&w, ACTION_FOLD);
	assert_int_equal(w.out.kind, EFFECT_OPEN);
	assert_int_equal(w.out.id, 201);
	end(&w);
}

static void test_not_called(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "text/plain", "");
	struct item *item = fake_source_at(&w.f, 4);
	item->row.state = DELIVERY_WAITING;
	struct view *v = view_detail_new(4);
	struct view_want want;
	struct document d = { 0 };
	assert_true(v->ops->wants(v, &w.s.ui, 1, &want));
	assert_true(item_copy(&d.item, &item->row));
	put_header(&d.headers, "Host", "x");
	assert_true(v->ops->receive(v, 1, &d, 0));
	screen_push(&w.s, v);
	/* There is no attempt: an answer is asked for, and there is none. */
	act(&w, ACTION_TAB_REQUEST);
	assert_true(shows(&w, "(no body)"));
	struct detail *detail = (struct detail *)v;
	detail_tab(detail, TAB_ANSWER);
	assert_true(v->ops->wants(v, &w.s.ui, 1000, &want));
	assert_int_equal(want.part, SOURCE_RESPONSE);
	assert_int_equal(want.attempt, 0);
	d = (struct document){ 0 };
	assert_true(item_copy(&d.item, &item->row));
	assert_true(v->ops->receive(v, 1000, &d, 0));
	assert_true(shows(&w, "The app was not called yet"));
	detail_tab(detail, TAB_TIMES);
	assert_true(shows(&w, "waits to be sent"));
	end(&w);
}

/* Answers to what is no longer shown change nothing, and one question is under way at a time. */
static void test_stale(void **state)
{
	struct world w;
	struct view_want want;
	struct document d;
	(void)state;
	begin(&w, "text/plain", "body");
	struct view *v = view_detail_new(4);
	assert_true(v->ops->wants(v, &w.s.ui, 100, &want));
	assert_int_equal(want.id, 4);
	assert_false(v->ops->wants(v, &w.s.ui, 101, &want));
	view_detail_show(v, 5);
	view_detail_show(v, 6);
	struct view_want four = { .id = 4, .most = 100 };
	make_document(&w, &four, &d);
	assert_false(v->ops->receive(v, 99, &d, 0));
	assert_true(v->ops->receive(v, 100, &d, 0));
	assert_null(view_detail_row(v));
	assert_true(v->ops->wants(v, &w.s.ui, 102, &want));
	assert_int_equal(want.id, 6);
	push(&w, v); /* its answer never comes */
	assert_false(shows(&w, "k3f9.example.dev"));
	end(&w);
}

/* [ and ] go through the list, whose choice moves along. */
static void test_neighbours(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "text/plain", "body");
	struct view *v = push(&w, view_detail_new(4));
	act(&w, ACTION_TAB_ATTEMPTS);
	act(&w, ACTION_NEXT);
	assert_int_equal(v->ops->current(v, &w.s.ui), 5);
	assert_int_equal(list_chosen(&w.s.ui.list)->row.id, 5);
	assert_true(shows(&w, "pull_request.opened"));
	assert_true(shows(&w, "[3 Timing/Attempts]"));
	for (int i = 0; i < 6; i++)
		act(&w, ACTION_PREVIOUS);
	assert_int_equal(v->ops->current(v, &w.s.ui), 1);
	assert_string_equal(w.out.text, "this is the top of the list");
	/* Newest first: ] is what stands below. */
	list_reverse(&w.s.ui.list);
	list_goto(&w.s.ui.list, 4);
	act(&w, ACTION_NEXT);
	assert_int_equal(v->ops->current(v, &w.s.ui), 3);
	end(&w);
}

/* What becomes of a delivery shows while it is looked at; that it was deleted, too. */
static void test_news(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "text/plain", "the body stays");
	fake_source_at(&w.f, 4)->row.state = DELIVERY_SENDING;
	struct view *v = push(&w, view_detail_new(4));
	assert_true(shows(&w, "send  9ms"));
	fake_source_at(&w.f, 4)->row.state = DELIVERY_FAILED;
	uint64_t asked = w.asked;
	view_detail_changed(v);
	assert_true(shows(&w, "500 Internal Ser..  9ms"));
	assert_true(shows(&w, "the body stays"));
	assert_int_equal(w.asked, asked + 1);
	assert_int_equal(w.most, 0); /* not a byte of the body */
	fake_source_remove(&w.f, 4, 4);
	view_detail_changed(v);
	assert_true(shows(&w, "no longer on record"));
	assert_true(shows(&w, "the body stays"));
	view_detail_show(v, 77);
	assert_true(shows(&w, "the delivery is no longer on record"));
	end(&w);
}

static void test_places_and_resize(void **state)
{
	struct world w;
	struct effect e = { 0 };
	(void)state;
	begin(&w, "application/json", json);
	struct view *v = push(&w, view_detail_new(4));
	struct detail *d = (struct detail *)v;
	v->ops->search(v, &w.s.ui, "\"lines\"", false, &e);
	act(&w, ACTION_FOLD);
	size_t line = d->pager.line;
	act(&w, ACTION_TAB_RESPONSE);
	assert_int_equal(d->pager.line, 0);
	act(&w, ACTION_TAB_REQUEST);
	assert_int_equal(d->pager.line, line);
	/* Folds and line survive another size. */
	draw(&w, 120, 40);
	draw(&w, 40, 10);
	assert_int_equal(d->pager.line, line);
	assert_true(shows(&w, "> \"lines\": {"));
	assert_true(w.surface.cursor_y >= 2 && w.surface.cursor_y < 8);
	end(&w);
}

static void test_split(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	w.s.ui.split = true;
	w.s.panes[0] = view_detail_new(4);
	assert_non_null(w.s.panes[0]);
	view_detail_follow(w.s.panes[0], 1);
	draw(&w, 120, 40);
	golden_check(&w.surface, "split-120x40");
	/* It follows what is chosen. */
	act(&w, ACTION_DOWN);
	assert_int_equal(w.s.panes[0]->ops->current(w.s.panes[0], &w.s.ui), 5);
	assert_true(shows(&w, "-- #5  pull_request.opened"));
	act(&w, ACTION_UP);
	act(&w, ACTION_SWAP);
	assert_ptr_equal(screen_top(&w.s), w.s.panes[0]);
	act(&w, ACTION_TAB_ATTEMPTS);
	golden_check(&w.surface, "split-attempts-120x40");
	act(&w, ACTION_NEXT);
	assert_int_equal(list_chosen(&w.s.ui.list)->row.id, 5);
	/* Where there is no room it is gone, and comes back. */
	draw(&w, 80, 24);
	assert_int_equal(w.s.ui.focus, 0);
	assert_false(shows(&w, "-- #5"));
	draw(&w, 120, 40);
	assert_true(shows(&w, "-- #5  pull_request.opened"));
	end(&w);
}

/* Beside the list from 140 columns on; from 200 the answer beside the request. */
static void test_beside(void **state)
{
	struct world w;
	(void)state;
	begin(&w, "application/json", json);
	w.s.ui.split = true;
	for (int i = 0; i < LAYOUT_PANES; i++) {
		w.s.panes[i] = view_detail_new(4);
		assert_non_null(w.s.panes[i]);
		view_detail_follow(w.s.panes[i], i + 1);
	}
	draw(&w, 160, 50);
	golden_check(&w.surface, "beside-160x50");
	act(&w, ACTION_SWAP);
	assert_ptr_equal(screen_top(&w.s), w.s.panes[0]);
	act(&w, ACTION_SWAP);
	assert_ptr_equal(screen_top(&w.s), w.s.stack[0]);
	draw(&w, 220, 60);
	golden_check(&w.surface, "beside-220x60");
	act(&w, ACTION_SWAP);
	act(&w, ACTION_SWAP);
	assert_ptr_equal(screen_top(&w.s), w.s.panes[1]);
	act(&w, ACTION_BELOW);
	act(&w, ACTION_SHARE);
	draw(&w, 220, 60);
	assert_int_equal(w.s.ui.focus, 0); /* there is no second below */
	struct layout l = screen_layout(&w.s, 220, 60);
	assert_int_equal(l.pane_count, 1);
	assert_int_equal(l.panes[0].width, 220);
	act(&w, ACTION_BELOW);
	l = screen_layout(&w.s, 220, 60);
	assert_int_equal(l.body.width, 110);
	screen_focus(&w.s, &l, l.panes[1].x, l.panes[1].y);
	assert_int_equal(w.s.ui.focus, 2);
	screen_focus(&w.s, &l, 3, 5);
	assert_int_equal(w.s.ui.focus, 0);
	end(&w);
}

static void test_click(void **state)
{
	struct world w;
	struct effect e = { 0 };
	(void)state;
	begin(&w, "application/json", json);
	struct view *v = push(&w, view_detail_new(4));
	struct detail *d = (struct detail *)v;
	v->ops->click(v, &w.s.ui, &(struct view_click){ 15, 1, 80, false }, &e);
	assert_int_equal(d->tab, TAB_ANSWER);
	v->ops->click(v, &w.s.ui, &(struct view_click){ 3, 1, 80, false }, &e);
	assert_int_equal(d->tab, TAB_REQUEST);
	draw(&w, 80, 24);
	v->ops->click(v, &w.s.ui, &(struct view_click){ 3, 4, 80, false }, &e);
	assert_int_equal(d->pager.line, 2);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_value),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_folds_stay),
		cmocka_unit_test(test_folds_stay_with_looks),
		cmocka_unit_test(test_looks_fast),
		cmocka_unit_test(test_reason),
		cmocka_unit_test(test_response),
		cmocka_unit_test(test_attempts),
		cmocka_unit_test(test_not_called),
		cmocka_unit_test(test_stale),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_news),
		cmocka_unit_test(test_places_and_resize),
		cmocka_unit_test(test_split),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_click),
	};
	return RUN(tests);
}
