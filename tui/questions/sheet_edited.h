/* Questions about an edited request: send it, edit it again, or drop it? Pure. */
#pragma once

#include "tui/questions/sheet.h"

/* For a request that could be sent; `trouble` of the last attempt to send it, or NULL. */
void sheet_edited(struct sheet *s, const struct ui *ui, int64_t id, struct bytes provider, size_t escapes,
		  const char *trouble);
/* Adds a line of what was changed; `sign` as in edit_changes. */
void sheet_edited_line(struct sheet *s, char sign, struct bytes text);
/* For a text that cannot be understood as a request. */
void sheet_edit_wrong(struct sheet *s, int64_t id, const char *trouble, int line);
