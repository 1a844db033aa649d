/* Between the files of the inspector as a whole. Each section is a file. Loop thread. */
#pragma once

#include "tui/desk/tui_private.h"
#include "tui/inspector/tui.h"

/* tui_wants.c: asks for what open views want shown; at each tick, what may have changed is asked for again. */
void tui_wants(struct tui *t);
void tui_wants_tick(struct tui *t, bool changed, uint64_t now_ms);

/* tui_leave.c */
void tui_leave(struct tui *t, enum tui_end how);
int tui_leave_watch(struct tui *t); /* for signals; 0, or a libuv error */

/* tui_effects.c */
void tui_effects_carry_out(struct tui *t, const struct effect *e);
void tui_effects_act(struct tui *t, enum action a, int count);

/* tui_input.c */
void tui_input_ready(uv_poll_t *handle, int status, int events);
