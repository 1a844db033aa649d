#include "shared/transcripts/draft.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "shared/transcripts/import_json.h"
#include "shared/http/headers.h"
#include "shared/text/base64.h"

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

void draft_free(struct draft *d)
{
	buffer_free(&d->method);
	buffer_free(&d->url);
	buffer_free(&d->target);
	buffer_free(&d->headers);
	buffer_free(&d->body);
	buffer_free(&d->reason);
	buffer_free(&d->answer_headers);
	buffer_free(&d->answer_body);
	memset(d, 0, sizeof *d);
}

bool draft_add_field(struct draft *d, struct bytes name, struct bytes value, struct error *e)
{
	while (value.len && (value.at[0] == ' ' || value.at[0] == '\t'))
		value = bytes_make(value.at + 1, value.len - 1);
	return import_field(&d->headers, name, value, e);
}

bool draft_add_exact(struct draft *d, struct bytes name, struct bytes after_colon, struct error *e)
{
	if (!headers_name_valid(name) || !headers_value_valid(after_colon))
		return draft_add_field(d, name, after_colon, e);
	return (buffer_append_bytes(&d->headers, name) && buffer_put_u8(&d->headers, ':') &&
		buffer_append_bytes(&d->headers, after_colon) && buffer_append_text(&d->headers, "\r\n")) ||
	       no_memory(e);
}

bool draft_has_field(const struct draft *d, const char *name)
{
	struct bytes value;
	return headers_find(buffer_view(&d->headers), name, &value);
}

bool draft_add_basic(struct draft *d, struct bytes user, struct bytes password, struct error *e)
{
	struct buffer plain = { 0 }, value = { 0 };
	bool fine = buffer_append_bytes(&plain, user) && buffer_put_u8(&plain, ':') &&
		    buffer_append_bytes(&plain, password) && buffer_append_text(&value, "Basic ") &&
		    base64_encode(&value, buffer_view(&plain), 0);
	fine = fine ? draft_add_field(d, bytes_of("Authorization"), buffer_view(&value), e) : no_memory(e);
	buffer_free(&plain);
	buffer_free(&value);
	return fine;
}

bool draft_split_url(struct bytes url, struct bytes *authority, struct bytes *target)
{
	const uint8_t *scheme = url.len ? memmem(url.at, url.len, "://", 3) : NULL;
	if (!scheme)
		return false;
	size_t start = (size_t)(scheme - url.at) + 3, end = start;
	for (; end < url.len && url.at[end] != '/' && url.at[end] != '?' && url.at[end] != '#'; end++)
		if (url.at[end] == '@')
			start = end + 1;
	*authority = bytes_make(url.at + start, end - start);
	*target = bytes_until(bytes_make(url.at + end, url.len - end), '#');
	return true;
}

static bool put_target(struct bytes target, struct buffer *out)
{
	bool fine = (target.len && target.at[0] == '/') || buffer_put_u8(out, '/');
	for (size_t i = 0; fine && i < target.len; i++) {
		uint8_t c = target.at[i];
		bool plain = c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>';
		fine = plain ? buffer_put_u8(out, c) : buffer_printf(out, "%%%02X", c);
	}
	return fine;
}

static bool begins_nocase(struct bytes text, const char *with)
{
	size_t len = strlen(with);
	return text.len >= len && strncasecmp((const char *)text.at, with, len) == 0;
}

static bool put_url(const struct draft *d, struct transcript *x, struct error *e)
{
	struct bytes url = buffer_view(&d->url), authority = { 0 }, target = bytes_until(url, '#');
	x->https = begins_nocase(url, "https://");
	if (url.len && url.at[0] != '/' && !x->https && !begins_nocase(url, "http://"))
		return error_set(e, EXIT_USAGE, "its URL does not begin with http:// or https://");
	if (url.len && url.at[0] != '/' && !draft_split_url(url, &authority, &target))
		return error_set(e, EXIT_USAGE, "its URL is none");
	if (url.len && url.at[0] != '/' && (!authority.len || !headers_value_valid(authority)))
		return error_set(e, EXIT_USAGE, "its URL has no host");
	bool fine =
	    d->target.len ? buffer_append_bytes(&x->target, buffer_view(&d->target)) : put_target(target, &x->target);
	if (fine && authority.len && !draft_has_field(d, "host"))
		fine = headers_append(&x->request.headers, bytes_of("Host"), authority);
	return fine || no_memory(e);
}

static bool put_fields(const struct draft *d, struct transcript *x, struct error *e)
{
	char length[24];
	struct bytes name, value, line;
	bool fine = true, has_length = d->keep_head || !d->has_body;
	snprintf(length, sizeof length, "%zu", d->body.len);
	for (size_t pos = 0; fine && headers_next_line(buffer_view(&d->headers), &pos, &name, &value, &line);) {
		bool is_length = bytes_equal_nocase(name, "content-length");
		has_length = has_length || is_length;
		fine = is_length ? headers_append(&x->request.headers, name, bytes_of(length))
				 : buffer_append_bytes(&x->request.headers, line);
	}
	if (fine && !has_length)
		fine = headers_append(&x->request.headers, bytes_of("Content-Length"), bytes_of(length));
	return fine || no_memory(e);
}

/* Of version 8 (RFC 9562 §5.8): nothing but a digest. */
static bool make_id(const struct draft *d, size_t number, uint8_t id[UUID_LEN])
{
	uint8_t digest[EVP_MAX_MD_SIZE], count[8];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	const struct buffer *all[] = { &d->method, &d->url, &d->target, &d->headers, &d->body };
	bool fine = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;
	bytes_set_u64(count, number);
	fine = fine && EVP_DigestUpdate(context, count, sizeof count) == 1;
	for (size_t i = 0; fine && i < sizeof all / sizeof *all; i++) {
		bytes_set_u64(count, all[i]->len);
		fine = EVP_DigestUpdate(context, count, sizeof count) == 1 &&
		       EVP_DigestUpdate(context, all[i]->at, all[i]->len) == 1;
	}
	fine = fine && EVP_DigestFinal_ex(context, digest, NULL) == 1;
	EVP_MD_CTX_free(context);
	if (!fine)
		return false;
	memcpy(id, digest, UUID_LEN);
	id[6] = (uint8_t)(0x80 | (id[6] & 0x0f));
	id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
	return true;
}

static bool put_answer(const struct draft *d, struct transcript *x, struct error *e)
{
	if (!d->status)
		return true;
	x->called = true;
	x->status = d->status;
	x->started_at_us = x->received_at_us;
	x->first_byte_us = x->total_us = d->answered_after_us;
	x->response.body_size = d->answer_body.len;
	return (buffer_append_bytes(&x->reason, buffer_view(&d->reason)) &&
		buffer_append_bytes(&x->url, buffer_view(&d->url)) &&
		buffer_append_bytes(&x->response.headers, buffer_view(&d->answer_headers)) &&
		buffer_append_bytes(&x->response.body, buffer_view(&d->answer_body))) ||
	       no_memory(e);
}

/* transcript_free in any case. EXIT_USAGE. */
static bool finish(struct draft *d, size_t number, uint64_t now_us, struct transcript *x, struct error *e)
{
	memset(x, 0, sizeof *x);
	x->origin = ORIGIN_IMPORT;
	x->received_at_us = d->created_us ? d->created_us : now_us;
	if (d->has_id)
		memcpy(x->event_id, d->id, UUID_LEN);
	else if (!make_id(d, number, x->event_id))
		return no_memory(e);
	if (!put_url(d, x, e) || !put_fields(d, x, e))
		return false;
	if (!(d->method.len ? buffer_append_bytes(&x->method, buffer_view(&d->method))
			    : buffer_append_text(&x->method, d->has_body ? "POST" : "GET")) ||
	    !buffer_append_bytes(&x->request.body, buffer_view(&d->body)))
		return no_memory(e);
	x->request.body_size = x->request.body.len;
	x->has_body = d->has_body || x->request.body.len > 0;
	return put_answer(d, x, e) && transcript_check(x, e);
}

bool draft_take(struct draft *d, bool fine, size_t number, const char *place, const struct import_sink *sink,
		struct error *e)
{
	struct transcript x = { 0 };
	fine = fine && finish(d, number, sink->now_us, &x, e) && sink->take(sink->user, &x, e);
	transcript_free(&x);
	if (fine)
		return true;
	if (e->code != EXIT_USAGE)
		return false;
	error_prefix(e, place);
	if (!sink->refused(sink->user, e))
		return false;
	*e = (struct error){ 0 };
	return true;
}
