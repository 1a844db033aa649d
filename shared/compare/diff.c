/* Myers' O(ND) difference in linear space ("An O(ND) Difference Algorithm and Its Variations", 1986, §4b), with a bound
 * on D for each box: past it the box is cut at the furthest point reached, so the time stays within a fixed sum. */
#include "shared/compare/diff.h"

#include <stdlib.h>
#include <string.h>

/* Steps the whole comparison may take, about. */
#define BUDGET ((size_t)1 << 26)
#define D_LEAST 16
#define D_MOST 1024

struct box {
	size_t a, a_end, b, b_end;
};

struct myers {
	const uint32_t *a, *b;
	uint8_t *removed, *added; /* a byte an element */
	ptrdiff_t most;           /* bound on D */
	struct diff_rows *rows;   /* whose bounds count */
	ptrdiff_t *forward, *backward;
	struct box *boxes;
	size_t count, cap;
};

bool diff_rows_push(struct diff_rows *rows, struct diff_row row)
{
	if (rows->count == rows->cap) {
		size_t cap = rows->cap ? rows->cap * 2 : 64;
		struct diff_row *grown = cap > SIZE_MAX / sizeof *grown ? NULL : realloc(rows->at, cap * sizeof *grown);
		if (!grown)
			return false;
		rows->at = grown;
		rows->cap = cap;
	}
	rows->at[rows->count++] = row;
	return true;
}

void diff_rows_free(struct diff_rows *rows)
{
	free(rows->at);
	*rows = (struct diff_rows){ .until = rows->until, .most = rows->most, .gave_up = rows->gave_up };
}

bool diff_goes_on(struct diff_rows *rows, size_t elements)
{
	rows->gave_up = rows->gave_up || (rows->most && elements > rows->most) || deadline_over(rows->until);
	return !rows->gave_up;
}

static bool push_box(struct myers *m, struct box box)
{
	if (m->count == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 64;
		struct box *grown = realloc(m->boxes, cap * sizeof *grown);
		if (!grown)
			return false;
		m->boxes = grown;
		m->cap = cap;
	}
	m->boxes[m->count++] = box;
	return true;
}

/* Advances diagonal k by one edit and the snake after it; from the end of the box when `back`. */
static ptrdiff_t reach(const struct myers *m, const struct box *x, ptrdiff_t *v, ptrdiff_t d, ptrdiff_t k, bool back)
{
	ptrdiff_t n = (ptrdiff_t)(x->a_end - x->a), o = (ptrdiff_t)(x->b_end - x->b);
	ptrdiff_t i = k == -d || (k != d && v[k - 1] < v[k + 1]) ? v[k + 1] : v[k - 1] + 1, j = i - k;
	const uint32_t *a = m->a + x->a, *b = m->b + x->b;
	if (back)
		while (i < n && j < o && a[n - 1 - i] == b[o - 1 - j])
			i++, j++;
	else
		while (i < n && j < o && a[i] == b[j])
			i++, j++;
	return v[k] = i;
}

/* A point of the shortest path (or a good one) within a box whose first and last elements differ. */
static void find_middle(const struct myers *m, const struct box *x, size_t *a, size_t *b)
{
	ptrdiff_t n = (ptrdiff_t)(x->a_end - x->a), o = (ptrdiff_t)(x->b_end - x->b), delta = n - o;
	ptrdiff_t best = -1, best_k = 0;
	bool odd = (n + o) % 2 != 0;
	m->forward[1] = m->backward[1] = 0;
	for (ptrdiff_t d = 0; d <= m->most; d++) {
		/* Diagonals that leave the box are left out. */
		ptrdiff_t low = -(d - 2 * (d > o ? d - o : 0)), high = d - 2 * (d > n ? d - n : 0);
		for (ptrdiff_t k = low; k <= high; k += 2) {
			ptrdiff_t i = reach(m, x, m->forward, d, k, false), z = delta - k;
			/* Steps off the box's edge are taken along, but lead nowhere. */
			if (2 * i - k > best && i <= n && i - k <= o) {
				best = 2 * i - k;
				best_k = k;
			}
			if (odd && z >= -(d - 1) && z <= d - 1 && i + m->backward[z] >= n) {
				*a = x->a + (size_t)i;
				*b = x->b + (size_t)(i - k);
				return;
			}
		}
		for (ptrdiff_t k = low; k <= high; k += 2) {
			ptrdiff_t i = reach(m, x, m->backward, d, k, true), z = delta - k;
			if (!odd && z >= -d && z <= d && i + m->forward[z] >= n) {
				*a = x->a + (size_t)(n - i);
				*b = x->b + (size_t)(o - (i - k));
				return;
			}
		}
	}
	*a = x->a + (size_t)((best + best_k) / 2);
	*b = x->b + (size_t)((best - best_k) / 2);
}

static bool solve(struct myers *m)
{
	while (m->count) {
		if (!diff_goes_on(m->rows, 0))
			return false;
		struct box x = m->boxes[--m->count];
		while (x.a < x.a_end && x.b < x.b_end && m->a[x.a] == m->b[x.b])
			x.a++, x.b++;
		while (x.a < x.a_end && x.b < x.b_end && m->a[x.a_end - 1] == m->b[x.b_end - 1])
			x.a_end--, x.b_end--;
		if (x.a == x.a_end || x.b == x.b_end) {
			memset(m->removed + x.a, 1, x.a_end - x.a);
			memset(m->added + x.b, 1, x.b_end - x.b);
			continue;
		}
		size_t a = 0, b = 0;
		find_middle(m, &x, &a, &b);
		if (!push_box(m, (struct box){ a, x.a_end, b, x.b_end }) ||
		    !push_box(m, (struct box){ x.a, a, x.b, b }))
			return false;
	}
	return true;
}

static bool run_myers(struct myers *m, size_t a_count, size_t b_count)
{
	size_t most = BUDGET / (a_count + b_count + 1);
	m->most = (ptrdiff_t)(most < D_LEAST ? D_LEAST : most > D_MOST ? D_MOST : most);
	size_t width = (size_t)m->most * 2 + 4;
	ptrdiff_t *v = calloc(width * 2, sizeof *v);
	if (!v)
		return false;
	m->forward = v + m->most + 2;
	m->backward = m->forward + width;
	bool fine = push_box(m, (struct box){ 0, a_count, 0, b_count }) && solve(m);
	free(v);
	free(m->boxes);
	return fine;
}

/* Elements the other side has not at all need no search. Gives how many are left; where[i] is the place of the i-th. */
static size_t keep_known(const uint32_t *from, size_t count, const uint8_t *other, uint32_t *kept, uint32_t *where,
			 uint8_t *marks)
{
	size_t n = 0;
	for (size_t i = 0; i < count; i++) {
		marks[i] = !other[from[i]];
		if (marks[i])
			continue;
		kept[n] = from[i];
		where[n++] = (uint32_t)i;
	}
	return n;
}

static bool emit(const uint8_t *removed, size_t a_count, const uint8_t *added, size_t b_count, struct diff_rows *out)
{
	size_t i = 0, j = 0;
	while (i < a_count || j < b_count) {
		struct diff_row row = { .a = DIFF_NONE, .b = DIFF_NONE };
		if (i < a_count && removed[i]) {
			row.kind = DIFF_REMOVED;
			row.a = (uint32_t)i++;
		} else if (j < b_count && added[j]) {
			row.kind = DIFF_ADDED;
			row.b = (uint32_t)j++;
		} else {
			row.a = (uint32_t)i++;
			row.b = (uint32_t)j++;
		}
		out->differences += row.kind != DIFF_SAME;
		if (!diff_rows_push(out, row))
			return false;
	}
	return true;
}

static size_t largest(const uint32_t *at, size_t count, size_t so_far)
{
	for (size_t i = 0; i < count; i++)
		so_far = at[i] > so_far ? at[i] : so_far;
	return so_far;
}

/* All that the comparison needs beside its result. */
struct work {
	uint8_t *in_a, *in_b; /* by number */
	uint8_t *removed, *added;
	uint8_t *kept_removed, *kept_added;
	uint32_t *a, *b, *a_where, *b_where;
};

static bool compare(struct work *w, const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count,
		    struct diff_rows *rows)
{
	for (size_t i = 0; i < a_count; i++)
		w->in_a[a[i]] = 1;
	for (size_t i = 0; i < b_count; i++)
		w->in_b[b[i]] = 1;
	size_t n = keep_known(a, a_count, w->in_b, w->a, w->a_where, w->removed);
	size_t o = keep_known(b, b_count, w->in_a, w->b, w->b_where, w->added);
	struct myers m = { .a = w->a, .b = w->b, .removed = w->kept_removed, .added = w->kept_added, .rows = rows };
	if (!run_myers(&m, n, o))
		return false;
	for (size_t i = 0; i < n; i++)
		w->removed[w->a_where[i]] |= w->kept_removed[i];
	for (size_t i = 0; i < o; i++)
		w->added[w->b_where[i]] |= w->kept_added[i];
	return true;
}

bool diff_sequences(const uint32_t *a, size_t a_count, const uint32_t *b, size_t b_count, struct diff_rows *out)
{
	size_t ids = largest(b, b_count, largest(a, a_count, 0)) + 1, both = a_count + b_count;
	uint8_t *small = calloc(ids * 2 + both * 2, 1);
	uint32_t *large = calloc(both * 2 + 1, sizeof *large);
	bool fine = small && large;
	if (fine) {
		struct work w = { .in_a = small, .in_b = small + ids };
		w.removed = w.in_b + ids;
		w.added = w.removed + a_count;
		w.kept_removed = w.added + b_count;
		w.kept_added = w.kept_removed + a_count;
		w.a = large;
		w.b = w.a + a_count;
		w.a_where = w.b + b_count;
		w.b_where = w.a_where + a_count;
		fine = compare(&w, a, a_count, b, b_count, out) && emit(w.removed, a_count, w.added, b_count, out);
	}
	free(small);
	free(large);
	return fine;
}

static bool is_near(const struct diff_rows *rows, size_t from, size_t context, size_t *change)
{
	for (size_t i = from; i < rows->count && i - from <= context; i++) {
		if (rows->at[i].kind != DIFF_SAME) {
			*change = i;
			return true;
		}
	}
	return false;
}

bool diff_hunk(const struct diff_rows *rows, size_t from, size_t context, size_t *start, size_t *end)
{
	size_t change;
	if (!is_near(rows, from, SIZE_MAX, &change))
		return false;
	*start = change - from > context ? change - context : from;
	do
		*end = change + 1;
	while (is_near(rows, *end, context > SIZE_MAX / 2 ? SIZE_MAX : context * 2, &change));
	*end = rows->count - *end > context ? *end + context : rows->count;
	return true;
}

bool diff_first_byte(struct bytes a, struct bytes b, size_t *at)
{
	size_t both = a.len < b.len ? a.len : b.len, i = 0;
	while (i < both && a.at[i] == b.at[i])
		i++;
	*at = i;
	return i < both || a.len != b.len;
}
