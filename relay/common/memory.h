/* How much memory the relay may hold, so that it refuses (503 overloaded) before the system ends it.
 *
 * What it holds is what malloc has given out, or with mimalloc, which does not count that, what is in RAM: heads,
 * bodies, answers, what waits for tunnels, TLS and libraries, each byte once and nothing to be kept in step. It is
 * measured when what was taken since the last time could have reached the bound, which is never while the relay is far
 * below it. Three quarters of the limit are the bound of new requests and their bodies, seven eighths that of answers;
 * the rest is for what malloc cannot give back at once, and for the kernel. Loop thread. */
#pragma once

#include <stdint.h>

#include "shared/base/bytes.h"

enum memory_use { MEMORY_REQUEST, MEMORY_ANSWER };

/* All zero: no limit. */
struct memory {
	uint64_t limit;       /* bytes; 0: none */
	uint64_t measured;    /* held at measured_at */
	uint64_t measured_at; /* loop ms */
	uint64_t taken;       /* since then, at most */
	bool short_of_it;     /* a request was refused since memory_tidy */
	size_t most;          /* connections at one time, since memory was last given back */
};

/* `limit` 0: what the process's cgroup allows (Linux, cgroup v2), if it says so. */
void memory_begin(struct memory *m, uint64_t limit);
/* Whether `more` bytes may be held, too; they count as taken then. */
MUST_CHECK bool memory_takes(struct memory *m, enum memory_use use, uint64_t more, uint64_t now_ms);
/* Gives back to the system what was freed, where memory was short, or where half of very many connections are gone;
 * once a second. Whether it did. */
bool memory_tidy(struct memory *m, size_t connections);
/* What malloc has given out, or what is in RAM, in bytes; 0 where neither is known. */
uint64_t memory_held(void);
/* The least `memory.max` of the cgroup `path` (as in /proc/self/cgroup) below `root` and of those around it; 0: none.
 */
uint64_t memory_of_cgroup(const char *root, const char *path);
