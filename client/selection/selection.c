#include "client/selection/selection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/clock.h"
#include "shared/program/interrupt.h"
#include "shared/program/progress.h"
#include "shared/secrets/secret_gate.h"
#include "shared/text/text.h"

static void explain(const char *text, const struct filter_error *fe, const struct secret_gate *gate)
{
	struct buffer lines = { 0 }, shown = { 0 };
	if (text_sanitize(&lines, bytes_of(fe->text), TEXT_LINE) && buffer_put_u8(&lines, '\n') &&
	    filter_caret(&lines, text, fe->column))
		if (secret_gate_put(gate, &shown, buffer_view(&lines)))
			fprintf(stderr, "creel: the filter's column %d: %.*s", fe->column, (int)shown.len,
				(const char *)shown.at);
	buffer_free(&lines);
	buffer_free(&shown);
}

struct filter *selection_parse(const char *option, int argc, char **argv, const struct secret_gate *gate,
			       struct error *e)
{
	struct buffer text = { 0 };
	struct filter *f = NULL;
	struct filter_error fe;
	bool fine = true;
	if (option && argc > 0) {
		error_set(e, EXIT_USAGE, "a filter is given by an option or after the options, not by both: '%.60s'",
			  argv[0]);
		return NULL;
	}
	if (option)
		fine = buffer_append_text(&text, option);
	for (int i = 0; fine && i < argc; i++)
		fine = (i == 0 || buffer_put_u8(&text, ' ')) && buffer_append_text(&text, argv[i]);
	if (!fine || !buffer_put_u8(&text, 0)) {
		error_set(e, EXIT_STORE, "out of memory");
	} else if (!(f = filter_parse((const char *)text.at, clock_now_us(), &fe))) {
		explain((const char *)text.at, &fe, gate);
		e->code = EXIT_USAGE;
		*e->text = 0;
	}
	buffer_free(&text);
	return f;
}

struct filter *selection_narrow(struct filter *f, const char *by, struct error *e)
{
	struct filter_error fe;
	struct filter *more = filter_parse(by, clock_now_us(), &fe);
	if (more && filter_join(f, more))
		return f;
	error_set(e, EXIT_STORE, "out of memory");
	filter_free(f);
	return NULL;
}

struct finding {
	struct selection *out;
	size_t cap, most;
	bool no_memory;
	struct progress progress;
};

static void on_row(void *user, const struct delivery_row *row)
{
	struct finding *f = user;
	if (f->out->count == f->most) {
		f->out->more = true;
		return;
	}
	if (f->out->count == f->cap) {
		size_t cap = f->cap ? 2 * f->cap : 64;
		int64_t *ids = realloc(f->out->ids, cap * sizeof *ids);
		if (!ids) {
			f->no_memory = true;
			return;
		}
		f->out->ids = ids;
		f->cap = cap;
	}
	f->out->ids[f->out->count++] = row->id;
}

static bool gather(struct store *s, const struct store_search *search, struct finding *f, struct error *e)
{
	bool fine = store_filter(s, search, e);
	if (fine && f->no_memory)
		fine = error_set(e, EXIT_STORE, "out of memory");
	return fine;
}

static bool on_slice(void *user, const struct store_slice *slice)
{
	struct finding *f = user;
	f->progress.done = slice->searched;
	f->progress.total = slice->total;
	progress_tick(&f->progress);
	return !interrupt_came();
}

static void turn_round(struct selection *out)
{
	for (size_t i = 0; i < out->count / 2; i++) {
		int64_t swap = out->ids[i];
		out->ids[i] = out->ids[out->count - 1 - i];
		out->ids[out->count - 1 - i] = swap;
	}
}

bool selection_find(struct store *s, const struct filter *f, size_t most, struct selection *out, struct error *e)
{
	struct finding finding = { .out = out, .most = most };
	struct store_search search = {
		.filter = f, .limit = (uint64_t)most + 1, .row = on_row, .slice = on_slice, .user = &finding
	};
	struct interrupt before;
	memset(out, 0, sizeof *out);
	interrupt_begin(&before);
	progress_begin(&finding.progress, "searching", 0);
	bool fine = gather(s, &search, &finding, e);
	progress_end(&finding.progress);
	interrupt_end(&before);
	if (fine && interrupt_came())
		fine = error_set(e, EXIT_INTERRUPTED, "interrupted while searching");
	turn_round(out);
	return fine;
}

bool selection_gather(struct store *s, const struct filter *f, size_t most, struct selection *out, struct error *e)
{
	struct finding finding = { .out = out, .most = most };
	const struct store_search search = {
		.filter = f, .limit = (uint64_t)most + 1, .row = on_row, .user = &finding
	};
	memset(out, 0, sizeof *out);
	bool fine = gather(s, &search, &finding, e);
	turn_round(out);
	return fine;
}

bool selection_require(size_t count, const char *but, struct error *e)
{
	return count > 0 || error_set(e, EXIT_NO, "no delivery matches%s%s%s; `creel list FILTER` shows what does",
				      but ? " (" : "", but ? but : "", but ? ")" : "");
}

void selection_free(struct selection *sel)
{
	free(sel->ids);
	sel->ids = NULL;
}
