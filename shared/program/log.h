/* One line an event on stderr, never content, secrets or query strings: logfmt, `ts=… level=… event=… key=value …`,
 * where values are quoted and escaped when they hold anything but printable ASCII without blanks; or an object of JSON
 * with the same members. Any thread. */
#pragma once

#include <stdint.h>

#include "shared/secrets/secret_gate.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_format { LOG_LOGFMT, LOG_JSON };

void log_set_level(enum log_level level);
/* LOG_LOGFMT at first. */
void log_set_format(enum log_format format);
/* Takes out of every line the secrets that the gate knows; NULL: no gate. To be called before threads begin; the gate
 * must outlive the last line. */
void log_set_gate(const struct secret_gate *gate);
/* Pairs (const char *key, const char *value) ending with NULL; a NULL value is left out. */
void log_event(enum log_level level, const char *event, ...) __attribute__((sentinel));
/* For numbers: log_number(buffer, n) gives buffer. */
struct log_number {
	char text[24];
};
const char *log_number(struct log_number *n, int64_t value);
