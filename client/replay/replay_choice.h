/* Which deliveries `creel replay` is told to send: by id, by filter, the newest. */
#pragma once

#include "client/common/limits.h"
#include "client/options/selection.h"

struct replay_choice {
	const struct secret_gate *gate;
	const char *where; /* or NULL */
	int64_t last;      /* -1: not given */
	int argc;          /* ids */
	char **argv;
	struct filter *filter; /* of `where`, made by replay_choice_check */
};

struct replay_ids {
	int64_t at[LIMIT_REPLAYS];
	uint64_t received_us[LIMIT_REPLAYS]; /* with replay_choice_sort */
	size_t count;
};

/* Whether it was told in one way. EXIT_USAGE; the filter is freed with replay_choice_free in any case. */
MUST_CHECK bool replay_choice_check(struct replay_choice *c, struct error *e);
void replay_choice_free(struct replay_choice *c);
/* Oldest first, but ids as they were given. None is an error. */
MUST_CHECK bool replay_choice_find(const struct replay_choice *c, struct store *s, struct replay_ids *out,
				   struct error *e);
/* In the order of their times, which are filled in. */
MUST_CHECK bool replay_choice_sort(struct replay_ids *ids, struct store *s, struct error *e);
