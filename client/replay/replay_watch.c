#include "client/replay/replay_watch.h"

#include "client/common/limits.h"
#include "client/print/output.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "shared/text/text.h"

#define SETTLE_MS 200 /* after the last change: editors and builds write several files */
#define LATE_MS 30    /* after the app's answer; what it writes within them still belongs to the call */
#define NOISY_MOST 32

struct folder {
	uv_fs_event_t event;
	struct replay_watch *watch;
	struct folder *next;
	char *path;
};

struct noisy {
	char *path;
	uint64_t call; /* the last one it changed in */
	bool ignored;
};

struct replay_watch {
	uv_loop_t *loop;
	uv_timer_t settle;
	struct folder *folders;
	size_t count, closing;
	uint64_t call, call_ended_ms;
	bool in_call, closed;
	struct noisy noisy[NOISY_MOST];
	size_t noisy_count;
	void (*saved)(void *user);
	void *user;
};

static bool add_tree(struct replay_watch *w, const char *path, int depth, struct error *e);

static bool is_ignored_name(const char *name)
{
	size_t len = strlen(name);
	return len == 0 || name[0] == '.' || name[len - 1] == '~' || strcmp(name, "node_modules") == 0;
}

/* ---- files that the app writes itself ---- */

static struct noisy *find_noisy(struct replay_watch *w, const char *path)
{
	for (size_t i = 0; i < w->noisy_count; i++)
		if (strcmp(w->noisy[i].path, path) == 0)
			return &w->noisy[i];
	if (w->noisy_count == NOISY_MOST)
		return NULL;
	struct noisy *n = &w->noisy[w->noisy_count];
	*n = (struct noisy){ .path = strdup(path) };
	w->noisy_count += n->path != NULL;
	return n->path ? n : NULL;
}

static void say_ignored(const char *path)
{
	struct buffer text = { 0 };
	if (text_sanitize(&text, bytes_of(path), TEXT_LINE))
		fprintf(stderr, "creel: %.*s changes whenever the app is called, so it is not watched\n", (int)text.len,
			(const char *)text.at);
	buffer_free(&text);
}

/* A file that changes during two calls in a row is the app's: that somebody saves it twice in these moments is
 * unlikely. */
static bool is_noise(struct replay_watch *w, const char *path)
{
	bool late = w->call && uv_now(w->loop) - w->call_ended_ms < LATE_MS;
	struct noisy *n = w->in_call || late ? find_noisy(w, path) : NULL;
	if (!n) {
		for (size_t i = 0; i < w->noisy_count; i++)
			if (w->noisy[i].ignored && strcmp(w->noisy[i].path, path) == 0)
				return true;
		return false;
	}
	if (!n->ignored && n->call && n->call + 1 == w->call) {
		n->ignored = true;
		say_ignored(path);
	}
	n->call = w->call;
	return n->ignored;
}

void replay_watch_call_begins(struct replay_watch *w)
{
	w->call++;
	w->in_call = true;
}

void replay_watch_call_ends(struct replay_watch *w)
{
	uv_update_time(w->loop);
	w->in_call = false;
	w->call_ended_ms = uv_now(w->loop);
}

/* ---- events ---- */

static void on_settled(uv_timer_t *timer)
{
	struct replay_watch *w = timer->data;
	w->saved(w->user);
}

static void changed(struct replay_watch *w, const char *path)
{
	struct error trouble;
	struct stat st;
	if (lstat(path, &st) != 0)
		return; /* deleted, or moved away */
	if (S_ISDIR(st.st_mode)) {
		/* Counts as a change too, for files may have been put into it before it was watched. */
		if (!add_tree(w, path, 0, &trouble))
			output_trouble(OUTPUT_LINES, trouble.text);
	} else if (is_noise(w, path)) {
		return;
	}
	uv_timer_start(&w->settle, on_settled, SETTLE_MS, 0);
}

static void on_event(uv_fs_event_t *event, const char *name, int events, int status)
{
	struct folder *f = event->data;
	char *path = NULL;
	(void)events;
	if (status != 0 || f->watch->closed || !name || is_ignored_name(name))
		return;
	if (asprintf(&path, "%s/%s", f->path, name) < 0)
		return;
	changed(f->watch, path);
	free(path);
}

/* ---- folders ---- */

static void part_closed(struct replay_watch *w)
{
	if (--w->closing)
		return;
	for (size_t i = 0; i < w->noisy_count; i++)
		free(w->noisy[i].path);
	free(w);
}

static void on_folder_closed(uv_handle_t *handle)
{
	struct folder *f = handle->data;
	struct replay_watch *w = f->watch;
	free(f->path);
	free(f);
	part_closed(w);
}

static struct folder *find_folder(const struct replay_watch *w, const char *path)
{
	struct folder *f = w->folders;
	while (f && strcmp(f->path, path) != 0)
		f = f->next;
	return f;
}

static bool cannot_watch(const char *path, const char *why, struct error *e)
{
	return error_set(e, EXIT_USAGE, "the folder %.300s cannot be watched: %s", path, why);
}

static struct folder *new_folder(struct replay_watch *w, const char *path, struct error *e)
{
	if (w->count == LIMIT_WATCHED_FOLDERS) {
		cannot_watch(path, "there are too many; name one further down", e);
		return NULL;
	}
	struct folder *f = calloc(1, sizeof *f);
	if (!f || !(f->path = strdup(path))) {
		error_set(e, EXIT_STORE, "out of memory");
		free(f);
		return NULL;
	}
	f->watch = w;
	uv_fs_event_init(w->loop, &f->event);
	f->event.data = f;
	f->next = w->folders;
	w->folders = f;
	w->count++;
	return f;
}

static bool add_folder(struct replay_watch *w, const char *path, struct error *e)
{
	struct folder *f = find_folder(w, path);
	if (f) /* it may have been deleted and made again */
		uv_fs_event_stop(&f->event);
	else if (!(f = new_folder(w, path, e)))
		return false;
	int status = uv_fs_event_start(&f->event, on_event, path, 0);
	if (status == UV_ENOSPC)
		return cannot_watch(path, "the system allows no more, see /proc/sys/fs/inotify/max_user_watches", e);
	return status == 0 || cannot_watch(path, uv_strerror(status), e);
}

/* Symbolic links are not followed, so there are no circles. */
static bool add_below(struct replay_watch *w, const char *path, DIR *d, int depth, struct error *e)
{
	bool fine = true;
	for (const struct dirent *entry; fine && (entry = readdir(d));) {
		char *below = NULL;
		struct stat st;
		if (is_ignored_name(entry->d_name))
			continue;
		if (asprintf(&below, "%s/%s", path, entry->d_name) < 0)
			return error_set(e, EXIT_STORE, "out of memory");
		if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode))
			/* NOLINTNEXTLINE(misc-no-recursion): bounded by depth */
			fine = add_tree(w, below, depth + 1, e);
		free(below);
	}
	return fine;
}

static bool add_tree(struct replay_watch *w, const char *path, int depth, struct error *e)
{
	DIR *d = opendir(path);
	if (!d) /* a folder further down may be gone again, or not readable */
		return depth > 0 || errno == ENOENT || cannot_watch(path, strerror(errno), e);
	bool fine = depth < 64;
	if (!fine)
		cannot_watch(path, "it is too deep", e);
	fine = fine && add_folder(w, path, e) && add_below(w, path, d, depth, e);
	closedir(d);
	return fine;
}

struct replay_watch *replay_watch_new(uv_loop_t *loop, const char *folder, void (*saved)(void *user), void *user,
				      struct error *e)
{
	struct stat st;
	if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
		error_set(e, EXIT_USAGE, "--watch takes a folder, and %.300s is not one", folder);
		return NULL;
	}
	struct replay_watch *w = calloc(1, sizeof *w);
	if (!w) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	w->loop = loop;
	w->saved = saved;
	w->user = user;
	uv_timer_init(loop, &w->settle);
	w->settle.data = w;
	if (add_tree(w, folder, 0, e))
		return w;
	replay_watch_close(w);
	return NULL;
}

static void on_timer_closed(uv_handle_t *handle)
{
	part_closed(handle->data);
}

void replay_watch_close(struct replay_watch *w)
{
	w->closed = true;
	w->closing = w->count + 1;
	for (struct folder *f = w->folders, *next; f; f = next) {
		next = f->next;
		uv_close((uv_handle_t *)&f->event, on_folder_closed);
	}
	uv_close((uv_handle_t *)&w->settle, on_timer_closed);
}
