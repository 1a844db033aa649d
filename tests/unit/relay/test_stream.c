/* A stream's states and a delivery's phases: every step that may be, with the tables and counts that follow it, and
 * that every other ends the process. */
#include "relay/tunnels/connection.h"
#include "relay/tunnels/tunnel.h"
#include "relay/streams/drain.h"
#include "relay/streams/stream.h"
#include "tests/unit/unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static struct relay relay;
static struct tunnel_table table = { .relay = &relay };
static struct tunnel tunnel = { .table = &table, .name = "shop" };
static struct client client = { .tunnel = &tunnel };

/* The drawing of stream_state.h, as pairs. */
static const struct {
	enum stream_state from, to;
} steps[] = {
	{ STREAM_OPEN, STREAM_RECORDED },      { STREAM_OPEN, STREAM_SPOOLING }, { STREAM_OPEN, STREAM_OVER },
	{ STREAM_RECORDED, STREAM_ANSWERING }, { STREAM_RECORDED, STREAM_OVER }, { STREAM_ANSWERING, STREAM_OVER },
	{ STREAM_SPOOLING, STREAM_QUEUED },    { STREAM_SPOOLING, STREAM_OVER }, { STREAM_QUEUED, STREAM_WRITING },
	{ STREAM_QUEUED, STREAM_OVER },        { STREAM_WRITING, STREAM_OVER },
};

static const struct {
	enum delivery_phase from, to;
} phases[] = {
	{ PHASE_RECEIVING, PHASE_WHOLE },   { PHASE_RECEIVING, PHASE_REFUSED }, { PHASE_WHOLE, PHASE_ANSWERING },
	{ PHASE_WHOLE, PHASE_REFUSED },     { PHASE_WHOLE, PHASE_ACCEPTED },    { PHASE_ANSWERING, PHASE_DONE },
	{ PHASE_ANSWERING, PHASE_ABORTED },
};

static bool is_step(enum stream_state from, enum stream_state to)
{
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (steps[i].from == from && steps[i].to == to)
			return true;
	return false;
}

static bool is_phase_step(enum delivery_phase from, enum delivery_phase to)
{
	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
		if (phases[i].from == from && phases[i].to == to)
			return true;
	return false;
}

static struct delivery *make(void)
{
	struct wire_request request = { .method = bytes_of("POST"), .target = bytes_of("/a") };
	struct delivery *d = delivery_new(&request, NULL);
	assert_non_null(d);
	return d;
}

/* Counts and tables are those of the state. */
static void check_place(const struct delivery *d, const struct stream *st)
{
	struct stream *found;
	bool live = stream_state_is_live(st->state), spooling = stream_state_is_spooling(st->state);
	HASH_FIND(hh, client.streams, &st->id, sizeof st->id, found);
	assert_int_equal(d->live, live);
	assert_int_equal(d->spooling, spooling);
	assert_int_equal(client.spooling, spooling);
	assert_ptr_equal(live ? found : client.streams, live ? st : NULL);
	assert_int_equal(st->id != 0, live);
	assert_ptr_equal(table.put_queue, st->state == STREAM_QUEUED ? st : NULL);
}

/* Opens a stream and leads it to that state. */
static struct stream *open_at(struct delivery *d, enum stream_state state)
{
	struct stream *st = stream_open(&client, d, stream_state_is_spooling(state) ? STREAM_SPOOLING : STREAM_OPEN);
	assert_non_null(st);
	if (state == STREAM_ANSWERING)
		stream_to(st, STREAM_RECORDED);
	if (state == STREAM_WRITING)
		stream_to(st, STREAM_QUEUED);
	if (st->state != state)
		stream_to(st, state);
	return st;
}

static void test_every_step(void **state)
{
	(void)state;
	for (enum stream_state from = STREAM_OPEN; from < STREAM_OVER; from++) {
		for (enum stream_state to = STREAM_OPEN; to < STREAM_STATES; to++) {
			if (!stream_state_may(from, to))
				continue;
			struct delivery *d = make();
			struct stream *st = open_at(d, from);
			check_place(d, st);
			if (to == STREAM_OVER) {
				stream_close(st);
				assert_null(d->streams);
			} else {
				stream_to(st, to);
				check_place(d, st);
				stream_close(st);
			}
			assert_int_equal(d->live + d->spooling + client.spooling, 0);
			assert_null(client.streams);
			assert_null(table.put_queue);
			delivery_drop(d);
		}
	}
}

/* Whether it ends by SIGABRT; it is run in a process of its own. */
static bool aborts(void (*run)(int from, int to), int from, int to)
{
	int status;
	fflush(NULL);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		fclose(stderr);
		run(from, to);
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void step(int from, int to)
{
	struct stream *st = open_at(make(), (enum stream_state)from);
	stream_to(st, (enum stream_state)to);
}

static void test_no_other_step(void **state)
{
	(void)state;
	for (int from = 0; from < STREAM_STATES; from++) {
		for (int to = 0; to < STREAM_STATES; to++) {
			bool may = is_step((enum stream_state)from, (enum stream_state)to);
			assert_int_equal(stream_state_may((enum stream_state)from, (enum stream_state)to), may);
			if (from != STREAM_OVER && !may && !aborts(step, from, to))
				fail_msg("from %d to %d", from, to);
		}
	}
}

static void test_phases(void **state)
{
	(void)state;
	for (int from = 0; from < PHASES; from++)
		for (int to = 0; to < PHASES; to++)
			assert_int_equal(delivery_phase_may((enum delivery_phase)from, (enum delivery_phase)to),
					 is_phase_step((enum delivery_phase)from, (enum delivery_phase)to));
}

static void answer_early(int phase, int unused)
{
	struct delivery *d = make();
	struct wire_response answer = { .status = 200 };
	(void)unused;
	d->phase = (enum delivery_phase)phase;
	delivery_answer(d, &answer);
}

static void test_no_answer_out_of_turn(void **state)
{
	(void)state;
	for (int phase = 0; phase < PHASES; phase++)
		assert_int_equal(aborts(answer_early, phase, 0), phase != PHASE_WHOLE);
}

/* The numbers of one client are counted on; those of another begin where it stands. */
static void test_to_another_client(void **state)
{
	(void)state;
	struct client other = { .tunnel = &tunnel, .last_stream = 7 };
	struct delivery *d = make();
	struct stream *st = open_at(d, STREAM_OPEN);
	stream_block(st);
	stream_detach(st);
	assert_null(client.streams);
	assert_null(client.blocked);
	assert_int_equal(d->live, 1); /* it may still be answered */
	assert_true(stream_attach(st, &other));
	assert_ptr_equal(other.streams, st);
	assert_int_equal(st->id, 8);
	stream_close(st);
	assert_null(other.streams);
	assert_int_equal(d->live, 0);
	delivery_drop(d);
}

/* In the order they came to wait; one that ends meanwhile is not waited for. */
static void test_blocked(void **state)
{
	(void)state;
	struct delivery *d[3];
	struct stream *st[3];
	for (int i = 0; i < 3; i++) {
		d[i] = make();
		st[i] = open_at(d[i], STREAM_OPEN);
		stream_block(st[i]);
		stream_block(st[i]);
	}
	assert_ptr_equal(client.blocked, st[0]);
	stream_close(st[1]);
	assert_ptr_equal(st[0]->blocked_next, st[2]);
	stream_pump_blocked(&client);
	assert_null(client.blocked);
	assert_false(st[0]->blocked || st[2]->blocked);
	stream_close(st[0]);
	stream_close(st[2]);
	for (int i = 0; i < 3; i++)
		delivery_drop(d[i]);
}

int main(void)
{
	relay.loop = uv_default_loop();
	drain_init(&client);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_step),
		cmocka_unit_test(test_no_other_step),
		cmocka_unit_test(test_phases),
		cmocka_unit_test(test_no_answer_out_of_turn),
		cmocka_unit_test(test_to_another_client),
		cmocka_unit_test(test_blocked),
	};
	return RUN(tests);
}
