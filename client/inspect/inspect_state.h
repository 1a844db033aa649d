/* The state of the client that runs on a record, as it reports it there: for an inspector in another program. The
 * store's thread. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/frontend/client_state.h"
#include "shared/store/store.h"

/* Fills *out with the newest client that is online, where several run, and with the names of the providers whose
 * secrets any of them knows, or this program does (`own`, may be NULL). All zeros if none runs, or the store cannot be
 * read. */
void inspect_state_read(struct store *s, const struct secrets *own, struct client_state *out);
