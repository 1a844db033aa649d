/* The running client's side of shared/store/store_signing.h. On the writer's thread, within its transaction. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/store/store_signing.h"

/* Signs and judges all that was asked of this process and is not too old. */
MUST_CHECK bool signing_answer_all(struct store *s, const struct secrets *secrets, struct error *e);
/* Whether there is something. */
MUST_CHECK bool signing_is_asked(struct store *s, bool *asked, struct error *e);
