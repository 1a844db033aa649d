/* How much memory the relay may hold, so that it refuses (503 overloaded) before the system ends it.
 *
 * What it holds is what malloc has given out, or what is in RAM with mimalloc, which does not count that. This covers
 * everything (heads, bodies, answers, queues for tunnels, TLS, libraries), each byte once, without any counting of our
 * own. It is measured only when what was taken since the last measurement could have reached the bound, which is never
 * while the relay is far below it. The bound is three quarters of the limit for new requests and their bodies, and
 * seven eighths for answers; the rest is for what malloc cannot give back at once, and for the kernel. Loop thread. */
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
/* Whether `more` further bytes may be held; if so they count as taken. */
MUST_CHECK bool memory_takes(struct memory *m, enum memory_use use, uint64_t more, uint64_t now_ms);
/* Gives back to the system what was freed, where memory was short, or where half of very many connections are gone; To
 * be called once a second. Returns whether it did. */
bool memory_tidy(struct memory *m, size_t connections);
/* What malloc has given out, or what is in RAM, in bytes; 0 where neither is known. */
uint64_t memory_held(void);
/* The smallest `memory.max` of the cgroup `path` (as in /proc/self/cgroup) below `root` and of its parents; 0: none. */
uint64_t memory_of_cgroup(const char *root, const char *path);
