/* The states of a stream at the relay (stream.h), and which follows which. Pure.
 *
 *    open ─▶ recorded ─▶ answering ─▶ over      to a client that is here, or may be back within the grace
 *      │         └───────────────────▶ over
 *      ├─▶ over
 *      └─▶ spooling ─▶ queued ─▶ writing ─▶ over      to the client's mailbox; begins here when the client is away */
#pragma once

#include <stdbool.h>

enum stream_state {
	STREAM_OPEN,      /* to be sent, or sent and not recorded */
	STREAM_RECORDED,  /* the client has it on record */
	STREAM_ANSWERING, /* RESPONSE came */
	STREAM_SPOOLING,  /* for the mailbox; its body is perhaps still coming */
	STREAM_QUEUED,    /* whole, and waits until fewer bytes are on their way to the disk */
	STREAM_WRITING,   /* handed to the spool */
	STREAM_OVER,      /* about to be freed */
	STREAM_STATES,
};

/* Whether a stream goes from one state to the other. */
bool stream_state_may(enum stream_state from, enum stream_state to);
/* Whether it is in its client's table: the client may answer it. */
bool stream_state_is_live(enum stream_state s);
/* Whether it is on its way to the mailbox. */
bool stream_state_is_spooling(enum stream_state s);
/* Whether it still needs the delivery's body, to be sent or written. */
bool stream_state_needs_body(enum stream_state s);
