/* What the user is shown of a delivery (struct session_events). Loop thread. */
#pragma once

struct stream;

/* It is on record. While it has no number of the database yet nothing is shown, and report_late makes up for it. */
void report_delivery(const struct stream *st);
/* The app's call is over, or has become a WebSocket. */
void report_attempt(struct stream *st);
/* It has its number now. */
void report_late(struct stream *st);
