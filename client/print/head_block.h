/* What `creel show` says of a delivery before its bytes: event, provider, sender, tunnel, ids, the signature's verdict
 * with its reason, and every attempt. Text from outside is made safe for a terminal. Reads the store, on its thread. */
#pragma once

#include <stdio.h>

#include "shared/store/item.h"

/* `request`: the delivery's own. EXIT_STORE. */
MUST_CHECK bool head_block_print(FILE *out, struct store *s, const struct item *item, const struct message *request,
				 bool https, struct error *e);
