/* What is asked about an edited request: whether it is sent, edited again or dropped. Pure. */
#pragma once

#include "tui/questions/sheet.h"

/* An edited request that could be sent: what was changed (edit_changes' marks), and `trouble` of the last attempt or
 * NULL. Its effects are EFFECT_SEND and, by number, EDIT_AGAIN and EDIT_DROP of EFFECT_EDIT. */
void sheet_edited(struct sheet *s, const struct ui *ui, int64_t id, struct bytes provider, size_t escapes,
		  const char *trouble);
void sheet_edited_line(struct sheet *s, char sign, struct bytes text);
/* One that cannot be understood. */
void sheet_edit_wrong(struct sheet *s, int64_t id, const char *trouble, int line);
