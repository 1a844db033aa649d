#include "tui/clipboard/clip.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/text/base64.h"
#include "shared/program/core_dumps.h"

#define PROGRAM_MS 5000 /* one that takes longer is given up */

static bool is_set(const char *name)
{
	const char *value = getenv(name);
	return value && *value;
}

struct clip_place clip_place_here(const char *command)
{
	struct clip_place p = { .command = command,
				.tmux = is_set("TMUX"),
				.ssh = is_set("SSH_TTY"),
				.wayland = is_set("WAYLAND_DISPLAY"),
				.x11 = is_set("DISPLAY") };
#ifdef __APPLE__
	p.mac = true;
#endif
	return p;
}

size_t clip_plan(const struct clip_place *p, size_t len, enum clip_way out[CLIP_WAYS])
{
	const bool fits[CLIP_WAYS] = {
		[CLIP_COMMAND] = p->command && *p->command,
		[CLIP_TMUX] = p->tmux,
		[CLIP_TERMINAL] = len <= CLIP_OSC52_MAX,
		[CLIP_WAYLAND] = !p->ssh && p->wayland,
		[CLIP_X11] = !p->ssh && p->x11,
		[CLIP_MAC] = !p->ssh && p->mac,
		[CLIP_FILE] = true,
	};
	size_t count = 0;
	for (int way = 0; way < CLIP_WAYS; way++)
		if (fits[way])
			out[count++] = (enum clip_way)way;
	return count;
}

bool clip_osc52(struct buffer *out, struct bytes b)
{
	return b.len <= CLIP_OSC52_MAX && buffer_append_text(out, "\x1b]52;c;") && base64_encode(out, b, 0) &&
	       buffer_append_text(out, "\x07");
}

struct program {
	uv_process_t process;
	struct clip *clip;
};

struct clip {
	const struct core_dumps *cores;
	uv_loop_t *loop;
	struct program *program; /* that runs */
	uv_timer_t timer;
	struct clip_asker asker;
	char *command;
	struct buffer content;
	enum clip_way ways[CLIP_WAYS];
	size_t count, at;
	bool sent; /* to the terminal, which may have taken it */
	bool over; /* `done` was called, or nobody listens */
};

static void clip_free(struct clip *c)
{
	free(c->command);
	buffer_free(&c->content);
	free(c);
}

static void finish(struct clip *c, bool bad, const char *where)
{
	if (!c->over && c->asker.done)
		c->asker.done(c->asker.user, bad, where);
	c->over = true;
}

static void go_on(struct clip *c);

static void on_program_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_program_end(uv_process_t *process, int64_t status, int number)
{
	static const char *const words[CLIP_WAYS] = {
		[CLIP_COMMAND] = "with the configured command",
		[CLIP_TMUX] = "to tmux's buffer",
		[CLIP_WAYLAND] = "with wl-copy",
		[CLIP_X11] = "with xclip",
		[CLIP_MAC] = "with pbcopy",
	};
	struct clip *c = ((struct program *)process->data)->clip;
	uv_timer_stop(&c->timer);
	uv_close((uv_handle_t *)process, on_program_closed);
	c->program = NULL;
	if (status == 0 && number == 0)
		finish(c, false, words[c->ways[c->at - 1]]);
	go_on(c);
}

static void on_late(uv_timer_t *timer)
{
	struct clip *c = timer->data;
	uv_process_kill(&c->program->process, SIGKILL);
}

/* A file without a name, so that nothing has to be fed to a program that may not read. */
static int content_file(const struct clip *c)
{
	FILE *f = tmpfile();
	int fd = -1;
	if (!f)
		return -1;
	if (fwrite(c->content.at, 1, c->content.len, f) == c->content.len && fflush(f) == 0)
		fd = dup(fileno(f));
	fclose(f);
	if (fd >= 0)
		lseek(fd, 0, SEEK_SET);
	return fd;
}

static bool run(struct clip *c, char **args)
{
	struct program *p = calloc(1, sizeof *p);
	int fd = p ? content_file(c) : -1;
	if (fd < 0) {
		free(p);
		return false;
	}
	uv_stdio_container_t stdio[3] = { { .flags = UV_INHERIT_FD, .data.fd = fd },
					  { .flags = UV_IGNORE },
					  { .flags = UV_IGNORE } };
	uv_process_options_t options = {
		.file = args[0],
		.args = args,
		.stdio = stdio,
		.stdio_count = 3,
		.exit_cb = on_program_end,
		.flags = UV_PROCESS_DETACHED, /* xclip stays, to give what was copied when we are gone */
	};
	p->clip = c;
	core_dumps_before_spawn(c->cores);
	int status = uv_spawn(c->loop, &p->process, &options);
	core_dumps_after_spawn(c->cores);
	p->process.data = p;
	close(fd);
	if (status) {
		uv_close((uv_handle_t *)&p->process, on_program_closed);
		return false;
	}
	c->program = p;
	uv_timer_start(&c->timer, on_late, PROGRAM_MS, 0);
	return true;
}

static bool write_file(const struct clip *c, char *path, size_t room)
{
	const char *dir = getenv("TMPDIR");
	snprintf(path, room, "%s/creel-copy-XXXXXX", dir && *dir ? dir : "/tmp");
	int fd = mkstemp(path);
	FILE *f = fd >= 0 ? fdopen(fd, "wb") : NULL;
	if (!f) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	bool fine = fwrite(c->content.at, 1, c->content.len, f) == c->content.len;
	fine = fclose(f) == 0 && fine;
	if (!fine)
		unlink(path);
	return fine;
}

static void to_file(struct clip *c)
{
	char path[400], where[500];
	bool fine = write_file(c, path, sizeof path);
	snprintf(where, sizeof where, fine ? "in %s: there is no clipboard here" : "cannot write %s", path);
	finish(c, !fine, where);
}

static const char *const sent_words = "sent to the terminal (OSC 52), which may refuse it";

/* True when a program runs and its end is waited for. */
static bool start_way(struct clip *c, enum clip_way way)
{
	char *const programs[CLIP_WAYS][5] = {
		[CLIP_COMMAND] = { "sh", "-c", c->command },
		[CLIP_TMUX] = { "tmux", "load-buffer", "-w", "-" },
		[CLIP_WAYLAND] = { "wl-copy", "--type", "text/plain" },
		[CLIP_X11] = { "xclip", "-selection", "clipboard" },
		[CLIP_MAC] = { "pbcopy" },
	};
	char *args[5];
	if (way == CLIP_FILE) {
		if (c->sent)
			finish(c, false, sent_words);
		else
			to_file(c);
		return false;
	}
	if (way == CLIP_TERMINAL) {
		c->sent = c->asker.terminal && c->asker.terminal(c->asker.user, buffer_view(&c->content));
		return false;
	}
	memcpy(args, programs[way], sizeof args);
	return run(c, args);
}

static void on_timer_closed(uv_handle_t *handle)
{
	clip_free(handle->data);
}

/* Tries what is left, until something took it or is asked whether it does. */
static void go_on(struct clip *c)
{
	while (!c->over && c->at < c->count)
		if (start_way(c, c->ways[c->at++]))
			return;
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
}

struct clip *clip_start(uv_loop_t *loop, const struct clip_place *place, struct bytes b, const struct clip_asker *asker)
{
	struct clip *c = calloc(1, sizeof *c);
	bool command = place->command && *place->command;
	if (c)
		*c = (struct clip){ .loop = loop, .asker = *asker, .cores = place->cores };
	if (!c || !buffer_append_bytes(&c->content, b) || (command && !(c->command = strdup(place->command)))) {
		asker->done(asker->user, true, "out of memory: nothing was copied");
		if (c)
			clip_free(c);
		return NULL;
	}
	c->count = clip_plan(place, b.len, c->ways);
	uv_timer_init(loop, &c->timer);
	c->timer.data = c;
	go_on(c);
	return c->over ? NULL : c;
}

void clip_forget(struct clip *c)
{
	c->over = true;
}
