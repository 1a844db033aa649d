/* The filter language of list, replay, wait, prune, export and the inspector (creel(1), FILTERS).
 *
 * A text is parsed to a tree, which shared/query/store_filter.h runs. `status:5xx source:stripe -is:replay (refund OR
 * event:in*)`: terms side by side must all hold, OR, -term, parentheses, "quotes", comparisons, a..b, `*`, a,b lists,
 * /regular expressions/ on text. Case does not matter. The text's length, depth and terms are bounded. Pure; any
 * thread. */
#pragma once

#include "shared/base/buffer.h"

#define FILTER_TEXT_MAX 2000

struct filter;

struct filter_error {
	char text[300]; /* one sentence, with the nearest right spelling where there is one */
	int column;     /* of what is wrong, from 1, in characters */
	/* What was probably meant in the place of the field ("state:") or word that stands there; "": not known. */
	char suggestion[40];
};

/* `now_us`: what since:1h and today count from. An empty text matches everything. NULL and *e on failure. */
struct filter *filter_parse(const char *text, uint64_t now_us, struct filter_error *e);
/* The same, but only terms are allowed that can be judged when a request comes, before anything is on record or
 * called. */
struct filter *filter_parse_for_request(const char *text, struct filter_error *e);
void filter_free(struct filter *f);
/* Whether it has no term at all, so that everything matches. */
bool filter_is_empty(const struct filter *f);
/* Whether matches cannot be read off an index: a search may look at every row, slice by slice. */
bool filter_walks(const struct filter *f);
/* Whether it names states, or status:none: then what is not over yet is asked for as well. */
bool filter_asks_state(const struct filter *f);
/* Whether it asks for nothing but names, and for which (a bit each), so that deliveries whose names are known are
 * judged without their rows. An empty text is an unknown name. */
enum filter_name { FILTER_NAME_SOURCE, FILTER_NAME_EVENT, FILTER_NAME_PATH, FILTER_NAMES };
bool filter_names_used(const struct filter *f, unsigned *used);
/* How a test is given up that may take long, as a regular expression on a long text may. */
struct filter_stop {
	bool (*stopped)(void *user); /* asked now and then; NULL: never */
	void *user;
	bool broken; /* set: it was given up, or out of memory; what is answered says nothing */
};
/* Only of a filter of names. */
bool filter_fits_names(const struct filter *f, const struct bytes names[FILTER_NAMES], struct filter_stop *stop);
/* Makes `f` match only what both match; frees `other`. False when out of memory. */
MUST_CHECK bool filter_join(struct filter *f, struct filter *other);
/* For completion: the i-th field, with an example of a term, and the i-th word that a field takes; NULL after the
 * last. Many fields take any text and have no words. */
const char *filter_field_name(size_t i, const char **example);
const char *filter_field_word(const char *field, size_t len, size_t i);
/* The filter's text and a caret under the column, two lines, for a terminal; control bytes are made visible. */
MUST_CHECK bool filter_caret(struct buffer *out, const char *text, int column);
