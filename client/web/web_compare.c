#include "client/web/web_compare.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "client/json/json_fields.h"
#include "client/print/diff_output.h"
#include "client/signing/verified_json.h"
#include "client/web_views/web_ask.h"
#include "client/web_views/web_outcome.h"

/* Of two bodies: beyond that it is told where they begin to differ, as is usual for what compares texts on a page. */
#define COMPARE_US 3000000
#define COMPARED_MOST 1000000       /* lines or tokens of both */
#define TOLD_MOST ((size_t)8 << 20) /* bytes of what differs */
#define VERIFIED_MOST 1000
#define TRIED_MOST 200 /* things that are named of a delivery */

void web_compare_diff(struct web_read *r)
{
	const char *const names[2] = { web_param(r->x, "a"), web_param(r->x, "b") };
	struct deadline until = deadline_in(COMPARE_US);
	const struct diff_wanted wanted = { .key_order = web_param_set(r->x, "key_order"),
					    .ignore_volatile = web_param_set(r->x, "ignore_volatile"),
					    .until = &until,
					    .most = COMPARED_MOST,
					    .told_most = TOLD_MOST };
	struct diff_found found = { 0 };
	struct error e = { 0 };
	if (!names[0] || !names[1]) {
		web_problem(r->x, 400, "range", "diff takes two deliveries: a and b");
		return;
	}
	if (diff_found_read(r->store, names, &wanted, &found, &e))
		web_answer_json(r->x, 200, diff_output_json(&found));
	else
		web_problem_of(r->x, &e);
	diff_found_free(&found);
}

/* ---- verify ---- */

/* False after a problem. A secret that is given counts alone, and is kept nowhere. */
static bool take_options(struct web_read *r, json_t *body, struct verify_options *o, struct secret *given,
			 struct secrets *one)
{
	const char *provider = json_string_value(json_object_get(body, "provider"));
	const char *secret = json_string_value(json_object_get(body, "secret"));
	json_t *at = json_object_get(body, "at");
	struct error e = { 0 };
	*o = (struct verify_options){ .secrets = r->secrets, .tolerance_ms = -1, .at = -1 };
	o->url = json_string_value(json_object_get(body, "url"));
	if (json_is_integer(at))
		o->at = json_integer_value(at);
	if (provider && !(o->provider = signature_find(provider))) {
		signature_unknown(provider, &e);
		web_problem(r->x, 422, "signature", "%s", e.text);
		return false;
	}
	if (secret) {
		given->text = strdup(secret);
		*one = (struct secrets){ given, 1 };
		o->secrets = one;
	}
	if (o->secrets && o->secrets->count && (!secret || given->text))
		return true;
	web_problem(r->x, 422, "signature", "no secret is known: give one, or start `creel web` with --secret");
	return false;
}

/* A way of writing a body is tried with several kinds of escapes, which are one line. */
static void add_tried(void *user, const struct verify_tried *t)
{
	json_t *all = user, *last = json_array_get(all, json_array_size(all) - 1);
	const char *what = last ? json_string_value(json_object_get(last, "what")) : NULL;
	if (what && strcmp(what, t->what) == 0 && !t->holds && json_is_false(json_object_get(last, "holds")) && !t->why)
		return;
	if (json_array_size(all) == TRIED_MOST && !t->holds)
		return;
	struct json_fields o = json_fields_begin(NULL);
	json_fields_text(&o, "provider", bytes_of(t->provider));
	json_fields_number(&o, "secret", (int64_t)t->secret);
	json_fields_text_or_null(&o, "url", t->url);
	json_fields_text(&o, "what", bytes_of(t->what));
	json_fields_put(&o, "holds", json_boolean(t->holds));
	json_fields_text_or_null(&o, "why", bytes_of(t->why));
	json_array_append_new(all, json_fields_end(&o));
}

static struct bytes signature_of(json_t *result)
{
	return bytes_of(json_string_value(json_object_get(result, "signature")));
}

static bool verify_each(struct web_read *r, const struct web_ask_ids *ids, const struct verify_options *o, bool tried,
			json_t *results)
{
	struct error e = { 0 };
	for (size_t i = 0; i < ids->count; i++) {
		struct verified v;
		struct verify_options own = *o;
		json_t *all = json_array(), *result;
		if (tried) {
			own.tried = add_tried;
			own.user = all;
		}
		if (!verify_one(r->store, ids->ids[i], &own, &v, &e)) {
			web_problem_of(r->x, &e);
			json_decref(all);
			return false;
		}
		result = verified_json(ids->ids[i], &v);
		if (!result || (tried && json_object_set(result, "tried", all) != 0) ||
		    json_object_set_new(result, "verdict", web_verdict_json(signature_of(result))) != 0 ||
		    json_array_append(results, result) != 0)
			e.code = EXIT_STORE;
		json_decref(result);
		json_decref(all);
		if (e.code)
			return false;
	}
	return true;
}

void web_compare_verify(struct web_read *r)
{
	struct web_ask_ids ids = { 0 };
	struct verify_options o;
	struct secret given = { 0 };
	struct secrets one = { 0 };
	json_t *results = json_array();
	json_t *body = web_ask_read(r->x, " delivery_id filter provider secret url at tried ");
	bool fine = body && web_ask_ids_of(r->x, body, &ids) && take_options(r, body, &o, &given, &one) &&
		    web_ask_select(r->x, r->store, &ids);
	if (fine && ids.count > VERIFIED_MOST)
		web_problem(r->x, 413, "too-large", "%zu match: at most %d are checked at once", ids.count,
			    VERIFIED_MOST);
	else if (fine && verify_each(r, &ids, &o, json_is_true(json_object_get(body, "tried")), results))
		web_answer_json(r->x, 200, json_pack("{s:O}", "results", results));
	if (given.text)
		OPENSSL_cleanse(given.text, strlen(given.text));
	free(given.text);
	free(ids.ids);
	json_decref(results);
	json_decref(body);
	if (r->x->body.len)
		OPENSSL_cleanse(r->x->body.at, r->x->body.len);
}
