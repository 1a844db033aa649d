/* How a request that was let in gets its answer back to the server's thread. */
#include <stdlib.h>

#include "client/web/web_private.h"

void web_answer(struct web *w, struct web_exchange *x)
{
	web_server_answer(w->server, x);
}

struct reading {
	struct web *web;
	struct web_exchange *x;
	void (*work)(struct web_read *r);
	struct web_head head;
};

static void on_work(void *user, struct store *store, const struct error *e)
{
	struct reading *reading = user;
	struct web_read r = {
		.x = reading->x, .store = store, .secrets = reading->web->options.secrets, .head = &reading->head
	};
	if (store)
		reading->work(&r);
	else
		web_problem_of(reading->x, e);
}

static void on_worked(void *user)
{
	struct reading *reading = user;
	web_answer(reading->web, reading->x);
	free(reading);
}

void web_read_and_answer(struct web *w, struct web_exchange *x, void (*work)(struct web_read *r))
{
	struct reading *reading = malloc(sizeof *reading);
	if (reading)
		*reading = (struct reading){ w, x, work, w->head };
	if (reading && inspect_source_work(w->source, INSPECT_QUERY, on_work, on_worked, reading))
		return;
	free(reading);
	web_problem(x, 503, "store", "out of memory");
	web_answer(w, x);
}
