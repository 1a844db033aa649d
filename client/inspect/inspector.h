/* The inspector over a store: puts together what it shows, what it does, and the terminal. `creel ui` runs it alone,
 * `creel listen` beside the tunnel. Loop thread; every callback comes on the loop. */
#pragma once

#include "client/app/forwarder.h"
#include "tui/inspector/tui.h"

struct inspector;

struct inspector_options {
	const char *db, *filter, *color, *theme, *images, *notify; /* all but the first may be NULL */
	bool ascii, mouse;
	const struct forward_options *forward; /* for replays without a running client */
	const struct secrets *secrets;         /* of providers; may be NULL */
	const struct core_dumps *cores;        /* the user's own limits, for editors; or NULL */
	/* Within the client: what its tunnel says. NULL: what is on record of a client that runs elsewhere. */
	void (*state)(void *user, struct client_state *out);
	/* Within the client: sends what comes to another PORT or URL. NULL: it cannot. */
	bool (*retarget)(void *user, const char *target, struct error *e);
	/* The user leaves it, and the terminal is as it was before. */
	void (*ended)(void *user, enum tui_end how);
	void *user;
};

/* Whether there is a terminal on which it can be shown. */
bool inspector_has_terminal(void);
/* Takes over the terminal. What `options` point to must live as long. NULL and *e: EXIT_USAGE without a terminal,
 * EXIT_STORE; what was begun closes when the loop has run. */
struct inspector *inspector_start(uv_loop_t *loop, const struct inspector_options *options, struct error *e);
/* Shows a sentence of the client's on the message line, and keeps it under EVENTS. */
void inspector_event(struct inspector *i, const char *sentence);
/* Whether an editor that it started has the terminal; if so, SIGINT is meant for that editor. */
bool inspector_away(const struct inspector *i);
/* Gives the terminal back. `closed` (may be NULL) comes when everything is freed. */
void inspector_close(struct inspector *i, void (*closed)(void *user), void *user);
/* The same, but replays under way go on: `over` for each, then `closed`. Returns how far they are, added up. */
struct replay_progress inspector_leave(struct inspector *i, void (*over)(void *user, const struct replay_progress *p),
				       void (*closed)(void *user), void *user);
/* Stops those replays after all. Only before `closed` was called. NULL is fine. */
void inspector_stop(struct inspector *i);
