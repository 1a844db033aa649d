/* The state machines of a delivery: every legal move is made, every other one ends the program. */
#include "client/stream/stream.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned states_of(enum stream_machine m)
{
	unsigned n = 0;
	while (stream_state_name(m, n))
		n++;
	return n;
}

static void put(struct stream *st, enum stream_machine m, unsigned state)
{
	switch (m) {
	case MACHINE_INBOUND:
		st->inbound = (enum inbound_state)state;
		break;
	case MACHINE_COMMIT:
		st->commit = (enum commit_state)state;
		break;
	case MACHINE_CALL:
		st->call = (enum call_state)state;
		break;
	case MACHINE_RECORD:
		st->record = (enum record_state)state;
		break;
	case MACHINE_RESPONSE:
		st->response_state = (enum response_state)state;
		break;
	case MACHINE_SENT:
		st->sent = (enum sent_state)state;
		break;
	default:
		st->resent = (enum resent_state)state;
	}
}

static unsigned get(const struct stream *st, enum stream_machine m)
{
	const unsigned all[MACHINES] = { st->inbound,        st->commit, st->call,  st->record,
					 st->response_state, st->sent,   st->resent };
	return all[m];
}

static void move(struct stream *st, enum stream_machine m, unsigned to)
{
	switch (m) {
	case MACHINE_INBOUND:
		stream_inbound_to(st, (enum inbound_state)to);
		break;
	case MACHINE_COMMIT:
		stream_commit_to(st, (enum commit_state)to);
		break;
	case MACHINE_CALL:
		stream_call_to(st, (enum call_state)to);
		break;
	case MACHINE_RECORD:
		stream_record_to(st, (enum record_state)to);
		break;
	case MACHINE_RESPONSE:
		stream_response_to(st, (enum response_state)to);
		break;
	case MACHINE_SENT:
		stream_sent_to(st, (enum sent_state)to);
		break;
	default:
		stream_resent_to(st, (enum resent_state)to);
	}
}

/* Whether a program that makes this move dies of it. */
static bool dies(enum stream_machine m, unsigned from, unsigned to)
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		const struct rlimit none = { 0, 0 };
		struct streams set = { 0 };
		struct stream st = { .set = &set };
		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL);
		fclose(stderr);
		put(&st, m, from);
		move(&st, m, to);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void every_move(void **state)
{
	unsigned legal = 0;
	(void)state;
	for (enum stream_machine m = 0; m < MACHINES; m++) {
		for (unsigned from = 0; from < states_of(m); from++) {
			for (unsigned to = 0; to < states_of(m); to++) {
				struct streams set = { .busy = 1 };
				struct stream st = { .set = &set };
				if (!stream_may(m, from, to)) {
					assert_true(dies(m, from, to));
					continue;
				}
				put(&st, m, from);
				move(&st, m, to);
				assert_int_equal(get(&st, m), to);
				legal++;
			}
		}
	}
	assert_int_equal(legal, 51);
}

/* A state that is an end stays one. */
static void ends_are_ends(void **state)
{
	static const struct {
		enum stream_machine machine;
		unsigned end;
	} ends[] = {
		{ MACHINE_INBOUND, INBOUND_WHOLE },   { MACHINE_INBOUND, INBOUND_REFUSED },
		{ MACHINE_INBOUND, INBOUND_DROPPED }, { MACHINE_COMMIT, COMMIT_SYNCED },
		{ MACHINE_COMMIT, COMMIT_FAILED },    { MACHINE_COMMIT, COMMIT_KNOWN_SYNCED },
		{ MACHINE_CALL, CALL_OVER },          { MACHINE_CALL, CALL_LEFT },
		{ MACHINE_RECORD, RECORD_DONE },      { MACHINE_RECORD, RECORD_GIVEN_UP },
		{ MACHINE_RESPONSE, RESPONSE_WHOLE }, { MACHINE_RESPONSE, RESPONSE_BROKEN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		for (unsigned to = 0; to < states_of(ends[i].machine); to++)
			assert_false(stream_may(ends[i].machine, ends[i].end, to));
}

static void busy_is_counted_by_the_states(void **state)
{
	struct streams set = { 0 };
	struct stream st = { .set = &set };
	(void)state;
	stream_commit_to(&st, COMMIT_WRITING);
	assert_int_equal(set.busy, 1);
	stream_commit_to(&st, COMMIT_STORED);
	stream_call_to(&st, CALL_CALLING);
	stream_commit_to(&st, COMMIT_SYNCED);
	assert_int_equal(set.busy, 1);
	stream_call_to(&st, CALL_PASSING); /* a WebSocket keeps nobody from ending */
	assert_int_equal(set.busy, 0);
	stream_record_to(&st, RECORD_WRITING);
	stream_record_to(&st, RECORD_RETRY);
	assert_int_equal(set.busy, 1);
	stream_record_to(&st, RECORD_GIVEN_UP);
	assert_int_equal(set.busy, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_move),
		cmocka_unit_test(ends_are_ends),
		cmocka_unit_test(busy_is_counted_by_the_states),
	};
	return RUN(tests);
}
