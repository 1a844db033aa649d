#include "client/options/command.h"
#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "shared/json/json_bytes.h"
#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/disk/disk.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FULL_BYTES (128 << 10) /* what a commit of one webhook may want */

struct status {
	bool json, online, failed;
	size_t shown;
	char full[300]; /* what is wrong with the store's disk, or "" */
	struct error *e;
};

/* One of a client's routes after the other. False: there is none left. */
static bool next_route(struct bytes *rest, struct bytes *route)
{
	*route = bytes_until(*rest, '\n');
	size_t used = route->len < rest->len ? route->len + 1 : route->len;
	*rest = bytes_make(rest->at + used, rest->len - used);
	return route->len > 0;
}

static json_t *routes_json(struct bytes routes)
{
	json_t *list = json_array();
	for (struct bytes route; list && next_route(&routes, &route);)
		if (json_array_append_new(list, json_from_bytes(route)) != 0)
			break;
	return list;
}

static bool print_json(const struct client_status *c, const char *state, struct bytes detail, struct error *e)
{
	struct json_fields o = json_fields_begin(NULL);
	json_fields_number(&o, "pid", c->pid);
	json_fields_text(&o, "state", bytes_of(state));
	json_fields_text_or_null(&o, "detail", detail);
	json_fields_text_or_null(&o, "url", c->url);
	json_fields_text_or_null(&o, "tunnel", c->tunnel);
	json_fields_text_or_null(&o, "target", c->target);
	json_fields_put(&o, "routes", routes_json(c->routes));
	json_fields_text_or_null(&o, "relay", c->relay);
	if (c->confirmed_at_us)
		json_fields_time(&o, "confirmed_at", c->confirmed_at_us);
	else
		json_fields_put(&o, "confirmed_at", json_null());
	return row_json_print(stdout, json_fields_end(&o), e);
}

/* A client that cannot write its record cannot write so either: its last word may be from before that. */
static void look_at_disk(struct status *s, const char *path)
{
	int64_t bytes = disk_free(path);
	if (bytes >= 0 && bytes < FULL_BYTES)
		snprintf(s->full, sizeof s->full,
			 "the disk of %.200s is full (%lld KiB are free): webhooks are refused", path,
			 (long long)(bytes >> 10));
}

static void on_client(void *user, const struct client_status *c)
{
	struct status *s = user;
	/* A killed client leaves its row behind. */
	if (s->failed || !process_is_alive_since(c->pid, c->started_at_us))
		return;
	uint64_t now = clock_now_us();
	bool stale = c->confirmed_at_us + 2 * c->ping_interval_ms * 1000 < now;
	bool says_online = bytes_equal(c->state, bytes_of("online")), online = says_online && !stale;
	struct bytes detail = c->detail.len ? c->detail : bytes_of(s->full);
	char silent[500];
	/* Where the relay is silent the client says so soon after: it hangs, or could not write. */
	if (says_online && stale) {
		snprintf(silent, sizeof silent, "neither relay nor client has confirmed the tunnel for %llu s%s%s",
			 (unsigned long long)((now - c->confirmed_at_us) / 1000000), *s->full ? "; " : "", s->full);
		detail = bytes_of(silent);
	}
	const char *state = online                                          ? "online"
			    : says_online                                   ? "unknown"
			    : bytes_equal(c->state, bytes_of("connecting")) ? "connecting"
									    : "offline";
	s->online = s->online || online;
	s->shown++;
	if (s->json) {
		s->failed = !print_json(c, state, detail, s->e);
		return;
	}
	struct buffer text = { 0 };
	bool fine = text_sanitize(&text, c->url.len ? c->url : bytes_of("(no URL yet)"), TEXT_LINE) &&
		    buffer_append_text(&text, " -> ") && text_sanitize(&text, c->target, TEXT_LINE);
	if (fine && detail.len)
		fine = buffer_append_text(&text, "  ") && text_sanitize(&text, detail, TEXT_LINE);
	if (fine)
		printf("%-10s  %.*s\n", state, (int)text.len, (const char *)text.at);
	struct bytes routes = c->routes;
	for (struct bytes route; fine && next_route(&routes, &route);) {
		text.len = 0;
		fine = text_sanitize(&text, route, TEXT_LINE);
		if (fine)
			printf("%-10s  route %.*s\n", "", (int)text.len, (const char *)text.at);
	}
	buffer_free(&text);
}

#define AT struct status

static const struct option_row rows[] = {
	{ "json", 0, OPTION_FLAG_AT(AT, json), OPTION_BY_PROJECT, NULL, "one JSON object a client" },
};

/* Nothing was ever recorded here: that is an answer, not a broken store. */
static bool was_never_used(const struct command_call *call, const char *path)
{
	return !call->common->db && access(path, F_OK) != 0 && errno == ENOENT;
}

static bool look_at_store(struct command_call *call, struct status *s, const char *path, struct error *e)
{
	struct store *store = NULL;
	if (was_never_used(call, path))
		return true;
	look_at_disk(s, path);
	bool fine = store_open(&store, path, STORE_READ_ONLY, e) && store_list_status(store, on_client, s, e);
	store_close(store);
	return fine && !s->failed;
}

static int run(struct command_call *call, struct error *e)
{
	struct status *s = call->settings;
	s->e = e;
	if (call->argc > 0) {
		error_set(e, EXIT_USAGE, "status takes no argument");
		return EXIT_USAGE;
	}
	const char *path = command_db(call, e);
	if (!path || !look_at_store(call, s, path, e))
		return (int)e->code;
	if (s->shown == 0 && !s->json)
		puts("no client is running: start `creel listen PORT`");
	return s->online ? EXIT_DONE : EXIT_NO;
}

const struct command command_status = {
	"status",
	"creel status [--json]",
	"whether a tunnel is online, and where",
	"Shows the clients that run on this machine with this store; one that was killed is not shown. Exit status 0\n"
	"when one is online, else 1. \"online\": the relay confirmed the tunnel within the last two ping intervals.\n"
	"\"unknown\": the client has written nothing since then, so it hangs or cannot write its record. A full disk\n"
	"is reported either way.\n\n"
	"Example: creel status --json",
	COMMAND_OPTIONS(rows, struct status),
	.uses = COMMAND_USES_DB,
	.run = run,
};
