/* How `creel doctor` checks the relay itself: it opens a tunnel of a random name, and sends a webhook through it. The
 * webhook is answered here, with the bytes that came; neither the store nor the app sees any of it. */
#include "client/doctor/doctor.h"
#include "client/app/post.h"
#include "shared/http/headers.h"
#include "shared/program/loop.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define NONCE_LEN 2048
#define SPARE_MS 2000 /* the tunnel gives up first, and knows better why */
#define PATH "/creel-doctor?sent=%20here"

struct doctor_tunnel {
	uv_loop_t loop;
	uv_timer_t late;
	struct tunnel *tunnel;
	bool has_timer;
	bool online, over; /* `over`: what is waited for has come, or will not */
	char relay_version[64];
	uint32_t features;  /* of the relay */
	enum reason reason; /* of what failed; REASON_NONE: `why` says it */
	struct error why;
	char todo[300];
	/* The webhook. */
	uint8_t nonce[NONCE_LEN];
	bool arrived, changed, posted, worked;
	uv_work_t work;
	struct post post;
	struct post_answer answer;
	struct error post_why;
	char url[700];
};

static void stop(struct doctor_tunnel *t)
{
	t->over = true;
	uv_stop(&t->loop);
}

/* The facts are gone with the call: the sentence is made now. */
static void keep_reason(struct doctor_tunnel *t, enum reason reason, const struct facts *facts)
{
	t->reason = reason;
	t->why.code = reason_exit(reason);
	reason_sentence(reason, facts, t->why.text, sizeof t->why.text);
	reason_todo(reason, facts, t->todo, sizeof t->todo);
}

static void on_state(void *user, const struct tunnel_news *news)
{
	struct doctor_tunnel *t = user;
	t->online = news->state == TUNNEL_ONLINE;
	if (news->state == TUNNEL_OFFLINE)
		keep_reason(t, news->reason, news->facts);
	if (news->state != TUNNEL_CONNECTING)
		stop(t);
}

static void on_stop(void *user, enum reason reason, const struct facts *facts)
{
	struct doctor_tunnel *t = user;
	keep_reason(t, reason, facts);
	t->online = false;
	stop(t);
}

static void on_welcome(void *user, struct link *link, const struct wire_welcome *welcome)
{
	struct doctor_tunnel *t = user;
	(void)link;
	t->features = welcome->features;
	snprintf(t->relay_version, sizeof t->relay_version, "%.*s", (int)welcome->relay_version.len,
		 (const char *)welcome->relay_version.at);
}

/* Anything but the webhook that was sent from here is left to the relay: RECORDED would make the relay forget it. */
static bool refuse_delivery(struct link *link, uint64_t stream)
{
	if (!wire_encode_reset(link_out(link), stream, WIRE_RESET_STORE, bytes_of("creel doctor records nothing")))
		return link_fail(link, "out of memory");
	link_flush_soon(link);
	return true;
}

static bool answer_webhook(struct doctor_tunnel *t, struct link *link, const struct wire_frame *f)
{
	struct wire_request r;
	static const char headers[] = "Content-Type: application/octet-stream\r\n";
	if (!wire_decode_request(f->payload, &r))
		return link_fail(link, "malformed REQUEST");
	link_received_body(link, r.body.len);
	bool same = (f->flags & WIRE_END) && bytes_equal(r.method, bytes_of("POST")) &&
		    bytes_equal(r.target, bytes_of(PATH)) && bytes_equal(r.body, bytes_make(t->nonce, sizeof t->nonce));
	t->changed = !same && !t->arrived && !(f->flags & WIRE_SPOOLED);
	t->arrived = t->arrived || same;
	if (!same)
		return refuse_delivery(link, f->stream);
	struct wire_response a = { .status = 200, .body_len = r.body.len, .reason = bytes_of("OK"), .body = r.body };
	a.headers = bytes_of(headers);
	if (!wire_encode_event_id(link_out(link), WIRE_RECORDED, f->stream, r.event_id) ||
	    !wire_encode_response(link_out(link), f->stream, WIRE_END, &a))
		return link_fail(link, "out of memory");
	link_sent_body(link, r.body.len);
	link_flush_soon(link);
	return true;
}

static bool on_frame(void *user, struct link *link, const struct wire_frame *f)
{
	if (f->type == WIRE_SEALED)
		return !(f->flags & WIRE_END) || refuse_delivery(link, f->stream);
	return f->type != WIRE_REQUEST || answer_webhook(user, link, f);
}

static void on_credit(void *user)
{
	(void)user;
}

static void on_lost(void *user, bool may_resume)
{
	(void)user;
	(void)may_resume;
}

static void on_late(uv_timer_t *h)
{
	stop(h->data);
}

static void run_until(struct doctor_tunnel *t, uint64_t most_ms)
{
	t->over = false;
	uv_timer_start(&t->late, on_late, most_ms, 0);
	while (!t->over && uv_run(&t->loop, UV_RUN_DEFAULT))
		;
	uv_timer_stop(&t->late);
}

/* ---- token ---- */

/* tunnel_new takes http_proxy out of the environment, for libwebsockets; the webhook is to go by it as well. */
static struct tunnel *new_tunnel(struct doctor_tunnel *t, const struct tunnel_options *options)
{
	static const struct tunnel_ops ops = { on_state, on_welcome, on_frame, on_credit, on_lost, on_stop, NULL };
	const char *variable = getenv("http_proxy");
	char *proxy = variable ? strdup(variable) : NULL;
	struct tunnel *tunnel = tunnel_new(&t->loop, options, &ops, t, &t->why);
	if (proxy)
		setenv("http_proxy", proxy, 1);
	free(proxy);
	return tunnel;
}

/* Opens one for a moment. `name`: NULL, or one that the relay is asked for. NULL when out of memory; t->online says
 * whether it stands. */
static struct doctor_tunnel *open_tunnel(const struct doctor *d, const char *name)
{
	const struct tunnel_options options = {
		.relay = d->common.relay,
		.name = name,
		.token = d->token,
		.ca = d->ca,
		.pin = d->pin,
		.insecure = d->insecure,
		.allow_plain_token = d->allow_plain_token,
		.ping_interval_ms = 15000,
		.answer_within_ms = DOCTOR_MS,
		/* Nothing is kept of a name that is used once. */
		.wire_options = WIRE_OPTION_OFFLINE_FAIL | WIRE_OPTION_PROBE,
	};
	struct doctor_tunnel *t = calloc(1, sizeof *t);
	if (!t || !loop_open(&t->loop, EXIT_RELAY, NULL)) {
		free(t);
		return NULL;
	}
	const struct facts facts = { .relay = d->common.relay, .limit_ms = DOCTOR_MS };
	keep_reason(t, REASON_RELAY_SILENT, &facts);
	t->has_timer = uv_timer_init(&t->loop, &t->late) == 0;
	t->late.data = t;
	t->tunnel = t->has_timer ? new_tunnel(t, &options) : NULL;
	if (t->tunnel) {
		tunnel_start(t->tunnel);
		run_until(t, DOCTOR_MS + SPARE_MS);
	} else {
		t->reason = REASON_NONE; /* `why` says it */
		t->todo[0] = 0;
	}
	return t;
}

static void close_tunnel(struct doctor_tunnel *t)
{
	if (t->has_timer)
		uv_close((uv_handle_t *)&t->late, NULL);
	if (t->tunnel) {
		tunnel_close(t->tunnel, NULL, NULL);
		tunnel_free(t->tunnel);
	}
	loop_run_out(&t->loop);
	tunnel_free_rest(t->tunnel);
	uv_loop_close(&t->loop);
	post_answer_free(&t->answer);
	free(t);
}

/* What the relay said of the token, or of the tunnel that it is for; any other failure is the relay's own. */
static bool is_about_token(enum reason reason)
{
	switch (reason) {
	case REASON_NONE: /* it was not even sent: `why` says it */
	case REASON_TOKEN_UNKNOWN:
	case REASON_TOKEN_SHAPE:
	case REASON_TOKEN_MISSING:
	case REASON_TOKEN_REVOKED:
	case REASON_TOKEN_TOO_LONG:
	case REASON_TOKEN_LEFT_MACHINE:
	case REASON_TOKEN_PLAIN:
	case REASON_TOKEN_PLAIN_PROXY:
	case REASON_NAME_TAKEN:
	case REASON_NAME_LOST:
	case REASON_NAME_BAD:
	case REASON_NAME_FORBIDDEN:
	case REASON_NAMES_FULL:
	case REASON_TUNNEL_LIMIT:
		return true;
	default:
		return false;
	}
}

/* Asks whether the token may have the name that listen would ask for, which stays as it is. False when it may not, and
 * that was said. */
static bool may_have_name(struct doctor *d)
{
	if (!d->name || !(d->tunnel->features & WIRE_FEATURE_PROBE))
		return true;
	struct doctor_tunnel *t = open_tunnel(d, d->name);
	bool refused = t && !t->online && t->reason != REASON_TUNNEL_LIMIT && is_about_token(t->reason);
	if (refused)
		doctor_say(d, CHECK_TOKEN, FINDING_FAIL, t->why.code, t->todo, "%s", t->why.text);
	if (t)
		close_tunnel(t);
	return !refused;
}

static void say_token(struct doctor *d)
{
	const struct doctor_tunnel *t = d->tunnel;
	const char *variable = getenv("CREEL_TOKEN");
	if (!t)
		doctor_say(d, CHECK_TOKEN, FINDING_FAIL, EXIT_RELAY, "raise the limit (ulimit -n)",
			   "no tunnel can be opened: memory or file descriptors ran out");
	else if (t->online && may_have_name(d))
		doctor_say(d, CHECK_TOKEN, FINDING_OK, EXIT_DONE, NULL, "creel-relay %s opened a tunnel, %s",
			   t->relay_version,
			   !d->token               ? "without a token"
			   : variable && *variable ? "with the token of CREEL_TOKEN"
						   : "with the token of the config file");
	else if (t->online)
		return;
	else if (tunnel_token_is_for_others(t->reason))
		doctor_say(
		    d, CHECK_TOKEN, FINDING_WARN, EXIT_DONE, NULL,
		    "the token is accepted, but for certain tunnels alone: a webhook cannot be tried with a name "
		    "that nobody uses");
	else if (t->reason == REASON_TUNNEL_LIMIT && d->client.online)
		doctor_say(
		    d, CHECK_TOKEN, FINDING_WARN, EXIT_DONE, NULL,
		    "the relay takes no other tunnel beside that of the client that runs: a webhook cannot be tried");
	else if (is_about_token(t->reason))
		doctor_say(d, CHECK_TOKEN, FINDING_FAIL, t->why.code, t->todo, "%s", t->why.text);
	else {
		bool of_proxy = t->reason == REASON_PROXY_DROPS || t->reason == REASON_PROXY_HOLDS;
		enum check at = of_proxy ? CHECK_PROXY : CHECK_RELAY;
		doctor_amend(d, at, t->why.code, t->todo, t->why.text);
		doctor_say(d, CHECK_TOKEN, FINDING_SKIP, EXIT_DONE, NULL, "not looked at, as %s failed",
			   doctor_check_name(at));
	}
}

void doctor_look_at_token(struct doctor *d)
{
	d->tunnel = open_tunnel(d, NULL);
	say_token(d);
	d->online = d->tunnel && d->tunnel->online;
}

/* ---- url ---- */

static void on_work(uv_work_t *work)
{
	struct doctor_tunnel *t = work->data;
	t->posted = post_send(&t->post, &t->answer, &t->post_why);
}

static void on_worked(uv_work_t *work, int status)
{
	struct doctor_tunnel *t = work->data;
	(void)status;
	t->worked = true;
	stop(t);
}

/* The host of the public URL; caller frees. */
static char *host_of(const char *url)
{
	char *host = NULL, *copy = NULL;
	CURLU *u = curl_url();
	if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
	    curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK)
		copy = strdup(host);
	curl_free(host);
	curl_url_cleanup(u);
	return copy;
}

/* libcurl gives a name up only when the resolver does: so it is asked first. With a proxy that is the proxy's work. */
static bool name_is_known(struct doctor *d, const char *url)
{
	enum reason why;
	char *host = host_of(url), *addresses = NULL;
	bool fine = d->proxy.variable || !host || host[0] == '[' || (addresses = doctor_resolve(host, &why)) != NULL;
	if (!fine)
		doctor_say(d, CHECK_URL, FINDING_FAIL, EXIT_RELAY,
			   "make that name known in the DNS, or correct the relay's --public-url or --domain",
			   "the public URL %s cannot be called: the name %s cannot be resolved", url, host);
	free(addresses);
	free(host);
	return fine;
}

static void say_url(struct doctor *d)
{
	static const char wrong_way[] = "does the relay's --public-url lead to it (DNS, proxy, port)?";
	struct doctor_tunnel *t = d->tunnel;
	const char *url = tunnel_public_url(t->tunnel);
	bool same = bytes_equal(buffer_view(&t->answer.body), bytes_make(t->nonce, sizeof t->nonce));
	if (!t->posted)
		doctor_say(d, CHECK_URL, FINDING_FAIL, EXIT_RELAY, wrong_way, "the public URL does not answer: %s",
			   t->post_why.text);
	else if (!t->arrived && !t->changed)
		doctor_say(d, CHECK_URL, FINDING_FAIL, EXIT_RELAY, wrong_way,
			   "a webhook to %s did not come to this machine; what is there answered %d", url,
			   t->answer.status);
	else if (!t->arrived)
		doctor_say(d, CHECK_URL, FINDING_FAIL, EXIT_RELAY,
			   "something before the relay rewrites requests: look at its proxy",
			   "a webhook to %s came changed on its way: signatures would not verify", url);
	else if (t->answer.status != 200 || !same)
		doctor_say(d, CHECK_URL, FINDING_FAIL, EXIT_RELAY,
			   "something before the relay rewrites answers: look at its proxy",
			   "a webhook to %s came, but its answer (%d) was changed on its way back", url,
			   t->answer.status);
	else
		doctor_say(d, CHECK_URL, FINDING_OK, EXIT_DONE, NULL,
			   "a webhook to %s came here byte for byte, and its answer back, in %.0f ms", url,
			   (double)t->answer.took_us / 1000);
}

void doctor_look_at_url(struct doctor *d)
{
	struct doctor_tunnel *t = d->tunnel;
	struct buffer headers = { 0 };
	if (!name_is_known(d, tunnel_public_url(t->tunnel)))
		return;
	snprintf(t->url, sizeof t->url, "%s%s", tunnel_public_url(t->tunnel), PATH);
	if (RAND_bytes(t->nonce, sizeof t->nonce) != 1 ||
	    !headers_append(&headers, bytes_of("Content-Type"), bytes_of("application/octet-stream"))) {
		doctor_say(d, CHECK_URL, FINDING_FAIL, EXIT_RELAY, NULL, "out of memory");
		buffer_free(&headers);
		return;
	}
	t->post = (struct post){
		.url = t->url,
		.method = "POST",
		.headers = buffer_view(&headers),
		.body = bytes_make(t->nonce, sizeof t->nonce),
		.timeout_ms = DOCTOR_MS,
		.ca = d->ca,
		.insecure = d->insecure,
	};
	t->work.data = t;
	/* The thread is waited for: libcurl's own deadline ends it. */
	if (uv_queue_work(&t->loop, &t->work, on_work, on_worked) == 0) {
		while (!t->worked)
			run_until(t, DOCTOR_MS);
		say_url(d);
	}
	buffer_free(&headers);
}

void doctor_close_tunnel(struct doctor *d)
{
	if (d->tunnel)
		close_tunnel(d->tunnel);
	d->tunnel = NULL;
}
