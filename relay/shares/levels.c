#include "relay/shares/levels.h"

#include "relay/common/hash.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define NAME_MOST 255
#define CLOCKS_APART_US (UINT64_C(10) * 60 * 1000000) /* of two nodes, at most */

/* A mailbox. What tells it apart: the node (all zero: this one), the tunnel's length and name, the key. */
struct entry {
	uint8_t name[LEVELS_NODE_LEN + 1 + NAME_MOST + NAME_MOST];
	size_t name_len;
	struct level level;        /* its texts lie in `name` */
	struct entry *prev, *next; /* of those here by number; of others that have to be kept */
	UT_hash_handle hh;

	/* Of those elsewhere. */
	uint64_t said_at_us, adopted_at_us;
	bool has_row;    /* it was kept */
	bool is_changed; /* since then: it is in the list */
};

/* Of a tunnel, at all other nodes. */
struct sum {
	uint64_t bytes, entries;
	UT_hash_handle hh;
	size_t len;
	char tunnel[NAME_MOST];
};

struct levels {
	struct entry *here, *elsewhere; /* uthash, by name */
	struct entry *changes;          /* those here (utlist) */
	struct entry *unkept;           /* those elsewhere (utlist) */
	size_t row_count;
	struct sum *sums; /* uthash */
	uint64_t last_number;
};

static const uint8_t self[LEVELS_NODE_LEN];

static size_t put_name(uint8_t *out, const uint8_t node[LEVELS_NODE_LEN], const struct level *v)
{
	uint8_t *at = out;
	memcpy(at, node, LEVELS_NODE_LEN);
	at += LEVELS_NODE_LEN;
	*at++ = (uint8_t)v->tunnel.len;
	memcpy(at, v->tunnel.at, v->tunnel.len);
	at += v->tunnel.len;
	if (v->key.len > 0)
		memcpy(at, v->key.at, v->key.len);
	return (size_t)(at - out) + v->key.len;
}

static struct entry *find(const struct entry *all, const uint8_t *name, size_t len)
{
	struct entry *e;
	HASH_FIND(hh, all, name, len, e);
	return e;
}

/* Finds it, or makes it with nothing in it. NULL: there is none and need be none, or out of memory (*failed). */
static struct entry *find_or_make(struct entry **all, const uint8_t node[LEVELS_NODE_LEN], const struct level *v,
				  bool *failed)
{
	uint8_t name[sizeof((struct entry *)NULL)->name];
	*failed = v->tunnel.len == 0 || v->tunnel.len > NAME_MOST || v->key.len > NAME_MOST;
	if (*failed)
		return NULL;
	const size_t len = put_name(name, node, v);
	struct entry *e = find(*all, name, len);
	if (e || v->count == 0)
		return e;
	*failed = true;
	if (!(e = calloc(1, sizeof *e)))
		return NULL;
	memcpy(e->name, name, len);
	e->name_len = len;
	e->level.tunnel = bytes_make(e->name + LEVELS_NODE_LEN + 1, v->tunnel.len);
	e->level.key = bytes_make(e->name + LEVELS_NODE_LEN + 1 + v->tunnel.len, v->key.len);
	HASH_ADD(hh, *all, name, len, e);
	if (!e->hh.tbl) {
		free(e);
		return NULL;
	}
	*failed = false;
	return e;
}

static void forget(struct entry **all, struct entry *e)
{
	/* clang-tidy does not see that uthash unlinks it. */
	HASH_DELETE(hh, *all, e); /* NOLINT(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
	free(e);
}

/* ---- here ---- */

bool levels_note(struct levels *l, const struct level *v)
{
	bool failed;
	struct entry *e = find_or_make(&l->here, self, v, &failed);
	if (!e)
		return !failed;
	if (e->level.number)
		DL_DELETE(l->changes, e);
	e->level.count = v->count;
	e->level.bytes = v->bytes;
	e->level.number = ++l->last_number;
	DL_APPEND(l->changes, e);
	return true;
}

bool levels_next(const struct levels *l, uint64_t number, struct level *out)
{
	const struct entry *e = l->changes ? l->changes->prev : NULL; /* the last */
	if (!e || e->level.number <= number)
		return false;
	while (e != l->changes && e->prev->level.number > number)
		e = e->prev;
	*out = e->level;
	return true;
}

void levels_told(struct levels *l, uint64_t number)
{
	for (struct entry *e = l->changes, *next; e && e->level.number <= number; e = next) {
		next = e->next;
		if (e->level.count > 0)
			continue;
		DL_DELETE(l->changes, e);
		forget(&l->here, e);
	}
}

/* ---- at other nodes ---- */

static struct sum *find_sum(const struct levels *l, struct bytes tunnel)
{
	struct sum *s;
	HASH_FIND(hh, l->sums, tunnel.at, tunnel.len, s);
	return s;
}

static struct sum *find_or_make_sum(struct levels *l, struct bytes tunnel)
{
	struct sum *s = find_sum(l, tunnel);
	if (s || !(s = calloc(1, sizeof *s)))
		return s;
	s->len = tunnel.len;
	memcpy(s->tunnel, tunnel.at, tunnel.len);
	HASH_ADD(hh, l->sums, tunnel, s->len, s);
	if (!s->hh.tbl) {
		free(s);
		return NULL;
	}
	return s;
}

/* False when out of memory: nothing has changed. */
static bool set(struct levels *l, struct entry *e, uint64_t count, uint64_t bytes)
{
	const struct level had = e->level;
	struct sum *s = count > 0 ? find_or_make_sum(l, e->level.tunnel) : find_sum(l, e->level.tunnel);
	if (count > 0 && !s)
		return false;
	if (count == 0)
		bytes = 0;
	e->level.count = count;
	e->level.bytes = bytes;
	if (!s)
		return true;
	s->bytes += bytes - had.bytes;
	s->entries += (uint64_t)(count > 0) - (uint64_t)(had.count > 0);
	if (s->entries == 0) {
		HASH_DELETE(hh, l->sums, s);
		free(s);
	}
	return true;
}

static bool is_void(const struct entry *e)
{
	return e->level.count == 0 && !e->adopted_at_us;
}

/* After any change: it is to be kept, or its row to be deleted, or nobody need know of it any more. */
static void note_change(struct levels *l, struct entry *e)
{
	if (is_void(e) && !e->has_row) {
		if (e->is_changed)
			DL_DELETE(l->unkept, e);
		forget(&l->elsewhere, e);
		return;
	}
	if (!e->is_changed)
		DL_APPEND(l->unkept, e);
	e->is_changed = true;
}

/* As that node says, or as is left of it. False when out of memory: what counted before counts on. */
static bool change(struct levels *l, struct entry *e, const struct level *v, uint64_t said_at_us,
		   uint64_t adopted_at_us)
{
	const bool fine = set(l, e, v->count, v->bytes);
	if (fine) {
		e->said_at_us = said_at_us;
		e->adopted_at_us = adopted_at_us;
	}
	note_change(l, e);
	return fine;
}

bool levels_take(struct levels *l, const uint8_t node[LEVELS_NODE_LEN], const struct level *v, uint64_t now_us)
{
	bool failed;
	struct entry *e = find_or_make(&l->elsewhere, node, v, &failed);
	return e ? change(l, e, v, now_us, 0) : !failed;
}

static void empty(struct levels *l, struct entry *e)
{
	const bool fine = change(l, e, &(struct level){ .count = 0 }, e->said_at_us, 0);
	(void)fine; /* nothing needs no memory */
}

void levels_forget(struct levels *l, const uint8_t node[LEVELS_NODE_LEN])
{
	for (struct entry *e = l->elsewhere, *next; e; e = next) {
		next = e->hh.next;
		if (memcmp(e->name, node, LEVELS_NODE_LEN) == 0)
			empty(l, e);
	}
}

void levels_expire(struct levels *l, uint64_t before_us,
		   bool (*is_there)(void *user, const uint8_t node[LEVELS_NODE_LEN]), void *user)
{
	for (struct entry *e = l->elsewhere, *next; e; e = next) {
		next = e->hh.next;
		if (e->said_at_us < before_us && !is_there(user, e->name))
			empty(l, e);
	}
}

uint64_t levels_elsewhere(const struct levels *l, const char *tunnel)
{
	const struct sum *s = l ? find_sum(l, bytes_of(tunnel)) : NULL;
	return s ? s->bytes : 0;
}

/* ---- what was taken over of a node that is gone ---- */

bool levels_adopt(struct levels *l, const uint8_t node[LEVELS_NODE_LEN], const struct level *v, uint64_t now_us)
{
	bool failed;
	struct entry *e = find_or_make(&l->elsewhere, node, v, &failed);
	if (!e)
		return !failed;
	const struct level *had = &e->level;
	struct level rest = { .count = had->count > v->count ? had->count - v->count : 0,
			      .bytes = had->bytes > v->bytes ? had->bytes - v->bytes : 0 };
	return change(l, e, &rest, e->said_at_us ? e->said_at_us : now_us, now_us);
}

void levels_each_adopted(const struct levels *l, const uint8_t *node,
			 void (*each)(void *user, const uint8_t node[LEVELS_NODE_LEN], const struct level *v,
				      uint64_t at_us),
			 void *user)
{
	for (const struct entry *e = l->elsewhere; e; e = e->hh.next)
		if (e->adopted_at_us && (!node || memcmp(e->name, node, LEVELS_NODE_LEN) == 0))
			each(user, e->name, &e->level, e->adopted_at_us);
}

bool levels_take_adopted(struct levels *l, const uint8_t node[LEVELS_NODE_LEN], const struct level *v, uint64_t at_us)
{
	bool failed;
	struct entry *e = at_us ? find_or_make(&l->elsewhere, node, v, &failed) : NULL;
	if (!e)
		return at_us && !failed;
	if (at_us <= e->adopted_at_us || e->said_at_us > at_us + CLOCKS_APART_US)
		return true;
	return change(l, e, v, e->said_at_us ? e->said_at_us : at_us, at_us);
}

/* ---- rows, for the next start ---- */

bool levels_next_row(struct levels *l, struct levels_row *out)
{
	struct entry *e = l->unkept;
	/* With as many rows as there may be, what has none yet is not kept. */
	while (e && !e->has_row && l->row_count >= LEVELS_KEPT_MOST) {
		DL_DELETE(l->unkept, e);
		e->is_changed = false;
		e = l->unkept;
	}
	if (!e)
		return false;
	DL_DELETE(l->unkept, e);
	e->is_changed = false;
	*out = (struct levels_row){ .level = e->level, .said_at_us = e->said_at_us, .adopted_at_us = e->adopted_at_us };
	memcpy(out->node, e->name, sizeof out->node);
	memcpy(out->name, e->name + LEVELS_NODE_LEN + 1, e->name_len - LEVELS_NODE_LEN - 1);
	out->level.tunnel.at = out->name;
	out->level.key.at = out->name + e->level.tunnel.len;
	l->row_count += (size_t)!is_void(e) - (size_t)e->has_row;
	e->has_row = !is_void(e);
	if (!e->has_row)
		forget(&l->elsewhere, e);
	return true;
}

/* The mailbox of a row that there is, or may be. NULL when out of memory. */
static struct entry *find_or_make_of(struct levels *l, const struct levels_row *row, bool *is_new)
{
	bool failed;
	const size_t before = HASH_COUNT(l->elsewhere);
	const struct level any = { row->level.tunnel, row->level.key, .count = 1 };
	struct entry *e = find_or_make(&l->elsewhere, row->node, &any, &failed);
	if (!e)
		return NULL;
	*is_new = HASH_COUNT(l->elsewhere) > before;
	l->row_count += !e->has_row;
	e->has_row = true;
	return e;
}

void levels_keep_again(struct levels *l, const struct levels_row *row)
{
	bool is_new;
	struct entry *e = find_or_make_of(l, row, &is_new);
	if (e)
		note_change(l, e);
}

bool levels_recall(struct levels *l, const struct levels_row *row, bool has_said)
{
	bool is_new;
	struct entry *e = find_or_make_of(l, row, &is_new);
	if (!e)
		return false;
	if (!is_new)
		return true;
	if (has_said) {
		empty(l, e);
		return true;
	}
	e->said_at_us = row->said_at_us;
	e->adopted_at_us = row->adopted_at_us;
	const bool fine = set(l, e, row->level.count, row->level.bytes);
	if (fine && is_void(e))
		note_change(l, e);
	return fine;
}

/* ---- the whole ---- */

struct levels *levels_new(void)
{
	return calloc(1, sizeof(struct levels));
}

static void free_entries(struct entry *all)
{
	struct entry *e = all, *next;
	HASH_CLEAR(hh, all);
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
}

void levels_free(struct levels *l)
{
	if (!l)
		return;
	free_entries(l->here);
	free_entries(l->elsewhere);
	struct sum *s = l->sums, *next;
	HASH_CLEAR(hh, l->sums);
	for (; s; s = next) {
		next = s->hh.next;
		free(s);
	}
	free(l);
}
