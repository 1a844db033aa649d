#include "client/selection/no_match.h"

#include <string.h>

#include "shared/base/clock.h"
#include "shared/text/text.h"

#define TERMS_MOST 8
#define TERM_MOST 60 /* of a term that is named */

struct terms {
	struct buffer text; /* of the whole filter; each term ends in a NUL */
	const char *at[TERMS_MOST];
	struct filter *filters[TERMS_MOST];
	size_t count;
};

static void terms_free(struct terms *t)
{
	for (size_t i = 0; i < t->count; i++)
		filter_free(t->filters[i]);
	buffer_free(&t->text);
}

/* By its blanks. False: not every piece is a filter of its own, for there are quotes, OR or parentheses; or there are
 * too many. */
static bool split(struct terms *t, const char *option, int argc, char **argv)
{
	struct filter_error ignored;
	bool fine = !option || buffer_append_text(&t->text, option);
	for (int i = 0; fine && i < argc; i++)
		fine = (i == 0 || buffer_put_u8(&t->text, ' ')) && buffer_append_text(&t->text, argv[i]);
	fine = fine && buffer_put_u8(&t->text, 0);
	char *at = fine ? (char *)t->text.at : NULL, *rest = NULL;
	for (char *word = at ? strtok_r(at, " \t\n", &rest) : NULL; word; word = strtok_r(NULL, " \t\n", &rest)) {
		struct filter *f = t->count < TERMS_MOST ? filter_parse(word, clock_now_us(), &ignored) : NULL;
		if (!f)
			return false;
		t->at[t->count] = word;
		t->filters[t->count++] = f;
	}
	return t->count > 1;
}

static bool has_match(struct store *s, const struct filter *f, bool *any, struct error *e)
{
	struct selection found;
	bool fine = selection_find(s, f, 1, &found, e);
	*any = found.count > 0;
	selection_free(&found);
	return fine;
}

static bool name_term(struct buffer *out, const char *term)
{
	struct bytes shown = bytes_of(term);
	if (shown.len > TERM_MOST)
		shown.len = TERM_MOST;
	return (out->len == 0 || buffer_append_text(out, ", none matches ")) && text_sanitize(out, shown, TEXT_LINE);
}

static bool explain_terms(struct store *s, const struct terms *t, struct error *e)
{
	struct buffer none = { 0 };
	bool fine = true;
	for (size_t i = 0; fine && i < t->count; i++) {
		bool any = true;
		fine = has_match(s, t->filters[i], &any, e);
		if (fine && !any && !name_term(&none, t->at[i]))
			fine = error_set(e, EXIT_STORE, "out of memory");
	}
	if (fine && none.len)
		error_set(e, EXIT_NO, "no delivery matches: none matches %.*s", (int)none.len, (const char *)none.at);
	else if (fine)
		error_set(e, EXIT_NO,
			  "no delivery matches: each of the terms matches some, but no delivery matches all of them; "
			  "leave one out, or write OR between them");
	buffer_free(&none);
	return false;
}

bool no_match(struct store *s, const char *option, int argc, char **argv, struct error *e)
{
	struct terms t = { .count = 0 };
	bool any, several = split(&t, option, argc, argv);
	if (!has_match(s, NULL, &any, e))
		; /* the store's own sentence */
	else if (!any)
		error_set(e, EXIT_NO,
			  "no delivery matches: nothing is on record yet; `creel listen` records what arrives");
	else if (several)
		explain_terms(s, &t, e);
	else
		error_set(e, EXIT_NO,
			  "no delivery matches; try a wider term, such as event:invoice.*, status:4xx,5xx or since:7d");
	terms_free(&t);
	return false;
}
