/* How the running client is, as front ends show it: a plain value. Texts that nobody knows are "". Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct client_state {
	char state[16], detail[300], url[600], target[300], tunnel[64], relay[300];
	uint64_t confirmed_at_us;
	uint64_t since_us; /* when it went online or away, as a page of `creel web` saw it; 0: before that looked */
	char secrets[600]; /* providers whose secrets are known, to this program or a client: names, blanks between */
	uint64_t lag_us;   /* of the last ping; 0: not known */
	bool running;
};
/* Without the lag, which differs at every ping. */
/* Whether the relay holds its tunnel. */
bool client_state_online(const struct client_state *c);
bool client_state_same(const struct client_state *a, const struct client_state *b);
