/* What `creel show` says of a delivery before its bytes: event, provider, sender, tunnel, ids, the signature's verdict
 * with its reason, and every attempt. Text from outside is made safe for a terminal. Reads the store, on its thread. */
#pragma once

#include <stdio.h>

#include "shared/signature/signature.h"
#include "shared/query/item.h"

/* `request`: the delivery's own. `checked`: what its signature was found to be by a secret; NULL: what the record says.
 * EXIT_STORE. */
MUST_CHECK bool head_block_print(FILE *out, struct store *s, const struct item *item, const struct message *request,
				 const struct signature_result *checked, bool https, struct error *e);
