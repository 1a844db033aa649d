/* JSON by structure: two tables of tokens walked side by side. Members of objects are paired by key, elements of arrays
 * by what they hold (Myers on hashes, which only pair: what is paired is compared in full). Iterative. */
#include "shared/compare/diff.h"

#include <stdlib.h>
#include <string.h>

/* A pair of brackets being walked; its pairs of members lie in `plan` from `next` on. */
struct frame {
	size_t a, b;             /* the brackets, SIZE_MAX for the top */
	size_t start, next, end; /* in plan, in pairs */
	uint16_t depth;
	bool top;
};

struct walk {
	struct diff_json_side a, b;
	const struct diff_json_options *o;
	struct diff_rows *out;
	uint64_t *hash_a, *hash_b; /* of each value, by token */
	struct buffer plan;        /* pairs of uint32_t: tokens of members, or DIFF_NONE */
	struct frame frames[JSON_DEPTH_MAX + 2];
	size_t count;
};

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t hash_scalar(struct bytes in, const struct json_token *t)
{
	uint64_t h = t->kind == TOKEN_KEY || t->kind == TOKEN_STRING ? 1 : t->kind;
	if (h != 1) {
		for (size_t i = 0; i < t->len; i++)
			h = mix(h, in.at[t->at + i]);
		return h;
	}
	struct json_text text = json_text_of(json_lexeme(in, t));
	for (int c = json_text_next(&text); c >= 0; c = json_text_next(&text))
		h = mix(h, (uint64_t)c);
	return h;
}

/* From the end on, so that what a bracket holds is known when it comes. */
static uint64_t *hash_values(const struct diff_json_side *s, bool key_order)
{
	const struct json_tokens *t = s->tokens;
	uint64_t *hash = malloc((t->count + 1) * sizeof *hash);
	for (size_t i = hash ? t->count : 0; i-- > 0;) {
		const struct json_token *token = &t->at[i];
		if (json_is_close(token)) {
			hash[i] = 0;
		} else if (!json_is_open(token)) {
			hash[i] = hash_scalar(s->text, token);
		} else {
			bool object = token->kind == TOKEN_OPEN_OBJECT;
			uint64_t sum = token->kind;
			for (size_t k = i + 1; k < token->partner; k = json_after(t, k)) {
				uint64_t member = object ? mix(hash[k], hash[k + 1]) : hash[k];
				sum = object && !key_order ? sum + mix(7, member) : mix(sum, member);
			}
			hash[i] = sum;
		}
	}
	return hash;
}

static bool plan_pair(struct walk *w, uint32_t a, uint32_t b)
{
	uint32_t pair[2] = { a, b };
	return buffer_append(&w->plan, pair, sizeof pair);
}

/* Members of a bracket, or the values at the top. */
static uint32_t *gather(const struct json_tokens *t, size_t open, size_t *count)
{
	size_t from = open == SIZE_MAX ? 0 : open + 1, end = open == SIZE_MAX ? t->count : t->at[open].partner;
	*count = 0;
	for (size_t i = from; i < end; i = json_after(t, i))
		++*count;
	uint32_t *members = malloc((*count + 1) * sizeof *members);
	size_t n = 0;
	for (size_t i = from; members && i < end; i = json_after(t, i))
		members[n++] = (uint32_t)i;
	return members;
}

static int by_key(const void *pa, const void *pb)
{
	const struct diff_item *a = pa, *b = pb;
	return json_text_compare(a->key, b->key);
}

static int by_hash(const void *pa, const void *pb)
{
	const struct diff_item *a = pa, *b = pb;
	return (a->hash > b->hash) - (a->hash < b->hash);
}

struct members {
	uint32_t *a, *b;
	size_t a_count, b_count;
	struct diff_item *items; /* of both, for ranking */
};

static void fill_items(const struct walk *w, const struct members *m)
{
	for (size_t i = 0; i < m->a_count + m->b_count; i++) {
		bool is_b = i >= m->a_count;
		const struct diff_json_side *s = is_b ? &w->b : &w->a;
		size_t index = is_b ? i - m->a_count : i, token = is_b ? m->b[index] : m->a[index];
		m->items[i] = (struct diff_item){ .key = json_lexeme(s->text, &s->tokens->at[token]),
						  .hash = (is_b ? w->hash_b : w->hash_a)[token],
						  .index = (uint32_t)index,
						  .is_b = is_b };
	}
}

/* In a's order; those only b has come before the one they stand before in b. */
static bool plan_by_key(struct walk *w, const struct members *m)
{
	uint32_t *pairs = malloc((m->a_count + m->b_count + 1) * sizeof *pairs);
	if (!pairs)
		return false;
	uint32_t *pairs_a = pairs, *pairs_b = pairs + m->a_count;
	memset(pairs, 0xff, (m->a_count + m->b_count + 1) * sizeof *pairs); /* DIFF_NONE */
	diff_pair(m->items, m->a_count + m->b_count, pairs_a, pairs_b);
	bool fine = true;
	size_t b = 0;
	for (size_t i = 0; fine && i < m->a_count; i++) {
		uint32_t with = pairs_a[i];
		for (; fine && with != DIFF_NONE && b < with; b++)
			fine = pairs_b[b] != DIFF_NONE || plan_pair(w, DIFF_NONE, m->b[b]);
		fine = fine && plan_pair(w, m->a[i], with == DIFF_NONE ? DIFF_NONE : m->b[with]);
	}
	for (; fine && b < m->b_count; b++)
		fine = pairs_b[b] != DIFF_NONE || plan_pair(w, DIFF_NONE, m->b[b]);
	free(pairs);
	return fine;
}

/* Removed elements and the added ones in their place are paired when `zip`, and walked into. */
static bool plan_rows(struct walk *w, const struct members *m, const struct diff_rows *rows, bool zip)
{
	for (size_t i = 0; i < rows->count;) {
		const struct diff_row *row = &rows->at[i];
		if (row->kind == DIFF_SAME) {
			if (!plan_pair(w, m->a[row->a], m->b[row->b]))
				return false;
			i++;
			continue;
		}
		size_t added = i, end;
		while (added < rows->count && rows->at[added].kind == DIFF_REMOVED)
			added++;
		for (end = added; end < rows->count && rows->at[end].kind == DIFF_ADDED;)
			end++;
		size_t removed_end = added;
		for (; zip && i < removed_end && added < end; i++, added++)
			if (!plan_pair(w, m->a[rows->at[i].a], m->b[rows->at[added].b]))
				return false;
		for (; i < removed_end; i++)
			if (!plan_pair(w, m->a[rows->at[i].a], DIFF_NONE))
				return false;
		for (; added < end; added++)
			if (!plan_pair(w, DIFF_NONE, m->b[rows->at[added].b]))
				return false;
		i = end;
	}
	return true;
}

static bool plan_in_order(struct walk *w, const struct members *m, bool zip)
{
	struct diff_rows rows = { .until = w->out->until };
	uint32_t *ids = malloc((m->a_count + m->b_count + 1) * sizeof *ids);
	bool fine = ids;
	for (size_t i = 0; fine && i < m->a_count + m->b_count; i++)
		ids[(m->items[i].is_b ? m->a_count : 0) + m->items[i].index] = m->items[i].id;
	fine =
	    fine && diff_sequences(ids, m->a_count, ids + m->a_count, m->b_count, &rows) && plan_rows(w, m, &rows, zip);
	w->out->gave_up = w->out->gave_up || rows.gave_up;
	diff_rows_free(&rows);
	free(ids);
	return fine;
}

/* Nothing to search for where all are alike in order. */
static bool is_aligned(const struct members *m, bool object)
{
	if (m->a_count != m->b_count)
		return false;
	for (size_t i = 0; i < m->a_count; i++) {
		const struct diff_item *a = &m->items[i], *b = &m->items[m->a_count + i];
		if (object ? !bytes_equal(a->key, b->key) : a->hash != b->hash)
			return false;
	}
	return true;
}

/* The fast way is not for objects with a key twice: there the n-th is the partner of the n-th, as in is_aligned. */
static bool plan(struct walk *w, size_t a, size_t b, bool object)
{
	struct members m = { 0 };
	m.a = gather(w->a.tokens, a, &m.a_count);
	m.b = gather(w->b.tokens, b, &m.b_count);
	m.items = calloc(m.a_count + m.b_count + 1, sizeof *m.items);
	bool fine = m.a && m.b && m.items;
	if (fine) {
		fill_items(w, &m);
		if (is_aligned(&m, object)) {
			for (size_t i = 0; fine && i < m.a_count; i++)
				fine = plan_pair(w, m.a[i], m.b[i]);
		} else {
			diff_rank(m.items, m.a_count + m.b_count, object ? by_key : by_hash);
			fine = object && !w->o->key_order ? plan_by_key(w, &m) : plan_in_order(w, &m, !object);
		}
	}
	free(m.a);
	free(m.b);
	free(m.items);
	return fine;
}

static bool push_frame(struct walk *w, size_t a, size_t b, uint16_t depth, bool object)
{
	struct frame *f = &w->frames[w->count++];
	*f = (struct frame){ .a = a, .b = b, .depth = depth, .top = a == SIZE_MAX };
	f->start = f->next = w->plan.len / (2 * sizeof(uint32_t));
	if (!diff_goes_on(w->out, 0) || !plan(w, a, b, object))
		return false;
	f->end = w->plan.len / (2 * sizeof(uint32_t));
	return true;
}

/* All lines of a value that only one side has. */
static bool put_alone(struct walk *w, bool is_b, size_t from, uint16_t depth, bool first)
{
	const struct json_tokens *t = is_b ? w->b.tokens : w->a.tokens;
	size_t end = json_after(t, from);
	uint16_t base = t->at[from].depth;
	for (size_t i = from; i < end;) {
		size_t value = t->at[i].kind == TOKEN_KEY ? i + 1 : i;
		struct diff_row row = { .a = DIFF_NONE, .b = DIFF_NONE, .first = first };
		row.kind = is_b ? DIFF_ADDED : DIFF_REMOVED;
		row.depth = (uint16_t)(depth + (t->at[i].depth - base));
		*(is_b ? &row.b : &row.a) = (uint32_t)i;
		row.whole = json_is_open(&t->at[value]) && t->at[value].partner == value + 1;
		if (!diff_rows_push(w->out, row))
			return false;
		first = false;
		i = value + (row.whole ? 2 : 1);
	}
	return true;
}

static bool is_same_scalar(const struct walk *w, const struct json_token *a, const struct json_token *b)
{
	struct bytes la = json_lexeme(w->a.text, a), lb = json_lexeme(w->b.text, b);
	if (a->kind != b->kind)
		return false;
	return a->kind == TOKEN_STRING ? json_text_compare(la, lb) == 0 : bytes_equal(la, lb);
}

static bool put_scalars(struct walk *w, uint32_t a, uint32_t b, size_t va, size_t vb, uint16_t depth)
{
	struct diff_row row = { .a = a, .b = b, .depth = depth };
	if (!is_same_scalar(w, &w->a.tokens->at[va], &w->b.tokens->at[vb])) {
		if (w->o->no_volatile && a != va && diff_is_volatile_key(json_lexeme(w->a.text, &w->a.tokens->at[a]))) {
			w->out->passed_over++;
		} else {
			w->out->differences++;
			row.kind = DIFF_CHANGED;
			row.first = true;
		}
	}
	return diff_rows_push(w->out, row);
}

static bool put_brackets(struct walk *w, uint32_t a, uint32_t b, size_t va, size_t vb, uint16_t depth)
{
	const struct json_token *ta = &w->a.tokens->at[va], *tb = &w->b.tokens->at[vb];
	struct diff_row row = { .a = a, .b = b, .depth = depth };
	row.whole = ta->partner == va + 1 && tb->partner == vb + 1;
	return diff_rows_push(w->out, row) &&
	       (row.whole || push_frame(w, va, vb, (uint16_t)(depth + 1), ta->kind == TOKEN_OPEN_OBJECT));
}

static bool put_pair(struct walk *w, uint32_t a, uint32_t b, uint16_t depth)
{
	if (a == DIFF_NONE || b == DIFF_NONE) {
		w->out->differences++;
		return put_alone(w, a == DIFF_NONE, a == DIFF_NONE ? b : a, depth, true);
	}
	size_t va = a, vb = b;
	va += w->a.tokens->at[a].kind == TOKEN_KEY;
	vb += w->b.tokens->at[b].kind == TOKEN_KEY;
	bool open_a = json_is_open(&w->a.tokens->at[va]), open_b = json_is_open(&w->b.tokens->at[vb]);
	if (!open_a && !open_b)
		return put_scalars(w, a, b, va, vb, depth);
	if (w->a.tokens->at[va].kind == w->b.tokens->at[vb].kind)
		return put_brackets(w, a, b, va, vb, depth);
	w->out->differences++;
	return put_alone(w, false, a, depth, true) && put_alone(w, true, b, depth, true);
}

static bool run(struct walk *w)
{
	if (!push_frame(w, SIZE_MAX, SIZE_MAX, 0, false))
		return false;
	while (w->count) {
		struct frame *f = &w->frames[w->count - 1];
		if (f->next < f->end) {
			uint32_t pair[2];
			memcpy(pair, w->plan.at + f->next++ * sizeof pair, sizeof pair);
			if (!put_pair(w, pair[0], pair[1], f->depth))
				return false;
			continue;
		}
		w->plan.len = f->start * 2 * sizeof(uint32_t);
		w->count--;
		if (f->top)
			continue;
		struct diff_row close = { .a = w->a.tokens->at[f->a].partner,
					  .b = w->b.tokens->at[f->b].partner,
					  .depth = (uint16_t)(f->depth - 1) };
		if (!diff_rows_push(w->out, close))
			return false;
	}
	return true;
}

bool diff_json(const struct diff_json_side *a, const struct diff_json_side *b, const struct diff_json_options *o,
	       struct diff_rows *out)
{
	if (!diff_goes_on(out, a->tokens->count + b->tokens->count))
		return false;
	struct walk *w = calloc(1, sizeof *w);
	if (!w)
		return false;
	*w = (struct walk){ .a = *a, .b = *b, .o = o, .out = out };
	w->hash_a = hash_values(a, o->key_order);
	w->hash_b = hash_values(b, o->key_order);
	bool fine = w->hash_a && w->hash_b && run(w);
	free(w->hash_a);
	free(w->hash_b);
	buffer_free(&w->plan);
	free(w);
	return fine;
}
