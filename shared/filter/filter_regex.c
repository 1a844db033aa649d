/* Regular expressions of the filter language, by PCRE2. First by its usual matcher, which leaps to where a match can
 * begin and may do little there; where that is not enough by the one that keeps all that may still match and reads a
 * text once, whatever the expression: a step costs the square of what is kept, which filter_ere.c bounds. Both count
 * steps, no time: the same question has the same answer anywhere. A callout looks whether the question has ended. */
#include "shared/filter/filter_private.h"
#include "shared/text/text.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define FLAGS (PCRE2_UTF | PCRE2_UCP | PCRE2_CASELESS | PCRE2_DOTALL | PCRE2_NO_AUTO_POSSESS)
#define WORK_BETWEEN_LOOKS 100000 /* pairs of what is kept, compared: tenths of a millisecond */
#define QUICK_STEPS 50            /* at a place where a match can begin */
#define QUICK_BETWEEN_LOOKS 1000  /* such places */
#define ROOM_LEAST 1000           /* ints, for what is kept */
#define ROOM_FOR_NODE 24
#define ROOM_MOST (1 << 24)

static void *compile(const char *before, struct bytes spelt, uint32_t flags, const char **why)
{
	struct buffer whole = { 0 };
	PCRE2_SIZE place;
	int code = PCRE2_ERROR_HEAP_FAILED;
	void *made = NULL;
	if (buffer_append_text(&whole, before) && buffer_append_bytes(&whole, spelt) && buffer_append_text(&whole, ")"))
		made = pcre2_compile(whole.at, whole.len, FLAGS | flags, &code, &place, NULL);
	buffer_free(&whole);
	*why = code == PCRE2_ERROR_HEAP_FAILED ? "out of memory" : "it is too large";
	return made;
}

/* Whether it is known what a match begins with. */
static bool leaps(const void *compiled)
{
	uint32_t first = 0;
	const uint8_t *bits = NULL;
	pcre2_pattern_info(compiled, PCRE2_INFO_FIRSTCODETYPE, &first);
	pcre2_pattern_info(compiled, PCRE2_INFO_FIRSTBITMAP, &bits);
	return first == 1 || bits;
}

bool filter_regex_read(const char *text, struct filter_regex *out, const char **why)
{
	struct buffer spelt = { 0 };
	const char *ignored;
	memset(out, 0, sizeof *out);
	if (filter_ere_spell(text, &spelt, &out->cost, why)) {
		out->certain = compile("(?s:.*?)(?C1)(?:", buffer_view(&spelt), PCRE2_ANCHORED, why);
		out->quick = out->certain ? compile("(?C1)(?:", buffer_view(&spelt), 0, &ignored) : NULL;
	}
	buffer_free(&spelt);
	if (out->quick && !leaps(out->quick)) {
		pcre2_code_free(out->quick);
		out->quick = NULL;
	}
	return out->certain;
}

void filter_regex_free(struct filter_regex *r)
{
	pcre2_code_free(r->quick);
	pcre2_code_free(r->certain);
}

/* ---- matching ---- */

struct looking {
	struct filter_stop *stop;
	size_t span, left; /* steps between two looks, and to the next one */
};

static int on_step(pcre2_callout_block *block, void *user)
{
	struct looking *l = user;
	(void)block;
	if (l->left-- > 0)
		return 0;
	l->left = l->span;
	return l->stop->stopped && l->stop->stopped(l->stop->user) ? PCRE2_ERROR_CALLOUT : 0;
}

/* Recorded bytes need not be characters: those that are none, and NUL, are newlines here. NULL: out of memory. */
static uint8_t *text_of(struct bytes value)
{
	uint8_t *text = malloc(value.len);
	for (size_t i = 0; text && i < value.len;) {
		utf8proc_int32_t c;
		utf8proc_ssize_t n = utf8proc_iterate(value.at + i, (utf8proc_ssize_t)(value.len - i), &c);
		size_t len = n > 0 ? (size_t)n : 1;
		memcpy(text + i, n > 0 && value.at[i] ? value.at + i : (const uint8_t *)"\n", len);
		i += len;
	}
	return text;
}

/* Both: PCRE2_ERROR_NOMATCH, another code below 0 when there is no answer, or else it matches. */
static int match_quickly(const struct filter_regex *r, struct bytes text, pcre2_match_data *found,
			 pcre2_match_context *context)
{
	return pcre2_match(r->quick, text.at, text.len, 0, PCRE2_NO_UTF_CHECK, found, context);
}

static int match_for_certain(const struct filter_regex *r, struct bytes text, pcre2_match_data *found,
			     pcre2_match_context *context)
{
	int code = PCRE2_ERROR_DFA_WSSIZE;
	for (size_t n = ROOM_LEAST + r->cost * ROOM_FOR_NODE; code == PCRE2_ERROR_DFA_WSSIZE && n < ROOM_MOST; n *= 4) {
		int *room = malloc(n * sizeof *room);
		code = room ? pcre2_dfa_match(r->certain, text.at, text.len, 0, PCRE2_DFA_SHORTEST | PCRE2_NO_UTF_CHECK,
					      found, context, room, n)
			    : PCRE2_ERROR_NOMEMORY;
		free(room);
	}
	return code;
}

static int match(const struct filter_regex *r, struct bytes text, struct filter_stop *stop)
{
	struct looking l = { .stop = stop, .span = QUICK_BETWEEN_LOOKS };
	pcre2_match_data *found = pcre2_match_data_create(1, NULL);
	pcre2_match_context *context = pcre2_match_context_create(NULL);
	int code = PCRE2_ERROR_NOMEMORY;
	if (found && context) {
		pcre2_set_callout(context, on_step, &l);
		pcre2_set_match_limit(context, QUICK_STEPS);
		code = r->quick ? match_quickly(r, text, found, context) : PCRE2_ERROR_MATCHLIMIT;
		l.left = l.span = WORK_BETWEEN_LOOKS / (r->cost * r->cost + 1);
		if (code == PCRE2_ERROR_MATCHLIMIT)
			code = match_for_certain(r, text, found, context);
	}
	pcre2_match_context_free(context);
	pcre2_match_data_free(found);
	return code;
}

bool filter_regex_fits(const struct filter_regex *r, struct bytes value, struct filter_stop *stop)
{
	uint8_t *made = NULL;
	if (value.len > FILTER_SEARCHED_BYTES)
		value.len = FILTER_SEARCHED_BYTES;
	bool as_it_is = !value.len || (!memchr(value.at, 0, value.len) && text_is_utf8(value));
	if (!as_it_is)
		value.at = made = text_of(value);
	int code = as_it_is || made ? match(r, value, stop) : PCRE2_ERROR_NOMEMORY;
	if (code < 0 && code != PCRE2_ERROR_NOMATCH)
		stop->broken = true;
	free(made);
	return code >= 0;
}
