#include "client/listening/listen_report.h"

#include "shared/disk/file.h"
#include "shared/providers/signature_sender.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

const char *listen_report_target(const struct listen *l)
{
	return l->routes.at[l->routes.count - 1].target;
}

void listen_report_say(void *user, const char *sentence)
{
	struct listen *l = user;
	char text[800];
	progress_hide(&l->indexing.progress);
	snprintf(text, sizeof text, "%s", sentence);
	secret_gate_scrub(l->options->program->gate, text, sizeof text);
	if (l->inspector)
		inspector_event(l->inspector, text);
	else
		output_trouble(l->mode, text);
}

static void say_no_ready_file(struct listen *l)
{
	char text[600];
	snprintf(text, sizeof text, "the ready file %.400s cannot be written: %s", l->options->ready_file,
		 strerror(errno));
	listen_report_say(l, text);
}

const char *listen_report_detail(const struct listen *l)
{
	return *l->detail ? l->detail : l->store_trouble;
}

void listen_report_status(struct listen *l)
{
	struct client_status c = {
		.pid = getpid(),
		.started_at_us = l->started_at_us,
		.confirmed_at_us = tunnel_confirmed_at_us(l->tunnel),
		.ping_interval_ms = (uint64_t)l->options->tunnel.ping_interval_ms,
		.state = bytes_of(output_state_name(l->state)),
		.detail = bytes_of(listen_report_detail(l)),
		.relay = bytes_of(l->options->tunnel.relay),
		.url = bytes_of(tunnel_public_url(l->tunnel)),
		.tunnel = bytes_of(tunnel_name(l->tunnel)),
		.target = bytes_of(listen_report_target(l)),
		.lag_us = tunnel_lag_us(l->tunnel),
		.secrets = buffer_view(&l->secret_names),
		.routes = buffer_view(&l->route_texts),
	};
	if (!l->ending)
		recorder_put_status(l->recorder, &c);
}

void listen_report_ready(struct listen *l)
{
	const char *url = tunnel_public_url(l->tunnel);
	progress_hide(&l->indexing.progress);
	output_ready(l->mode, url, tunnel_name(l->tunnel), listen_report_target(l));
	for (size_t i = 0; i < l->options->routes.count; i++)
		output_route(l->mode, l->options->routes.at[i]);
	if (l->options->on_ready)
		l->options->on_ready(l->options->on_ready_user, url);
}

static void tell_state_in_ui(struct listen *l)
{
	char text[800];
	if (l->state == TUNNEL_ONLINE)
		snprintf(text, sizeof text, "online: %s", tunnel_public_url(l->tunnel));
	else
		snprintf(text, sizeof text, "%s: %s", output_state_name(l->state), l->detail);
	inspector_event(l->inspector, text);
}

void listen_report_state(void *user, const struct tunnel_news *news)
{
	struct listen *l = user;
	const enum tunnel_state state = news->state;
	bool first = state == TUNNEL_ONLINE && !l->was_online;
	l->state = state;
	if (state == TUNNEL_OFFLINE) {
		snprintf(l->why, sizeof l->why, "%s", news->why);
		secret_gate_scrub(l->options->program->gate, l->why, sizeof l->why);
		snprintf(l->detail, sizeof l->detail, "%s; trying again in %.1f s", l->why,
			 (double)news->retry_ms / 1000);
	} else {
		snprintf(l->detail, sizeof l->detail, "%s", news->why);
	}
	if (l->ending)
		return;
	const char *url = tunnel_public_url(l->tunnel);
	if (first) {
		l->was_online = true;
		uv_timer_stop(&l->connect_timer);
		if (!l->inspector)
			listen_report_ready(l);
		if (l->options->ready_file && !file_replace_line(l->options->ready_file, url))
			say_no_ready_file(l);
	}
	progress_hide(&l->indexing.progress);
	if (l->inspector) {
		tell_state_in_ui(l);
	} else if (first) {
		if (l->mode == OUTPUT_JSON)
			output_state(l->mode, state, l->detail, url);
	} else if (l->was_online ||
		   state != TUNNEL_CONNECTING) { /* programs read "ready" first, unless there is trouble */
		output_state(l->mode, state, l->detail, url);
	}
	listen_report_status(l);
}

void listen_report_delivery(void *user, const struct delivery_row *row)
{
	struct listen *l = user;
	if (l->inspector)
		return;
	progress_hide(&l->indexing.progress);
	output_delivery(l->mode, row);
	if (listen_calls_no_app(l->options) && l->mode == OUTPUT_LINES && row->state != DELIVERY_REFUSED) {
		output_row(stdout, row);
		fflush(stdout);
	}
}

void listen_report_attempt(void *user, const struct delivery_row *row, const struct attempt_row *a)
{
	struct listen *l = user;
	char late[SIGNATURE_WAITS_LEN + 40], text[SIGNATURE_WAITS_LEN];
	progress_hide(&l->indexing.progress);
	if (!l->inspector)
		output_attempt(l->mode, row, a);
	/* With --ack immediate nobody waits. */
	if (row->origin == ORIGIN_LIVE && (!l->options->ack || strcmp(l->options->ack, "immediate") != 0) &&
	    signature_waits_say(row->provider, a->total_us, text)) {
		snprintf(late, sizeof late, "#%lld: %s", (long long)row->id, text);
		listen_report_say(l, late);
	}
}

void listen_report_parts(struct listen *l, int64_t delivery_id)
{
	struct error e = { 0 };
	progress_hide(&l->indexing.progress);
	if ((!l->shown && !store_open(&l->shown, l->db, STORE_READ_ONLY, &e)) ||
	    !parts_print(&l->options->parts, stdout, l->shown, delivery_id, &e))
		listen_report_say(l, e.text);
	fflush(stdout);
}

void listen_report_store(void *user, const char *sentence)
{
	struct listen *l = user;
	char text[700];
	snprintf(l->store_trouble, sizeof l->store_trouble, "%s", sentence ? sentence : "");
	secret_gate_scrub(l->options->program->gate, l->store_trouble, sizeof l->store_trouble);
	if (sentence)
		snprintf(text, sizeof text, "deliveries are refused: %s", sentence);
	else
		snprintf(text, sizeof text, "deliveries are recorded again");
	listen_report_say(l, text);
	if (l->ending)
		return;
	if (l->mode == OUTPUT_JSON && l->was_online)
		output_state(l->mode, l->state, listen_report_detail(l), tunnel_public_url(l->tunnel));
	listen_report_status(l);
}
