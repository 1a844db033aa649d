/* Whether a signature holds, and when not, why: found by really trying what could have happened. Pure; any thread. */
#pragma once

#include "shared/signature/signature.h"

void signature_verify(const struct signature_provider *p, const struct signature_input *in,
		      struct signature_result *out);
