/* The lines around the views: titles, the filter, the list's header, hints, a replay's progress, the key bar. Pure. */
#pragma once

#include "tui/terminal/layout.h"
#include "tui/terminal/surface.h"
#include "tui/state/ui.h"

void bars_draw_title(const struct ui *ui, struct surface *s, struct rect area, bool with_filter);
/* The title of a delivery that fills the screen. `reason`: the reason phrase of the app's answer; empty: not known. */
void bars_draw_detail_title(const struct ui *ui, const struct item *item, struct bytes reason, struct surface *s,
			    struct rect area);
/* "-- #1000187  invoice.paid  500 Internal Server Error ---", over the pane. */
void bars_draw_pane_title(const struct item *item, struct bytes reason, struct surface *s, struct rect area,
			  bool focused);
/* "12 matches", "50+ matches" while they are counted, or nothing without a filter. */
void bars_matches(const struct ui *ui, char *out, size_t room);
void bars_draw_filter(const struct ui *ui, struct surface *s, struct rect area);
/* Prints flush right; gives the column it begins in. */
int bars_print_right(struct surface *s, struct rect area, enum role role, const char *text);
void bars_draw_header(const struct ui *ui, struct surface *s, struct rect area);
void bars_draw_strip(const struct ui *ui, struct surface *s, struct rect area);
void bars_draw_keys(const struct ui *ui, enum context c, unsigned have, struct surface *s, struct rect area);
/* In views over the list: draws what was searched for, and which keys work. */
void bars_draw_hint(const struct ui *ui, enum context c, const char *searched, struct surface *s, struct rect area);
/* Draws a text, broken between words into at most `most` rows. The last row is `bottom`; the others cover what is
 * above. */
int bars_draw_words(struct surface *s, struct rect bottom, int most, enum role role, const char *text);
/* The action whose label is at this column of the key bar; ACTION_NONE for none. */
enum action bars_key_at(const struct ui *ui, enum context c, unsigned have, int columns, int x);
/* What a click means at this column of the filter's line, and of the hint's; ACTION_NONE for nothing. */
enum action bars_filter_at(const struct ui *ui, struct rect area, int x);
/* Of a replay's progress. */
enum action bars_strip_at(const struct ui *ui, struct rect area, int x);
/* The column whose head is there, with the blanks beside it; COLUMN_COUNT for none. */
enum column bars_head_at(const struct ui *ui, struct rect area, int x);
enum action bars_hint_at(const struct ui *ui, enum context c, const char *searched, struct rect area, int x);
void bars_draw_too_small(struct surface *s);
