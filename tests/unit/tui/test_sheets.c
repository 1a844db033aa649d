/* Questions and the replay's strip: what they say, what keys do, how they look on screens of all sizes. */
#include "tests/tools/fake_source.h"
#include "tests/unit/tui/tui_golden.h"
#include "tui/desk/screen.h"
#include "tui/questions/sheet_menu.h"
#include "tui/questions/sheet_confirm.h"
#include "tui/questions/sheet_edited.h"
#include "tui/questions/target.h"

struct world {
	struct fake_source f;
	struct screen s;
	struct surface surface;
};

static void begin(struct world *w)
{
	setenv("TZ", "UTC", 1);
	*w = (struct world){ 0 };
	fake_source_init(&w->f);
	fake_source_add(&w->f, 30);
	assert_true(screen_init(&w->s));
	w->s.ui.client = w->f.client;
	w->s.ui.now_us = w->f.clock_us;
	w->s.ui.total = 30;
	w->s.ui.total_known = true;
}

static void draw(struct world *w, int columns, int rows)
{
	struct list_request r;
	assert_true(surface_resize(&w->surface, columns, rows));
	screen_draw(&w->s, &w->surface);
	while (list_wants(&w->s.ui.list, &r)) {
		struct page p;
		fake_source_page(&w->f, w->s.ui.filter, r.anchor, r.forward, r.count, &p);
		assert_true(list_receive(&w->s.ui.list, r.generation, &p));
	}
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

static struct effect press(struct world *w, key_code code)
{
	struct effect out;
	struct key key = { .code = code };
	sheet_key(&w->s.sheet, &key, &out);
	return out;
}

static void test_menus(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	sheet_copy_menu(&w.s.sheet, 29, true);
	check(&w, "sheet-copy");
	check_wide(&w, "sheet-copy");
	struct effect e = press(&w, 'C');
	assert_int_equal(e.kind, EFFECT_COPY);
	assert_int_equal(e.copy.id, 29);
	assert_int_equal(e.copy.what, COPY_CURL_SECRETS);
	assert_false(w.s.sheet.shown);
	sheet_copy_menu(&w.s.sheet, 29, false);
	e = press(&w, 'v'); /* not on JSON: no choice of it */
	assert_int_equal(e.kind, EFFECT_NONE);
	assert_true(w.s.sheet.shown);
	snprintf(w.s.ui.filter, sizeof w.s.ui.filter, "source:stripe");
	sheet_export_menu(&w.s.sheet, &w.s.ui, 29);
	check(&w, "sheet-export");
	e = press(&w, 'H');
	assert_int_equal(e.kind, EFFECT_ASK_PATH);
	assert_int_equal(e.export.format, EXPORT_HAR);
	assert_int_equal(e.export.which.kind, WHICH_FILTERED);
	assert_true(list_mark(&w.s.ui.list, 3, true) && list_mark(&w.s.ui.list, 5, true));
	sheet_export_menu(&w.s.sheet, &w.s.ui, 29);
	e = press(&w, 'H'); /* of what is marked alone */
	assert_int_equal(e.kind, EFFECT_NONE);
	e = press(&w, 'h');
	assert_int_equal(e.export.which.kind, WHICH_MARKED);
	end(&w);
}

static void test_replay(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	snprintf(w.s.ui.client.target, sizeof w.s.ui.client.target, "https://app.example.com");
	sheet_replay(&w.s.sheet, &w.s.ui, 1204, 0, WHICH_FILTERED);
	check(&w, "sheet-replay");
	check_wide(&w, "sheet-replay");
	struct effect e = press(&w, TKEY_ENTER);
	assert_int_equal(e.kind, EFFECT_REPLAY);
	assert_true(e.replay.confirmed);
	assert_int_equal(e.replay.which.kind, WHICH_ASKED);
	sheet_replay(&w.s.sheet, &w.s.ui, 2, 0, WHICH_MARKED);
	assert_string_equal(w.s.sheet.title, "replay 2 marked");
	assert_int_equal(press(&w, TKEY_ESCAPE).kind, EFFECT_NONE);
	assert_false(w.s.sheet.shown);
	end(&w);
}

static void test_delete(void **state)
{
	static const int64_t ids[] = { 3, 9, 30 };
	struct world w;
	(void)state;
	begin(&w);
	sheet_delete(&w.s.sheet, ids, 3);
	check(&w, "sheet-delete");
	assert_int_equal(press(&w, TKEY_ENTER).kind, EFFECT_NONE);
	assert_false(w.s.sheet.shown);
	sheet_delete(&w.s.sheet, ids, 1);
	assert_string_equal(w.s.sheet.title, "delete #3");
	struct effect e = press(&w, 'y');
	assert_int_equal(e.kind, EFFECT_DELETE);
	assert_true(e.delete.confirmed);
	end(&w);
}

static void test_edited(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	struct sheet *s = &w.s.sheet;
	snprintf(w.s.ui.client.secrets, sizeof w.s.ui.client.secrets, "github stripe");
	sheet_edited(s, &w.s.ui, 187, bytes_of("stripe"), 2,
		     "nothing is forwarding: start `creel listen PORT`, then press r");
	sheet_edited_line(s, ' ', bytes_of("POST /hooks HTTP/1.1"));
	sheet_edited_line(s, '-', bytes_of("X-A: \xff\xe2\x80\xae"));
	sheet_edited_line(s, '+', bytes_of("X-A: \x1b[2J"));
	sheet_edited_line(s, '@', bytes_of("..."));
	for (int i = 0; i < 30; i++)
		sheet_edited_line(s, i % 2 ? '+' : '-', bytes_of("  \"amount\": 4900,"));
	check(&w, "sheet-edited");
	check_wide(&w, "sheet-edited");
	draw(&w, 80, 24);
	press(&w, TKEY_PAGE_DOWN);
	assert_int_equal(s->scroll, s->page - 1);
	for (int i = 0; i < 10; i++)
		press(&w, TKEY_SPACE);
	assert_int_equal(s->scroll + s->page, s->line_count);
	draw(&w, 80, 24);
	golden_check(&w.surface, "sheet-edited-end-80x24");
	press(&w, TKEY_PAGE_UP);
	assert_int_equal(s->scroll, s->line_count - 2 * s->page + 1);
	struct effect e = press(&w, TKEY_ESCAPE);
	assert_int_equal(e.kind, EFFECT_EDIT);
	assert_int_equal(e.edit.step, EDIT_DROP);
	sheet_edited(s, &w.s.ui, 187, bytes_of("stripe"), 0, NULL);
	for (int i = 0; i < 200; i++)
		sheet_edited_line(s, '+', bytes_of("more"));
	assert_int_equal(s->line_count, SHEET_LINES);
	assert_string_equal(s->lines[SHEET_LINES - 1].text, "... and more");
	e = press(&w, 'r');
	assert_int_equal(e.kind, EFFECT_SEND);
	assert_true(e.resign);
	sheet_edit_wrong(s, 187, "line 3: a header field is Name: value", 3);
	check(&w, "sheet-edit-wrong");
	e = press(&w, TKEY_ENTER);
	assert_int_equal(e.kind, EFFECT_EDIT);
	assert_int_equal(e.edit.step, EDIT_AGAIN);
	assert_int_equal(e.edit.line, 3);
	end(&w);
}

static void test_overwrite(void **state)
{
	struct world w;
	struct effect_export export = { .which.kind = WHICH_ASKED, .format = EXPORT_HAR, .path = "out.har" };
	(void)state;
	begin(&w);
	sheet_overwrite(&w.s.sheet, &export);
	assert_string_equal(w.s.sheet.title, "out.har is there already");
	struct effect e = press(&w, TKEY_ENTER);
	assert_int_equal(e.kind, EFFECT_ASK_PATH);
	assert_false(e.export.overwrite);
	assert_string_equal(e.export.path, "out.har");
	sheet_overwrite(&w.s.sheet, &export);
	e = press(&w, 'o');
	assert_int_equal(e.kind, EFFECT_EXPORT);
	assert_true(e.export.overwrite);
	assert_int_equal(e.export.format, EXPORT_HAR);
	end(&w);
}

static void test_strip(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	struct strip *strip = &w.s.ui.strip;
	*strip = (struct strip){ .shown = true, .running = true, .begun_us = w.s.ui.now_us, .progress.total = 100 };
	check(&w, "strip-begun");
	strip->begun_us -= 12500000;
	strip->progress = (struct replay_progress){ .sent = 9876, .ok = 9000, .failed = 876, .total = 100000 };
	check(&w, "strip-many");
	check_wide(&w, "strip-many");
	strip->running = false;
	strip->ended_us = w.s.ui.now_us;
	check(&w, "strip-stopped");
	strip->progress = (struct replay_progress){ .sent = 3, .ok = 3, .total = 3, .last_id = 33 };
	strip->first_id = 30;
	check(&w, "strip-over");
	/* Enter shows what it made; Esc closes it, and only then drops the filter. */
	struct view *list = &w.s.list;
	struct effect e = { 0 };
	list->ops->act(list, &w.s.ui, ACTION_OPEN, 1, &e);
	assert_int_equal(e.kind, EFFECT_FILTER);
	assert_string_equal(e.text, "is:replay id:>30");
	assert_false(strip->shown);
	strip->shown = true;
	snprintf(w.s.ui.filter, sizeof w.s.ui.filter, "x");
	e = (struct effect){ 0 };
	list->ops->act(list, &w.s.ui, ACTION_CLEAR, 1, &e);
	assert_int_equal(e.kind, EFFECT_NONE);
	assert_false(strip->shown);
	list->ops->act(list, &w.s.ui, ACTION_CLEAR, 1, &e);
	assert_int_equal(e.kind, EFFECT_FILTER);
	end(&w);
}

static struct effect act_list(struct world *w, enum action a)
{
	struct effect e = { 0 };
	w->s.list.ops->act(&w->s.list, &w->s.ui, a, 1, &e);
	if (e.kind == EFFECT_FILTER) /* as tui_load_filter does */
		memcpy(w->s.ui.filter, e.text, sizeof w->s.ui.filter);
	return e;
}

/* Esc on what a replay made gives the filter back that was there, then drops it. */
static void test_filter_given_back(void **state)
{
	struct world w;
	struct strip over = { .shown = true, .progress = { .total = 1, .sent = 1, .ok = 1, .last_id = 33 } };
	(void)state;
	begin(&w);
	struct ui *ui = &w.s.ui;
	snprintf(ui->filter, sizeof ui->filter, "source:stripe");
	ui->strip = over;
	ui->strip.first_id = 30;
	act_list(&w, ACTION_OPEN);
	assert_string_equal(ui->filter, "is:replay id:>30");
	/* Of a second replay, too, and when it was narrowed meanwhile. */
	ui->strip = over;
	ui->strip.first_id = 32;
	act_list(&w, ACTION_OPEN);
	assert_string_equal(ui->filter, "is:replay id:>32");
	act_list(&w, ACTION_ONLY_MARKED);
	act_list(&w, ACTION_ONLY_MARKED);
	act_list(&w, ACTION_CLEAR);
	assert_string_equal(ui->filter, "source:stripe");
	act_list(&w, ACTION_CLEAR);
	assert_string_equal(ui->filter, "");
	assert_int_equal(act_list(&w, ACTION_CLEAR).kind, EFFECT_NONE);
	/* What was typed in its place is dropped as ever. */
	snprintf(ui->filter, sizeof ui->filter, "source:stripe");
	ui->strip = over;
	act_list(&w, ACTION_OPEN);
	snprintf(ui->filter, sizeof ui->filter, "status:5xx");
	act_list(&w, ACTION_CLEAR);
	assert_string_equal(ui->filter, "");
	end(&w);
}

static void test_words(void **state)
{
	static const char *const local[] = { "localhost:3000",      "http://localhost", "127.0.0.1:80",
					     "https://127.1.2.3/a", "[::1]:3000",       "http://[::1]/",
					     "app.localhost:3000",  "LOCALHOST:1",      "unix:/run/app.sock",
					     "0.0.0.0:3000" };
	static const char *const far[] = { "localhost.example.com:80",
					   "example.com",
					   "127.example.com",
					   "http://10.0.0.2:3000",
					   "[2001:db8::1]:80",
					   "notlocalhost",
					   "" };
	static const int64_t ids[] = { 3, 187 };
	char name[100];
	(void)state;
	for (size_t i = 0; i < sizeof local / sizeof *local; i++)
		if (!target_is_local(local[i]))
			fail_msg("%s is local", local[i]);
	for (size_t i = 0; i < sizeof far / sizeof *far; i++)
		if (target_is_local(far[i]))
			fail_msg("%s is not local", far[i]);
	export_format_propose(name, sizeof name, EXPORT_HAR, ids, 2);
	assert_string_equal(name, "creel-3-187.har");
	export_format_propose(name, sizeof name, EXPORT_CURL, ids, 1);
	assert_string_equal(name, "creel-3.sh");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_menus),     cmocka_unit_test(test_replay),
		cmocka_unit_test(test_delete),    cmocka_unit_test(test_edited),
		cmocka_unit_test(test_overwrite), cmocka_unit_test(test_strip),
		cmocka_unit_test(test_words),     cmocka_unit_test(test_filter_given_back),
	};
	return RUN(tests);
}
