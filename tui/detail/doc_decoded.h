/* What a request says outside of its body, decoded: the parameters of its query, cookies, credentials. Pure. */
#pragma once

#include "tui/documents/styled.h"

/* Adds lines for what there is of it; nothing for a request without any. */
void doc_decoded_put(struct styled *s, struct bytes target, struct bytes headers);
