/* Opens a program's libuv loop, and says in a sentence why it cannot. Needs a thread of its own, as any loop. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

#include <uv.h>

/* uv_loop_init, to be undone by uv_loop_close. False with `code` and *e (may be NULL) when files or memory ran out;
 * libuv itself would end the process where no pipe can be made. */
MUST_CHECK bool loop_open(uv_loop_t *loop, enum exit_code code, struct error *e);
/* Fills *e for a code of libuv's, where a part of a loop could not be begun. Returns false. */
bool loop_fail(int uv_code, enum exit_code code, struct error *e);
/* Whether libwebsockets can begin on a loop: 4.1.6 crashes where it cannot open /dev/urandom. */
MUST_CHECK bool loop_takes_lws(enum exit_code code, struct error *e);
/* Runs until nothing is open, at most LOOP_END_MS: what a library left open, as libwebsockets does with a connection
 * that it could not begin, must not keep the program from ending. */
#define LOOP_END_MS 30000
void loop_run_out(uv_loop_t *loop);
