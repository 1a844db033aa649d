/* The store of session_fixture.h: what the session asks of it waits until the test has it done, or fail. */
#pragma once

#include "tests/unit/client/session_fixture_state.h"

static inline struct wanted *fixture_want(struct recorder *r, enum wanted_what what, void *user)
{
	struct fixture *f = (struct fixture *)r;
	assert_true(f->wanted_count < STORE_MOST);
	struct wanted *w = &f->wanted[f->wanted_count++];
	*w = (struct wanted){ .what = what, .user = user };
	return w;
}

static inline void fixture_insert_delivery(struct recorder *r, const struct store_delivery *d,
					   const struct record_delivery_ops *ops, void *user)
{
	struct wanted *w = fixture_want(r, WANTED_DELIVERY, user);
	w->delivery = *d;
	w->on_committed = ops->committed;
	w->on_synced = ops->done;
}

static inline void fixture_insert_attempt(struct recorder *r, const struct store_attempt *a, struct answered *answered,
					  void (*kept)(void *user), void (*done)(void *user, const struct error *e),
					  void *user)
{
	struct wanted *w = fixture_want(r, WANTED_ATTEMPT, user);
	(void)answered;
	w->attempt = *a;
	w->on_attempt = done;
	kept(user);
}

static inline void fixture_set_answered(struct recorder *r, int64_t id, int number, uint64_t at_us)
{
	(void)r, (void)id, (void)number, (void)at_us;
}

static inline void fixture_set_state(struct recorder *r, int64_t id, enum delivery_state state)
{
	struct fixture *f = (struct fixture *)r;
	assert_in_range(id, 1, f->row_count);
	f->rows[id - 1].state = state;
}

static inline void fixture_add_tag(struct recorder *r, int64_t id, const char *name)
{
	(void)r, (void)id, (void)name;
}

static inline void fixture_find_left_over(struct recorder *r, const char *tunnel, bool with_held,
					  void (*done)(void *user, struct left_over *list, const struct error *e),
					  void *user)
{
	(void)tunnel, (void)with_held;
	fixture_want(r, WANTED_LEFT_OVER, user)->on_left_over = done;
}

static inline bool fixture_take(struct recorder *r, int64_t id,
				void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	struct wanted *w = fixture_want(r, WANTED_TAKE, user);
	w->id = id;
	w->on_taken = done;
	return true;
}

static inline bool fixture_take_asked(struct recorder *r, int64_t job,
				      void (*done)(void *user, struct taken *taken, const struct error *e), void *user)
{
	struct fixture *f = (struct fixture *)r;
	return fixture_take(r, job == f->job ? 1 : job, done, user);
}

static inline void fixture_find_asked(struct recorder *r, const char *tunnel, enum recorder_look how,
				      void (*job)(void *user, int64_t id), void *user)
{
	struct fixture *f = (struct fixture *)r;
	(void)tunnel, (void)how;
	if (f->job)
		job(user, f->job);
}

static inline void fixture_end_asked(struct recorder *r, int64_t job)
{
	struct fixture *f = (struct fixture *)r;
	assert_int_equal(job, f->job);
	f->job = 0;
	f->ended_jobs++;
}

static inline bool fixture_signs(const struct recorder *r)
{
	(void)r;
	return false;
}

static const struct record_ops fixture_record = {
	fixture_insert_delivery, fixture_insert_attempt, fixture_set_answered, fixture_set_state,
	fixture_add_tag,         fixture_find_left_over, fixture_take,         fixture_take,
	fixture_take_asked,      fixture_find_asked,     fixture_end_asked,    fixture_signs
};

/* The delivery on record, which there must be. */
static inline struct row *fixture_row(struct fixture *f, const uint8_t event_id[UUID_LEN])
{
	size_t i = 0;
	while (i < f->row_count && memcmp(f->rows[i].event_id, event_id, UUID_LEN) != 0)
		i++;
	assert_true(i < f->row_count);
	return &f->rows[i];
}

/* The first thing of this kind that waits, or NULL. A delivery that was committed waits to be synced. */
static inline struct wanted *fixture_waiting(struct fixture *f, enum wanted_what what, bool committed)
{
	for (size_t i = 0; i < f->wanted_count; i++)
		if (f->wanted[i].what == what && f->wanted[i].committed == committed)
			return &f->wanted[i];
	return NULL;
}

static inline struct wanted fixture_take_off(struct fixture *f, struct wanted *w)
{
	struct wanted was = *w;
	memmove(w, w + 1, (size_t)(&f->wanted[f->wanted_count] - (w + 1)) * sizeof *w);
	f->wanted_count--;
	return was;
}

/* Reads every byte that the store would, so that AddressSanitizer sees views that died. */
static inline void fixture_read(struct bytes b)
{
	volatile uint8_t sum = 0;
	for (size_t i = 0; b.at && i < b.len; i++)
		sum = (uint8_t)(sum + b.at[i]);
}

static inline void fixture_commit(struct fixture *f)
{
	struct wanted *w = fixture_waiting(f, WANTED_DELIVERY, false);
	size_t i = 0;
	assert_non_null(w);
	fixture_read(w->delivery.headers);
	fixture_read(w->delivery.target);
	fixture_read(w->delivery.body);
	while (i < f->row_count && memcmp(f->rows[i].event_id, w->delivery.event_id, UUID_LEN) != 0)
		i++;
	w->known = i < f->row_count;
	if (!w->known) {
		memcpy(f->rows[i].event_id, w->delivery.event_id, UUID_LEN);
		f->rows[i].state = w->delivery.state;
		f->row_count++;
	}
	w->id = (int64_t)i + 1;
	w->committed = true;
	w->on_committed(w->user, w->id, w->known);
}

static inline void fixture_sync(struct fixture *f)
{
	struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_DELIVERY, true));
	f->rows[w.id - 1].synced = true;
	w.on_synced(w.user, NULL);
}

/* The store takes nothing: neither that which waits for its commit nor that which waits to be synced. */
static inline void fixture_fail(struct fixture *f, bool committed)
{
	struct error e = { EXIT_STORE, "the disk is full" };
	struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_DELIVERY, committed));
	w.on_synced(w.user, &e);
}

static inline void fixture_attempt(struct fixture *f, bool fine)
{
	struct error e = { EXIT_STORE, "the disk is full" };
	struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_ATTEMPT, false));
	fixture_read(w.attempt.headers);
	fixture_read(w.attempt.body);
	fixture_read(w.attempt.url);
	fixture_read(w.attempt.error);
	if (fine) {
		struct row *row = &f->rows[w.attempt.delivery_id - 1];
		row->attempts++;
		row->state = w.attempt.then == ATTEMPT_THEN_HELD ? DELIVERY_HELD
			     : w.attempt.result == ATTEMPT_OK    ? DELIVERY_DELIVERED
								 : DELIVERY_FAILED;
		if (w.attempt.job && w.attempt.job == f->job)
			f->job = 0;
	}
	w.on_attempt(w.user, fine ? NULL : &e);
}

/* A delivery comes out of the store; `found` false: it is gone. */
static inline void fixture_taken(struct fixture *f, bool found)
{
	struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_TAKE, false));
	struct taken *t = found ? calloc(1, sizeof *t) : NULL;
	if (t) {
		*t = (struct taken){ .id = w.id, .origin = ORIGIN_REPLAY, .received_at_us = 1, .has_body = true };
		spill_init(&t->file, NULL);
		memcpy(t->event_id, f->rows[w.id - 1].event_id, UUID_LEN);
		f->rows[w.id - 1].state = DELIVERY_SENDING;
		assert_true(buffer_append_text(&t->method, "POST") && buffer_append_text(&t->target, "/old") &&
			    buffer_append_text(&t->message.body, "old"));
		t->message.body_size = t->message.body.len;
	}
	w.on_taken(w.user, t, NULL);
}
