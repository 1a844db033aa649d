/* What the user is shown of a delivery (struct session_events). Loop thread. */
#pragma once

struct stream;

/* It is on record. */
void report_delivery(const struct stream *st);
/* The app's call is over, or has become a WebSocket. */
void report_attempt(const struct stream *st);
