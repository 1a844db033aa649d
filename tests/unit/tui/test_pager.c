#include "tests/unit/tui/tui_golden.h"
#include "tui/documents/pager.h"
#include "tui/bodies/doc_body.h"

/* A hundred lines, the tenth of 300 cells. */
static struct doc *hundred(struct buffer *text)
{
	for (int i = 1; i <= 100; i++) {
		assert_true(buffer_printf(text, "line %d%s", i, i == 50 || i == 90 ? " NEEDLE" : ""));
		for (int k = 0; i == 10 && k < 293; k++)
			assert_true(buffer_put_u8(text, k == 280 ? 'Q' : 'x'));
		assert_true(i == 100 || buffer_put_u8(text, '\n'));
	}
	struct doc *d = doc_text(buffer_view(text), text->len);
	assert_non_null(d);
	return d;
}

struct world {
	struct buffer text;
	struct doc *doc;
	struct pager p;
	struct surface s;
};

static void draw(struct world *w, int columns, int rows)
{
	assert_true(surface_resize(&w->s, columns, rows));
	pager_draw(&w->p, &w->s, (struct rect){ 0, 0, columns, rows }, true);
}

static void begin(struct world *w, int columns, int rows)
{
	*w = (struct world){ 0 };
	w->doc = hundred(&w->text);
	assert_int_equal(w->doc->ops->count(w->doc), 100);
	pager_show(&w->p, w->doc);
	draw(w, columns, rows);
}

static void end(struct world *w)
{
	pager_free(&w->p);
	doc_free(w->doc);
	buffer_free(&w->text);
	surface_free(&w->s);
}

static void row_is(struct world *w, int y, const char *text)
{
	char row[300];
	draw(w, w->s.width, w->s.height);
	for (int x = 0; x < w->s.width; x++)
		row[x] = (char)w->s.cells[y * w->s.width + x].base;
	int len = w->s.width;
	while (len > 0 && row[len - 1] == ' ')
		len--;
	row[len] = '\0';
	assert_string_equal(row, text);
}

static void test_bounds(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 40, 10);
	pager_move(&w.p, -1);
	row_is(&w, 0, "line 1");
	assert_int_equal(w.p.line, 0);
	pager_move(&w.p, 9);
	row_is(&w, 0, "line 1"); /* the last row of the screen, nothing scrolled */
	pager_move(&w.p, 1);
	row_is(&w, 0, "line 2");
	pager_move(&w.p, 1000);
	row_is(&w, 9, "line 100");
	assert_int_equal(w.p.line, 99);
	pager_page(&w.p, 1, 1);
	row_is(&w, 9, "line 100");
	pager_page(&w.p, -1, 1);
	row_is(&w, 0, "line 82");
	pager_page(&w.p, 1, 2);
	row_is(&w, 0, "line 87");
	pager_goto(&w.p, 0);
	row_is(&w, 0, "line 1");
	pager_bottom(&w.p);
	row_is(&w, 0, "line 91");
	assert_true(pager_at_end(&w.p));
	end(&w);
}

/* A page down and a page up of a short document do not lose the cursor. */
static void test_short(void **state)
{
	struct pager p = { 0 };
	struct surface s = { 0 };
	struct doc *d = doc_text(bytes_of("one\ntwo"), 7), *none = doc_text(bytes_of(""), 0);
	(void)state;
	assert_true(surface_resize(&s, 20, 10));
	pager_show(&p, d);
	pager_draw(&p, &s, (struct rect){ 0, 0, 20, 10 }, true);
	pager_page(&p, 1, 1);
	assert_int_equal(p.line, 1);
	pager_page(&p, 1, 1);
	assert_int_equal(p.line, 1);
	assert_int_equal(p.top, 0);
	pager_page(&p, -1, 1);
	assert_int_equal(p.line, 0);
	pager_show(&p, NULL);
	pager_move(&p, 3);
	pager_page(&p, 1, 1);
	pager_bottom(&p);
	pager_fold(&p, DOC_FOLD_ALL);
	pager_draw(&p, &s, (struct rect){ 0, 0, 20, 10 }, true);
	assert_int_equal(pager_search(&p, "x", false), PAGER_NOTHING);
	pager_show(&p, none);
	pager_move(&p, 3);
	pager_draw(&p, &s, (struct rect){ 0, 0, 20, 10 }, true);
	pager_free(&p);
	doc_free(d);
	doc_free(none);
	surface_free(&s);
}

static void test_search(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 40, 10);
	assert_int_equal(pager_search(&w.p, "needle", false), PAGER_FOUND);
	assert_int_equal(w.p.line, 49);
	assert_int_equal(w.p.hit.column, 8);
	assert_int_equal(pager_search(&w.p, "", false), PAGER_FOUND);
	assert_int_equal(w.p.line, 89);
	assert_int_equal(pager_search(&w.p, "", false), PAGER_AROUND);
	assert_int_equal(w.p.line, 49);
	assert_int_equal(pager_search(&w.p, "", true), PAGER_AROUND);
	assert_int_equal(w.p.line, 89);
	assert_int_equal(pager_search(&w.p, "", true), PAGER_FOUND);
	assert_int_equal(w.p.line, 49);
	/* From where the cursor is, once it was moved. */
	pager_goto(&w.p, 95);
	assert_int_equal(pager_search(&w.p, "", true), PAGER_FOUND);
	assert_int_equal(w.p.line, 89);
	char words[50];
	assert_true(pager_count_hits(&w.p, 500000, words, sizeof words));
	assert_string_equal(words, "2 of 2");
	assert_int_equal(pager_search(&w.p, "absent", false), PAGER_NOTHING);
	assert_true(pager_count_hits(&w.p, 500000, words, sizeof words));
	assert_string_equal(words, "");
	assert_int_equal(w.p.line, 89);
	/* A single one is found again, going around. */
	assert_int_equal(pager_search(&w.p, "line 33", false), PAGER_AROUND);
	assert_int_equal(pager_search(&w.p, "", false), PAGER_AROUND);
	assert_int_equal(w.p.line, 32);
	draw(&w, 40, 10);
	int y = (int)(w.p.line - w.p.top);
	assert_int_equal(w.s.cells[y * 40].role, ROLE_HIT);
	assert_int_equal(w.s.cells[y * 40 + 6].role, ROLE_HIT);
	assert_int_not_equal(w.s.cells[y * 40 + 7].role, ROLE_HIT);
	end(&w);
}

/* In a long document they are counted a little at a time: what is known so far is said. */
static void test_hits_counted_in_steps(void **state)
{
	struct world w = { 0 };
	char words[50], before[50] = "";
	int steps = 0;
	(void)state;
	for (int i = 0; i < 30000; i++)
		assert_true(
		    buffer_printf(&w.text, i % 1000 ? "line %d of a long document\n" : "needle %d, needle\n", i));
	w.doc = doc_text(buffer_view(&w.text), w.text.len);
	assert_non_null(w.doc);
	pager_show(&w.p, w.doc);
	draw(&w, 40, 10);
	assert_int_equal(pager_search(&w.p, "NEEDLE", false), PAGER_FOUND);
	assert_int_equal(pager_search(&w.p, "", false), PAGER_FOUND);
	assert_false(pager_count_hits(&w.p, 100000, words, sizeof words));
	assert_string_equal(words, "2 of 6+");
	/* One behind what was counted: its place comes when the count does. */
	pager_goto(&w.p, 15500);
	assert_int_equal(pager_search(&w.p, "", false), PAGER_FOUND);
	assert_int_equal(w.p.line, 16000);
	for (steps = 1; !pager_count_hits(&w.p, 100000, words, sizeof words); steps++) {
		const char *of = strstr(words, " of ");
		assert_int_equal(words[strlen(words) - 1], '+');
		assert_true(!of || strncmp(words, "33 of ", 6) == 0);
		assert_string_not_equal(words, before);
		snprintf(before, sizeof before, "%s", words);
	}
	assert_string_equal(words, "33 of 60");
	assert_true(steps > 5);
	/* The count is there for the next, and for the one before. */
	assert_int_equal(pager_search(&w.p, "", true), PAGER_FOUND);
	assert_true(pager_count_hits(&w.p, 0, words, sizeof words));
	assert_string_equal(words, "32 of 60");
	pager_goto(&w.p, 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pager_search(&w.p, "", true), i < 2 ? PAGER_FOUND : PAGER_AROUND);
	assert_true(pager_count_hits(&w.p, 0, words, sizeof words));
	assert_string_equal(words, "60 of 60");
	/* Of other words anew. */
	pager_goto(&w.p, 0);
	assert_int_equal(pager_search(&w.p, "line 29", false), PAGER_FOUND);
	assert_false(pager_count_hits(&w.p, 100, words, sizeof words));
	assert_string_equal(words, "1+");
	assert_false(pager_count_hits(&w.p, 3000, words, sizeof words));
	assert_string_equal(words, "1 of 1+");
	end(&w);
}

/* Every hit that is seen is shown as one; the rest is not. */
static void test_all_hits_lit(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 40, 10);
	assert_int_equal(pager_search(&w.p, "LINE", false), PAGER_FOUND);
	draw(&w, 40, 10);
	for (int y = 0; y < 10; y++) {
		assert_int_equal(w.s.cells[y * 40 + 3].role, ROLE_HIT);
		assert_int_not_equal(w.s.cells[y * 40 + 4].role, ROLE_HIT);
	}
	end(&w);
}

static void test_side(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 40, 10);
	row_is(&w, 9, "line 10xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>");
	pager_side(&w.p, -8);
	row_is(&w, 0, "line 1");
	pager_side(&w.p, 8);
	row_is(&w, 9, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>");
	row_is(&w, 0, "");
	pager_side(&w.p, 4000); /* no further than the longest that is seen */
	row_is(&w, 9, "xxxxxxxxxxxxxxxxxxxxxxxxxxxQxxxxxxxxxxxx");
	pager_side(&w.p, -4000);
	row_is(&w, 0, "line 1");
	/* A hit at the side is brought in. */
	assert_int_equal(pager_search(&w.p, "xQx", false), PAGER_FOUND);
	draw(&w, 40, 10);
	assert_true(w.p.left > 0 && w.p.hit.column >= w.p.left && w.p.hit.column + w.p.hit.columns <= w.p.left + 40);
	end(&w);
}

static void test_wrap(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 40, 10);
	pager_goto(&w.p, 9);
	pager_wrap(&w.p);
	row_is(&w, 9, "xxxxxxxQxxxxxxxxxxxx"); /* all eight rows of it: 300 cells */
	row_is(&w, 2, "line 10xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	pager_move(&w.p, 1);
	row_is(&w, 9, "line 11");
	pager_move(&w.p, -2);
	row_is(&w, 0, "line 9");
	pager_side(&w.p, 80); /* there is nothing at the side */
	row_is(&w, 0, "line 9");
	pager_wrap(&w.p);
	row_is(&w, 1, "line 10xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx>");
	end(&w);
}

/* A line of more rows than the screen is scrolled through, down and up, before the next. */
static void test_wrap_tall(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 20, 4);
	pager_wrap(&w.p);
	pager_goto(&w.p, 9);
	row_is(&w, 0, "line 10xxxxxxxxxxxxx");
	for (int i = 0; i < 11; i++) {
		pager_move(&w.p, 1);
		draw(&w, 20, 4);
		assert_int_equal(w.p.line, 9);
	}
	row_is(&w, 3, "xxxxxxxQxxxxxxxxxxxx");
	pager_move(&w.p, 1);
	row_is(&w, 3, "line 11");
	assert_int_equal(w.p.line, 10);
	pager_move(&w.p, 3);
	pager_move(&w.p, -3);
	pager_move(&w.p, -1);
	assert_int_equal(w.p.line, 9);
	for (int i = 0; i < 20; i++)
		pager_move(&w.p, -1);
	row_is(&w, 0, "line 1");
	end(&w);
}

static void test_resize_keeps_place(void **state)
{
	struct world w;
	(void)state;
	begin(&w, 40, 10);
	pager_goto(&w.p, 60);
	row_is(&w, 9, "line 61");
	draw(&w, 120, 40);
	draw(&w, 40, 10);
	size_t y = w.p.line - w.p.top;
	row_is(&w, (int)y, "line 61");
	/* Far into a wrapped line it is the text that stays, not the row. */
	pager_wrap(&w.p);
	pager_goto(&w.p, 9);
	draw(&w, 20, 4);
	pager_goto(&w.p, 9);
	assert_int_equal(pager_search(&w.p, "xQx", false), PAGER_FOUND);
	draw(&w, 20, 4);
	size_t cell = w.p.top_cell;
	assert_true(cell > 200);
	draw(&w, 10, 4);
	assert_int_equal(w.p.top, 9);
	assert_true(w.p.top_cell <= cell && w.p.top_cell + 10 > cell);
	end(&w);
}

/* Wide characters are halved neither at the side nor at a wrap. */
static void test_wide(void **state)
{
	struct pager p = { 0 };
	struct surface s = { 0 };
	struct doc *d = doc_text(bytes_of("\xe4\xb8\xad\xe6\x96\x87\xe4\xb8\xad\xe6\x96\x87"), 12);
	(void)state;
	assert_true(surface_resize(&s, 5, 3));
	pager_show(&p, d);
	pager_wrap(&p);
	pager_draw(&p, &s, (struct rect){ 0, 0, 5, 3 }, false);
	assert_int_equal(s.cells[0].base, 0x4e2d);
	assert_int_equal(s.cells[4].base, ' ');
	assert_int_equal(s.cells[5].base, 0x4e2d);
	assert_int_equal(s.cells[7].base, 0x6587);
	pager_wrap(&p);
	p.left = 1;
	surface_clear(&s);
	pager_draw(&p, &s, (struct rect){ 0, 0, 5, 3 }, false);
	assert_int_equal(s.cells[0].base, ' ');
	assert_int_equal(s.cells[1].base, 0x6587);
	pager_free(&p);
	doc_free(d);
	surface_free(&s);
}

static void test_click_and_fold(void **state)
{
	static const char json[] = "{\"a\":{\"b\":1,\"c\":2},\"d\":[1,2]}";
	struct world w = { 0 };
	(void)state;
	w.doc = doc_json(bytes_of(json), sizeof json - 1);
	assert_non_null(w.doc);
	pager_show(&w.p, w.doc);
	draw(&w, 40, 10);
	assert_false(pager_click(&w.p, 5, 1));
	assert_int_equal(w.p.line, 1);
	assert_true(pager_click(&w.p, 2, 1)); /* its "v" */
	assert_false(pager_click(&w.p, 4, 2));
	assert_false(pager_click(&w.p, 2, 1) && w.p.line != 1);
	pager_fold(&w.p, DOC_FOLD_TOGGLE);
	row_is(&w, 1, "  > \"a\": { 2 keys, 13 },");
	pager_goto(&w.p, 2);
	pager_partner(&w.p);
	assert_int_equal(w.p.line, 5);
	/* A search opens what is folded. */
	assert_int_equal(pager_search(&w.p, "\"c\"", false), PAGER_AROUND);
	row_is(&w, (int)w.p.line, "      \"c\": 2");
	pager_fold(&w.p, DOC_FOLD_ALL);
	assert_true(w.p.line < pager_count(&w.p));
	assert_false(pager_click(&w.p, 0, 9)); /* below the end */
	assert_true(w.p.line < pager_count(&w.p));
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_hits_counted_in_steps),
		cmocka_unit_test(test_all_hits_lit),
		cmocka_unit_test(test_side),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_wrap_tall),
		cmocka_unit_test(test_resize_keeps_place),
		cmocka_unit_test(test_wide),
		cmocka_unit_test(test_click_and_fold),
	};
	return RUN(tests);
}
