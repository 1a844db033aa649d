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
/* Logs what was counted and not yet logged, and frees it. */
void log_digest_free(struct log_digest *d);
/* Whether this event, identified by its name and reason, is to be logged now, in full and with its reason; otherwise it
 * was counted. With a NULL digest every event is logged. */
bool log_digest_is_due(struct log_digest *d, enum log_level level, const char *event, const char *reason,
		       uint64_t now_ms);
/* Logs the counts that are due: call it about once a second. */
void log_digest_flush(struct log_digest *d, uint64_t now_ms);
