/* What a worker thread gets to answer a request from the record. */
#pragma once

#include "client/signing/secrets.h"
#include "client/web_server/web_exchange.h"
#include "shared/store/store.h"

struct web_read {
	struct web_exchange *x;
	struct store *store;
	const struct secrets *secrets; /* of providers; or NULL */
	const struct web_head *head;   /* for the page's head (web_shell.h) */
};
