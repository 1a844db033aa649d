/* The tunnels that are known, their clients, and what each is to be given. A tunnel has one current client, or several
 * that share it; a client is told by its key, keeps its streams over a lost connection for the grace, and has a mailbox
 * in the spool. Loop thread. */
#pragma once

#include "relay/tunnels/drain.h"
#include "relay/common/relay.h"
#include "relay/common/quota.h"
#include "relay/tunnels/router.h"
#include "relay/spool/spool.h"
#include "relay/tunnels/stream.h"
#include "shared/wire/link.h"

struct connection;
struct registry;

struct client {
	struct tunnel *tunnel;
	struct client *next;           /* of the tunnel */
	struct connection *connection; /* NULL: away */
	char owner[65];                /* the token's name at its last HELLO */
	bool current;                  /* is given what arrives; else it was replaced, and its mailbox waits for it */
	bool in_grace;                 /* away, and its streams wait until grace_end */
	uint64_t grace_end;
	uint8_t key[32];
	size_t key_len;
	uint32_t options; /* enum wire_option */
	bool upgrades;    /* WIRE_FEATURE_UPGRADE */
	uint64_t seen_at_us;
	uint8_t nonce[WIRE_NONCE_LEN];
	bool has_nonce;
	uint8_t older_nonce[WIRE_NONCE_LEN]; /* good until a frame shows that WELCOME with the new one arrived */
	bool has_older;
	int64_t mailbox;        /* 0: it went with the name's owner */
	uint64_t gap_told;      /* of those that expired: in a NOTICE that may not have arrived yet */
	bool quota_hit;         /* senders were turned away; the client is to be told */
	struct stream *streams; /* uthash by id */
	struct stream *blocked; /* waiting for the connection's window */
	uint64_t last_stream;
	unsigned spooling; /* streams on their way to the mailbox */
	struct drain drain;
};

struct tunnel {
	struct registry *registry;
	struct tunnel *next;
	char name[TUNNEL_NAME_MAX + 1];
	bool random_name;
	bool probe;       /* and to be forgotten with its connection; in no table */
	bool freed;       /* its name is nobody's any more: to be forgotten once nothing waits */
	unsigned senders; /* requests of its own that hold on to it */
	struct client *clients;
	unsigned passages;        /* senders' WebSockets */
	struct quota_share quota; /* what deliveries under way take of the disk */
	size_t put_bytes;         /* payloads on their way to the spool */
};

struct registry {
	struct relay *relay;
	struct spool *spool;
	struct tunnel *tunnels;
	uv_timer_t sweep;
	struct quota quota;
	size_t put_bytes;                     /* payloads on their way to the spool */
	struct stream *put_first, **put_last; /* those that wait until fewer are */
	bool putting;
	uint64_t names_due; /* loop ms: when unused random names are looked for again */
	int64_t names_seen; /* tokens_changed_elsewhere */
	bool closing;
};

struct join {
	const char *name, *owner;
	bool random_name, probe;
	struct bytes key, nonce;
	uint32_t options, features, drain_parallel;
};

/* Opens the spool in the data folder and takes up the mailboxes it knows. NULL and *e. */
struct registry *registry_new(struct relay *relay, struct error *e);
/* Closes the spool; `closed` on the loop when all is committed. Then registry_free. */
void registry_close(struct registry *r, void (*closed)(void *user), void *user);
void registry_free(struct registry *r);

/* The random name the client with that key had last, if nobody uses it now; else false. */
bool registry_last_name(const struct registry *r, const char *owner, struct bytes key, char out[TUNNEL_NAME_MAX + 1]);
/* Forgets the random name of that owner that was not used for longest: nobody is online and nothing waits. False when
 * there is none. */
bool registry_forget_unused(struct registry *r, const char *owner);
/* Names may have been freed by another process: their clients are sent away. */
void registry_check_names(struct registry *r);
/* The connection is this client's from now on; others that it displaces are told. *resumed: its streams live on. NULL
 * when out of memory. */
struct client *registry_join(struct registry *r, struct connection *connection, const struct join *j, bool *resumed);
/* After WELCOME was appended: RESUME frames, streams, notices, the spool. */
void registry_online(struct client *c, bool resumed);
/* Something came from the client, or it said goodbye: what it was told before has arrived. */
void registry_heard(struct client *c);
/* The connection is gone; `grace`: it may come back. */
void registry_lost(struct client *c, bool grace);
/* Ends the WebSockets of senders, which would last for ever (the relay ends). */
void registry_end_upgrades(struct registry *r);
/* Gives up everything that waits for a client or its answer (the relay ends). */
void registry_spool_all(struct registry *r);

/* Whether a request may be taken for the tunnel, before its body comes. */
enum refusal registry_admit(const struct tunnel *t, struct bytes method);
/* Whether a client is there that can pass a WebSocket on. */
bool registry_passes_upgrades(const struct tunnel *t);
/* Opens a stream for each of the tunnel's clients. */
enum refusal registry_dispatch(struct tunnel *t, struct delivery *d);
/* Sends REQUEST with REFUSED to a client, or to all of a tunnel, that is there, for the record only. `status` is what
 * the sender got, 0: nothing. */
void client_tell_refused(struct client *c, const struct delivery *d, int status);
void registry_tell_refused(struct tunnel *t, const struct delivery *d, int status);

/* Is given what arrives, now or when it is back. */
bool client_takes_part(const struct client *c);
/* NULL when the client is away. */
struct link *client_link(const struct client *c);
const char *registry_folder(const struct registry *r);
