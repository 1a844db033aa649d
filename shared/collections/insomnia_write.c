#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "shared/collections/collection_write.h"
#include "shared/collections/insomnia.h"
#include "shared/http/headers.h"
#include "shared/json/json_bytes.h"

bool insomnia_begin(struct buffer *out)
{
	return buffer_append_text(
	    out, "{\"_type\":\"export\",\"__export_format\":4,\"__export_source\":\"creel\",\"resources\":[\n"
		 "{\"_id\":\"wrk_creel\",\"_type\":\"workspace\",\"parentId\":null,\"name\":\"creel\","
		 "\"scope\":\"collection\"}");
}

bool insomnia_end(struct buffer *out)
{
	return buffer_append_text(out, "\n]}\n");
}

static json_t *body_of(const struct transcript *x, const char *body_file)
{
	struct bytes type;
	if (!x->has_body)
		return json_object();
	if (!headers_find(buffer_view(&x->request.headers), "content-type", &type))
		type = bytes_of("");
	/* The others are lists of pairs, which the client would put together in its own way. */
	bool form = bytes_contains_nocase(type, "x-www-form-urlencoded") || bytes_contains_nocase(type, "multipart/");
	json_t *mime = json_from_bytes(form ? bytes_of("") : type);
	if (body_file)
		return json_pack("{s:o, s:s}", "mimeType", mime, "fileName", body_file);
	return json_pack("{s:o, s:o}", "mimeType", mime, "text", json_from_bytes(buffer_view(&x->request.body)));
}

json_t *insomnia_request(const struct transcript *x, struct bytes base, const char *body_file, bool *bad)
{
	char name[64] = "req_";
	struct buffer url = { 0 };
	json_t *headers = collection_write_fields(buffer_view(&x->request.headers), "name", false, bad),
	       *request = NULL;
	int64_t at = (int64_t)(x->received_at_us / 1000);
	for (size_t i = 0; i < UUID_LEN; i++)
		snprintf(name + 4 + 2 * i, 3, "%02x", x->event_id[i]);
	if (headers && collection_write_url(x, base, &url))
		request = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:O, s:[], s:{}, s:I, s:I}", "_id", name,
				    "_type", "request", "parentId", "wrk_creel", "name",
				    json_from_bytes(buffer_view(&x->target)), "url", json_from_bytes(buffer_view(&url)),
				    "method", json_from_bytes(buffer_view(&x->method)), "body", body_of(x, body_file),
				    "headers", headers, "parameters", "authentication", "created", (json_int_t)at,
				    "modified", (json_int_t)at);
	if (request && (json_object_set_new(request, "settingEncodeUrl", json_false()) != 0 ||
			json_object_set_new(request, "_creel", collection_write_own(x)) != 0)) {
		json_decref(request);
		request = NULL;
	}
	json_decref(headers);
	buffer_free(&url);
	return request;
}
