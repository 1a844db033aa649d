/* The records of a cluster's bucket (relay/bus/kv.h), as bytes: which nodes there are, which tokens, and where a
 * tunnel's clients sit. Each begins with RECORD_VERSION; integers are big-endian, texts have their length before them.
 * Whatever does not parse whole is refused: other nodes, and what a replica has kept, are not trusted. Pure. */
#pragma once

#include "relay/common/limits.h"
#include "shared/base/bytes.h"

#define RECORD_VERSION 1
#define RECORD_NODE_ID_LEN 16
#define RECORD_HASH_LEN 32
#define RECORD_GLOB_LEN 128
#define RECORD_CLIENTS_MOST 64
#define RECORD_REVOKED_US (UINT64_C(90) * 24 * 3600 * 1000000) /* how long a revoked token is kept */
#define RECORD_PAST_NODE_US RECORD_REVOKED_US                  /* and the record of a node that is gone */

/* node.<id>: that the node is there, written every 2 s. */
struct record_node {
	char version[33];        /* creel's */
	uint64_t epoch;          /* random, of each start */
	uint64_t first_revision; /* of the first record of this start; 0: this is it */
	uint64_t written_at_us;
	uint32_t tunnels; /* online */
	uint32_t copies;  /* still to be made */
};

/* token.<name>: a token that was made, given another secret, or revoked. */
struct record_token {
	uint8_t hash[RECORD_HASH_LEN]; /* SHA-256 of the secret */
	char tunnels[RECORD_GLOB_LEN + 1];
	uint64_t created_at_us; /* of this secret */
	uint64_t revoked_at_us; /* 0: it is good */
};

struct record_client {
	uint8_t key[32];
	uint8_t key_len; /* 0 or 32 */
	uint32_t options, features;
	uint8_t node[RECORD_NODE_ID_LEN]; /* all 0: it is away, and every node may keep what comes for it */
	uint64_t epoch;                   /* the node's, when the client joined */
	uint64_t generation; /* counts joins of the tunnel: of two with the same key, the higher one counts */
	uint64_t seen_at_us;
};

/* tunnel.<name>: whose name it is, and its clients. */
struct record_tunnel {
	char owner[LIMIT_TOKEN_NAME + 1];
	uint64_t claimed_at_us; /* of two owners, the earlier one keeps it */
	bool random_name;
	size_t client_count;
	struct record_client clients[RECORD_CLIENTS_MOST];
};

/* Append. False when out of memory. */
MUST_CHECK bool record_put_node(struct buffer *out, const struct record_node *r);
MUST_CHECK bool record_put_token(struct buffer *out, const struct record_token *r);
MUST_CHECK bool record_put_tunnel(struct buffer *out, const struct record_tunnel *r);
/* False: it is not such a record, or of another version. */
MUST_CHECK bool record_read_node(struct bytes in, struct record_node *out);
MUST_CHECK bool record_read_token(struct bytes in, struct record_token *out);
MUST_CHECK bool record_read_tunnel(struct bytes in, struct record_tunnel *out);

/* Merges what two nodes know of one token, with the same result on both: the newest secret, or of two made at the same
 * time the one with the smaller hash. Revoked on one side is revoked, at the earlier of both times. */
struct record_token record_merge_tokens(const struct record_token *a, const struct record_token *b);
/* The largest generation among its clients; 0 without any. */
uint64_t record_last_generation(const struct record_tunnel *r);
/* The client with that key; NULL: there is none. */
const struct record_client *record_find_client(const struct record_tunnel *r, struct bytes key);
bool record_is_away(const struct record_client *c);

/* What becomes of the record `there` (NULL: there is none) when a node writes what it has: `here`, whose clients are at
 * that node or away. A client of generation 0 has just joined: it gets the next one, and takes the place of all that do
 * not share the tunnel with it; one that is away as well is recalled from an earlier run, and joins nothing. One that
 * was beaten by a later join elsewhere is left out. The owner is that of `here`. */
void record_merge_tunnels(const struct record_tunnel *there, const struct record_tunnel *here,
			  const uint8_t node[RECORD_NODE_ID_LEN], struct record_tunnel *out);
/* Whether a client of that key and generation is beaten by what the record says. */
bool record_beats(const struct record_tunnel *r, struct bytes key, uint64_t generation);
