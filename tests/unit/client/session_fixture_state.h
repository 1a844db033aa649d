/* What the parts of session_fixture.h know together: what the session said, what it asked for, what is on record, which
 * calls of the app are open. */
#pragma once

#include "client/session/session.h"
#include "tests/unit/unit.h"

#define STORE_MOST 64
#define SAID_MOST 512
#define CALLS_MOST 64

enum said_what { SAID_RECORDED, SAID_RESPONSE, SAID_DATA, SAID_RESET, SAID_WINDOW, SAID_CLOSE };

/* One thing said on the connection. */
struct said {
	enum said_what what;
	uint64_t stream;
	bool end;
	unsigned number; /* status, RESET's code, credit */
	uint8_t event_id[UUID_LEN];
	uint8_t body[64];
	size_t body_len;
	char reason[64]; /* RESET, close */
};

enum wanted_what { WANTED_DELIVERY, WANTED_ATTEMPT, WANTED_TAKE, WANTED_LEFT_OVER };

/* Something asked of the store, not done yet. */
struct wanted {
	enum wanted_what what;
	bool committed; /* a delivery: its `committed` was called */
	bool known;
	int64_t id;
	struct store_delivery delivery;
	struct store_attempt attempt;
	void (*on_committed)(void *user, int64_t id, bool duplicate);
	void (*on_synced)(void *user, const struct error *e);
	void (*on_attempt)(void *user, const struct error *e);
	void (*on_taken)(void *user, struct taken *taken, const struct error *e);
	void (*on_left_over)(void *user, struct left_over *list, const struct error *e);
	void *user;
};

/* A delivery on record. */
struct row {
	uint8_t event_id[UUID_LEN];
	enum delivery_state state;
	bool synced; /* a power cut does not take it */
	int attempts;
	int calls;
};

struct app_call {
	struct fixture *fixture;
	const struct forward_ops *ops;
	void *user;
	bool open, head, upgraded, paused, once, upgrade;
	uint8_t event_id[UUID_LEN];
	size_t given; /* bytes of the body */
	char url[64];
};

struct fixture {
	uv_loop_t loop;
	struct session *session;
	struct session_options options;
	struct route routes[2];
	bool shut;    /* the connection's window is */
	size_t until; /* it shuts when so much was said; 0: it does not */

	struct said said[SAID_MOST];
	size_t said_count;
	bool closed; /* the session closed the connection */

	struct wanted wanted[STORE_MOST];
	size_t wanted_count;
	struct row rows[STORE_MOST]; /* number n at n - 1 */
	size_t row_count;
	int ended_jobs;
	int64_t job; /* that another program asks for, or 0 */

	struct app_call calls[CALLS_MOST];
	size_t call_count;

	size_t deliveries, attempts, over, troubles;
	enum delivery_state last_state; /* of on_attempt */
};
