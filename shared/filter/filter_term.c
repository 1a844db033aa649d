/* Reads a term: a field and its values, or a word alone; and says what is wrong with anything else. */
#include "shared/filter/filter_term.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* mitmproxy's codes, which people have in their fingers. */
static const struct {
	const char *code, *here;
} codes[] = {
	{ "c", "status:500" },
	{ "m", "method:POST" },
	{ "d", "host:example.com" },
	{ "u", "path:/hooks/*" },
	{ "h", "header:NAME=VALUE" },
	{ "hq", "header:NAME=VALUE" },
	{ "hs", "header.res:NAME=VALUE" },
	{ "b", "body:TEXT" },
	{ "bq", "body:TEXT" },
	{ "bs", "body.res:TEXT" },
	{ "e", "has:error" },
	{ "t", "header:content-type=TYPE" },
	{ "marked", "is:marked" },
	{ "replay", "is:replay" },
	{ "replayq", "is:replay" },
	{ "src", "peer:ADDRESS" },
	{ "s", "has:response" },
	{ "marker", "tag:NAME" },
};

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_';
}

struct filter_atom *filter_add_atom(struct filter_parser *p, struct filter_term *t)
{
	if (p->atoms == FILTER_ATOMS_MAX) {
		filter_fail(p, p->at, "a filter has %d values at most", FILTER_ATOMS_MAX);
		return NULL;
	}
	struct filter_atom *atoms = realloc(t->atoms, (t->count + 1) * sizeof *atoms);
	if (!atoms) {
		filter_fail(p, p->at, "out of memory");
		return NULL;
	}
	p->atoms++;
	t->atoms = atoms;
	memset(&atoms[t->count], 0, sizeof *atoms);
	return &atoms[t->count++];
}

void filter_term_free(struct filter_term *t)
{
	for (size_t i = 0; i < t->count; i++) {
		buffer_free(&t->atoms[i].text);
		if (t->atoms[i].how == HOW_REGEX)
			filter_regex_free(&t->atoms[i].regex);
	}
	free(t->atoms);
	free(t->steps);
	buffer_free(&t->name);
}

/* ---- pieces ---- */

static bool read_quoted(struct filter_parser *p, struct filter_piece *out)
{
	const char *at = p->text + p->at + 1;
	out->quoted = true;
	for (; *at != '"'; at++) {
		if (*at == '\\' && (at[1] == '"' || at[1] == '\\'))
			at++;
		if (!*at)
			return filter_fail(p, p->at, "this \" has no second one");
		if (!buffer_put_u8(&out->text, (uint8_t)*at))
			return filter_fail(p, p->at, "out of memory");
	}
	p->at = (size_t)(at + 1 - p->text);
	return true;
}

/* "/…/" at the end of a word, without a blank or a further '/' within: "/hooks/stripe/" is a path. */
static size_t regex_length(const char *at, const char *ends)
{
	size_t i = 1;
	if (*at != '/')
		return 0;
	while (at[i] && at[i] != '/' && at[i] != ' ' && at[i] != '\t' && at[i] != '\n')
		i += at[i] == '\\' && at[i + 1] ? 2 : 1;
	return i > 1 && at[i] == '/' && (filter_ends_word(at[i + 1]) || strchr(ends, at[i + 1])) ? i + 1 : 0;
}

static bool take_regex(struct filter_parser *p, size_t len, struct filter_piece *out)
{
	const char *at = p->text + p->at;
	bool fine = true;
	out->regex = true;
	for (size_t i = 1; fine && i + 1 < len; i++) {
		if (at[i] == '\\' && at[i + 1] == '/')
			i++;
		fine = buffer_put_u8(&out->text, (uint8_t)at[i]);
	}
	p->at += len;
	return fine || filter_fail(p, p->at, "out of memory");
}

static bool take_plain(struct filter_parser *p, const char *ends, struct filter_piece *out)
{
	int open = 0; /* a ( within the word takes its ) along */
	for (char c; (c = p->text[p->at]) != 0 && !strchr(ends, c); p->at++) {
		if (c == ')' ? open-- == 0 : filter_ends_word(c))
			break;
		open += c == '(';
		out->glob = out->glob || c == '*';
		if (!buffer_put_u8(&out->text, (uint8_t)(c == '*' ? 0 : c)))
			return filter_fail(p, p->at, "out of memory");
	}
	return true;
}

bool filter_read_piece(struct filter_parser *p, const char *ends, struct filter_piece *out)
{
	memset(out, 0, sizeof *out);
	out->at = p->at;
	size_t regex = regex_length(p->text + p->at, ends);
	bool fine = p->text[p->at] == '"' ? read_quoted(p, out)
		    : regex               ? take_regex(p, regex, out)
					  : take_plain(p, ends, out);
	char next = p->text[p->at];
	if (fine && out->quoted && !filter_ends_word(next) && !strchr(ends, next))
		fine = filter_fail(p, p->at, "a blank is missing after the quotes");
	/* NUL-terminated, not counted. */
	fine = fine && (buffer_put_u8(&out->text, 0) || filter_fail(p, p->at, "out of memory"));
	if (fine)
		out->text.len--;
	else
		buffer_free(&out->text);
	return fine;
}

/* ---- values of a field ---- */

static bool read_value(struct filter_parser *p, struct filter_term *t)
{
	switch (t->field->kind) {
	case KIND_HEADER:
		return filter_read_header(p, t);
	case KIND_JSON:
		return filter_read_json(p, t);
	case KIND_BODY:
	case KIND_HOST:
	case KIND_TAG:
	case KIND_NOTE:
	case KIND_TEXT:
		return filter_read_text(p, t, t->field->list ? "," : "");
	default:
		return filter_read_plain(p, t);
	}
}

/* `name`: that of the field's names which was typed. */
static bool read_values(struct filter_parser *p, const char *name, struct filter_term *t)
{
	const struct filter_field *f = t->field;
	for (;;) {
		char c = p->text[p->at];
		if (filter_ends_word(c) || (c == ',' && f->list))
			return filter_fail(p, p->at, "a value is missing here; for example %s", f->example);
		if (c == '(')
			return filter_fail(p, p->at, "%s: takes no parentheses; for example %s", name, f->example);
		if (!read_value(p, t))
			return false;
		if (!f->list || p->text[p->at] != ',')
			break;
		p->at++;
	}
	return filter_ends_word(p->text[p->at]) || filter_fail(p, p->at, "a blank is missing here");
}

/* ---- words without a field, and what is none ---- */

static bool refuse_code(struct filter_parser *p)
{
	char code[12];
	const char *at = p->text + p->at + 1;
	size_t len = 0;
	while (is_name_char(at[len]) && len + 1 < sizeof code)
		len++;
	memcpy(code, at, len);
	code[len] = 0;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (strcmp(codes[i].code, code) == 0)
			return filter_fail(p, p->at, "~%s is mitmproxy's: here it is written %s", code, codes[i].here);
	return filter_fail(p, p->at,
			   "~ begins no term here: fields are written as in status:500; quote a text that has it");
}

static bool refuse_sign(struct filter_parser *p)
{
	switch (p->text[p->at]) {
	case '~':
		return refuse_code(p);
	case '|':
		return filter_fail(p, p->at, "one or the other is written OR here");
	case '&':
		return filter_fail(p, p->at, "both at once is written by a blank here, or AND");
	case '!':
		return filter_fail(p, p->at, "what is excluded is written with - here, as in -status:2xx");
	default:
		return true;
	}
}

/* "status=500", "took>1s": the colon was forgotten. */
static bool refuse_no_colon(struct filter_parser *p, size_t len)
{
	const char *at = p->text + p->at, *name;
	if (!filter_field_find(at, len, &name) || !strchr("=<>", at[len]) || !at[len])
		return true;
	size_t rest = len;
	while (!filter_ends_word(at[rest]))
		rest++;
	return filter_fail(p, p->at, "a field ends with a colon: %s:%.*s", name,
			   (int)(rest - len > 60 ? 60 : rest - len), at + len + (at[len] == '='));
}

static bool read_word(struct filter_parser *p, struct filter_term *t)
{
	t->field = &filter_field_of_words;
	if (!refuse_sign(p) || !filter_read_text(p, t, ""))
		return false;
	return filter_ends_word(p->text[p->at]) || filter_fail(p, p->at, "a blank is missing here");
}

bool filter_read_term(struct filter_parser *p, struct filter_term *t)
{
	const char *at = p->text + p->at;
	char name[24];
	size_t len = 0;
	while (is_name_char(at[len]))
		len++;
	if (at[len] != ':' || len == 0 || len >= sizeof name)
		return refuse_no_colon(p, len) && read_word(p, t);
	const char *found;
	t->field = filter_field_find(at, len, &found);
	if (t->field) {
		p->at += len + 1;
		return read_values(p, found, t);
	}
	memcpy(name, at, len);
	name[len] = 0;
	const char *nearest = filter_field_nearest(name);
	if (nearest && !p->failed)
		snprintf(p->e->suggestion, sizeof p->e->suggestion, "%s:", nearest);
	if (nearest)
		return filter_fail(p, p->at, "there is no field %s:, did you mean %s:?", name, nearest);
	return filter_fail(p, p->at, "there is no field %s:; quote it to search for the text: \"%s:\"", name, name);
}
