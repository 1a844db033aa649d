#include "client/web/web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/web_server/web_assets.h"
#include "client/web/web_deeds.h"
#include "client/web/web_export.h"
#include "client/web/web_private.h"
#include "client/web/web_routes.h"
#include "client/web/web_watch.h"

static void on_ask(void *user, struct web_exchange *x)
{
	struct web *w = user;
	const struct web_route *route = web_routes_find(x);
	if (!route)
		web_answer(w, x);
	else if (route->act)
		route->act(w, x);
	else
		web_read_and_answer(w, x, route->work);
}

/* ---- life ---- */

/* Of every question to the record, by whichever address; answers that are whole in parts end before. */
static const struct inspect_bounds bounds = { .at_once = 8, .wait_ms = 1000, .patience_us = 5000000 };

/* A page may be opened before the first `creel listen`, or over an older creel's store. Who may only read does not need
 * this. */
static bool make_store(const char *path, struct error *e)
{
	struct store *s;
	if (store_open(&s, path, STORE_READ_WRITE, e)) {
		store_close(s);
		return true;
	}
	return access(path, F_OK) == 0;
}

static bool start(struct web *w, struct error *e)
{
	const struct web_options *o = &w->options;
	if (!make_store(o->db, e) || !web_key_load(o->db, o->new_token, &w->key, e) ||
	    !(w->source = inspect_source_new(w->loop, o->db, e)))
		return false;
	inspect_source_set_secrets(w->source, o->secrets);
	inspect_source_set_bounds(w->source, &bounds);
	w->events = web_events_new();
	w->inspect_deeds = inspect_deeds_new(w->loop, o->db, o->forward, o->secrets);
	w->deeds = w->inspect_deeds && w->events ? web_deeds_new(w) : NULL;
	w->exports = web_exports_new();
	w->watch = w->deeds && w->exports ? web_watch_new(w) : NULL;
	if (!w->watch)
		return error_set(e, EXIT_STORE, "out of memory");
	const struct web_server_options so = { .port = o->port,
					       .port_option = o->port_option,
					       .ngrok = !o->no_ngrok_api,
					       .key = &w->key,
					       .db = w->options.db,
					       .events = w->events,
					       .ask = on_ask,
					       .user = w };
	if (!(w->server = web_server_new(w->loop, &so, e)))
		return false;
	snprintf(w->url, sizeof w->url, "http://127.0.0.1:%u/?token=%s", web_server_port(w->server), w->key.token);
	return true;
}

struct web *web_start(uv_loop_t *loop, const struct web_options *options, struct error *e)
{
	struct web *w = calloc(1, sizeof *w);
	if (!w) {
		error_set(e, EXIT_STORE, "out of memory");
		return NULL;
	}
	w->loop = loop;
	w->options = *options;
	w->head.filter = options->filter;
	web_assets_start();
	if (start(w, e))
		return w;
	web_close(w, NULL, NULL);
	return NULL;
}

const char *web_url(const struct web *w)
{
	return w->url;
}

static void on_part_closed(void *user)
{
	struct web *w = user;
	if (--w->parts)
		return;
	void (*closed)(void *) = w->closed;
	void *closed_user = w->closed_user;
	web_events_free(w->events);
	web_deeds_free(w->deeds);
	web_exports_free(w->exports);
	web_key_wipe(&w->key);
	free(w);
	if (closed)
		closed(closed_user);
}

/* Nobody asks any more. */
static void on_server_closed(void *user)
{
	struct web *w = user;
	w->server = NULL;
	w->parts = 1 + (w->source != NULL) + (w->inspect_deeds != NULL) + (w->watch != NULL);
	if (w->watch)
		web_watch_close(w->watch, on_part_closed, w);
	if (w->source)
		inspect_source_close(w->source, on_part_closed, w);
	if (w->inspect_deeds)
		inspect_deeds_close(w->inspect_deeds, on_part_closed, w);
	on_part_closed(w);
}

void web_close(struct web *w, void (*closed)(void *user), void *user)
{
	w->closed = closed;
	w->closed_user = user;
	if (w->events)
		web_events_end(w->events);
	if (!w->server) {
		on_server_closed(w);
		return;
	}
	inspect_source_ops.cancel(w->source, NULL);
	web_server_close(w->server, on_server_closed, w);
}
