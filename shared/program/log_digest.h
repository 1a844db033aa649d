/* Events that strangers can cause as often as they like, kept to one log line a second for each kind: the first is
 * logged at once and whole, those that follow it within the second are counted, and then one line says how many
 * (`count`). The caller hands in the time. One thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "shared/program/log.h"

#define LOG_DIGEST_MS 1000

struct log_digest;

/* NULL when out of memory. */
struct log_digest *log_digest_new(void);
/* What was counted and not yet logged is logged. */
void log_digest_free(struct log_digest *d);
/* One event, told from others by its name and reason. When true it is to be logged now, with all that is to be said of
 * it, its reason included; else it was counted. A NULL digest counts nothing. */
bool log_digest_is_due(struct log_digest *d, enum log_level level, const char *event, const char *reason,
		       uint64_t now_ms);
/* Logs the counts that are due: call it about once a second. */
void log_digest_flush(struct log_digest *d, uint64_t now_ms);
