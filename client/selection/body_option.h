/* Bytes that an option gives: BODY as it stands, or those of a file: @FILE, @- for standard input. Any thread. */
#pragma once

#include "shared/base/buffer.h"
#include "shared/base/error.h"

#define BODY_OPTION_MOST (64u << 20)

/* Appends the file's bytes; `spec` begins with @. EXIT_USAGE where it cannot be read, or has more than 64 MiB. */
MUST_CHECK bool body_option_read(const char *option, const char *spec, struct buffer *out, struct error *e);
