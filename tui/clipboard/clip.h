/* Copies to whichever clipboard there is (tui/DESIGN.md §3.10): the configured command, tmux's buffer, the terminal's
 * own by OSC 52, the desktop's by a program, at last a file. It is never read. Loop thread. */
#pragma once

#include <uv.h>

#include "shared/base/buffer.h"

struct core_dumps;

enum clip_way {
	CLIP_COMMAND,
	CLIP_TMUX,
	CLIP_TERMINAL, /* it does not say whether it took it */
	CLIP_WAYLAND,
	CLIP_X11,
	CLIP_MAC,
	CLIP_FILE,
	CLIP_WAYS,
};

struct clip_place {
	const char *command;            /* configured, run by a shell; NULL or "" for none */
	const struct core_dumps *cores; /* the user's own, for what is started; or NULL */
	bool tmux, ssh, wayland, x11, mac;
};
/* Where we run, by the environment. */
struct clip_place clip_place_here(const char *command);
/* The ways to be tried for so many bytes, in their order; gives how many. Pure. */
size_t clip_plan(const struct clip_place *p, size_t len, enum clip_way out[CLIP_WAYS]);

#define CLIP_OSC52_MAX 74994 /* what xterm takes: 100,000 characters of base64 with the sequence around them */
/* Appends the sequence. False when the bytes are too many, or out of memory. Pure. */
MUST_CHECK bool clip_osc52(struct buffer *out, struct bytes b);

struct clip;
struct clip_asker {
	/* Sends the bytes to the terminal; false when it cannot. */
	bool (*terminal)(void *user, struct bytes b);
	/* Called once, on the loop or within clip_start: where the bytes are now ("to tmux's buffer"), or with `bad`
	 * why they are nowhere. */
	void (*done)(void *user, bool bad, const char *where);
	void *user;
};
/* Copies the bytes. NULL when it is over already; else it frees itself after `done`, or after clip_forget. */
struct clip *clip_start(uv_loop_t *loop, const struct clip_place *place, struct bytes b,
			const struct clip_asker *asker);
/* `done` is not called any more; a program that was started may go on. */
void clip_forget(struct clip *c);
