#include "relay/common/refusal.h"

#include <stddef.h>

static const struct refusal_text texts[REFUSE_COUNT] = {
	[REFUSE_NOTHING] = { "none", "", 200, 0 },
#define REFUSAL(id, name, status, retry_after, sentence)                                                               \
	[REFUSE_##id] = { (name), (sentence), (status), (retry_after) },
#include "relay/common/refusals.def"
#include "relay/common/limits.def"
};

const struct refusal_text *refusal_text(enum refusal r)
{
	return &texts[r < REFUSE_COUNT ? r : REFUSE_MALFORMED];
}
