/* What the user is shown of a delivery (struct session_events). Loop thread. */
#pragma once

struct stream;

/* Shows that the delivery is on record. While it has no number of the database nothing is shown; report_late makes up
 * for that. */
void report_delivery(const struct stream *st);
/* Shows how the app's call ended, or that it became a WebSocket. */
void report_attempt(struct stream *st);
/* Shows what could not be shown before the delivery had its number. To be called when it gets one. */
void report_late(struct stream *st);
