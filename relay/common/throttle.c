#include "relay/common/throttle.h"

#include "relay/common/hash.h"
#include "relay/common/limits.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 64
#define REFILL_MS 1000 /* an empty bucket is full again after this long */

struct entry {
	uint8_t key[KEY_MAX];
	int64_t connections;
	int64_t level;      /* thousandths of requests that may still come */
	uint64_t filled_at; /* ms; 0: never used, full */
	UT_hash_handle hh;
};

struct throttle {
	struct throttle_settings settings;
	struct entry *addresses, *tunnels, *refused;
};

struct throttle *throttle_new(const struct throttle_settings *s)
{
	struct throttle *t = calloc(1, sizeof *t);
	if (t)
		t->settings = *s;
	return t;
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

void throttle_free(struct throttle *t)
{
	if (!t)
		return;
	free_table(&t->addresses);
	free_table(&t->tunnels);
	free_table(&t->refused);
	free(t);
}

void throttle_address_of(struct throttle_address *out, const struct peer *p)
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

/* NULL when out of memory, or when the table is full: what cannot be counted is let through. */
static struct entry *find_or_make(struct entry **table, const uint8_t *key, size_t len)
{
	struct entry *e = find(*table, key, len);
	if (e)
		return e;
	if (len > KEY_MAX || HASH_COUNT(*table) >= LIMIT_COUNTED_ADDRESSES)
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

bool throttle_may_connect(struct throttle *t, const struct throttle_address *a)
{
	if (t->settings.connections_per_address == 0 || !a->known)
		return true;
	struct entry *e = find(t->addresses, a->at, sizeof a->at);
	return !e || e->connections < t->settings.connections_per_address;
}

void throttle_connected(struct throttle *t, const struct throttle_address *a)
{
	struct entry *e;
	if (t->settings.connections_per_address && a->known && (e = find_or_make(&t->addresses, a->at, sizeof a->at)))
		e->connections++;
}

void throttle_disconnected(struct throttle *t, const struct throttle_address *a)
{
	struct entry *e;
	if (!t->settings.connections_per_address || !a->known || !(e = find(t->addresses, a->at, sizeof a->at)))
		return;
	if (e->connections > 0)
		e->connections--;
	if (e->connections == 0 && !t->settings.rate_per_address) {
		HASH_DEL(t->addresses, e);
		free(e);
	}
}

bool throttle_take_address(struct throttle *t, const struct throttle_address *a, uint64_t now_ms)
{
	return !t->settings.rate_per_address || !a->known ||
	       take(&t->addresses, a->at, sizeof a->at, t->settings.rate_per_address, now_ms);
}

bool throttle_take_refusal(struct throttle *t, const struct throttle_address *a, uint64_t now_ms)
{
	return !t->settings.refusals_per_address || !a->known ||
	       take(&t->refused, a->at, sizeof a->at, t->settings.refusals_per_address, now_ms);
}

bool throttle_take_tunnel(struct throttle *t, struct bytes name, uint64_t now_ms)
{
	return !t->settings.rate_per_tunnel ||
	       take(&t->tunnels, name.at, name.len, t->settings.rate_per_tunnel, now_ms);
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

void throttle_sweep(struct throttle *t, uint64_t now_ms)
{
	sweep(&t->addresses, now_ms);
	sweep(&t->tunnels, now_ms);
	sweep(&t->refused, now_ms);
}

size_t throttle_entries(const struct throttle *t)
{
	return (size_t)HASH_COUNT(t->addresses) + (size_t)HASH_COUNT(t->tunnels) + (size_t)HASH_COUNT(t->refused);
}
