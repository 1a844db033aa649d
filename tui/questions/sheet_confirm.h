/* What is asked before something is done with deliveries. Pure. */
#pragma once

#include "tui/questions/sheet.h"

/* What is asked before something is done with `count` deliveries. `which` is "marked" or "that match
 * the filter". The effect that confirms has `flag` set and is about the ids that were kept (IDS_KEPT). */
void sheet_replay(struct sheet *s, const struct ui *ui, size_t count, size_t stale, enum which_kind which);
/* One whose signature is too old: `why` says how. */
void sheet_stale(struct sheet *s, const struct ui *ui, int64_t id, const char *why);
void sheet_delete(struct sheet *s, const int64_t *ids, size_t count);
/* A file of this name is there. */
void sheet_overwrite(struct sheet *s, const struct effect_export *export);
/* A line that says so when the target is not on this machine. */
void sheet_warn_far(struct sheet *s, const char *target);
