/* The relay of handshake.pml: the states of PROTOCOL.md §3, its end of §4. */

inline relay_says(type, stream, i, bits)
{
	if
	:: r_link == UP -> assert(len(to_client) < ROOM || room_in_flight); to_client!type,stream,i,bits
	:: else
	fi
}

/* A sender is answered at most once. */
inline answer(i, how)
{
	assert(sender[i] == S_WAITS || sender_answered_once);
	sender[i] = how
}

inline r_over(i)
{
	r_st[i] = R_OVER;
	r_stream[i] = 0;
	r_sent[i] = 0
}

inline r_to_spool(i)
{
	r_st[i] = R_SPOOLING;
	r_stream[i] = 0;
	r_sent[i] = 0;
	r_insert[i] = 1;
#ifdef BAD_ACK_BEFORE_SPOOLED
	answer(i, S_202)
#endif
}

inline r_spool_told(i)
{
	r_insert[i] = 0;
	r_st[i] = R_QUEUED;
#ifndef BAD_ACK_BEFORE_SPOOLED
	answer(i, S_202)
#endif
}

inline r_spool_failed(i)
{
	spool_fulls++;
	r_insert[i] = 0;
#ifndef BAD_ACK_BEFORE_SPOOLED
	answer(i, S_NOTHING);
#endif
	r_over(i)
}

inline r_send(i)
{
	if
	:: r_stream[i] == 0 -> r_stream[i] = r_next; r_next++
	:: else
	fi;
#ifdef PARTS
	if
	:: r_sent[i] == 0 -> relay_says(REQUEST, r_stream[i], i, 0)
	:: else -> relay_says(REST, r_stream[i], i, F_END)
	fi;
	r_sent[i]++
#else
	relay_says(REQUEST, r_stream[i], i, F_END);
	r_sent[i] = 2
#endif
}

inline r_hand_out(i)
{
	r_stream[i] = r_next;
	r_next++;
	relay_says(REQUEST, r_stream[i], i, F_END + F_SPOOLED);
	r_st[i] = R_HANDED;
#ifdef BAD_FORGET_AT_HAND_OUT
	r_delete[i] = true
#endif
}

/* The sender hangs up, or gets 504. The client hears of it if it may know the stream, sent on this connection or not. */
inline r_hangup(i)
{
	hangups++;
	answer(i, S_GONE);
	if
#ifdef HOLE_CANCEL_ONLY_SENT
	:: r_st[i] == R_OPEN && r_sent[i] == 0
#else
	:: r_stream[i] == 0
#endif
	:: else -> relay_says(CANCEL, r_stream[i], i, 0)
	fi;
	r_over(i)
}

/* Streams of deliveries out of the spool are not resumed: what was not RECORDED is handed out anew. */
inline r_disconnect_one(i)
{
	if
	:: r_st[i] == R_HANDED -> r_st[i] = R_QUEUED; r_stream[i] = 0
	:: r_st[i] == R_DRAINED -> r_over(i)
	:: else
	fi
}

inline r_disconnect()
{
	r_link = DOWN;
	r_disconnect_one(0);
#if N > 1
	r_disconnect_one(1);
#endif
}

/* The grace is over, or the client came back as another: to each delivery what §3 says under "away beyond the grace". */
inline r_forget_one(i)
{
	if
	:: r_st[i] == R_OPEN -> r_to_spool(i)
	:: r_st[i] == R_RECORDED -> answer(i, S_202); r_over(i)
	:: r_st[i] == R_ANSWERING -> answer(i, S_NOTHING); r_over(i)
	:: else
	fi
}

inline r_forget()
{
	r_hold = false;
	same_nonce = false;
	r_forget_one(0);
#if N > 1
	r_forget_one(1);
#endif
}

inline r_list(i)
{
	if
	:: r_st[i] == R_OPEN && r_stream[i] != 0 ->
		relay_says(RESUME, r_stream[i], i, 0);
#ifndef BAD_NO_RESEND
		r_sent[i] = 0
#endif
	:: r_st[i] == R_RECORDED -> relay_says(RESUME, r_stream[i], i, F_RECORDED)
	:: r_st[i] == R_ANSWERING -> relay_says(RESUME, r_stream[i], i, F_RECORDED + F_HEAD)
	:: else
	fi
}

inline r_hello(nonce_fits)
{
	if
	:: r_link == STALE -> r_disconnect()
	:: else -> assert(r_link == DOWN || no_malformed_frame)
	fi;
	r_link = UP;
	if
	:: nonce_fits && r_hold ->
#ifndef OLD_NONCE_TOO
		same_nonce = false;
#endif
		relay_says(WELCOME, 0, 0, 1);
		r_list(0);
#if N > 1
		r_list(1);
#endif
		relay_says(LIST_END, 0, 0, 0)
	:: else ->
		r_forget();
		r_hold = true;
		r_next = 1;
		relay_says(WELCOME, 0, 0, 0)
	fi
}

/* A frame for a stream that is over is ignored; one that its stream's state does not allow would be malformed. */
inline r_frame(type, stream, i, bits)
{
	if
	:: stream == 0 || r_stream[i] != stream
	:: else ->
		if
		:: type == RECORDED && r_st[i] == R_OPEN ->
			r_st[i] = R_RECORDED;
			r_sent[i] = 0
#ifdef BAD_202_AT_RECORDED
			; answer(i, S_202)
#endif
		:: type == RECORDED && r_st[i] == R_HANDED -> r_st[i] = R_DRAINED; r_delete[i] = true
		:: type == RESPONSE && r_st[i] == R_RECORDED && !(bits & F_END) -> r_st[i] = R_ANSWERING
		:: (type == RESPONSE && r_st[i] == R_RECORDED && (bits & F_END)) || (type == END && r_st[i] == R_ANSWERING) ->
			answer(i, S_ANSWER);
			relay_says(DONE, stream, i, 0);
			r_over(i)
		:: type == RESPONSE && r_st[i] == R_DRAINED ->
#ifndef HOLE_NO_DONE_FOR_SPOOLED
			relay_says(DONE, stream, i, 0);
#endif
			r_over(i)
		:: type == STORE && r_st[i] == R_OPEN -> r_to_spool(i)
		:: type == STORE && r_st[i] == R_HANDED -> r_st[i] = R_QUEUED; r_stream[i] = 0
#ifdef HOLE_ABORT_BEFORE_HEAD
		:: type == APP_ABORTED && r_st[i] == R_RECORDED
#else
		:: type == APP_ABORTED && r_st[i] == R_RECORDED -> answer(i, S_202); r_over(i)
#endif
		:: type == APP_ABORTED && r_st[i] == R_ANSWERING -> answer(i, S_NOTHING); r_over(i)
		:: else -> assert(no_malformed_frame)
		fi
	fi
}

inline r_restart(i)
{
	if
	:: spool[i] -> r_st[i] = R_QUEUED
	:: else
	fi
}

#define came_before(i) (i == 0 || r_st[0] != R_NEW) /* which is first makes no difference */
#define RELAY(i)                                                                                                               \
	:: atomic { r_alive && r_st[i] == R_NEW && came_before(i) -> r_st[i] = R_OPEN }                                        \
	:: atomic { r_alive && r_st[i] == R_OPEN && r_link != DOWN && r_sent[i] < 2 -> r_send(i) }                             \
	:: atomic { r_alive && r_st[i] == R_OPEN && !r_hold -> r_to_spool(i) }                                                 \
	:: atomic { r_insert[i] == 1 -> spool[i] = true; r_insert[i] = 2 }                                                     \
	:: atomic { r_insert[i] == 1 && spool_fulls < SPOOL_FULLS -> r_spool_failed(i) }                                       \
	:: atomic { r_insert[i] == 2 -> r_spool_told(i) }                                                                      \
	:: atomic { r_alive && r_st[i] == R_QUEUED && r_link != DOWN -> r_hand_out(i) }                                        \
	:: atomic { r_delete[i] -> r_delete[i] = false; spool[i] = false }

active proctype Relay()
{
	mtype type;
	byte stream, i, bits;

end:
	do
	:: atomic
	{
		r_alive && nempty(to_relay) ->
		to_relay?type,stream,i,bits;
		if
		:: type == HELLO -> r_hello(bits)
		:: else -> assert(r_link == UP || no_malformed_frame); r_frame(type, stream, i, bits)
		fi;
		type = 0;
		stream = 0;
		i = 0;
		bits = 0
	}
	RELAY(0)
#if N > 1
	RELAY(1)
#endif
	:: atomic { r_link == STALE -> r_disconnect() }
	:: atomic { r_alive && r_link == DOWN && r_hold -> r_forget() }
	:: atomic { !r_alive -> r_alive = true; r_restart(0)
#if N > 1
		; r_restart(1)
#endif
	}
	od
}
