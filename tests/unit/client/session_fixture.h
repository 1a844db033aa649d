/* A session whose relay, store and app are played by the test: what the session says is noted down, what it asks for
 * waits until the test lets it happen. Everything runs within the calls of these files, but for timers. */
#pragma once

#include "tests/unit/client/session_fixture_app.h"
#include "tests/unit/client/session_fixture_relay.h"
#include "tests/unit/client/session_fixture_store.h"

/* ---- the user ---- */

static inline void fixture_on_state(void *user, const struct tunnel_news *news)
{
	(void)user, (void)news;
}

static inline void fixture_on_delivery(void *user, const struct delivery_row *row)
{
	(void)row;
	((struct fixture *)user)->deliveries++;
}

static inline void fixture_on_attempt(void *user, const struct delivery_row *row, const struct attempt_row *attempt)
{
	struct fixture *f = user;
	(void)attempt;
	f->attempts++;
	f->last_state = row->state;
}

static inline void fixture_on_over(void *user, int64_t delivery_id)
{
	(void)delivery_id;
	((struct fixture *)user)->over++;
}

static inline void fixture_on_trouble(void *user, const char *sentence)
{
	(void)sentence;
	((struct fixture *)user)->troubles++;
}

static inline void fixture_on_stop(void *user, const struct error *why)
{
	(void)user, (void)why;
}

static const struct session_events fixture_events = { fixture_on_state, fixture_on_delivery, fixture_on_attempt,
						      fixture_on_over,  fixture_on_trouble,  fixture_on_trouble,
						      fixture_on_stop };

/* ---- life ---- */

/* What is to be done at the end of the loop's turn. */
static inline void fixture_turn(struct fixture *f)
{
	uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* Waits, for timers, until *count is more than `was`, or half a minute is over. */
static inline void fixture_wait(struct fixture *f, const size_t *count, size_t was)
{
	for (uint64_t until = uv_hrtime() + UINT64_C(30000000000); *count <= was && uv_hrtime() < until;)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_true(*count > was);
}

/* Greeted by the relay. `options` may be NULL. */
static inline void fixture_open(struct fixture *f, const struct session_options *options)
{
	memset(f, 0, sizeof *f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	if (options)
		f->options = *options;
	f->routes[0] = (struct route){ .path = (char *)"/api", .target = (char *)"http://localhost:2" };
	f->routes[1] = (struct route){ .path = (char *)"", .target = (char *)"http://localhost:1" };
	f->options.routes = f->routes;
	f->options.route_count = 2;
	f->options.record_max = f->options.record_max_answer = f->options.record_max_abandoned = 1 << 20;
	f->options.app = &fixture_app;
	f->options.record = &fixture_record;
	f->session =
	    session_new(&f->loop, &f->options, (struct recorder *)f, (struct forwarder *)f, &fixture_events, f);
	assert_non_null(f->session);
	fixture_welcome(f, false);
}

/* The store does all it was asked for. */
static inline void fixture_settle(struct fixture *f)
{
	while (f->wanted_count) {
		if (fixture_waiting(f, WANTED_DELIVERY, false))
			fixture_commit(f);
		else if (fixture_waiting(f, WANTED_DELIVERY, true))
			fixture_sync(f);
		else if (fixture_waiting(f, WANTED_ATTEMPT, false))
			fixture_attempt(f, true);
		else if (fixture_waiting(f, WANTED_TAKE, false))
			fixture_taken(f, false);
		else {
			struct wanted w = fixture_take_off(f, fixture_waiting(f, WANTED_LEFT_OVER, false));
			w.on_left_over(w.user, NULL, NULL);
		}
	}
}

/* Ends the session as `creel listen` does. Nothing may be under way afterwards. */
static inline void fixture_end(struct fixture *f)
{
	session_drain(f->session);
	fixture_settle(f);
	session_cancel(f->session);
	session_tunnel_ops.on_lost(f->session, false);
	fixture_turn(f);
	fixture_settle(f);
	assert_int_equal(session_busy(f->session), 0);
	assert_null(fixture_call(f));
	session_free(f->session);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
}
