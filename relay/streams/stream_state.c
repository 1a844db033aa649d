#include "relay/streams/stream_state.h"

bool stream_state_may(enum stream_state from, enum stream_state to)
{
	static const bool may[STREAM_STATES][STREAM_STATES] = {
		[STREAM_OPEN] = { [STREAM_RECORDED] = true, [STREAM_SPOOLING] = true, [STREAM_OVER] = true },
		[STREAM_RECORDED] = { [STREAM_ANSWERING] = true, [STREAM_OVER] = true },
		[STREAM_ANSWERING] = { [STREAM_OVER] = true },
		[STREAM_SPOOLING] = { [STREAM_QUEUED] = true, [STREAM_OVER] = true },
		[STREAM_QUEUED] = { [STREAM_WRITING] = true, [STREAM_OVER] = true },
		[STREAM_WRITING] = { [STREAM_OVER] = true },
	};
	return may[from][to];
}

bool stream_state_is_live(enum stream_state s)
{
	return s == STREAM_OPEN || s == STREAM_RECORDED || s == STREAM_ANSWERING;
}

bool stream_state_is_spooling(enum stream_state s)
{
	return s == STREAM_SPOOLING || s == STREAM_QUEUED || s == STREAM_WRITING;
}

bool stream_state_needs_body(enum stream_state s)
{
	return s == STREAM_OPEN || s == STREAM_SPOOLING || s == STREAM_QUEUED;
}
