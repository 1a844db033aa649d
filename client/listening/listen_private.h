/* What the files of a running `creel listen` share: listen.c has it begin, turn and end, listen_report.c says what
 * happens in it. Loop thread. */
#pragma once

#include "client/inspect/inspector.h"
#include "client/listening/cmd_listen.h"
#include "client/listening/exec.h"
#include "client/listening/index_bar.h"
#include "client/listening/listen_routes.h"
#include "client/print/output.h"
#include "client/session/session.h"

#define LISTEN_ENDS 3 /* signals that end it */

struct listen {
	uv_loop_t loop;
	const struct listen_options *options;
	enum output_mode mode;
	struct listen_routes routes;
	struct buffer route_texts; /* of --route, a line each, for `creel status` */
	struct seal_key *key;
	struct buffer secret_names;
	struct recorder *recorder;
	struct forwarder *forwarder;
	struct session *session;
	struct tunnel *tunnel;
	struct retention *retention; /* or NULL */
	struct exec *exec;           /* or NULL */
	struct store *shown;         /* of --print, or NULL */
	char *db;
	struct web_thread *web;      /* or NULL */
	struct inspector *inspector; /* has the terminal; NULL: lines */
	struct inspector *left;      /* gave it back, while its replays go on */
	bool ui_left;                /* within this turn: by a signal, perhaps, that comes here as well */
	uv_signal_t signals[LISTEN_ENDS];
	uv_timer_t status_timer, end_timer, connect_timer;
	uint64_t started_at_us, end_deadline;
	bool was_online, ending, closing_parts, timers_open;
	int exit_status;
	struct error *error;
	enum tunnel_state state;
	struct index_bar indexing;
	char why[700]; /* it was last offline */
	char detail[750], store_trouble[600];
};
