#include "client/common/limits.h"
#include "client/app/forward_private.h"

#include "client/app/curl_reason.h"
#include "client/app/forward_headers.h"
#include "shared/base/clock.h"
#include "shared/http/headers.h"
#include "shared/program/secret_gate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_RETRY_MS 50
#define MOST_RETRY_MS 500
/* An app that does not answer Expect: 100-continue gets the body all the same. Longer than the 200 ms after which
 * libcurl tries the other address: 7.88 drops a timer that ends within a millisecond behind one that fires. */
#define EXPECT_WAIT_MS 300L

/* ---- one call ---- */

static uint64_t info_us(CURL *c, CURLINFO which)
{
	curl_off_t v = 0;
	curl_easy_getinfo(c, which, &v);
	return v > 0 ? (uint64_t)v : 0;
}

void forward_fill_result(const struct forward *w, struct forward_result *r)
{
	bool told = w->answer.status >= 200 || w->upgraded;
	r->status = told ? w->answer.status : 0;
	r->url = w->url;
	r->started_at_us = w->started_at_us;
	r->connect_us = info_us(w->easy, CURLINFO_CONNECT_TIME_T);
	r->first_byte_us = info_us(w->easy, CURLINFO_STARTTRANSFER_TIME_T);
	r->total_us = info_us(w->easy, CURLINFO_TOTAL_TIME_T);
	/* libcurl's clock stands since the last byte. */
	if ((r->total_us == 0 || r->result == ATTEMPT_CANCELLED) && clock_now_us() > w->started_at_us)
		r->total_us = clock_now_us() - w->started_at_us;
}

static size_t on_header(char *at, size_t size, size_t count, void *user)
{
	struct forward *w = user;
	size_t len = size * count;
	if (w->head_given)
		return len; /* trailers of a chunked answer */
	switch (answer_head_take(&w->answer, at, len)) {
	case ANSWER_HEAD_MORE:
		return len;
	case ANSWER_HEAD_WHOLE:
		break;
	case ANSWER_HEAD_TOO_LARGE:
		w->too_large = true;
		return 0;
	case ANSWER_HEAD_NO_MEMORY:
		return 0;
	}
	w->head_given = true;
	w->upgraded = w->answer.status == 101;
	w->ops->on_head(w->user, w->answer.status, buffer_view(&w->answer.reason), buffer_view(&w->answer.fields),
			answer_head_body_len(&w->answer));
	if (w->upgraded)
		forward_upgrade_begin(w);
	else
		forward_limit_body(w);
	/* An answer to HEAD has no body, which libcurl does not know here: stop it. The connection is closed, so that a
	 * body the app did not read becomes nobody's request. */
	return w->ends_at_head ? 0 : len;
}

static size_t on_body(char *at, size_t size, size_t count, void *user)
{
	struct forward *w = user;
	size_t len = size * count;
	if (!w->head_given)
		return 0;
	if (w->ops->on_body(w->user, bytes_make(at, len)))
		return len;
	w->paused = true;
	return CURL_WRITEFUNC_PAUSE;
}

static size_t on_upload(char *out, size_t size, size_t count, void *user)
{
	struct forward *w = user;
	if (w->request.upgrade)
		return forward_upgrade_upload(w, out, size * count);
	uint64_t left = forward_body_len(&w->request) - w->body_at;
	size_t n = size * count < left ? size * count : (size_t)left;
	if (w->request.spilled && !spill_copy(w->request.spilled, w->body_at, out, n))
		return CURL_READFUNC_ABORT;
	if (!w->request.spilled && n > 0)
		memcpy(out, w->request.body.at + w->body_at, n);
	w->body_at += n;
	return n;
}

/* A connection that was kept open turned out to be dead: the body goes out once more. */
static int on_rewind(void *user, curl_off_t offset, int origin)
{
	struct forward *w = user;
	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > forward_body_len(&w->request))
		return CURL_SEEKFUNC_FAIL;
	w->body_at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static int on_trailers(struct curl_slist **list, void *user)
{
	struct forward *w = user;
	struct bytes name, value;
	for (size_t pos = 0; headers_next(w->request.trailers, &pos, &name, &value);) {
		char *line = malloc(name.len + value.len + 3);
		if (!line)
			return CURL_TRAILERFUNC_ABORT;
		int len = snprintf(line, name.len + 3, "%.*s: ", (int)name.len, (const char *)name.at);
		memcpy(line + len, value.at, value.len);
		line[(size_t)len + value.len] = 0;
		struct curl_slist *more = curl_slist_append(*list, line);
		free(line);
		if (!more)
			return CURL_TRAILERFUNC_ABORT;
		*list = more;
	}
	return CURL_TRAILERFUNC_OK;
}

static CURL *take_handle(struct forwarder *f)
{
	if (f->pooled > 0)
		return f->pool[--f->pooled];
	CURL *c = curl_easy_init();
	if (!c)
		return NULL;
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_PROXY, "");
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(c, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
	curl_easy_setopt(c, CURLOPT_EXPECT_100_TIMEOUT_MS, EXPECT_WAIT_MS);
	curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, forward_open_socket);
	curl_loop_adopt(f->curl, c);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_upload);
	curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_rewind);
	curl_easy_setopt(c, CURLOPT_TRAILERFUNCTION, on_trailers);
	if (f->options.insecure) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	return c;
}

static void give_handle(struct forwarder *f, CURL *c)
{
	if (f->pooled < HANDLE_POOL && !f->closing)
		f->pool[f->pooled++] = c;
	else
		curl_easy_cleanup(c);
}

/* Method and body: whatever the sender framed is framed again, and nothing else. */
static void set_method(struct forward *w, const char *method)
{
	CURL *c = w->easy;
	bool head = strcmp(method, "HEAD") == 0;
	curl_easy_setopt(c, CURLOPT_NOBODY, 0L);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 0L);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, NULL);
	if (w->request.upgrade) {
		forward_upgrade_prepare(w);
	} else if (w->request.trailers.len > 0) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)-1);
		/* An old connection may be dead, and libcurl cannot send such a body again (see forward_finish). */
		curl_easy_setopt(c, CURLOPT_FRESH_CONNECT, 1L);
	} else if (head && forward_body_len(&w->request) == 0) {
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	} else if (w->request.has_body) {
		curl_easy_setopt(c, CURLOPT_POST, 1L);
		curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)forward_body_len(&w->request));
		if (!w->request.spilled)
			curl_easy_setopt(c, CURLOPT_POSTFIELDS,
					 w->request.body.len ? (const char *)w->request.body.at : "");
	} else {
		curl_easy_setopt(c, CURLOPT_HTTPGET, 1L);
	}
	/* libcurl 7.88 never sends a body with NOBODY. Were only the HEAD's Content-Length sent, the app would take the
	 * next call on the connection for its body. */
	w->ends_at_head = head && (forward_body_len(&w->request) > 0 || w->request.trailers.len > 0);
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
}

static bool begin_call(struct forward *w)
{
	struct forwarder *f = w->forwarder;
	w->body_at = 0;
	w->started_at_us = clock_now_us();
	forward_limit_begin(w);
	return curl_multi_add_handle(curl_loop_multi(f->curl), w->easy) == CURLM_OK;
}

static void free_forward(struct forward *w)
{
	curl_slist_free_all(w->headers);
	free(w->url);
	free(w->authority);
	answer_head_free(&w->answer);
	free(w);
}

static void on_retry_closed(uv_handle_t *h)
{
	free_forward(h->data);
}

void forward_finish(struct forward *w, enum reason why)
{
	struct forward_result r = { .result = reason_result(why) };
	const struct facts facts = { .peer = w->authority, .limit_ms = (uint64_t)w->forwarder->options.timeout_ms };
	reason_line(why, &facts, r.error, sizeof r.error);
	secret_gate_scrub(w->forwarder->options.gate, r.error, sizeof r.error);
	forward_fill_result(w, &r);
	curl_multi_remove_handle(curl_loop_multi(w->forwarder->curl), w->easy);
	/* libcurl 7.88 does not reset its trailers' state: used again, such a handle writes before its upload buffer.
	 */
	if (w->request.trailers.len > 0 || w->request.upgrade)
		curl_easy_cleanup(w->easy);
	else
		give_handle(w->forwarder, w->easy);
	w->easy = NULL;
	if (w->request.upgrade)
		forward_upgrade_end(w);
	w->ops->on_done(w->user, &r);
	if (w->retry_open)
		uv_close((uv_handle_t *)&w->retry, on_retry_closed);
	else
		free_forward(w);
}

static void on_retry(uv_timer_t *h)
{
	struct forward *w = h->data;
	if (!begin_call(w))
		forward_finish(w, REASON_APP_MEMORY);
}

/* The app may be restarting: dev servers do on every save. True when another try was set up. */
static bool try_again(struct forward *w)
{
	uint64_t now = uv_now(w->forwarder->loop);
	uint64_t left = now < w->wait_until_ms ? w->wait_until_ms - now : 0;
	uint64_t wait = (uint64_t)w->backoff_ms < left ? (uint64_t)w->backoff_ms : left;
	/* An app that comes up at the deadline must not be called for one millisecond. */
	if (w->refused_address || left == 0 || now + wait >= w->deadline_ms || w->answer.status)
		return false;
	curl_multi_remove_handle(curl_loop_multi(w->forwarder->curl), w->easy);
	if (!w->retry_open) {
		uv_timer_init(w->forwarder->loop, &w->retry);
		w->retry.data = w;
		w->retry_open = true;
		if (w->ops->on_refused)
			w->ops->on_refused(w->user);
	}
	uv_timer_start(&w->retry, on_retry, wait, 0);
	w->backoff_ms = w->backoff_ms * 2 > MOST_RETRY_MS ? MOST_RETRY_MS : w->backoff_ms * 2;
	return true;
}

void forward_broke_off(struct forward *w)
{
	forward_finish(w, w->too_large    ? REASON_APP_HEAD_TOO_LARGE
			  : w->head_given ? REASON_APP_BROKE_OFF
					  : REASON_APP_NO_ANSWER);
}

static void conclude(struct forward *w, CURLcode code)
{
	if (w->ends_at_head && w->head_given)
		code = CURLE_OK;
	else if (code == CURLE_OK && !w->head_given)
		code = CURLE_GOT_NOTHING; /* it ended within the head, which libcurl 7.88 takes for well */
	enum reason why = code == CURLE_OK ? REASON_NONE : curl_reason(w->easy, code);
	switch (code) {
	case CURLE_OK:
		break;
	case CURLE_COULDNT_CONNECT:
		if (try_again(w))
			return;
		if (w->refused_address)
			why = REASON_APP_NOT_HERE;
		else if (w->socket_error == EMFILE || w->socket_error == ENFILE)
			why = REASON_APP_DESCRIPTORS;
		break;
	case CURLE_OPERATION_TIMEDOUT:
		why = forward_limit_reason(w);
		break;
	default:
		if (reason_result(why) == ATTEMPT_ABORTED && why != REASON_APP_NOT_HTTP) {
			forward_broke_off(w);
			return;
		}
	}
	forward_finish(w, why);
}

static void check_finished(void *user)
{
	struct forwarder *f = user;
	CURLMsg *m;
	int left;
	while ((m = curl_multi_info_read(curl_loop_multi(f->curl), &left)) != NULL) {
		struct forward *w = NULL;
		if (m->msg != CURLMSG_DONE)
			continue;
		CURLcode code = m->data.result;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&w);
		conclude(w, code);
	}
	forward_upgrade_check(f);
}

static bool set_url(struct forward *w, const char *base, struct error *e)
{
	struct buffer target = { 0 };
	const char *rest = strstr(base, "://") + 3, *slash = strchr(rest, '/');
	size_t authority_len = slash ? (size_t)(slash - rest) : strlen(rest);
	/* The default port is not written in Host. */
	const char *port = base[4] == 's' ? ":443" : ":80";
	size_t port_len = strlen(port);
	size_t host_len = authority_len > port_len && memcmp(rest + authority_len - port_len, port, port_len) == 0
			      ? authority_len - port_len
			      : authority_len;
	w->authority = strndup(rest, host_len);
	bool fine = w->authority && (!slash || buffer_append_text(&target, slash)) &&
		    buffer_append_bytes(&target, w->request.target) && buffer_put_u8(&target, 0);
	struct buffer url = { 0 }, origin = { 0 };
	size_t origin_len = (size_t)(rest - base) + authority_len;
	fine = fine && buffer_append(&url, base, origin_len) && buffer_append_bytes(&url, buffer_view(&target)) &&
	       buffer_append(&origin, base, origin_len) && buffer_append(&origin, "/", 2) &&
	       /* The raw target goes out as it came; the URL is only for the connection. */
	       curl_easy_setopt(w->easy, CURLOPT_URL, (char *)origin.at) == CURLE_OK &&
	       curl_easy_setopt(w->easy, CURLOPT_REQUEST_TARGET, (char *)target.at) == CURLE_OK;
	buffer_free(&origin);
	buffer_free(&target);
	w->url = (char *)url.at;
	return fine || error_set(e, EXIT_TARGET, "out of memory");
}

struct forward *forward_start(struct forwarder *f, const char *base_url, const struct forward_request *request,
			      const struct forward_ops *ops, void *user, struct error *e)
{
	struct forward *w = calloc(1, sizeof *w);
	char *method = bytes_dup_text(request->method);
	if (!w || !method || !(w->easy = take_handle(f))) {
		free(w);
		free(method);
		error_set(e, EXIT_TARGET, "out of memory");
		return NULL;
	}
	w->forwarder = f;
	w->request = *request;
	w->ops = ops;
	w->user = user;
	answer_head_init(&w->answer);
	w->answer.upgrade = request->upgrade;
	w->backoff_ms = FIRST_RETRY_MS;
	w->deadline_ms = uv_now(f->loop) + (uint64_t)f->options.timeout_ms;
	w->wait_until_ms = uv_now(f->loop) + (request->once ? 0 : (uint64_t)f->options.wait_for_target_ms);
	if (!set_url(w, base_url, e) || !(w->headers = forward_headers_make(request, &f->options, w->authority, e)))
		goto fail;
	set_method(w, method);
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, w->headers);
	curl_easy_setopt(w->easy, CURLOPT_PRIVATE, w);
	curl_easy_setopt(w->easy, CURLOPT_HEADERDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_WRITEDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_READDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_SEEKDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_TRAILERDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_OPENSOCKETDATA, w);
	if (begin_call(w)) {
		if (w->request.upgrade)
			forward_upgrade_started(w);
		free(method);
		return w;
	}
	error_set(e, EXIT_TARGET, "libcurl cannot start the call");
fail:
	free(method);
	curl_easy_cleanup(w->easy);
	free_forward(w);
	return NULL;
}

void forward_resume(struct forward *w)
{
	if (!w->paused)
		return;
	w->paused = false;
	curl_easy_pause(w->easy, CURLPAUSE_CONT);
	/* libcurl 7.88 asks for a time-out of 0 then; the loop's next turn drives it. */
}

void forward_cancel(struct forward *w)
{
	forward_finish(w, REASON_APP_CANCELLED);
}

/* ---- the forwarder ---- */

/* What may stand in Host (RFC 9110 §7.2): a file of somebody else's may name it, and no second field with it. */
static bool fits_host(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("/?#@\\,;\"<>{}|^`", *c))
			return false;
	return true;
}

struct forwarder *forwarder_new(uv_loop_t *loop, const struct forward_options *options, struct error *e)
{
	if (options->host_header && !fits_host(options->host_header)) {
		error_set(e, EXIT_USAGE, "--host-header takes rewrite, preserve or a host with its port, not '%.100s'",
			  options->host_header);
		return NULL;
	}
	struct forwarder *f = calloc(1, sizeof *f);
	for (size_t i = 0; options->extra_headers && i < options->extra_headers->count; i++) {
		const char *field = options->extra_headers->at[i], *colon = strchr(field, ':');
		if (colon && strncasecmp(field, "Content-Length:", 15) == 0 && colon[1 + strspn(colon + 1, " \t")]) {
			error_set(e, EXIT_USAGE, "-H Content-Length cannot be set: it is the body's own");
			free(f);
			return NULL;
		}
		if (!colon || !headers_name_valid(bytes_make(field, (size_t)(colon - field))) ||
		    !headers_value_valid(bytes_of(colon + 1))) {
			error_set(e, EXIT_USAGE, "-H '%.100s' is not a header field: write 'Name: value'", field);
			free(f);
			return NULL;
		}
	}
	if (!f || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
	    !(f->curl = curl_loop_new(loop, LIMIT_IDLE_CONNECTIONS, check_finished, f))) {
		free(f);
		error_set(e, EXIT_TARGET, "libcurl cannot start");
		return NULL;
	}
	f->loop = loop;
	f->options = *options;
	if (!f->options.host_header)
		f->options.host_header = "rewrite";
	return f;
}

static void on_curl_closed(void *user)
{
	struct forwarder *f = user;
	void (*closed)(void *user) = f->closed;
	void *closed_user = f->closed_user;
	free(f);
	if (closed)
		closed(closed_user);
}

void forwarder_close(struct forwarder *f, void (*closed)(void *user), void *user)
{
	f->closed = closed;
	f->closed_user = user;
	f->closing = true;
	while (f->pooled > 0)
		curl_easy_cleanup(f->pool[--f->pooled]);
	curl_loop_close(f->curl, on_curl_closed, f);
}
