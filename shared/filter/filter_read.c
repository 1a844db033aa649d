/* The values that filters' fields take. */
#include "shared/filter/filter_term.h"
#include "shared/http/headers.h"
#include "shared/program/options.h"
#include "shared/base/delivery_state.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct choice {
	enum filter_field field;
	const char *word;
	int64_t value;
	const char *text; /* what stands in the record, for texts */
} choices[] = {
	{ FIELD_STATE, "waiting", DELIVERY_WAITING, NULL },
	{ FIELD_STATE, "sending", DELIVERY_SENDING, NULL },
	{ FIELD_STATE, "delivered", DELIVERY_DELIVERED, NULL },
	{ FIELD_STATE, "failed", DELIVERY_FAILED, NULL },
	{ FIELD_STATE, "held", DELIVERY_HELD, NULL },
	{ FIELD_STATE, "refused", DELIVERY_REFUSED, NULL },
	{ FIELD_SIG, "valid", 0, "valid" },
	{ FIELD_SIG, "good", 0, "valid" },
	{ FIELD_SIG, "invalid", 0, "invalid" },
	{ FIELD_SIG, "bad", 0, "invalid" },
	{ FIELD_SIG, "none", 0, "none" },
	{ FIELD_SIG, "unknown", 0, "unknown" },
	{ FIELD_IS, "live", ORIGIN_LIVE, NULL },
	{ FIELD_IS, "spool", ORIGIN_SPOOL, NULL },
	{ FIELD_IS, "queued", ORIGIN_SPOOL, NULL },
	{ FIELD_IS, "replay", ORIGIN_REPLAY, NULL },
	{ FIELD_IS, "import", ORIGIN_IMPORT, NULL },
	{ FIELD_IS, "trigger", ORIGIN_TRIGGER, NULL },
	{ FIELD_IS, "marked", 0, "marked" },
	{ FIELD_IS, "edited", 0, "edited" },
	{ FIELD_HAS, "error", 0, NULL },
	{ FIELD_HAS, "body", 1, NULL },
	{ FIELD_HAS, "response", 2, NULL },
};
#define CHOICES (sizeof choices / sizeof *choices)

/* ---- texts ---- */

static bool put_regex(struct filter_parser *p, const struct filter_piece *piece, struct filter_atom *a)
{
	const char *why;
	if (!filter_value_regex((const char *)piece->text.at, &a->regex, &why))
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
	a->text = piece->text;
	memset(&piece->text, 0, sizeof piece->text);
	return true;
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
	return (buffer_put_u8(&a->text, 0) && buffer_append_bytes(&a->text, text) && buffer_put_u8(&a->text, 0)) ||
	       filter_fail(p, piece->at, "out of memory");
}

/* A word may also be a delivery's number or the beginning of its event id. */
static void note_id(struct filter_atom *a)
{
	const char *text = (const char *)a->text.at;
	if (a->how != HOW_WORDS || strlen(text) != a->text.len)
		return;
	if (!filter_value_number(text, &a->low))
		a->low = 0;
	a->high = filter_value_event_id(text, a->low_id, a->high_id);
}

static bool put_value(struct filter_parser *p, struct filter_term *t, struct filter_piece *piece)
{
	struct filter_atom *a = filter_add_atom(p, t);
	if (!a)
		return false;
	if (t->field == FIELD_BODY || t->field == FIELD_BODY_RES)
		return put_words(p, piece, a);
	if (t->field == FIELD_WORD) {
		/* A / begins no expression here: it begins most paths. */
		if (!put_words(p, piece, a))
			return false;
		note_id(a);
		return true;
	}
	a->folded = t->field == FIELD_TAG;
	a->is_host = t->field == FIELD_HOST;
	a->name = a->is_host ? "host" : NULL;
	/* What the list shows of an unknown provider. */
	if (t->field == FIELD_SOURCE && !piece->quoted && !piece->regex &&
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
	if (t->field == FIELD_WORD && piece.regex) {
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

/* One step of data.object."odd name".0 in SQLite's form: ."data", [0]. */
static bool read_step(struct filter_parser *p, struct filter_term *t)
{
	size_t start = p->at;
	const char *at = p->text + p->at;
	bool quoted = *at == '"', fine;
	size_t len = quoted ? strcspn(at + 1, "\"") : strcspn(at, ".=<>\"() \t\r\n");
	const char *from = at + quoted;
	if (quoted && !from[len])
		return filter_fail(p, start, "this \" has no second one");
	if (len == 0)
		return filter_fail(p, start, "a name is missing here, as in json:data.object.id=cus_1");
	bool number = !quoted && strspn(from, "0123456789") >= len;
	if (number && len > 9)
		return filter_fail(p, start, "this place in an array is too large");
	fine = number ? buffer_printf(&t->name, "[%.*s]", (int)len, from)
		      : buffer_printf(&t->name, ".\"%.*s\"", (int)len, from);
	p->at += len + (quoted ? 2 : 0);
	return fine || filter_fail(p, start, "out of memory");
}

static bool read_path(struct filter_parser *p, struct filter_term *t)
{
	bool fine = buffer_put_u8(&t->name, '$');
	for (;;) {
		if (!fine || !read_step(p, t))
			return filter_fail(p, p->at, "out of memory");
		if (p->text[p->at] != '.')
			break;
		p->at++;
	}
	return buffer_put_u8(&t->name, 0) || filter_fail(p, p->at, "out of memory");
}

/* Digits, a sign, a fraction, an exponent: not the "inf" and hexadecimals of strtod. */
static bool read_double(const char *text, double *out)
{
	char *end;
	if (!*text || strspn(text, "0123456789+-.eE") != strlen(text) || strpbrk(text, "0123456789") == NULL)
		return false;
	*out = strtod(text, &end);
	return *end == 0 && isfinite(*out);
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
	bool fine = !piece.glob && read_double((const char *)piece.text.at, &a->number);
	buffer_free(&piece.text);
	return fine || filter_fail(p, piece.at, "a number stands behind > and <, as in json:data.amount>=4900");
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
		a->is_number = a->how == HOW_EQUAL && strlen((const char *)a->text.at) == a->text.len &&
			       read_double((const char *)a->text.at, &a->number);
		return true;
	}
	struct filter_atom *a = filter_add_atom(p, t);
	if (!a)
		return false;
	a->how = HOW_THERE;
	return (op != '<' && op != '>') || read_comparison(p, a);
}

/* ---- numbers, times, choices ---- */

struct range {
	struct filter_parser *p;
	enum field_kind kind;
	size_t at;
};

/* One end of a range: [*from, *until). */
static bool read_end(const struct range *r, const char *text, int64_t *from, int64_t *until)
{
	int64_t unit;
	bool fine;
	switch (r->kind) {
	case KIND_SIZE:
		fine = filter_value_size(text, from);
		*until = *from + 1;
		return fine || filter_fail(r->p, r->at, "'%.40s' is no size: 10k, 64KiB, 1MiB or bytes", text);
	case KIND_DURATION:
		fine = filter_value_duration(text, from, &unit);
		*until = fine ? *from + unit : 0;
		return fine || filter_fail(r->p, r->at, "'%.40s' is no duration: 500ms, 5s, 2m", text);
	case KIND_TIME:
		return filter_value_time(text, r->p->now_us, from, until) ||
		       filter_fail(r->p, r->at, "'%.40s' is no time: 1h (ago), today, 2026-11-20, 2026-11-20T09:00",
				   text);
	case KIND_STATUS:
		fine = filter_value_number(text, from) && *from >= 100 && *from <= 999;
		*until = *from + 1;
		return fine ||
		       filter_fail(r->p, r->at, "'%.40s' is no status: 503, 5xx, >=400, err, timeout or none", text);
	default:
		fine = filter_value_number(*text == '#' && r->kind == KIND_ID ? text + 1 : text, from);
		*until = *from + 1;
		return fine || filter_fail(r->p, r->at, "'%.40s' is no number", text);
	}
}

/* What has no status and took no time is not below any. */
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

static bool read_time(const struct range *r, char *text, enum filter_field field, struct filter_atom *a)
{
	if (field == FIELD_ON)
		return read_range(r, text, a);
	int64_t from, until;
	if (!read_end(r, text, &from, &until))
		return false;
	a->low = field == FIELD_SINCE ? from : INT64_MIN;
	a->high = field == FIELD_SINCE ? INT64_MAX : from - 1;
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
	if (!filter_value_number(text, &number) && filter_value_event_id(text, a->low_id, a->high_id)) {
		a->how = HOW_EVENT_ID;
		return true;
	}
	return read_range(r, text, a);
}

const char *filter_choice_word(enum filter_field field, size_t i)
{
	static const char *const statuses[] = { "2xx", "3xx", "4xx", "5xx", "err", "timeout", "none" };
	if (field == FIELD_STATUS)
		return i < sizeof statuses / sizeof *statuses ? statuses[i] : NULL;
	for (const struct choice *c = choices; c < choices + CHOICES; c++)
		if (c->field == field && i-- == 0)
			return c->word;
	return NULL;
}

static bool read_choice(struct filter_parser *p, enum filter_field field, size_t at, const char *text,
			struct filter_atom *a)
{
	static const char *const names[FIELD_COUNT] = {
		[FIELD_STATE] = "state", [FIELD_SIG] = "sig", [FIELD_IS] = "is", [FIELD_HAS] = "has"
	};
	char all[200] = "";
	const struct choice *nearest = NULL;
	size_t least = strlen(text) < 3 ? strlen(text) : 3;
	for (const struct choice *c = choices; c < choices + CHOICES; c++) {
		if (c->field != field)
			continue;
		size_t distance = text_distance(c->word, text);
		if (strcasecmp(c->word, text) == 0) {
			a->how = HOW_CHOICE;
			a->low = c->value;
			return !c->text || buffer_append_text(&a->text, c->text) || filter_fail(p, at, "out of memory");
		}
		if (distance < least) {
			least = distance;
			nearest = c;
		}
		size_t used = strlen(all);
		snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", c->word);
	}
	if (nearest)
		return filter_fail(p, at, "'%.40s' is not one of %s:, did you mean %s:%s?", text, names[field],
				   names[field], nearest->word);
	for (const struct choice *c = choices; c < choices + CHOICES; c++)
		if (strcasecmp(c->word, text) == 0)
			return filter_fail(p, at, "'%.40s' is not one of %s:, it is written %s:%s", text, names[field],
					   names[c->field], c->word);
	return filter_fail(p, at, "'%.40s' is not one of %s:, which takes %s", text, names[field], all);
}

static bool read_plain_text(struct filter_parser *p, enum field_kind kind, enum filter_field field, size_t at,
			    char *text, struct filter_atom *a)
{
	struct range r = { p, kind, at };
	switch (kind) {
	case KIND_STATUS:
		return read_status(&r, text, a);
	case KIND_CHOICE:
		return read_choice(p, field, at, text, a);
	case KIND_ID:
		return read_id(&r, text, a);
	case KIND_TIME:
		return read_time(&r, text, field, a);
	default:
		return read_range(&r, text, a);
	}
}

bool filter_read_plain(struct filter_parser *p, enum field_kind kind, struct filter_term *t)
{
	struct filter_piece piece;
	struct filter_atom *a = filter_add_atom(p, t);
	if (!a || !filter_read_piece(p, kind == KIND_TIME ? "" : ",", &piece))
		return false;
	bool fine = !piece.glob && !piece.regex
			? read_plain_text(p, kind, t->field, piece.at, (char *)piece.text.at, a)
			: filter_fail(p, piece.at, "* and /.../ are for texts, this field has none");
	buffer_free(&piece.text);
	return fine;
}
