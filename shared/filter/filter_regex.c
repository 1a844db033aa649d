/* Regular expressions of the filter language, POSIX extended ones, by the C library. It tries a match from each place
 * of a text on, which may take a time of the text's square: minutes for the `a.*b` of one body. Of a text in which that
 * begins to show, the same expression with all that may stand before it is asked for, from the beginning alone: one
 * pass, slower by the byte where nothing repeats. */
#include "shared/filter/filter_private.h"
#include "shared/text/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <utf8proc.h>

#define REGEX_LENGTH_MAX 300
#define REGEX_COST_MAX 2000 /* nodes when repetitions are written out: the C library takes memory of its square */
#define REGEX_DEPTH_MAX 16
#define FLAGS (REG_EXTENDED | REG_ICASE | REG_NOSUB)
#define SAMPLE_FIRST 1024  /* bytes; each next one is four times as long */
#define SLOW_NS 50         /* a byte, where there is one pass for it: five times what is usual */
#define SLOW_ALONE_NS 1000 /* where there is none: five times what one pass takes; then it is every place */
#define SLOW_MOST 8192     /* bytes that are looked at then */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* `at` is after a '['. Gives the place after its ']'. */
static const char *skip_bracket(const char *at)
{
	if (*at == '^')
		at++;
	if (*at == ']')
		at++;
	while (*at && *at != ']') {
		if (*at == '[' && (at[1] == ':' || at[1] == '.' || at[1] == '=')) {
			const char *end = strstr(at + 2, at[1] == ':' ? ":]" : at[1] == '.' ? ".]" : "=]");
			at = end ? end + 2 : at + strlen(at);
		} else {
			at++;
		}
	}
	return *at ? at + 1 : at;
}

/* The larger number of "{m,n}"; `at` is after the '{'. */
static long most_repeats(const char **at)
{
	long most = 1;
	while (**at && **at != '}') {
		if (!is_digit(**at)) {
			++*at;
			continue;
		}
		char *end;
		long n = strtol(*at, &end, 10);
		*at = end;
		n = n > REGEX_COST_MAX ? REGEX_COST_MAX : n;
		most = n + 1 > most ? n + 1 : most;
	}
	*at += **at == '}';
	return most;
}

/* How many nodes it has with its repetitions written out; -1: too deep, -2: it refers back to a group, which makes
 * matching exponential. *alone: behind another one it means something else, as a ')' that
 * stands for itself does, or the C library is wrong about it, as with '^'. */
static long regex_cost(const char *at, bool *alone)
{
	long stack[REGEX_DEPTH_MAX], total = 0, atom = 0;
	int depth = 0;
	*alone = false;
	while (*at) {
		char c = *at++;
		if (c == '*' || c == '+' || c == '?') {
			atom++;
		} else if (c == '{') {
			long times = most_repeats(&at);
			atom *= times;
		} else if (c == '(') {
			if (depth == REGEX_DEPTH_MAX)
				return -1;
			stack[depth++] = total + atom;
			total = atom = 0;
		} else if (c == ')' && depth > 0) {
			atom += total + 1;
			total = stack[--depth];
		} else {
			*alone = *alone || c == ')' || c == '^' || (c == '\\' && *at && !strchr(".[]()*+?{}|$/-", *at));
			total += atom;
			atom = 1;
			if (c == '\\' && *at >= '1' && *at <= '9')
				return -2;
			if (c == '\\' && *at)
				at++;
			else if (c == '[')
				at = skip_bracket(at);
		}
		if (total + atom > REGEX_COST_MAX)
			return REGEX_COST_MAX + 1;
	}
	for (; depth > 0; depth--)
		total += stack[depth - 1];
	return total + atom;
}

static bool read_linear(const char *text, regex_t *out)
{
	char with[REGEX_LENGTH_MAX + 8];
	snprintf(with, sizeof with, "^.*(%s)", text);
	return regcomp(out, with, FLAGS) == 0;
}

bool filter_regex_read(const char *text, struct filter_regex *out, const char **why)
{
	bool alone = false;
	long cost = strlen(text) > REGEX_LENGTH_MAX ? REGEX_COST_MAX + 1 : regex_cost(text, &alone);
	*why = cost == -2              ? "\\1 to \\9 are not supported"
	       : cost == -1            ? "its parentheses are too deep"
	       : cost > REGEX_COST_MAX ? "it is too long, or repeats too much"
				       : NULL;
	if (*why)
		return false;
	switch (regcomp(&out->plain, text, FLAGS)) {
	case 0:
		out->is_anchored = text[0] == '^' && !strchr(text, '|');
		out->has_linear = !alone && read_linear(text, &out->linear);
		return true;
	case REG_EPAREN:
		*why = "a ( or ) has no partner";
		return false;
	case REG_EBRACK:
		*why = "a [ has no ]";
		return false;
	case REG_EBRACE:
	case REG_BADBR:
		*why = "{ } must hold a count";
		return false;
	case REG_BADRPT:
		*why = "there is nothing before a *, + or ? to repeat";
		return false;
	case REG_ERANGE:
		*why = "a range in [ ] runs backwards";
		return false;
	case REG_ESPACE:
		*why = "it is too large";
		return false;
	default:
		*why = "it is not one of POSIX's extended form";
		return false;
	}
}

void filter_regex_free(struct filter_regex *r)
{
	regfree(&r->plain);
	if (r->has_linear)
		regfree(&r->linear);
}

/* ---- matching ---- */

/* regexec wants a NUL at the end and none before, and its '.' is no byte that is not of a character: recorded bytes
 * are not so, and what stands in the place of both is a newline. */
static char *text_of(struct bytes value)
{
	char *text = malloc(value.len + 1);
	bool is_text = text && text_is_utf8(value);
	for (size_t i = 0; text && i < value.len;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n =
		    is_text ? 1 : utf8proc_iterate(value.at + i, (utf8proc_ssize_t)(value.len - i), &c);
		size_t len = n > 0 ? (size_t)n : 1;
		memcpy(text + i, n > 0 && value.at[i] ? (const char *)value.at + i : "\n", len);
		i += len;
	}
	if (text)
		text[value.len] = 0;
	return text;
}

static int64_t thread_ns(void)
{
	struct timespec t = { 0 };
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* By beginnings of the text, of which only the time counts. */
static bool is_slow(const struct filter_regex *r, char *text, size_t len)
{
	int64_t most = r->has_linear ? SLOW_NS : SLOW_ALONE_NS;
	bool slow = false;
	for (size_t n = SAMPLE_FIRST; !slow && n < len; n *= 4) {
		char there = text[n];
		text[n] = 0;
		if (n == SAMPLE_FIRST) /* the C library's own tables are made by the first one */
			(void)regexec(&r->plain, text, 0, NULL, 0);
		int64_t began = thread_ns();
		(void)regexec(&r->plain, text, 0, NULL, 0);
		text[n] = there;
		slow = thread_ns() - began > (int64_t)n * most;
	}
	return slow;
}

bool filter_regex_fits(const struct filter_regex *r, struct bytes value)
{
	if (value.len > FILTER_SEARCHED_BYTES)
		value.len = FILTER_SEARCHED_BYTES;
	char *text = text_of(value);
	if (!text)
		return false;
	bool slow = !r->is_anchored && is_slow(r, text, value.len), linear = slow && r->has_linear;
	if (slow && !linear && value.len > SLOW_MOST)
		text[SLOW_MOST] = 0;
	bool fits = regexec(linear ? &r->linear : &r->plain, text, 0, NULL, 0) == 0;
	free(text);
	return fits;
}
