#include "client/web_views/web_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/selection/selection.h"
#include "client/web_views/web_rows.h"
#include "shared/query/store_query.h"

#define IDS_MOST 100000

static bool knows(const char *fields, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = fields; (at = strstr(at, name)); at += len)
		if (at > fields && at[-1] == ' ' && at[len] == ' ')
			return true;
	return false;
}

json_t *web_ask_read(struct web_exchange *x, const char *fields)
{
	json_error_t je;
	const char *name;
	json_t *value, *body = json_loadb((const char *)x->body.at, x->body.len, JSON_REJECT_DUPLICATES, &je);
	if (!json_is_object(body)) {
		web_problem(x, 400, "media-type", "the body is not a JSON object");
		json_decref(body);
		return NULL;
	}
	json_object_foreach(body, name, value)
	{
		if (strlen(name) < 40 && knows(fields, name))
			continue;
		web_problem(x, 400, "media-type", "the body has a field that is not known: %.40s", name);
		json_decref(body);
		return NULL;
	}
	return body;
}

static bool take_list(struct web_ask_ids *out, json_t *list)
{
	size_t i;
	json_t *id;
	out->count = json_array_size(list);
	out->ids = calloc(out->count + 1, sizeof *out->ids);
	if (!out->ids || out->count == 0 || out->count > IDS_MOST)
		return false;
	json_array_foreach(list, i, id)
	{
		out->ids[i] = json_integer_value(id);
		if (out->ids[i] <= 0)
			return false;
	}
	return true;
}

static bool take_one(struct web_ask_ids *out, json_t *id)
{
	out->ids = calloc(1, sizeof *out->ids);
	if (!out->ids || json_integer_value(id) <= 0)
		return false;
	out->ids[0] = json_integer_value(id);
	out->count = 1;
	return true;
}

bool web_ask_ids_of(struct web_exchange *x, json_t *body, struct web_ask_ids *out)
{
	json_t *one = json_object_get(body, "delivery_id"), *many = json_object_get(body, "delivery_ids");
	json_t *filter = json_object_get(body, "filter"), *confirmed = json_object_get(body, "confirm_count");
	*out = (struct web_ask_ids){ .confirmed = confirmed ? json_integer_value(confirmed) : -1 };
	if (!many)
		many = json_object_get(body, "ids");
	if ((one != NULL) + (many != NULL) + (filter != NULL) != 1) {
		web_problem(x, 400, "media-type", "name one of delivery_id, a list of ids, or filter");
		return false;
	}
	out->filter = json_string_value(filter);
	if (one ? take_one(out, one) : many ? take_list(out, many) : out->filter != NULL)
		return true;
	free(out->ids);
	out->ids = NULL;
	web_problem(x, 400, "media-type", "the deliveries are not named by their numbers");
	return false;
}

static void ignore_row(void *user, const struct delivery_row *row)
{
	(void)user;
	(void)row;
}

/* Leaves those out that are no longer on record; false after a problem, as when none of them is. */
static bool keep_those_there(struct web_exchange *x, struct store *s, struct web_ask_ids *ids)
{
	struct error e = { 0 };
	size_t kept = 0;
	for (size_t i = 0; i < ids->count; i++) {
		if (store_get(s, ids->ids[i], ignore_row, NULL, &e))
			ids->ids[kept++] = ids->ids[i];
		else if (e.code != EXIT_USAGE)
			break;
	}
	if (kept == 0 || (e.code && e.code != EXIT_USAGE)) {
		web_problem_of(x, &e);
		return false;
	}
	ids->count = kept;
	return true;
}

bool web_ask_select(struct web_exchange *x, struct store *s, struct web_ask_ids *ids)
{
	struct error e = { 0 };
	struct selection found = { 0 };
	if (!ids->filter && !keep_those_there(x, s, ids))
		return false;
	if (ids->filter) {
		struct filter *f = web_rows_filter(x, ids->filter);
		bool fine = f && selection_gather(s, f, IDS_MOST, &found, &e);
		if (f && !fine)
			web_problem_of(x, &e);
		filter_free(f);
		if (!fine) {
			selection_free(&found);
			return false;
		}
		ids->ids = found.ids;
		ids->count = found.count;
	}
	if (ids->confirmed < 0 || (size_t)ids->confirmed == ids->count)
		return true;
	json_t *fields = json_pack("{s:I}", "count", (json_int_t)ids->count);
	char text[120];
	snprintf(text, sizeof text, "%zu match now, not %lld: look again", ids->count, (long long)ids->confirmed);
	web_problem_with(x, 409, "busy", fields, text);
	return false;
}
