/* The filter language's grammar: OR of sequences of terms, '-' before a term, parentheses. Recursive descent, bounded
 * by FILTER_DEPTH_MAX and FILTER_TERMS_MAX. */
#include "shared/filter/filter_private.h"
#include "shared/text/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct filter_node *read_or(struct filter_parser *p);

/* Characters before the byte `at`: what a caret has to go along. */
static int column_of(const char *text, size_t at)
{
	int column = 1;
	for (size_t i = 0; i < at && text[i]; i++)
		column += ((uint8_t)text[i] & 0xc0) != 0x80;
	return column;
}

bool filter_fail(struct filter_parser *p, size_t at, const char *format, ...)
{
	va_list args;
	if (p->failed)
		return false;
	p->failed = true;
	p->e->column = column_of(p->text, at);
	va_start(args, format);
	vsnprintf(p->e->text, sizeof p->e->text, format, args);
	va_end(args);
	return false;
}

static struct filter_node *new_node(struct filter_parser *p, enum filter_kind kind)
{
	struct filter_node *n = calloc(1, sizeof *n);
	if (!n)
		filter_fail(p, p->at, "out of memory");
	else
		n->kind = kind;
	return n;
}

static void free_node(struct filter_node *n)
{
	while (n) {
		struct filter_node *next = n->next;
		free_node(n->first);
		filter_term_free(&n->term);
		free(n);
		n = next;
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_blanks(struct filter_parser *p)
{
	while (is_blank(p->text[p->at]))
		p->at++;
}

bool filter_ends_word(char c)
{
	return c == 0 || c == ')' || is_blank(c);
}

static bool is_keyword(const struct filter_parser *p, const char *word)
{
	size_t len = strlen(word);
	return strncmp(p->text + p->at, word, len) == 0 &&
	       (filter_ends_word(p->text[p->at + len]) || p->text[p->at + len] == '(');
}

static struct filter_node *read_group(struct filter_parser *p)
{
	size_t open = p->at++;
	if (++p->depth > FILTER_DEPTH_MAX) {
		filter_fail(p, open, "parentheses go %d deep at most", FILTER_DEPTH_MAX);
		return NULL;
	}
	struct filter_node *n = read_or(p);
	p->depth--;
	if (n && p->text[p->at] != ')') {
		filter_fail(p, open, "this ( has no )");
		free_node(n);
		return NULL;
	}
	if (n)
		p->at++;
	return n;
}

/* A '-' or NOT before a term or group; several undo each other. */
static struct filter_node *read_negation(struct filter_parser *p)
{
	bool negated = false;
	for (;;) {
		size_t start = p->at;
		bool word = is_keyword(p, "NOT");
		if (!word && p->text[p->at] != '-')
			break;
		p->at += word ? 3 : 1;
		negated = !negated;
		if (word)
			skip_blanks(p);
		if (filter_ends_word(p->text[p->at])) {
			filter_fail(p, start, "%s stands directly before what it excludes, as in -is:replay",
				    word ? "NOT" : "-");
			return NULL;
		}
	}
	struct filter_node *n;
	if (p->text[p->at] == '(') {
		n = read_group(p);
	} else if (p->terms++ == FILTER_TERMS_MAX) {
		filter_fail(p, p->at, "a filter has %d terms at most", FILTER_TERMS_MAX);
		return NULL;
	} else {
		n = new_node(p, FILTER_TERM);
		if (n && !filter_read_term(p, &n->term)) {
			free_node(n);
			return NULL;
		}
	}
	if (!n || !negated)
		return n;
	struct filter_node *inverse = new_node(p, FILTER_NOT);
	if (!inverse) {
		free_node(n);
		return NULL;
	}
	inverse->first = n;
	return inverse;
}

static struct filter_node *read_factor(struct filter_parser *p)
{
	size_t from = p->at;
	struct filter_node *n = read_negation(p);
	if (n) {
		n->from = from;
		n->to = p->at;
	}
	return n;
}

/* One child stands for itself. */
static struct filter_node *wrap(struct filter_parser *p, enum filter_kind kind, struct filter_node *first)
{
	if (!first || !first->next)
		return first;
	struct filter_node *n = new_node(p, kind);
	if (!n) {
		free_node(first);
		return NULL;
	}
	n->first = first;
	return n;
}

static struct filter_node *read_and(struct filter_parser *p)
{
	struct filter_node *first = NULL, **last = &first;
	for (;;) {
		skip_blanks(p);
		char c = p->text[p->at];
		if (c == 0 || c == ')' || is_keyword(p, "OR"))
			break;
		if (first && is_keyword(p, "AND")) {
			p->at += 3;
			skip_blanks(p);
			if (filter_ends_word(p->text[p->at])) {
				filter_fail(p, p->at, "a term is missing after AND");
				free_node(first);
				return NULL;
			}
			continue;
		}
		*last = read_factor(p);
		if (!*last) {
			free_node(first);
			return NULL;
		}
		last = &(*last)->next;
	}
	if (!first)
		filter_fail(p, p->at, "a term is missing here, such as status:5xx");
	return wrap(p, FILTER_AND, first);
}

static struct filter_node *read_or(struct filter_parser *p)
{
	struct filter_node *first = NULL, **last = &first;
	for (;;) {
		*last = read_and(p);
		if (!*last) {
			free_node(first);
			return NULL;
		}
		last = &(*last)->next;
		if (!is_keyword(p, "OR"))
			break;
		p->at += 2;
	}
	return wrap(p, FILTER_OR, first);
}

static bool parse(struct filter_parser *p, struct filter *f)
{
	if (strlen(p->text) > FILTER_TEXT_MAX)
		return filter_fail(p, FILTER_TEXT_MAX, "a filter has %d bytes at most", FILTER_TEXT_MAX);
	skip_blanks(p);
	if (!p->text[p->at])
		return true;
	f->root = read_or(p);
	if (f->root && p->text[p->at])
		filter_fail(p, p->at, "this ) has no (");
	return !p->failed;
}

struct filter *filter_parse(const char *text, uint64_t now_us, struct filter_error *e)
{
	struct filter_parser p = { .text = text, .now_us = now_us, .e = e };
	struct filter *f = calloc(1, sizeof *f);
	memset(e, 0, sizeof *e);
	e->column = 1;
	if (!f) {
		filter_fail(&p, 0, "out of memory");
		return NULL;
	}
	if (!parse(&p, f)) {
		filter_free(f);
		return NULL;
	}
	return f;
}

/* The name of the first field of that kind, and where in the text it stands (`at`: where the node does). */
static const char *find_later(const struct filter_node *n, size_t at, size_t *where)
{
	if (n->to > 0)
		at = n->from;
	*where = at;
	if (n->kind == FILTER_TERM && n->term.field->later)
		return n->term.field->name;
	for (const struct filter_node *c = n->first; c; c = c->next) {
		const char *name = find_later(c, at, where);
		if (name)
			return name;
	}
	return NULL;
}

struct filter *filter_parse_for_request(const char *text, struct filter_error *e)
{
	size_t where = 0;
	struct filter *f = filter_parse(text, 0, e);
	const char *later = f && f->root ? find_later(f->root, 0, &where) : NULL;
	if (!later)
		return f;
	struct filter_parser p = { .text = text, .e = e };
	filter_fail(&p, where,
		    "%s: is not known when a request comes; method, path, host, peer, header, source, event, "
		    "body, json, size and sig are",
		    later);
	filter_free(f);
	return NULL;
}

void filter_free(struct filter *f)
{
	if (!f)
		return;
	free_node(f->root);
	free(f);
}

bool filter_is_empty(const struct filter *f)
{
	return !f->root;
}

static bool names_state(const struct filter_node *n)
{
	for (size_t i = 0; n->kind == FILTER_TERM && i < n->term.count; i++) {
		const struct filter_atom *a = &n->term.atoms[i];
		if (n->term.field->kind == KIND_STATE || (a->how == HOW_CLASS && a->low == 0))
			return true;
	}
	for (const struct filter_node *c = n->first; c; c = c->next)
		if (names_state(c))
			return true;
	return false;
}

bool filter_asks_state(const struct filter *f)
{
	return f->root && names_state(f->root);
}

bool filter_join(struct filter *f, struct filter *other)
{
	struct filter_node *both = f->root && other->root ? calloc(1, sizeof *both) : NULL;
	bool fine = both || !f->root || !other->root;
	if (both) {
		both->kind = FILTER_AND;
		both->first = f->root;
		f->root->next = other->root;
		f->root = both;
		other->root = NULL;
	} else if (fine && !f->root) {
		f->root = other->root;
		other->root = NULL;
	}
	filter_free(other);
	return fine;
}

/* Character by character: one that is made visible is wider than it was. */
/* Characters shown on either side of the caret, of a text that would fill the screen. */
#define CARET_SIDE 60
#define CARET_WHOLE 200

bool filter_caret(struct buffer *out, const char *text, int column)
{
	struct buffer shown = { 0 };
	size_t len = strlen(text), caret = 0, at = 0;
	bool fine = true, whole = len <= CARET_WHOLE, before = false, after = false;
	for (int i = 1; fine && !after && at < len; i++) {
		size_t next = at + 1;
		while (next < len && ((uint8_t)text[next] & 0xc0) == 0x80)
			next++;
		if (!whole && !before && i < column - CARET_SIDE)
			before = fine = buffer_append_text(&shown, "…");
		if (i == column)
			caret = text_width(buffer_view(&shown));
		after = !whole && i > column + CARET_SIDE;
		if (after)
			fine = buffer_append_text(&shown, "…");
		else if (whole || i >= column - CARET_SIDE)
			fine = text_sanitize(&shown, bytes_make(text + at, next - at), TEXT_LINE);
		at = next;
		if (at == len && i < column)
			caret = text_width(buffer_view(&shown));
	}
	fine = fine && buffer_append_bytes(out, buffer_view(&shown)) && buffer_printf(out, "\n%*s^\n", (int)caret, "");
	buffer_free(&shown);
	return fine;
}
