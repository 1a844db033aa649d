/* Tokens, and the tunnel names that they own, in relay.db of the data folder. Secrets are 256 random bits, shown once,
 * kept as SHA-256 and compared in constant time. Each call makes short queries on the caller's thread; a struct belongs
 * to one thread. Several processes may have the file open. Errors: EXIT_STORE. */
#pragma once

#include <sqlite3.h>
#include <stdint.h>

#include "relay/common/limits.h"
#include "shared/base/bytes.h"
#include "shared/base/error.h"

struct tokens;

#define TOKEN_TEXT_LEN 70 /* "creel_" and 64 hexadecimal digits */

struct token_row {
	const char *name, *tunnels;
	uint64_t created_at_us;
	bool warning;        /* see tokens_set_warning */
	uint64_t names;      /* tunnel names it owns */
	uint64_t used_at_us; /* when one of these was taken up last; 0: never */
};

/* With `make` the folder (0700) and the file (0600) are made when missing; without, a relay must have made them. */
MUST_CHECK bool tokens_open(struct tokens **out, const char *data_folder, bool make, struct error *e);
void tokens_close(struct tokens *t); /* NULL is fine; names that are claimed are written */
/* Adds a token. `tunnels` is a glob of the names it may hold, "*" for all. EXIT_USAGE when `name` is taken or not a
 * valid one. */
MUST_CHECK bool tokens_add(struct tokens *t, const char *name, const char *tunnels, char secret[TOKEN_TEXT_LEN + 1],
			   struct error *e);
/* Whether browsers see the page of --browser-warning before the token's tunnels; for a new token they do. */
MUST_CHECK bool tokens_set_warning(struct tokens *t, const char *name, bool shown, struct error *e);
/* Whether they do, as last read by tokens_count; true where there is no such token. */
bool tokens_wants_warning(struct tokens *t, const char *owner);
/* Gives it another secret. The old one is not valid any more; name, pattern and tunnel names stay. */
MUST_CHECK bool tokens_rotate(struct tokens *t, const char *name, char secret[TOKEN_TEXT_LEN + 1], struct error *e);
MUST_CHECK bool tokens_revoke(struct tokens *t, const char *name, struct error *e);
MUST_CHECK bool tokens_list(struct tokens *t, void (*row)(void *user, const struct token_row *), void *user,
			    struct error *e);
/* How many there are. Reads the file again when another process changed it. -1 on failure. */
int tokens_count(struct tokens *t);
/* Whether the secret belongs to a token. Gives its name; *stamp is a number that no later token of the same name
 * has. */
bool tokens_check(struct tokens *t, struct bytes secret, char owner[65], uint64_t *stamp);
/* Whether the token of that name and stamp still exists. */
bool tokens_has(struct tokens *t, const char *owner, uint64_t stamp);

/* Whether there is a token of that name, or its pattern allows that tunnel; as last read by tokens_count or
 * tokens_check. */
bool tokens_is_known(const struct tokens *t, const char *owner);
bool tokens_may_hold(const struct tokens *t, const char *owner, const char *tunnel);

/* ---- tokens_names.c: the tunnel names they own ---- */

struct name_row {
	const char *name, *owner; /* the latter "" where there were no tokens */
	uint64_t claimed_at_us, seen_at_us;
};

enum claim { CLAIM_OK, CLAIM_TAKEN, CLAIM_FORBIDDEN, CLAIM_FULL, CLAIM_ERROR };
/* Gives the tunnel name to the owner, unless it is another's, does not match the owner's glob, or is new and the owner
 * has `most` already (0: no limit). */
enum claim tokens_claim(struct tokens *t, const char *owner, const char *tunnel, int64_t most);
/* A name that is new may not be on disk yet: all that were claimed since the last tokens_settle are written together.
 * To be called before anybody is told that the name is his, and soon: other processes cannot write meanwhile. False:
 * none of them is written. */
bool tokens_is_unsettled(const struct tokens *t);
MUST_CHECK bool tokens_settle(struct tokens *t, struct error *e);
/* The same answer, but nothing changes. */
enum claim tokens_ask(struct tokens *t, const char *owner, const char *tunnel, int64_t most);
enum name_state { NAME_OWNED, NAME_FREE, NAME_UNREADABLE };
/* Whose name it is. Owner "": everybody's, from a time without tokens. */
enum name_state tokens_owner_of(struct tokens *t, const char *tunnel, char owner[65]);
/* When it was claimed; 0: it was not. */
uint64_t tokens_claimed_at(struct tokens *t, const char *tunnel);
/* Takes the name from its owner. Not an error when it had none. */
MUST_CHECK bool tokens_forget_name(struct tokens *t, const char *tunnel, struct error *e);
/* The same, for the command: EXIT_USAGE when it had no owner. */
MUST_CHECK bool tokens_free_name(struct tokens *t, const char *tunnel, struct error *e);
/* All names, or those of one token (EXIT_USAGE when there is none). */
MUST_CHECK bool tokens_list_names(struct tokens *t, const char *owner, void (*row)(void *user, const struct name_row *),
				  void *user, struct error *e);
/* Whether another process has written to the file since the last call; *seen is 0 at first. */
bool tokens_changed_elsewhere(struct tokens *t, int64_t *seen);
/* Forgets names that were not claimed for LIMIT_NAME_UNUSED seconds, and calls `row` for the others. */
MUST_CHECK bool tokens_recall_tunnels(struct tokens *t, bool (*row)(void *user, const char *name), void *user,
				      struct error *e);

/* ---- tokens_copy.c: for a backup, and out of one ---- */

/* tokens_save copies tokens and their tunnel names into the tables `token` and `tunnel` of another database;
 * tokens_merge takes in those of the other database that are not here. The numbers count rows that were added. Merging
 * is one transaction. `path` is the other's name, for sentences. */
MUST_CHECK bool tokens_save(struct tokens *t, sqlite3 *to, const char *path, uint64_t *tokens, uint64_t *names,
			    struct error *e);
MUST_CHECK bool tokens_merge(struct tokens *t, sqlite3 *from, const char *path, uint64_t *tokens, uint64_t *names,
			     struct error *e);

/* ---- tokens_shared.c: what the nodes of a cluster tell each other of them ---- */

#define TOKENS_NODE_ID_LEN 16
#define TOKENS_REVOKED_US (UINT64_C(91) * 24 * 3600 * 1000000) /* how long one that was revoked is known */

/* A token as all nodes know it, also one that was revoked. */
struct token_shared {
	char name[LIMIT_TOKEN_NAME + 1];
	uint8_t hash[32]; /* SHA-256 of the secret */
	char tunnels[129];
	uint64_t created_at_us; /* of this secret */
	uint64_t revoked_at_us; /* 0: it is good */
};

/* To be called once before the others. Gives the node's id, which is made the first time. */
MUST_CHECK bool tokens_shared_open(struct tokens *t, uint8_t node_id[TOKENS_NODE_ID_LEN], struct error *e);
/* Takes note of what was added, changed or revoked here since the last call, by this or another process, also while no
 * relay ran. `row` is then called for each token that is known. */
MUST_CHECK bool tokens_shared_update(struct tokens *t, void (*row)(void *user, const struct token_shared *k),
				     void *user, struct error *e);
/* Takes over what is known elsewhere: the token is added, changed or revoked here. */
MUST_CHECK bool tokens_shared_take(struct tokens *t, const struct token_shared *k, struct error *e);
/* Takes over whose a tunnel's name is, and since when. */
MUST_CHECK bool tokens_shared_own(struct tokens *t, const char *tunnel, const char *owner, uint64_t claimed_at_us,
				  struct error *e);
