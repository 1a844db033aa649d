/* Waiting times between attempts to connect: doubling from 250 ms to 15 s, each drawn from its upper half (jitter keeps
 * a restarted relay's clients from coming all at once). Pure but for randomness. */
#pragma once

#include <stdint.h>

struct backoff {
	unsigned failures;
};

/* The next wait in milliseconds. */
uint64_t backoff_next_ms(struct backoff *b);
/* The relay welcomed us and the connection stood for `stood_ms`: after a second the next wait is the shortest again,
 * and never is it above one second, so that a connection that keeps breaking is resumed within the relay's grace. */
void backoff_connected(struct backoff *b, uint64_t stood_ms);
