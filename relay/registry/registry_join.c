/* What happens when a client joins its tunnel. */
#include "relay/tunnels/connection.h"
#include "relay/streams/drain.h"
#include "relay/streams/late.h"
#include "relay/registry/registry.h"
#include "relay/streams/stream.h"
#include "shared/base/clock.h"

#include <openssl/crypto.h>
#include <string.h>
#include <utlist.h>

/* The streams of a client that is gone for good go to the one that takes its place, as new ones. Where that is the same
 * client, its numbers begin at 1 again. */
static void move_streams(struct client *from, struct client *to)
{
	struct stream *list = NULL;
	while (from->streams) {
		struct stream *st = from->streams;
		bool begun = st->delivery->upgrade && stream_was_sent(st);
		if (st->state != STREAM_OPEN || st->delivery->row || begun) {
			stream_give_up(st, REFUSE_CLIENT_LOST);
			continue;
		}
		stream_detach(st);
		stream_restart(st);
		st->sent_before = false;
		DL_APPEND2(list, st, blocked_prev, blocked_next);
	}
	if (from == to)
		to->last_stream = 0;
	while (list) {
		struct stream *st = list;
		DL_DELETE2(list, st, blocked_prev, blocked_next);
		if (!stream_attach(st, to)) /* out of memory: its sender has to come again */
			stream_give_up(st, REFUSE_OVERLOADED);
	}
}

static void displace(struct client *c, struct client *by)
{
	connection_send_away(c->connection, WIRE_NOTICE_REPLACED, "a newer client took over this tunnel");
	c->connection = NULL;
	c->remote = NULL;
	c->in_grace = false;
	if (c != by) {
		registry_tell_left(c, CLIENT_MOVED);
		c->current = false;
	}
	late_forget_all(c); /* what it had on the connection before is handed out again */
	move_streams(c, by);
}

static bool is_nonce(bool has, const uint8_t at[WIRE_NONCE_LEN], struct bytes shown)
{
	return has && shown.len == WIRE_NONCE_LEN && CRYPTO_memcmp(shown.at, at, WIRE_NONCE_LEN) == 0;
}

static bool may_resume(const struct client *c, struct bytes nonce)
{
	return (is_nonce(c->has_nonce, c->nonce, nonce) || is_nonce(c->has_older, c->older_nonce, nonce)) &&
	       (c->connection || c->in_grace);
}

/* Now, or a moment after any other client was seen if the clock was set back: after a restart the last one is current.
 */
static uint64_t latest(const struct tunnel *t)
{
	uint64_t now = clock_now_us();
	for (const struct client *c = t->clients; c; c = c->next)
		if (c->seen_at_us >= now)
			now = c->seen_at_us + 1;
	return now;
}

static struct tunnel *find_or_make_tunnel(struct registry *r, const struct join *j)
{
	struct tunnel *t = tunnel_find(&r->table, j->name);
	if (!t)
		t = tunnel_new(&r->table, j->name, j->random_name);
	if (!t)
		return NULL;
	t->probe = j->probe;
	t->freed = false;
	if (t->probe)
		tunnel_watch(t);
	return t;
}

/* A mailbox from before there were tokens is nobody's, as the name was. */
static void part_with_other_owners(struct tunnel *t, const char *owner)
{
	for (struct client *c = t->clients; c; c = c->next)
		if (*c->owner && strcmp(c->owner, owner) != 0)
			registry_part_with(c, "the tunnel's name belongs to another token");
}

/* The client with that key, or a new one where there is a place for it. NULL: none, or out of memory. */
static struct client *find_or_add_client(struct tunnel *t, struct bytes key)
{
	struct client *c = tunnel_find_client(t, key);
	/* A client that gets no copies any more must not keep its place either. */
	for (struct client *other = t->clients; other; other = other->next)
		other->current = client_takes_part(other);
	bool full = !c && tunnel_count_current(t) >= LIMIT_CLIENTS_PER_TUNNEL;
	t->table->relay->metrics.reached[REACHED_CLIENTS_PER_TUNNEL] += full;
	return c || full ? c : registry_add_client(t, key);
}

/* Done before anything else of the client changes: if it cannot have a mailbox, nothing has happened. */
static bool take_mailbox(struct client *c, const struct join *j, uint64_t now_us)
{
	struct spool_mailbox m = { .tunnel = bytes_of(j->name),
				   .owner = bytes_of(j->owner),
				   .key = j->key,
				   .options = j->options,
				   .features = j->features,
				   .random_name = c->tunnel->random_name,
				   .seen_at_us = now_us };
	int64_t mailbox = spool_join(c->tunnel->table->spool, &m);
	if (!mailbox)
		return false;
	c->mailbox = mailbox;
	snprintf(c->owner, sizeof c->owner, "%s", j->owner);
	c->seen_at_us = now_us;
	return true;
}

/* Whether it is the client of the connection before, by its nonce: its streams then live on. */
static bool resume(struct client *c, struct bytes nonce)
{
	if (!may_resume(c, nonce)) {
		c->has_older = false;
		displace(c, c);
		return false;
	}
	c->has_older = true;
	memcpy(c->older_nonce, nonce.at, sizeof c->older_nonce);
	if (c->connection) { /* the client noticed the end of its old connection before we did */
		c->connection->client = NULL;
		carrier_close(&c->connection->carrier, 1001, "the client connected again");
		registry_restart_streams(c);
	}
	return true;
}

static void displace_others(struct client *c, uint32_t options)
{
	for (struct client *other = c->tunnel->clients; other; other = other->next)
		if (other != c && other->current && !(other->options & options & WIRE_OPTION_SHARE))
			displace(other, c);
}

static void take_place(struct client *c, struct connection *connection, const struct join *j)
{
	c->connection = connection;
	if (connection)
		connection->sure_until_ms = client_now_ms(c) + CONNECTION_JOINED_MS;
	c->foreign = !connection;
	c->remote = NULL;
	c->gap_told = 0;
	c->current = true;
	c->generation = 0;
	c->options = j->options | (j->probe ? WIRE_OPTION_OFFLINE_FAIL : 0);
	c->features = j->features;
	c->drain.parallel = j->drain_parallel > LIMIT_HAND_OUT_COUNT ? LIMIT_HAND_OUT_COUNT : j->drain_parallel;
}

/* The client that the HELLO is of, with its tunnel and its mailbox, made where they are missing. NULL: out of memory,
 * or there is no room. */
static struct client *find_or_make_client(struct registry *r, const struct join *j)
{
	struct tunnel *t = find_or_make_tunnel(r, j);
	if (!t)
		return NULL;
	part_with_other_owners(t, j->owner);
	struct client *c = find_or_add_client(t, j->key);
	return c && take_mailbox(c, j, latest(t)) ? c : NULL;
}

struct client *registry_join(struct registry *r, struct connection *connection, const struct join *j, bool *resumed)
{
	struct client *c = find_or_make_client(r, j);
	if (!c)
		return NULL;
	*resumed = resume(c, j->nonce);
	displace_others(c, j->options);
	take_place(c, connection, j);
	c->in_grace = false;
	registry_drop_old_clients(c->tunnel);
	registry_tell_others(c->tunnel);
	return c;
}

/* In the order of the streams' numbers, whichever node holds them. */
static void tell_resumes(struct client *c)
{
	struct carrier *carrier = client_carrier(c);
	const struct tunnel_table *table = c->tunnel->table;
	struct wire_resume end = { .recorded = false };
	for (struct stream *st = c->streams; st; st = st->hh.next) {
		if (c->guests)
			table->watcher->resume(table->watcher_user, c, st->id);
		stream_tell_resume(st);
	}
	if (c->guests)
		table->watcher->resume(table->watcher_user, c, UINT64_MAX);
	carrier_sent(carrier, wire_encode_resume(carrier_out(carrier), 0, &end));
}

static void go_on(struct client *c, bool resumed)
{
	for (struct stream *st = c->streams, *next; st; st = next) {
		next = st->hh.next;
		stream_pump(st);
	}
	client_tell_gap(c);
	if (c->quota_hit)
		tunnel_watch(c->tunnel);
	if (resumed)
		drain_more(c);
	else
		drain_begin(c);
}

void registry_online(struct client *c, bool resumed)
{
	const struct tunnel_table *table = c->tunnel->table;
	if (resumed)
		tell_resumes(c);
	if (table->watcher)
		table->watcher->online(table->watcher_user, c, resumed);
	go_on(c, resumed);
}

/* ---- clients at other nodes ---- */

struct client *registry_expect(struct registry *r, const struct join *j)
{
	const struct relay *relay = r->table.relay;
	struct client *c = find_or_make_client(r, j);
	if (!c)
		return NULL;
	if (c->connection) {
		connection_send_away(c->connection, WIRE_NOTICE_REPLACED, "a newer client took over this tunnel");
		registry_tell_left(c, CLIENT_MOVED);
		registry_lost(c, true);
	}
	displace_others(c, j->options);
	take_place(c, NULL, j);
	if (!c->in_grace) {
		c->in_grace = true;
		c->grace_end = uv_now(relay->loop) + (uint64_t)relay->settings.resume_grace_ms;
	}
	c->has_nonce = c->has_older = false;
	tunnel_watch(c->tunnel);
	registry_drop_old_clients(c->tunnel);
	return c;
}

void registry_came(struct client *c, struct carrier *way, bool resumed)
{
	registry_restart_streams(c);
	if (!resumed)
		move_streams(c, c);
	c->remote = way;
	c->in_grace = false;
	go_on(c, resumed);
}
