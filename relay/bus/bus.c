#include "relay/bus/bus.h"

#include "relay/bus/bus_requests.h"

#include <nats/nats.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS 2000
#define RETRY_MS 200
#define WRITE_MS 500 /* without it a publish to a server that hangs blocks for ever (libnats 3.4.1) */
#define PING_MS 2000
#define PINGS_OUT 2
#define END_MS 5000 /* for the library's last callbacks */
#define INBOX "_INBOX."
#define INBOX_LEN (sizeof INBOX - 1 + 32)
#define WHY_LEN 200

enum job_kind { JOB_PUBLISH, JOB_MOVE_ON };

/* Something for the thread to do; its texts and data follow it in the same block. */
struct job {
	struct job *next;
	enum job_kind kind;
	size_t size;
	uint64_t id; /* of a request; 0: none */
	const char *subject, *header, *value;
	struct bytes data;
};

enum event_kind { EVENT_CONNECTED, EVENT_AWAY, EVENT_MESSAGE, EVENT_NOT_SENT };

/* Something for the loop to know. */
struct event {
	struct event *next;
	enum event_kind kind;
	size_t size;
	uint64_t id;  /* NOT_SENT: of the request */
	natsMsg *msg; /* MESSAGE */
	enum bus_away why;
	char server[BUS_HOST_LEN + 32], text[WHY_LEN];
};

struct bus {
	struct bus_settings settings;
	struct bus_events events;
	void *user;
	char inbox[INBOX_LEN + 1], inbox_all[INBOX_LEN + 3];
	uv_thread_t thread;
	pthread_mutex_t lock; /* guards all until the next empty line */
	pthread_cond_t wake;
	struct job *jobs, **jobs_last;
	struct event *came, **came_last;
	size_t jobs_size, came_size;
	uint64_t dropped;
	bool ending, ended; /* bus_close was called; the thread will touch nothing any more */
	bool lost;          /* the connection in use was closed */
	natsConnection *nc; /* in use */
	unsigned held;      /* by callbacks of the library that are still to come: connections and subscriptions */

	/* The thread's. */
	size_t server; /* which one is tried next */
	natsSubscription *subscriptions[BUS_SUBSCRIPTIONS_MOST + 1];
	size_t subscription_count;

	uv_async_t notify;
	struct bus_requests requests;
	bool connected, closing, thread_runs;
	int open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

/* ---- the two queues ---- */

static struct event *event_new(enum event_kind kind)
{
	struct event *v = calloc(1, sizeof *v);
	if (v) {
		v->kind = kind;
		v->size = sizeof *v;
	}
	return v;
}

static void event_free(struct event *v)
{
	natsMsg_Destroy(v->msg);
	free(v);
}

/* From any thread. What must not be missed is taken above the bound as well: there is little of it. */
static void tell(struct bus *b, struct event *v)
{
	pthread_mutex_lock(&b->lock);
	bool full = v->kind == EVENT_MESSAGE && b->came_size + v->size > BUS_QUEUE_BYTES;
	if (full) {
		b->dropped++;
	} else {
		*b->came_last = v;
		b->came_last = &v->next;
		b->came_size += v->size;
	}
	pthread_mutex_unlock(&b->lock);
	if (full)
		event_free(v);
	else
		uv_async_send(&b->notify);
}

static bool submit(struct bus *b, struct job *j)
{
	pthread_mutex_lock(&b->lock);
	bool fits = b->jobs_size + j->size <= BUS_QUEUE_BYTES;
	if (fits) {
		*b->jobs_last = j;
		b->jobs_last = &j->next;
		b->jobs_size += j->size;
		pthread_cond_signal(&b->wake);
	}
	pthread_mutex_unlock(&b->lock);
	if (!fits)
		free(j);
	return fits;
}

static char *put_text(char **at, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy = memcpy(*at, text, len);
	*at += len;
	return copy;
}

static struct job *job_of(const struct bus_post *p, uint64_t id)
{
	size_t header = p->header ? strlen(p->header) + strlen(p->header_value) + 2 : 0;
	size_t size = sizeof(struct job) + strlen(p->subject) + 1 + header + p->data.len;
	struct job *j = p->data.len <= BUS_QUEUE_BYTES ? calloc(1, size) : NULL;
	if (!j)
		return NULL;
	char *at = (char *)(j + 1);
	j->kind = JOB_PUBLISH;
	j->size = size;
	j->id = id;
	j->subject = put_text(&at, p->subject);
	if (p->header) {
		j->header = put_text(&at, p->header);
		j->value = put_text(&at, p->header_value);
	}
	j->data = bytes_make(at, p->data.len);
	if (p->data.len > 0)
		memcpy(at, p->data.at, p->data.len);
	return j;
}

/* ---- what the library calls, on its own threads ---- */

static void let_go(struct bus *b)
{
	pthread_mutex_lock(&b->lock);
	b->held--;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
}

static void on_message(natsConnection *nc, natsSubscription *sub, natsMsg *msg, void *closure)
{
	struct event *v = event_new(EVENT_MESSAGE);
	(void)nc;
	(void)sub;
	if (!v) {
		natsMsg_Destroy(msg);
		return;
	}
	v->msg = msg;
	v->size += (size_t)natsMsg_GetDataLength(msg);
	tell(closure, v);
}

static void on_complete(void *closure)
{
	let_go(closure);
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

/* Instead of the library's own, which prints. What went wrong shows where a connection ends. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus status, void *closure)
{
	(void)nc;
	(void)sub;
	(void)status;
	(void)closure;
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
	TRY(natsOptions_SetErrorHandler(o, on_error, NULL));
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

static natsStatus subscribe(struct bus *b, natsConnection *nc, const char *subject)
{
	natsSubscription *sub = NULL;
	natsStatus s = natsConnection_Subscribe(&sub, nc, subject, on_message, b);
	if (s != NATS_OK)
		return s;
	b->subscriptions[b->subscription_count++] = sub;
	pthread_mutex_lock(&b->lock);
	b->held++;
	pthread_mutex_unlock(&b->lock);
	s = natsSubscription_SetOnCompleteCB(sub, on_complete, b);
	if (s != NATS_OK)
		let_go(b);
	/* on_message never waits, so nothing gathers there but what the bound of the queue is for. */
	if (s == NATS_OK)
		s = natsSubscription_SetPendingLimits(sub, -1, BUS_QUEUE_BYTES);
	return s;
}

static natsStatus subscribe_all(struct bus *b, natsConnection *nc)
{
	natsStatus s = subscribe(b, nc, b->inbox_all);
	for (size_t i = 0; s == NATS_OK && i < b->settings.subject_count; i++)
		s = subscribe(b, nc, b->settings.subjects[i]);
	/* Round the server once: from now on nothing that is sent to them passes us by. */
	return s == NATS_OK ? natsConnection_FlushTimeout(nc, CONNECT_MS) : s;
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

static void tell_away(struct bus *b, const struct bus_server *server, enum bus_away why, const char *text)
{
	struct event *v = event_new(EVENT_AWAY);
	if (!v)
		return;
	v->why = why;
	bus_servers_url(server, v->server);
	snprintf(v->text, sizeof v->text, "%s", text);
	tell(b, v);
}

static void leave(struct bus *b, natsConnection *nc)
{
	pthread_mutex_lock(&b->lock);
	b->nc = NULL;
	pthread_mutex_unlock(&b->lock);
	natsConnection_Close(nc);
	while (b->subscription_count > 0)
		natsSubscription_Destroy(b->subscriptions[--b->subscription_count]);
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
		tell_away(b, server, why_of(s), last && *last ? last : natsStatus_GetText(s));
		return NULL;
	}
	pthread_mutex_lock(&b->lock);
	b->held++; /* on_closed is still to come */
	b->nc = nc;
	b->lost = false;
	pthread_mutex_unlock(&b->lock);
	s = subscribe_all(b, nc);
	if (s == NATS_OK) {
		struct event *v = event_new(EVENT_CONNECTED);
		if (v) {
			bus_servers_url(server, v->server);
			tell(b, v);
			return nc;
		}
	}
	tell_away(b, server, BUS_UNREACHABLE, natsStatus_GetText(s));
	leave(b, nc);
	return NULL;
}

/* ---- the thread: working ---- */

static natsStatus publish(struct bus *b, natsConnection *nc, const struct job *j)
{
	char reply[INBOX_LEN + 20];
	natsMsg *msg = NULL;
	if (j->id)
		snprintf(reply, sizeof reply, "%s.%llx", b->inbox, (unsigned long long)j->id);
	natsStatus s =
	    natsMsg_Create(&msg, j->subject, j->id ? reply : NULL, (const char *)j->data.at, (int)j->data.len);
	if (s == NATS_OK && j->header)
		s = natsMsgHeader_Set(msg, j->header, j->value);
	if (s == NATS_OK)
		s = natsConnection_PublishMsg(nc, msg);
	natsMsg_Destroy(msg);
	return s;
}

static void tell_not_sent(struct bus *b, const struct job *j)
{
	struct event *v = j->id ? event_new(EVENT_NOT_SENT) : NULL;
	if (!v)
		return; /* a request is answered by its time-out */
	v->id = j->id;
	tell(b, v);
}

/* Does the jobs, where there is a connection. False: that it is to be left. */
static bool do_jobs(struct bus *b, natsConnection *nc, struct job *jobs)
{
	bool stay = true;
	while (jobs) {
		struct job *j = jobs;
		jobs = j->next;
		if (j->kind == JOB_MOVE_ON)
			stay = false;
		else if (!nc || publish(b, nc, j) != NATS_OK)
			tell_not_sent(b, j);
		free(j);
	}
	return stay;
}

static struct job *take_jobs(struct bus *b)
{
	struct job *jobs = b->jobs;
	b->jobs = NULL;
	b->jobs_last = &b->jobs;
	b->jobs_size = 0;
	return jobs;
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

static void run(void *closure)
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
		struct job *jobs = take_jobs(b);
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
	uv_async_send(&b->notify);
}

/* ---- the loop ---- */

static uint64_t header_number(natsMsg *msg, const char *name)
{
	const char *text = NULL;
	return natsMsgHeader_Get(msg, name, &text) == NATS_OK && text ? strtoull(text, NULL, 10) : 0;
}

static void on_event_message(struct bus *b, natsMsg *msg)
{
	struct bus_message m = { .subject = natsMsg_GetSubject(msg), .reply = natsMsg_GetReply(msg) };
	m.data = bytes_make(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg));
	if (m.data.len == 0) {
		m.status = (int)header_number(msg, "Status");
		m.last_delivered = header_number(msg, "Nats-Last-Consumer");
	}
	size_t inbox = strlen(b->inbox);
	if (strncmp(m.subject, b->inbox, inbox) != 0 || m.subject[inbox] != '.') {
		b->events.message(b->user, &m);
		return;
	}
	uint64_t id = strtoull(m.subject + inbox + 1, NULL, 16);
	if (natsMsg_IsNoResponders(msg))
		bus_requests_settle(&b->requests, id, BUS_NOBODY, NULL);
	else
		bus_requests_settle(&b->requests, id, BUS_ANSWERED, &m);
}

static void on_event(struct bus *b, struct event *v)
{
	switch (v->kind) {
	case EVENT_CONNECTED:
		b->connected = true;
		b->events.connected(b->user, v->server);
		break;
	case EVENT_AWAY:
		b->connected = false;
		bus_requests_give_up(&b->requests);
		b->events.away(b->user, v->why, v->server, v->text);
		break;
	case EVENT_MESSAGE:
		on_event_message(b, v->msg);
		break;
	case EVENT_NOT_SENT:
		bus_requests_settle(&b->requests, v->id, BUS_GONE, NULL);
		break;
	}
}

static void on_handle_closed(uv_handle_t *h)
{
	struct bus *b = h->data;
	if (--b->open_handles > 0)
		return;
	void (*closed)(void *user) = b->closed;
	void *user = b->closed_user;
	bool held = b->held > 0;
	bus_credentials_forget(&b->settings.credentials);
	if (!held) { /* else the library may still call back: the memory is left to it */
		pthread_cond_destroy(&b->wake);
		pthread_mutex_destroy(&b->lock);
		free(b);
	}
	if (closed)
		closed(user);
}

static void on_timer_closed(uv_handle_t *h)
{
	struct bus_requests *r = h->data;
	h->data = (char *)r - offsetof(struct bus, requests);
	on_handle_closed(h);
}

static void end(struct bus *b)
{
	if (b->thread_runs)
		uv_thread_join(&b->thread);
	b->open_handles = 2;
	uv_close((uv_handle_t *)&b->notify, on_handle_closed);
	uv_close((uv_handle_t *)&b->requests.timer, on_timer_closed);
}

static void on_notify(uv_async_t *h)
{
	struct bus *b = h->data;
	pthread_mutex_lock(&b->lock);
	struct event *v = b->came;
	bool ended = b->ended;
	b->came = NULL;
	b->came_last = &b->came;
	b->came_size = 0;
	pthread_mutex_unlock(&b->lock);
	while (v) {
		struct event *next = v->next;
		if (!b->closing)
			on_event(b, v);
		event_free(v);
		v = next;
	}
	if (ended)
		end(b);
}

static bool choose_inbox(struct bus *b)
{
	uint8_t random[17];
	if (RAND_bytes(random, sizeof random) != 1)
		return false;
	snprintf(b->inbox, sizeof b->inbox, INBOX "%016llx%016llx", (unsigned long long)bytes_get_u64(random),
		 (unsigned long long)bytes_get_u64(random + 8));
	snprintf(b->inbox_all, sizeof b->inbox_all, "%s.*", b->inbox);
	b->server = random[16]; /* so that the nodes do not all begin with the same one */
	return true;
}

struct bus *bus_new(uv_loop_t *loop, const struct bus_settings *settings, const struct bus_events *events, void *user,
		    struct error *e)
{
	struct bus *b = calloc(1, sizeof *b);
	/* Before any connection: one thread for all subscriptions. */
	if (!b || !choose_inbox(b) || nats_Open(-1) != NATS_OK || nats_SetMessageDeliveryPoolSize(1) != NATS_OK ||
	    uv_async_init(loop, &b->notify, on_notify) != 0) {
		free(b);
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	b->settings = *settings;
	b->events = *events;
	b->user = user;
	b->notify.data = b;
	b->jobs_last = &b->jobs;
	b->came_last = &b->came;
	bus_requests_init(&b->requests, loop);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->wake, NULL);
	b->thread_runs = uv_thread_create(&b->thread, run, b) == 0;
	if (!b->thread_runs) {
		b->closing = true;
		end(b);
		error_set(e, EXIT_RELAY, "no thread can be started");
		return NULL;
	}
	return b;
}

bool bus_is_connected(const struct bus *b)
{
	return b->connected;
}

static bool send_post(struct bus *b, const struct bus_post *p, uint64_t id)
{
	size_t len = strlen(p->subject);
	if (!b->connected || b->closing || len == 0 || len > BUS_SUBJECT_LEN)
		return false;
	struct job *j = job_of(p, id);
	return j && submit(b, j);
}

bool bus_publish(struct bus *b, const struct bus_post *p)
{
	return send_post(b, p, 0);
}

bool bus_request(struct bus *b, const struct bus_post *p, uint64_t timeout_ms,
		 void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m), void *user)
{
	uint64_t id = bus_requests_add(&b->requests, timeout_ms, answered, user);
	if (id && send_post(b, p, id))
		return true;
	bus_requests_take_back(&b->requests, id);
	return false;
}

void bus_move_on(struct bus *b)
{
	struct job *j = calloc(1, sizeof *j);
	if (!j)
		return;
	j->kind = JOB_MOVE_ON;
	(void)submit(b, j);
}

uint64_t bus_dropped(const struct bus *b)
{
	struct bus *of = (struct bus *)b;
	pthread_mutex_lock(&of->lock);
	uint64_t dropped = of->dropped;
	pthread_mutex_unlock(&of->lock);
	return dropped;
}

void bus_close(struct bus *b, void (*closed)(void *user), void *user)
{
	b->closed = closed;
	b->closed_user = user;
	b->closing = true;
	bus_requests_give_up(&b->requests);
	pthread_mutex_lock(&b->lock);
	b->ending = true;
	pthread_cond_signal(&b->wake);
	pthread_mutex_unlock(&b->lock);
}
