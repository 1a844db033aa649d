#include "shared/syntax/markup_private.h"

#include <string.h>
#include <strings.h>

#define INDENT 2
#define CLOSED_MOST 64 /* elements HTML's end tag may be of, outwards from the innermost */
#define INDENT_MOST 80 /* columns: deeper ones stand below each other */

struct layout {
	struct markup_reader reader;
	struct buffer *out;
	size_t most;
	struct bytes open[MARKUP_DEPTH_MAX]; /* the names of the elements around */
	size_t depth;
	size_t lost;        /* HTML: start tags that were too deep to be remembered */
	struct bytes blank; /* what stood between the last token and this */
	enum markup_kind last;
	bool any, root_over;
	const char *wrong;
};

static bool is_one_of(struct bytes name, const char *words)
{
	for (const char *at = words; *at;) {
		size_t len = strcspn(at, " ");
		if (len == name.len && strncasecmp(at, (const char *)name.at, len) == 0)
			return true;
		at += len + (at[len] != 0);
	}
	return false;
}

static bool is_void(struct bytes name)
{
	return is_one_of(name, "area base br col embed hr img input link meta param source track wbr");
}

/* HTML leaves out the end tags of these: one of the same kind ends them. */
static bool ends_other(struct bytes other, struct bytes name)
{
	static const char *const kinds[] = { "p", "li", "dt dd", "tr", "td th", "option", "thead tbody tfoot" };
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (is_one_of(other, kinds[i]) && is_one_of(name, kinds[i]))
			return true;
	return false;
}

static bool open_element(struct layout *l, struct bytes name)
{
	if (l->depth == MARKUP_DEPTH_MAX) {
		l->lost += l->reader.html;
		l->wrong = l->reader.html ? NULL : "it is nested deeper than 512";
		return l->reader.html;
	}
	l->open[l->depth++] = name;
	return true;
}

static bool close_element(struct layout *l, struct bytes name)
{
	if (!l->reader.html) {
		if (l->depth == 0 || !bytes_equal(l->open[l->depth - 1], name))
			l->wrong = "the end tag is not that of the element";
		else
			l->root_over = --l->depth == 0;
		return !l->wrong;
	}
	if (l->lost) {
		l->lost--;
		return true;
	}
	size_t least = l->depth > CLOSED_MOST ? l->depth - CLOSED_MOST : 0;
	for (size_t i = l->depth; i-- > least;)
		if (l->open[i].len == name.len &&
		    strncasecmp((const char *)l->open[i].at, (const char *)name.at, name.len) == 0) {
			l->depth = i;
			break;
		}
	return true;
}

/* XML has one element at the top, and no text beside it. */
static bool check_top(struct layout *l, const struct markup_token *t)
{
	bool text = t->kind == MARKUP_TEXT || t->kind == MARKUP_CDATA,
	     opens = t->kind == MARKUP_OPEN || t->kind == MARKUP_EMPTY;
	if (l->reader.html || l->depth)
		return true;
	if (text)
		l->wrong = "there is text outside the root element";
	else if (opens && l->root_over)
		l->wrong = "there is a second root element";
	else if (t->kind == MARKUP_EMPTY)
		l->root_over = true;
	return !l->wrong;
}

static bool is_text(enum markup_kind kind)
{
	return kind == MARKUP_TEXT || kind == MARKUP_CDATA;
}

static bool put_break(struct layout *l, size_t depth)
{
	size_t columns = depth * INDENT < INDENT_MOST ? depth * INDENT : INDENT_MOST;
	static const uint8_t blanks[INDENT_MOST + 1] =
	    "                                                                                ";
	return buffer_put_u8(l->out, '\n') && buffer_append(l->out, blanks, columns);
}

/* Between two tags stands a line break; beside a text what stood there, and in an element without anything as well. */
static bool put(struct layout *l, const struct markup_token *t, size_t depth)
{
	bool nothing_in_it = t->kind == MARKUP_CLOSE && l->last == MARKUP_OPEN;
	bool fine = true;
	if (l->any && !is_text(t->kind) && !is_text(l->last) && !nothing_in_it)
		fine = put_break(l, depth);
	else if (l->any || is_text(t->kind))
		fine = buffer_append_bytes(l->out, l->blank);
	l->blank.len = 0;
	l->any = true;
	l->last = t->kind;
	fine = fine && buffer_append_bytes(l->out, t->bytes);
	if (!fine)
		l->wrong = "there is not enough memory";
	else if (l->out->len > l->most)
		l->wrong = "it would take too much room";
	return !l->wrong;
}

static bool step(struct layout *l, const struct markup_token *t)
{
	size_t depth = l->depth;
	if (t->kind == MARKUP_BLANK) {
		l->blank = t->bytes;
		return true;
	}
	if (!check_top(l, t))
		return false;
	if (t->kind == MARKUP_OPEN && l->reader.html && depth && ends_other(l->open[depth - 1], t->name))
		depth = --l->depth;
	if (t->kind == MARKUP_CLOSE) {
		if (!close_element(l, t->name))
			return false;
		depth = l->depth;
	}
	if (t->kind == MARKUP_OPEN && !(l->reader.html && is_void(t->name)) && !open_element(l, t->name))
		return false;
	return put(l, t, depth);
}

static bool fail(const struct layout *l, size_t at, const char *what, struct markup_error *e)
{
	*e = (struct markup_error){ .at = at, .line = 1, .column = 1, .what = what };
	for (size_t i = 0; i < at && i < l->reader.in.len; i++) {
		uint8_t c = l->reader.in.at[i];
		e->line += c == '\n';
		e->column = c == '\n' ? 1 : e->column + ((c & 0xc0) != 0x80);
	}
	return false;
}

bool markup_lay_out(struct bytes in, bool html, size_t most, struct buffer *out, struct markup_error *e)
{
	struct layout l = { .reader = { .in = in, .html = html }, .out = out, .most = most, .last = MARKUP_OTHER };
	struct markup_token t;
	size_t at = in.len >= 3 && memcmp(in.at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	if (at && !buffer_append(out, in.at, at))
		return fail(&l, 0, "there is not enough memory", e);
	l.reader.at = at;
	while (markup_next(&l.reader, &t)) {
		if (!step(&l, &t))
			return fail(&l, at, l.wrong, e);
		at = l.reader.at;
	}
	if (l.reader.broken)
		return fail(&l, at, l.reader.broken, e);
	if (!html && (l.depth || !l.root_over))
		return fail(&l, in.len, l.depth ? "an end tag is missing" : "there is no element", e);
	/* What ended with a line break ends with one. */
	return buffer_append_bytes(out, l.blank) || fail(&l, 0, "there is not enough memory", e);
}
