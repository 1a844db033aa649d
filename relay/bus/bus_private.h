/* What the files of the bus share: bus.c is what the loop sees of it, bus_thread.c its thread with the connection,
 * bus_queue.c what they hand each other. Left out of a program that is built without NATS. */
#pragma once

#include <nats/nats.h>
#include <pthread.h>

#include "relay/bus/bus.h"
#include "relay/bus/bus_requests.h"
#include "shared/disk/bell.h"

#define BUS_INBOX "_INBOX."
#define BUS_INBOX_LEN (sizeof BUS_INBOX - 1 + 32)
#define BUS_WHY_LEN 200
#define BUS_READ_COUNT 64
#define BUS_READ_BYTES (1u << 20)

enum bus_job_kind { BUS_JOB_PUBLISH, BUS_JOB_LISTEN, BUS_JOB_IGNORE, BUS_JOB_MOVE_ON };

/* Something for the thread to do; its texts and data follow it in the same block. */
struct bus_job {
	struct bus_job *next;
	enum bus_job_kind kind;
	size_t size;
	bool bulk;
	uint64_t id; /* of a request, 0: none; LISTEN, IGNORE: the number */
	const char *subject, *header, *value;
	struct bytes data;
};

enum bus_news_kind { BUS_NEWS_CONNECTED, BUS_NEWS_AWAY, BUS_NEWS_DENIED, BUS_NEWS_MESSAGE, BUS_NEWS_NOT_SENT };

/* Something for the loop to know. */
struct bus_news {
	struct bus_news *next;
	enum bus_news_kind kind;
	size_t size;
	uint64_t id;  /* NOT_SENT: of the request; MESSAGE: the number it was listened for under, 0: none */
	natsMsg *msg; /* MESSAGE */
	enum bus_away why;
	char server[BUS_HOST_LEN + 32], text[BUS_WHY_LEN];
};

struct bus_subscription {
	natsSubscription *sub;
	uint64_t number; /* of bus_listen; 0: there for as long as the connection */
};

struct bus {
	struct bus_settings settings;
	struct bus_events events;
	void *user;
	char inbox[BUS_INBOX_LEN + 1], inbox_all[BUS_INBOX_LEN + 3];
	uv_thread_t thread;
	pthread_mutex_t lock; /* guards all until the next empty line */
	pthread_cond_t wake;
	struct bus_job *jobs, **jobs_last;
	struct bus_news *came, **came_last;
	size_t jobs_size, came_size;
	bool ending, ended; /* bus_close was called; the thread will touch nothing any more */
	bool lost;          /* the connection in use was closed */
	natsConnection *nc; /* in use */
	unsigned held;      /* by callbacks of the library that are still to come: connections and subscriptions */

	/* The thread's. */
	size_t server; /* which one is tried next, from the list's first on */
	struct bus_subscription subscriptions[1 + BUS_SUBSCRIPTIONS_MOST + BUS_LISTENERS_MOST];
	size_t subscription_count;

	struct bell bell; /* rung for what came */
	struct bus_requests requests;
	/* Messages that were read, to be freed together: the library does that on a thread of its own, and wakes it. */
	struct bus_news *read[BUS_READ_COUNT];
	size_t read_count, read_size;
	bool connected, closing, thread_runs;
	int open_handles;
	void (*closed)(void *user);
	void *closed_user;
};

/* The two queues. A job, as with a message to publish, a copy, and the number of a request or 0. NULL: out of memory,
 * or it is larger than the queue. */
struct bus_job *bus_queue_make_job(enum bus_job_kind kind, const struct bus_post *p, uint64_t id);
/* For the thread; takes the job. False: the queue is full. Loop thread. */
bool bus_queue_submit(struct bus *b, struct bus_job *j);
/* All jobs, which are the caller's then, and count as queued until they are done. Under the lock. */
struct bus_job *bus_queue_take_jobs(struct bus *b);
/* One of them is done; frees it. */
void bus_queue_done(struct bus *b, struct bus_job *j);

/* NULL: out of memory. */
struct bus_news *bus_queue_make_news(enum bus_news_kind kind);
void bus_queue_free_news(struct bus_news *v);
/* For the loop; takes the news. From any thread. What must not be missed is taken above the bound as well: there is
 * little of it. */
void bus_queue_tell(struct bus *b, struct bus_news *v);
/* All news, the oldest first, which is the caller's then; *ended: the thread has ended before. Loop thread. */
struct bus_news *bus_queue_take_news(struct bus *b, bool *ended);

/* The thread's life, from the first attempt to connect until bus_close and all that the library had to say. `closure`
 * is the bus. */
void bus_thread_run(void *closure);
