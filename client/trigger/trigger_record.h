/* Puts a sample on record that `creel trigger` sent by itself: what goes through a tunnel is recorded there. */
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

/* One transaction: the delivery, origin trigger, and its attempt. */
MUST_CHECK bool trigger_record(struct store *s, const struct trigger_sent *sent, struct error *e);
