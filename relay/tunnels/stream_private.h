/* What stream.c and stream_spool.c share. Loop thread. */
#pragma once

#include "relay/tunnels/stream.h"

/* No longer one of the client's live streams. */
void stream_leave_table(struct stream *st);
/* To the client's mailbox, once the whole of the delivery is here. May close the stream. */
void stream_spool(struct stream *st);
/* Not in the queue for the disk any more. */
void stream_leave_queue(struct stream *st);
/* The client's copy finds no room: it is told of a gap once the delivery is safe with another. */
void delivery_note_missed(struct delivery *d, const struct client *c, struct spool *spool);
/* Somebody has it, so the sender is told of no failure: who has no copy is told of a gap. */
void delivery_now_safe(struct delivery *d, struct spool *spool);
