/* One request to the page's server and its answer. It belongs to the server's thread, except between web_server.c's
 * hand-over to the loop and web_server_answer: then to the loop, or to the worker that reads the record for it. */
#pragma once

#include <jansson.h>
#include <stdarg.h>

#include "shared/base/buffer.h"
#include "shared/base/error.h"

#define WEB_PARAMS_MOST 24
#define WEB_LINK_MOST 7000                  /* bytes of an address that is led on to: a filter of 2,000 signs as %2F */
#define WEB_LINE_MOST (WEB_LINK_MOST + 200) /* of a header field that is answered */

enum web_method { WEB_GET, WEB_HEAD, WEB_POST, WEB_DELETE, WEB_OTHER };

struct web_pair {
	const char *name, *value;
};

struct web_exchange {
	enum web_method method;
	const char *path; /* decoded, without the query; lives as long */
	const char *link; /* path and query as they came */
	struct web_pair params[WEB_PARAMS_MOST];
	size_t param_count;
	const char *range, *if_range, *if_none_match; /* header fields, or NULL */
	const char *last_event_id, *fetch_dest, *accept;
	struct buffer body;
	/* What the route's stars stood for. */
	const char *segment[2];
	/* The answer. */
	unsigned status;
	const char *type;      /* Content-Type, static */
	const char *policy;    /* Content-Security-Policy in the place of the usual one, static; NULL */
	bool cached;           /* an asset: to be asked for again, but kept */
	struct buffer headers; /* "Name: value\n" for each further one */
	struct buffer answer;
	/* A long answer is in a file in the place of `answer`; `beside`: the record's path, in whose folder that is
	 * made.
	 */
	bool in_file, no_file;
	int file;
	uint64_t file_len;
	const char *beside;
	void *call; /* the server's */
	/* Memory that lives as long as the exchange. */
	char *copies[16];
	size_t copy_count;
};

void web_exchange_free(struct web_exchange *x);
/* A copy that lives as long as the exchange; NULL when out of memory, or when there are too many. */
const char *web_exchange_copy(struct web_exchange *x, struct bytes text);

/* The query's parameter of that name, or NULL. */
const char *web_param(const struct web_exchange *x, const char *name);
/* A parameter that is a number from `least` to `most`, or `otherwise` where it is absent. False after a problem 400. */
MUST_CHECK bool web_param_number(struct web_exchange *x, const char *name, int64_t least, int64_t most,
				 int64_t otherwise, int64_t *out);
/* Whether a parameter is there and is 1. */
bool web_param_set(const struct web_exchange *x, const char *name);
/* Whether there are not more parameters than are kept (`count` came), none stands there twice, and the address as it
 * came, `uri`, has no byte 0. False after a problem 400. */
MUST_CHECK bool web_params_fine(struct web_exchange *x, int count, const char *uri);
/* Whether all parameters are among `known`, names with a blank before and after each. False after a problem 400. */
MUST_CHECK bool web_params_known(struct web_exchange *x, const char *known);
/* Whether If-None-Match names that strong tag, so that the answer is 304 (RFC 9110 §13.1.2: a list, *, and weak tags
 * are compared as well). False without the field. */
bool web_has_already(const struct web_exchange *x, const char *tag);
/* Whether a Range counts: that of a GET whose If-Range, if it has one, is that strong tag itself (§13.1.5, §14.2). */
bool web_range_counts(const struct web_exchange *x, const char *tag);
/* Reads an id from 1 up; 0: the text is not one. */
int64_t web_id_of(const char *text);

/* Appends to the answer of the exchange `x`. One that becomes long goes to a file without a name, of the owner's alone,
 * so that readers that stop cost no memory; where no file can be, it stays in memory. EXIT_STORE: there is none. */
MUST_CHECK bool web_answer_more(void *x, struct bytes piece, struct error *e);
/* Takes the value; NULL counts as out of memory. */
void web_answer_json(struct web_exchange *x, unsigned status, json_t *value);
/* `headers` lines are added by web_answer_header; false when out of memory. */
bool web_answer_header(struct web_exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* application/problem+json (RFC 9457) of the type urn:creel:problem:NAME, in the place of any answer so far. */
void web_problem(struct web_exchange *x, unsigned status, const char *name, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* The same, with further fields; takes `fields`. */
void web_problem_with(struct web_exchange *x, unsigned status, const char *name, json_t *fields, const char *detail);
/* 503 busy, to be asked again after a second. */
void web_problem_busy(struct web_exchange *x, const char *sentence);
/* A failure of the record as a problem: 404 for what is not there, else 503. */
void web_problem_of(struct web_exchange *x, const struct error *e);
