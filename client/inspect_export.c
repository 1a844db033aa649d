#include "client/inspect_export.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/curl_command.h"
#include "shared/http_text.h"

struct request {
	struct buffer method, target, url;
	struct message message;
	bool has_body, https, no_memory;
};

static void take(struct request *r, struct buffer *into, struct bytes from)
{
	into->len = 0;
	r->no_memory = !buffer_append_bytes(into, from) || r->no_memory;
}

static void on_row(void *user, const struct delivery_row *row)
{
	struct request *r = user;
	take(r, &r->method, row->method);
	take(r, &r->target, row->target);
}

static void on_attempt(void *user, const struct attempt_row *a)
{
	struct request *r = user;
	if (a->url.len)
		take(r, &r->url, a->url);
}

static void on_client(void *user, const struct client_status *c)
{
	struct buffer *target = user;
	if (!target->len && !buffer_append_bytes(target, c->target))
		target->len = 0;
}

/* Where it went, in front of its target; else where a client sends to. */
static bool find_base(struct store *s, struct request *r, struct error *e)
{
	struct buffer *url = &r->url;
	if (url->len > r->target.len && memcmp(url->at + url->len - r->target.len, r->target.at, r->target.len) == 0) {
		url->len -= r->target.len;
		return true;
	}
	url->len = 0;
	return store_list_status(s, on_client, url, e) &&
	       (url->len || buffer_append_text(url, "http://localhost") || error_set(e, EXIT_STORE, "out of memory"));
}

static bool put_url(struct buffer *out, const struct request *r)
{
	return buffer_append_bytes(out, buffer_view(&r->url)) && buffer_append_bytes(out, buffer_view(&r->target));
}

static bool put_curl(struct buffer *out, const struct request *r, bool secrets)
{
	const struct curl_request c = {
		.base = buffer_view(&r->url),
		.method = buffer_view(&r->method),
		.target = buffer_view(&r->target),
		.headers = buffer_view(&r->message.headers),
		.body = buffer_view(&r->message.body),
		.has_body = r->has_body,
		.secrets = secrets,
	};
	return curl_command(out, &c);
}

static bool put_text(struct buffer *out, const struct request *r)
{
	const struct http_text t = {
		.method = buffer_view(&r->method),
		.target = buffer_view(&r->target),
		.headers = buffer_view(&r->message.headers),
		.body = buffer_view(&r->message.body),
	};
	return http_text_write(out, &t);
}

static bool put_raw(struct buffer *out, const struct request *r)
{
	return buffer_append_bytes(out, buffer_view(&r->method)) && buffer_put_u8(out, ' ') &&
	       buffer_append_bytes(out, buffer_view(&r->target)) && buffer_append_text(out, " HTTP/1.1\r\n") &&
	       buffer_append_bytes(out, buffer_view(&r->message.headers)) && buffer_append_text(out, "\r\n") &&
	       buffer_append_bytes(out, buffer_view(&r->message.body));
}

static bool put(const struct request *r, const char *format, struct buffer *out, struct error *e)
{
	bool fine;
	if (strcmp(format, "curl") == 0 || strcmp(format, "curl-secrets") == 0)
		fine = put_curl(out, r, format[4] != '\0');
	else if (strcmp(format, "http") == 0)
		fine = put_text(out, r);
	else if (strcmp(format, "raw") == 0)
		fine = put_raw(out, r);
	else if (strcmp(format, "headers") == 0)
		fine = buffer_append_bytes(out, buffer_view(&r->message.headers));
	else if (strcmp(format, "body") == 0)
		fine = buffer_append_bytes(out, buffer_view(&r->message.body));
	else if (strcmp(format, "url") == 0)
		fine = put_url(out, r);
	else
		return error_set(e, EXIT_USAGE, "there is no format %.20s here", format);
	return fine || error_set(e, EXIT_STORE, "out of memory");
}

bool inspect_export(struct store *s, int64_t id, const char *format, struct buffer *out, struct error *e)
{
	struct request r = { 0 };
	bool whole = strcmp(format, "url") != 0 && strcmp(format, "headers") != 0;
	bool fine = store_get(s, id, on_row, &r, e) && store_list_attempts(s, id, on_attempt, &r, e) &&
		    store_get_request(s, id, &r.message, &r.has_body, &r.https, e);
	if (fine && whole && r.message.body_size > r.message.body.len)
		fine = error_set(e, EXIT_USAGE, "delivery %lld was recorded in part only (%zu of %llu bytes)",
				 (long long)id, r.message.body.len, (unsigned long long)r.message.body_size);
	fine = fine && (!r.no_memory || error_set(e, EXIT_STORE, "out of memory")) && find_base(s, &r, e) &&
	       put(&r, format, out, e);
	buffer_free(&r.method);
	buffer_free(&r.target);
	buffer_free(&r.url);
	store_message_free(&r.message);
	return fine;
}

static bool write_all(int fd, struct bytes text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		text = bytes_make(text.at + n, text.len - (size_t)n);
	}
	return true;
}

static bool export_to(struct store *s, const int64_t *ids, size_t count, const char *format, int fd, const char *path,
		      struct error *e)
{
	struct buffer text = { 0 };
	bool fine = true;
	for (size_t i = 0; fine && i < count; i++) {
		text.len = 0;
		fine = inspect_export(s, ids[i], format, &text, e) &&
		       (write_all(fd, buffer_view(&text)) ||
			error_set(e, EXIT_NO, "%.200s cannot be written: %s", path, strerror(errno)));
	}
	buffer_free(&text);
	return fine;
}

bool inspect_export_all(struct store *s, const int64_t *ids, size_t count, const char *format, const char *path,
			struct buffer *out, struct error *e)
{
	bool fine = true;
	if (!path) {
		for (size_t i = 0; fine && i < count; i++)
			fine = inspect_export(s, ids[i], format, out, e);
		return fine;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_set(e, EXIT_NO, "%.200s cannot be made: %s", path, strerror(errno));
	fine = export_to(s, ids, count, format, fd, path, e);
	if (close(fd) != 0 && fine)
		fine = error_set(e, EXIT_NO, "%.200s cannot be written: %s", path, strerror(errno));
	if (!fine) /* nothing half written is left */
		unlink(path);
	return fine;
}
