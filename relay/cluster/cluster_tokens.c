#include "relay/cluster/cluster_tokens.h"

#include "relay/cluster/record.h"
#include "relay/common/hash.h"
#include "shared/base/clock.h"
#include "shared/base/hex.h"
#include "shared/program/log.h"

#include <stdlib.h>
#include <string.h>

#define PREFIX "token"
#define READ_AGAIN_MS 30000 /* so late at most is a revocation known that a replica left out */
#define A_DAY_US (UINT64_C(24) * 3600 * 1000000)

/* A token, as it is known here and in the bucket. */
struct entry {
	char name[LIMIT_TOKEN_NAME + 1];
	struct cluster_tokens *all;
	struct record_token here, there;
	bool is_here;
	uint64_t revision; /* of the record there; 0: there is none */
	uint64_t reading;  /* of the bucket, the latest that brought it */
	bool writing;
	UT_hash_handle hh;
};

struct cluster_tokens {
	struct kv *kv;
	struct kv_watch *watch;
	struct tokens *tokens;
	struct entry *entries; /* uthash by name */
	void (*changed)(void *user);
	void *user;
	int64_t seen; /* tokens_changed_elsewhere */
	bool read, took, closing;
	uint64_t malformed;
	uv_timer_t timer;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- keys: what a subject of NATS cannot hold is written as =XX ---- */

static bool is_plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static void make_key(const char *name, char out[KV_KEY_LEN])
{
	size_t at = (size_t)snprintf(out, KV_KEY_LEN, PREFIX ".");
	for (; *name && at + 4 < KV_KEY_LEN; name++)
		at += (size_t)snprintf(out + at, KV_KEY_LEN - at, is_plain(*name) ? "%c" : "=%02X",
				       is_plain(*name) ? *name : (unsigned char)*name);
}

static bool read_key(const char *key, char name[LIMIT_TOKEN_NAME + 1])
{
	size_t len = 0;
	for (key += sizeof PREFIX; *key; key++) {
		char c = *key;
		if (c == '=') {
			int high = hex_digit((uint8_t)key[1]), low = high < 0 ? -1 : hex_digit((uint8_t)key[2]);
			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			key += 2;
		} else if (!is_plain(c)) {
			return false;
		}
		if (!c || len == LIMIT_TOKEN_NAME)
			return false;
		name[len++] = c;
	}
	name[len] = 0;
	return len > 0;
}

/* ---- here and there ---- */

static struct entry *find_or_add(struct cluster_tokens *c, const char *name)
{
	struct entry *e;
	HASH_FIND_STR(c->entries, name, e);
	if (e || !(e = calloc(1, sizeof *e)))
		return e;
	e->all = c;
	snprintf(e->name, sizeof e->name, "%s", name);
	HASH_ADD_STR(c->entries, name, e);
	if (!e->hh.tbl) {
		free(e);
		return NULL;
	}
	return e;
}

static bool is_same(const struct record_token *a, const struct record_token *b)
{
	return memcmp(a->hash, b->hash, sizeof a->hash) == 0 && strcmp(a->tunnels, b->tunnels) == 0 &&
	       a->created_at_us == b->created_at_us && a->revoked_at_us == b->revoked_at_us;
}

static void take_here(struct entry *e, const struct record_token *r)
{
	struct cluster_tokens *c = e->all;
	struct token_shared k = { .created_at_us = r->created_at_us, .revoked_at_us = r->revoked_at_us };
	struct error why;
	snprintf(k.name, sizeof k.name, "%s", e->name);
	snprintf(k.tunnels, sizeof k.tunnels, "%s", r->tunnels);
	memcpy(k.hash, r->hash, sizeof k.hash);
	if (!tokens_shared_take(c->tokens, &k, &why)) { /* tried again at the next look */
		log_event(LOG_WARN, "token_not_taken", "name", e->name, "failure", why.text, NULL);
		return;
	}
	log_event(LOG_INFO, r->revoked_at_us ? "token_revoked" : "token_taken", "name", e->name, "from", "cluster",
		  NULL);
	e->here = *r;
	e->is_here = c->took = true;
}

/* A replica that leads now may have lost the latest: it counts as what is there all the same. What cannot be read is
 * older than any: it is written over by whoever knows the token. */
static void note_there(struct entry *e, struct bytes value, uint64_t revision)
{
	e->revision = revision;
	if (record_read_token(value, &e->there))
		return;
	memset(&e->there, 0, sizeof e->there);
	e->all->malformed++;
}

static void note_missing(struct entry *e)
{
	e->revision = 0;
	memset(&e->there, 0, sizeof e->there);
}

static void on_read_again(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct entry *e = user;
	e->writing = false;
	if (outcome == KV_NONE)
		note_missing(e);
	else if (outcome == KV_DONE)
		note_there(e, value, revision);
}

/* Whether the record is still there: it may have been removed, or a replica lost it. */
static void read_there(struct entry *e)
{
	char key[KV_KEY_LEN];
	make_key(e->name, key);
	e->writing = !e->all->closing && kv_read(e->all->kv, key, on_read_again, e);
}

static void on_written(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	struct entry *e = user;
	(void)value;
	e->writing = false;
	/* Where the record had changed, the watch brings it; where it is gone, the watch says nothing. */
	if (outcome == KV_CHANGED)
		read_there(e);
	if (outcome == KV_DONE && revision > e->revision) {
		e->revision = revision;
		e->there = e->here;
	}
}

static void write_there(struct entry *e)
{
	struct buffer b = { 0 };
	char key[KV_KEY_LEN];
	struct record_token read;
	make_key(e->name, key);
	/* Not what no node could read: each would write it over, for ever. */
	if (record_put_token(&b, &e->here) && record_read_token(buffer_view(&b), &read))
		e->writing = kv_write_if(e->all->kv, key, buffer_view(&b), e->revision, on_written, e);
	buffer_free(&b);
}

/* Whether it was revoked so long ago that nobody need know of it any more. */
static bool is_past(const struct record_token *r, uint64_t more_us)
{
	return r->revoked_at_us && r->revoked_at_us + RECORD_REVOKED_US + more_us < clock_now_us();
}

/* A day later than nodes cease to write it, so that none whose clock is behind puts it back. */
static void remove_past(struct entry *e)
{
	char key[KV_KEY_LEN];
	if (!e->revision || e->writing || !kv_is_open(e->all->kv) || !is_past(&e->there, A_DAY_US))
		return;
	make_key(e->name, key);
	kv_remove(e->all->kv, key, e->revision);
	note_missing(e);
}

/* Makes both sides the same. */
static void settle(struct entry *e)
{
	if (!e->is_here && e->there.created_at_us == 0)
		return;
	struct record_token merged = !e->is_here    ? e->there
				     : !e->revision ? e->here
						    : record_merge_tokens(&e->here, &e->there);
	const bool past = is_past(&merged, 0);
	if (e->is_here ? !is_same(&merged, &e->here) : !past)
		take_here(e, &merged);
	if (e->is_here && is_same(&merged, &e->here) && !past && !e->writing && kv_is_open(e->all->kv) &&
	    (!e->revision || !is_same(&merged, &e->there)))
		write_there(e);
	remove_past(e);
}

static void tell(struct cluster_tokens *c)
{
	bool took = c->took;
	c->took = false;
	if (took)
		c->changed(c->user);
}

static void on_row(void *user, const struct token_shared *k)
{
	struct entry *e = find_or_add(user, k->name);
	if (!e)
		return;
	e->here = (struct record_token){ .created_at_us = k->created_at_us, .revoked_at_us = k->revoked_at_us };
	memcpy(e->here.hash, k->hash, sizeof e->here.hash);
	snprintf(e->here.tunnels, sizeof e->here.tunnels, "%s", k->tunnels);
	e->is_here = true;
}

static void look_here(struct cluster_tokens *c)
{
	struct error why;
	if (!tokens_changed_elsewhere(c->tokens, &c->seen))
		return;
	if (!tokens_shared_update(c->tokens, on_row, c, &why)) {
		c->seen = 0;
		log_event(LOG_WARN, "tokens_not_read", "failure", why.text, NULL);
	}
}

static void on_record(void *user, const char *key, struct bytes value, uint64_t revision)
{
	struct cluster_tokens *c = user;
	char name[LIMIT_TOKEN_NAME + 1];
	if (c->closing)
		return;
	const bool named = read_key(key, name);
	struct entry *e = named ? find_or_add(c, name) : NULL;
	c->malformed += !named;
	if (!e)
		return;
	note_there(e, value, revision);
	e->reading = kv_reading(c->watch);
	if (c->read) {
		look_here(c);
		settle(e);
		tell(c);
	}
}

/* What a whole reading did not bring is not there: the servers have lost what they kept. */
static void end_reading(struct cluster_tokens *c)
{
	for (struct entry *e = c->entries; e; e = e->hh.next)
		if (e->reading != kv_reading(c->watch) && !e->writing)
			note_missing(e);
}

static void on_read(void *user, bool whole)
{
	struct cluster_tokens *c = user;
	if (c->closing)
		return;
	c->read = true;
	look_here(c);
	if (whole)
		end_reading(c);
	for (struct entry *e = c->entries; e; e = e->hh.next)
		settle(e);
	tell(c);
}

static void on_look(uv_timer_t *h)
{
	struct cluster_tokens *c = h->data;
	look_here(c);
	for (struct entry *e = c->read ? c->entries : NULL; e; e = e->hh.next)
		settle(e);
	tell(c);
}

struct cluster_tokens *cluster_tokens_new(uv_loop_t *loop, struct kv *kv, struct tokens *tokens,
					  void (*changed)(void *user), void *user)
{
	struct cluster_tokens *c = calloc(1, sizeof *c);
	if (!c || !(c->watch = kv_watch(kv, PREFIX, READ_AGAIN_MS, on_record, on_read, c))) {
		free(c);
		return NULL;
	}
	c->kv = kv;
	c->tokens = tokens;
	c->changed = changed;
	c->user = user;
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	uv_timer_start(&c->timer, on_look, 0, CLUSTER_TOKENS_LOOK_MS);
	return c;
}

bool cluster_tokens_are_read(const struct cluster_tokens *c)
{
	return c->read;
}

uint64_t cluster_tokens_malformed(const struct cluster_tokens *c)
{
	return c->malformed;
}

static void on_closed(uv_handle_t *h)
{
	struct cluster_tokens *c = h->data;
	void (*closed)(void *user) = c->closed;
	void *user = c->closed_user;
	struct entry *e = c->entries, *next;
	HASH_CLEAR(hh, c->entries);
	for (; e; e = next) {
		next = e->hh.next;
		free(e);
	}
	free(c);
	if (closed)
		closed(user);
}

void cluster_tokens_close(struct cluster_tokens *c, void (*closed)(void *user), void *user)
{
	c->closing = true;
	c->closed = closed;
	c->closed_user = user;
	uv_close((uv_handle_t *)&c->timer, on_closed);
}
