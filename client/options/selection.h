/* Deliveries that a command is told by a filter (creel(1), FILTERS). */
#pragma once

#include "shared/base/error.h"
#include "shared/filter/filter.h"
#include "shared/program/secret_gate.h"
#include "shared/store/store_filter.h"

/* The filter in words that are left on the command line (joined by blanks) or an option's value. On failure NULL; the
 * sentence, the filter and a caret are on stderr then, and *e has the code and no text. */
struct filter *selection_parse(const char *option, int argc, char **argv, const struct secret_gate *gate,
			       struct error *e);
/* Narrows it by a filter of our own; frees it and gives NULL when that fails. */
struct filter *selection_narrow(struct filter *f, const char *by, struct error *e);

struct selection {
	int64_t *ids; /* ascending */
	size_t count;
	bool more; /* there are others than the newest `most` */
};
/* The newest `most` that match. selection_free in any case. */
MUST_CHECK bool selection_find(struct store *s, const struct filter *f, size_t most, struct selection *out,
			       struct error *e);
void selection_free(struct selection *sel);

/* A paragraph for --help. */
#define FILTER_HELP                                                                                                    \
	"A filter's terms must all hold, but for those with OR between them; -term or NOT term is what does not.\n"    \
	"  status:5xx status:>=400 status:err,timeout  state:failed,held  sig:bad  is:replay  has:error\n"             \
	"  method:POST  source:stripe  event:invoice.*  path:/hooks/*  host:NAME  id:100..200  attempts:>1\n"          \
	"  since:1h  before:2026-11-20T09:00  on:today  took:>500ms  size:>10k  header:NAME=VALUE\n"                   \
	"  body:TEXT  json:data.object.id=cus_1  and a word alone: in event, target, id or body\n"                     \
	"Values take * and, if texts, /regular expressions/. More in creel(1), FILTERS. A filter that begins with -\n" \
	"stands behind --."
