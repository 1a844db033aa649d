/*
 * The handshake of shared/PROTOCOL.md §3 and §4 for spin (https://spinroot.com). `make model` checks it; the options of
 * spin and pan, the bounds and the variants stand in tests/model/run.sh.
 *
 * Modelled: N deliveries with a sender each; a relay with volatile state (streams, waiting senders, the session it holds
 * through the grace) and a durable spool; a client with volatile state (streams, app calls, writes under way) and a durable
 * store (deliveries on record, attempts on record). The connection is two FIFO channels. A cut empties both; each end
 * notices it in its own time and what it says until then is lost, and a client may be back before the relay has noticed.
 * Writes are asynchronous: asked for, durable, told, three steps of which a crash may come between any two. Either end's
 * grace may expire at any time while it is disconnected, not at the same time as the other's, and a client whose own has
 * expired still offers its nonce. A request is one frame or (PARTS) two, an answer two: RESPONSE and the DATA with END.
 * Deliveries come before the client's first connection or after it.
 *
 * Faults are bounded by counters, so that a search of all states ends and every run does: CUTS, C_CRASHES, R_CRASHES, FULLS
 * (the client's disk is full for one write: RESET STORE), SPOOL_FULLS (503), HANGUPS (the sender goes or gets its 504).
 *
 * Not modelled: bodies and their lengths, flow control, sealing, HELLO's refusals, GOAWAY, a close with 1000, refused
 * deliveries, GET and other methods that are not spooled, "answer 202 at once", "do not queue", the spool's quota and expiry,
 * the store's pruning, an app that breaks off, drain_parallel, several clients of one tunnel, replays, a full disk at the
 * record of an attempt, disks that lose what they confirmed, and time: a reply timeout is a HANGUP.
 *
 * Checked: in every state the asserts, by the names below; where nothing can happen any more, that all is over (`finished`:
 * no deadlock but this end); and the two formulas at the bottom. These hold without fairness, as no run goes in a circle: the
 * counters run out, and what is enabled then comes to be. (Nor would pan's -f do: 6.5.2 misses with it a run that ends badly.)
 * Faults may stop before their counters are used up, so nothing gets over only because a fault had to come.
 *
 * A rule that is broken on purpose (BAD_…), or left out where a reader of PROTOCOL.md may miss it (HOLE_…), has a macro: spin
 * has to find the error in each. OLD_NONCE_TOO: the relay resumes by the nonce before its last as well, as when the cut took
 * the WELCOME along; this must hold, too.
 */
#ifndef N
#define N 1
#endif
#ifndef CUTS
#define CUTS 2
#endif
#ifndef C_CRASHES
#define C_CRASHES 1
#endif
#ifndef R_CRASHES
#define R_CRASHES 1
#endif
#ifndef FULLS
#define FULLS 1
#endif
#ifndef SPOOL_FULLS
#define SPOOL_FULLS 1
#endif
#ifndef HANGUPS
#define HANGUPS 1
#endif
#ifndef ROOM
#define ROOM 10 /* frames in flight each way */
#endif

/* Frames: type, stream, delivery, bits. LIST_END is the RESUME of stream 0, REST a request's last DATA, END an answer's. */
mtype = { HELLO, WELCOME, RESUME, LIST_END, REQUEST, REST, RECORDED, RESPONSE, END, DONE, CANCEL, STORE, APP_ABORTED };
chan to_client = [ROOM] of { mtype, byte, byte, byte };
chan to_relay = [ROOM] of { mtype, byte, byte, byte };
#define F_END 1
#define F_SPOOLED 4
#define F_RECORDED 1 /* of RESUME */
#define F_HEAD 2

/* How an end sees its connection. STALE: cut, and not noticed yet. */
#define DOWN 0
#define UP 1
#define STALE 2

/* A delivery at the relay (§3). DRAINED: handed out and RECORDED, the client's RESPONSE for the record is to come. */
mtype = { R_NEW, R_OPEN, R_SPOOLING, R_QUEUED, R_HANDED, R_DRAINED, R_RECORDED, R_ANSWERING, R_OVER };
/* What the sender got. GONE: it hung up, or got 504. NOTHING: an error or a broken connection, neither of which promises. */
mtype = { S_WAITS, S_ANSWER, S_202, S_GONE, S_NOTHING };
/* A stream at the client. OPEN: on record; the app is called or its answer sent. */
mtype = { C_NONE, C_RECEIVING, C_COMMITTING, C_KNOWN, C_OPEN };
/* What the client's store said to a write. */
mtype = { W_NONE, W_NEW, W_KNOWN, W_FULL };

mtype sender[N] = S_WAITS;

/* The relay. Durable: */
bool spool[N];
/* Volatile: */
bool r_alive = true;
byte r_link = DOWN;
bool r_hold; /* it keeps a session: the client is there, or away within the grace */
byte r_next = 1; /* the next stream's number */
mtype r_st[N] = R_NEW;
byte r_stream[N];
byte r_sent[N]; /* frames of the request sent on this connection */
byte r_insert[N]; /* 1 asked for, 2 durable, not told yet */
bool r_delete[N];

/* The client. Durable: */
bool rec[N];
bool attempt[N];
/* Volatile: */
bool c_alive = true;
byte c_link = DOWN;
bool c_ready; /* WELCOME is here and the list of RESUMEs is over */
mtype c_st[N] = C_NONE;
byte c_stream[N];
byte c_ended[N]; /* the stream of this connection that the client itself ended */
bool c_spooled[N];
bool c_listed[N];
bool c_told[N]; /* RECORDED is sent, or the relay says that it has it */
byte c_said[N]; /* frames of the answer that are sent, or that the relay says it has */
byte w_asked[N];
mtype w_told[N] = W_NONE;
byte call[N]; /* 1 under way, 2 answered */
bool w_attempt[N];

/* Both hold the same nonce. A new one is made with each WELCOME, so it is not the same until that arrived. */
bool same_nonce;

/* What happened, for the properties alone. */
byte inserts[N];
byte calls[N];
byte cuts, c_crashes, r_crashes, fulls, spool_fulls, hangups;

/* The properties' names, for spin to print where one fails: all 0, and never written. */
hidden byte acknowledged_is_on_disk;   /* what got 202 or the app's answer is in the spool or in the client's store */
hidden byte all_is_over_at_the_end;    /* no deadlock: streams over, senders answered, what was acknowledged delivered */
hidden byte sender_answered_once;      /* at most */
hidden byte recorded_once;             /* a delivery is put on record at most once */
hidden byte called_once_a_life;        /* the app, for a delivery, between two starts of the client */
hidden byte no_call_after_an_attempt;  /* the app is not called again when an attempt is on record */
hidden byte no_malformed_frame;        /* no frame comes at a place where the states of §3 do not allow it */
hidden byte one_stream_a_delivery;     /* the client never holds two streams of one delivery */
hidden byte room_in_flight;            /* the channels are long enough not to bound the model */

#define acked(i) (sender[i] == S_202 || sender[i] == S_ANSWER || r_st[i] == R_ANSWERING)
#define safe(i) (!acked(i) || spool[i] || rec[i])
#define delivered(i) (rec[i] && calls[i] > 0)
#define quiet(i)                                                                                                               \
	(r_st[i] == R_OVER && sender[i] != S_WAITS && !spool[i] && r_insert[i] == 0 && !r_delete[i] && c_st[i] == C_NONE &&    \
	 w_asked[i] == 0 && w_told[i] == W_NONE && call[i] != 1 && !w_attempt[i] && rec[i] == attempt[i])
#if N == 1
#define each_quiet quiet(0)
#define each_safe safe(0)
#define each_delivered (!acked(0) || delivered(0))
#else
#define each_quiet (quiet(0) && quiet(1))
#define each_safe (safe(0) && safe(1))
#define each_delivered ((!acked(0) || delivered(0)) && (!acked(1) || delivered(1)))
#endif
#define finished (r_alive && c_alive && len(to_client) == 0 && len(to_relay) == 0 && each_quiet)

inline lose_in_flight()
{
	do
	:: to_client?_,_,_,_
	:: empty(to_client) -> break
	od;
	do
	:: to_relay?_,_,_,_
	:: empty(to_relay) -> break
	od
}

#include "relay.pml"
#include "client.pml"

/* ---- faults ---- */

inline cut_relay()
{
	if
	:: r_link == UP -> r_link = STALE
	:: else
	fi;
	lose_in_flight()
}

inline c_lose(i)
{
	c_drop(i);
	c_ended[i] = 0;
	w_asked[i] = 0;
	w_told[i] = W_NONE;
	call[i] = 0;
	w_attempt[i] = false
}

inline c_crash()
{
	c_crashes++;
	c_alive = false;
	c_link = DOWN;
	c_ready = false;
	same_nonce = false;
	cut_relay();
	c_lose(0);
#if N > 1
	c_lose(1)
#endif
}

inline r_lose(i)
{
	if
	:: r_st[i] == R_NEW
	:: else ->
		if
		:: sender[i] == S_WAITS -> sender[i] = S_NOTHING
		:: else
		fi;
		r_over(i)
	fi;
	r_insert[i] = 0;
	r_delete[i] = false
}

inline r_crash()
{
	r_crashes++;
	r_alive = false;
	r_link = DOWN;
	r_hold = false;
	r_next = 1;
	same_nonce = false;
	if
	:: c_link == UP -> c_link = STALE
	:: else
	fi;
	lose_in_flight();
	r_lose(0);
#if N > 1
	r_lose(1)
#endif
}

#define HANGUP(i)                                                                                                              \
	:: atomic                                                                                                              \
	{                                                                                                                      \
		(r_st[i] == R_OPEN || r_st[i] == R_RECORDED || r_st[i] == R_ANSWERING) && hangups < HANGUPS -> r_hangup(i)     \
	}

/* It may end with faults left, so that nothing is found to be over only because one had to come. */
active proctype Faults()
{
end:
	do
	:: atomic { c_link == UP && cuts < CUTS -> cuts++; c_link = STALE; cut_relay() }
	:: atomic { c_alive && c_crashes < C_CRASHES -> c_crash() }
	:: atomic { r_alive && r_crashes < R_CRASHES -> r_crash() }
	HANGUP(0)
#if N > 1
	HANGUP(1)
#endif
	:: break
	od
}

/* What was acknowledged is on one disk or the other, in every state; and where nothing can happen any more, all is over. */
active proctype Monitor()
{
end:
	do
	:: atomic { !each_safe -> assert(acknowledged_is_on_disk) }
	:: atomic { timeout -> assert((finished && each_delivered) || all_is_over_at_the_end); break }
	od
}

ltl delivered_at_last { [] (acked(0) -> <> delivered(0)) }
ltl over_at_last { <> [] finished }
