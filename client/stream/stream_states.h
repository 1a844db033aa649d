/* What stage a delivery (struct stream) has reached, as a few small state machines side by side.
 *
 *    inbound    RECEIVING ─▶ WHOLE | REFUSED | DROPPED                       the request, as the relay sends it
 *    commit     NONE ─▶ WRITING ─▶ STORED ─▶ SYNCED                          its way into the store
 *                          ├─▶ KNOWN ─▶ KNOWN_SYNCED
 *                          └─▶ FAILED (from each of the three)
 *    call       NONE ─▶ (WAITING ─▶) CALLING ─▶ (PASSING ─▶) OVER | LEFT     the app's call
 *    record     NONE ─▶ WRITING ─▶ KEPT, ⇄ RETRY, then DONE | GIVEN_UP       the record of that call's end
 *    response   NONE ─▶ (HEAD ─▶) WHOLE | BROKEN                             what there is to say to the relay
 *    sent       NOTHING ⇄ HEAD ⇄ END                                         how much of it was said on this connection
 *    resent     NONE ─▶ EXPECTED ─▶ COMING ─▶ NONE                           a whole request that comes once more
 *
 * Each is changed only by its stream_…_to(), which aborts on a move that is not in the table of stream_states.c, in
 * every build: such a move is a fault of this program, and to go on would call an app twice or free what is in use. */
#pragma once

#include <stdbool.h>

enum inbound_state {
	INBOUND_RECEIVING,
	INBOUND_WHOLE,
	INBOUND_REFUSED, /* the relay refused the sender: what is known goes on record, the app is not called */
	INBOUND_DROPPED, /* what came is forgotten */
};

enum commit_state {
	COMMIT_NONE,
	COMMIT_WRITING,
	COMMIT_STORED,       /* a kill of this process does not undo it: the app may be called */
	COMMIT_KNOWN,        /* it was in the store before: the app is not called */
	COMMIT_SYNCED,       /* a power cut does not undo it either: RECORDED and the response may be sent */
	COMMIT_KNOWN_SYNCED, /* the same of one that was known */
	COMMIT_FAILED,
};

enum call_state {
	CALL_NONE,
	CALL_WAITING, /* the delivery waits for its turn (weather.c) */
	CALL_CALLING,
	CALL_PASSING, /* the app said 101: bytes go both ways */
	CALL_OVER,
	CALL_LEFT, /* no call counts: the store says what the delivery waits for */
};

enum record_state {
	RECORD_NONE,
	RECORD_WRITING,
	RECORD_KEPT,  /* a kill of this process does not undo it: the answer's last frame may be sent */
	RECORD_RETRY, /* the store did not take it, and is asked again later */
	RECORD_DONE,
	RECORD_GIVEN_UP,
};

enum response_state {
	RESPONSE_NONE,
	RESPONSE_HEAD, /* status and headers are here, the body is coming */
	RESPONSE_WHOLE,
	RESPONSE_BROKEN, /* the app broke off after the head was sent */
};

enum sent_state { SENT_NOTHING, SENT_HEAD, SENT_END };

enum resent_state {
	RESENT_NONE,
	RESENT_EXPECTED, /* RESUME said that the relay sends the request once more */
	RESENT_COMING,
};

struct stream;

void stream_inbound_to(struct stream *st, enum inbound_state to);
void stream_commit_to(struct stream *st, enum commit_state to);
void stream_call_to(struct stream *st, enum call_state to);
void stream_record_to(struct stream *st, enum record_state to);
void stream_response_to(struct stream *st, enum response_state to);
void stream_sent_to(struct stream *st, enum sent_state to);
void stream_resent_to(struct stream *st, enum resent_state to);

/* Whether its commit is under way. */
bool stream_commits(const struct stream *st);
/* Whether the end of its call is on its way into the store. */
bool stream_is_being_recorded(const struct stream *st);
/* Whether it is on record without a number of the database yet. */
bool stream_is_unnumbered(const struct stream *st);
/* Gives it that number; 0: it never gets one. */
void stream_number(struct stream *st, int64_t id);
/* Whether it is in the store and survives a power cut. */
bool stream_is_synced(const struct stream *st);

enum stream_machine {
	MACHINE_INBOUND,
	MACHINE_COMMIT,
	MACHINE_CALL,
	MACHINE_RECORD,
	MACHINE_RESPONSE,
	MACHINE_SENT,
	MACHINE_RESENT,
	MACHINES,
};
/* Whether the machine may go from one state to the other. Pure. */
bool stream_may(enum stream_machine machine, unsigned from, unsigned to);
/* A state's name, for tests that go through all; NULL beyond the last. Pure. */
const char *stream_state_name(enum stream_machine machine, unsigned state);
