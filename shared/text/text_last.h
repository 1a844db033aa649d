/* Where a byte stands last; macOS has no memrchr. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

/* NULL: nowhere. */
const uint8_t *text_last(struct bytes b, uint8_t c);
