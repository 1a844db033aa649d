/* Brings a client's journal to the disk on a thread of its own: all that was written when it begins is synced when it
 * is over, so that one fdatasync serves all who wait. Loop thread; `synced` comes there. */
#pragma once

#include <uv.h>

#include "shared/base/error.h"

struct journal_syncer;

/* `synced` comes after each sync: everything up to that sequence is on disk, or, with an error, is not. NULL and *e. */
struct journal_syncer *journal_syncer_new(uv_loop_t *loop,
					  void (*synced)(void *user, uint64_t sequence, const struct error *e),
					  void *user, struct error *e);
/* Everything up to `sequence` was written, to either file. */
void journal_syncer_ask(struct journal_syncer *s, const int fds[2], uint64_t sequence);
/* Syncs what was asked for, calls `synced`, and ends the thread before it returns; `closed` comes in a later turn. */
void journal_syncer_close(struct journal_syncer *s, void (*closed)(void *user));
