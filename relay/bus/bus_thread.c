/* The thread of the bus: it holds one connection to a server, tries the next one where that fails, and publishes what
 * the loop asked for. The library's own threads call back into this file as well. */
#include "relay/bus/bus_private.h"

#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 2000
#define RETRY_MS 200
#define WRITE_MS 500 /* without it a publish to a server that hangs never returns (libnats 3.4.1) */
#define PING_MS 2000
#define PINGS_OUT 2
#define END_MS 5000 /* for the library's last callbacks */

/* ---- what the library calls, on its own threads ---- */

static void let_go(struct bus *b)
{
	pthread_mutex_lock(&b->lock);
	b->held--;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
}

/* Whose messages a subscription's are: the library's, until its last callback for it. */
struct listener {
	struct bus *bus;
	uint64_t number;
};

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
	const struct listener *l = closure;
	struct bus_news *v = bus_queue_make_news(BUS_NEWS_MESSAGE);
	(void)nc;
	(void)sub;
	if (!v) {
		natsMsg_Destroy(msg);
		return;
	}
	v->msg = msg;
	v->id = l->number;
	v->size += (size_t)natsMsg_GetDataLength(msg);
	bus_queue_tell(l->bus, v);
}

static void on_complete(void *closure)
{
	struct listener *l = closure;
	struct bus *b = l->bus;
	free(l);
	let_go(b);
}

static void on_closed(natsConnection *nc, void *closure)
{
	struct bus *b = closure;
	pthread_mutex_lock(&b->lock);
	if (b->nc == nc)
		b->lost = true;
	pthread_mutex_unlock(&b->lock);
	let_go(b);
}

/* Instead of the library's own, which prints. What else went wrong shows where a connection ends. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *closure)
{
	const char *text = NULL;
	struct bus_news *v = status == NATS_NOT_PERMITTED ? bus_queue_make_news(BUS_NEWS_DENIED) : NULL;
	(void)sub;
	if (!v)
		return;
	(void)natsConnection_GetConnectedUrl(nc, v->server, sizeof v->server);
	(void)natsConnection_GetLastError(nc, &text);
	snprintf(v->text, sizeof v->text, "%s", text ? text : natsStatus_GetText(status));
	bus_queue_tell(closure, v);
}

/* ---- the thread: connecting ---- */

static natsStatus set_access(const struct bus *b, natsOptions *o, const struct bus_server *server)
{
	const struct bus_credentials *c = &b->settings.credentials;
	natsStatus s = NATS_OK;
	if (c->kind == BUS_CREDENTIALS_PASSWORD)
		s = natsOptions_SetUserInfo(o, c->user, c->password);
	else if (c->kind == BUS_CREDENTIALS_JWT)
		s = natsOptions_SetUserCredentialsFromFiles(o, b->settings.credentials_file, NULL);
	if (s == NATS_OK && server->tls)
		s = natsOptions_SetSecure(o, true);
	if (s == NATS_OK && server->tls && b->settings.ca)
		s = natsOptions_LoadCATrustedCertificates(o, b->settings.ca);
	/* Without it the library looks at the chain alone, not at whose certificate it is. */
	if (s == NATS_OK && server->tls)
		s = natsOptions_SetExpectedHostname(o, server->host);
	return s;
}

/* One server at a time and no reconnecting by the library, so that the bus knows where it is, can leave a server that
 * answers nothing, and holds each server to its own name. */
static natsStatus make_options(struct bus *b, const struct bus_server *server, natsOptions **out)
{
	char url[BUS_HOST_LEN + 32];
	natsOptions *o = NULL;
	bus_servers_url(server, url);
	natsStatus s = natsOptions_Create(&o);
#define TRY(call)                                                                                                      \
	if (s == NATS_OK)                                                                                              \
	s = call
	TRY(natsOptions_SetURL(o, url));
	TRY(natsOptions_SetName(o, "creel"));
	TRY(natsOptions_SetAllowReconnect(o, false));
	TRY(natsOptions_SetTimeout(o, CONNECT_MS));
	TRY(natsOptions_SetWriteDeadline(o, WRITE_MS));
	TRY(natsOptions_SetPingInterval(o, PING_MS));
	TRY(natsOptions_SetMaxPingsOut(o, PINGS_OUT));
	TRY(natsOptions_SetSendAsap(o, true));              /* else each end waits a millisecond */
	TRY(natsOptions_UseGlobalMessageDelivery(o, true)); /* else a thread a subscription */
	TRY(natsOptions_SetErrorHandler(o, on_error, b));
	TRY(natsOptions_SetClosedCB(o, on_closed, b));
	TRY(set_access(b, o, server));
#undef TRY
	if (s != NATS_OK) {
		natsOptions_Destroy(o);
		o = NULL;
	}
	*out = o;
	return s;
}

static natsStatus subscribe(struct bus *b, natsConnection *nc, const char *subject, uint64_t number)
{
	natsSubscription *sub = NULL;
	if (b->subscription_count == sizeof b->subscriptions / sizeof *b->subscriptions)
		return NATS_INSUFFICIENT_BUFFER;
	struct listener *l = malloc(sizeof *l);
	if (!l)
		return NATS_NO_MEMORY;
	*l = (struct listener){ b, number };
	natsStatus s = natsConnection_Subscribe(&sub, nc, subject, on_message, l);
	if (s != NATS_OK) {
		free(l);
		return s;
	}
	b->subscriptions[b->subscription_count++] = (struct bus_subscription){ sub, number };
	pthread_mutex_lock(&b->lock);
	b->held++;
	pthread_mutex_unlock(&b->lock);
	s = natsSubscription_SetOnCompleteCB(sub, on_complete, l);
	if (s != NATS_OK) /* messages may come all the same: `l` is left to them */
		let_go(b);
	/* on_message never waits, so nothing gathers there but what the bound of the queue is for. */
	if (s == NATS_OK)
		s = natsSubscription_SetPendingLimits(sub, -1, BUS_QUEUE_BYTES);
	return s;
}

static natsStatus subscribe_all(struct bus *b, natsConnection *nc)
{
	natsStatus s = subscribe(b, nc, b->inbox_all, 0);
	for (size_t i = 0; s == NATS_OK && i < b->settings.subject_count; i++)
		s = subscribe(b, nc, b->settings.subjects[i], 0);
	/* Round the server once: from now on nothing that is sent to them passes us by. */
	return s == NATS_OK ? natsConnection_FlushTimeout(nc, CONNECT_MS) : s;
}

static void unsubscribe(struct bus *b, uint64_t number)
{
	for (size_t i = b->subscription_count; number != 0 && i-- > 0;) {
		if (b->subscriptions[i].number != number)
			continue;
		natsSubscription_Destroy(b->subscriptions[i].sub);
		b->subscriptions[i] = b->subscriptions[--b->subscription_count];
	}
}

static enum bus_away why_of(natsStatus s)
{
	switch (s) {
	case NATS_NOT_PERMITTED:
	case NATS_CONNECTION_AUTH_FAILED:
	case NATS_INVALID_ARG:
		return BUS_REFUSED;
	case NATS_SSL_ERROR:
	case NATS_SECURE_CONNECTION_REQUIRED:
	case NATS_SECURE_CONNECTION_WANTED:
		return BUS_UNTRUSTED;
	default:
		return BUS_UNREACHABLE;
	}
}

/* Without the place in the library's source that it begins with, as "(conn.c:1905): ". */
static const char *words_of(const char *text)
{
	const char *end = *text == '(' ? strstr(text, "): ") : NULL;
	return end ? end + 3 : text;
}

static void tell_away(struct bus *b, const struct bus_server *server, enum bus_away why, const char *text)
{
	struct bus_news *v = bus_queue_make_news(BUS_NEWS_AWAY);
	if (!v)
		return;
	v->why = why;
	bus_servers_url(server, v->server);
	snprintf(v->text, sizeof v->text, "%s", text);
	bus_queue_tell(b, v);
}

static void leave(struct bus *b, natsConnection *nc)
{
	pthread_mutex_lock(&b->lock);
	b->nc = NULL;
	pthread_mutex_unlock(&b->lock);
	natsConnection_Close(nc);
	while (b->subscription_count > 0)
		natsSubscription_Destroy(b->subscriptions[--b->subscription_count].sub);
	natsConnection_Destroy(nc);
}

/* Tries the next server. */
static natsConnection *connect_one(struct bus *b, const struct bus_server **where)
{
	natsOptions *options;
	natsConnection *nc = NULL;
	const struct bus_server *server = &b->settings.servers.at[b->server++ % b->settings.servers.count];
	*where = server;
	natsStatus s = make_options(b, server, &options);
	if (s == NATS_OK)
		s = natsConnection_Connect(&nc, options);
	natsOptions_Destroy(options);
	if (s != NATS_OK) {
		const char *last = nats_GetLastError(NULL);
		tell_away(b, server, why_of(s), last && *last ? words_of(last) : natsStatus_GetText(s));
		return NULL;
	}
	pthread_mutex_lock(&b->lock);
	b->held++; /* on_closed is still to come */
	b->nc = nc;
	b->lost = false;
	pthread_mutex_unlock(&b->lock);
	s = subscribe_all(b, nc);
	if (s == NATS_OK) {
		struct bus_news *v = bus_queue_make_news(BUS_NEWS_CONNECTED);
		if (v) {
			bus_servers_url(server, v->server);
			bus_queue_tell(b, v);
			return nc;
		}
	}
	tell_away(b, server, BUS_UNREACHABLE, natsStatus_GetText(s));
	leave(b, nc);
	return NULL;
}

/* ---- the thread: working ---- */

/* The library frees each message of its kind on a thread of its own, which is woken for it; one is made only where
 * there is a header to put into it. */
static natsStatus publish_with_header(natsConnection *nc, const struct bus_job *j, const char *reply)
{
	natsMsg *msg = NULL;
	natsStatus s = natsMsg_Create(&msg, j->subject, reply, (const char *)j->data.at, (int)j->data.len);
	if (s == NATS_OK)
		s = natsMsgHeader_Set(msg, j->header, j->value);
	if (s == NATS_OK)
		s = natsConnection_PublishMsg(nc, msg);
	natsMsg_Destroy(msg);
	return s;
}

static natsStatus publish(struct bus *b, natsConnection *nc, const struct bus_job *j)
{
	char reply[BUS_INBOX_LEN + 20];
	if (j->id)
		snprintf(reply, sizeof reply, "%s.%llx", b->inbox, (unsigned long long)j->id);
	if (j->header)
		return publish_with_header(nc, j, j->id ? reply : NULL);
	if (j->id)
		return natsConnection_PublishRequest(nc, j->subject, reply, j->data.at, (int)j->data.len);
	return natsConnection_Publish(nc, j->subject, j->data.at, (int)j->data.len);
}

static void tell_not_sent(struct bus *b, const struct bus_job *j)
{
	struct bus_news *v = j->id ? bus_queue_make_news(BUS_NEWS_NOT_SENT) : NULL;
	if (!v)
		return; /* a request is answered by its time-out */
	v->id = j->id;
	bus_queue_tell(b, v);
}

static void do_job(struct bus *b, natsConnection *nc, const struct bus_job *j)
{
	switch (j->kind) {
	case BUS_JOB_PUBLISH:
		if (!nc || publish(b, nc, j) != NATS_OK)
			tell_not_sent(b, j);
		break;
	case BUS_JOB_LISTEN: /* who hears nothing begins anew */
		if (nc)
			(void)subscribe(b, nc, j->subject, j->id);
		break;
	case BUS_JOB_IGNORE:
		unsubscribe(b, j->id);
		break;
	case BUS_JOB_MOVE_ON:
		break;
	}
}

/* Does the jobs, where there is a connection. False: that it is to be left. */
static bool do_jobs(struct bus *b, natsConnection *nc, struct bus_job *jobs)
{
	bool stay = true;
	while (jobs) {
		struct bus_job *j = jobs;
		jobs = j->next;
		stay &= j->kind != BUS_JOB_MOVE_ON;
		do_job(b, nc, j);
		bus_queue_done(b, j);
	}
	return stay;
}

static void wait_ms(struct bus *b, uint64_t ms)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += (time_t)(ms / 1000);
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&b->wake, &b->lock, &until);
}

/* Under the lock, which is given back meanwhile: until there is something to do. */
static void wait_for_work(struct bus *b, bool connected)
{
	if (!connected && !b->ending)
		wait_ms(b, RETRY_MS);
	while (connected && !b->jobs && !b->ending && !b->lost)
		pthread_cond_wait(&b->wake, &b->lock);
}

/* The library's threads may still be in a callback of a connection that is closed. */
static void wait_for_callbacks(struct bus *b)
{
	pthread_mutex_lock(&b->lock);
	for (int waited = 0; b->held > 0 && waited < END_MS; waited += RETRY_MS)
		wait_ms(b, RETRY_MS);
	b->ended = true;
	pthread_mutex_unlock(&b->lock);
}

void bus_thread_run(void *closure)
{
	struct bus *b = closure;
	natsConnection *nc = NULL;
	const struct bus_server *where = NULL;
	bool end = false;
	while (!end) {
		if (!nc)
			nc = connect_one(b, &where);
		pthread_mutex_lock(&b->lock);
		wait_for_work(b, nc != NULL);
		struct bus_job *jobs = bus_queue_take_jobs(b);
		bool lost = nc && b->lost;
		end = b->ending;
		pthread_mutex_unlock(&b->lock);
		bool stay = do_jobs(b, lost ? NULL : nc, jobs);
		if (nc && (lost || !stay || end)) {
			if (end && !lost)
				natsConnection_FlushTimeout(nc, WRITE_MS);
			leave(b, nc);
			nc = NULL;
			if (!end)
				tell_away(b, where, BUS_LOST, lost ? "the connection was lost" : "it answers nothing");
		}
	}
	wait_for_callbacks(b);
	nats_ReleaseThreadMemory();
	bell_ring(&b->bell);
}
