#include "relay/bus/bus_private.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

static uint64_t header_number(natsMsg *msg, const char *name)
{
	const char *text = NULL;
	return natsMsgHeader_Get(msg, name, &text) == NATS_OK && text ? strtoull(text, NULL, 10) : 0;
}

static bool has_header(natsMsg *msg, const char *name)
{
	const char *text = NULL;
	return natsMsgHeader_Get(msg, name, &text) == NATS_OK;
}

static void on_message(struct bus *b, natsMsg *msg, uint64_t listener)
{
	struct bus_message m = { .subject = natsMsg_GetSubject(msg),
				 .reply = natsMsg_GetReply(msg),
				 .listener = listener };
	m.data = bytes_make(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg));
	if (m.data.len == 0) {
		m.status = (int)header_number(msg, "Status");
		m.last_delivered = header_number(msg, "Nats-Last-Consumer");
		m.stalled = has_header(msg, "Nats-Consumer-Stalled");
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

static void on_news(struct bus *b, struct bus_news *v)
{
	switch (v->kind) {
	case BUS_NEWS_CONNECTED:
		b->connected = true;
		b->events.connected(b->user, v->server);
		break;
	case BUS_NEWS_AWAY:
		b->connected = false;
		bus_requests_give_up(&b->requests);
		b->events.away(b->user, v->why, v->server, v->text);
		break;
	case BUS_NEWS_DENIED:
		b->events.away(b->user, BUS_DENIED, v->server, v->text);
		break;
	case BUS_NEWS_MESSAGE:
		on_message(b, v->msg, v->id);
		break;
	case BUS_NEWS_NOT_SENT:
		bus_requests_settle(&b->requests, v->id, BUS_GONE, NULL);
		break;
	}
}

static void free_read(struct bus *b)
{
	while (b->read_count > 0)
		bus_queue_free_news(b->read[--b->read_count]);
	b->read_size = 0;
}

static void drop(struct bus *b, struct bus_news *v)
{
	b->read[b->read_count++] = v;
	b->read_size += v->size;
	if (b->read_count == BUS_READ_COUNT || b->read_size > BUS_READ_BYTES)
		free_read(b);
}

static void on_part_closed(void *bus)
{
	struct bus *b = bus;
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
	on_part_closed((char *)r - offsetof(struct bus, requests));
}

static void end(struct bus *b)
{
	if (b->thread_runs)
		uv_thread_join(&b->thread);
	free_read(b);
	b->open_handles = 2;
	bell_close(&b->bell, on_part_closed);
	uv_close((uv_handle_t *)&b->requests.timer, on_timer_closed);
}

static void on_rung(void *user)
{
	struct bus *b = user;
	bool ended;
	struct bus_news *v = bus_queue_take_news(b, &ended);
	while (v) {
		struct bus_news *next = v->next;
		if (!b->closing)
			on_news(b, v);
		drop(b, v);
		v = next;
	}
	if (ended)
		end(b);
}

static bool choose_inbox(struct bus *b)
{
	uint8_t random[16];
	if (RAND_bytes(random, sizeof random) != 1)
		return false;
	snprintf(b->inbox, sizeof b->inbox, BUS_INBOX "%016llx%016llx", (unsigned long long)bytes_get_u64(random),
		 (unsigned long long)bytes_get_u64(random + 8));
	snprintf(b->inbox_all, sizeof b->inbox_all, "%s.*", b->inbox);
	return true;
}

struct bus *bus_new(uv_loop_t *loop, const struct bus_settings *settings, const struct bus_events *events, void *user,
		    struct error *e)
{
	struct bus *b = calloc(1, sizeof *b);
	/* Before any connection: one thread for all subscriptions, and a lock that is held is waited for and not spun
	 * at (2,000 times by default): who holds it is in a system call, and may be off the processor. */
	if (!b || !choose_inbox(b) || nats_Open(0) != NATS_OK || nats_SetMessageDeliveryPoolSize(1) != NATS_OK ||
	    !bell_open(&b->bell, loop, on_rung, b)) {
		free(b);
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	b->settings = *settings;
	b->events = *events;
	b->user = user;
	bell_hold(&b->bell, true);
	b->jobs_last = &b->jobs;
	b->came_last = &b->came;
	bus_requests_init(&b->requests, loop);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->wake, NULL);
	b->thread_runs = uv_thread_create(&b->thread, bus_thread_run, b) == 0;
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

static bool submit(struct bus *b, enum bus_job_kind kind, const struct bus_post *p, uint64_t id)
{
	size_t len = strlen(p->subject);
	if (!b->connected || b->closing || len == 0 || len > BUS_SUBJECT_LEN)
		return false;
	struct bus_job *j = bus_queue_make_job(kind, p, id);
	return j && bus_queue_submit(b, j);
}

bool bus_publish(struct bus *b, const struct bus_post *p)
{
	return submit(b, BUS_JOB_PUBLISH, p, 0);
}

bool bus_request(struct bus *b, const struct bus_post *p, uint64_t timeout_ms,
		 void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m), void *user)
{
	uint64_t id = bus_requests_add(&b->requests, timeout_ms, answered, user);
	if (id && submit(b, BUS_JOB_PUBLISH, p, id))
		return true;
	bus_requests_take_back(&b->requests, id);
	return false;
}

bool bus_listen(struct bus *b, const char *subject, uint64_t number)
{
	return submit(b, BUS_JOB_LISTEN, &(struct bus_post){ .subject = subject }, number);
}

static void submit_bare(struct bus *b, enum bus_job_kind kind, uint64_t id)
{
	struct bus_job *j = bus_queue_make_job(kind, &(struct bus_post){ .subject = "" }, id);
	if (j)
		(void)bus_queue_submit(b, j);
}

void bus_ignore(struct bus *b, uint64_t number)
{
	submit_bare(b, BUS_JOB_IGNORE, number);
}

void bus_move_on(struct bus *b)
{
	submit_bare(b, BUS_JOB_MOVE_ON, 0);
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
