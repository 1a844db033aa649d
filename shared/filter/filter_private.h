/* Inside of filter*.c: the tree, its parser, what tests values, and the SQL made of it. Pure. */
#pragma once

#include "shared/content/body.h"
#include "shared/filter/filter_fields.h"
#include "shared/json/json_number.h"
#include "shared/words/word_query.h"

#define FILTER_TERMS_MAX 64
#define FILTER_ATOMS_MAX 200
#define FILTER_DEPTH_MAX 32
#define FILTER_INDEXED_BYTES 65536    /* of a body; the same in shared/store.sql */
#define FILTER_SEARCHED_BYTES 1048576 /* of a body, by globs and regular expressions */
#define FILTER_CLASSES_ALL 0xffu      /* a bit for each status class */
#define FILTER_CLASS_2XX 2            /* the index by class, delivery_by_class, has none of these */

enum filter_how {
	HOW_RANGE,    /* low..high, inclusive */
	HOW_CLASS,    /* low: a status class */
	HOW_CHOICE,   /* choice; text: as it stands in the record */
	HOW_EVENT_ID, /* low_id..high_id */
	HOW_THERE,    /* a header or JSON value that is there */
	HOW_EQUAL,    /* text, case folded (shared/text/text_fold.h), as with the next three */
	HOW_GLOB,     /* text with '*' (each as the byte 0) */
	HOW_WORDS,    /* text within, beginning where a word begins */
	HOW_REGEX,
	HOW_COMPARE, /* a JSON number, `compare` to number */
};

enum filter_compare { COMPARE_LESS, COMPARE_LESS_EQUAL, COMPARE_MORE, COMPARE_MORE_EQUAL };

/* filter_regex.c's. */
struct filter_regex {
	void *quick;   /* NULL: not worth while */
	void *certain; /* with all that may stand before it */
	size_t cost;   /* how much it keeps at most of what may still match, about */
};

/* One alternative of a term. SQL functions get it by pointer. */
struct filter_atom {
	enum filter_how how;
	const struct filter_choice *choice; /* with HOW_CHOICE */
	int64_t low, high;
	uint8_t low_id[16], high_id[16];
	struct buffer text;        /* folded, with all but HOW_CHOICE */
	struct filter_regex regex; /* with HOW_REGEX */
	enum filter_compare compare;
	struct json_number number;      /* that the text is */
	bool is_number;                 /* with HOW_EQUAL on JSON */
	bool folded;                    /* a tag's name, as typed */
	const char *name;               /* the term's header field */
	const struct json_steps *steps; /* the term's path in JSON */
	bool is_host;                   /* the port may be left out */
};

struct filter_term {
	const struct filter_field *field;
	struct buffer name;       /* header field, or a path in JSON as typed; NUL-terminated */
	struct json_steps *steps; /* that path's, which point into it */
	struct filter_atom *atoms;
	size_t count;
};

enum filter_kind { FILTER_AND, FILTER_OR, FILTER_NOT, FILTER_TERM };

struct filter_node {
	enum filter_kind kind;
	struct filter_node *first, *next; /* children, siblings */
	size_t from, to; /* bytes of the text, of a term or group; to 0: those side by side, or an OR */
	struct filter_term term;
};

struct filter {
	struct filter_node *root; /* NULL: everything */
};

/* ---- parsing ---- */

struct filter_parser {
	const char *text;
	size_t at;
	uint64_t now_us;
	int depth;
	size_t terms, atoms;
	bool failed;
	struct filter_error *e;
};

/* Keeps the first error only. Returns false. */
bool filter_fail(struct filter_parser *p, size_t at, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A term that begins at p->at, with or without a field. */
MUST_CHECK bool filter_read_term(struct filter_parser *p, struct filter_term *term);
bool filter_ends_word(char c);

/* Values. Each gives false without a message. The reach of a time is what it names: a day, a minute, a microsecond. */
MUST_CHECK bool filter_literal_size(const char *text, int64_t *out);
MUST_CHECK bool filter_literal_duration(const char *text, int64_t *us, int64_t *unit_us);
MUST_CHECK bool filter_literal_time(const char *text, uint64_t now_us, int64_t *from_us, int64_t *until_us);
MUST_CHECK bool filter_literal_number(const char *text, int64_t *out);
MUST_CHECK bool filter_literal_event_id(const char *text, uint8_t low[16], uint8_t high[16]);

/* Appends a POSIX extended regular expression in PCRE2's spelling; *cost: its nodes with repetitions written out. False
 * with *why when it is not one, or one that would cost too much. */
MUST_CHECK bool filter_ere_spell(const char *text, struct buffer *out, size_t *cost, const char **why);

/* Compiles; false with *why likewise. */
MUST_CHECK bool filter_regex_read(const char *text, struct filter_regex *out, const char **why);
void filter_regex_free(struct filter_regex *r);
/* Whether it matches within the value's first FILTER_SEARCHED_BYTES: one pass. */
bool filter_regex_fits(const struct filter_regex *r, struct bytes value, struct filter_stop *stop);

void filter_term_free(struct filter_term *t);

/* ---- matching ---- */

bool filter_test_text(const struct filter_atom *a, struct bytes value, struct filter_stop *stop);
/* A header block: any field of the atom's name whose value fits. */
bool filter_test_header(const struct filter_atom *a, struct bytes block, struct filter_stop *stop);
/* What a body says, or what a path leads to in it. False as well without memory. */
bool filter_test_body(const struct filter_atom *a, struct body *body, struct filter_stop *stop);
bool filter_test_json(const struct filter_atom *a, struct body *body, struct filter_stop *stop);

/* ---- SQL ---- */

struct filter_bound {
	enum { BOUND_INTEGER, BOUND_TEXT, BOUND_BLOB, BOUND_ATOM } kind;
	int64_t integer;
	const void *at;
	size_t len;
};

struct filter_sql {
	struct buffer where; /* over `delivery AS d`, NUL-terminated; ?1 and ?2 are the slice's first and last id */
	struct buffer match; /* a query (word_query.h) that every match fulfils as far as it is indexed; empty: none */
	struct filter_bound bounds[FILTER_ATOMS_MAX * 4];
	size_t count;      /* bounds[0] is parameter FILTER_SQL_FIRST */
	unsigned classes;  /* status classes a match can have */
	bool exact;        /* the classes say it all */
	int64_t low, high; /* ids a match can have */
	bool reads;        /* headers or bodies, which are slower to walk than rows */
	bool failed;       /* out of memory */
};
#define FILTER_SQL_FIRST 5

/* False when out of memory. `f` must outlive the bounds. */
MUST_CHECK bool filter_make_sql(const struct filter *f, struct filter_sql *out);
void filter_sql_free(struct filter_sql *sql);
