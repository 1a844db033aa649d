#include <jansson.h>
#include <string.h>

#include "shared/collections/collection_write.h"
#include "shared/collections/postman.h"
#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"

bool postman_begin(struct buffer *out)
{
	return buffer_append_text(
	    out, "{\"info\":{\"name\":\"creel\",\"schema\":"
		 "\"https://schema.getpostman.com/json/collection/v2.1.0/collection.json\"},\"item\":[");
}

bool postman_end(struct buffer *out)
{
	return buffer_append_text(out, "\n]}\n");
}

static struct bytes cut(struct bytes *rest, char end)
{
	struct bytes part = bytes_until(*rest, end);
	size_t whole = part.len + (part.len < rest->len);
	*rest = bytes_make(rest->at + whole, rest->len - whole);
	return part;
}

static json_t *split(struct bytes text, char separator)
{
	json_t *list = json_array();
	for (bool more = true; more && list;) {
		size_t before = text.len;
		struct bytes part = cut(&text, separator);
		more = part.len < before;
		if (json_array_append_new(list, json_from_bytes(part)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

static json_t *query_of(struct bytes query)
{
	json_t *list = json_array();
	for (bool more = true; more && list;) {
		size_t before = query.len;
		struct bytes pair = cut(&query, '&');
		more = pair.len < before;
		bool has = pair.len && memchr(pair.at, '=', pair.len);
		struct bytes name = cut(&pair, '=');
		json_t *value = has ? json_from_bytes(pair) : json_null();
		if (json_array_append_new(list,
					  json_pack("{s:o, s:o}", "key", json_from_bytes(name), "value", value)) != 0) {
			json_decref(list);
			return NULL;
		}
	}
	return list;
}

/* The URL in the parts that Postman puts together again. */
static json_t *url_of(const struct transcript *x, struct bytes base)
{
	struct buffer text = { 0 };
	if (!collection_write_url(x, base, &text)) {
		buffer_free(&text);
		return NULL;
	}
	struct bytes rest = buffer_view(&text), scheme = bytes_of("http");
	const uint8_t *mark = memmem(rest.at, rest.len, "://", 3);
	if (mark) {
		scheme = bytes_make(rest.at, (size_t)(mark - rest.at));
		rest = bytes_make(mark + 3, rest.len - (size_t)(mark + 3 - rest.at));
	}
	struct bytes authority = bytes_until(rest, '/'), port = { 0 }, host = authority;
	rest = bytes_make(rest.at + authority.len, rest.len - authority.len);
	for (size_t i = authority.len; i > 0 && authority.at[i - 1] != ']'; i--)
		if (authority.at[i - 1] == ':') {
			host = bytes_make(authority.at, i - 1);
			port = bytes_make(authority.at + i, authority.len - i);
			break;
		}
	struct bytes path = bytes_until(rest, '?');
	bool has_query = path.len < rest.len;
	struct bytes query = bytes_make(rest.at + path.len + has_query, rest.len - path.len - has_query);
	bool literal = host.len && host.at[0] == '[';
	json_t *url = json_pack("{s:o, s:o, s:o}", "raw", json_from_bytes(buffer_view(&text)), "protocol",
				json_from_bytes(scheme), "host",
				literal ? json_pack("[o]", json_from_bytes(host)) : split(host, '.'));
	int failed = url ? 0 : 1;
	if (!failed && port.len)
		failed |= json_object_set_new(url, "port", json_from_bytes(port));
	if (!failed)
		failed |= json_object_set_new(url, "path",
					      split(path.len ? bytes_make(path.at + 1, path.len - 1) : path, '/'));
	if (!failed && has_query)
		failed |= json_object_set_new(url, "query", query_of(query));
	buffer_free(&text);
	if (!failed)
		return url;
	json_decref(url);
	return NULL;
}

static json_t *body_of(const struct transcript *x, const char *body_file)
{
	struct bytes type;
	if (body_file)
		return json_pack("{s:s, s:{s:s}}", "mode", "file", "file", "src", body_file);
	bool json = headers_find(buffer_view(&x->request.headers), "content-type", &type) &&
		    bytes_contains_nocase(type, "json");
	return json_pack("{s:s, s:o, s:{s:{s:s}}}", "mode", "raw", "raw",
			 json_from_bytes(buffer_view(&x->request.body)), "options", "raw", "language",
			 json ? "json" : "text");
}

static json_t *request_of(const struct transcript *x, struct bytes base, const char *body_file)
{
	bool bad;
	json_t *request = json_pack("{s:o, s:o, s:o}", "method", json_from_bytes(buffer_view(&x->method)), "header",
				    collection_write_fields(buffer_view(&x->request.headers), "key", true, &bad), "url",
				    url_of(x, base));
	if (request && x->has_body && json_object_set_new(request, "body", body_of(x, body_file)) != 0) {
		json_decref(request);
		return NULL;
	}
	return request;
}

static json_t *example_of(const struct transcript *x, json_t *request)
{
	bool bad;
	return json_pack("{s:o, s:O, s:o, s:i, s:o, s:f, s:o, s:[]}", "name", json_from_bytes(buffer_view(&x->reason)),
			 "originalRequest", request, "status", json_from_bytes(buffer_view(&x->reason)), "code",
			 x->status, "header",
			 collection_write_fields(buffer_view(&x->response.headers), "key", true, &bad), "responseTime",
			 (double)x->total_us / 1000, "body", json_from_bytes(buffer_view(&x->response.body)), "cookie");
}

/* What Postman is to leave as it is: a body with GET, a body without Content-Type. */
static json_t *behaviour_of(const struct transcript *x)
{
	struct bytes type;
	if (headers_find(buffer_view(&x->request.headers), "content-type", &type))
		return json_pack("{s:b}", "disableBodyPruning", (int)x->has_body);
	return json_pack("{s:b, s:{s:b}}", "disableBodyPruning", (int)x->has_body, "disabledSystemHeaders",
			 "content-type", 1);
}

json_t *postman_item(const struct transcript *x, struct bytes base, const char *body_file)
{
	struct buffer name = { 0 };
	json_t *request = request_of(x, base, body_file), *responses = json_array(), *item = NULL;
	bool fine = buffer_append_bytes(&name, buffer_view(&x->method)) && buffer_put_u8(&name, ' ') &&
		    buffer_append_bytes(&name, buffer_view(&x->target)) && request && responses;
	/* Postman keeps no bytes of an answer that are not text. */
	if (fine && x->called && x->status && json_can_hold(buffer_view(&x->response.body)))
		fine = json_array_append_new(responses, example_of(x, request)) == 0;
	if (fine)
		item = json_pack("{s:o, s:o, s:O, s:O, s:o}", "name", json_from_bytes(buffer_view(&name)),
				 "protocolProfileBehavior", behaviour_of(x), "request", request, "response", responses,
				 "_creel", collection_write_own(x));
	json_decref(request);
	json_decref(responses);
	buffer_free(&name);
	return item;
}
