/* What a worker thread is given to answer a request out of the record. */
#pragma once

#include "client/signing/secrets.h"
#include "client/web_server/web_exchange.h"
#include "shared/store/store.h"

struct web_read {
	struct web_exchange *x;
	struct store *store;
	const struct secrets *secrets; /* of providers; or NULL */
	const struct web_head *head;   /* what the shell's head says */
};
