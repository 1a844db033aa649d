#include "relay/common/limits.h"

#include "relay/common/hash.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 64
#define MAX_ENTRIES 65536 /* of each table: beyond it newcomers are not counted rather than all turned away */
#define REFILL_MS 1000    /* an empty bucket is full again after this long */

struct entry {
	uint8_t key[KEY_MAX];
	int64_t connections;
	int64_t level;      /* thousandths of requests that may still come */
	uint64_t filled_at; /* ms; 0: never used, full */
	UT_hash_handle hh;
};

struct limits {
	struct limits_settings settings;
	struct entry *addresses, *tunnels, *refused;
};

struct limits *limits_new(const struct limits_settings *s)
{
	struct limits *l = calloc(1, sizeof *l);
	if (l)
		l->settings = *s;
	return l;
}

static void free_table(struct entry **table)
{
	struct entry *e = *table, *next;
	HASH_CLEAR(hh, *table);
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
}

void limits_free(struct limits *l)
{
	if (!l)
		return;
	free_table(&l->addresses);
	free_table(&l->tunnels);
	free_table(&l->refused);
	free(l);
}

void limits_address_of(struct limits_address *out, const struct peer *p)
{
	memset(out, 0, sizeof *out);
	memcpy(out->at, p->at, peer_is_ipv4(p) ? 16 : 8);
	out->known = p->known;
}

static struct entry *find(struct entry *table, const uint8_t *key, size_t len)
{
	struct entry *e;
	HASH_FIND(hh, table, key, len, e);
	return e;
}

/* NULL when out of memory or room: who cannot be counted is let through. */
static struct entry *find_or_make(struct entry **table, const uint8_t *key, size_t len)
{
	struct entry *e = find(*table, key, len);
	if (e)
		return e;
	if (len > KEY_MAX || HASH_COUNT(*table) >= MAX_ENTRIES)
		return NULL;
	e = calloc(1, sizeof *e);
	if (!e)
		return NULL;
	memcpy(e->key, key, len);
	HASH_ADD_KEYPTR(hh, *table, e->key, len, e);
	if (!e->hh.tbl) {
		free(e);
		return NULL;
	}
	return e;
}

static void fill(struct entry *e, int64_t rate, uint64_t now_ms)
{
	uint64_t passed = now_ms - e->filled_at;
	if (e->filled_at == 0 || passed >= REFILL_MS)
		e->level = rate * 1000;
	else
		e->level += rate * (int64_t)passed;
	if (e->level > rate * 1000)
		e->level = rate * 1000;
	e->filled_at = now_ms ? now_ms : 1;
}

static bool take(struct entry **table, const uint8_t *key, size_t len, int64_t rate, uint64_t now_ms)
{
	struct entry *e = find_or_make(table, key, len);
	if (!e)
		return true;
	fill(e, rate, now_ms);
	if (e->level < 1000)
		return false;
	e->level -= 1000;
	return true;
}

bool limits_may_connect(struct limits *l, const struct limits_address *a)
{
	if (l->settings.connections_per_address == 0 || !a->known)
		return true;
	struct entry *e = find(l->addresses, a->at, sizeof a->at);
	return !e || e->connections < l->settings.connections_per_address;
}

void limits_connected(struct limits *l, const struct limits_address *a)
{
	struct entry *e;
	if (l->settings.connections_per_address && a->known && (e = find_or_make(&l->addresses, a->at, sizeof a->at)))
		e->connections++;
}

void limits_disconnected(struct limits *l, const struct limits_address *a)
{
	struct entry *e;
	if (!l->settings.connections_per_address || !a->known || !(e = find(l->addresses, a->at, sizeof a->at)))
		return;
	if (e->connections > 0)
		e->connections--;
	if (e->connections == 0 && !l->settings.rate_per_address) {
		HASH_DEL(l->addresses, e);
		free(e);
	}
}

bool limits_take_address(struct limits *l, const struct limits_address *a, uint64_t now_ms)
{
	return !l->settings.rate_per_address || !a->known ||
	       take(&l->addresses, a->at, sizeof a->at, l->settings.rate_per_address, now_ms);
}

bool limits_take_refusal(struct limits *l, const struct limits_address *a, uint64_t now_ms)
{
	return !l->settings.refusals_per_address || !a->known ||
	       take(&l->refused, a->at, sizeof a->at, l->settings.refusals_per_address, now_ms);
}

bool limits_take_tunnel(struct limits *l, struct bytes name, uint64_t now_ms)
{
	return !l->settings.rate_per_tunnel ||
	       take(&l->tunnels, name.at, name.len, l->settings.rate_per_tunnel, now_ms);
}

static void sweep(struct entry **table, uint64_t now_ms)
{
	for (struct entry *e = *table, *next; e; e = next) {
		next = e->hh.next;
		if (e->connections > 0 || now_ms - e->filled_at < REFILL_MS)
			continue;
		/* clang-tidy does not see that uthash unlinks e. */
		HASH_DEL(*table, e); /* NOLINT(clang-analyzer-unix.Malloc) */
		free(e);
	}
}

void limits_sweep(struct limits *l, uint64_t now_ms)
{
	sweep(&l->addresses, now_ms);
	sweep(&l->tunnels, now_ms);
	sweep(&l->refused, now_ms);
}

size_t limits_entries(const struct limits *l)
{
	return (size_t)HASH_COUNT(l->addresses) + (size_t)HASH_COUNT(l->tunnels) + (size_t)HASH_COUNT(l->refused);
}
