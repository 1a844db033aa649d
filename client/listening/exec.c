#include "client/listening/exec.h"

#include "client/common/limits.h"
#include "client/json/delivery_json.h"
#include "client/json/row_json.h"
#include "shared/text/shell_words.h"
#include "shared/program/core_dumps.h"
#include "shared/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN_VARIABLES 5

#ifndef __linux__ /* unistd.h declares it there */
extern char **environ;
#endif

/* One command that runs; free when `open` is 0. */
struct run {
	struct exec *exec;
	int64_t id;
	uv_process_t process;
	uv_pipe_t input;
	uv_write_t write;
	char *text; /* the JSON */
	int open;   /* handles */
	bool alive;
};

struct waiting {
	struct waiting *next;
	int64_t id;
};

/* What a thread reads of a delivery. One at a time: the connection is of one thread. */
struct reading {
	uv_work_t work;
	bool active;
	int64_t id;
	char *text;
	struct buffer variables[OWN_VARIABLES];
	struct error error;
};

struct exec {
	uv_loop_t *loop;
	struct exec_options options;
	const struct exec_ops *ops;
	void *user;
	char **words;
	char *db;
	struct store *store;
	struct waiting *first, **last;
	size_t busy;
	struct reading reading;
	struct run runs[LIMIT_EXECS];
	bool stopped, closing;
};

static void pump(struct exec *x);

static void trouble(struct exec *x, int64_t id, const char *what)
{
	char text[700];
	snprintf(text, sizeof text, "the command of --exec for delivery %lld: %.500s", (long long)id, what);
	x->ops->on_trouble(x->user, text);
}

static void free_when_closed(struct exec *x)
{
	if (!x->closing || x->reading.active)
		return;
	for (size_t i = 0; i < LIMIT_EXECS; i++)
		if (x->runs[i].open)
			return;
	store_close(x->store);
	free(x->words);
	free(x->db);
	free(x);
}

/* ---- one command ---- */

static void on_handle_closed(uv_handle_t *h)
{
	struct run *r = h->data;
	struct exec *x = r->exec;
	if (--r->open > 0)
		return;
	free(r->text);
	r->text = NULL;
	if (x->closing)
		free_when_closed(x);
	else
		pump(x);
}

static void close_input(struct run *r)
{
	if (!uv_is_closing((uv_handle_t *)&r->input))
		uv_close((uv_handle_t *)&r->input, on_handle_closed);
}

static void on_exit_of(uv_process_t *p, int64_t status, int number)
{
	struct run *r = p->data;
	struct exec *x = r->exec;
	char text[60] = "";
	r->alive = false;
	x->busy--;
	if (number)
		snprintf(text, sizeof text, "it was ended by signal %d", number);
	else if (status)
		snprintf(text, sizeof text, "it ended with status %lld", (long long)status);
	if (!x->stopped) {
		if (*text)
			trouble(x, r->id, text);
		x->ops->on_over(x->user, r->id, !*text);
	}
	close_input(r);
	uv_close((uv_handle_t *)p, on_handle_closed);
}

static void on_written(uv_write_t *w, int status)
{
	(void)status; /* a command need not read */
	close_input(w->data);
}

/* Ours, but for the relay's token, which no command needs; NULL when out of memory. Its strings are borrowed. */
static char **make_environment(struct buffer own[OWN_VARIABLES])
{
	static const char *const replaced[] = { "CREEL_TOKEN=",  "CREEL_ID=",     "CREEL_EVENT_ID=",
						"CREEL_METHOD=", "CREEL_TARGET=", "CREEL_DB=" };
	size_t count = 0, kept = 0;
	while (environ[count])
		count++;
	char **list = calloc(count + OWN_VARIABLES + 1, sizeof *list);
	for (size_t i = 0; list && i < count; i++) {
		bool skip = false;
		for (size_t k = 0; k < sizeof replaced / sizeof *replaced; k++)
			skip = skip || strncmp(environ[i], replaced[k], strlen(replaced[k])) == 0;
		if (!skip)
			list[kept++] = environ[i];
	}
	for (size_t i = 0; list && i < OWN_VARIABLES; i++)
		list[kept++] = (char *)own[i].at;
	return list;
}

static uv_stdio_container_t inherit(int fd)
{
	return (uv_stdio_container_t){ .flags = fd < 0 ? UV_IGNORE : UV_INHERIT_FD, .data.fd = fd };
}

/* Libraries open some of theirs without close-on-exec: a command that outlives creel would hold its connections open.
 */
static void keep_descriptors_to_ourselves(void)
{
#ifdef CLOSE_RANGE_CLOEXEC
	if (close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
		return;
#endif
	long most = sysconf(_SC_OPEN_MAX);
	for (int fd = STDERR_FILENO + 1; fd < most; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags >= 0 && !(flags & FD_CLOEXEC))
			(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	}
}

/* Its own session: Ctrl-C is for creel, which ends it when it does not end by itself. */
static int spawn(struct exec *x, struct run *r, char **environment)
{
	uv_stdio_container_t files[] = {
		{ .flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&r->input },
		inherit(x->options.output),
		inherit(x->options.errors),
	};
	uv_process_options_t options = {
		.exit_cb = on_exit_of,
		.file = x->words[0],
		.args = x->words,
		.env = environment,
		.flags = UV_PROCESS_DETACHED,
		.stdio = files,
		.stdio_count = 3,
	};
	r->process.data = r->input.data = r->write.data = r;
	int code = uv_pipe_init(x->loop, &r->input, 0);
	if (code != 0)
		return code;
	r->open = 2;
	keep_descriptors_to_ourselves();
	core_dumps_before_spawn(x->options.cores);
	code = uv_spawn(x->loop, &r->process, &options);
	core_dumps_after_spawn(x->options.cores);
	return code;
}

static struct run *free_run(struct exec *x)
{
	for (size_t i = 0; i < LIMIT_EXECS; i++)
		if (!x->runs[i].open)
			return &x->runs[i];
	return NULL;
}

static void start(struct exec *x, struct run *r, struct reading *d)
{
	char **environment = make_environment(d->variables);
	r->exec = x;
	r->id = d->id;
	r->text = d->text;
	d->text = NULL;
	x->ops->on_started(x->user, r->id);
	int code = environment ? spawn(x, r, environment) : UV_ENOMEM;
	free(environment);
	if (code != 0) {
		char text[300];
		snprintf(text, sizeof text, "%.150s cannot be started: %s", x->words[0], uv_strerror(code));
		trouble(x, r->id, text);
		x->ops->on_over(x->user, r->id, false);
		x->busy--;
		if (r->open == 0) {
			free(r->text);
			r->text = NULL;
			return;
		}
		close_input(r);
		uv_close((uv_handle_t *)&r->process, on_handle_closed);
		return;
	}
	r->alive = true;
	uv_buf_t all = { .base = r->text, .len = strlen(r->text) };
	if (uv_write(&r->write, (uv_stream_t *)&r->input, &all, 1, on_written) != 0)
		close_input(r);
}

/* ---- reading it ---- */

static bool make_variable(struct buffer *out, const char *name, const char *value)
{
	return buffer_printf(out, "%s=%s", name, value) && buffer_put_u8(out, 0);
}

static const char *text_of(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));
	return text ? text : "";
}

static void read_it(uv_work_t *work)
{
	struct exec *x = work->data;
	struct reading *d = &x->reading;
	struct delivery_json_parts parts = { .request = true, .response = true };
	char id[24];
	json_t *o = delivery_json(x->store, d->id, &parts, &d->error);
	if (!o)
		return;
	snprintf(id, sizeof id, "%lld", (long long)d->id);
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(12));
	size_t len = text ? strlen(text) : 0;
	char *line = text ? realloc(text, len + 2) : NULL;
	if (line) {
		line[len] = '\n';
		line[len + 1] = 0;
		text = line;
	}
	bool fine = line && make_variable(&d->variables[0], "CREEL_ID", id) &&
		    make_variable(&d->variables[1], "CREEL_EVENT_ID", text_of(o, "event_id")) &&
		    make_variable(&d->variables[2], "CREEL_METHOD", text_of(o, "method")) &&
		    make_variable(&d->variables[3], "CREEL_TARGET", text_of(o, "target")) &&
		    make_variable(&d->variables[4], "CREEL_DB", x->db);
	json_decref(o);
	if (fine) {
		d->text = text;
		return;
	}
	error_set(&d->error, EXIT_STORE, "out of memory");
	free(text);
}

static void on_read(uv_work_t *work, int status)
{
	struct exec *x = work->data;
	struct reading *d = &x->reading;
	(void)status;
	d->active = false;
	if (!d->text || x->stopped) {
		if (!x->stopped)
			trouble(x, d->id, d->error.text);
		x->busy--;
	} else {
		start(x, free_run(x), d);
	}
	free(d->text);
	d->text = NULL;
	for (size_t i = 0; i < OWN_VARIABLES; i++)
		buffer_free(&d->variables[i]);
	if (x->closing)
		free_when_closed(x);
	else
		pump(x);
}

static void pump(struct exec *x)
{
	struct waiting *w = x->first;
	if (!w || x->reading.active || x->stopped || !free_run(x))
		return;
	x->first = w->next;
	if (!x->first)
		x->last = &x->first;
	x->reading.id = w->id;
	x->reading.work.data = x;
	x->reading.active = true;
	free(w);
	uv_queue_work(x->loop, &x->reading.work, read_it, on_read);
}

void exec_add(struct exec *x, int64_t id)
{
	struct waiting *w = x->stopped ? NULL : calloc(1, sizeof *w);
	if (!w) {
		if (!x->stopped)
			trouble(x, id, "it was not run: out of memory");
		return;
	}
	w->id = id;
	*x->last = w;
	x->last = &w->next;
	x->busy++;
	pump(x);
}

/* ---- life ---- */

static bool is_program(const char *name)
{
	char path[4096];
	const char *list = getenv("PATH");
	if (strchr(name, '/'))
		return access(name, X_OK) == 0;
	for (const char *at = list ? list : "/usr/bin:/bin";;) {
		size_t len = strcspn(at, ":");
		int n = snprintf(path, sizeof path, "%.*s%s%s", (int)len, at, len ? "/" : "", name);
		if (n > 0 && n < (int)sizeof path && access(path, X_OK) == 0)
			return true;
		if (!at[len])
			return false;
		at += len + 1;
	}
}

bool exec_check(const char *command, struct error *e)
{
	char **words = shell_words_split(command, "--exec", e);
	bool fine = words && (is_program(words[0]) ||
			      error_set(e, EXIT_USAGE, "--exec: there is no program %.200s that can be run", words[0]));
	free(words);
	return fine;
}

struct exec *exec_new(uv_loop_t *loop, const struct exec_options *options, const struct exec_ops *ops, void *user,
		      struct error *e)
{
	struct exec *x = calloc(1, sizeof *x);
	if (!x || !(x->db = realpath(options->db, NULL))) {
		error_set(e, EXIT_STORE, "%s cannot be read: %s", options->db, strerror(errno));
		free(x);
		return NULL;
	}
	x->loop = loop;
	x->options = *options;
	x->ops = ops;
	x->user = user;
	x->last = &x->first;
	x->words = shell_words_split(options->command, "--exec", e);
	if (x->words && store_open(&x->store, x->db, STORE_READ_ONLY, e))
		return x;
	free(x->words);
	free(x->db);
	free(x);
	return NULL;
}

size_t exec_busy(const struct exec *x)
{
	return x->busy;
}

void exec_stop(struct exec *x)
{
	size_t left = 0;
	char text[120];
	if (x->stopped)
		return;
	x->stopped = true;
	while (x->first) {
		struct waiting *w = x->first;
		x->first = w->next;
		free(w);
		left++;
	}
	x->last = &x->first;
	x->busy -= left;
	left += x->reading.active ? 1 : 0;
	if (left) {
		snprintf(text, sizeof text, "creel ended before the command of --exec was run for %zu deliveries",
			 left);
		x->ops->on_trouble(x->user, text);
	}
	for (size_t i = 0; i < LIMIT_EXECS; i++)
		if (x->runs[i].alive)
			kill(-x->runs[i].process.pid, SIGTERM);
}

void exec_close(struct exec *x)
{
	if (!x)
		return;
	exec_stop(x);
	x->closing = true;
	for (size_t i = 0; i < LIMIT_EXECS; i++) {
		struct run *r = &x->runs[i];
		if (!r->open)
			continue;
		close_input(r);
		if (!uv_is_closing((uv_handle_t *)&r->process))
			uv_close((uv_handle_t *)&r->process, on_handle_closed);
	}
	free_when_closed(x);
}
