/* Recognises providers by what the body says. Every delivery without a provider's fields comes here, so a provider is
 * tried only if the body may contain its first mark. Inside of shared/providers. Pure; any thread. */
#pragma once

#include "shared/content/body.h"
#include "shared/signature/signature_private.h"

/* Whether all marks of the row are in the request; false where it has none. */
bool signature_marks_hold(const struct signature_provider *row, const struct signature_input *in);
/* The first of those without a field whose marks are in the request; NULL: none. `body` is in->body as it was received.
 */
const struct signature_provider *signature_marks_find(const struct signature_input *in, struct body *body);
