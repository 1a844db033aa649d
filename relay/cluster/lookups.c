#include "relay/cluster/lookups.h"

#include "relay/common/hash.h"
#include "relay/names/router.h"
#include "shared/base/hex.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define PREFIX "tunnel."
#define SILENT_MS 5000 /* by then the bus has gone to another server */

enum stage { STAGE_BUCKET, STAGE_NODES, STAGE_OVER };

struct lookups_entry {
	char name[LIMIT_TUNNEL_NAME + 1];
	struct lookups *all;
	enum stage stage;
	bool asking;          /* an answer is to come; also of OVER, where a node said more meanwhile */
	enum lookup result;   /* of OVER */
	uint64_t until;       /* loop ms: how long it is known */
	struct buffer record; /* of FOUND; of a client's last name: that name */
	uint64_t rival_until; /* loop ms: till then the last name is for a run of that client at another node */
	struct lookups_waiter *waiters;
	UT_hash_handle hh; /* in the order in which they were asked for */
};

/* So many a second. */
struct allowance {
	uint64_t second;
	unsigned taken;
};

struct lookups {
	uv_loop_t *loop;
	struct kv *kv;
	struct bus *bus;
	uint8_t self[RECORD_NODE_ID_LEN];
	struct lookups_entry *entries;
	struct allowance bucket, nodes;
	uint64_t silent_until; /* loop ms: it did not answer in time, and nobody waits for it */
	uint64_t tried_at;     /* loop ms: when it was asked last */
	uint64_t rivals_until; /* loop ms: of any entry */
	uint64_t counts[LOOKUP_RESULTS], malformed;
};

static bool take(struct allowance *a, uint64_t now_ms, unsigned most)
{
	if (a->second != now_ms / 1000)
		*a = (struct allowance){ .second = now_ms / 1000 };
	return a->taken < most && ++a->taken;
}

/* ---- what is known ---- */

static struct lookups_entry *find(const struct lookups *l, const char *name)
{
	struct lookups_entry *e;
	HASH_FIND_STR(l->entries, name, e);
	return e;
}

static void forget(struct lookups_entry *e)
{
	struct lookups *l = e->all;
	HASH_DELETE(hh, l->entries, e); /* NOLINT(clang-analyzer-unix.Malloc,clang-analyzer-core.NullDereference) */
	buffer_free(&e->record);
	free(e);
}

/* Makes room for one more: the oldest that is not under way goes. */
static bool has_room(struct lookups *l)
{
	if (HASH_COUNT(l->entries) < LOOKUPS_KNOWN)
		return true;
	for (struct lookups_entry *e = l->entries; e; e = e->hh.next) {
		if (e->stage == STAGE_OVER && !e->asking) {
			forget(e);
			return true;
		}
	}
	return false;
}

static struct lookups_entry *add(struct lookups *l, const char *name)
{
	struct lookups_entry *e = has_room(l) ? calloc(1, sizeof *e) : NULL;
	if (!e)
		return NULL;
	e->all = l;
	snprintf(e->name, sizeof e->name, "%s", name);
	HASH_ADD_STR(l->entries, name, e);
	if (!e->hh.tbl) {
		free(e);
		return NULL;
	}
	return e;
}

/* AWAY and TOO_MANY say nothing about the tunnel: they are not remembered. */
static void settle(struct lookups_entry *e, enum lookup result, struct bytes record)
{
	struct lookups *l = e->all;
	struct lookups_entry told = { .waiters = e->waiters };
	struct lookups_waiter *w;
	e->waiters = NULL;
	e->stage = STAGE_OVER;
	e->until = uv_now(l->loop) + (result == LOOKUP_FOUND ? LOOKUPS_FOUND_MS : LOOKUPS_NONE_MS);
	buffer_free(&e->record);
	if (result == LOOKUP_FOUND && !buffer_append_bytes(&e->record, record))
		result = LOOKUP_AWAY;
	e->result = result;
	l->counts[result]++;
	if (result != LOOKUP_FOUND && result != LOOKUP_NONE)
		e->until = 0;
	DL_FOREACH(told.waiters, w)
	w->of = &told;
	while ((w = told.waiters)) {
		lookups_take_back(w);
		w->over(w, result);
	}
}

/* ---- asking ---- */

static bool is_record(struct bytes answer)
{
	struct record_tunnel r;
	return record_read_tunnel(answer, &r);
}

/* What the nodes said, or that none did in time. */
static void take_answer(struct lookups_entry *e, enum bus_outcome outcome, const struct bus_message *m,
			bool (*makes_sense)(struct bytes answer))
{
	e->asking = false;
	if (e->stage == STAGE_OVER)
		return;
	bool fine = outcome == BUS_ANSWERED && makes_sense(m->data);
	e->all->malformed += outcome == BUS_ANSWERED && !fine;
	if (fine)
		settle(e, LOOKUP_FOUND, m->data);
	else
		settle(e, outcome == BUS_TIMED_OUT || outcome == BUS_NOBODY ? LOOKUP_NONE : LOOKUP_AWAY,
		       bytes_of(NULL));
}

static void on_who(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	take_answer(user, outcome, m, is_record);
}

static void on_whose(void *user, enum bus_outcome outcome, const struct bus_message *m)
{
	take_answer(user, outcome, m, router_name_valid);
}

static void ask_nodes(struct lookups_entry *e, const char *subject, struct bytes question,
		      void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m))
{
	struct lookups *l = e->all;
	if (!take(&l->nodes, uv_now(l->loop), LOOKUPS_WHO_MOST)) {
		settle(e, LOOKUP_TOO_MANY, bytes_of(NULL));
		return;
	}
	e->stage = STAGE_NODES;
	e->asking = bus_request(l->bus, &(struct bus_post){ .subject = subject, .data = question }, LOOKUPS_WHO_MS,
				answered, e);
	if (!e->asking)
		settle(e, LOOKUP_AWAY, bytes_of(NULL));
}

/* The record may have been lost with a replica. */
static void ask_who(struct lookups_entry *e)
{
	struct buffer question = { 0 };
	if (buffer_append(&question, e->all->self, sizeof e->all->self) && buffer_append_text(&question, e->name))
		ask_nodes(e, LOOKUPS_WHO_SUBJECT, buffer_view(&question), on_who);
	else
		settle(e, LOOKUP_AWAY, bytes_of(NULL));
	buffer_free(&question);
}

static void note_silence(struct lookups *l, bool silent)
{
	l->silent_until = silent ? uv_now(l->loop) + SILENT_MS : 0;
}

static void on_record(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct lookups_entry *e = user;
	struct record_tunnel r;
	(void)revision;
	e->asking = false;
	note_silence(e->all, outcome == KV_AWAY && bus_is_connected(e->all->bus));
	if (e->stage == STAGE_OVER)
		return;
	bool fine = outcome == KV_DONE && record_read_tunnel(value, &r);
	e->all->malformed += outcome == KV_DONE && !fine;
	if (fine)
		settle(e, r.client_count > 0 ? LOOKUP_FOUND : LOOKUP_NONE, value);
	else if (outcome == KV_NONE || outcome == KV_DONE)
		ask_who(e);
	else
		settle(e, LOOKUP_AWAY, bytes_of(NULL));
}

static enum lookup ask(struct lookups *l, struct lookups_entry *e, const char *name)
{
	char key[KV_KEY_LEN];
	const uint64_t now = uv_now(l->loop);
	const bool silent = now < l->silent_until;
	if (silent && now - l->tried_at < LOOKUPS_ANSWER_MS)
		return LOOKUP_AWAY;
	if (e && e->asking) { /* the answer to what was asked before is still to come, and as good */
		e->stage = STAGE_BUCKET;
		return LOOKUP_UNDER_WAY;
	}
	if (!kv_is_open(l->kv))
		return LOOKUP_AWAY;
	if (!take(&l->bucket, now, LOOKUPS_MOST))
		return LOOKUP_TOO_MANY;
	if (!e && !(e = add(l, name)))
		return LOOKUP_TOO_MANY;
	snprintf(key, sizeof key, PREFIX "%s", name);
	l->tried_at = now;
	e->asking = kv_read_within(l->kv, key, LOOKUPS_ANSWER_MS, on_record, e);
	e->stage = e->asking && !silent ? STAGE_BUCKET : STAGE_OVER; /* silent: whether it answers again is tried */
	e->until = 0;
	return e->stage == STAGE_BUCKET ? LOOKUP_UNDER_WAY : LOOKUP_AWAY;
}

enum lookup lookups_find(struct lookups *l, const char *name, struct record_tunnel *out)
{
	struct lookups_entry *e = find(l, name);
	enum lookup result;
	if (e && e->stage != STAGE_OVER)
		return LOOKUP_UNDER_WAY;
	result = e && uv_now(l->loop) < e->until ? e->result : ask(l, e, name);
	if (result == LOOKUP_FOUND && !record_read_tunnel(buffer_view(&e->record), out))
		result = LOOKUP_AWAY;
	if (result != LOOKUP_UNDER_WAY)
		l->counts[result]++;
	return result;
}

void lookups_wait(struct lookups *l, const char *name, struct lookups_waiter *w)
{
	struct lookups_entry *e = find(l, name);
	w->of = e;
	DL_APPEND(e->waiters, w);
}

void lookups_take_back(struct lookups_waiter *w)
{
	if (!w->of)
		return;
	DL_DELETE(w->of->waiters, w);
	w->of = NULL;
	w->prev = w->next = NULL;
}

/* Among the names that are asked for; no tunnel's name begins so. */
static bool name_recall(const char *owner, struct bytes key, char name[LIMIT_TUNNEL_NAME + 1])
{
	uint8_t hash[32];
	struct buffer both = { 0 };
	bool fine = buffer_put_text8(&both, owner) && buffer_append_bytes(&both, key) &&
		    EVP_Digest(both.at, both.len, hash, NULL, EVP_sha256(), NULL) == 1;
	buffer_free(&both);
	if (fine) {
		name[0] = '?';
		hex_write(name + 1, hash, 16);
	}
	return fine;
}

/* A run that asked for its last name has one by now, that or another. */
static void end_rivals(struct lookups *l, const struct record_tunnel *r)
{
	char name[LIMIT_TUNNEL_NAME + 1];
	if (!r->random_name || uv_now(l->loop) >= l->rivals_until)
		return;
	for (size_t i = 0; i < r->client_count; i++) {
		const struct record_client *k = &r->clients[i];
		struct lookups_entry *e = NULL;
		if (!record_is_away(k) && name_recall(r->owner, bytes_make(k->key, k->key_len), name))
			e = find(l, name);
		if (e)
			e->rival_until = 0;
	}
}

void lookups_note(struct lookups *l, const char *name, const struct record_tunnel *r)
{
	struct lookups_entry *e = find(l, name);
	struct buffer b = { 0 };
	end_rivals(l, r);
	if (e && record_put_tunnel(&b, r))
		settle(e, r->client_count > 0 ? LOOKUP_FOUND : LOOKUP_NONE, buffer_view(&b));
	else if (e && e->stage == STAGE_OVER)
		e->until = 0;
	buffer_free(&b);
}

bool lookups_read_question(struct lookups *l, struct bytes message, char name[LIMIT_TUNNEL_NAME + 1])
{
	size_t len = message.len - sizeof l->self;
	bool fine =
	    message.len > sizeof l->self && len <= LIMIT_TUNNEL_NAME && !memchr(message.at + sizeof l->self, 0, len);
	l->malformed += !fine;
	if (!fine || memcmp(message.at, l->self, sizeof l->self) == 0)
		return false;
	memcpy(name, message.at + sizeof l->self, len);
	name[len] = 0;
	return true;
}

/* ---- the last name of a client ---- */

static bool put_whose(const struct lookups *l, struct buffer *out, const char *owner, struct bytes key)
{
	struct record_tunnel r = { .random_name = true, .client_count = 1 };
	snprintf(r.owner, sizeof r.owner, "%s", owner);
	r.clients[0].key_len = sizeof r.clients[0].key;
	memcpy(r.clients[0].key, key.at, sizeof r.clients[0].key);
	memcpy(r.clients[0].node, l->self, sizeof l->self);
	return record_put_tunnel(out, &r);
}

static void ask_whose(struct lookups_entry *e, const char *owner, struct bytes key)
{
	struct buffer question = { 0 };
	if (put_whose(e->all, &question, owner, key))
		ask_nodes(e, LOOKUPS_WHOSE_SUBJECT, buffer_view(&question), on_whose);
	else
		settle(e, LOOKUP_AWAY, bytes_of(NULL));
	buffer_free(&question);
}

enum lookup lookups_recall(struct lookups *l, const char *owner, struct bytes key, char name[LIMIT_TUNNEL_NAME + 1])
{
	if (key.len != sizeof((struct record_client *)0)->key || !name_recall(owner, key, name))
		return LOOKUP_AWAY;
	struct lookups_entry *e = find(l, name);
	if (e && uv_now(l->loop) < e->rival_until)
		return LOOKUP_NONE;
	if (e && e->stage == STAGE_OVER && uv_now(l->loop) < e->until) {
		l->counts[e->result]++;
		snprintf(name, LIMIT_TUNNEL_NAME + 1, "%.*s", (int)e->record.len, (const char *)e->record.at);
		return e->result;
	}
	if (e && e->asking) { /* the answer to come is as good */
		e->stage = STAGE_NODES;
		return LOOKUP_UNDER_WAY;
	}
	if (!e && !(e = add(l, name)))
		return LOOKUP_TOO_MANY;
	ask_whose(e, owner, key);
	return e->stage == STAGE_OVER ? e->result : LOOKUP_UNDER_WAY;
}

void lookups_take_up(struct lookups *l, const char *owner, struct bytes key)
{
	struct buffer word = { 0 };
	const bool fine =
	    key.len == sizeof((struct record_client *)0)->key && put_whose(l, &word, owner, key) &&
	    bus_publish(l->bus, &(struct bus_post){ .subject = LOOKUPS_WHOSE_SUBJECT, .data = buffer_view(&word) });
	(void)fine; /* not heard: another run may take the same name, and the later one keeps it */
	buffer_free(&word);
}

bool lookups_has_rival(const struct lookups *l, const char *owner, struct bytes key)
{
	char name[LIMIT_TUNNEL_NAME + 1];
	const struct lookups_entry *e = name_recall(owner, key, name) ? find(l, name) : NULL;
	return e && uv_now(l->loop) < e->rival_until;
}

/* Two runs of a client begin at two nodes at once: if both ask, the one at the node with the smaller id goes on, else
 * the one that asked first. */
static void note_rival(struct lookups *l, const char *owner, const struct record_client *k)
{
	char name[LIMIT_TUNNEL_NAME + 1];
	if (!name_recall(owner, bytes_make(k->key, k->key_len), name))
		return;
	struct lookups_entry *e = find(l, name);
	const bool asks = e && (e->stage != STAGE_OVER || (e->result == LOOKUP_FOUND && uv_now(l->loop) < e->until));
	if (asks && memcmp(l->self, k->node, sizeof l->self) < 0)
		return;
	if (!e && (e = add(l, name)))
		e->stage = STAGE_OVER;
	if (!e)
		return;
	e->rival_until = l->rivals_until = uv_now(l->loop) + LOOKUPS_RIVAL_MS;
	if (e->stage != STAGE_OVER)
		settle(e, LOOKUP_NONE, bytes_of(NULL));
}

bool lookups_read_recall(struct lookups *l, struct bytes message, struct record_tunnel *out)
{
	bool fine = record_read_tunnel(message, out) && out->client_count == 1 && out->clients[0].key_len > 0;
	l->malformed += !fine;
	if (!fine || memcmp(out->clients[0].node, l->self, sizeof l->self) == 0)
		return false;
	note_rival(l, out->owner, &out->clients[0]);
	return true;
}

/* ---- beginning, end, figures ---- */

struct lookups *lookups_new(uv_loop_t *loop, struct kv *kv, struct bus *bus, const uint8_t self[RECORD_NODE_ID_LEN])
{
	struct lookups *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->loop = loop;
	l->kv = kv;
	l->bus = bus;
	memcpy(l->self, self, sizeof l->self);
	return l;
}

void lookups_free(struct lookups *l)
{
	if (!l)
		return;
	for (struct lookups_entry *e = l->entries, *next; e; e = next) {
		next = e->hh.next;
		if (e->stage != STAGE_OVER)
			settle(e, LOOKUP_AWAY, bytes_of(NULL));
		forget(e);
	}
	free(l);
}

const uint64_t *lookups_counts(const struct lookups *l)
{
	return l->counts;
}

uint64_t lookups_malformed(const struct lookups *l)
{
	return l->malformed;
}
