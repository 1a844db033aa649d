/* A bucket of records that all nodes of a cluster share: JetStream's key-value store (ADR-8) by its plain requests, so
 * that nothing waits. The last write of a record counts; a write may be made conditional on the revision that was read.
 * The stream's leader is asked, never a replica, which may be behind. An acknowledged write was written by the servers,
 * but not synced to disk (NATS 2.9). Loop thread. */
#pragma once

#include "relay/bus/bus.h"

#define KV_KEY_LEN 128
#define KV_VALUE_MOST (256u << 10)
#define KV_ANSWER_MS 3000
#define KV_SILENT_MS 5000 /* a watch that hears nothing for so long begins again; heartbeats come each 2 s */

struct kv;
struct kv_watch;

struct kv_settings {
	const char *bucket;      /* "CREEL" */
	const char *description; /* whose bucket it is, and its version: any other is refused */
	unsigned replicas;
	/* What a reading brings comes to DELIVER.NUMBER, which must be this node's alone. The bus listens to it by that
	 * very name: to a consumer a subscription with a wildcard does not count as interest (nats-server 2.9.10). */
	const char *deliver;
};

struct kv_events {
	/* The bucket is there, made by us or by another node; each time that it is there again, too. */
	void (*opened)(void *user);
	/* There is no bucket: the servers have no JetStream or are too few for the copies, or it belongs to somebody
	 * else. Before it was there once that is for good, and said once. Later it is asked for again and again, and
	 * this said each time: those who run a node for long may not lose it by what is done to the servers. */
	void (*refused)(void *user, const char *why);
};

enum kv_outcome {
	KV_DONE,
	KV_NONE,    /* there is no such record */
	KV_CHANGED, /* it has another revision */
	KV_AWAY,    /* no answer, or none that can be read: a write may have been done or not */
};

/* Reading: the record and its revision. Writing: the new revision. */
typedef void kv_done(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision);

/* Copies the settings, but not their strings, which must outlive it. NULL when out of memory. */
struct kv *kv_new(uv_loop_t *loop, struct bus *bus, const struct kv_settings *settings, const struct kv_events *events,
		  void *user);
/* After bus_close, which answers those who wait (KV_AWAY). `closed` is called on the loop. */
void kv_close(struct kv *k, void (*closed)(void *user), void *user);
bool kv_is_open(const struct kv *k);

/* To be called for the bus's events. False: the message is not of the bucket. */
void kv_on_connected(struct kv *k);
void kv_on_away(struct kv *k);
bool kv_on_message(struct kv *k, const struct bus_message *m);

/* False: `done` will not be called, for the bus is not connected or takes no more. */
MUST_CHECK bool kv_read(struct kv *k, const char *key, kv_done *done, void *user);
/* The same for who waits no longer than that: KV_AWAY then. */
MUST_CHECK bool kv_read_within(struct kv *k, const char *key, uint64_t most_ms, kv_done *done, void *user);
/* Writes over whatever is there. */
MUST_CHECK bool kv_write(struct kv *k, const char *key, struct bytes value, kv_done *done, void *user);
/* Writes if the record has that revision; 0: if there is none. */
MUST_CHECK bool kv_write_if(struct kv *k, const char *key, struct bytes value, uint64_t revision, kv_done *done,
			    void *user);

/* Removes the record for good, if it still has that revision; a watch is told nothing of it. */
void kv_remove(struct kv *k, const char *key, uint64_t revision);

/* From now on `record` is called for each record whose key begins with PREFIX and a dot, first for all there are and
 * then for each that is written; the same one may come again. `read` is called each time all existing records have been
 * reported; `whole`: since it started, so that what was not reported since the last such call is not there. After any
 * failure it starts again by itself, and each `again_ms` without one too (0: never): a server of NATS 2.9 that stood
 * still for a while may leave out records that the others have, and says nothing of it. `prefix` must outlive it. NULL
 * when out of memory. */
struct kv_watch *kv_watch(struct kv *k, const char *prefix, uint64_t again_ms,
			  void (*record)(void *user, const char *key, struct bytes value, uint64_t revision),
			  void (*read)(void *user, bool whole), void *user);

/* Which reading of what there is goes on, or was the last: another number each time that the watch begins again. A
 * reading that is broken off by that has reported what may be gone when the next one comes to it. */
uint64_t kv_reading(const struct kv_watch *w);
