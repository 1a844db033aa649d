#include "client/app/post.h"

#include "client/proxy/curl_reason.h"
#include "client/common/curl_trust.h"
#include "client/proxy/proxy.h"
#include "shared/http/headers.h"

#include <stdio.h>
#include <string.h>

#include <curl/curl.h>

#define ANSWER_MOST 65536

static size_t take(char *at, size_t size, size_t count, void *user)
{
	struct post_answer *a = user;
	struct buffer *b = &a->body;
	size_t len = size * count, room = b->len < ANSWER_MOST ? ANSWER_MOST - b->len : 0;
	a->body_size += len;
	return buffer_append(b, at, len < room ? len : room) ? len : 0;
}

/* A line of the head: another status line begins a new one. */
static size_t take_head(char *at, size_t size, size_t count, void *user)
{
	struct post_answer *a = user;
	size_t len = size * count, end = len;
	const char *colon = memchr(at, ':', len);
	while (end > 0 && (at[end - 1] == '\r' || at[end - 1] == '\n'))
		end--;
	if (len >= 5 && memcmp(at, "HTTP/", 5) == 0) {
		a->headers.len = 0;
	} else if (colon && colon < at + end && a->headers.len < ANSWER_MOST) {
		struct bytes name = bytes_make(at, (size_t)(colon - at));
		size_t start = name.len + 1;
		while (start < end && (at[start] == ' ' || at[start] == '\t'))
			start++;
		struct bytes value = bytes_make(at + start, end - start);
		if (headers_name_valid(name) && headers_value_valid(value) && !headers_append(&a->headers, name, value))
			return 0;
	}
	return len;
}

static bool add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);
	if (longer)
		*list = longer;
	return longer != NULL;
}

/* libcurl's own fields are left out, but for those that the request has. */
static bool make_fields(struct bytes headers, struct curl_slist **list)
{
	static const char *const own[] = { "Accept", "Expect", "Content-Type", "User-Agent" };
	struct bytes name, value;
	struct buffer line = { 0 };
	bool fine = true;
	for (size_t i = 0; fine && i < sizeof own / sizeof *own; i++) {
		char without[32];
		snprintf(without, sizeof without, "%s:", own[i]);
		if (!headers_find(headers, own[i], &value))
			fine = add(list, without);
	}
	for (size_t pos = 0; fine && headers_next(headers, &pos, &name, &value);) {
		if (bytes_equal_nocase(name, "Content-Length") || bytes_equal_nocase(name, "Host"))
			continue;
		line.len = 0;
		fine = buffer_append_bytes(&line, name) && buffer_append_text(&line, value.len ? ": " : ";") &&
		       buffer_append_bytes(&line, value) && buffer_put_u8(&line, 0) && add(list, (const char *)line.at);
	}
	buffer_free(&line);
	return fine;
}

static bool perform(CURL *c, const struct post *p, struct curl_slist *fields, struct post_answer *out, struct error *e)
{
	long status = 0;
	curl_off_t took = 0;
	curl_easy_setopt(c, CURLOPT_URL, p->url);
	curl_easy_setopt(c, CURLOPT_UNIX_SOCKET_PATH, p->socket);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, fields);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, (long)p->timeout_ms);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, out);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, take_head);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, out);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	if (p->body.len || strcmp(p->method, "GET") != 0) {
		curl_easy_setopt(c, CURLOPT_POSTFIELDS, p->body.len ? (const char *)p->body.at : "");
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->body.len);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, p->method);
	curl_trust(c, p->ca);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, p->insecure ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, p->insecure ? 0L : 2L);
	if (!proxy_set_for(c, p->url, e))
		return false;
	CURLcode code = curl_easy_perform(c);
	if (code != CURLE_OK) {
		char why[300], peer[200];
		enum reason reason = curl_reason(c, code);
		const struct facts facts = { .peer = peer, .limit_ms = (uint64_t)p->timeout_ms };
		if (p->socket)
			snprintf(peer, sizeof peer, "unix:%s", p->socket);
		else
			curl_reason_peer(p->url, peer, sizeof peer);
		reason_sentence(reason, &facts, why, sizeof why);
		return error_set(e, reason == REASON_APP_NO_URL ? EXIT_USAGE : EXIT_TARGET,
				 "%.200s cannot be reached: %s", p->url, why);
	}
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(c, CURLINFO_TOTAL_TIME_T, &took);
	out->status = (int)status;
	out->took_us = (uint64_t)took;
	return true;
}

bool post_send(const struct post *p, struct post_answer *out, struct error *e)
{
	struct curl_slist *fields = NULL;
	CURL *c = curl_easy_init();
	memset(out, 0, sizeof *out);
	bool fine = c && make_fields(p->headers, &fields) ? perform(c, p, fields, out, e)
							  : error_set(e, EXIT_STORE, "out of memory");
	curl_slist_free_all(fields);
	curl_easy_cleanup(c);
	return fine;
}

void post_answer_free(struct post_answer *a)
{
	buffer_free(&a->headers);
	buffer_free(&a->body);
}
