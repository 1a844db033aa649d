#include "client/web/web_routes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client/web/web_actions.h"
#include "client/web_server/web_assets.h"
#include "client/web_views/web_body.h"
#include "client/web/web_compare.h"
#include "client/web_views/web_complete.h"
#include "client/web/web_deeds.h"
#include "client/web_views/web_detail.h"
#include "client/web/web_export.h"
#include "client/web/web_ngrok.h"
#include "client/web_views/web_rows.h"
#include "client/web_views/web_shell.h"
#include "client/web_views/web_stats.h"
#include "client/web/web_watch.h"
#include "shared/json/json_bytes.h"

/* The one way to the relay, once its ping came back: [{"region": "relay.example.com", "latency": "12ms"}]. */
static json_t *session_json(const struct client_state *c)
{
	char latency[32];
	json_t *legs = json_array();
	snprintf(latency, sizeof latency, "%" PRIu64 "ms", (c->lag_us + 500) / 1000);
	if (legs && c->running && c->lag_us)
		json_array_append_new(
		    legs, json_pack("{s:o, s:s}", "region", json_from_bytes(bytes_of(c->relay)), "latency", latency));
	return json_pack("{s:o}", "legs", legs);
}

static void show_status(struct web *w, struct web_exchange *x)
{
	json_t *j = web_watch_state(&w->head.client);
	/* ngrok's fields (/api/status of its agent). */
	if (j && json_object_set_new(j, "status", json_string(w->head.client.running ? "online" : "connecting")) == 0 &&
	    json_object_set_new(j, "agent_version", json_string(CREEL_VERSION)) == 0 &&
	    json_object_set_new(j, "session", session_json(&w->head.client)) == 0 &&
	    json_object_set_new(j, "uri", json_string("/api/status")) == 0)
		web_answer_json(x, 200, j);
	else
		json_decref(j);
	web_answer(w, x);
}

static void show_openapi(struct web *w, struct web_exchange *x)
{
	x->status = buffer_append_text(&x->answer, web_assets_text("openapi.json")) ? 200 : 503;
	x->type = "application/json";
	web_answer(w, x);
}

static void show_actions(struct web *w, struct web_exchange *x)
{
	web_answer_json(x, 200, web_actions_json());
	web_answer(w, x);
}

#define VIEW " filter order tab attempt view find line span step by split cols "

static const struct web_route routes[] = {
	{ WEB_GET, "/", VIEW "before ", web_shell_list, NULL },
	{ WEB_GET, "/d/*", VIEW, web_shell_detail, NULL },
	{ WEB_GET, "/d/*/edit", VIEW, web_shell_detail, NULL },
	{ WEB_GET, "/diff/*/*", VIEW, web_shell_plain, NULL },
	{ WEB_GET, "/overview", VIEW, web_shell_plain, NULL },
	{ WEB_GET, "/export", VIEW, web_shell_plain, NULL },
	{ WEB_GET, "/help", VIEW, web_shell_plain, NULL },
	{ WEB_GET, "/api/deliveries", " filter before after limit order ids ", web_rows_list, NULL },
	{ WEB_DELETE, "/api/deliveries", " ", NULL, web_deeds_delete },
	{ WEB_GET, "/api/count", " filter ", web_rows_count, NULL },
	{ WEB_GET, "/api/deliveries/*", " attempt ", web_detail_get, NULL },
	{ WEB_GET, "/api/deliveries/*/request/body", " attempt decode view download ", web_body_request, NULL },
	{ WEB_GET, "/api/deliveries/*/response/body", " attempt decode view download ", web_body_response, NULL },
	{ WEB_GET, "/api/deliveries/*/raw/request", " attempt ", web_body_raw_request, NULL },
	{ WEB_GET, "/api/deliveries/*/raw/response", " attempt ", web_body_raw_response, NULL },
	{ WEB_GET, "/api/deliveries/*/find", " part text hex attempt ", web_body_find, NULL },
	{ WEB_POST, "/api/deliveries/*/tags", " ", NULL, web_deeds_tag },
	{ WEB_POST, "/api/deliveries/*/note", " ", NULL, web_deeds_note },
	{ WEB_POST, "/api/replays", " ", NULL, web_deeds_replay },
	{ WEB_GET, "/api/replays/*", " ", NULL, web_deeds_show_replay },
	{ WEB_DELETE, "/api/replays/*", " ", NULL, web_deeds_stop_replay },
	{ WEB_GET, "/api/diff", " a b key_order ignore_volatile ", web_compare_diff, NULL },
	{ WEB_POST, "/api/verify", " ", web_compare_verify, NULL },
	{ WEB_POST, "/api/export", " ", NULL, web_export_ask },
	{ WEB_GET, "/api/exports/*", " ", NULL, web_export_take },
	{ WEB_GET, "/api/stats", " filter from to step by ", web_stats, NULL },
	{ WEB_GET, "/api/filter", " text caret ", web_complete, NULL },
	{ WEB_GET, "/api/openapi.json", " ", NULL, show_openapi },
	{ WEB_GET, "/api/tunnels", " ", web_ngrok_tunnels, NULL },
	{ WEB_GET, "/api/tunnels/*", " ", web_ngrok_tunnel, NULL },
	{ WEB_POST, "/api/tunnels", " ", NULL, web_ngrok_refuse },
	{ WEB_DELETE, "/api/tunnels/*", " ", NULL, web_ngrok_refuse },
	{ WEB_GET, "/api/requests/http", " limit tunnel_name ", web_ngrok_requests, NULL },
	{ WEB_GET, "/api/requests/http/*", " ", web_ngrok_request, NULL },
	{ WEB_POST, "/api/requests/http", " ", NULL, web_ngrok_replay },
	{ WEB_DELETE, "/api/requests/http", " ", NULL, web_ngrok_refuse },
	{ WEB_GET, "/api/status", " ", NULL, show_status },
	{ WEB_GET, "/api/actions", " ", NULL, show_actions },
};

static const struct web_route nowhere = { WEB_GET, "", "", web_shell_nowhere, NULL };

/* A person in front of a browser gets a page in the place of a problem; the API's addresses always answer as the API.
 */
static const struct web_route *unknown(const struct web_exchange *x)
{
	bool person = (x->method == WEB_GET || x->method == WEB_HEAD) && x->accept && strstr(x->accept, "text/html");
	return person && strncmp(x->path, "/api/", 5) != 0 ? &nowhere : NULL;
}

/* Whether the path is of that pattern; `stars`: what each of them stands for, views into the path. */
static bool matches(const char *path, const char *pattern, struct bytes stars[2])
{
	size_t count = 0;
	while (*pattern) {
		if (*pattern != '*') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t len = strcspn(path, "/");
		if (len == 0)
			return false;
		stars[count++] = bytes_make(path, len);
		path += len;
		pattern++;
	}
	return *path == 0;
}

/* False when out of memory. */
static bool keep_stars(struct web_exchange *x, const struct bytes stars[2])
{
	for (size_t i = 0; i < 2; i++)
		if (stars[i].at && !(x->segment[i] = web_exchange_copy(x, stars[i])))
			return false;
	return true;
}

/* RFC 9110 §15.5.6 wants to hear which methods there are. */
static void refuse_method(struct web_exchange *x)
{
	static const char *const names[] = { "GET, HEAD", NULL, "POST", "DELETE" };
	char allowed[40] = "";
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		const char *name = names[routes[i].method];
		struct bytes stars[2];
		if (routes[i].act != web_ngrok_refuse && matches(x->path, routes[i].pattern, stars) &&
		    !strstr(allowed, name))
			snprintf(allowed + strlen(allowed), sizeof allowed - strlen(allowed), "%s%s",
				 *allowed ? ", " : "", name);
	}
	web_problem(x, 405, "method", "this address is asked by %s alone", allowed);
	if (!web_answer_header(x, "Allow: %s", allowed))
		x->status = 503;
}

const struct web_route *web_routes_find(struct web_exchange *x)
{
	enum web_method method = x->method == WEB_HEAD ? WEB_GET : x->method;
	bool other = false;
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
		struct bytes stars[2] = { { NULL, 0 }, { NULL, 0 } };
		bool here = matches(x->path, routes[i].pattern, stars);
		other = other || (here && routes[i].method != method);
		if (!here || routes[i].method != method)
			continue;
		if (!keep_stars(x, stars)) {
			web_problem(x, 503, "store", "out of memory");
			return NULL;
		}
		return web_params_known(x, routes[i].params) ? &routes[i] : unknown(x);
	}
	if (other) {
		refuse_method(x);
		return NULL;
	}
	web_problem(x, 404, "not-found",
		    "there is nothing at this address: /api/openapi.json says what there is below /api/");
	return unknown(x);
}
