#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "shared/collections/collection.h"
#include "shared/collections/insomnia.h"
#include "shared/syntax/yaml.h"
#include "shared/json/json_bytes.h"
#include "shared/json/json_halves.h"

#define DEEP 32 /* folders within each other */

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

static bool is(const json_t *object, const char *member, const char *value)
{
	return bytes_equal(json_to_bytes(json_object_get(object, member)), bytes_of(value));
}

/* ---- one request ---- */

static bool add_key(const struct collection *c, const json_t *auth, struct draft *d, struct error *e)
{
	struct buffer name = { 0 }, value = { 0 };
	json_t *pair = NULL;
	struct buffer query = { 0 };
	bool fine = collection_member(c, auth, "key", &name, e) && collection_member(c, auth, "value", &value, e);
	if (fine && is(auth, "addTo", "queryParams")) {
		pair = json_pack("[{s:O, s:O}]", "name", json_object_get(auth, "key"), "value",
				 json_object_get(auth, "value"));
		fine = (pair || no_memory(e)) && collection_pairs(c, pair, true, &query, e) &&
		       collection_add_query(d, buffer_view(&query), e);
	} else if (fine && is(auth, "addTo", "cookie")) {
		fine = error_set(e, EXIT_USAGE, "authentication: a key in a cookie");
	} else if (fine) {
		fine = collection_field(c, &d->headers, buffer_view(&name), buffer_view(&value), e);
	}
	json_decref(pair);
	buffer_free(&name);
	buffer_free(&value);
	buffer_free(&query);
	return fine;
}

static bool add_bearer(const struct collection *c, const json_t *auth, struct draft *d, struct error *e)
{
	struct buffer token = { 0 }, prefix = { 0 };
	bool fine = collection_member(c, auth, "token", &token, e) && collection_member(c, auth, "prefix", &prefix, e);
	if (fine && !prefix.len)
		fine = buffer_append_text(&prefix, "Bearer") || no_memory(e);
	fine = fine &&
	       ((buffer_put_u8(&prefix, ' ') && buffer_append_bytes(&prefix, buffer_view(&token))) || no_memory(e));
	fine = fine && draft_add_field(d, bytes_of("Authorization"), buffer_view(&prefix), e);
	buffer_free(&token);
	buffer_free(&prefix);
	return fine;
}

static bool add_basic(const struct collection *c, const json_t *auth, struct draft *d, struct error *e)
{
	struct buffer user = { 0 }, password = { 0 };
	bool fine = collection_member(c, auth, "username", &user, e) &&
		    collection_member(c, auth, "password", &password, e) &&
		    draft_add_basic(d, buffer_view(&user), buffer_view(&password), e);
	buffer_free(&user);
	buffer_free(&password);
	return fine;
}

static bool add_auth(const struct collection *c, const json_t *auth, struct draft *d, struct error *e)
{
	struct bytes type = json_to_bytes(json_object_get(auth, "type"));
	if (!type.len || bytes_equal(type, bytes_of("none")) || json_is_true(json_object_get(auth, "disabled")) ||
	    draft_has_field(d, "authorization"))
		return true;
	if (bytes_equal(type, bytes_of("basic")))
		return add_basic(c, auth, d, e);
	if (bytes_equal(type, bytes_of("bearer")))
		return add_bearer(c, auth, d, e);
	if (bytes_equal(type, bytes_of("apikey")))
		return add_key(c, auth, d, e);
	return error_set(e, EXIT_USAGE, "its authentication of type '%.*s' is made only when it is sent",
			 type.len < 40 ? (int)type.len : 40, (const char *)type.at);
}

static bool read_body(const struct collection *c, const json_t *body, struct draft *d, struct error *e)
{
	struct bytes type = json_to_bytes(json_object_get(body, "mimeType"));
	const json_t *params = json_object_get(body, "params"), *file = json_object_get(body, "fileName");
	char text[200] = "";
	if (!json_is_object(body) || json_object_size(body) == 0)
		return true;
	d->has_body = type.len || json_object_get(body, "text");
	if (type.len >= sizeof text || (type.len && memchr(type.at, 0, type.len)))
		return error_set(e, EXIT_USAGE, "body.mimeType is too long");
	snprintf(text, sizeof text, "%.*s", (int)type.len, type.len ? (const char *)type.at : "");
	if (strcmp(text, "application/x-www-form-urlencoded") == 0 && json_is_array(params))
		return (collection_pairs(c, params, false, &d->body, e) || error_prefix(e, "body.params")) &&
		       collection_type(d, text, e);
	if (strcmp(text, "multipart/form-data") == 0)
		return collection_parts(c, params, "fileName", d, e) || error_prefix(e, "body.params");
	if (json_string_length(file))
		return collection_file(c, file, d, e) && (!type.len || collection_type(d, text, e));
	if (strcmp(text, "application/graphql") == 0)
		snprintf(text, sizeof text, "application/json");
	return (collection_member(c, body, "text", &d->body, e) || error_prefix(e, "body")) &&
	       (!type.len || collection_type(d, text, e));
}

static bool read_url(const struct collection *c, const json_t *request, struct draft *d, struct error *e)
{
	struct buffer url = { 0 }, query = { 0 };
	bool fine = collection_member(c, request, "url", &url, e);
	if (fine && !url.len)
		fine = error_set(e, EXIT_USAGE, "it has no URL");
	if (fine && !memmem(url.at, url.len, "://", 3))
		fine = buffer_append_text(&d->url, "http://") || no_memory(e);
	fine = fine && (buffer_append_bytes(&d->url, buffer_view(&url)) || no_memory(e)) &&
	       collection_path(c, json_object_get(request, "pathParameters"), d, e) &&
	       (collection_pairs(c, json_object_get(request, "parameters"), true, &query, e) ||
		error_prefix(e, "parameters")) &&
	       collection_add_query(d, buffer_view(&query), e);
	buffer_free(&url);
	buffer_free(&query);
	return fine;
}

static bool has_script(const json_t *request)
{
	const json_t *scripts = json_object_get(request, "scripts");
	return json_string_length(json_object_get(request, "preRequestScript")) > 0 ||
	       json_string_length(json_object_get(scripts, "preRequest")) > 0;
}

static bool take_request(struct collection *c, const json_t *request, const json_t *auth, bool scripted,
			 const char *place, struct error *e)
{
	struct draft d = { 0 };
	const json_t *own = json_object_get(request, "authentication");
	bool none = !json_is_object(own) || json_object_size(own) == 0;
	bool fine = true;
	if (scripted || has_script(request))
		fine = error_set(e, EXIT_USAGE, "a script before it may change the request");
	fine =
	    fine && collection_member(c, request, "method", &d.method, e) && read_url(c, request, &d, e) &&
	    (collection_fields(c, json_object_get(request, "headers"), &d.headers, e) || error_prefix(e, "headers")) &&
	    read_body(c, json_object_get(request, "body"), &d, e) && add_auth(c, none ? auth : own, &d, e) &&
	    collection_own(request, &d, e);
	fine = draft_take(&d, fine, ++c->number, place, c->sink, e);
	draft_free(&d);
	return fine;
}

/* ---- version 5 ---- */

/* What the folders around a request say. */
struct folder {
	json_t *values; /* owned by who made it */
	const json_t *auth;
	bool scripted;
	int deep;
};

static bool enter(struct collection *c, const json_t *holder, const char *environment, const struct folder *above,
		  struct folder *in, struct error *e)
{
	const json_t *auth = json_object_get(holder, "authentication");
	*in = *above;
	in->values = json_copy(above->values);
	in->deep++;
	in->scripted = in->scripted || has_script(holder);
	if (json_is_object(auth) && json_object_size(auth) > 0)
		in->auth = auth;
	if (!in->values)
		return no_memory(e);
	c->values = in->values;
	return collection_define(c, json_object_get(holder, environment), e);
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEEP */
static bool read_children(struct collection *c, const json_t *list, const struct folder *in, const char *above,
			  struct error *e)
{
	size_t i;
	json_t *entry;
	char place[300];
	bool fine = true;
	if (in->deep > DEEP)
		return error_set(e, EXIT_USAGE, "%s: more than %d folders within each other", above, DEEP);
	json_array_foreach(list, i, entry)
	{
		struct folder inner = { 0 };
		const json_t *children = json_object_get(entry, "children");
		if (!fine)
			break;
		snprintf(place, sizeof place, "%s[%zu]", above, i);
		if (json_is_array(children)) {
			char next[320];
			snprintf(next, sizeof next, "%s.children", place);
			fine = enter(c, entry, "environment", in, &inner, e) &&
			       read_children(c, children, &inner, next, e);
			json_decref(inner.values);
			c->values = in->values;
		} else if (json_object_get(entry, "url")) {
			fine = take_request(c, entry, in->auth, in->scripted, place, e);
		}
	}
	return fine;
}

static bool read_tree(struct collection *c, const json_t *whole, struct error *e)
{
	struct folder top = { .values = json_object() };
	const json_t *list = json_object_get(whole, "collection");
	c->values = top.values;
	bool fine = (top.values || no_memory(e)) &&
		    collection_define(c, json_object_get(json_object_get(whole, "environments"), "data"), e);
	if (fine && !json_is_array(list))
		fine = error_set(e, EXIT_USAGE, "collection is not a list");
	fine = fine && read_children(c, list, &top, "collection", e);
	json_decref(top.values);
	return fine;
}

/* ---- version 4 ---- */

static const json_t *resource(const json_t *resources, const json_t *id)
{
	size_t i;
	json_t *r;
	json_array_foreach(resources, i, r)
	{
		if (json_is_string(id) && json_equal(json_object_get(r, "_id"), (json_t *)(uintptr_t)id))
			return r;
	}
	return NULL;
}

/* The values of a request: those of the base environment, then those of its folders from the outermost on. */
static bool define_for(struct collection *c, const json_t *resources, const json_t *holder, int deep,
		       const json_t **auth, bool *scripted, struct error *e)
{
	const json_t *above = resource(resources, json_object_get(holder, "parentId"));
	const json_t *own = json_object_get(holder, "authentication");
	/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEEP */
	if (above && deep < DEEP && !define_for(c, resources, above, deep + 1, auth, scripted, e))
		return false;
	if (json_is_object(own) && json_object_size(own) > 0)
		*auth = own;
	*scripted = *scripted || has_script(holder);
	return collection_define(c, json_object_get(holder, "environment"), e);
}

static bool define_base(struct collection *c, const json_t *resources, struct error *e)
{
	size_t i;
	json_t *r;
	json_array_foreach(resources, i, r)
	{
		const json_t *above = resource(resources, json_object_get(r, "parentId"));
		bool base = is(r, "_type", "environment") && !(above && is(above, "_type", "environment"));
		if (base && !collection_define(c, json_object_get(r, "data"), e))
			return false;
	}
	return true;
}

static bool take_resource(struct collection *c, const json_t *resources, const json_t *r, size_t i, struct error *e)
{
	char place[60];
	const json_t *auth = NULL;
	bool scripted = false;
	snprintf(place, sizeof place, "resources[%zu]", i);
	c->values = json_object();
	bool fine =
	    (c->values || no_memory(e)) && define_base(c, resources, e) &&
	    define_for(c, resources, resource(resources, json_object_get(r, "parentId")), 0, &auth, &scripted, e) &&
	    take_request(c, r, auth, scripted, place, e);
	json_decref(c->values);
	return fine;
}

static bool read_resources(struct collection *c, const json_t *whole, struct error *e)
{
	const json_t *resources = json_object_get(whole, "resources"),
		     *version = json_object_get(whole, "__export_format");
	size_t i;
	json_t *r;
	if (json_integer_value(version) != 4 || !json_is_array(resources))
		return error_set(e, EXIT_USAGE, "it is not an export of Insomnia's version 4 or 5");
	json_array_foreach(resources, i, r)
	{
		if (is(r, "_type", "request") && !take_resource(c, resources, r, i, e))
			return false;
	}
	return true;
}

/* Half surrogate pairs do not hold it up, as in json_halves_load. */
static json_t *load_yaml(struct bytes text, struct error *e)
{
	struct buffer whole = { 0 };
	bool halves = false;
	json_t *value = yaml_read(text, e);
	if (!value && e->code == EXIT_USAGE && json_halves_blot(text, &whole, &halves) && halves)
		value = yaml_read(buffer_view(&whole), e);
	buffer_free(&whole);
	return value;
}

bool insomnia_read(struct bytes text, const struct import_sink *sink, struct error *e)
{
	struct collection c = { .sink = sink, .name = "name", .templates = VARIABLES_AND_TEMPLATES };
	while (text.len && (text.at[0] == ' ' || text.at[0] == '\n' || text.at[0] == '\r' || text.at[0] == '\t'))
		text = bytes_make(text.at + 1, text.len - 1);
	bool json = text.len && text.at[0] == '{';
	json_t *whole = json ? json_halves_load(text, e) : load_yaml(text, e);
	if (!whole)
		return false;
	bool fine = json_object_get(whole, "collection") ? read_tree(&c, whole, e) : read_resources(&c, whole, e);
	json_decref(whole);
	return fine;
}
