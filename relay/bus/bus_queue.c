#include "relay/bus/bus_private.h"

#include <stdlib.h>
#include <string.h>

struct bus_news *bus_queue_make_news(enum bus_news_kind kind)
{
	struct bus_news *v = calloc(1, sizeof *v);
	if (v) {
		v->kind = kind;
		v->size = sizeof *v;
	}
	return v;
}

void bus_queue_free_news(struct bus_news *v)
{
	natsMsg_Destroy(v->msg);
	free(v);
}

void bus_queue_tell(struct bus *b, struct bus_news *v)
{
	pthread_mutex_lock(&b->lock);
	const bool bulk = v->kind == BUS_NEWS_MESSAGE || v->kind == BUS_NEWS_DENIED;
	/* The library may still call back when the bus has ended. */
	const bool dropped = b->ended || (bulk && b->came_size + v->size > BUS_QUEUE_BYTES);
	if (!dropped) {
		*b->came_last = v;
		b->came_last = &v->next;
		b->came_size += v->size;
	}
	pthread_mutex_unlock(&b->lock);
	if (dropped)
		bus_queue_free_news(v);
	else
		bell_ring(&b->bell);
}

bool bus_queue_submit(struct bus *b, struct bus_job *j)
{
	pthread_mutex_lock(&b->lock);
	bool fits = b->jobs_size + j->size <= BUS_QUEUE_BYTES - (j->bulk ? BUS_SPARED_BYTES : 0);
	/* Where some were there already, the thread has been woken; and woken under the lock it would wait for that. */
	const bool wakes = fits && !b->jobs;
	if (fits) {
		*b->jobs_last = j;
		b->jobs_last = &j->next;
		b->jobs_size += j->size;
	}
	pthread_mutex_unlock(&b->lock);
	if (wakes)
		pthread_cond_signal(&b->wake);
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

struct bus_job *bus_queue_make_job(enum bus_job_kind kind, const struct bus_post *p, uint64_t id)
{
	size_t header = p->header ? strlen(p->header) + strlen(p->header_value) + 2 : 0;
	size_t size = sizeof(struct bus_job) + strlen(p->subject) + 1 + header + p->data.len;
	struct bus_job *j = p->data.len <= BUS_QUEUE_BYTES ? calloc(1, size) : NULL;
	if (!j)
		return NULL;
	char *at = (char *)(j + 1);
	j->kind = kind;
	j->bulk = p->bulk;
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

struct bus_job *bus_queue_take_jobs(struct bus *b)
{
	struct bus_job *jobs = b->jobs;
	b->jobs = NULL;
	b->jobs_last = &b->jobs;
	return jobs;
}

void bus_queue_done(struct bus *b, struct bus_job *j)
{
	pthread_mutex_lock(&b->lock);
	b->jobs_size -= j->size;
	pthread_mutex_unlock(&b->lock);
	free(j);
}

struct bus_news *bus_queue_take_news(struct bus *b, bool *ended)
{
	pthread_mutex_lock(&b->lock);
	struct bus_news *v = b->came;
	*ended = b->ended;
	b->came = NULL;
	b->came_last = &b->came;
	b->came_size = 0;
	pthread_mutex_unlock(&b->lock);
	return v;
}
