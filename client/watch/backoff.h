/* How long to wait between attempts to connect: from 250 ms, doubled up to 15 s, each drawn at random from its upper
 * half so that the clients of a restarted relay do not all come at once. Pure, apart from the random numbers. */
#pragma once

#include <stdint.h>

struct backoff {
	unsigned failures;
};

/* The next wait in milliseconds. */
uint64_t backoff_next_ms(struct backoff *b);
/* To be called when a connection that the relay had welcomed is lost after `stood_ms`. If it stood for a second, the
 * next wait is the shortest again; it is never above one second, so that a connection that keeps breaking is resumed
 * before the relay gives its streams up. */
void backoff_connected(struct backoff *b, uint64_t stood_ms);
