/* Terms: fields, the values each takes, and what is said of those it does not take. */
#include "shared/filter/filter_term.h"
#include "shared/program/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct field {
	const char *name;
	enum filter_field field;
	enum field_kind kind;
	bool list; /* a,b,c */
	const char *example;
} fields[] = {
	{ "status", FIELD_STATUS, KIND_STATUS, true, "status:5xx, status:>=400 or status:timeout" },
	{ "state", FIELD_STATE, KIND_CHOICE, true, "state:failed,held" },
	{ "method", FIELD_METHOD, KIND_TEXT, true, "method:POST" },
	{ "source", FIELD_SOURCE, KIND_TEXT, true, "source:stripe" },
	{ "provider", FIELD_SOURCE, KIND_TEXT, true, "source:stripe" },
	{ "event", FIELD_EVENT, KIND_TEXT, true, "event:invoice.*" },
	{ "event_type", FIELD_EVENT, KIND_TEXT, true, "event:invoice.*" },
	{ "path", FIELD_PATH, KIND_TEXT, true, "path:/hooks/*" },
	{ "target", FIELD_TARGET, KIND_TEXT, true, "target:*tenant=7*" },
	{ "host", FIELD_HOST, KIND_TEXT, true, "host:hooks.example.com" },
	{ "tunnel", FIELD_TUNNEL, KIND_TEXT, true, "tunnel:shop" },
	{ "peer", FIELD_PEER, KIND_TEXT, true, "peer:192.0.2.*" },
	{ "tag", FIELD_TAG, KIND_TEXT, true, "tag:marked" },
	{ "id", FIELD_ID, KIND_ID, true, "id:187 or id:100..200" },
	{ "since", FIELD_SINCE, KIND_TIME, false, "since:1h or since:2026-11-20T09:00" },
	{ "before", FIELD_BEFORE, KIND_TIME, false, "before:2026-11-20T09:00" },
	{ "on", FIELD_ON, KIND_TIME, false, "on:2026-11-20 or on:today" },
	{ "took", FIELD_TOOK, KIND_DURATION, true, "took:>500ms or took:1s..5s" },
	{ "size", FIELD_SIZE, KIND_SIZE, true, "size:>10k or size:1KiB..64KiB" },
	{ "size.res", FIELD_SIZE_RES, KIND_SIZE, true, "size.res:>10k" },
	{ "attempts", FIELD_ATTEMPTS, KIND_COUNT, true, "attempts:>1" },
	{ "sig", FIELD_SIG, KIND_CHOICE, true, "sig:bad" },
	{ "signature", FIELD_SIG, KIND_CHOICE, true, "sig:bad" },
	{ "is", FIELD_IS, KIND_CHOICE, true, "is:replay" },
	{ "has", FIELD_HAS, KIND_CHOICE, true, "has:error" },
	{ "header", FIELD_HEADER, KIND_HEADER, false, "header:x-request-id=abc" },
	{ "header.res", FIELD_HEADER_RES, KIND_HEADER, false, "header.res:content-type=text/*" },
	{ "body", FIELD_BODY, KIND_BODY, false, "body:\"cus_1042\"" },
	{ "body.res", FIELD_BODY_RES, KIND_BODY, false, "body.res:error" },
	{ "json", FIELD_JSON, KIND_JSON, false, "json:data.object.id=cus_1" },
};
#define FIELDS (sizeof fields / sizeof *fields)

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

static const struct field *find_field(const char *at, size_t len)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (strlen(fields[i].name) == len && strncasecmp(fields[i].name, at, len) == 0)
			return &fields[i];
	return NULL;
}

const char *filter_field_name(size_t i, const char **example)
{
	for (size_t k = 0; k < FIELDS; k++) {
		if (k > 0 && fields[k].field == fields[k - 1].field) /* another name of the same */
			continue;
		if (i-- == 0) {
			*example = fields[k].example;
			return fields[k].name;
		}
	}
	return NULL;
}

const char *filter_field_word(const char *field, size_t len, size_t i)
{
	static const char *const spans[] = { "10m", "1h", "24h", "7d", "today", "yesterday" }, *const days[] = {
		"today", "yesterday"
	};
	const struct field *f = find_field(field, len);
	if (!f)
		return NULL;
	if (f->field == FIELD_ON)
		return i < sizeof days / sizeof *days ? days[i] : NULL;
	if (f->kind == KIND_TIME)
		return i < sizeof spans / sizeof *spans ? spans[i] : NULL;
	return f->kind == KIND_CHOICE || f->kind == KIND_STATUS ? filter_choice_word(f->field, i) : NULL;
}

static const char *nearest_field(const char *name)
{
	const char *nearest = NULL;
	size_t least = strlen(name) < 3 ? strlen(name) : 3;
	for (size_t i = 0; i < FIELDS; i++) {
		size_t distance = text_distance(fields[i].name, name);
		if (distance < least) {
			least = distance;
			nearest = fields[i].name;
		}
	}
	return nearest;
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
			regfree(&t->atoms[i].regex);
	}
	free(t->atoms);
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
		fine = filter_fail(p, p->at, "a blank is missing behind the quotes");
	/* NUL-terminated, not counted. */
	fine = fine && (buffer_put_u8(&out->text, 0) || filter_fail(p, p->at, "out of memory"));
	if (fine)
		out->text.len--;
	else
		buffer_free(&out->text);
	return fine;
}

/* ---- values of a field ---- */

static bool read_value(struct filter_parser *p, const struct field *f, struct filter_term *t)
{
	switch (f->kind) {
	case KIND_HEADER:
		return filter_read_header(p, t);
	case KIND_JSON:
		return filter_read_json(p, t);
	case KIND_BODY:
	case KIND_TEXT:
		return filter_read_text(p, t, f->list ? "," : "");
	default:
		return filter_read_plain(p, f->kind, t);
	}
}

static bool read_values(struct filter_parser *p, const struct field *f, struct filter_term *t)
{
	for (;;) {
		char c = p->text[p->at];
		if (filter_ends_word(c) || (c == ',' && f->list))
			return filter_fail(p, p->at, "a value is missing here; for example %s", f->example);
		if (c == '(')
			return filter_fail(p, p->at, "%s: takes no parentheses; for example %s", f->name, f->example);
		if (!read_value(p, f, t))
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
	const char *at = p->text + p->at;
	const struct field *f = find_field(at, len);
	if (!f || !strchr("=<>", at[len]) || !at[len])
		return true;
	size_t rest = len;
	while (!filter_ends_word(at[rest]))
		rest++;
	return filter_fail(p, p->at, "a field ends with a colon: %s:%.*s", f->name,
			   (int)(rest - len > 60 ? 60 : rest - len), at + len + (at[len] == '='));
}

static bool read_word(struct filter_parser *p, struct filter_term *t)
{
	t->field = FIELD_WORD;
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
	const struct field *f = find_field(at, len);
	if (f) {
		t->field = f->field;
		p->at += len + 1;
		return read_values(p, f, t);
	}
	memcpy(name, at, len);
	name[len] = 0;
	const char *nearest = nearest_field(name);
	if (nearest)
		return filter_fail(p, p->at, "there is no field %s:, did you mean %s:?", name, nearest);
	return filter_fail(p, p->at, "there is no field %s:; quote it to search for the text: \"%s:\"", name, name);
}
