/* Deliveries and the ends of calls go into the journal at the end of the loop's turn, all of one turn by one write;
 * that is their commit. One sync then serves all that wait, and the writer's thread brings them into the database in
 * their order, many in a transaction.
 *
 *    submitted ─▶ turn ─▶ written: committed, kept ─▶ synced: done of a delivery
 *                  ▲          └─▶ in the database: numbered, done of an attempt ─▶ synced there: the file may begin
 * again └ deliveries wait here while the writer is far behind
 *
 * What the database does not take is tried again every second, before all that came after it; until it is taken, no
 * delivery is accepted, while the ends of calls go on being written. */
#include "client/record/journal_file.h"
#include "client/record/journal_syncer.h"
#include "client/record/recorder_private.h"
#include "shared/disk/disk.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define RECORD_MOST (256u << 10) /* a delivery of more bytes goes into the database itself */
#define APART_FROM (64u << 10)   /* an answer's body of more bytes does */
#define BEHIND_MOST (8u << 20)   /* bytes that the database may be behind before deliveries wait */
#define FILES_MOST (24u << 20)
#define RETRY_MS 1000
/* With less free on the disk a delivery goes into the database itself, which refuses it where there is no room: what
 * the journal takes the database must have room for. */
#define FREE_LEAST (64 << 20)
#define FREE_AGAIN_MS 50

struct entry {
	struct writer_job job; /* first */
	struct journal *journal;
	enum journal_kind kind; /* 0: a delivery whose event id is on its way into the database already */
	struct entry *next;     /* in a list of the journal */
	struct entry *next_unsynced;
	struct buffer record; /* as it was written; freed once it is in the database */
	uint64_t sequence;
	size_t bytes;
	struct ticket *ticket;
	void *user;
	/* A delivery. */
	UT_hash_handle hh; /* by event id, until it is in the database */
	struct store_delivery delivery;
	const struct record_delivery_ops *ops;
	bool waits_for_sync;
	bool brought_in; /* into the database */
	bool over;       /* and synced there, or given up */
	int64_t id;
	/* The end of a call. */
	struct store_attempt attempt;
	struct answered *answered;
	void (*kept)(void *user);
	void (*done)(void *user, const struct error *e);
};

struct list {
	struct entry *first, **last;
};

struct journal {
	struct recorder *recorder;
	struct journal_files files;
	struct journal_syncer *syncer;
	struct store *reader; /* finds what was on record before */
	uv_prepare_t before_poll;
	uv_check_t after_poll;
	uv_timer_t retry;
	int open_handles;
	void (*stopped)(struct recorder *r);
	struct entry *by_event;
	struct list turn, stuck;
	struct entry *unsynced, **unsynced_last;
	struct iovec *pieces;
	size_t pieces_room;
	uint64_t written, synced, safe; /* sequences; safe: synced in the database */
	size_t behind;                  /* bytes that are not in the database */
	size_t in_writer;               /* entries */
	int64_t tickets;                /* given out */
	struct error why;               /* of `stuck` */
	bool closing, failed;
	bool roomy; /* the disk, when it was looked at last */
	uint64_t looked_at_ms;
};

static void list_init(struct list *l)
{
	l->first = NULL;
	l->last = &l->first;
}

static void list_add(struct list *l, struct entry *n)
{
	n->next = NULL;
	*l->last = n;
	l->last = &n->next;
}

static struct entry *list_take(struct list *l)
{
	struct entry *first = l->first;
	list_init(l);
	return first;
}

/* ---- on the writer's thread ---- */

static bool bring_in_delivery(struct entry *n, struct store *s, struct error *e)
{
	struct journal_record r;
	struct error no_room;
	bool duplicate;
	size_t len;
	if (journal_record_read(buffer_view(&n->record), &r, &len) != JOURNAL_FOUND_RECORD)
		return error_set(e, EXIT_STORE, "a record in memory is damaged");
	/* Its sender has been told that it is on record. */
	if (!store_make_room(s, n->bytes, &no_room))
		atomic_store(&n->journal->recorder->full, true);
	if (!store_insert_delivery(s, &r.delivery, &n->id, &duplicate, e))
		return false;
	atomic_store(&n->ticket->id, n->id);
	return true;
}

static bool bring_in_attempt(struct entry *n, struct store *s, struct error *e)
{
	struct store_attempt a = n->attempt;
	uint64_t granted;
	a.delivery_id = recorder_ticket_id(n->ticket, a.delivery_id);
	if (!a.delivery_id && !store_journal_find(s, a.event_id, &a.delivery_id, e))
		return false;
	a.answered_at_us = n->answered->recorded_us = atomic_load(&n->answered->at_us);
	if (!store_make_room_for_answer(s, a.headers.len + a.trailers.len + a.raw.len, a.body.len, &granted, e))
		return false;
	if (granted < a.body.len) {
		a.body.len = (size_t)granted;
		a.cut = ANSWER_CUT_NO_ROOM;
	}
	return store_insert_attempt(s, &a, e);
}

static bool run(struct writer_job *job, void *db, struct error *e)
{
	struct entry *n = (struct entry *)job;
	return store_journal_next(db, n->sequence, e) &&
	       ((n->kind == JOURNAL_DELIVERY ? bring_in_delivery(n, db, e) : bring_in_attempt(n, db, e)) ||
		store_journal_is_refused(db));
}

/* ---- in the database ---- */

static void release(struct entry *n)
{
	if (n->waits_for_sync || !n->over)
		return;
	buffer_free(&n->record);
	free(n);
}

static void forget_event(struct journal *j, struct entry *n)
{
	HASH_DELETE(hh, j->by_event, n);
}

static void on_brought_in(struct writer_job *job)
{
	struct entry *n = (struct entry *)job;
	struct journal *j = n->journal;
	n->brought_in = true;
	j->behind -= n->bytes;
	buffer_free(&n->record);
	if (n->kind == JOURNAL_DELIVERY) {
		forget_event(j, n);
		n->ops->numbered(n->user, n->id);
	} else if (n->done) {
		n->done(n->user, NULL);
	}
	recorder_ticket_drop(j->recorder, n->ticket);
	n->ticket = NULL;
}

static void be_over(struct entry *n)
{
	n->over = true;
	release(n);
}

/* The client ends and its database does not take this: the next program that opens it tries again. */
static void give_up(struct entry *n, const struct error *e)
{
	struct journal *j = n->journal;
	j->failed = true;
	if (n->kind == JOURNAL_DELIVERY) {
		forget_event(j, n);
		n->ops->numbered(n->user, 0);
	} else if (n->done) {
		n->done(n->user, e);
	}
	recorder_ticket_drop(j->recorder, n->ticket);
	be_over(n);
}

static void on_retry(uv_timer_t *t);

static void on_settled(struct writer_job *job, const struct error *e)
{
	struct entry *n = (struct entry *)job;
	struct journal *j = n->journal;
	struct recorder *r = j->recorder;
	j->in_writer--;
	if (!e) {
		j->safe = n->sequence;
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
			uv_timer_start(&j->retry, on_retry, RETRY_MS, 0);
	}
}

static void submit(struct entry *n)
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

static void on_retry(uv_timer_t *t)
{
	struct journal *j = t->data;
	if (j->in_writer) { /* those behind it come back as well */
		uv_timer_start(t, on_retry, RETRY_MS, 0);
		return;
	}
	for (struct entry *n = list_take(&j->stuck), *next; n; n = next) {
		next = n->next;
		submit(n);
	}
}

/* ---- writing ---- */

static bool encode(struct journal *j, struct entry *n, uint64_t sequence)
{
	const struct journal_place place = { .sequence = sequence, .synced = j->synced, .lap = j->files.lap };
	n->sequence = sequence;
	n->record.len = 0;
	if (n->kind == JOURNAL_DELIVERY)
		return journal_record_put_delivery(&n->record, &place, &n->delivery);
	const struct journal_attempt a = { .body_apart = n->attempt.spilled || n->attempt.body.len > APART_FROM,
					   .attempt = n->attempt };
	return journal_record_put_attempt(&n->record, &place, &a);
}

static bool have_pieces(struct journal *j, size_t count)
{
	if (count <= j->pieces_room)
		return true;
	struct iovec *more = realloc(j->pieces, count * 2 * sizeof *more);
	if (more) {
		j->pieces = more;
		j->pieces_room = count * 2;
	}
	return more != NULL;
}

/* True: all of them are in the journal. */
static bool write_all(struct journal *j, struct entry *first, struct error *e)
{
	size_t count = 0;
	for (struct entry *n = first; n; n = n->next, count++) {
		if (!have_pieces(j, count + 2) || !encode(j, n, j->written + count + 1))
			return error_set(e, EXIT_STORE, "out of memory");
		j->pieces[count] = (struct iovec){ n->record.at, n->record.len };
		n->bytes = n->record.len;
	}
	if (!journal_files_append(&j->files, j->pieces, (int)count, j->written + count, e))
		return false;
	j->written += count;
	return true;
}

/* Where the journal cannot be written the database may still take it. */
static void divert(struct journal *j, struct entry *first)
{
	for (struct entry *n = first, *next; n; n = next) {
		next = n->next;
		buffer_free(&n->record);
		if (n->kind == JOURNAL_DELIVERY) {
			forget_event(j, n);
			free(n->ticket);
			recorder_direct_delivery(j->recorder, &n->delivery, n->ops, n->user, false);
		} else {
			recorder_direct_attempt(j->recorder, &n->attempt, n->answered, n->kept, n->done, n->user);
			recorder_ticket_drop(j->recorder, n->ticket);
		}
		free(n);
	}
}

static void ask_for_sync(struct journal *j)
{
	const struct journal_file *f = &j->files.files[j->files.active], *other = &j->files.files[!j->files.active];
	const int fds[2] = { f->fd, other->last > j->synced ? other->fd : -1 };
	journal_syncer_ask(j->syncer, fds, j->written);
}

/* Those that may be written now: deliveries wait while the database is far behind. *known: those whose event id is on
 * its way there already, which the database is asked about after that. */
static struct entry *choose(struct journal *j, struct entry **known)
{
	bool wait = !j->closing && (j->behind > BEHIND_MOST || journal_files_len(&j->files) > FILES_MOST);
	struct list now, again, later;
	list_init(&now);
	list_init(&again);
	list_init(&later);
	for (struct entry *n = list_take(&j->turn), *next; n; n = next) {
		next = n->next;
		list_add(wait && n->kind != JOURNAL_ATTEMPT ? &later : n->kind ? &now : &again, n);
	}
	if (later.first)
		j->turn = later;
	*known = again.first;
	return now.first;
}

/* The database takes nothing, and they have waited for it. */
static void refuse_waiting(struct journal *j)
{
	for (struct entry *n = list_take(&j->turn), *next; n; n = next) {
		next = n->next;
		if (n->kind == JOURNAL_ATTEMPT) {
			list_add(&j->turn, n);
			continue;
		}
		if (n->kind == JOURNAL_DELIVERY)
			forget_event(j, n);
		free(n->ticket);
		n->ops->done(n->user, 0, false, &j->why);
		free(n);
	}
}

static void give_ticket(struct journal *j, struct entry *n)
{
	n->ticket->number = --j->tickets;
	n->ticket->uses = 1;
	HASH_ADD(hh, j->recorder->tickets, number, sizeof n->ticket->number, n->ticket);
}

static void be_written(struct journal *j, struct entry *first)
{
	bool waits = false;
	for (struct entry *n = first; n; n = n->next) {
		j->behind += n->bytes;
		if (n->kind != JOURNAL_DELIVERY)
			continue;
		give_ticket(j, n);
		waits = n->waits_for_sync = true;
		n->next_unsynced = NULL;
		*j->unsynced_last = n;
		j->unsynced_last = &n->next_unsynced;
	}
	if (waits)
		ask_for_sync(j);
	for (struct entry *n = first, *next; n; n = next) {
		next = n->next;
		void *user = n->user;
		const struct record_delivery_ops *ops = n->kind == JOURNAL_DELIVERY ? n->ops : NULL;
		int64_t number = ops ? n->ticket->number : 0;
		void (*kept)(void *user) = n->kept;
		submit(n);
		if (ops)
			ops->committed(user, number, false);
		else if (kept)
			kept(user);
	}
}

static void flush(struct journal *j)
{
	struct error e;
	if (!j->turn.first)
		return;
	if (j->stuck.first && !j->closing)
		refuse_waiting(j);
	journal_files_turn(&j->files, j->safe);
	struct entry *known, *first = choose(j, &known);
	if (!j->turn.first)
		uv_unref((uv_handle_t *)&j->after_poll);
	if (first && write_all(j, first, &e))
		be_written(j, first);
	else
		divert(j, first);
	for (struct entry *next; known; known = next) {
		next = known->next;
		recorder_direct_delivery(j->recorder, &known->delivery, known->ops, known->user, true);
		free(known);
	}
}

static void on_before_poll(uv_prepare_t *h)
{
	flush(h->data);
}

static void on_after_poll(uv_check_t *h)
{
	flush(h->data);
}

static void on_synced(void *user, uint64_t sequence, const struct error *e)
{
	struct journal *j = user;
	if (!e)
		j->synced = sequence;
	while (j->unsynced && j->unsynced->sequence <= sequence) {
		struct entry *n = j->unsynced;
		j->unsynced = n->next_unsynced;
		if (!j->unsynced)
			j->unsynced_last = &j->unsynced;
		n->ops->done(n->user, n->id, false, e);
		n->waits_for_sync = false;
		release(n);
	}
}

/* ---- what comes ---- */

static struct entry *entry_new(struct journal *j, enum journal_kind kind, void *user)
{
	struct entry *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->journal = j;
	n->kind = kind;
	n->user = user;
	return n;
}

static void add(struct journal *j, struct entry *n)
{
	if (!j->turn.first)
		uv_ref((uv_handle_t *)&j->after_poll);
	list_add(&j->turn, n);
}

/* What cannot be found out the database says itself. */
static bool may_be_on_record(struct journal *j, const struct store_delivery *d)
{
	struct error ignored;
	int64_t id;
	return !store_journal_find(j->reader, d->event_id, &id, &ignored) || id;
}

/* A limit on the size of files is a small disk, too. */
static bool is_roomy(const char *path)
{
	struct rlimit most;
	int64_t left = disk_free(path);
	if (left >= 0 && left < FREE_LEAST)
		return false;
	return getrlimit(RLIMIT_FSIZE, &most) != 0 || most.rlim_cur == RLIM_INFINITY;
}

static bool has_room(struct journal *j)
{
	uint64_t now = uv_now(j->recorder->loop);
	if (now - j->looked_at_ms >= FREE_AGAIN_MS) {
		j->looked_at_ms = now;
		j->roomy = is_roomy(j->recorder->path);
	}
	return j->roomy;
}

bool recorder_journal_delivery(struct recorder *r, const struct store_delivery *d,
			       const struct record_delivery_ops *ops, void *user)
{
	struct journal *j = r->journal;
	struct entry *same;
	if (!j || j->closing)
		return false;
	HASH_FIND(hh, j->by_event, d->event_id, UUID_LEN, same);
	/* One that is on its way into the database itself may be this one, sent again. */
	if (!same &&
	    (r->direct || d->spilled || atomic_load(&r->full) || !has_room(j) ||
	     d->headers.len + d->trailers.len + d->target.len + d->body.len > RECORD_MOST || may_be_on_record(j, d)))
		return false;
	if (j->stuck.first) {
		ops->done(user, 0, false, &j->why);
		return true;
	}
	struct entry *n = entry_new(j, same ? 0 : JOURNAL_DELIVERY, user);
	if (n && !same)
		n->ticket = calloc(1, sizeof *n->ticket);
	if (!n || (!same && !n->ticket)) {
		struct error e;
		free(n);
		error_set(&e, EXIT_STORE, "out of memory");
		ops->done(user, 0, false, &e);
		return true;
	}
	n->delivery = *d;
	n->ops = ops;
	if (!same)
		HASH_ADD(hh, j->by_event, delivery.event_id, UUID_LEN, n);
	add(j, n);
	return true;
}

bool recorder_journal_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
			      void (*kept)(void *user), void (*done)(void *user, const struct error *e), void *user)
{
	struct journal *j = r->journal;
	struct entry *n = j && !j->closing ? entry_new(j, JOURNAL_ATTEMPT, user) : NULL;
	if (!n)
		return false;
	n->attempt = *a;
	n->ticket = recorder_ticket_take(r, a->delivery_id);
	n->answered = answered;
	n->kept = kept;
	n->done = done;
	add(j, n);
	return true;
}

/* ---- beginning and end ---- */

void recorder_use_journal(struct recorder *r)
{
	struct error ignored; /* whatever it is, the database meets it as well */
	struct journal *j = r->journal_most >= FILES_MOST && is_roomy(r->path) ? calloc(1, sizeof *j) : NULL;
	if (!j)
		return;
	j->recorder = r;
	list_init(&j->turn);
	list_init(&j->stuck);
	j->unsynced_last = &j->unsynced;
	if (!journal_files_open(&j->files, r->path, &ignored)) {
		free(j);
		return;
	}
	if (!store_journal_add(r->store, j->files.name, &ignored) ||
	    !store_open(&j->reader, r->path, STORE_READ_ONLY, &ignored) ||
	    !(j->syncer = journal_syncer_new(r->loop, on_synced, j, &ignored))) {
		bool dropped = store_journal_drop(r->store, j->files.name, &ignored);
		journal_files_close(&j->files, dropped);
		store_close(j->reader);
		free(j);
		return;
	}
	store_journal_follow(r->store, j->files.name);
	uv_prepare_init(r->loop, &j->before_poll);
	uv_check_init(r->loop, &j->after_poll);
	uv_timer_init(r->loop, &j->retry);
	j->before_poll.data = j->after_poll.data = j->retry.data = j;
	uv_prepare_start(&j->before_poll, on_before_poll);
	uv_check_start(&j->after_poll, on_after_poll);
	uv_unref((uv_handle_t *)&j->before_poll);
	uv_unref((uv_handle_t *)&j->after_poll);
	r->journal = j;
}

static void on_syncer_closed(void *user)
{
	struct journal *j = user;
	j->stopped(j->recorder);
}

static void on_handle_closed(uv_handle_t *h)
{
	struct journal *j = h->data;
	if (--j->open_handles == 0)
		j->stopped(j->recorder);
}

void recorder_journal_stop(struct recorder *r, void (*stopped)(struct recorder *r))
{
	struct journal *j = r->journal;
	if (!j) {
		stopped(r);
		stopped(r);
		return;
	}
	j->stopped = stopped;
	j->closing = true;
	while (j->turn.first)
		flush(j);
	for (struct entry *n = list_take(&j->stuck), *next; n; n = next) {
		next = n->next;
		submit(n);
	}
	journal_syncer_close(j->syncer, on_syncer_closed);
	j->open_handles = 3;
	uv_close((uv_handle_t *)&j->before_poll, on_handle_closed);
	uv_close((uv_handle_t *)&j->after_poll, on_handle_closed);
	uv_close((uv_handle_t *)&j->retry, on_handle_closed);
}

void recorder_journal_end(struct recorder *r)
{
	struct journal *j = r->journal;
	struct error ignored;
	if (!j)
		return;
	bool gone = !j->failed && j->safe == j->written;
	journal_files_close(&j->files, gone);
	if (gone) {
		bool dropped = store_journal_drop(r->store, j->files.name, &ignored);
		(void)dropped; /* a row without files is dropped by the next program */
	}
	store_close(j->reader);
	free(j->pieces);
	free(j);
	r->journal = NULL;
}
