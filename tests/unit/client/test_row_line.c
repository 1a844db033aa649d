/* Lines about deliveries: what stands in them, in a pipe and on terminals of several widths. */
#include "client/print/row_line.h"
#include "shared/base/clock.h"
#include "shared/signature/signature.h"
#include "shared/text/text.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <locale.h>

static struct delivery_row make_row(void)
{
	return (struct delivery_row){ .id = 42,
				      .received_at_us = 1795836781000000, /* 2026-11-28 03:33:01 */
				      .state = DELIVERY_FAILED,
				      .status = 500,
				      .took_us = 48000,
				      .request_bytes = 199999,
				      .method = bytes_of("POST"),
				      .target = bytes_of("/hooks/stripe?a=1"),
				      .provider = bytes_of("stripe"),
				      .event_type = bytes_of("invoice.payment_failed"),
				      .signature = bytes_of("valid") };
}

static char *line_of(const struct row_line *l, const struct delivery_row *row, const char *chaos)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	row_line_print(l, f, row, bytes_of(chaos));
	assert_int_equal(fclose(f), 0);
	assert_true(l->columns == 0 || text_width(bytes_make(text, len - 1)) <= l->columns);
	return text;
}

static void expect(const struct row_line *l, const struct delivery_row *row, const char *chaos, const char *wanted)
{
	char *text = line_of(l, row, chaos);
	assert_string_equal(text, wanted);
	free(text);
}

/* Every column is one word, so that awk and cut find it. */
static void test_pipe(void **state)
{
	struct row_line l;
	struct delivery_row row = make_row();
	(void)state;
	row_line_begin(&l, -1);
	expect(
	    &l, &row, NULL,
	    "    42  2026-11-28T03:33:01  500   POST      48ms   200k  stripe           invoice.payment_failed        "
	    "/hooks/stripe?a=1  (signature valid)\n");
	row.provider = row.event_type = row.signature = bytes_of(NULL);
	row.status = 0, row.took_us = -1, row.replay_of = 7, row.redacted = true;
	expect(
	    &l, &row, "delay,badsig",
	    "    42  2026-11-28T03:33:01  ERR   POST         -   200k  -                -                             "
	    "/hooks/stripe?a=1  (redacted)  (replay of 7)  (chaos: delay,badsig)\n");
	row = make_row();
	row.provider = bytes_of("launchdarkly"),
	row.event_type = bytes_of("a.name\x1b[2J.longer.than.its.column.is.wide");
	expect(&l, &row, NULL,
	       "    42  2026-11-28T03:33:01  500   POST      48ms   200k  launchdarkly     "
	       "a.name^[[2J.longer.than.its.column.is.wide  /hooks/stripe?a=1  (signature valid)\n");
}

static void test_today(void **state)
{
	struct row_line l;
	struct delivery_row row = make_row();
	char now[ROW_LINE_TIME_LEN];
	(void)state;
	row_line_begin(&l, -1);
	row.received_at_us = clock_now_us();
	row_line_time(row.received_at_us, now);
	assert_int_equal(strlen(now), 8);
	char *text = line_of(&l, &row, NULL);
	assert_memory_equal(text + 8, now, 8);
	assert_ptr_equal(strstr(text, "  500   POST"), text + 27); /* where it stands with a date */
	free(text);
	row_line_time(UINT64_MAX, now);
	assert_true(strlen(now) >= 8);
}

/* As row_line_begin has it there. */
static struct row_line terminal(size_t columns)
{
	return (struct row_line){ .columns = columns,
				  .id = 4,
				  .time = 8,
				  .provider = 15,
				  .event = columns / 4 < 32 ? columns / 4 : 32,
				  .method = columns >= 70,
				  .size = columns >= 96,
				  .loose = columns < 120 };
}

static void test_widths(void **state)
{
	struct delivery_row row = make_row(), other = make_row();
	struct row_line l = terminal(120);
	(void)state;
	other.id = 123456, other.provider = other.event_type = other.signature = bytes_of(NULL);
	row_line_fit(&l, &row);
	row_line_fit(&l, &other);
	for (size_t columns = 20; columns < 300; columns++) {
		l = terminal(columns);
		free(line_of(&l, &row, "delay"));
		free(line_of(&l, &other, NULL));
		row_line_fit(&l, &row);
		row_line_fit(&l, &other);
		free(line_of(&l, &row, NULL));
		free(line_of(&l, &other, "delay"));
	}
}

/* What no row has takes no room. */
static void test_fitted(void **state)
{
	struct delivery_row row = make_row();
	struct row_line l = terminal(100);
	(void)state;
	row.received_at_us = clock_now_us();
	row.provider = row.event_type = bytes_of(NULL);
	row_line_fit(&l, &row);
	char *text = line_of(&l, &row, NULL);
	assert_string_equal(text + 16, "500   POST      48ms   200k  /hooks/stripe?a=1  (signature valid)\n");
	free(text);
	row = make_row();
	row_line_fit(&l, &row);
	text = line_of(&l, &row, NULL);
	assert_non_null(strstr(text, "stripe  invoice.payment_failed  /hooks"));
	free(text);
}

/* No name of a provider is cut, or moves what stands after it. */
static void test_providers(void **state)
{
	struct row_line pipe, live = terminal(80);
	(void)state;
	row_line_begin(&pipe, -1);
	for (size_t i = 0; signature_at(i); i++) {
		struct delivery_row row = make_row();
		const char *name = signature_name(signature_at(i));
		row.provider = bytes_of(name);
		assert_true(strlen(name) <= pipe.provider);
		for (size_t columns = 80; columns <= 160; columns += 40) {
			live = terminal(columns);
			for (int fitted = 0; fitted < 2; fitted++) {
				char *text = line_of(&live, &row, NULL);
				assert_non_null(strstr(text, name));
				free(text);
				row_line_fit(&live, &row);
			}
		}
	}
}

/* Where all are known, a long event moves no target, in a pipe either. */
static void test_pipe_fitted(void **state)
{
	struct row_line l;
	struct delivery_row row = make_row(), other = make_row();
	(void)state;
	row_line_begin(&l, -1);
	other.id = 12345678, other.event_type = bytes_of("com.example.orders.line-item.quantity.changed.v2");
	row_line_fit(&l, &row);
	row_line_fit(&l, &other);
	char *a = line_of(&l, &row, NULL), *b = line_of(&l, &other, NULL);
	assert_int_equal(strstr(a, "/hooks") - a, strstr(b, "/hooks") - b);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),   cmocka_unit_test(test_today),     cmocka_unit_test(test_widths),
		cmocka_unit_test(test_fitted), cmocka_unit_test(test_providers), cmocka_unit_test(test_pipe_fitted),
	};
	setenv("TZ", "UTC", 1);
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
