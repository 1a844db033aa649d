/* Brings what stands in the journal into the database: on the writer's thread, within its transaction; what follows
 * from that happens on the loop. A delivery whose call is over by then is brought in together with it, which costs
 * little more than the delivery alone. */
#include "client/record/recorder_journal_private.h"

#include <stdlib.h>

#define RETRY_MS 1000

bool recorder_bring_in_together(const struct store_attempt *a)
{
	/* Nothing about a short one can fail by itself. */
	return a->number == 1 && !a->job && !a->spilled &&
	       a->headers.len + a->trailers.len + a->raw.len + a->body.len <= STORE_SHORT_ANSWER;
}

/* As much of the answer as there is room for. */
static bool take_call(struct bringing *b, struct store *s, struct store_attempt *a, struct error *e)
{
	uint64_t granted;
	*a = b->attempt;
	a->answered_at_us = b->answered->recorded_us = atomic_load(&b->answered->at_us);
	if (!store_make_room_for_answer(s, a->headers.len + a->trailers.len + a->raw.len, a->body.len, &granted, e))
		return false;
	if (granted < a->body.len) {
		a->body.len = (size_t)granted;
		a->cut = ANSWER_CUT_NO_ROOM;
	}
	return true;
}

static bool insert(struct bringing *b, const struct store_delivery *d, struct bringing *call, struct store *s,
		   struct error *e)
{
	struct store_attempt a;
	bool duplicate;
	if (!call)
		return store_insert_delivery(s, d, &b->id, &duplicate, e);
	call->is_in = false;
	if (!take_call(call, s, &a, e) || !store_insert_whole(s, d, &a, &b->id, &duplicate, e))
		return false;
	call->is_in = !duplicate;
	return true;
}

static bool bring_in_delivery(struct bringing *b, struct store *s, struct error *e)
{
	struct journal_record r;
	struct error no_room;
	size_t len;
	if (journal_record_read(buffer_view(&b->record), &r, &len) != JOURNAL_FOUND_RECORD)
		return error_set(e, EXIT_STORE, "a record in memory is damaged");
	/* Its sender has been told that it is on record. */
	if (!store_make_room(s, b->record.len, &no_room))
		atomic_store(b->full, true);
	if (!insert(b, &r.delivery, atomic_load(&b->call), s, e))
		return false;
	atomic_store(&b->ticket->id, b->id);
	return true;
}

static bool bring_in_call(struct bringing *b, struct store *s, struct error *e)
{
	struct store_attempt a;
	if (b->is_in)
		return true;
	if (!take_call(b, s, &a, e))
		return false;
	a.delivery_id = recorder_ticket_id(b->ticket, a.delivery_id);
	if (!a.delivery_id && !store_journal_find(s, a.event_id, &a.delivery_id, e))
		return false;
	return store_insert_attempt(s, &a, e);
}

/* Again after a rollback: it starts from nothing each time. True also for what the database will never take. */
static bool run(struct writer_job *job, void *db, struct error *e)
{
	struct bringing *b = &((struct entry *)job)->in;
	return store_journal_next(db, b->sequence, e) &&
	       ((b->kind == JOURNAL_DELIVERY ? bring_in_delivery(b, db, e) : bring_in_call(b, db, e)) ||
		store_journal_is_refused(db));
}

/* ---- on the loop ---- */

void recorder_bring_in_release(struct entry *n)
{
	if (n->waits_for_sync || !n->over)
		return;
	buffer_free(&n->in.record);
	free(n);
}

void recorder_bring_in_forget_event(struct entry *n)
{
	HASH_DELETE(hh, n->journal->by_event, n);
}

/* What it said is not all there is any more. */
void recorder_bring_in_end_reading(struct journal *j)
{
	if (j->reading)
		store_journal_find_end(j->reader);
	j->reading = false;
}

static void drop_ticket(struct entry *n)
{
	struct ticket *t = n->in.ticket;
	if (t && t->delivery == &n->in)
		t->delivery = NULL;
	recorder_ticket_drop(n->journal->recorder, t);
	n->in.ticket = NULL;
}

static void on_brought_in(struct writer_job *job)
{
	struct entry *n = (struct entry *)job;
	struct journal *j = n->journal;
	n->brought_in = true;
	recorder_bring_in_end_reading(j);
	j->behind -= n->bytes;
	j->allowed += n->bytes / 2;
	j->took_ms = uv_now(j->recorder->loop);
	buffer_free(&n->in.record);
	if (n->in.kind == JOURNAL_DELIVERY) {
		recorder_bring_in_forget_event(n);
		n->ops->numbered(n->user, n->in.id);
	} else if (n->done) {
		n->done(n->user, NULL);
	}
	drop_ticket(n);
}

static void be_over(struct entry *n)
{
	n->over = true;
	recorder_bring_in_release(n);
}

/* The client ends and its database does not take this: the next program that opens it tries again. */
static void give_up(struct entry *n, const struct error *e)
{
	struct journal *j = n->journal;
	j->failed = true;
	if (n->in.kind == JOURNAL_DELIVERY) {
		recorder_bring_in_forget_event(n);
		n->ops->numbered(n->user, 0);
	} else if (n->done) {
		n->done(n->user, e);
	}
	drop_ticket(n);
	be_over(n);
}

/* Tries again what the database did not take. */
static void bring_in_again(uv_timer_t *t)
{
	struct journal *j = t->data;
	if (j->in_writer) { /* those behind it come back as well */
		uv_timer_start(t, bring_in_again, RETRY_MS, 0);
		return;
	}
	for (struct entry *n = list_take(&j->stuck), *next; n; n = next) {
		next = n->next;
		recorder_bring_in(n);
	}
}

static void on_settled(struct writer_job *job, const struct error *e)
{
	struct entry *n = (struct entry *)job;
	struct journal *j = n->journal;
	struct recorder *r = j->recorder;
	j->in_writer--;
	if (!e) {
		j->safe = n->in.sequence;
		be_over(n);
		recorder_log_look(r);
	} else if (n->brought_in) { /* the sync failed: the next one that does not says what is safe */
		be_over(n);
	} else if (j->closing) {
		give_up(n, e);
	} else {
		if (!j->stuck.first)
			j->why = *e;
		list_add(&j->stuck, n);
		if (!uv_is_active((uv_handle_t *)&j->retry))
			uv_timer_start(&j->retry, bring_in_again, RETRY_MS, 0);
	}
}

void recorder_bring_in(struct entry *n)
{
	struct journal *j = n->journal;
	if (j->stuck.first && !j->closing) {
		list_add(&j->stuck, n);
		return;
	}
	n->job.run = run;
	n->job.committed = on_brought_in;
	n->job.done = on_settled;
	n->job.lazy = true;
	n->job.bytes = n->bytes;
	j->in_writer++;
	batch_writer_submit(j->recorder->writer, &n->job);
}
