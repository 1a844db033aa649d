/* One message of a delivery as far as it is wanted, and what belongs to a delivery besides. The same threads as the
 * store's. */
#pragma once

#include "shared/store/store.h"

struct store_part {                           /* store_part_free */
	struct buffer headers, trailers, raw; /* as struct message has them */
	struct buffer body;                   /* its beginning */
	uint64_t body_size;                   /* bytes on record */
};

/* The request (attempt 0) or the answer of an attempt, with at most `most` bytes of the body: no more is read, however
 * long it is. EXIT_USAGE when there is none. */
MUST_CHECK bool store_get_part(struct store *s, int64_t id, int attempt, uint64_t most, struct store_part *out,
			       struct error *e);
void store_part_free(struct store_part *p);
/* Appends bytes `from` and on of its body, `len` at most; none beyond its end. */
MUST_CHECK bool store_get_body(struct store *s, int64_t id, int attempt, uint64_t from, uint64_t len,
			       struct buffer *out, struct error *e);
/* The same in pieces, which `take` gets with where they stand; false from it ends it with its *e. What is read is of
 * one moment, and each piece costs the same, wherever it stands. */
MUST_CHECK bool store_walk_body(struct store *s, int64_t id, int attempt, uint64_t from, uint64_t len,
				bool (*take)(void *user, struct bytes piece, uint64_t at, struct error *e), void *user,
				struct error *e);
/* The newest `most` replays of a delivery, ascending. */
MUST_CHECK bool store_list_replays(struct store *s, int64_t id, int most, void (*replay)(void *user, int64_t id),
				   void *user, struct error *e);
/* Lets commits return without waiting for the disk: they need not survive a power loss. */
MUST_CHECK bool store_set_relaxed(struct store *s, struct error *e);
/* How much of the file the connection keeps in memory (8 MiB unless set). */
MUST_CHECK bool store_set_cache(struct store *s, int kib, struct error *e);
