/* `listen --answer-challenges`: a provider's question whether the URL is ours (challenge.h) is answered here, and the
 * app is not called. Loop thread. */
#pragma once

#include "client/stream/stream.h"

struct confirm;

/* False when the delivery is not a challenge to be answered here. When it is, the stream may be freed. *confirm is made
 * when it is first needed; the caller closes it. */
MUST_CHECK bool answer_challenge(struct stream *st, struct confirm **confirm);
