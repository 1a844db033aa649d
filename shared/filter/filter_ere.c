/* POSIX's extended regular expressions, with the GNU C library's additions to them, in the spelling of the library that
 * matches them (filter_regex.c): what one may type does not hang on that library, nor on the system's own. */
#include "shared/filter/filter_private.h"
#include "shared/text/text.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define LENGTH_MAX 300
#define COST_MAX 2000 /* nodes when repetitions are written out */
#define DEPTH_MAX 16
#define REPEATS_MAX 0x7fff
#define BLANKS "\\t \\x{1680}\\x{2000}-\\x{2006}\\x{2008}-\\x{200a}\\x{205f}\\x{3000}"
#define SPACES "\\n-\\r\\x{2028}\\x{2029}" BLANKS

struct ere {
	const char *at; /* what is left of it */
	int depth;
	struct buffer *out;
	const char *why; /* what is wrong with it */
};

static bool fail(struct ere *x, const char *why)
{
	x->why = x->why ? x->why : why;
	return false;
}

static bool put(struct ere *x, const char *text)
{
	return buffer_append_text(x->out, text) || fail(x, "out of memory");
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* A character that stands for itself; `at` is behind it then. */
static bool put_character(struct ere *x, const char **at)
{
	bool fine = is_letter(**at) || is_digit(**at) || (uint8_t) * *at > 127 || buffer_put_u8(x->out, '\\');
	do
		fine = fine && buffer_put_u8(x->out, (uint8_t) * (*at)++);
	while (((uint8_t) * *at & 0xc0) == 0x80);
	return fine || fail(x, "out of memory");
}

/* ---- [ ] ---- */

/* Those of [:name:], as the C library has them in UTF-8; case does not matter. */
static const struct {
	const char *name, *members;
} classes[] = {
	{ "alpha", "\\p{L}" },    { "upper", "\\p{L}" },     { "lower", "\\p{L}" },
	{ "digit", "0-9" },       { "xdigit", "0-9A-Fa-f" }, { "alnum", "\\p{L}\\p{N}" },
	{ "blank", BLANKS },      { "space", SPACES },       { "punct", "\\p{P}\\p{S}" },
	{ "print", "[:print:]" }, { "graph", "[:graph:]" },  { "cntrl", "\\p{Cc}\\p{Zl}\\p{Zp}" },
};

/* [:name:], of which x->at is behind the first colon. */
static bool read_class(struct ere *x)
{
	const char *end = strstr(x->at, ":]");
	size_t len = end ? (size_t)(end - x->at) : 0, i = 0;
	if (!end)
		return fail(x, "a [ has no ]");
	while (i < sizeof classes / sizeof *classes &&
	       (strlen(classes[i].name) != len || memcmp(classes[i].name, x->at, len) != 0))
		i++;
	if (i == sizeof classes / sizeof *classes)
		return fail(x, "there is no such class as in its [: :]");
	x->at = end + 2;
	return put(x, classes[i].members);
}

struct member {
	const char *at; /* its bytes */
	int32_t code;
};

/* A character in brackets, or [.x.] or [=x=]; `later`: it ends a range. */
static bool read_member(struct ere *x, bool first, bool later, struct member *out)
{
	char kind = *x->at == '[' && (x->at[1] == '.' || x->at[1] == '=') ? x->at[1] : 0;
	if (*x->at == '-' && !first && x->at[1] != ']' && !(later && x->at[1] == '-'))
		return fail(x, "a - in [ ] must stand first or last, or make a range");
	x->at += kind ? 2 : 0;
	out->at = x->at;
	utf8proc_ssize_t len = utf8proc_iterate((const uint8_t *)x->at, -1, &out->code);
	if (!*x->at || len < 1)
		return fail(x, "a [ has no ]");
	x->at += len;
	if (kind && (x->at[0] != kind || x->at[1] != ']'))
		return fail(x, "[. .] and [= =] must hold one character");
	x->at += kind ? 2 : 0;
	/* As the C library does when case does not matter. */
	if (out->code >= 'a' && out->code <= 'z')
		out->code -= 32;
	return true;
}

static bool read_range(struct ere *x, bool first)
{
	struct member from, to;
	bool is_class = x->at[0] == '[' && x->at[1] == '=';
	if (!read_member(x, first, false, &from))
		return false;
	if (*x->at != '-' || x->at[1] == ']' || x->at[1] == 0)
		return put_character(x, &from.at);
	x->at++;
	if (is_class || (x->at[0] == '[' && (x->at[1] == '=' || x->at[1] == ':')))
		return fail(x, "a range in [ ] must be of two characters");
	if (!read_member(x, false, true, &to))
		return false;
	if (to.code < from.code)
		return fail(x, "a range in [ ] runs backwards");
	return buffer_printf(x->out, "\\x{%x}-\\x{%x}", (unsigned)from.code, (unsigned)to.code) ||
	       fail(x, "out of memory");
}

static bool read_bracket(struct ere *x)
{
	bool first = true;
	x->at++;
	if (!put(x, *x->at == '^' ? "[^" : "["))
		return false;
	x->at += *x->at == '^';
	for (; first || *x->at != ']'; first = false) {
		if (x->at[0] == '[' && x->at[1] == ':') {
			x->at += 2;
			if (!read_class(x))
				return false;
			if (*x->at == '-' && x->at[1] != ']')
				return fail(x, "a range in [ ] must be of two characters");
		} else if (!read_range(x, first)) {
			return false;
		}
	}
	x->at++;
	return put(x, "]");
}

/* ---- what is repeated, and how often ---- */

static bool read_escape(struct ere *x)
{
	static const struct {
		char c;
		const char *means;
	} known[] = {
		{ 'w', "[\\p{L}\\p{N}_]" },
		{ 'W', "[^\\p{L}\\p{N}_]" },
		{ 's', "[" SPACES "]" },
		{ 'S', "[^" SPACES "]" },
		{ 'b', "\\b" },
		{ 'B', "\\B" },
		{ '<', "\\b(?=\\w)" },
		{ '>', "\\b(?<=\\w)" },
		{ '`', "\\A" },
		{ '\'', "\\z" },
	};
	x->at++;
	if (!*x->at)
		return fail(x, "it ends in a \\");
	if (*x->at >= '1' && *x->at <= '9')
		return fail(x, "\\1 to \\9 are not supported");
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].c == *x->at) {
			x->at++;
			return put(x, known[i].means);
		}
	return put_character(x, &x->at);
}

static bool is_place(const char *at)
{
	return *at == '^' || *at == '$' || (*at == '\\' && at[1] && strchr("bB<>`'", at[1]));
}

static bool is_repeat(char c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

static long read_expression(struct ere *x);

/* What it costs; below 0: it cannot be used. */
static long read_atom(struct ere *x)
{
	long cost;
	switch (*x->at) {
	case '(':
		x->at++;
		if (x->depth++ == DEPTH_MAX)
			return fail(x, "its parentheses are too deep") - 1;
		cost = put(x, "(?:") ? read_expression(x) : -1;
		if (cost < 0)
			return -1;
		if (*x->at != ')')
			return fail(x, "a ( has no )") - 1;
		x->at++;
		x->depth--;
		return put(x, ")") ? cost + 1 : -1;
	case '[':
		return read_bracket(x) ? 1 : -1;
	case '\\':
		return read_escape(x) ? 1 : -1;
	case '^':
	case '$':
		return put(x, *x->at++ == '^' ? "\\A" : "\\z") ? 1 : -1;
	case '.':
		x->at++;
		return put(x, ".") ? 1 : -1;
	default:
		return put_character(x, &x->at) ? 1 : -1;
	}
}

static bool read_number(struct ere *x, long *out)
{
	char *end;
	if (!is_digit(*x->at))
		return false;
	*out = strtol(x->at, &end, 10);
	x->at = end;
	return true;
}

/* *most: how often at most, where that is known. */
static bool read_braces(struct ere *x, long *most)
{
	long least = 0;
	x->at++;
	bool counted = read_number(x, &least), open = *x->at == ',';
	*most = least;
	x->at += open;
	bool bounded = open && read_number(x, most);
	if (*x->at != '}' || (!counted && !open) || (bounded && *most < least))
		return fail(x, "{ } must hold a count");
	if (least > REPEATS_MAX || *most > REPEATS_MAX)
		return fail(x, "it is too long, or repeats too much");
	x->at++;
	return (bounded || !open ? buffer_printf(x->out, "{%ld,%ld}", least, *most)
				 : buffer_printf(x->out, "{%ld,}", least)) ||
	       fail(x, "out of memory");
}

/* Puts what is there from `from` on into a group: a second * or + behind the first means something else there. */
static bool wrap(struct ere *x, size_t from)
{
	size_t len = x->out->len - from;
	if (!buffer_append_text(x->out, "(?:)"))
		return fail(x, "out of memory");
	memmove(x->out->at + from + 3, x->out->at + from, len);
	memcpy(x->out->at + from, "(?:", 3);
	return true;
}

static long read_repeated(struct ere *x)
{
	size_t from = x->out->len;
	bool place = is_place(x->at);
	long cost = read_atom(x);
	for (bool first = true; cost >= 0 && is_repeat(*x->at); first = false) {
		long most = 0;
		if (place)
			return fail(x, "there is nothing before a *, + or ? to repeat") - 1;
		if (!first && !wrap(x, from))
			return -1;
		if (*x->at == '{' ? !read_braces(x, &most) : !put(x, (char[]){ *x->at++, 0 }))
			return -1;
		cost = most ? cost * (most + 1) : cost + 1;
		if (cost > COST_MAX)
			return fail(x, "it is too long, or repeats too much") - 1;
	}
	return cost;
}

static long read_expression(struct ere *x)
{
	long cost = 0;
	while (*x->at && (*x->at != ')' || x->depth == 0)) {
		if (*x->at == '|') {
			x->at++;
			if (!put(x, "|"))
				return -1;
			continue;
		}
		if (is_repeat(*x->at))
			return fail(x, "there is nothing before a *, + or ? to repeat") - 1;
		long more = read_repeated(x);
		if (more < 0)
			return -1;
		cost += more;
		if (cost > COST_MAX)
			return fail(x, "it is too long, or repeats too much") - 1;
	}
	return cost;
}

bool filter_ere_spell(const char *text, struct buffer *out, size_t *cost, const char **why)
{
	struct ere x = { .at = text, .out = out };
	if (strlen(text) > LENGTH_MAX)
		return fail(&x, "it is too long, or repeats too much"), *why = x.why, false;
	if (!text_is_utf8(bytes_of(text)))
		return fail(&x, "it is no UTF-8"), *why = x.why, false;
	long nodes = read_expression(&x);
	*cost = nodes < 0 ? 0 : (size_t)nodes;
	*why = x.why;
	return nodes >= 0;
}
