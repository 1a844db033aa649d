#include "client/web/web_export.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "client/transfer/export.h"
#include "client/web_views/web_ask.h"
#include "shared/json/json_bytes.h"
#include "shared/base/clock.h"
#include "shared/base/deadline.h"
#include "shared/base/hex.h"

#define KEPT 16
#define KEPT_MS 60000
#define SAMPLE 20000                  /* bytes of a preview */
#define LONG_BODY ((uint64_t)8 << 20) /* beyond that a preview leaves a delivery uncounted: 64 MiB take seconds */
#define LOOK_US 3000000               /* in which it looks for what is replaced; the rest is left uncounted */

/* What is to be written. */
struct order {
	struct web *web;
	struct web_exchange *x; /* of the call under way */
	char nonce[33];         /* "": free */
	uint64_t until_ms;
	struct web_ask_ids ids;
	struct export_options options;
	struct redact_names names;
	char format[16];
	bool preview, fine, all_seen;
	struct buffer sample;       /* of a preview */
	struct deadline look_until; /* the same */
	size_t sampled, looked;     /* of the deliveries: in the sample, counted */
	json_t *body;               /* owns the filter's text */
	json_t *replaced;           /* of a preview: {"where": n} */
};

struct web_exports {
	struct order *kept[KEPT];
};

struct web_exports *web_exports_new(void)
{
	return calloc(1, sizeof(struct web_exports));
}

static void order_free(struct order *o)
{
	if (!o)
		return;
	free(o->ids.ids);
	redact_names_free(&o->names);
	json_decref(o->body);
	json_decref(o->replaced);
	buffer_free(&o->sample);
	free(o);
}

void web_exports_free(struct web_exports *e)
{
	for (size_t i = 0; e && i < KEPT; i++)
		order_free(e->kept[i]);
	free(e);
}

/* ---- asking ---- */

static bool take_names(struct order *o, json_t *redact, struct error *e)
{
	const char *names[32];
	struct option_values values = { names, 0 };
	size_t i;
	json_t *name;
	json_array_foreach(redact, i, name)
	{
		if (!json_is_string(name) || i == sizeof names / sizeof *names)
			return error_set(e, EXIT_USAGE, "redact takes true, or a list of at most 32 names");
		names[values.count++] = json_string_value(name);
	}
	return redact_names_read(&o->names, &values, e);
}

static bool take_options(struct order *o, struct error *e)
{
	const char *format = json_string_value(json_object_get(o->body, "format"));
	json_t *redact = json_object_get(o->body, "redact");
	o->preview = json_is_true(json_object_get(o->body, "preview"));
	if (!format || strlen(format) >= sizeof o->format)
		return error_set(e, EXIT_USAGE, "format is har, curl, http, ndjson, body or url");
	snprintf(o->format, sizeof o->format, "%s", format);
	if (!export_named(format, &o->options, e) || !take_names(o, redact, e))
		return false;
	o->options.redact = json_is_true(redact) || json_is_array(redact);
	o->options.redact_names = &o->names;
	if (json_is_true(json_object_get(o->body, "secrets")))
		o->options.secrets = true;
	return !(o->options.redact && o->options.secrets) ||
	       error_set(e, EXIT_USAGE, "redact and secrets contradict each other");
}

static void on_redacted(void *user, int64_t id, const struct redact_found *found)
{
	struct order *o = user;
	char where[120];
	(void)id;
	snprintf(where, sizeof where, "%s %s %.*s", found->of ? found->of : "", redact_kind_name(found->kind),
		 found->name.len < 60 ? (int)found->name.len : 60, found->name.len ? (const char *)found->name.at : "");
	json_t *key = json_from_bytes(bytes_of(where));
	const char *text = json_string_value(key);
	if (text && json_object_size(o->replaced) < 500)
		json_object_set_new(o->replaced, text,
				    json_integer(json_integer_value(json_object_get(o->replaced, text)) + 1));
	json_decref(key);
}

static bool take_some(void *user, struct bytes piece, struct error *e)
{
	struct buffer *sample = user;
	size_t room = SAMPLE - sample->len;
	return buffer_append_bytes(sample, bytes_make(piece.at, piece.len < room ? piece.len : room)) ||
	       error_set(e, EXIT_STORE, "out of memory");
}

static bool has_enough(void *user, size_t written)
{
	struct order *o = user;
	o->looked = written;
	return o->sample.len == SAMPLE || deadline_over(&o->look_until);
}

/* The beginning of the file that is to be, and no more of it. */
static bool take_sample(struct order *o, struct store *s, struct error *e)
{
	struct export_options options = o->options;
	options.on_redacted = options.redact ? on_redacted : NULL;
	options.stop = has_enough;
	options.bytes_most = LONG_BODY;
	options.user = o;
	bool fine = export_to_taker(s, o->ids.ids, o->ids.count, &options, take_some, &o->sample, e);
	o->all_seen = fine;
	return fine || (e->code == EXIT_INTERRUPTED && (o->looked > 0 || o->look_until.passed));
}

static bool is_late(void *user, size_t written)
{
	struct order *o = user;
	o->looked = o->sampled + written;
	return deadline_over(&o->look_until);
}

/* Counts what is replaced in those after the sample, as many as there is time for. */
static bool count_replaced(struct order *o, struct store *s, struct error *e)
{
	struct buffer nothing = { 0 };
	struct export_options options = o->options;
	options.on_redacted = on_redacted;
	options.dry_run = true;
	options.stop = is_late;
	options.bytes_most = LONG_BODY;
	options.user = o;
	o->sampled = o->looked;
	bool fine =
	    export_to_buffer(s, o->ids.ids + o->sampled, o->ids.count - o->sampled, &options, &nothing, NULL, e);
	buffer_free(&nothing);
	return fine || e->code == EXIT_INTERRUPTED;
}

static json_t *replaced_json(const struct order *o)
{
	json_t *list = json_array(), *count;
	const char *where;
	json_object_foreach(o->replaced, where, count)
	    json_array_append_new(list, json_pack("{s:s, s:O}", "where", where, "count", count));
	return list;
}

static void preview(struct order *o, struct store *s)
{
	struct error e = { 0 };
	o->replaced = json_object();
	o->look_until = deadline_in(LOOK_US);
	bool fine = o->replaced && take_sample(o, s, &e);
	if (fine && o->options.redact && !o->all_seen)
		fine = count_replaced(o, s, &e);
	if (fine)
		web_answer_json(o->x, 200,
				json_pack("{s:I, s:I, s:o, s:o}", "count", (json_int_t)o->ids.count, "looked",
					  (json_int_t)o->looked, "replaced", replaced_json(o), "sample",
					  json_from_bytes(buffer_view(&o->sample))));
	else if (e.code == EXIT_USAGE)
		web_problem(o->x, 422, "target", "%s", e.text);
	else
		web_problem_of(o->x, &e);
}

static void on_ask(void *user, struct store *s, const struct error *e)
{
	struct order *o = user;
	if (!s)
		web_problem_of(o->x, e);
	else if ((o->fine = web_ask_select(o->x, s, &o->ids)) && o->preview)
		preview(o, s);
}

static bool make_nonce(struct order *o)
{
	unsigned char random[16];
	struct buffer text = { 0 };
	bool fine = RAND_bytes(random, sizeof random) == 1 && hex_encode(&text, bytes_make(random, sizeof random)) &&
		    text.len == 32;
	if (fine)
		memcpy(o->nonce, text.at, 32);
	buffer_free(&text);
	return fine;
}

/* In the place of the oldest. */
static void keep(struct web_exports *all, struct order *o)
{
	size_t place = 0;
	for (size_t i = 0; i < KEPT; i++) {
		if (!all->kept[i]) {
			place = i;
			break;
		}
		if (all->kept[i]->until_ms < all->kept[place]->until_ms)
			place = i;
	}
	order_free(all->kept[place]);
	all->kept[place] = o;
}

static void on_asked(void *user)
{
	struct order *o = user;
	struct web *w = o->web;
	struct web_exchange *x = o->x;
	bool kept = o->fine && !o->preview && o->ids.count > 0 && make_nonce(o);
	if (o->fine && !o->preview && !kept)
		web_problem(x, 422, "target", "nothing matches");
	if (kept) {
		char url[60];
		snprintf(url, sizeof url, "/api/exports/%s", o->nonce);
		web_answer_json(x, 201, json_pack("{s:s}", "url", url));
		o->until_ms = clock_steady_ms() + KEPT_MS;
		keep(w->exports, o);
	} else {
		order_free(o);
	}
	web_answer(w, x);
}

void web_export_ask(struct web *w, struct web_exchange *x)
{
	struct error e = { 0 };
	struct order *o = calloc(1, sizeof *o);
	if (o) {
		o->web = w;
		o->x = x;
		o->body = web_ask_read(x, " filter ids format redact secrets preview ");
	}
	if (o && o->body && web_ask_ids_of(x, o->body, &o->ids)) {
		if (!take_options(o, &e))
			web_problem(x, 400, "media-type", "%s", e.text);
		else if (inspect_source_work(w->source, INSPECT_QUERY, on_ask, on_asked, o))
			return;
	}
	order_free(o);
	web_answer(w, x);
}

/* ---- taking ---- */

static const char *ending_of(const char *format)
{
	static const char *const endings[][2] = {
		{ "har", "har" }, { "ndjson", "ndjson" }, { "curl", "sh" }, { "curl-secrets", "sh" }, { "http", "http" }
	};
	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (strcmp(endings[i][0], format) == 0)
			return endings[i][1];
	return "bin";
}

static void on_take(void *user, struct store *s, const struct error *e)
{
	struct order *o = user;
	struct error mine = { 0 };
	if (!s) {
		web_problem_of(o->x, e);
	} else if (!export_to_taker(s, o->ids.ids, o->ids.count, &o->options, web_answer_more, o->x, &mine)) {
		web_problem(o->x, mine.code == EXIT_USAGE ? 422 : 503, mine.code == EXIT_USAGE ? "target" : "store",
			    "%s", mine.text);
	} else {
		o->x->status = 200;
		o->x->type = "application/octet-stream";
		if (!web_answer_header(o->x, "Content-Disposition: attachment; filename=\"creel.%s\"",
				       ending_of(o->format)))
			o->x->status = 503;
	}
}

static void on_taken(void *user)
{
	struct order *o = user;
	web_answer(o->web, o->x);
	order_free(o);
}

void web_export_take(struct web *w, struct web_exchange *x)
{
	struct web_exports *all = w->exports;
	for (size_t i = 0; i < KEPT; i++) {
		struct order *o = all->kept[i];
		if (!o || strcmp(o->nonce, x->segment[0]) != 0)
			continue;
		all->kept[i] = NULL;
		o->x = x;
		if (clock_steady_ms() <= o->until_ms &&
		    inspect_source_work(w->source, INSPECT_LONG, on_take, on_taken, o))
			return;
		order_free(o);
		break;
	}
	web_problem(x, 404, "not-found", "this export was taken already, or its minute is over");
	web_answer(w, x);
}
