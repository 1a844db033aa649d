/* The search index is filled in blocks of up to 4096 deliveries (shared/words/word_block.h), beside a running client. A
 * block is read and made first, which needs no lock, by any connection; then it is written, in a few milliseconds.
 * Small blocks that follow each other are made anew as one, and so are those from which deliveries were deleted. */
#pragma once

#include "shared/store/store.h"

struct store_index;

/* NULL when out of memory. It takes up to 10 MiB while it is used. */
struct store_index *store_index_new(void);
void store_index_free(struct store_index *x);
/* What is to be made: blocks of deliveries that are not in the index, blocks anew that deliveries were deleted from, or
 * of these one where there are none of the others. */
enum store_index_what { STORE_INDEX_NEW, STORE_INDEX_GONE, STORE_INDEX_BOTH };
/* Reads what comes next, in the caller's transaction or one of its own, and makes a block of it; of what is new, up to
 * that id; 0: all. *bytes: about how many store_index_write writes; 0: there is nothing to do. The connection's thread.
 */
MUST_CHECK bool store_index_read(struct store *s, struct store_index *x, int64_t up_to, enum store_index_what what,
				 uint64_t *bytes, struct error *e);
/* Writes what was read, in the caller's transaction, which may be of another connection; nothing where the deliveries
 * are not the same any more. */
MUST_CHECK bool store_index_write(struct store *s, struct store_index *x, struct error *e);
/* Deletes the blocks whose deliveries are all gone, in the caller's transaction. */
MUST_CHECK bool store_index_forget(struct store *s, struct error *e);
/* Whether there were more to read, and whether what was read is a block anew. */
bool store_index_has_more(const struct store_index *x);
bool store_index_is_anew(const struct store_index *x);
/* Both at once. *more: there may be others. */
MUST_CHECK bool store_index_some(struct store *s, bool *more, struct error *e);
/* Makes all blocks anew that deliveries were deleted from, each in a transaction, until `stop`, which may be NULL,
 * returns true. So their words leave the file at once, as far as SQLite overwrites what it deletes. */
MUST_CHECK bool store_index_clean(struct store *s, bool (*stop)(void *user), void *user, struct error *e);
/* How far that is: the newest delivery in the index, and the newest of all; 0: there is none. */
MUST_CHECK bool store_index_state(struct store *s, uint64_t *indexed, uint64_t *newest, struct error *e);
