#include "client/web/web_deeds.h"

#include <stdlib.h>
#include <string.h>

#include "client/web_views/web_ask.h"
#include "shared/json/json_bytes.h"
#include "shared/text/base64.h"

#define KEPT 64       /* replays that are remembered */
#define RATE_MOST 1e6 /* as --rate takes it */

enum job_phase { PHASE_ASKED, PHASE_RUNNING, PHASE_DONE, PHASE_FAILED, PHASE_STOPPED };

struct job {
	struct web *web;
	int64_t id, handle, delivery_id; /* delivery_id 0: several */
	enum job_phase phase;
	struct replay_progress progress; /* without its text */
	char *trouble;
	bool stopping;
	struct web_exchange *asker; /* has its answer once the first is on record; NULL: it had */
	unsigned status;            /* of that answer */
};

struct web_deeds {
	struct job jobs[KEPT];
	int64_t last;
};

struct web_deeds *web_deeds_new(struct web *w)
{
	struct web_deeds *d = calloc(1, sizeof *d);
	for (size_t i = 0; d && i < KEPT; i++)
		d->jobs[i].web = w;
	return d;
}

void web_deeds_free(struct web_deeds *d)
{
	for (size_t i = 0; d && i < KEPT; i++)
		free(d->jobs[i].trouble);
	free(d);
}

/* ---- replays ---- */

static json_t *job_json(const struct job *j)
{
	static const char *const names[] = { "asked", "running", "done", "failed", "stopped" };
	json_t *results = json_array();
	for (size_t i = 0; results && i < j->progress.made_count; i++)
		json_array_append_new(results, json_integer((json_int_t)j->progress.made[i]));
	return json_pack("{s:I, s:o, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "id", (json_int_t)j->id, "delivery_id",
			 j->delivery_id ? json_integer((json_int_t)j->delivery_id) : json_null(), "state",
			 names[j->phase], "total", (json_int_t)j->progress.total, "sent", (json_int_t)j->progress.sent,
			 "ok", (json_int_t)j->progress.ok, "failed", (json_int_t)j->progress.failed, "result_ids",
			 results, "trouble", j->trouble ? json_from_bytes(bytes_of(j->trouble)) : json_null());
}

static enum job_phase phase_after(const struct job *j)
{
	if (!j->progress.over)
		return PHASE_RUNNING;
	if (j->stopping && j->progress.sent < j->progress.total)
		return PHASE_STOPPED;
	return j->progress.failed || j->trouble ? PHASE_FAILED : PHASE_DONE;
}

static bool is_over(const struct job *j)
{
	return j->id == 0 || j->phase >= PHASE_DONE;
}

/* What could not be put on record was not taken, nor are the others. */
static void answer_asker(struct job *j)
{
	struct web_exchange *x = j->asker;
	bool refused = !j->progress.recorded && j->progress.trouble_code == EXIT_STORE;
	j->asker = NULL;
	if (refused)
		web_problem(x, 503, "store", "%s", j->trouble ? j->trouble : "out of memory");
	else if (j->status == 204 && j->progress.recorded)
		x->status = 204;
	else if (!j->progress.recorded && (j->status == 204 || (j->delivery_id && j->trouble && is_over(j))))
		web_problem(x, 422, "target", "%s", j->trouble ? j->trouble : "it was stopped");
	else if (web_answer_header(x, "Location: /api/replays/%lld", (long long)j->id))
		web_answer_json(x, 202, job_json(j));
	else
		web_problem(x, 503, "store", "out of memory");
	web_answer(j->web, x);
	if (refused && !is_over(j)) {
		j->stopping = true;
		inspect_deed_ops.stop(j->web->inspect_deeds, j->handle);
	}
}

static void on_progress(void *user, const struct replay_progress *p)
{
	struct job *j = user;
	j->progress = *p;
	j->progress.trouble = NULL;
	if (p->trouble && !j->trouble)
		j->trouble = strdup(p->trouble);
	if (j->asker && p->recorded && !p->sent)
		answer_asker(j);
	j->phase = phase_after(j);
	if (j->asker && (p->sent || p->over))
		answer_asker(j);
	web_events_put(j->web->events, "replay", 0, job_json(j));
}

static struct job *job_new(struct web *w, struct error *e)
{
	struct web_deeds *d = w->deeds;
	for (size_t i = 0; i < KEPT; i++) {
		struct job *j = &d->jobs[(size_t)(d->last + 1 + (int64_t)i) % KEPT];
		if (!is_over(j))
			continue;
		free(j->trouble);
		*j = (struct job){ .web = w, .id = ++d->last };
		return j;
	}
	error_set(e, EXIT_USAGE, "%d replays are under way: wait for one of them", KEPT);
	return NULL;
}

static struct job *begin(struct web *w, const struct replay_request *request, struct error *e)
{
	struct job *j = job_new(w, e);
	if (!j)
		return NULL;
	j->progress.total = request->count;
	j->delivery_id = request->count == 1 ? request->ids[0] : 0;
	int64_t id = j->id;
	j->handle = inspect_deed_ops.replay(w->inspect_deeds, request, on_progress, j, e);
	if (j->handle && j->id == id)
		return j;
	*j = (struct job){ .web = w };
	return NULL;
}

/* `status`: of the answer when it went on record. */
static void begin_and_answer(struct web *w, struct web_exchange *x, const struct replay_request *request,
			     unsigned status)
{
	struct error e = { .code = EXIT_STORE };
	struct job *j = begin(w, request, &e);
	if (j) {
		j->asker = x;
		j->status = status;
		return;
	}
	if (e.code == EXIT_USAGE)
		web_problem(x, 422, request->resign ? "signature" : "target", "%s", e.text);
	else
		web_problem_of(x, &e);
	web_answer(w, x);
}

void web_deeds_replay_one(struct web *w, struct web_exchange *x, int64_t id)
{
	const struct replay_request request = { .ids = &id, .count = 1 };
	begin_and_answer(w, x, &request, 204);
}

/* A replay whose deliveries are looked for first. */
struct choosing {
	struct web *web;
	struct web_exchange *x;
	json_t *body;
	struct web_ask_ids ids;
	struct buffer edited;
	bool resign, fine;
};

static void choosing_free(struct choosing *c)
{
	free(c->ids.ids);
	buffer_free(&c->edited);
	json_decref(c->body);
	free(c);
}

static void on_choose(void *user, struct store *s, const struct error *e)
{
	struct choosing *c = user;
	if (s)
		c->fine = web_ask_select(c->x, s, &c->ids);
	else
		web_problem_of(c->x, e);
}

static void on_chosen(void *user)
{
	struct choosing *c = user;
	const struct replay_request request = { .ids = c->ids.ids,
						.count = c->ids.count,
						.edited = buffer_view(&c->edited),
						.resign = c->resign,
						.to = json_string_value(json_object_get(c->body, "to")),
						.rate = json_number_value(json_object_get(c->body, "rate")) };
	if (c->fine && c->ids.count == 0)
		web_problem(c->x, 422, "target", "nothing matches");
	if (c->fine && c->ids.count)
		begin_and_answer(c->web, c->x, &request, 202);
	else
		web_answer(c->web, c->x);
	choosing_free(c);
}

/* A second at most; null is as fast as answers come. */
static bool rate_is_fine(struct web_exchange *x, json_t *body)
{
	json_t *rate = json_object_get(body, "rate");
	if (!rate || json_is_null(rate) || (json_number_value(rate) > 0 && json_number_value(rate) <= RATE_MOST))
		return true;
	web_problem(x, 400, "media-type", "rate is a number above 0, such as 2 or 0.5");
	return false;
}

/* Takes the ids, and the edited request of one delivery. */
static void choose(struct web *w, struct web_exchange *x, json_t *body, const struct web_ask_ids *ids,
		   struct buffer *edited)
{
	struct choosing *c = malloc(sizeof *c);
	if (!c) {
		free(ids->ids);
		buffer_free(edited);
		web_problem(x, 503, "store", "out of memory");
		web_answer(w, x);
		return;
	}
	*c = (struct choosing){ .web = w,
				.x = x,
				.body = json_incref(body),
				.ids = *ids,
				.edited = *edited,
				.resign = json_is_true(json_object_get(body, "resign")) };
	if (inspect_source_work(w->source, INSPECT_QUERY, on_choose, on_chosen, c))
		return;
	choosing_free(c);
	web_problem(x, 503, "store", "out of memory");
	web_answer(w, x);
}

void web_deeds_replay(struct web *w, struct web_exchange *x)
{
	struct web_ask_ids ids = { 0 };
	struct buffer edited = { 0 };
	json_t *body = web_ask_read(x, " delivery_id delivery_ids filter confirm_count to edited_base64 resign rate ");
	json_t *text = json_object_get(body, "edited_base64"), *to = json_object_get(body, "to");
	bool one = json_object_get(body, "delivery_id"), edits = text && !json_is_null(text), fine = false;
	if (!body || !web_ask_ids_of(x, body, &ids) || !rate_is_fine(x, body))
		fine = false;
	else if (!one && ids.confirmed < 0)
		web_problem(x, 400, "media-type", "several deliveries are replayed with confirm_count, their number");
	else if (!one && edits)
		web_problem(x, 400, "media-type", "an edited request takes the place of one delivery alone");
	else if (edits && (!json_is_string(text) || !base64_decode(&edited, json_to_bytes(text))))
		web_problem(x, 400, "media-type", "edited_base64 is not base64");
	else if (to && !json_is_null(to) && !json_is_string(to))
		web_problem(x, 400, "media-type", "to is a port or URL of this machine, as text");
	else
		fine = true;
	if (fine) {
		choose(w, x, body, &ids, &edited);
	} else {
		free(ids.ids);
		buffer_free(&edited);
		web_answer(w, x);
	}
	json_decref(body);
}

static struct job *find(struct web *w, struct web_exchange *x)
{
	int64_t id = web_id_of(x->segment[0]);
	for (size_t i = 0; id && i < KEPT; i++)
		if (w->deeds->jobs[i].id == id)
			return &w->deeds->jobs[i];
	web_problem(x, 404, "not-found", "there is no such replay of this page's");
	return NULL;
}

void web_deeds_show_replay(struct web *w, struct web_exchange *x)
{
	struct job *j = find(w, x);
	if (j)
		web_answer_json(x, 200, job_json(j));
	web_answer(w, x);
}

void web_deeds_stop_replay(struct web *w, struct web_exchange *x)
{
	struct job *j = find(w, x);
	if (j) {
		j->stopping = true;
		if (!is_over(j))
			inspect_deed_ops.stop(w->inspect_deeds, j->handle);
		web_answer_json(x, 200, job_json(j));
	}
	web_answer(w, x);
}

/* ---- changes of the record ---- */

void web_deeds_tag(struct web *w, struct web_exchange *x)
{
	struct error e = { 0 };
	json_t *body = web_ask_read(x, " name set ");
	const char *name = json_string_value(json_object_get(body, "name"));
	int64_t id = web_id_of(x->segment[0]);
	if (body && (!name || !*name || strlen(name) > 64 || strpbrk(name, " ,\t\r\n") ||
		     !json_is_boolean(json_object_get(body, "set"))))
		web_problem(x, 400, "media-type", "a tag is {\"name\": …, \"set\": true or false}");
	else if (body && !id)
		web_problem(x, 404, "not-found", "a delivery is tagged by its number");
	else if (body &&
		 inspect_deed_ops.tag(w->inspect_deeds, id, name, json_is_true(json_object_get(body, "set")), &e))
		x->status = 204;
	else if (body)
		web_problem_of(x, &e);
	json_decref(body);
	web_answer(w, x);
}

void web_deeds_note(struct web *w, struct web_exchange *x)
{
	struct error e = { 0 };
	json_t *body = web_ask_read(x, " text "), *text = json_object_get(body, "text");
	int64_t id = web_id_of(x->segment[0]);
	if (body && !json_is_string(text))
		web_problem(x, 400, "media-type", "a note is {\"text\": …}; an empty one removes it");
	else if (body && !id)
		web_problem(x, 404, "not-found", "a note is of a delivery by its number");
	else if (body && json_string_length(text) > STORE_NOTE_MOST)
		web_problem(x, 413, "too-large", "a note has %d bytes at most", STORE_NOTE_MOST);
	else if (body && inspect_deed_ops.set_note(w->inspect_deeds, id, json_to_bytes(text), &e))
		x->status = 204;
	else if (body)
		web_problem_of(x, &e);
	json_decref(body);
	web_answer(w, x);
}

void web_deeds_delete(struct web *w, struct web_exchange *x)
{
	struct error e = { 0 };
	struct web_ask_ids ids = { 0 };
	json_t *body = web_ask_read(x, " ids confirm_count ");
	if (body && web_ask_ids_of(x, body, &ids)) {
		if (ids.confirmed < 0 || (size_t)ids.confirmed != ids.count) {
			web_problem(x, 409, "busy", "confirm_count is how many are deleted: %zu", ids.count);
		} else if (inspect_deed_ops.delete(w->inspect_deeds, ids.ids, ids.count, &e)) {
			x->status = 204;
			web_events_put(w->events, "gone", 0, json_pack("{s:O}", "ids", json_object_get(body, "ids")));
		} else {
			web_problem_of(x, &e);
		}
	}
	free(ids.ids);
	json_decref(body);
	web_answer(w, x);
}
