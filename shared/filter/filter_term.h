/* Shared by filter_term.c, which reads terms, and filter_term_values.c, which reads what a field of them takes. Inside
 * of shared/filter; pure. */
#pragma once

#include "shared/filter/filter_private.h"

/* A word, a "quoted text" or a /regular expression/. */
struct filter_piece {
	struct buffer text; /* '*' as 0 where it is a glob; followed by a NUL that is not counted */
	size_t at;          /* where it stands in the filter */
	bool quoted, glob, regex;
};

/* The piece at p->at, up to a blank, a ) of its own or one of `ends`. The caller frees its text. */
MUST_CHECK bool filter_read_piece(struct filter_parser *p, const char *ends, struct filter_piece *out);
/* A new alternative of the term, HOW_RANGE with zeros; NULL and the parser's error. */
struct filter_atom *filter_add_atom(struct filter_parser *p, struct filter_term *t);

/* One value each, at p->at. */
MUST_CHECK bool filter_read_text(struct filter_parser *p, struct filter_term *t, const char *ends);
MUST_CHECK bool filter_read_header(struct filter_parser *p, struct filter_term *t);
MUST_CHECK bool filter_read_json(struct filter_parser *p, struct filter_term *t);
MUST_CHECK bool filter_read_plain(struct filter_parser *p, struct filter_term *t);
