/* Reads the values that a term's field takes, into its alternatives. */
#include "shared/filter/filter_term.h"
#include "shared/http/headers.h"
#include "shared/text/text_distance.h"
#include "shared/text/text_fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- texts ---- */

/* NUL-terminated, not counted. */
static bool put_folded(struct filter_parser *p, size_t at, struct bytes text, struct filter_atom *a)
{
	if (!text_fold(&a->text, text) || !buffer_put_u8(&a->text, 0))
		return filter_fail(p, at, "out of memory");
	a->text.len--;
	return true;
}

/* Of its letters those beyond ASCII are folded here, as what it is compared with is. */
static bool fold_regex(const struct filter_piece *piece, struct buffer *out)
{
	struct bytes text = buffer_view(&piece->text);
	bool fine = true;
	for (size_t i = 0; fine && i < text.len;) {
		size_t len = 0;
		while (i + len < text.len && text.at[i + len] > 127)
			len++;
		fine = len ? text_fold(out, bytes_make(text.at + i, len)) : buffer_put_u8(out, text.at[i]);
		i += len ? len : 1;
	}
	return fine && buffer_put_u8(out, 0);
}

static bool put_regex(struct filter_parser *p, const struct filter_piece *piece, struct filter_atom *a)
{
	struct buffer folded = { 0 };
	const char *why = "out of memory";
	bool fine = fold_regex(piece, &folded) && filter_regex_read((const char *)folded.at, &a->regex, &why);
	buffer_free(&folded);
	if (!fine)
		return filter_fail(p, piece->at, "this regular expression cannot be used: %s", why);
	a->how = HOW_REGEX;
	return true;
}

/* Takes the piece's text over. */
static bool put_text(struct filter_parser *p, struct filter_piece *piece, struct filter_atom *a)
{
	if (piece->regex)
		return put_regex(p, piece, a);
	a->how = piece->glob ? HOW_GLOB : HOW_EQUAL;
	return put_folded(p, piece->at, buffer_view(&piece->text), a);
}

/* Within a body or among a delivery's words a glob need not begin at the beginning. */
static bool put_words(struct filter_parser *p, struct filter_piece *piece, struct filter_atom *a)
{
	struct bytes text = buffer_view(&piece->text);
	if (text.len == 0)
		return filter_fail(p, piece->at, "there is nothing to search for between the quotes");
	if (!piece->glob || piece->regex)
		return put_text(p, piece, a) && (a->how == HOW_REGEX || (a->how = HOW_WORDS, true));
	a->how = HOW_GLOB;
	return (buffer_put_u8(&a->text, 0) && text_fold(&a->text, text) && buffer_put_u8(&a->text, 0)) ||
	       filter_fail(p, piece->at, "out of memory");
}

/* A word may also be a delivery's number or the beginning of its event id. */
static void note_id(struct filter_atom *a)
{
	const char *text = (const char *)a->text.at;
	if (a->how != HOW_WORDS || strlen(text) != a->text.len)
		return;
	if (!filter_literal_number(text, &a->low))
		a->low = 0;
	a->high = filter_literal_event_id(text, a->low_id, a->high_id);
}

static bool put_value(struct filter_parser *p, struct filter_term *t, struct filter_piece *piece)
{
	struct filter_atom *a = filter_add_atom(p, t);
	if (!a)
		return false;
	const struct filter_field *f = t->field;
	if (f->kind == KIND_BODY || f->kind == KIND_NOTE)
		return put_words(p, piece, a);
	if (f->kind == KIND_WORD) {
		/* A / begins no expression here: it begins most paths. */
		if (!put_words(p, piece, a))
			return false;
		note_id(a);
		return true;
	}
	a->folded = f->kind == KIND_TAG;
	a->is_host = f->kind == KIND_HOST;
	a->name = a->is_host ? "host" : NULL;
	/* What the list shows of an unknown provider. */
	if (f->or_none && !piece->quoted && !piece->regex &&
	    (strcasecmp((const char *)piece->text.at, "other") == 0 ||
	     strcasecmp((const char *)piece->text.at, "none") == 0))
		piece->text.len = 0;
	return put_text(p, piece, a);
}

bool filter_read_text(struct filter_parser *p, struct filter_term *t, const char *ends)
{
	struct filter_piece piece;
	if (!filter_read_piece(p, ends, &piece))
		return false;
	if (t->field->kind == KIND_WORD && piece.regex) {
		/* As it was written. */
		size_t end = p->at;
		buffer_free(&piece.text);
		piece.regex = false;
		if (!buffer_append(&piece.text, p->text + piece.at, end - piece.at) || !buffer_put_u8(&piece.text, 0)) {
			buffer_free(&piece.text);
			return filter_fail(p, piece.at, "out of memory");
		}
		piece.text.len--;
	}
	bool fine = put_value(p, t, &piece);
	buffer_free(&piece.text);
	return fine;
}

/* ---- header fields ---- */

bool filter_read_header(struct filter_parser *p, struct filter_term *t)
{
	size_t start = p->at;
	while (!filter_ends_word(p->text[p->at]) && p->text[p->at] != '=')
		p->at++;
	struct bytes name = bytes_make(p->text + start, p->at - start);
	if (!headers_name_valid(name))
		return filter_fail(p, start, "a header field's name stands here, as in header:x-request-id=abc");
	if (!buffer_append_bytes(&t->name, name) || !buffer_put_u8(&t->name, 0))
		return filter_fail(p, start, "out of memory");
	if (p->text[p->at] == '=') {
		p->at++;
		if (!filter_read_text(p, t, ""))
			return false;
	} else {
		struct filter_atom *a = filter_add_atom(p, t);
		if (!a)
			return false;
		a->how = HOW_THERE;
	}
	t->atoms[0].name = (const char *)t->name.at;
	return true;
}

/* ---- JSON ---- */

/* data.object."odd name".0 or items[0]["odd name"]. */
static bool read_path(struct filter_parser *p, struct filter_term *t)
{
	const char *at = p->text + p->at, *end = at, *why = NULL;
	t->steps = calloc(1, sizeof *t->steps);
	if (*at == '.')
		return filter_fail(p, p->at, "a name is missing here, as in json:data.object.id=cus_1");
	/* Its end first: the steps are to point into a copy. */
	for (struct json_step step; !why && (end == at || *end == '.' || *end == '[');) {
		const char *start = end;
		why = json_step_take(&end, &step);
		if (why)
			return filter_fail(p, (size_t)((*start == '.' ? start + 1 : start) - p->text), "%s", why);
	}
	if (!t->steps || !buffer_append(&t->name, at, (size_t)(end - at)) || !buffer_put_u8(&t->name, 0))
		return filter_fail(p, p->at, "out of memory");
	if (!json_steps_read((const char *)t->name.at, t->steps))
		return filter_fail(p, p->at, "this path has more than %d steps", JSON_STEPS_MOST);
	p->at = (size_t)(end - p->text);
	return true;
}

static bool read_comparison(struct filter_parser *p, struct filter_atom *a)
{
	bool more = p->text[p->at] == '>', equal = p->text[p->at + 1] == '=';
	struct filter_piece piece;
	p->at += equal ? 2 : 1;
	if (!filter_read_piece(p, "", &piece))
		return false;
	a->how = HOW_COMPARE;
	a->compare = more ? equal ? COMPARE_MORE_EQUAL : COMPARE_MORE : equal ? COMPARE_LESS_EQUAL : COMPARE_LESS;
	a->text = piece.text;
	bool fine = !piece.glob && json_number_read(buffer_view(&a->text), &a->number);
	return fine || filter_fail(p, piece.at, "a number must follow > or <, as in json:data.amount>=4900");
}

bool filter_read_json(struct filter_parser *p, struct filter_term *t)
{
	if (!read_path(p, t))
		return false;
	char op = p->text[p->at];
	if (op == '=') {
		p->at++;
		if (filter_ends_word(p->text[p->at]))
			return filter_fail(p, p->at, "a value is missing here; for example json:data.object.id=cus_1");
		if (!filter_read_text(p, t, ""))
			return false;
		struct filter_atom *a = &t->atoms[0];
		a->steps = t->steps;
		a->is_number = a->how == HOW_EQUAL && json_number_read(buffer_view(&a->text), &a->number);
		return true;
	}
	struct filter_atom *a = filter_add_atom(p, t);
	if (!a)
		return false;
	a->steps = t->steps;
	a->how = HOW_THERE;
	return (op != '<' && op != '>') || read_comparison(p, a);
}

/* ---- numbers, times, choices ---- */

struct range {
	struct filter_parser *p;
	enum filter_field_kind kind;
	size_t at;
};

/* One end of a range: [*from, *until). */
static bool read_end(const struct range *r, const char *text, int64_t *from, int64_t *until)
{
	int64_t unit;
	bool fine;
	switch (r->kind) {
	case KIND_SIZE:
		fine = filter_literal_size(text, from);
		*until = *from + 1;
		return fine || filter_fail(r->p, r->at, "'%.40s' is not a size: 10k, 64KiB, 1MiB or bytes", text);
	case KIND_DURATION:
		fine = filter_literal_duration(text, from, &unit);
		*until = fine ? *from + unit : 0;
		return fine || filter_fail(r->p, r->at, "'%.40s' is not a duration: 500ms, 5s, 2m", text);
	case KIND_SINCE:
	case KIND_BEFORE:
	case KIND_ON:
		return filter_literal_time(text, r->p->now_us, from, until) ||
		       filter_fail(r->p, r->at, "'%.40s' is not a time: 1h (ago), today, 2026-11-20, 2026-11-20T09:00",
				   text);
	case KIND_STATUS:
		fine = filter_literal_number(text, from) && *from >= 100 && *from <= 999;
		*until = *from + 1;
		return fine ||
		       filter_fail(r->p, r->at, "'%.40s' is not a status: 503, 5xx, >=400, err, timeout or none", text);
	default:
		fine = filter_literal_number(*text == '#' && r->kind == KIND_ID ? text + 1 : text, from);
		*until = *from + 1;
		return fine || filter_fail(r->p, r->at, "'%.40s' is not a number", text);
	}
}

/* A delivery without a status or a duration is not below any. */
static int64_t least(const struct range *r)
{
	return r->kind == KIND_STATUS ? 100 : r->kind == KIND_DURATION ? 0 : INT64_MIN;
}

static bool read_between(const struct range *r, char *text, char *dots, struct filter_atom *a)
{
	int64_t from = least(r), until = INT64_MAX, other;
	*dots = 0;
	const char *high = dots + 2;
	if ((!*text && !*high) || (*text && !read_end(r, text, &from, &other)) ||
	    (*high && !read_end(r, high, &other, &until)))
		return filter_fail(r->p, r->at, "a range is written 100..200, 100.. or ..200");
	/* 1s..5s ends at 5.000000 s, today's end is the day's. */
	a->low = from;
	a->high = !*high ? INT64_MAX : r->kind == KIND_DURATION ? other : until - 1;
	return a->low <= a->high || filter_fail(r->p, r->at, "this range runs backwards");
}

static bool read_range(const struct range *r, char *text, struct filter_atom *a)
{
	char *dots = strstr(text, "..");
	if (dots)
		return read_between(r, text, dots, a);
	char op = *text == '<' || *text == '>' || *text == '=' ? *text : 0;
	bool equal = op && text[1] == '=';
	int64_t from, until;
	if (!read_end(r, text + (op ? 1 : 0) + equal, &from, &until))
		return false;
	int64_t behind = r->kind == KIND_DURATION && op ? from + 1 : until;
	a->low = op == '<' ? least(r) : op == '>' && !equal ? behind : from;
	a->high = op == '>' ? INT64_MAX : op == '<' ? equal ? behind - 1 : from - 1 : until - 1;
	return true;
}

static bool read_time(const struct range *r, char *text, struct filter_atom *a)
{
	if (r->kind == KIND_ON)
		return read_range(r, text, a);
	int64_t from, until;
	if (!read_end(r, text, &from, &until))
		return false;
	a->low = r->kind == KIND_SINCE ? from : INT64_MIN;
	a->high = r->kind == KIND_SINCE ? INT64_MAX : from - 1;
	return true;
}

static bool read_status(const struct range *r, char *text, struct filter_atom *a)
{
	static const struct {
		const char *word;
		int class;
	} words[] = { { "err", 6 }, { "error", 6 }, { "timeout", 7 }, { "time", 7 }, { "none", 0 } };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcasecmp(words[i].word, text) == 0) {
			a->how = HOW_CLASS;
			a->low = words[i].class;
			return true;
		}
	}
	if (*text >= '1' && *text <= '5' && strcasecmp(text + 1, "xx") == 0) {
		a->how = HOW_CLASS;
		a->low = *text - '0';
		return true;
	}
	return read_range(r, text, a);
}

static bool read_id(const struct range *r, char *text, struct filter_atom *a)
{
	int64_t number;
	if (!filter_literal_number(text, &number) && filter_literal_event_id(text, a->low_id, a->high_id)) {
		a->how = HOW_EVENT_ID;
		return true;
	}
	return read_range(r, text, a);
}

static bool take_choice(const struct range *r, const struct filter_choice *c, struct filter_atom *a)
{
	const char *text = c->tag ? c->tag : c->text;
	a->how = HOW_CHOICE;
	a->choice = c;
	return !text || buffer_append_text(&a->text, text) || filter_fail(r->p, r->at, "out of memory");
}

static bool read_choice(const struct range *r, const struct filter_field *f, const char *text, struct filter_atom *a)
{
	char all[200] = "";
	const char *nearest = NULL;
	size_t least = strlen(text) < 3 ? strlen(text) : 3;
	for (const struct filter_choice *c = f->choices; c->word; c++) {
		size_t distance = text_distance(c->word, text);
		if (strcasecmp(c->word, text) == 0)
			return take_choice(r, c, a);
		if (distance < least) {
			least = distance;
			nearest = c->word;
		}
		size_t used = strlen(all);
		snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", c->word);
	}
	if (nearest && !r->p->failed)
		snprintf(r->p->e->suggestion, sizeof r->p->e->suggestion, "%s", nearest);
	if (nearest)
		return filter_fail(r->p, r->at, "'%.40s' is not one of %s:, did you mean %s:%s?", text, f->name,
				   f->name, nearest);
	const struct filter_field *other;
	const struct filter_choice *there = filter_field_with_choice(text, &other);
	if (there)
		return filter_fail(r->p, r->at, "'%.40s' is not one of %s:, it is written %s:%s", text, f->name,
				   other->name, there->word);
	return filter_fail(r->p, r->at, "'%.40s' is not one of %s:, which takes %s", text, f->name, all);
}

static bool read_plain_text(const struct range *r, const struct filter_field *f, char *text, struct filter_atom *a)
{
	switch (f->kind) {
	case KIND_STATUS:
		return read_status(r, text, a);
	case KIND_STATE:
	case KIND_CHOICE:
		return read_choice(r, f, text, a);
	case KIND_ID:
		return read_id(r, text, a);
	case KIND_SINCE:
	case KIND_BEFORE:
	case KIND_ON:
		return read_time(r, text, a);
	default:
		return read_range(r, text, a);
	}
}

bool filter_read_plain(struct filter_parser *p, struct filter_term *t)
{
	const struct filter_field *f = t->field;
	struct filter_piece piece;
	struct filter_atom *a = filter_add_atom(p, t);
	if (!a || !filter_read_piece(p, f->list ? "," : "", &piece))
		return false;
	struct range r = { p, f->kind, piece.at };
	bool fine = !piece.glob && !piece.regex
			? read_plain_text(&r, f, (char *)piece.text.at, a)
			: filter_fail(p, piece.at, "* and /.../ are for texts, this field has none");
	buffer_free(&piece.text);
	return fine;
}
