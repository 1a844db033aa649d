/* Deliveries and the ends of calls go into the journal at the end of the loop's turn, all of one turn by one write;
 * that is their commit. One sync then serves all that wait, and the writer's thread brings them into the database in
 * their order, many in a transaction.
 *
 *    submitted ─▶ turn ─▶ written: committed, kept ─▶ synced: done of a delivery
 *                  ▲          └─▶ in the database: numbered, done of an attempt ─▶ synced there: its file is free
 *                  └ deliveries wait here while the writer is far behind
 *
 * What the database does not take is tried again every second, before all that came after it; until it is taken, no
 * delivery is accepted, while the ends of calls go on being written. */
#include "client/record/recorder_journal_private.h"
#include "shared/disk/disk.h"
#include "shared/query/store_part.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define RECORD_MOST (256u << 10) /* a delivery of more bytes goes into the database itself */
#define APART_FROM (64u << 10)   /* an answer's body of more bytes does */
#define BEHIND_MOST (8u << 20)   /* bytes that the database may be behind before deliveries wait */
/* From here on half as much is taken as it takes: everybody is a little slower, and nobody waits until it has caught
 * up. While it takes nothing at all, for a checkpoint say, more is taken up to BEHIND_MOST. */
#define BEHIND_SLOW (1u << 20)
#define SLOW_MS 20
/* Nobody waits for what comes out of the spool, and all of it would come at once: it leaves room for the others. */
#define BEHIND_SPOOLED (512u << 10)
#define FILES_MOST (24u << 20)
/* With less free on the disk a delivery goes into the database itself, which refuses it where there is no room: what
 * the journal takes the database must have room for. */
#define FREE_LEAST (64 << 20)
#define FREE_AGAIN_MS 50
#define READER_CACHE_KIB 512 /* each change of the database empties it */

/* ---- writing ---- */

static bool encode(struct journal *j, struct entry *n, uint64_t sequence)
{
	const struct journal_place place = { .sequence = sequence, .synced = j->synced, .lap = j->files.lap };
	n->in.sequence = sequence;
	n->in.record.len = 0;
	if (n->in.kind == JOURNAL_DELIVERY)
		return journal_record_put_delivery(&n->in.record, &place, &n->delivery);
	const struct journal_attempt a = { .body_apart = n->in.attempt.spilled || n->in.attempt.body.len > APART_FROM,
					   .attempt = n->in.attempt };
	return journal_record_put_attempt(&n->in.record, &place, &a);
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
		j->pieces[count] = (struct iovec){ n->in.record.at, n->in.record.len };
		n->bytes = n->in.record.len;
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
		buffer_free(&n->in.record);
		if (n->in.kind == JOURNAL_DELIVERY) {
			recorder_bring_in_forget_event(n);
			free(n->in.ticket);
			recorder_direct_delivery(j->recorder, &n->delivery, n->ops, n->user, false);
		} else {
			recorder_direct_attempt(j->recorder, &n->in.attempt, n->in.answered, n->kept, n->done, n->user);
			recorder_ticket_drop(j->recorder, n->in.ticket);
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

static bool may_be_written(const struct journal *j, const struct entry *n)
{
	if (j->closing || n->in.kind == JOURNAL_ATTEMPT)
		return true;
	if (j->behind > BEHIND_MOST || journal_files_len(&j->files) > FILES_MOST)
		return false;
	if (n->delivery.origin == ORIGIN_SPOOL)
		return j->behind <= BEHIND_SPOOLED;
	return j->behind <= BEHIND_SLOW || j->allowed > 0 || uv_now(j->recorder->loop) - j->took_ms > SLOW_MS;
}

static void on_again(uv_timer_t *t)
{
	(void)t; /* the turn's end looks */
}

/* Those that may be written now: deliveries wait while the database is far behind. *known: those whose event id is on
 * its way there already, which the database is asked about after that. */
static struct entry *choose(struct journal *j, struct entry **known)
{
	struct list now, again, later;
	list_init(&now);
	list_init(&again);
	list_init(&later);
	for (struct entry *n = list_take(&j->turn), *next; n; n = next) {
		next = n->next;
		list_add(!may_be_written(j, n) ? &later : n->in.kind ? &now : &again, n);
	}
	if (later.first) {
		j->turn = later;
		uv_timer_start(&j->again, on_again, SLOW_MS, 0);
	}
	*known = again.first;
	return now.first;
}

/* The database takes nothing, and they have waited for it. */
static void refuse_waiting(struct journal *j)
{
	for (struct entry *n = list_take(&j->turn), *next; n; n = next) {
		next = n->next;
		if (n->in.kind == JOURNAL_ATTEMPT) {
			list_add(&j->turn, n);
			continue;
		}
		if (n->in.kind == JOURNAL_DELIVERY)
			recorder_bring_in_forget_event(n);
		free(n->in.ticket);
		n->ops->done(n->user, &j->why);
		free(n);
	}
}

static void give_ticket(struct journal *j, struct entry *n)
{
	n->in.ticket->number = --j->tickets;
	n->in.ticket->uses = 1;
	n->in.ticket->delivery = &n->in;
	HASH_ADD(hh, j->recorder->tickets, number, sizeof n->in.ticket->number, n->in.ticket);
}

/* The call goes into the database with its delivery, if that is not there by then. */
static void join(struct entry *n)
{
	const struct ticket *t = n->in.ticket;
	if (t && t->delivery && !t->changed && recorder_bring_in_together(&n->in.attempt))
		atomic_store(&t->delivery->call, &n->in);
}

static void be_written(struct journal *j, struct entry *first)
{
	bool waits = false;
	for (struct entry *n = first; n; n = n->next) {
		j->behind += n->bytes;
		j->allowed = j->behind <= BEHIND_SLOW ? 0 : j->allowed > n->bytes ? j->allowed - n->bytes : 0;
		if (n->in.kind != JOURNAL_DELIVERY) {
			join(n);
			continue;
		}
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
		const struct record_delivery_ops *ops = n->in.kind == JOURNAL_DELIVERY ? n->ops : NULL;
		int64_t number = ops ? n->in.ticket->number : 0;
		void (*kept)(void *user) = n->kept;
		recorder_bring_in(n);
		if (ops)
			ops->committed(user, number, false);
		else if (kept)
			kept(user);
	}
}

static void flush(struct journal *j)
{
	struct error e;
	recorder_bring_in_end_reading(j);
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
	while (j->unsynced && j->unsynced->in.sequence <= sequence) {
		struct entry *n = j->unsynced;
		j->unsynced = n->next_unsynced;
		if (!j->unsynced)
			j->unsynced_last = &j->unsynced;
		n->ops->done(n->user, e);
		n->waits_for_sync = false;
		recorder_bring_in_release(n);
	}
}

/* ---- what comes ---- */

static struct entry *entry_new(struct journal *j, enum journal_kind kind, void *user)
{
	struct entry *n = calloc(1, sizeof *n);
	if (!n)
		return NULL;
	n->journal = j;
	n->in.kind = kind;
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
	if (j->recorder->direct_over)
		recorder_bring_in_end_reading(j);
	j->recorder->direct_over = false;
	if (!j->reading)
		j->reading = store_journal_find_begin(j->reader, &ignored);
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
	if (!same &&
	    (recorder_direct_has(r, d->event_id) || d->spilled || atomic_load(&r->full) || !has_room(j) ||
	     d->headers.len + d->trailers.len + d->target.len + d->body.len > RECORD_MOST || may_be_on_record(j, d)))
		return false;
	if (j->stuck.first) {
		ops->done(user, &j->why);
		return true;
	}
	struct entry *n = entry_new(j, same ? 0 : JOURNAL_DELIVERY, user);
	if (n && !same)
		n->in.ticket = calloc(1, sizeof *n->in.ticket);
	if (!n || (!same && !n->in.ticket)) {
		struct error e;
		free(n);
		error_set(&e, EXIT_STORE, "out of memory");
		ops->done(user, &e);
		return true;
	}
	n->delivery = *d;
	n->in.full = &r->full;
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
	n->in.attempt = *a;
	n->in.ticket = recorder_ticket_take(r, a->delivery_id);
	n->in.answered = answered;
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
	/* The row is what says that there are files to bring in: it has to be on disk before what is in them is. */
	if (!store_journal_add(r->store, j->files.name, &ignored) || !store_sync_apart_ops.sync(r->store, &ignored) ||
	    !store_open(&j->reader, r->path, STORE_READ_ONLY, &ignored) ||
	    !store_set_cache(j->reader, READER_CACHE_KIB, &ignored) ||
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
	uv_timer_init(r->loop, &j->again);
	j->before_poll.data = j->after_poll.data = j->retry.data = j->again.data = j;
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
		recorder_bring_in(n);
	}
	journal_syncer_close(j->syncer, on_syncer_closed);
	j->open_handles = 4;
	uv_close((uv_handle_t *)&j->before_poll, on_handle_closed);
	uv_close((uv_handle_t *)&j->after_poll, on_handle_closed);
	uv_close((uv_handle_t *)&j->retry, on_handle_closed);
	uv_close((uv_handle_t *)&j->again, on_handle_closed);
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
