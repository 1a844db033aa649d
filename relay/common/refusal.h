/* Why the relay answers a request itself: one row for each reason in refusals.def, or beside its limit in limits.def,
 * with the answer's status, its sentence and its name in metrics and logs. Pure; any thread. */
#pragma once

enum refusal {
	REFUSE_NOTHING,
#define REFUSAL(id, name, status, retry_after, sentence) REFUSE_##id,
#include "relay/common/refusals.def"
#include "relay/common/limits.def"
	REFUSE_COUNT,
};

struct refusal_text {
	const char *name;     /* in metrics, logs and the field Creel-Refused */
	const char *sentence; /* the answer's body */
	int status;           /* of HTTP */
	int retry_after;      /* seconds; 0: the answer has no Retry-After */
};

/* Never NULL; lives as long as the program. */
const struct refusal_text *refusal_text(enum refusal r);
