/* Providers that are known by what they say in the body. Each of them is asked about only where the body may hold what
 * is looked for first: every delivery that nobody's fields are in comes here. Inside of shared/providers. Pure; any
 * thread. */
#pragma once

#include "shared/signature/signature_private.h"

/* Whether all marks of the row are in the request; false where it has none. */
bool signature_marks_hold(const struct signature_provider *row, const struct signature_input *in);
/* The first of those without a field whose marks are in the request; NULL: none. */
const struct signature_provider *signature_marks_find(const struct signature_input *in);
