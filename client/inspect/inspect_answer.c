#include "client/inspect/inspect_answer.h"

#include <stdlib.h>
#include <string.h>

static char *sentence(const struct question *q)
{
	return q->failed ? strdup(*q->error.text ? q->error.text : "the store cannot be read") : NULL;
}

/* What is handed over is the receiver's. */
static void answer_page(struct question *q)
{
	struct page p = q->page;
	q->page = (struct page){ 0 };
	p.trouble = sentence(q);
	q->on_page(q->user, q->generation, &p);
}

static void answer_document(struct question *q)
{
	struct document d = q->document;
	q->document = (struct document){ 0 };
	d.trouble = sentence(q);
	q->on_document(q->user, q->generation, &d);
}

static void answer_preview(struct question *q)
{
	struct preview p = q->preview;
	q->preview = (struct preview){ 0 };
	q->on_preview(q->user, q->generation, &p);
}

static void answer_stats(struct question *q)
{
	struct stats_result r = q->stats;
	q->stats = (struct stats_result){ 0 };
	r.trouble = sentence(q);
	q->on_stats(q->user, q->generation, &r);
}

static void answer_ordered(struct question *q)
{
	struct ordered o = q->ordered;
	q->ordered = (struct ordered){ 0 };
	o.trouble = sentence(q);
	q->on_ordered(q->user, q->generation, &o);
}

void inspect_answer(struct question *q)
{
	switch (q->kind) {
	case ASK_STATS:
		answer_stats(q);
		break;
	case ASK_ORDER:
		answer_ordered(q);
		break;
	case ASK_PAGE:
		answer_page(q);
		break;
	case ASK_DOCUMENT:
		answer_document(q);
		break;
	case ASK_PREVIEW:
		answer_preview(q);
		break;
	case ASK_COUNT:
		q->on_count(q->user, q->generation, q->counted);
		break;
	case ASK_WORK:
		q->on_worked(q->user);
		break;
	}
}
