#include "client/stream/stream.h"

#include <stdio.h>
#include <stdlib.h>

#define STATES_MOST 8
#define TO(state) (1u << (state))

struct machine {
	const char *name;
	const char *states[STATES_MOST];
	unsigned moves[STATES_MOST]; /* where each may go: a bit a state */
};

static const struct machine machines[MACHINES] = {
	[MACHINE_INBOUND] = {
		"inbound",
		{ "RECEIVING", "WHOLE", "REFUSED", "DROPPED" },
		{
			[INBOUND_RECEIVING] = TO(INBOUND_WHOLE) | TO(INBOUND_REFUSED) | TO(INBOUND_DROPPED),
		},
	},
	[MACHINE_COMMIT] = {
		"commit",
		{ "NONE", "WRITING", "STORED", "KNOWN", "SYNCED", "KNOWN_SYNCED", "FAILED" },
		{
			/* What is taken out of the store is in it. */
			[COMMIT_NONE] = TO(COMMIT_WRITING) | TO(COMMIT_SYNCED),
			[COMMIT_WRITING] = TO(COMMIT_STORED) | TO(COMMIT_KNOWN) | TO(COMMIT_FAILED),
			[COMMIT_STORED] = TO(COMMIT_SYNCED) | TO(COMMIT_FAILED),
			[COMMIT_KNOWN] = TO(COMMIT_KNOWN_SYNCED) | TO(COMMIT_FAILED),
		},
	},
	[MACHINE_CALL] = {
		"call",
		{ "NONE", "WAITING", "CALLING", "PASSING", "OVER", "LEFT" },
		{
			/* OVER at once where the client answers in the app's place. */
			[CALL_NONE] = TO(CALL_WAITING) | TO(CALL_CALLING) | TO(CALL_OVER) | TO(CALL_LEFT),
			[CALL_WAITING] = TO(CALL_CALLING) | TO(CALL_OVER) | TO(CALL_LEFT),
			[CALL_CALLING] = TO(CALL_PASSING) | TO(CALL_OVER) | TO(CALL_LEFT),
			[CALL_PASSING] = TO(CALL_OVER),
		},
	},
	[MACHINE_RECORD] = {
		"record",
		{ "NONE", "WRITING", "KEPT", "RETRY", "DONE", "GIVEN_UP" },
		{
			[RECORD_NONE] = TO(RECORD_WRITING),
			[RECORD_WRITING] = TO(RECORD_KEPT) | TO(RECORD_RETRY) | TO(RECORD_GIVEN_UP),
			[RECORD_KEPT] = TO(RECORD_RETRY) | TO(RECORD_DONE) | TO(RECORD_GIVEN_UP),
			[RECORD_RETRY] = TO(RECORD_WRITING) | TO(RECORD_GIVEN_UP),
		},
	},
	[MACHINE_RESPONSE] = {
		"response",
		{ "NONE", "HEAD", "WHOLE", "BROKEN" },
		{
			[RESPONSE_NONE] = TO(RESPONSE_HEAD) | TO(RESPONSE_WHOLE),
			[RESPONSE_HEAD] = TO(RESPONSE_WHOLE) | TO(RESPONSE_BROKEN),
		},
	},
	/* A resumption goes back to where the relay stands. */
	[MACHINE_SENT] = {
		"sent",
		{ "NOTHING", "HEAD", "END" },
		{
			[SENT_NOTHING] = TO(SENT_NOTHING) | TO(SENT_HEAD) | TO(SENT_END),
			[SENT_HEAD] = TO(SENT_NOTHING) | TO(SENT_HEAD) | TO(SENT_END),
			[SENT_END] = TO(SENT_NOTHING) | TO(SENT_HEAD),
		},
	},
	[MACHINE_RESENT] = {
		"resent",
		{ "NONE", "EXPECTED", "COMING" },
		{
			[RESENT_NONE] = TO(RESENT_NONE) | TO(RESENT_EXPECTED),
			[RESENT_EXPECTED] = TO(RESENT_NONE) | TO(RESENT_EXPECTED) | TO(RESENT_COMING),
			[RESENT_COMING] = TO(RESENT_NONE) | TO(RESENT_EXPECTED),
		},
	},
};

bool stream_may(enum stream_machine machine, unsigned from, unsigned to)
{
	return machines[machine].moves[from] & TO(to);
}

const char *stream_state_name(enum stream_machine machine, unsigned state)
{
	return state < STATES_MOST ? machines[machine].states[state] : NULL;
}

bool stream_commits(const struct stream *st)
{
	return st->commit == COMMIT_WRITING || st->commit == COMMIT_STORED || st->commit == COMMIT_KNOWN;
}

bool stream_is_being_recorded(const struct stream *st)
{
	return st->record == RECORD_WRITING || st->record == RECORD_KEPT || st->record == RECORD_RETRY;
}

bool stream_is_unnumbered(const struct stream *st)
{
	return st->delivery_id < 0;
}

bool stream_is_synced(const struct stream *st)
{
	return st->commit == COMMIT_SYNCED || st->commit == COMMIT_KNOWN_SYNCED;
}

static void check(const struct stream *st, enum stream_machine m, unsigned from, unsigned to)
{
	if (stream_may(m, from, to))
		return;
	fprintf(stderr, "creel: a fault in this program: delivery %lld on stream %llu cannot go from %s %s to %s\n",
		(long long)st->delivery_id, (unsigned long long)st->id, machines[m].name, machines[m].states[from],
		machines[m].states[to]);
	abort();
}

/* It is counted as busy while its commit, its call or the record of that is under way. */
static void count(struct stream *st)
{
	bool busy = stream_commits(st) || st->call == CALL_WAITING || st->call == CALL_CALLING ||
		    stream_is_being_recorded(st) || stream_is_unnumbered(st);
	if (busy == st->counted)
		return;
	st->counted = busy;
	if (busy)
		st->set->busy++;
	else
		st->set->busy--;
}

void stream_number(struct stream *st, int64_t id)
{
	st->delivery_id = id;
	count(st);
}

void stream_inbound_to(struct stream *st, enum inbound_state to)
{
	check(st, MACHINE_INBOUND, st->inbound, to);
	st->inbound = to;
}

void stream_commit_to(struct stream *st, enum commit_state to)
{
	check(st, MACHINE_COMMIT, st->commit, to);
	st->commit = to;
	count(st);
}

void stream_call_to(struct stream *st, enum call_state to)
{
	check(st, MACHINE_CALL, st->call, to);
	st->call = to;
	count(st);
}

void stream_record_to(struct stream *st, enum record_state to)
{
	check(st, MACHINE_RECORD, st->record, to);
	st->record = to;
	count(st);
}

void stream_response_to(struct stream *st, enum response_state to)
{
	check(st, MACHINE_RESPONSE, st->response_state, to);
	st->response_state = to;
}

void stream_sent_to(struct stream *st, enum sent_state to)
{
	check(st, MACHINE_SENT, st->sent, to);
	st->sent = to;
}

void stream_resent_to(struct stream *st, enum resent_state to)
{
	check(st, MACHINE_RESENT, st->resent, to);
	st->resent = to;
}
