/* A signature's verdict with the findings behind it, so that shared/providers can look for the reason when it does not
 * hold. Pure; any thread. */
#pragma once

#include "shared/signature/claim.h"

/* What is to be looked into where it does not hold. */
enum signature_doubt {
	SIGNATURE_NO_DOUBT,
	SIGNATURE_DOUBT_FIELD, /* a field is missing: another provider's may be there */
	SIGNATURE_DOUBT_MATCH, /* it does not match */
};

struct signature_judgement {
	struct signature_result result;
	enum signature_doubt doubt;
	struct claim claim;
	struct buffer content; /* what is signed, as far as it could be put together */
};

/* Freed by signature_judgement_free. */
void signature_judge(const struct signature_provider *p, const struct signature_input *in,
		     struct signature_judgement *out);
void signature_judgement_free(struct signature_judgement *j);
