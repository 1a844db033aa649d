/* Which deliveries `creel replay` sends: by id, by a filter, or the newest. A command's only thread; reads the store.
 */
#pragma once

#include "client/common/limits.h"
#include "client/selection/selection.h"

struct replay_choice {
	const struct secret_gate *gate;
	const char *where; /* the filter's text, or NULL */
	int64_t last;      /* -1: not given */
	int argc;          /* ids */
	char **argv;
	struct filter *filter; /* made of `where` by replay_choice_check */
};

struct replay_ids {
	int64_t at[LIMIT_REPLAYS];
	uint64_t received_us[LIMIT_REPLAYS]; /* filled in by replay_choice_sort */
	size_t count;
};

/* EXIT_USAGE unless the deliveries are chosen in exactly one way. replay_choice_free in any case. */
MUST_CHECK bool replay_choice_check(struct replay_choice *c, struct error *e);
void replay_choice_free(struct replay_choice *c);
/* Oldest first, but ids in the order they were given. EXIT_USAGE when there are none. */
MUST_CHECK bool replay_choice_find(const struct replay_choice *c, struct store *s, struct replay_ids *out,
				   struct error *e);
/* Puts them in the order in which they were received, and fills in when that was. */
MUST_CHECK bool replay_choice_sort(struct replay_ids *ids, struct store *s, struct error *e);
