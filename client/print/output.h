/* What `creel listen` and the commands that list deliveries print: lines for a person, JSON objects for a program, or
 * nothing. Data goes to stdout, troubles to stderr. Text from outside is made safe for a terminal. Loop thread, or a
 * command's only one. A stdout that is closed is not an error: deliveries go on and stay on record. */
#pragma once

#include "client/tunnel/tunnel.h"
#include "shared/store/store.h"
#include "shared/frontend/source.h"

enum output_mode { OUTPUT_LINES, OUTPUT_JSON, OUTPUT_QUIET };

void output_ready(enum output_mode mode, const char *url, const char *tunnel, const char *target);
/* Prints below that one --route, as it was given. */
void output_route(enum output_mode mode, const char *route);
void output_state(enum output_mode mode, enum tunnel_state state, const char *detail, const char *url);
void output_delivery(enum output_mode mode, const struct delivery_row *row);
void output_attempt(enum output_mode mode, const struct delivery_row *row, const struct attempt_row *a);
void output_trouble(enum output_mode mode, const char *sentence);
/* For when the user leaves the inspector while replays go on. */
void output_replays_left(enum output_mode mode, const struct replay_progress *p);
/* For when one of these is over. */
void output_replayed(enum output_mode mode, const struct replay_progress *p);
const char *output_state_name(enum tunnel_state state);

/* One delivery as a line (row_line.h). */
void output_row(FILE *out, const struct delivery_row *row);
/* Prints on the next line why the delivery was refused; nothing when it was not. */
void output_refusal(FILE *out, const struct delivery_row *row);
