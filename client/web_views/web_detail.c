#include "client/web_views/web_detail.h"

#include <string.h>

#include "client/common/limits.h"
#include "client/json/json_fields.h"
#include "client/json/row_json.h"
#include "client/signing/verify_one.h"
#include "client/web_views/web_body.h"
#include "client/web_views/web_outcome.h"
#include "client/web_views/web_rows.h"
#include "shared/json/json_bytes.h"
#include "shared/query/store_query.h"
#include "shared/text/text.h"

bool web_detail_resolve(struct web_read *r, int64_t *id)
{
	struct error e = { 0 };
	if (store_resolve(r->store, r->x->segment[0], id, &e))
		return true;
	web_problem_of(r->x, &e);
	return false;
}

static void on_attempt(void *user, const struct attempt_row *row)
{
	struct web_attempt *a = user;
	if (a->wanted && row->number != a->wanted)
		return;
	a->number = row->number;
	a->status = row->status;
	a->result = row->result;
	a->reason.len = a->error.len = 0;
	if (!buffer_append_bytes(&a->reason, row->reason) || !buffer_append_bytes(&a->error, row->error))
		a->reason.len = 0;
}

bool web_detail_attempt(struct store *s, int64_t id, struct web_attempt *a, struct error *e)
{
	return store_list_attempts(s, id, on_attempt, a, e);
}

/* ---- the parts ---- */

/* A text that was cut within a character would not be text any more. */
static void trim_cut(struct bytes *body, uint64_t size)
{
	for (int i = 0; i < 4 && body->len < size && body->len && !text_is_utf8(*body); i++)
		body->len--;
}

static json_t *message_json(struct store_part *p, uint64_t size)
{
	struct bytes body = buffer_view(&p->body), whole = body;
	const struct web_image *image = web_body_image(body);
	trim_cut(&body, p->body_size);
	if (!text_is_utf8(body))
		body = whole;
	p->body.len = body.len;
	struct message m = { .headers = p->headers, .trailers = p->trailers, .body = p->body, .body_size = size };
	json_t *j = row_json_message(&m);
	p->body.len = whole.len;
	if (j && json_object_set_new(j, "body_shown", json_integer((json_int_t)body.len)) == 0 &&
	    json_object_set_new(j, "body_bytes", json_integer((json_int_t)p->body_size)) == 0 &&
	    json_object_set_new(j, "image", image ? json_string(image->name) : json_null()) == 0)
		return j;
	json_decref(j);
	return NULL;
}

static bool put(json_t *object, const char *name, json_t *value, struct error *e)
{
	return json_object_set_new(object, name, value) == 0 || error_set(e, EXIT_STORE, "out of memory");
}

static bool put_request(const struct web_detail *w, const struct item *item, json_t *out, struct error *e)
{
	struct store_part p;
	if (!store_get_part(w->store, w->id, 0, w->body_most, &p, e))
		return false;
	bool fine = put(out, "request", message_json(&p, item->row.request_bytes), e);
	store_part_free(&p);
	return fine;
}

static bool put_response(const struct web_detail *w, json_t *out, struct error *e)
{
	struct store_part p;
	struct web_attempt a = { .wanted = w->attempt };
	bool fine = web_detail_attempt(w->store, w->id, &a, e);
	if (fine && w->attempt && !a.number)
		fine =
		    error_set(e, EXIT_USAGE, "delivery %lld has no attempt %d on record", (long long)w->id, w->attempt);
	json_t *response = json_null();
	if (fine && a.number && a.status && (fine = store_get_part(w->store, w->id, a.number, w->body_most, &p, e))) {
		response = message_json(&p, p.body_size);
		fine = response && put(response, "status", json_integer(a.status), e) &&
		       put(response, "reason", json_from_bytes(buffer_view(&a.reason)), e) &&
		       put(response, "attempt", json_integer(a.number), e);
		store_part_free(&p);
	}
	fine = fine ? put(out, "response", response, e) : (json_decref(response), false);
	buffer_free(&a.reason);
	buffer_free(&a.error);
	return fine;
}

static json_t *milliseconds(uint64_t us)
{
	return json_real((double)us / 1000);
}

static void put_attempt(void *user, const struct attempt_row *a)
{
	struct json_fields f = json_fields_begin(NULL);
	json_fields_number(&f, "attempt", a->number);
	json_fields_time(&f, "at", a->started_at_us);
	json_fields_number_or_null(&f, "status", a->status);
	json_fields_text(&f, "result", bytes_of(store_result_name(a->result)));
	json_fields_text_or_null(&f, "reason", a->reason);
	json_fields_text_or_null(&f, "error", a->error);
	json_fields_text_or_null(&f, "url", a->url);
	json_fields_put(&f, "connect_ms", milliseconds(a->connect_us));
	json_fields_put(&f, "first_byte_ms", milliseconds(a->first_byte_us));
	json_fields_put(&f, "duration_ms", milliseconds(a->total_us));
	json_fields_number(&f, "response_bytes", (int64_t)a->response_bytes);
	json_array_append_new(user, json_fields_end(&f));
}

static void put_replay(void *user, int64_t id)
{
	json_array_append_new(user, json_integer((json_int_t)id));
}

static bool put_lists(const struct web_detail *w, json_t *out, struct error *e)
{
	json_t *attempts = json_array(), *replays = json_array();
	bool fine = attempts && replays && store_list_attempts(w->store, w->id, put_attempt, attempts, e) &&
		    store_list_replays(w->store, w->id, LIMIT_SHOWN_REPLAYS, put_replay, replays, e);
	if (!fine) {
		json_decref(attempts);
		json_decref(replays);
		return false;
	}
	return put(out, "all_attempts", attempts, e) && put(out, "replays", replays, e);
}

/* Why the signature does not hold, where a secret is known that can say it. */
static bool put_why(const struct web_detail *w, const struct item *item, json_t *out, struct error *e)
{
	struct verify_options o = { .secrets = w->secrets, .tolerance_ms = -1, .at = -1 };
	struct verified v;
	struct error ignored;
	bool asked = w->secrets && w->secrets->count && item->row.request_bytes <= LIMIT_EXPLAINED_BODY &&
		     (bytes_equal(item->row.signature, bytes_of("invalid")) ||
		      bytes_equal(item->row.signature, bytes_of("unknown"))) &&
		     verify_one(w->store, w->id, &o, &v, &ignored);
	if (asked && v.result.verdict == SIGNATURE_VALID &&
	    !(put(out, "signature", json_string("valid"), e) &&
	      put(out, "verdict", web_verdict_json(bytes_of("valid")), e)))
		return false;
	return put(out, "why",
		   asked && v.result.verdict == SIGNATURE_INVALID ? json_string(v.result.text) : json_null(), e);
}

/* Both are there in any case, and "marked" is a tag. */
static bool put_labels(json_t *out, struct error *e)
{
	json_t *others = json_object_get(out, "tags");
	json_t *tags = json_is_true(json_object_get(out, "marked")) ? json_pack("[s]", "marked") : json_array();
	if (tags && others)
		json_array_extend(tags, others);
	return put(out, "tags", tags, e) && (json_object_get(out, "note") || put(out, "note", json_null(), e));
}

json_t *web_detail_json(const struct web_detail *w, struct error *e)
{
	struct item item = { 0 };
	if (!item_read(w->store, w->id, &item, e))
		return NULL;
	json_t *out = web_row_whole(w->store, &item.row);
	bool fine = out && put_request(w, &item, out, e) && put_response(w, out, e) && put_lists(w, out, e) &&
		    put_why(w, &item, out, e) && put_labels(out, e);
	item_free(&item);
	if (fine)
		return out;
	json_decref(out);
	return NULL;
}

void web_detail_get(struct web_read *r)
{
	struct error e = { .code = EXIT_STORE };
	int64_t id, attempt;
	if (!web_param_number(r->x, "attempt", 1, 4095, 0, &attempt) || !web_detail_resolve(r, &id))
		return;
	const struct web_detail w = { .store = r->store,
				      .secrets = r->secrets,
				      .id = id,
				      .attempt = (int)attempt,
				      .body_most = WEB_DETAIL_BODY };
	json_t *out = web_detail_json(&w, &e);
	if (out)
		web_answer_json(r->x, 200, out);
	else
		web_problem_of(r->x, &e);
}
