/* A filter's fields: all that is known of each stands in one row of filter_fields.def. Pure; any thread. */
#pragma once

#include "shared/filter/filter.h"

/* How a field's values are read, and which SQL tests them. */
enum filter_field_kind {
	KIND_STATUS,
	KIND_STATE, /* a choice that status classes tell nearly all of */
	KIND_CHOICE,
	KIND_ID,
	KIND_SINCE, /* times: not before, before, within */
	KIND_BEFORE,
	KIND_ON,
	KIND_DURATION,
	KIND_SIZE,
	KIND_COUNT,
	KIND_TEXT,
	KIND_TAG,
	KIND_NOTE,
	KIND_HOST, /* the header field, with or without a port */
	KIND_HEADER,
	KIND_BODY,
	KIND_JSON,
	KIND_WORD, /* no field: event, target, id, body */
};

#define FILTER_CLASS(n) (1u << (n)) /* a status class's bit */

/* A word that a field takes. It is tested by `sql`, or as a tag, or by the column being equal to `text` or `value`. */
struct filter_choice {
	const char *word;
	int64_t value;
	const char *text, *tag, *sql;
	unsigned classes; /* status classes of what matches; 0: any */
	bool exact;       /* the classes say it all */
};

/* SQL of a delivery's request as a message: its id, headers, and a body that is short enough to come with the row. Of a
 * longer one, and of one that may lie in a file of its own, `body` is NULL: the functions that look at it read it by
 * the id (store_functions.c), as far as they look.
 */
#define FILTER_REQUEST                                                                                                 \
	"SELECT id, headers, iif(length(body) <= 65536 AND (length(body) > 0 OR d.request_bytes <= 65536), body, "     \
	"NULL)"                                                                                                        \
	" AS body FROM message WHERE id = d.id * 4096"

struct filter_field {
	const char *name, *alias; /* an alias is read, but not offered */
	const char *example;      /* of a term */
	enum filter_field_kind kind;
	bool list;                /* a,b,c */
	bool or_none;             /* "other" and "none", as the list shows it, are the empty text */
	bool reads;               /* headers or bodies, which are slower to walk than rows */
	bool later;               /* nothing that is known of a request when it comes */
	const char *column;       /* SQL of what is compared: a column, a header block, a message */
	const char *index;        /* parts of the search index that hold its words, a letter each; NULL: none */
	const char *const *words; /* for completion; NULL after the last */
	const struct filter_choice *choices; /* all that KIND_STATE and KIND_CHOICE take; word NULL after the last */
};

/* The row for terms without a field. */
extern const struct filter_field filter_field_of_words;

/* The field of that name; NULL when there is none. *name: which of its names it is. */
const struct filter_field *filter_field_find(const char *at, size_t len, const char **name);
/* The name that is spelled most like it; NULL when none is near. */
const char *filter_field_nearest(const char *name);
/* The word in any field's choices, and the field; NULL when there is none. */
const struct filter_choice *filter_field_with_choice(const char *word, const struct filter_field **field);
