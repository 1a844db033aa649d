/* A running relay's state (control_status.h), asked for and put into words. Any thread. */
#pragma once

#include <jansson.h>
#include <stdio.h>

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* Asks the relay that runs on the data folder for its state. Also gives it as text in *text, which must be zeroed; the
 * caller frees both. NULL and *e (EXIT_NO) when no relay answers. */
json_t *status_ask(const char *data, struct buffer *text, struct error *e);
/* One line a tunnel. */
void status_print_tunnels(FILE *out, const json_t *status);
/* All of it. */
void status_print(FILE *out, const json_t *status);
