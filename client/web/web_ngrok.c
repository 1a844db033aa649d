#include "client/web/web_ngrok.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/json/json_fields.h"
#include "client/web_views/web_ask.h"
#include "client/web/web_deeds.h"
#include "client/web_views/web_detail.h"
#include "shared/stats/durations.h"
#include "client/web_views/web_rows.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"
#include "shared/query/store_filter.h"

#define LOOKED_AT 2000      /* of the newest deliveries, for rates and percentiles */
#define RAW_MOST (1u << 20) /* of a message */
#define MINUTE_US 60000000u

/* ---- tunnels ---- */

struct metrics {
	struct bytes tunnel;
	uint64_t now_us, count, within[3]; /* the last 1, 5 and 15 minutes */
	struct durations took;
};

static void on_row(void *user, const struct delivery_row *row)
{
	static const unsigned minutes[] = { 1, 5, 15 };
	struct metrics *m = user;
	if (!bytes_equal(row->tunnel, m->tunnel))
		return;
	for (size_t i = 0; i < 3; i++)
		m->within[i] += row->received_at_us + (uint64_t)minutes[i] * MINUTE_US > m->now_us;
	if (row->took_us >= 0)
		durations_add(&m->took, (uint64_t)row->took_us);
}

static bool measure(struct store *s, struct metrics *m, struct error *e)
{
	struct filter_error ignored;
	struct buffer text = { 0 };
	struct store_search newest = { .limit = LOOKED_AT, .row = on_row, .user = m };
	bool fine = buffer_append_text(&text, "tunnel:\"") && buffer_append_bytes(&text, m->tunnel) &&
		    buffer_append_text(&text, "\"") && buffer_put_u8(&text, 0);
	struct filter *f = fine ? filter_parse((const char *)text.at, m->now_us, &ignored) : NULL;
	struct store_search all = { .filter = f };
	fine = f && store_filter_count(s, &all, &m->count, e) && store_filter(s, &newest, e);
	filter_free(f);
	buffer_free(&text);
	return fine;
}

static json_t *metrics_json(const struct metrics *m, bool conns)
{
	static const char *const rates[] = { "rate1", "rate5", "rate15" }, *const names[] = { "p50", "p90", "p95",
											      "p99" };
	static const double shares[] = { 0.5, 0.9, 0.95, 0.99 }, seconds[] = { 60, 300, 900 };
	struct json_fields f = json_fields_begin(NULL);
	json_fields_number(&f, "count", (int64_t)m->count);
	if (conns)
		json_fields_number(&f, "gauge", 0);
	for (size_t i = 0; i < 3; i++)
		json_fields_put(&f, rates[i], json_real((double)m->within[i] / seconds[i]));
	for (size_t i = 0; i < 4; i++) /* nanoseconds, as its durations are */
		json_fields_put(&f, names[i], json_real((double)durations_share(&m->took, shares[i]) * 1000));
	return json_fields_end(&f);
}

static json_t *tunnel_json(struct web_read *r, struct error *e)
{
	const struct client_state *c = &r->head->client;
	struct metrics m = { .tunnel = bytes_of(c->tunnel), .now_us = clock_now_us() };
	char uri[120];
	if (!measure(r->store, &m, e))
		return NULL;
	snprintf(uri, sizeof uri, "/api/tunnels/%s", c->tunnel);
	return json_pack("{s:s, s:s, s:o, s:s, s:{s:o, s:b}, s:{s:o, s:o}}", "name", c->tunnel, "uri", uri,
			 "public_url", json_from_bytes(bytes_of(c->url)), "proto",
			 strncmp(c->url, "https:", 6) == 0 ? "https" : "http", "config", "addr",
			 json_from_bytes(bytes_of(c->target)), "inspect", true, "metrics", "conns",
			 metrics_json(&m, true), "http", metrics_json(&m, false));
}

static bool is_open(const struct web_read *r)
{
	return r->head->client.running && *r->head->client.url;
}

void web_ngrok_tunnels(struct web_read *r)
{
	struct error e = { .code = EXIT_STORE };
	json_t *list = json_array(), *one = is_open(r) ? tunnel_json(r, &e) : NULL;
	if (is_open(r) && !one)
		web_problem_of(r->x, &e);
	else if (list && (!one || json_array_append_new(list, one) == 0))
		web_answer_json(r->x, 200, json_pack("{s:O, s:s}", "tunnels", list, "uri", "/api/tunnels"));
	json_decref(list);
}

void web_ngrok_tunnel(struct web_read *r)
{
	struct error e = { .code = EXIT_STORE };
	if (!is_open(r) || strcmp(r->head->client.tunnel, r->x->segment[0]) != 0) {
		web_problem(r->x, 404, "not-found", "there is no such tunnel");
		return;
	}
	json_t *one = tunnel_json(r, &e);
	if (one)
		web_answer_json(r->x, 200, one);
	else
		web_problem_of(r->x, &e);
}

void web_ngrok_refuse(struct web *w, struct web_exchange *x)
{
	web_problem(x, 405, "method",
		    "a page neither opens tunnels nor empties the record: `creel listen`, `creel prune`");
	if (!web_answer_header(x, "Allow: GET, HEAD%s", strcmp(x->path, "/api/requests/http") == 0 ? ", POST" : ""))
		x->status = 503;
	web_answer(w, x);
}

/* ---- requests ---- */

static json_t *headers_json(struct bytes block)
{
	struct bytes name, value;
	json_t *all = json_object();
	for (size_t at = 0; all && headers_next(block, &at, &name, &value);) {
		json_t *key = json_from_bytes(name);
		const char *text = json_string_value(key);
		json_t *list = text ? json_object_get(all, text) : NULL;
		if (text && !list)
			json_object_set_new(all, text, list = json_array());
		if (list)
			json_array_append_new(list, json_from_bytes(value));
		json_decref(key);
	}
	return all;
}

static json_t *cut64(const struct buffer *raw)
{
	return json_from_base64(bytes_make(raw->at, raw->len < RAW_MOST ? raw->len : RAW_MOST));
}

static bool put_raw_request(struct buffer *raw, const struct delivery_row *row, const struct store_part *part)
{
	return buffer_append_bytes(raw, row->method) && buffer_put_u8(raw, ' ') &&
	       buffer_append_bytes(raw, row->target) && buffer_append_text(raw, " HTTP/1.1\r\n") &&
	       buffer_append_bytes(raw, buffer_view(&part->headers)) && buffer_append_text(raw, "\r\n") &&
	       buffer_append_bytes(raw, buffer_view(&part->body));
}

static json_t *request_part(struct store *s, const struct delivery_row *row, struct error *e)
{
	struct store_part part = { 0 };
	struct buffer raw = { 0 };
	json_t *out = NULL;
	if (store_get_part(s, row->id, 0, RAW_MOST, &part, e) && put_raw_request(&raw, row, &part))
		out = json_pack("{s:o, s:s, s:o, s:o, s:o}", "method", json_from_bytes(row->method), "proto",
				"HTTP/1.1", "headers", headers_json(buffer_view(&part.headers)), "uri",
				json_from_bytes(row->target), "raw", cut64(&raw));
	store_part_free(&part);
	buffer_free(&raw);
	return out;
}

static bool put_raw(struct buffer *raw, const struct web_attempt *a, const struct store_part *part)
{
	return buffer_printf(raw, "HTTP/1.1 %d ", a->status) && buffer_append_bytes(raw, buffer_view(&a->reason)) &&
	       buffer_append_text(raw, "\r\n") && buffer_append_bytes(raw, buffer_view(&part->headers)) &&
	       buffer_append_text(raw, "\r\n") && buffer_append_bytes(raw, buffer_view(&part->body));
}

static json_t *response_part(struct store *s, const struct delivery_row *row, struct error *e)
{
	struct web_attempt a = { 0 };
	struct store_part part = { 0 };
	struct buffer raw = { 0 };
	char status[200];
	json_t *out = NULL;
	bool fine = web_detail_attempt(s, row->id, &a, e);
	if (fine && !a.status) {
		out = json_null();
	} else if (fine && store_get_part(s, row->id, a.number, RAW_MOST, &part, e) && put_raw(&raw, &a, &part)) {
		snprintf(status, sizeof status, "%d %.*s", a.status, a.reason.len < 150 ? (int)a.reason.len : 150,
			 a.reason.len ? (const char *)a.reason.at : "");
		out = json_pack("{s:o, s:i, s:s, s:o, s:o}", "status", json_from_bytes(bytes_of(status)), "status_code",
				a.status, "proto", "HTTP/1.1", "headers", headers_json(buffer_view(&part.headers)),
				"raw", cut64(&raw));
	}
	store_part_free(&part);
	buffer_free(&raw);
	buffer_free(&a.reason);
	buffer_free(&a.error);
	return out;
}

static json_t *request_json(struct store *s, int64_t id, struct error *e)
{
	struct item item = { 0 };
	char uri[60], text[24];
	if (!item_read(s, id, &item, e))
		return NULL;
	const struct delivery_row *row = &item.row;
	json_t *request = request_part(s, row, e), *response = request ? response_part(s, row, e) : NULL;
	struct json_fields f = json_fields_begin(NULL);
	snprintf(text, sizeof text, "%lld", (long long)id);
	snprintf(uri, sizeof uri, "/api/requests/http/%s", text);
	json_fields_text(&f, "uri", bytes_of(uri));
	json_fields_text(&f, "id", bytes_of(text));
	json_fields_text(&f, "tunnel_name", row->tunnel);
	json_fields_text(&f, "remote_addr", row->peer);
	json_fields_time(&f, "start", row->received_at_us);
	json_fields_number(&f, "duration",
			   row->took_us > 0 ? (row->took_us < INT64_MAX / 1000 ? row->took_us * 1000 : INT64_MAX) : 0);
	json_fields_put(&f, "request", request);
	json_fields_put(&f, "response", response);
	item_free(&item);
	return json_fields_end(&f);
}

void web_ngrok_request(struct web_read *r)
{
	struct error e = { .code = EXIT_STORE };
	int64_t id;
	if (!web_detail_resolve(r, &id))
		return;
	json_t *one = request_json(r->store, id, &e);
	if (one)
		web_answer_json(r->x, 200, one);
	else
		web_problem_of(r->x, &e);
}

struct newest {
	struct bytes tunnel; /* empty: any */
	int64_t ids[500];
	size_t count, most;
};

static void on_newest(void *user, const struct delivery_row *row)
{
	struct newest *n = user;
	if (n->count < n->most && (!n->tunnel.len || bytes_equal(row->tunnel, n->tunnel)))
		n->ids[n->count++] = row->id;
}

/* One after the other: 500 of them with 2 MiB each are not held at once. */
#define REQUESTS_BEGIN "{\"uri\":\"/api/requests/http\",\"requests\":["

static bool put_text(struct web_exchange *x, const char *text, struct error *e)
{
	return web_answer_more(x, bytes_of(text), e);
}

/* Takes the value. */
static bool put_json(struct web_exchange *x, json_t *value, struct error *e)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(12));
	bool fine = text ? put_text(x, text, e) : error_set(e, EXIT_STORE, "out of memory");
	json_decref(value);
	free(text);
	return fine;
}

void web_ngrok_requests(struct web_read *r)
{
	struct error e = { .code = EXIT_STORE };
	struct newest n = { .tunnel = bytes_of(web_param(r->x, "tunnel_name")) };
	int64_t limit;
	if (!web_param_number(r->x, "limit", 1, 500, 50, &limit))
		return;
	n.most = (size_t)limit;
	struct store_search search = { .limit = n.tunnel.len ? LOOKED_AT : (uint64_t)limit,
				       .row = on_newest,
				       .user = &n };
	bool fine = store_filter(r->store, &search, &e) && put_text(r->x, REQUESTS_BEGIN, &e);
	for (size_t i = 0, put = 0; fine && i < n.count; i++) {
		json_t *one = request_json(r->store, n.ids[i], &e);
		if (one)
			fine = (!put++ || put_text(r->x, ",", &e)) && put_json(r->x, one, &e);
		else
			fine = e.code == EXIT_USAGE; /* it was deleted meanwhile */
	}
	fine = fine && put_text(r->x, "]}", &e);
	r->x->status = 200;
	r->x->type = "application/json";
	if (!fine)
		web_problem_of(r->x, &e);
}

void web_ngrok_replay(struct web *w, struct web_exchange *x)
{
	json_t *body = web_ask_read(x, " id tunnel_name ");
	int64_t id = web_id_of(json_string_value(json_object_get(body, "id")));
	if (body && id) {
		web_deeds_replay_one(w, x, id);
	} else {
		if (body)
			web_problem(x, 400, "media-type", "id is a delivery's number, as a string");
		web_answer(w, x);
	}
	json_decref(body);
}
