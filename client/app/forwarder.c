/* The apps that are called and the connections that are kept to them (RFC 9112 §9.3). */
#include "client/app/forward_private.h"

#include "client/common/limits.h"
#include "shared/http/headers.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#define JUST_KEPT_MS 100

/* ---- connections ---- */

static void on_event(uv_poll_t *h, int status, int events)
{
	struct app_conn *a = h->data;
	(void)events;
	if (status < 0)
		a->watched = 0; /* libuv (1.44) stops a poll that it tells an error of */
	if (a->call)
		forward_on_events(a->call);
	else
		forwarder_drop(
		    a); /* a kept connection has nothing to say: the app closes it, or says what nobody asked */
}

void forwarder_watch(struct app_conn *a, int events)
{
	if (events == a->watched)
		return;
	a->watched = events;
	if (events == 0)
		uv_poll_stop(&a->poll);
	else
		uv_poll_start(&a->poll, events, on_event);
}

struct app_conn *forwarder_adopt(struct forwarder *f, struct app *app, struct forward *call, struct conn *c)
{
	struct app_conn *a = calloc(1, sizeof *a);
	if (!a || uv_poll_init_socket(f->loop, &a->poll, c->fd) != 0) {
		free(a);
		conn_close(c);
		return NULL;
	}
	a->forwarder = f;
	a->app = app;
	a->call = call;
	a->conn = *c;
	a->poll.data = a;
	f->open++;
	return a;
}

static void finish_closing(struct forwarder *f);

static void on_closed(uv_handle_t *h)
{
	struct app_conn *a = h->data;
	struct forwarder *f = a->forwarder;
	free(a);
	f->open--;
	finish_closing(f);
}

void forwarder_drop(struct app_conn *a)
{
	if (!a->call) {
		DL_DELETE(a->app->idle, a);
		a->app->idle_count--;
	}
	uv_close((uv_handle_t *)&a->poll, on_closed);
	conn_close(&a->conn);
}

void forwarder_keep(struct app_conn *a)
{
	if (a->forwarder->closing || a->app->idle_count >= LIMIT_IDLE_CONNECTIONS) {
		forwarder_drop(a);
		return;
	}
	a->call = NULL;
	a->used = true;
	a->kept_at = uv_now(a->forwarder->loop);
	DL_PREPEND(a->app->idle, a);
	a->app->idle_count++;
	forwarder_watch(a, UV_READABLE);
}

/* A close may be in the kernel, and the loop has not come to it. Where the connection carried a call a moment ago the
 * loop has looked since or looks this turn, and a look of our own is a system call a webhook: no app closes one so soon
 * that did not say so. */
static bool is_still_good(const struct app_conn *a)
{
	char byte;
	if (uv_now(a->forwarder->loop) - a->kept_at <= JUST_KEPT_MS)
		return !conn_has_pending(&a->conn);
	return recv(a->conn.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && !conn_has_pending(&a->conn);
}

struct app_conn *forwarder_take(struct app *app, struct forward *call)
{
	struct app_conn *a;
	while ((a = app->idle)) {
		if (!is_still_good(a)) {
			forwarder_drop(a);
			continue;
		}
		DL_DELETE(app->idle, a);
		app->idle_count--;
		a->call = call;
		return a;
	}
	return NULL;
}

/* ---- apps ---- */

struct app *forwarder_app(struct forwarder *f, const char *base)
{
	struct app *app;
	HASH_FIND_STR(f->apps, base, app);
	if (app)
		return app;
	app = calloc(1, sizeof *app);
	if (!app || !forward_take_apart(app, base)) {
		if (app)
			forward_free_parts(app);
		free(app);
		return NULL;
	}
	HASH_ADD_KEYPTR(hh, f->apps, app->base, strlen(app->base), app);
	return app;
}

SSL_CTX *forwarder_tls(struct forwarder *f)
{
	if (!f->tls)
		f->tls = dial_tls_context(f->options.ca);
	return f->tls;
}

/* ---- the whole ---- */

/* What may stand in Host (RFC 9110 §7.2): a file of somebody else's may name it, and no second field with it. */
static bool fits_host(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("/?#@\\,;\"<>{}|^`", *c))
			return false;
	return true;
}

static bool check_field(const char *field, struct error *e)
{
	const char *colon = strchr(field, ':');
	if (colon && strncasecmp(field, "Content-Length:", 15) == 0 && colon[1 + strspn(colon + 1, " \t")])
		return error_set(e, EXIT_USAGE, "-H Content-Length cannot be set: it is the body's own");
	if (colon && strncasecmp(field, "Transfer-Encoding:", 18) == 0 && colon[1 + strspn(colon + 1, " \t")])
		return error_set(e, EXIT_USAGE, "-H Transfer-Encoding cannot be set: creel frames the body itself");
	if (!colon || !headers_name_valid(bytes_make(field, (size_t)(colon - field))) ||
	    !headers_value_valid(bytes_of(colon + 1)))
		return error_set(e, EXIT_USAGE, "-H '%.100s' is not a header field: write 'Name: value'", field);
	return true;
}

static bool check_ca(const char *path, struct error *e)
{
	SSL_CTX *ctx = path ? dial_tls_context(path) : NULL;
	SSL_CTX_free(ctx);
	return !path || ctx ||
	       error_set(e, EXIT_USAGE, "the CA file %s cannot be read, or holds no certificate in PEM", path);
}

struct forwarder *forwarder_new(uv_loop_t *loop, const struct forward_options *options, struct error *e)
{
	if (options->host_header && !fits_host(options->host_header)) {
		error_set(e, EXIT_USAGE, "--host-header takes rewrite, preserve or a host with its port, not '%.100s'",
			  options->host_header);
		return NULL;
	}
	for (size_t i = 0; options->extra_headers && i < options->extra_headers->count; i++)
		if (!check_field(options->extra_headers->at[i], e))
			return NULL;
	struct forwarder *f = check_ca(options->ca, e) ? calloc(1, sizeof *f) : NULL;
	if (!f)
		return NULL;
	f->loop = loop;
	f->options = *options;
	if (!f->options.host_header)
		f->options.host_header = "rewrite";
	return f;
}

static void finish_closing(struct forwarder *f)
{
	struct app *app = f->apps, *next;
	if (!f->closing || f->open > 0)
		return;
	void (*closed)(void *user) = f->closed;
	void *user = f->closed_user;
	HASH_CLEAR(hh, f->apps);
	for (; app; app = next) {
		next = app->hh.next;
		forward_free_parts(app);
		free(app);
	}
	SSL_CTX_free(f->tls);
	free(f);
	if (closed)
		closed(user);
}

static void on_idle_closed(uv_handle_t *h)
{
	struct forwarder *f = h->data;
	free(h);
	f->open--;
	finish_closing(f);
}

void forwarder_close(struct forwarder *f, void (*closed)(void *user), void *user)
{
	struct app *app, *next;
	f->closing = true;
	f->closed = closed;
	f->closed_user = user;
	HASH_ITER(hh, f->apps, app, next)
	while (app->idle)
		forwarder_drop(app->idle);
	/* `closed` comes on the loop, also where nothing is open. */
	uv_timer_t *last = malloc(sizeof *last);
	if (!last) {
		finish_closing(f);
		return;
	}
	f->open++;
	uv_timer_init(f->loop, last);
	last->data = f;
	uv_close((uv_handle_t *)last, on_idle_closed);
}
