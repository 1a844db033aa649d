/* The inspector over a store: what it is shown, what it does, and the terminal, put together. `creel ui` runs it alone,
 * `creel listen` beside the tunnel. Loop thread. */
#pragma once

#include "client/app/forwarder.h"
#include "tui/desk/tui.h"

struct inspector;

struct inspector_options {
	const char *db, *filter, *color; /* the last two may be NULL */
	bool ascii, mouse;
	const struct forward_options *forward; /* of replays without a running client */
	const struct secrets *secrets;         /* of providers: may be NULL */
	const struct core_dumps *cores;        /* the user's own, for editors; or NULL */
	/* Within the client: what its tunnel says. NULL: what the record says of one that runs elsewhere. */
	void (*state)(void *user, struct client_state *out);
	/* On the loop; the terminal is whole again. */
	void (*ended)(void *user, enum tui_end how);
	void *user;
};

/* Whether there is a terminal it can be shown on. */
bool inspector_has_terminal(void);
/* Takes over the terminal. NULL and *e: EXIT_USAGE without one, EXIT_STORE. */
struct inspector *inspector_start(uv_loop_t *loop, const struct inspector_options *options, struct error *e);
/* A word of the client's, for the message line and EVENTS. */
void inspector_event(struct inspector *i, const char *sentence);
/* Whether an editor it started has the terminal: SIGINT is for that one. */
bool inspector_away(const struct inspector *i);
/* Gives the terminal back, while replays under way go on: `over` for each, then `closed` when everything is freed.
 * Gives what is under way, added up. */
struct replay_progress inspector_leave(struct inspector *i, void (*over)(void *user, const struct replay_progress *p),
				       void (*closed)(void *user), void *user);
/* After that, before `closed`: what is not over is stopped. NULL: nothing. */
void inspector_stop(struct inspector *i);
/* Gives the terminal back; `closed` (may be NULL) when everything is freed. */
void inspector_close(struct inspector *i, void (*closed)(void *user), void *user);
