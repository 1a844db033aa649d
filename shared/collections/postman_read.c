#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/collections/collection.h"
#include "shared/collections/postman.h"
#include "shared/json/json_bytes.h"
#include "shared/json/json_halves.h"

#define DEEP 32 /* folders within each other */

/* What an item has from the folders it is in. */
struct folder {
	const json_t *auth;
	bool scripted; /* something is run before the request */
	int deep;
};

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

/* ---- scripts ---- */

/* A line that is neither blank nor a comment. */
static bool is_code(const json_t *line)
{
	struct bytes text = json_to_bytes(line);
	while (text.len && (text.at[0] == ' ' || text.at[0] == '\t'))
		text = bytes_make(text.at + 1, text.len - 1);
	return text.len > 0 && text.at[0] != '\r' && text.at[0] != '\n' &&
	       !(text.len > 1 && text.at[0] == '/' && text.at[1] == '/');
}

static bool has_script(const json_t *holder)
{
	size_t i, k;
	json_t *event, *line;
	json_array_foreach(json_object_get(holder, "event"), i, event)
	{
		const json_t *exec = json_object_get(json_object_get(event, "script"), "exec");
		if (!bytes_equal(json_to_bytes(json_object_get(event, "listen")), bytes_of("prerequest")))
			continue;
		if (json_is_string(exec) && is_code(exec))
			return true;
		json_array_foreach(exec, k, line)
		{
			if (is_code(line))
				return true;
		}
	}
	return false;
}

static struct folder enter(const json_t *holder, const struct folder *above)
{
	struct folder in = above ? *above : (struct folder){ 0 };
	const json_t *auth = json_object_get(holder, "auth");
	if (json_is_object(auth))
		in.auth = auth;
	in.scripted = in.scripted || has_script(holder);
	in.deep++;
	return in;
}

/* ---- url ---- */

/* "a.b" or ["a", "b"], with `separator` between. */
static bool put_steps(const struct collection *c, const json_t *steps, char separator, struct buffer *out,
		      struct error *e)
{
	size_t i;
	json_t *step;
	if (!json_is_array(steps))
		return collection_text(c, steps, out, e);
	json_array_foreach(steps, i, step)
	{
		const json_t *text = json_is_object(step) ? json_object_get(step, "value") : step;
		if ((i && !buffer_put_u8(out, (uint8_t)separator)) || !collection_text(c, text, out, e))
			return i ? error_prefix(e, "url") : false;
	}
	return true;
}

static bool put_query(const struct collection *c, const json_t *list, struct buffer *out, struct error *e)
{
	bool first = true, fine = true;
	size_t i;
	json_t *p;
	json_array_foreach(list, i, p)
	{
		const json_t *value = json_object_get(p, "value");
		if (!fine || json_is_true(json_object_get(p, "disabled")))
			continue;
		fine = buffer_put_u8(out, first ? '?' : '&') || no_memory(e);
		fine = fine && collection_text(c, json_object_get(p, "key"), out, e);
		if (fine && value && !json_is_null(value))
			fine = (buffer_put_u8(out, '=') || no_memory(e)) && collection_text(c, value, out, e);
		first = false;
	}
	return fine;
}

static bool begins_with_scheme(const struct buffer *url)
{
	return url->len && memmem(url->at, url->len, "://", 3);
}

/* The parts make the URL, as in Postman; "raw" is only for reading. */
static bool put_url_parts(const struct collection *c, const json_t *url, struct buffer *out, struct error *e)
{
	struct buffer host = { 0 };
	const json_t *protocol = json_object_get(url, "protocol"), *port = json_object_get(url, "port");
	bool fine = put_steps(c, json_object_get(url, "host"), '.', &host, e);
	if (fine && json_is_string(protocol) && json_string_length(protocol))
		fine = collection_text(c, protocol, out, e) &&
		       (buffer_append_text(out, memmem(out->at, out->len, "://", 3) ? "" : "://") || no_memory(e));
	else if (fine && !begins_with_scheme(&host))
		fine = buffer_append_text(out, "http://") || no_memory(e);
	fine = fine && (buffer_append_bytes(out, buffer_view(&host)) || no_memory(e));
	if (fine && port && !json_is_null(port) && !(json_is_string(port) && !json_string_length(port)))
		fine = (buffer_put_u8(out, ':') || no_memory(e)) && collection_text(c, port, out, e);
	buffer_free(&host);
	const json_t *path = json_object_get(url, "path");
	size_t start = out->len;
	if (!fine || !path || json_is_null(path))
		return fine && put_query(c, json_object_get(url, "query"), out, e);
	fine = (buffer_put_u8(out, '/') || no_memory(e)) && put_steps(c, path, '/', out, e);
	if (fine && out->len > start + 1 && out->at[start + 1] == '/' && json_is_string(path)) {
		memmove(out->at + start, out->at + start + 1, out->len - start - 1); /* "/a" as a text has its own */
		out->len--;
	}
	return fine && put_query(c, json_object_get(url, "query"), out, e);
}

static bool read_url(const struct collection *c, const json_t *url, struct draft *d, struct error *e)
{
	struct buffer text = { 0 };
	const json_t *raw = json_is_object(url) ? json_object_get(url, "raw") : url;
	bool parts = json_object_get(url, "host") || json_object_get(url, "path");
	bool fine = parts ? put_url_parts(c, url, &text, e) : collection_text(c, raw, &text, e);
	if (fine && !text.len)
		fine = error_set(e, EXIT_USAGE, "it has no URL");
	if (fine && !begins_with_scheme(&text))
		fine = buffer_append_text(&d->url, "http://") || no_memory(e);
	fine = fine && (buffer_append_bytes(&d->url, buffer_view(&text)) || no_memory(e)) &&
	       collection_path(c, json_object_get(url, "variable"), d, e);
	buffer_free(&text);
	return fine;
}

/* ---- auth ---- */

/* A parameter of auth: [{"key": "token", "value": …}] in 2.1, {"token": …} in 2.0. */
static bool auth_value(const struct collection *c, const json_t *params, const char *name, struct buffer *out,
		       struct error *e)
{
	size_t i;
	json_t *p;
	out->len = 0;
	if (json_is_object(params))
		return collection_text(c, json_object_get(params, name), out, e);
	json_array_foreach(params, i, p)
	{
		if (bytes_equal(json_to_bytes(json_object_get(p, "key")), bytes_of(name)))
			return collection_text(c, json_object_get(p, "value"), out, e);
	}
	return true;
}

static bool add_key(const struct collection *c, const json_t *params, struct draft *d, struct error *e)
{
	struct buffer name = { 0 }, value = { 0 }, in = { 0 }, query = { 0 };
	bool fine = auth_value(c, params, "key", &name, e) && auth_value(c, params, "value", &value, e) &&
		    auth_value(c, params, "in", &in, e);
	if (fine && bytes_equal(buffer_view(&in), bytes_of("query")))
		fine = ((buffer_append_bytes(&query, buffer_view(&name)) && buffer_put_u8(&query, '=') &&
			 buffer_append_bytes(&query, buffer_view(&value))) ||
			no_memory(e)) &&
		       collection_add_query(d, buffer_view(&query), e);
	else if (fine)
		fine = collection_field(c, &d->headers, buffer_view(&name), buffer_view(&value), e);
	buffer_free(&name);
	buffer_free(&value);
	buffer_free(&in);
	buffer_free(&query);
	return fine;
}

static bool add_auth(const struct collection *c, const json_t *auth, struct draft *d, struct error *e)
{
	struct bytes type = json_to_bytes(json_object_get(auth, "type"));
	struct buffer one = { 0 }, two = { 0 }, value = { 0 };
	char *name = bytes_dup_text(type);
	const json_t *params = name ? json_object_get(auth, name) : NULL;
	bool fine = true;
	if (!name) {
		fine = no_memory(e);
	} else if (!json_is_object(auth) || !type.len || strcmp(name, "noauth") == 0 ||
		   draft_has_field(d, "authorization")) {
		fine = true;
	} else if (strcmp(name, "basic") == 0) {
		fine = auth_value(c, params, "username", &one, e) && auth_value(c, params, "password", &two, e) &&
		       draft_add_basic(d, buffer_view(&one), buffer_view(&two), e);
	} else if (strcmp(name, "bearer") == 0) {
		fine = auth_value(c, params, "token", &one, e) &&
		       ((buffer_append_text(&value, "Bearer ") && buffer_append_bytes(&value, buffer_view(&one))) ||
			no_memory(e)) &&
		       draft_add_field(d, bytes_of("Authorization"), buffer_view(&value), e);
	} else if (strcmp(name, "apikey") == 0) {
		fine = add_key(c, params, d, e);
	} else {
		fine = error_set(e, EXIT_USAGE, "its auth of type '%.40s' is made only when it is sent", name);
	}
	free(name);
	buffer_free(&one);
	buffer_free(&two);
	buffer_free(&value);
	return fine;
}

/* ---- body ---- */

static const char *type_of_language(struct bytes language)
{
	static const struct {
		const char *language, *type;
	} types[] = { { "json", "application/json" },
		      { "xml", "application/xml" },
		      { "html", "text/html" },
		      { "javascript", "application/javascript" },
		      { "text", "text/plain" } };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (bytes_equal(language, bytes_of(types[i].language)))
			return types[i].type;
	return "text/plain";
}

static bool read_graphql(const struct collection *c, const json_t *body, struct draft *d, struct error *e)
{
	struct buffer query = { 0 }, variables = { 0 };
	const json_t *g = json_object_get(body, "graphql");
	bool fine = collection_member(c, g, "query", &query, e) && collection_member(c, g, "variables", &variables, e);
	json_t *values = variables.len ? json_loadb((char *)variables.at, variables.len, 0, NULL) : json_object();
	if (fine && !values)
		fine = error_set(e, EXIT_USAGE, "graphql: its variables are not JSON");
	json_t *whole =
	    fine ? json_pack("{s:o, s:O}", "query", json_from_bytes(buffer_view(&query)), "variables", values) : NULL;
	char *text = whole ? json_dumps(whole, JSON_COMPACT) : NULL;
	if (fine)
		fine = (text && buffer_append_text(&d->body, text)) || no_memory(e);
	free(text);
	json_decref(whole);
	json_decref(values);
	buffer_free(&query);
	buffer_free(&variables);
	return fine && collection_type(d, "application/json", e);
}

/* Postman adds a Content-Type to a text unless the item tells it not to. */
static bool read_raw(const struct collection *c, const json_t *item, const json_t *body, struct draft *d,
		     struct error *e)
{
	const json_t *behaviour = json_object_get(item, "protocolProfileBehavior");
	const json_t *raw = json_object_get(json_object_get(body, "options"), "raw");
	bool none = json_is_true(json_object_get(json_object_get(behaviour, "disabledSystemHeaders"), "content-type"));
	return collection_member(c, body, "raw", &d->body, e) &&
	       (!d->body.len || none ||
		collection_type(d, type_of_language(json_to_bytes(json_object_get(raw, "language"))), e));
}

static bool read_body(const struct collection *c, const json_t *item, const json_t *body, struct draft *d,
		      struct error *e)
{
	struct bytes mode = json_to_bytes(json_object_get(body, "mode"));
	if (!json_is_object(body) || !mode.len || json_is_true(json_object_get(body, "disabled")))
		return true;
	d->has_body = true;
	if (bytes_equal(mode, bytes_of("raw")))
		return read_raw(c, item, body, d, e);
	if (bytes_equal(mode, bytes_of("urlencoded")))
		return (collection_pairs(c, json_object_get(body, "urlencoded"), false, &d->body, e) ||
			error_prefix(e, "body.urlencoded")) &&
		       collection_type(d, "application/x-www-form-urlencoded", e);
	if (bytes_equal(mode, bytes_of("formdata")))
		return collection_parts(c, json_object_get(body, "formdata"), "src", d, e) ||
		       error_prefix(e, "body.formdata");
	if (bytes_equal(mode, bytes_of("file"))) {
		const json_t *file = json_object_get(body, "file");
		return collection_file(c, json_is_string(file) ? file : json_object_get(file, "src"), d, e) ||
		       error_prefix(e, "body.file");
	}
	if (bytes_equal(mode, bytes_of("graphql")))
		return read_graphql(c, body, d, e);
	return error_set(e, EXIT_USAGE, "body.mode '%.*s' is none that creel knows", mode.len < 40 ? (int)mode.len : 40,
			 (const char *)mode.at);
}

/* Postman sends no body with these unless it is told to. */
static bool is_pruned(const struct draft *d, const json_t *item)
{
	static const char *const methods[] = { "GET", "HEAD", "COPY", "PURGE", "UNLOCK" };
	const json_t *behaviour = json_object_get(item, "protocolProfileBehavior");
	if (json_is_true(json_object_get(behaviour, "disableBodyPruning")))
		return false;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (bytes_equal(buffer_view(&d->method), bytes_of(methods[i])))
			return true;
	return false;
}

/* ---- requests and examples ---- */

/* A list of fields, or a text of lines (2.0). */
static bool read_header(const struct collection *c, const json_t *header, struct buffer *block, struct error *e)
{
	struct bytes text = json_to_bytes(header);
	if (!json_is_string(header))
		return collection_fields(c, header, block, e) || error_prefix(e, "header");
	while (text.len) {
		struct bytes line = bytes_until(text, '\n'), name = bytes_until(line, ':');
		size_t whole = line.len + (line.len < text.len);
		if (line.len && line.at[line.len - 1] == '\r')
			line.len--;
		if (line.len && name.len >= line.len)
			return error_set(e, EXIT_USAGE, "header: a line is not Name: value");
		struct bytes value = line.len ? bytes_make(line.at + name.len + 1, line.len - name.len - 1) : line;
		while (value.len && value.at[0] == ' ')
			value = bytes_make(value.at + 1, value.len - 1);
		if (line.len && !collection_field(c, block, name, value, e))
			return error_prefix(e, "header");
		text = bytes_make(text.at + whole, text.len - whole);
	}
	return true;
}

static bool read_request(const struct collection *c, const json_t *item, const json_t *request, const struct folder *in,
			 struct draft *d, struct error *e)
{
	const json_t *auth = json_object_get(request, "auth");
	if (in->scripted)
		return error_set(e, EXIT_USAGE, "a script before it may change the request");
	if (json_is_string(request))
		return buffer_append_text(&d->method, "GET") ? read_url(c, request, d, e) : no_memory(e);
	if (!json_is_object(request))
		return error_set(e, EXIT_USAGE, "its request is not an object");
	if (!collection_member(c, request, "method", &d->method, e) ||
	    (!d->method.len && !(buffer_append_text(&d->method, "GET") || no_memory(e))) ||
	    !read_url(c, json_object_get(request, "url"), d, e) ||
	    !read_header(c, json_object_get(request, "header"), &d->headers, e) ||
	    !add_auth(c, json_is_object(auth) ? auth : in->auth, d, e))
		return false;
	return is_pruned(d, item) || read_body(c, item, json_object_get(request, "body"), d, e);
}

static bool read_example(const struct collection *c, const json_t *example, struct draft *d, struct error *e)
{
	/* Of an answer nothing is replaced. */
	const struct collection as_it_is = { .values = c->values, .name = c->name, .latin1 = c->latin1, .plain = true };
	double time = json_number_value(json_object_get(example, "responseTime"));
	d->status = (int)json_integer_value(json_object_get(example, "code"));
	d->answered_after_us = time > 0 && time < 1e12 ? (uint64_t)(time * 1000) : 0;
	return collection_member(&as_it_is, example, "status", &d->reason, e) &&
	       read_header(&as_it_is, json_object_get(example, "header"), &d->answer_headers, e) &&
	       collection_member(&as_it_is, example, "body", &d->answer_body, e);
}

/* only: no other delivery is made of this item, which may be one that creel exported. */
static bool take_request(struct collection *c, const json_t *item, const json_t *request, const json_t *example,
			 const struct folder *in, bool only, const char *place, struct error *e)
{
	struct draft d = { 0 };
	bool fine = read_request(c, item, request, in, &d, e) && (!example || read_example(c, example, &d, e)) &&
		    (!only || collection_own(item, &d, e));
	fine = draft_take(&d, fine, ++c->number, place, c->sink, e);
	draft_free(&d);
	return fine;
}

/* Each example with the request that it answered, and the item's own request, unless an example has the same. */
static bool take_item(struct collection *c, const json_t *item, const struct folder *in, const char *place,
		      struct error *e)
{
	const json_t *request = json_object_get(item, "request"), *examples = json_object_get(item, "response");
	bool shown = false;
	char path[400];
	size_t i = 0;
	json_t *example;
	json_array_foreach(examples, i, example)
	{
		const json_t *original = json_object_get(example, "originalRequest");
		bool has = json_is_object(original);
		snprintf(path, sizeof path, "%s.response[%zu]", place, i);
		shown = shown || !has || json_equal((json_t *)(uintptr_t)original, (json_t *)(uintptr_t)request);
		bool only = shown && json_array_size(examples) == 1;
		if (!take_request(c, item, has ? original : request, example, in, only, path, e))
			return false;
	}
	return shown || take_request(c, item, request, NULL, in, i == 0, place, e);
}

/* NOLINTNEXTLINE(misc-no-recursion): bounded by DEEP */
static bool read_items(struct collection *c, const json_t *items, const struct folder *in, const char *above,
		       struct error *e)
{
	size_t i;
	json_t *item;
	char place[300];
	if (!json_is_array(items))
		return error_set(e, EXIT_USAGE, "%sitem is not a list", above);
	if (in->deep > DEEP)
		return error_set(e, EXIT_USAGE, "%sitem: more than %d folders within each other", above, DEEP);
	json_array_foreach(items, i, item)
	{
		struct folder inner = enter(item, in);
		snprintf(place, sizeof place, "%sitem[%zu]", above, i);
		if (json_object_get(item, "item")) {
			char next[302];
			snprintf(next, sizeof next, "%s.", place);
			if (!read_items(c, json_object_get(item, "item"), &inner, next, e))
				return false;
		} else if (!take_item(c, item, &inner, place, e)) {
			return false;
		}
	}
	return true;
}

static bool read_variables(struct collection *c, const json_t *list, struct error *e)
{
	size_t i;
	json_t *v;
	json_array_foreach(list, i, v)
	{
		const json_t *name = json_object_get(v, "key");
		json_t *value = json_object_get(v, "value");
		if (!json_is_string(name))
			name = json_object_get(v, "id");
		if (json_is_true(json_object_get(v, "disabled")) || !json_is_string(name) || !value)
			continue;
		if (json_object_set(c->values, json_string_value(name), value) != 0)
			return no_memory(e);
	}
	return true;
}

bool postman_read(struct bytes text, const struct import_sink *sink, struct error *e)
{
	struct collection c = { .sink = sink, .values = json_object(), .name = "key", .latin1 = true };
	json_t *whole = json_halves_load(text, e);
	const json_t *collection = json_object_get(whole, "collection");
	if (!json_is_object(collection))
		collection = whole;
	bool fine = whole != NULL;
	if (fine && json_is_array(json_object_get(collection, "requests")) && !json_object_get(collection, "item"))
		fine = error_set(e, EXIT_USAGE, "it is a collection of version 1: export it as version 2.1");
	struct folder top = enter(collection, NULL);
	fine = fine && (c.values || no_memory(e)) && read_variables(&c, json_object_get(collection, "variable"), e) &&
	       read_items(&c, json_object_get(collection, "item"), &top, "", e);
	json_decref(whole);
	json_decref(c.values);
	return fine;
}
