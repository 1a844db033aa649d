/* A filter's tree as SQL over `delivery AS d`, every value a bound parameter, and what can be known of its matches
 * beforehand: their status classes, their ids, words that the search index must hold. */
#include "shared/filter/filter_private.h"
#include "shared/text/text_fold.h"

#include <stdio.h>
#include <string.h>

#define PREFIX_LEAST 3 /* shorter beginnings of words have too many words */

static void put(struct filter_sql *out, const char *text)
{
	out->failed = out->failed || !buffer_append_text(&out->where, text);
}

static void bind_next(struct filter_sql *out, struct filter_bound bound)
{
	if (out->count == sizeof out->bounds / sizeof *out->bounds) {
		out->failed = true; /* cannot be: the atoms are fewer */
		return;
	}
	out->failed = out->failed || !buffer_printf(&out->where, "?%zu", FILTER_SQL_FIRST + out->count);
	out->bounds[out->count++] = bound;
}

static void put_integer(struct filter_sql *out, int64_t value)
{
	bind_next(out, (struct filter_bound){ .kind = BOUND_INTEGER, .integer = value });
}

static void put_text(struct filter_sql *out, const void *at, size_t len)
{
	bind_next(out, (struct filter_bound){ .kind = BOUND_TEXT, .at = len ? at : "", .len = len });
}

static void put_blob(struct filter_sql *out, const void *at, size_t len)
{
	bind_next(out, (struct filter_bound){ .kind = BOUND_BLOB, .at = at, .len = len });
}

static void put_atom(struct filter_sql *out, const struct filter_atom *a)
{
	bind_next(out, (struct filter_bound){ .kind = BOUND_ATOM, .at = a });
}

/* ---- one alternative ---- */

static void put_range(struct filter_sql *out, const char *column, const struct filter_atom *a)
{
	put(out, column);
	put(out, " BETWEEN ");
	put_integer(out, a->low);
	put(out, " AND ");
	put_integer(out, a->high);
}

static void put_event_id(struct filter_sql *out, const struct filter_atom *a)
{
	put(out, "d.event_id BETWEEN ");
	put_blob(out, a->low_id, 16);
	put(out, " AND ");
	put_blob(out, a->high_id, 16);
}

static void put_function(struct filter_sql *out, const char *name, const char *of, const struct filter_atom *a)
{
	put(out, name);
	put(out, "(");
	put(out, of);
	put(out, ", ");
	put_atom(out, a);
	put(out, ")");
}

/* The slice's bounds within, so that it is looked up in tag_by_name once a slice. */
static void put_tag(struct filter_sql *out, const struct filter_atom *a)
{
	put(out, "d.id IN (SELECT delivery_id FROM tag WHERE delivery_id BETWEEN ?1 AND ?2 AND ");
	/* SQLite itself folds A to Z only. */
	if (a->how == HOW_GLOB || a->how == HOW_REGEX || !text_fold_is_ascii(buffer_view(&a->text))) {
		put_function(out, "creel_text", "name", a);
	} else {
		put(out, "name = ");
		put_text(out, a->text.at, a->text.len);
		put(out, a->folded ? " COLLATE NOCASE" : "");
	}
	put(out, ")");
}

static void put_note(struct filter_sql *out, const struct filter_atom *a)
{
	put(out, "d.id IN (SELECT delivery_id FROM note WHERE delivery_id BETWEEN ?1 AND ?2 AND ");
	put_function(out, "creel_text", "text", a);
	put(out, ")");
}

/* A function of the bytes of a request or an answer, which `select` gives (filter_fields.h). */
static void put_message(struct filter_sql *out, const char *name, const char *select, const struct filter_atom *a)
{
	put(out, "(SELECT ");
	put_function(out, name, "id, headers, body", a);
	put(out, " FROM (");
	put(out, select);
	put(out, ")) IS TRUE");
}

static void put_word(struct filter_sql *out, const struct filter_atom *a)
{
	put_function(out, "(creel_text", "d.event_type", a);
	put_function(out, " OR creel_text", "d.target", a);
	if (a->low > 0) {
		put(out, " OR d.id = ");
		put_integer(out, a->low);
	}
	if (a->high) {
		put(out, " OR ");
		put_event_id(out, a);
	}
	put(out, " OR ");
	put_message(out, "creel_body", FILTER_REQUEST, a);
	put(out, ")");
}

static void put_choice(struct filter_sql *out, const char *column, const struct filter_atom *a)
{
	const struct filter_choice *c = a->choice;
	if (c->sql) {
		put(out, c->sql);
	} else if (c->tag) {
		put_tag(out, a);
	} else {
		put(out, column);
		put(out, " = ");
		if (c->text)
			put_text(out, a->text.at, a->text.len);
		else
			put_integer(out, c->value);
	}
}

static void put_text_test(struct filter_sql *out, const struct filter_term *t, const struct filter_atom *a)
{
	const struct filter_field *f = t->field;
	switch (f->kind) {
	case KIND_TAG:
		put_tag(out, a);
		break;
	case KIND_NOTE:
		put_note(out, a);
		break;
	case KIND_JSON:
		put_message(out, "creel_json", FILTER_REQUEST, a);
		break;
	case KIND_WORD:
		put_word(out, a);
		break;
	case KIND_HOST:
	case KIND_HEADER:
		put_function(out, "creel_header", f->column, a);
		break;
	case KIND_BODY:
		put_message(out, "creel_body", f->column, a);
		break;
	default:
		put_function(out, "creel_text", f->column, a);
	}
}

static void put_alternative(struct filter_sql *out, const struct filter_term *t, const struct filter_atom *a)
{
	switch (a->how) {
	case HOW_CHOICE:
		put_choice(out, t->field->column, a);
		break;
	case HOW_CLASS:
		put(out, "d.status_class = ");
		put_integer(out, a->low);
		break;
	case HOW_EVENT_ID:
		put_event_id(out, a);
		break;
	case HOW_RANGE:
		put_range(out, t->field->column, a);
		break;
	default:
		put_text_test(out, t, a);
	}
}

static void put_node(struct filter_sql *out, const struct filter_node *n)
{
	out->reads = out->reads || (n->kind == FILTER_TERM && n->term.field->reads);
	if (n->kind == FILTER_NOT)
		put(out, "NOT ");
	put(out, "(");
	if (n->kind == FILTER_TERM) {
		for (size_t i = 0; i < n->term.count; i++) {
			put(out, i ? " OR " : "");
			put_alternative(out, &n->term, &n->term.atoms[i]);
		}
	}
	for (const struct filter_node *c = n->first; c; c = c->next) {
		put(out, c == n->first ? "" : n->kind == FILTER_OR ? " OR " : " AND ");
		put_node(out, c);
	}
	put(out, ")");
}

/* ---- status classes and ids of the matches ---- */

/* The classes that matches can have. */
static unsigned classes_of_atom(const struct filter_field *f, const struct filter_atom *a, bool *exact)
{
	if (a->how == HOW_CLASS)
		return FILTER_CLASS((unsigned)a->low);
	*exact = *exact && a->choice && a->choice->exact;
	if (a->choice && a->choice->classes)
		return a->choice->classes;
	if (f->kind != KIND_STATUS)
		return FILTER_CLASSES_ALL;
	/* A status may also be an earlier attempt's, or of an answer that broke off. */
	unsigned classes = FILTER_CLASS(0) | FILTER_CLASS(6) | FILTER_CLASS(7);
	for (int c = 1; c <= 5; c++)
		if (a->low < (c == 5 ? 1000L : (c + 1) * 100L) && a->high >= c * 100L)
			classes |= FILTER_CLASS(c);
	return classes;
}

static unsigned classes_of(const struct filter_node *n, bool *exact)
{
	unsigned classes = n->kind == FILTER_AND ? FILTER_CLASSES_ALL : 0;
	if (n->kind == FILTER_TERM)
		for (size_t i = 0; i < n->term.count; i++)
			classes |= classes_of_atom(n->term.field, &n->term.atoms[i], exact);
	if (n->kind == FILTER_NOT) {
		bool inner = true;
		unsigned all = classes_of(n->first, &inner);
		*exact = *exact && inner;
		return inner ? ~all & FILTER_CLASSES_ALL : FILTER_CLASSES_ALL;
	}
	for (const struct filter_node *c = n->first; c; c = c->next) {
		unsigned of_child = classes_of(c, exact);
		classes = n->kind == FILTER_AND ? classes & of_child : classes | of_child;
	}
	return classes;
}

/* Narrows by ids that stand alone or among terms that must all hold. */
static void narrow_ids(const struct filter_node *n, int64_t *low, int64_t *high)
{
	if (n->kind == FILTER_AND)
		for (const struct filter_node *c = n->first; c; c = c->next)
			narrow_ids(c, low, high);
	if (n->kind != FILTER_TERM || n->term.field->kind != KIND_ID)
		return;
	int64_t least = INT64_MAX, most = INT64_MIN;
	for (size_t i = 0; i < n->term.count; i++) {
		const struct filter_atom *a = &n->term.atoms[i];
		if (a->how != HOW_RANGE)
			return;
		least = a->low < least ? a->low : least;
		most = a->high > most ? a->high : most;
	}
	*low = least > *low ? least : *low;
	*high = most < *high ? most : *high;
}

/* ---- what the search index must hold ---- */

/* The words of a text, all to be there, and its last one as a beginning when `open`. Nothing is put when none serves.
 */
static bool put_words(struct buffer *out, const char *parts, struct bytes text, bool open)
{
	size_t words = 0, i = 0;
	while (i < text.len) {
		size_t from = i;
		while (i < text.len && word_is_byte(text.at[i]))
			i++;
		size_t len = i - from;
		bool beginning = open && i == text.len && len > 0;
		if (len == 0) {
			i++;
			continue;
		}
		if (beginning && len < PREFIX_LEAST)
			break;
		if (!word_query_put_word(out, parts, bytes_make(text.at + from, len), beginning) ||
		    (words++ && !word_query_put_both(out)))
			return false;
	}
	return words > 0;
}

static bool match_atom(struct buffer *out, const struct filter_field *f, const struct filter_atom *a)
{
	struct bytes text = buffer_view(&a->text);
	bool whole = a->how == HOW_EQUAL, open = a->how == HOW_WORDS;
	if (a->how == HOW_GLOB && f->kind == KIND_TEXT) {
		const uint8_t *star = memchr(text.at, 0, text.len);
		text.len = star ? (size_t)(star - text.at) : text.len;
		open = true;
	}
	return f->index && (whole || open) && put_words(out, f->index, text, open);
}

static bool match_node(struct buffer *out, const struct filter_node *n);

/* Of a term all alternatives must be known to the index, as of an OR all children; of an AND one is enough. */
static bool match_parts(struct buffer *out, const struct filter_node *n)
{
	size_t parts = 0;
	bool all = n->kind == FILTER_AND;
	for (size_t i = 0; n->kind == FILTER_TERM && i < n->term.count; i++)
		if (!match_atom(out, n->term.field, &n->term.atoms[i]) || (parts++ && !word_query_put_either(out)))
			return false;
	for (const struct filter_node *c = n->first; c; c = c->next) {
		bool fits = match_node(out, c);
		if (!fits && !all)
			return false;
		if (fits && parts++ && !(all ? word_query_put_both(out) : word_query_put_either(out)))
			return false;
	}
	return parts > 0;
}

/* False when the index cannot narrow this node; `out` is as it was then. */
static bool match_node(struct buffer *out, const struct filter_node *n)
{
	size_t start = out->len;
	if (n->kind != FILTER_NOT && match_parts(out, n))
		return true;
	out->len = start;
	return false;
}

bool filter_make_sql(const struct filter *f, struct filter_sql *out)
{
	memset(out, 0, sizeof *out);
	out->classes = FILTER_CLASSES_ALL;
	out->low = 1;
	out->high = INT64_MAX;
	out->exact = true;
	if (f && f->root) {
		out->classes = classes_of(f->root, &out->exact);
		narrow_ids(f->root, &out->low, &out->high);
		put_node(out, f->root);
		if (!match_node(&out->match, f->root))
			buffer_free(&out->match);
	} else {
		put(out, "1");
	}
	if (!out->failed && buffer_put_u8(&out->where, 0))
		return true;
	filter_sql_free(out);
	return false;
}

void filter_sql_free(struct filter_sql *sql)
{
	buffer_free(&sql->where);
	buffer_free(&sql->match);
}

/* Whether the matches are found by id, or are few beside what the index by class gives. */
static bool is_indexed(const struct filter_node *n)
{
	const struct filter_node *of = n->kind == FILTER_NOT && n->first ? n->first : n;
	if (of->kind == FILTER_TERM) {
		bool exact = true, by_state = of->term.field->kind == KIND_STATE && n->kind == FILTER_TERM;
		unsigned classes = classes_of(n, &exact);
		return of->term.field->kind == KIND_ID ||
		       ((exact || by_state) && !(classes & FILTER_CLASS(FILTER_CLASS_2XX)));
	}
	for (const struct filter_node *c = n->first; c; c = c->next)
		if (!is_indexed(c))
			return false;
	return true;
}

bool filter_walks(const struct filter *f)
{
	return f->root && !is_indexed(f->root);
}
