/* Signatures asked of a running client that knows the secret, which itself never stands in the store: the asking
 * program puts the request here, the client answers in the same row, and the asking program takes the answer and
 * deletes the row. The same threads as the store's. */
#pragma once

#include "shared/store/store.h"

enum signing_wish {
	SIGNING_SIGN = 0,  /* as the provider would now: header fields and, where the body says the time, the body */
	SIGNING_JUDGE = 1, /* whether the signature holds now */
};

enum signing_state { SIGNING_ASKED = 0, SIGNING_DONE = 1, SIGNING_FAILED = 2 };

struct signing {
	enum signing_wish wish;
	enum signing_state state;
	struct bytes provider; /* whose signature; empty: as recognised */
	struct bytes method, url;
	struct bytes headers, body; /* as asked; with SIGNING_DONE as signed */
	struct bytes verdict;       /* of what is signed or judged */
	struct bytes error;         /* with SIGNING_FAILED, a sentence */
};

MUST_CHECK bool store_ask_signing(struct store *s, const struct signing *asked, int64_t pid, uint64_t now_us,
				  int64_t *id, struct error *e);
/* The oldest that is asked of this client and was not before `since_us`; *id 0: none. */
MUST_CHECK bool store_next_signing(struct store *s, int64_t pid, uint64_t since_us, int64_t *id, struct error *e);
/* *found false when it is gone. */
MUST_CHECK bool store_get_signing(struct store *s, int64_t id, void (*row)(void *user, const struct signing *),
				  void *user, bool *found, struct error *e);
/* Only its state: cheap. *found false when it is gone. */
MUST_CHECK bool store_get_signing_state(struct store *s, int64_t id, enum signing_state *state, bool *found,
					struct error *e);
MUST_CHECK bool store_answer_signing(struct store *s, int64_t id, const struct signing *answer, struct error *e);
MUST_CHECK bool store_drop_signing(struct store *s, int64_t id, struct error *e);
/* Drops what was asked before that time and never fetched. */
MUST_CHECK bool store_drop_old_signings(struct store *s, uint64_t before_us, struct error *e);
