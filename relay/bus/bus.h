/* The way to the other relays of a cluster: one connection to a NATS server, messages by subject, and requests with one
 * answer. NATS delivers at most once and forgets silently; users that need more must number what they send.
 *
 * All calls of the library are made on one thread of the bus's own, which takes them from a queue; the library's
 * threads only append to a second queue, of incoming messages. Each is bounded by BUS_QUEUE_BYTES. JetStream is used
 * through its plain requests ($JS.API.…, $KV.…): the library's own calls for it wait for their answer, and would hold
 * up every later frame while a leader is elected.
 *
 * Everything here is called, and calls back, on the loop's thread. Only files that include bus_private.h see nats.h;
 * built without it (WITH_NATS=0), bus_none.c stands in for them and refuses. */
#pragma once

#include <uv.h>

#include "relay/bus/bus_credentials.h"
#include "relay/bus/bus_servers.h"

#define BUS_QUEUE_BYTES (16u << 20)
#define BUS_SPARED_BYTES (4u << 20)
#define BUS_SUBJECT_LEN 255
#define BUS_SUBSCRIPTIONS_MOST 8
#define BUS_LISTENERS_MOST 8

struct bus;

struct bus_settings {
	/* Tried in this order, and from where it was on: nodes that have the same list sit at the same server. What one
	 * publishes to another then passes one server of NATS and not two, of whose processor time a message costs
	 * more than anything else. */
	struct bus_servers servers;
	struct bus_credentials credentials;
	const char *credentials_file; /* of BUS_CREDENTIALS_JWT */
	const char *ca;               /* NULL: the system's */
	/* What is listened to, from before `connected` is called. */
	const char *subjects[BUS_SUBSCRIPTIONS_MOST];
	size_t subject_count;
};

/* A message that came; valid during the call. */
struct bus_message {
	const char *subject;
	const char *reply; /* NULL: none is expected */
	struct bytes data;
	/* JetStream's, of a message without data (ADR-9: 100, 404, 409); 0: none. With it, how many messages the
	 * consumer has delivered so far, and whether it waits for an answer of ours before it goes on. */
	int status;
	uint64_t last_delivered;
	bool stalled;
	uint64_t listener; /* the number that bus_listen was called with; 0: it came for a subject of the settings */
};

enum bus_away {
	BUS_UNREACHABLE, /* nobody answers there, in time or at all */
	BUS_REFUSED,     /* the server wants other credentials */
	BUS_UNTRUSTED,   /* TLS failed: the certificate is for another name, or of another CA */
	BUS_LOST,        /* it was connected */
	BUS_DENIED,      /* a subject is not for these credentials; the connection stands */
};

struct bus_events {
	void (*connected)(void *user, const char *server);
	/* Each attempt that failed, and the end of a connection, after which the next attempt follows within 200 ms;
	 * and each message or subscription that is denied. */
	void (*away)(void *user, enum bus_away why, const char *server, const char *text);
	void (*message)(void *user, const struct bus_message *m);
};

/* What is sent. `header` NULL: without one. */
struct bus_post {
	const char *subject;
	struct bytes data;
	const char *header, *header_value;
	bool bulk; /* leaves BUS_SPARED_BYTES of the queue to what is not: the node's own lease is, and what it looks up
		    */
};

enum bus_outcome {
	BUS_ANSWERED,
	BUS_NOBODY,    /* nobody listens to that subject */
	BUS_TIMED_OUT, /* no answer: it may have been acted on all the same */
	BUS_GONE,      /* the connection was lost, or the bus closed: likewise */
};

/* Begins to connect, and goes on until bus_close. Copies the settings, but not their strings, which must outlive it.
 * NULL and *e: this program was built without NATS (EXIT_USAGE), or out of memory. */
struct bus *bus_new(uv_loop_t *loop, const struct bus_settings *settings, const struct bus_events *events, void *user,
		    struct error *e);
bool bus_is_connected(const struct bus *b);
/* Sends a copy. False: not connected, the queue is full, the subject is invalid, or out of memory; it is not sent
 * later. */
MUST_CHECK bool bus_publish(struct bus *b, const struct bus_post *p);
/* The same with an answer. Where it returns true, `answered` is called once, never during this call; `m` is NULL unless
 * the outcome is BUS_ANSWERED. */
MUST_CHECK bool bus_request(struct bus *b, const struct bus_post *p, uint64_t timeout_ms,
			    void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m),
			    void *user);
/* Listens to one more subject, under a number that the caller chooses (not 0) and that no other has: a message of
 * JetStream bears the subject that it was stored under, not the one that it was delivered to. Before what is published
 * next, until bus_ignore or the connection's end: the next one knows nothing of it. False: as bus_publish. Where
 * BUS_LISTENERS_MOST are there already nothing comes. */
MUST_CHECK bool bus_listen(struct bus *b, const char *subject, uint64_t number);
/* What came before may still be handed over. */
void bus_ignore(struct bus *b, uint64_t number);
/* The server answers nothing though the connection stands: goes to the next one. */
void bus_move_on(struct bus *b);
/* Sends what is queued, ends, frees it, and calls `closed` on the loop. Requests are answered BUS_GONE. */
void bus_close(struct bus *b, void (*closed)(void *user), void *user);
