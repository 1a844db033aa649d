/* The client of handshake.pml: the states of PROTOCOL.md §3, its end of §4. */

inline client_says(type, stream, i, bits)
{
	if
	:: c_link == UP -> assert(len(to_relay) < ROOM || room_in_flight); to_relay!type,stream,i,bits
	:: else
	fi
}

inline app_call(i)
{
	assert(call[i] == 0 || called_once_a_life);
	assert(!attempt[i] || no_call_after_an_attempt);
	call[i] = 1;
	calls[i]++
}

/* The stream is over. A write or an app call under way goes on, for the record. */
inline c_drop(i)
{
	c_st[i] = C_NONE;
	c_stream[i] = 0;
	c_spooled[i] = false;
	c_listed[i] = false;
	c_told[i] = false;
	c_said[i] = 0
}

inline c_end(i)
{
#ifndef HOLE_REQUEST_REOPENS
	c_ended[i] = c_stream[i];
#endif
	c_drop(i)
}

inline c_write(i)
{
	c_st[i] = C_COMMITTING;
	w_asked[i]++;
#ifdef BAD_RECORDED_BEFORE_COMMIT
	client_says(RECORDED, c_stream[i], i, 0);
	c_told[i] = true
#endif
}

inline w_commit(i)
{
	w_asked[i]--;
	if
#ifndef BAD_NO_DEDUP
	:: rec[i] -> w_told[i] = W_KNOWN
#endif
	:: else ->
		inserts[i]++;
		assert(inserts[i] == 1 || recorded_once);
		rec[i] = true;
		w_told[i] = W_NEW
	fi
}

/* The store tells of a write: of the stream's if that waits and no later write is asked for, else of a stream that is over. */
inline c_written(i)
{
	if
	:: w_told[i] == W_NEW ->
		if
		:: w_asked[i] == 0 && c_st[i] == C_COMMITTING -> c_st[i] = C_OPEN; app_call(i)
#ifdef BAD_NO_CALL_WITHOUT_STREAM
		:: else
#else
		:: else -> app_call(i)
#endif
		fi
	:: w_told[i] == W_KNOWN ->
#ifdef BAD_CALL_FOR_KNOWN
		app_call(i);
#endif
		if
		:: w_asked[i] == 0 && c_st[i] == C_COMMITTING -> c_st[i] = C_KNOWN
		:: else
		fi
	:: w_told[i] == W_FULL ->
		if
		:: w_asked[i] == 0 && c_st[i] == C_COMMITTING && c_ready ->
			client_says(STORE, c_stream[i], i, 0);
			c_end(i)
		:: w_asked[i] == 0 && c_st[i] == C_COMMITTING && !c_ready -> c_drop(i)
		:: else
		fi
	fi;
	w_told[i] = W_NONE
}

inline c_answer(i)
{
	if
	:: c_st[i] == C_KNOWN -> client_says(RESPONSE, c_stream[i], i, F_END); c_end(i)
	:: c_st[i] == C_OPEN && c_spooled[i] -> client_says(RESPONSE, c_stream[i], i, F_END); c_said[i] = 2
	:: c_st[i] == C_OPEN && !c_spooled[i] && c_said[i] == 0 -> client_says(RESPONSE, c_stream[i], i, 0); c_said[i] = 1
	:: else -> client_says(END, c_stream[i], i, F_END); c_said[i] = 2
	fi
}

inline c_drop_unlisted(i)
{
	if
	:: !c_listed[i] -> c_drop(i)
	:: else -> c_listed[i] = false
	fi
}

inline c_drop_all()
{
	c_drop(0);
#if N > 1
	c_drop(1)
#endif
}

inline c_disconnect_one(i)
{
	c_ended[i] = 0;
	c_listed[i] = false; /* a list cut in the middle says nothing */
	if
	:: c_st[i] == C_RECEIVING -> c_drop(i)
	:: else
	fi
}

inline c_disconnect()
{
	c_link = DOWN;
	c_ready = false;
	c_disconnect_one(0);
#if N > 1
	c_disconnect_one(1)
#endif
}

inline c_resume(stream, i, bits)
{
	if
	:: c_stream[i] == stream ->
		c_listed[i] = true;
#ifdef BAD_RECORDED_TWICE
		c_told[i] = false;
#else
		c_told[i] = bits & F_RECORDED;
#endif
		c_said[i] = (bits & F_HEAD -> 1 : 0)
	:: else ->
		if
		:: bits & F_RECORDED -> client_says(APP_ABORTED, stream, i, 0)
		:: else
		fi
	fi
}

inline c_request(stream, i, bits)
{
	assert(c_ready || no_malformed_frame);
	if
	:: stream == c_ended[i] || stream == c_stream[i]
	:: else ->
		assert(c_stream[i] == 0 || one_stream_a_delivery); /* else the relay will never end the one before */
		c_stream[i] = stream;
		c_spooled[i] = (bits & F_SPOOLED -> 1 : 0);
		if
		:: bits & F_END -> c_write(i)
		:: else -> c_st[i] = C_RECEIVING
		fi
	fi
}

inline c_frame(type, stream, i, bits)
{
	if
	:: type == WELCOME ->
		same_nonce = true;
		if
		:: bits
		:: else -> c_drop_all(); c_ready = true
		fi
	:: type == RESUME -> c_resume(stream, i, bits)
	:: type == LIST_END ->
		c_drop_unlisted(0);
#if N > 1
		c_drop_unlisted(1);
#endif
		c_ready = true
	:: type == REQUEST -> c_request(stream, i, bits)
	:: type == REST && c_stream[i] == stream && c_st[i] == C_RECEIVING -> c_write(i)
	:: (type == DONE || type == CANCEL) && c_stream[i] == stream -> c_drop(i)
	:: else
	fi
}

inline c_restart(i)
{
	if
#ifdef BAD_CALL_AT_EVERY_START
	:: rec[i] -> app_call(i)
#else
	:: rec[i] && !attempt[i] -> app_call(i)
#endif
	:: else
	fi
}

#define can_answer(i)                                                                                                          \
	(c_ready && c_told[i] &&                                                                                               \
	 (c_st[i] == C_KNOWN || (c_st[i] == C_OPEN && call[i] == 2 && c_said[i] < 2)))
#define CLIENT(i)                                                                                                              \
	:: atomic { w_asked[i] > 0 && w_told[i] == W_NONE -> w_commit(i) }                                                     \
	:: atomic { w_asked[i] > 0 && w_told[i] == W_NONE && fulls < FULLS -> fulls++; w_asked[i]--; w_told[i] = W_FULL }      \
	:: atomic { w_told[i] != W_NONE -> c_written(i) }                                                                      \
	:: atomic                                                                                                              \
	{                                                                                                                      \
		c_ready && !c_told[i] && (c_st[i] == C_OPEN || c_st[i] == C_KNOWN) ->                                          \
			client_says(RECORDED, c_stream[i], i, 0);                                                              \
			c_told[i] = true                                                                                       \
	}                                                                                                                      \
	:: atomic { can_answer(i) -> c_answer(i) }                                                                             \
	:: atomic { call[i] == 1 -> call[i] = 2; w_attempt[i] = true }                                                         \
	:: atomic { w_attempt[i] -> w_attempt[i] = false; attempt[i] = true }

#if N == 1
#define some_stream (c_st[0] != C_NONE)
#else
#define some_stream (c_st[0] != C_NONE || c_st[1] != C_NONE)
#endif

active proctype Client()
{
	mtype type;
	byte stream, i, bits;

end:
	do
	:: atomic
	{
		c_link == UP && nempty(to_client) ->
		to_client?type,stream,i,bits;
		c_frame(type, stream, i, bits);
		type = 0;
		stream = 0;
		i = 0;
		bits = 0
	}
	CLIENT(0)
#if N > 1
	CLIENT(1)
#endif
	:: atomic { c_alive && c_link == DOWN && r_alive -> c_link = UP; client_says(HELLO, 0, 0, same_nonce) }
	:: atomic { c_link == STALE -> c_disconnect() }
	:: atomic { c_link == DOWN && some_stream -> c_drop_all() } /* its grace; it may still offer the nonce */
	:: atomic { !c_alive -> c_alive = true; c_restart(0)
#if N > 1
		; c_restart(1)
#endif
	}
	od
}
