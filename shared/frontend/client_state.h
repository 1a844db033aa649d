/* How the running client is, as front ends show it: a plain value. Texts that nobody knows are "". Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct client_state {
	char state[16], detail[300], url[600], target[300], tunnel[64], relay[300];
	uint64_t confirmed_at_us;
	char secrets[600]; /* providers whose secrets are known, to this program or a client: names, blanks between */
	uint64_t lag_us;   /* of the last ping; 0: not known */
	bool running;
};
/* Without the lag, which differs at every ping. */
bool client_state_same(const struct client_state *a, const struct client_state *b);
