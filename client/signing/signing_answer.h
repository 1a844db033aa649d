/* The running client's side of shared/store/store_signing.h: it signs and judges what other programs ask of it. On the
 * writer's thread, within its transaction. EXIT_STORE. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store_signing.h"

/* Answers all that was asked of this process and is not too old. What cannot be signed is answered with a sentence. */
MUST_CHECK bool signing_answer_all(struct store *s, const struct secrets *secrets, struct error *e);
/* Whether anything is asked. Any thread with a connection of its own. */
MUST_CHECK bool signing_is_asked(struct store *s, bool *asked, struct error *e);
