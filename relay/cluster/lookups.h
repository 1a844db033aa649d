/* Which node has a tunnel that is not here: asked of the bucket, and where that has no record of all nodes at once
 * (`creel.who`), since a replica may have lost it. What was found is known for LOOKUPS_FOUND_MS, that there is none for
 * LOOKUPS_NONE_MS. While NATS does not answer, who asks waits for LOOKUPS_ANSWER_MS at most, and once that has passed
 * in vain nobody waits until it answers again. At most LOOKUPS_MOST a second ask the bucket, and LOOKUPS_WHO_MOST of
 * these the nodes, so that a scan of names that do not exist harms nobody. Loop thread. */
#pragma once

#include <uv.h>

#include "relay/bus/kv.h"
#include "relay/cluster/record.h"

#define LOOKUPS_FOUND_MS 2000
#define LOOKUPS_NONE_MS 1000
#define LOOKUPS_WHO_MS 200
#define LOOKUPS_ANSWER_MS 1000
#define LOOKUPS_RIVAL_MS 500
#define LOOKUPS_KNOWN 65536
#define LOOKUPS_MOST 1000
#define LOOKUPS_WHO_MOST 200
#define LOOKUPS_WHO_SUBJECT "creel.who"
#define LOOKUPS_WHOSE_SUBJECT "creel.whose"

struct lookups;
struct lookups_entry;

enum lookup {
	LOOKUP_FOUND,
	LOOKUP_NONE,      /* there is no such tunnel at any node */
	LOOKUP_AWAY,      /* nobody can be asked at present */
	LOOKUP_TOO_MANY,  /* too many are asked for already */
	LOOKUP_UNDER_WAY, /* lookups_wait says when it is over */
	LOOKUP_RESULTS,
};

/* One that waits for a lookup; all 0 when it waits for none. Its owner's memory. */
struct lookups_waiter {
	struct lookups_waiter *prev, *next; /* utlist */
	struct lookups_entry *of;
	/* The lookup is over, and the waiter waits no more. lookups_find then gives the result. */
	void (*over)(struct lookups_waiter *w, enum lookup result);
};

struct lookups *lookups_new(uv_loop_t *loop, struct kv *kv, struct bus *bus, const uint8_t self[RECORD_NODE_ID_LEN]);
/* After bus_close. Those that wait are called with LOOKUP_AWAY. */
void lookups_free(struct lookups *l);

/* What is known of the name; where nothing is, it is asked for. *out is set with LOOKUP_FOUND. */
enum lookup lookups_find(struct lookups *l, const char *name, struct record_tunnel *out);
/* After LOOKUP_UNDER_WAY of that name: `w->over` is called once, unless the waiter is taken back. */
void lookups_wait(struct lookups *l, const char *name, struct lookups_waiter *w);
void lookups_take_back(struct lookups_waiter *w);
/* A node says that it wrote this record. */
void lookups_note(struct lookups *l, const char *name, const struct record_tunnel *r);
/* Whether the question, a message on LOOKUPS_WHO_SUBJECT, is another node's; name: NUL-terminated. False: it is this
 * node's own, or malformed (counted). */
bool lookups_read_question(struct lookups *l, struct bytes message, char name[LIMIT_TUNNEL_NAME + 1]);

/* The name that some node made up for the owner's client with that key (not empty), which left it last: asked of all
 * nodes at once, among the same LOOKUPS_WHO_MOST. With LOOKUP_FOUND `name` is that; whether it may be taken up is for
 * the bucket to say. With LOOKUP_UNDER_WAY it is what lookups_wait takes for it. */
enum lookup lookups_recall(struct lookups *l, const char *owner, struct bytes key, char name[LIMIT_TUNNEL_NAME + 1]);
/* This node knows that name itself, and a run of the client takes it up: the other nodes hear of it as if it were asked
 * for, so that a run that begins at one of them takes another. Nobody waits for them. */
void lookups_take_up(struct lookups *l, const char *owner, struct bytes key);
/* Whether another node asked for it within the last LOOKUPS_RIVAL_MS, and no record says yet what its client got:
 * another run of that client takes it up there. */
bool lookups_has_rival(const struct lookups *l, const char *owner, struct bytes key);
/* Whether such a question, a message on LOOKUPS_WHOSE_SUBJECT, is another node's: owner and key are those of the
 * record's one client. False: it is this node's own, or malformed (counted). */
bool lookups_read_recall(struct lookups *l, struct bytes message, struct record_tunnel *out);

/* How many ended in each way, or were answered out of what is known. */
const uint64_t *lookups_counts(const struct lookups *l);
uint64_t lookups_malformed(const struct lookups *l);
