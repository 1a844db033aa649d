/* Comparisons. The first byte says of what, the rest is two sides with a NUL between them. Rows rebuild both sides of
 * texts; comparing is the same both ways round; a side is equal to itself. */
#include <stdlib.h>
#include <string.h>

#include "shared/compare/diff.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Each line of each side once and in order. */
static size_t check_text(struct bytes a, struct bytes b)
{
	struct diff_lines la, lb;
	struct diff_rows rows = { 0 };
	size_t i = 0, j = 0;
	if (!diff_lines_split(a, &la) || !diff_lines_split(b, &lb) || !diff_text(&la, &lb, &rows))
		abort();
	for (size_t k = 0; k < rows.count; k++) {
		const struct diff_row *r = &rows.at[k];
		if (r->kind != DIFF_ADDED && r->a != i++)
			abort();
		if (r->kind != DIFF_REMOVED && r->b != j++)
			abort();
		if (r->kind == DIFF_SAME && !bytes_equal(diff_line(&la, r->a), diff_line(&lb, r->b)))
			abort();
	}
	size_t differences = rows.differences, shown = 0, start, end;
	if (i != la.count || j != lb.count || (differences == 0) != bytes_equal(a, b))
		abort();
	/* Hunks show every difference once. */
	for (size_t from = 0; diff_hunk(&rows, from, 3, &start, &end); from = end) {
		if (start < from || end <= start || end > rows.count)
			abort();
		for (size_t k = start; k < end; k++)
			shown += rows.at[k].kind != DIFF_SAME;
	}
	if (shown != differences)
		abort();
	diff_rows_free(&rows);
	diff_lines_free(&la);
	diff_lines_free(&lb);
	return differences;
}

static void check_headers(struct bytes a, struct bytes b, bool no_volatile)
{
	struct diff_fields there, back;
	if (!diff_headers(a, b, no_volatile, &there) || !diff_headers(b, a, no_volatile, &back))
		abort();
	if (there.differences != back.differences || there.count != back.count || there.passed_over != back.passed_over)
		abort();
	diff_fields_free(&there);
	diff_fields_free(&back);
	if (!diff_headers(a, a, no_volatile, &there) || there.differences)
		abort();
	diff_fields_free(&there);
}

/* Gives the differences. Rows name tokens of their side, each line's first token at most once. */
static size_t check_json(const struct diff_json_side *a, const struct diff_json_side *b, bool key_order)
{
	struct diff_json_options o = { .key_order = key_order };
	struct diff_rows rows = { 0 };
	if (!diff_json(a, b, &o, &rows))
		abort();
	size_t changed = 0, in_a = 0, in_b = 0;
	for (size_t i = 0; i < rows.count; i++) {
		const struct diff_row *r = &rows.at[i];
		if ((r->a == DIFF_NONE) != (r->kind == DIFF_ADDED) || (r->b == DIFF_NONE) != (r->kind == DIFF_REMOVED))
			abort();
		if ((r->a != DIFF_NONE && r->a >= a->tokens->count) || (r->b != DIFF_NONE && r->b >= b->tokens->count))
			abort();
		changed += r->kind != DIFF_SAME;
		in_a += r->a != DIFF_NONE;
		in_b += r->b != DIFF_NONE;
	}
	if (in_a > a->tokens->count || in_b > b->tokens->count || (changed == 0) != (rows.differences == 0))
		abort();
	size_t differences = rows.differences;
	diff_rows_free(&rows);
	return differences;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *middle = size > 1 ? memchr(data + 1, 0, size - 1) : NULL;
	if (!middle)
		return 0;
	struct bytes a = { data + 1, (size_t)(middle - data - 1) },
		     b = { middle + 1, (size_t)(data + size - middle - 1) };
	struct diff_json_side ja = { a, NULL }, jb = { b, NULL };
	struct json_tokens ta, tb;
	size_t at;
	if (data[0] % 3 == 0) {
		check_text(a, b);
	} else if (data[0] % 3 == 1) {
		check_headers(a, b, data[0] & 4);
	} else if (json_tokenize(a, true, &ta, NULL)) {
		ja.tokens = &ta;
		if (check_json(&ja, &ja, data[0] & 4) != 0)
			abort();
		if (json_tokenize(b, true, &tb, NULL)) {
			jb.tokens = &tb;
			size_t there = check_json(&ja, &jb, data[0] & 4), back = check_json(&jb, &ja, data[0] & 4);
			if ((there == 0) != (back == 0))
				abort();
			json_tokens_free(&tb);
		}
		json_tokens_free(&ta);
	}
	if (diff_first_byte(a, b, &at) == bytes_equal(a, b))
		abort();
	return 0;
}
