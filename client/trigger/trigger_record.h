/* Puts a sample on record that `creel trigger` sent by itself. One that goes through a tunnel is recorded by its
 * client.
 */
#pragma once

#include "client/app/post.h"
#include "shared/signature/signature.h"
#include "shared/store/store.h"

struct trigger_sent {
	const char *url, *method;
	struct bytes headers, body;
	const char *provider; /* or NULL */
	enum signature_verdict verdict;
	uint64_t started_at_us;
	const struct post_answer *answer;
};

/* Inserts the delivery, of origin trigger, and its attempt, in one transaction. EXIT_STORE. */
MUST_CHECK bool trigger_record(struct store *s, const struct trigger_sent *sent, struct error *e);
