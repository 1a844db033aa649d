/* The deliveries that a command is to work on, by a filter (creel(1), FILTERS). A command's only thread, where
 * nothing else is said. */
#pragma once

#include "shared/base/error.h"
#include "shared/filter/filter.h"
#include "shared/secrets/secret_gate.h"
#include "shared/query/store_filter.h"

/* Reads a filter from an option's value, or from the words that are left on the command line, joined by blanks. NULL on
 * failure: the sentence, the filter and a caret are then on stderr, and *e has the code without a text. `gate` (may be
 * NULL) keeps secrets off stderr. */
struct filter *selection_parse(const char *option, int argc, char **argv, const struct secret_gate *gate,
			       struct error *e);
/* Adds another filter that must hold as well. NULL when out of memory, and `f` is freed. */
struct filter *selection_narrow(struct filter *f, const char *by, struct error *e);

struct selection {
	int64_t *ids; /* ascending */
	size_t count;
	bool more; /* more match than the newest `most` */
};
/* The newest `most` that match. EXIT_STORE, or EXIT_INTERRUPTED on Ctrl-C; selection_free in any case. Shows its
 * progress when it takes long. */
MUST_CHECK bool selection_find(struct store *s, const struct filter *f, size_t most, struct selection *out,
			       struct error *e);
/* The same for a thread beside others: it takes no signals and shows nothing. */
MUST_CHECK bool selection_gather(struct store *s, const struct filter *f, size_t most, struct selection *out,
				 struct error *e);
/* The rule for all commands that work on what a filter matches: of none at all the exit status is 1, EXIT_NO. `but`
 * (may be NULL) says what does not count. */
MUST_CHECK bool selection_require(size_t count, const char *but, struct error *e);
void selection_free(struct selection *sel);

/* A paragraph for --help. */
#define FILTER_HELP                                                                                                    \
	"A filter's terms must all hold, except those with OR between them; -term or NOT term must not hold.\n"        \
	"  status:5xx status:>=400 status:err,timeout  state:failed,held  sig:bad  is:replay  has:error\n"             \
	"  method:POST  source:stripe  event:invoice.*  path:/hooks/*  host:NAME  id:100..200  attempts:>1\n"          \
	"  since:1h  before:2026-11-20T09:00  on:today  took:>500ms  size:>10k  header:NAME=VALUE\n"                   \
	"  body:TEXT  json:data.object.id=cus_1  and a word alone: in event, target, id or body\n"                     \
	"Values take * and, if texts, /regular expressions/. More in creel(1), FILTERS. A filter that begins with -\n" \
	"must come after --."
