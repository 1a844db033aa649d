/* Sealing what is put into the mailboxes of clients that have a key (shared/wire/seal.h): a sealer for each, made when
 * it is first needed. Only for the writer thread. */
#pragma once

#include "relay/common/hash.h"
#include "shared/base/bytes.h"
#include "shared/base/error.h"
#include "shared/base/uuid.h"
#include "shared/wire/seal.h"

struct spool_seals {
	struct spool_sealer *by_mailbox;
	struct buffer sealed; /* the last one's */
};

/* Seals *payload to the mailbox's key; *payload is then a view that lasts until the next call. False: *e. */
MUST_CHECK bool spool_seal(struct spool_seals *s, int64_t mailbox, const uint8_t key[SEAL_KEY_LEN],
			   const uint8_t event_id[UUID_LEN], struct bytes *payload, struct error *e);
/* Gives memory back that only a large payload needed. The view is gone. */
void spool_seal_trim(struct spool_seals *s);
/* Frees the sealer of a mailbox that was left. */
void spool_seal_forget(struct spool_seals *s, int64_t mailbox);
/* Frees all that it holds, not `s` itself. */
void spool_seal_free(struct spool_seals *s);
