/* A lost connection and its return (PROTOCOL.md §4): what becomes of the streams. Loop thread. */
#pragma once

#include "client/stream/stream.h"

/* NULL when out of memory. */
struct resume *resume_new(struct streams *set);
/* Handles close on the loop. NULL is fine. */
void resume_close(struct resume *r);

/* WELCOME came on this connection, which lives until resume_lost. */
void resume_welcome(struct resume *r, const struct wire_out *w, const struct wire_welcome *welcome);
/* Whether RESUME frames are still coming; until they end, no other frame of a stream is allowed. */
bool resume_is_listing(const struct resume *r);
/* Takes a RESUME frame. False when the connection is to be closed. */
MUST_CHECK bool resume_on_frame(struct resume *r, const struct wire_frame *f);
/* The connection is gone, or another try to come back failed. */
void resume_lost(struct resume *r, bool may_resume);
