#include "client/json/delivery_json.h"

#include "client/json/row_json.h"
#include "shared/query/item.h"
#include "shared/query/store_query.h"

struct answer {
	int wanted, status;
};

static void on_attempt(void *user, const struct attempt_row *a)
{
	struct answer *answer = user;
	if (answer->wanted == 0 || a->number == answer->wanted)
		answer->status = a->status;
}

static bool set(json_t *object, const char *name, json_t *value, struct error *e)
{
	return json_object_set_new(object, name, value) == 0 || error_set(e, EXIT_STORE, "out of memory");
}

static bool add_request(json_t *object, struct store *s, int64_t id, struct error *e)
{
	struct message m;
	bool has_body, https;
	if (!store_get_request(s, id, &m, &has_body, &https, e))
		return false;
	bool fine = set(object, "request", row_json_message(&m), e);
	store_message_free(&m);
	return fine;
}

static bool add_response(json_t *object, struct store *s, int64_t id, int attempt, struct error *e)
{
	struct message m;
	struct answer answer = { .wanted = attempt };
	if (!store_get_response(s, id, attempt, &m, e)) /* EXIT_USAGE: the app was not called */
		return attempt == 0 && e->code == EXIT_USAGE && set(object, "response", json_null(), e);
	struct json_fields f = { .object = object };
	bool fine = store_list_attempts(s, id, on_attempt, &answer, e) &&
		    set(object, "response", answer.status ? row_json_message(&m) : json_null(), e);
	row_json_put_raw(&f, &m);
	fine = fine && (!f.failed || error_set(e, EXIT_STORE, "out of memory"));
	store_message_free(&m);
	return fine;
}

static bool add_labels(json_t *object, struct store *s, int64_t id, struct error *e)
{
	struct store_labels labels = { 0 };
	struct json_fields f = { .object = object };
	bool fine = store_labels_get(s, id, &labels, e);
	if (fine)
		json_fields_labels(&f, &labels);
	store_labels_free(&labels);
	return fine && (!f.failed || error_set(e, EXIT_STORE, "out of memory"));
}

json_t *delivery_json(struct store *s, int64_t id, const struct delivery_json_parts *parts, struct error *e)
{
	struct item item;
	if (!item_read(s, id, &item, e))
		return NULL;
	json_t *object = row_json_delivery(NULL, &item.row);
	item_free(&item);
	if (!object)
		error_set(e, EXIT_STORE, "out of memory");
	if (object && add_labels(object, s, id, e) && (!parts->request || add_request(object, s, id, e)) &&
	    (!parts->response || add_response(object, s, id, parts->attempt, e)))
		return object;
	json_decref(object);
	return NULL;
}
