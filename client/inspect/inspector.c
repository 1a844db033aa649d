#include "client/inspect/inspector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/inspect/inspect_deeds.h"
#include "client/inspect/inspect_source.h"
#include "shared/disk/folder.h"

struct inspector {
	struct inspect_source *source;
	struct inspect_deeds *deeds;
	struct tui *tui;
	struct inspector_options options;
	char *state_dir, *keys_path, *store;
	int parts;      /* to be closed */
	bool left_open; /* replays go on */
	void (*over)(void *user, const struct replay_progress *p);
	void (*closed)(void *user);
	void *closed_user;
};

bool inspector_has_terminal(void)
{
	const char *term = getenv("TERM");
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

/* NULL when it cannot be made: then nothing is remembered, which is no reason to refuse. */
static char *make_state_folder(void)
{
	struct error ignored;
	char *path = folder_of_user(FOLDER_STATE, NULL);
	if (path && folder_make(path, &ignored))
		return path;
	free(path);
	return NULL;
}

static void inspector_free(struct inspector *i)
{
	free(i->state_dir);
	free(i->store);
	free(i->keys_path);
	free(i);
}

static void on_ended(void *user, enum tui_end how)
{
	struct inspector *i = user;
	i->options.ended(i->options.user, how);
}

static bool start(struct inspector *i, uv_loop_t *loop, struct error *e)
{
	const struct inspector_options *o = &i->options;
	i->source = inspect_source_new(loop, o->db, e);
	if (!i->source)
		return false;
	if (o->state)
		inspect_source_set_state(i->source, o->state, o->user);
	inspect_source_set_secrets(i->source, o->secrets);
	i->deeds = inspect_deeds_new(loop, o->db, o->forward, o->secrets);
	if (!i->deeds)
		return error_set(e, EXIT_STORE, "out of memory");
	if (o->retarget)
		inspect_deeds_set_retarget(i->deeds, o->retarget, o->user);
	i->store = realpath(o->db, NULL); /* it is there by now */
	struct tui_deps deps = { loop, &inspect_source_ops, i->source, &inspect_deed_ops, i->deeds, o->cores };
	struct tui_options to = {
		.filter = o->filter,
		.color = o->color ? o->color : "auto",
		.theme = o->theme,
		.images = o->images,
		.notify = o->notify,
		.ascii = o->ascii,
		.mouse = o->mouse,
		.keys_path = i->keys_path,
		.state_dir = i->state_dir,
		.store = i->store ? i->store : o->db,
		.clipboard = getenv("CREEL_CLIPBOARD"),
		.listening = o->state != NULL,
	};
	i->tui = tui_start(&deps, &to, on_ended, i, e);
	return i->tui != NULL;
}

struct inspector *inspector_start(uv_loop_t *loop, const struct inspector_options *options, struct error *e)
{
	struct inspector *i = calloc(1, sizeof *i);
	if (!i) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	i->options = *options;
	i->keys_path = folder_of_user(FOLDER_CONFIG, "keys");
	i->state_dir = make_state_folder();
	if (start(i, loop, e))
		return i;
	inspector_close(i, NULL, NULL);
	return NULL;
}

void inspector_event(struct inspector *i, const char *sentence)
{
	tui_event(i->tui, sentence);
}

bool inspector_away(const struct inspector *i)
{
	return tui_away(i->tui);
}

static void on_part_closed(void *user)
{
	struct inspector *i = user;
	if (--i->parts)
		return;
	void (*closed)(void *) = i->closed;
	void *closed_user = i->closed_user;
	inspector_free(i);
	if (closed)
		closed(closed_user);
}

static void on_deeds_closed(void *user)
{
	((struct inspector *)user)->deeds = NULL;
	on_part_closed(user);
}

static void on_over(void *user, const struct replay_progress *p)
{
	const struct inspector *i = user;
	i->over(i->closed_user, p);
}

/* The terminal first: it asks the others. */
static void on_tui_closed(void *user)
{
	struct inspector *i = user;
	i->parts = 1 + (i->source != NULL) + (i->deeds != NULL);
	if (i->source)
		inspect_source_close(i->source, on_part_closed, i);
	if (i->deeds && i->left_open)
		inspect_deeds_leave(i->deeds, on_over, on_deeds_closed, i);
	else if (i->deeds)
		inspect_deeds_close(i->deeds, on_deeds_closed, i);
	on_part_closed(i);
}

void inspector_close(struct inspector *i, void (*closed)(void *user), void *user)
{
	i->closed = closed;
	i->closed_user = user;
	if (i->tui)
		tui_close(i->tui, on_tui_closed, i);
	else
		on_tui_closed(i);
}

struct replay_progress inspector_leave(struct inspector *i, void (*over)(void *user, const struct replay_progress *p),
				       void (*closed)(void *user), void *user)
{
	struct replay_progress left = inspect_deeds_under_way(i->deeds);
	i->left_open = true;
	i->over = over;
	inspector_close(i, closed, user);
	return left;
}

void inspector_stop(struct inspector *i)
{
	if (i && i->deeds)
		inspect_deeds_stop(i->deeds);
}
