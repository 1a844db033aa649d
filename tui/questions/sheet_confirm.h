/* Questions before something is done with deliveries: replay, delete, overwrite a file. Pure. */
#pragma once

#include "tui/questions/sheet.h"

/* Whether `count` deliveries are sent again, `stale` of them with a signature that is too old. Confirmed, the effect is
 * about WHICH_ASKED, as with sheet_delete. */
void sheet_replay(struct sheet *s, const struct ui *ui, size_t count, size_t stale, enum which_kind which);
/* Whether a delivery is sent again although its signature is too old; `why`: "signed 22m ago: ...". */
void sheet_stale(struct sheet *s, const struct ui *ui, int64_t id, const char *why);
void sheet_delete(struct sheet *s, const int64_t *ids, size_t count);
/* A file of this name exists: another name, or write over it? */
void sheet_overwrite(struct sheet *s, const struct effect_export *export);
/* A line that says so when the target is not on this machine. */
void sheet_warn_far(struct sheet *s, const char *target);
