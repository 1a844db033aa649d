#include "relay/shares/levels.h"

#include "relay/common/hash.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define NAME_MOST 255

/* A mailbox. What tells it apart: the node (all zero: this one), the tunnel's length and name, the key. */
struct entry {
	uint8_t name[LEVELS_NODE_LEN + 1 + NAME_MOST + NAME_MOST];
	size_t name_len;
	struct level level;        /* its texts lie in `name` */
	struct entry *prev, *next; /* of those here, by number */
	UT_hash_handle hh;
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
	struct sum *sums;               /* uthash */
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

static void drop(struct levels *l, struct entry *e)
{
	struct sum *s = find_sum(l, e->level.tunnel);
	if (s) {
		s->bytes -= e->level.bytes;
		if (--s->entries == 0) {
			HASH_DELETE(hh, l->sums, s);
			free(s);
		}
	}
	forget(&l->elsewhere, e);
}

bool levels_take(struct levels *l, const uint8_t node[LEVELS_NODE_LEN], const struct level *v)
{
	bool failed;
	struct entry *e = find_or_make(&l->elsewhere, node, v, &failed);
	if (!e)
		return !failed;
	if (v->count == 0) {
		drop(l, e);
		return true;
	}
	struct sum *s = find_or_make_sum(l, e->level.tunnel);
	if (!s) {
		forget(&l->elsewhere, e); /* a new one, or there would be a sum */
		return false;
	}
	s->entries += e->level.count == 0;
	s->bytes += v->bytes - e->level.bytes;
	e->level.count = v->count;
	e->level.bytes = v->bytes;
	return true;
}

void levels_forget(struct levels *l, const uint8_t node[LEVELS_NODE_LEN])
{
	for (struct entry *e = l->elsewhere, *next; e; e = next) {
		next = e->hh.next;
		if (memcmp(e->name, node, LEVELS_NODE_LEN) == 0)
			drop(l, e);
	}
}

uint64_t levels_elsewhere(const struct levels *l, const char *tunnel)
{
	const struct sum *s = l ? find_sum(l, bytes_of(tunnel)) : NULL;
	return s ? s->bytes : 0;
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
