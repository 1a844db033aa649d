#include "client/web_server/web_events.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

#define RING 256
#define STREAMS_MOST 32
#define AT_ONCE 64 /* events in one write */

struct event {
	int64_t id; /* of a delivery; 0: for all */
	struct buffer text;
};

struct stream {
	struct stream *prev, *next;
	struct web_events *events;
	struct MHD_Connection *connection;
	uint64_t position; /* of the next event it takes */
	bool filtered, asleep;
	struct buffer pending;
	size_t sent; /* of pending */
};

struct web_events {
	pthread_mutex_t mutex; /* of all that follows */
	struct event ring[RING];
	uint64_t count; /* events so far */
	int64_t newest; /* delivery that was put */
	struct stream *streams;
	size_t stream_count;
	struct buffer state;
	bool ended;
};

struct web_events *web_events_new(void)
{
	struct web_events *v = calloc(1, sizeof *v);
	if (v && pthread_mutex_init(&v->mutex, NULL) == 0)
		return v;
	free(v);
	return NULL;
}

void web_events_free(struct web_events *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < RING; i++)
		buffer_free(&v->ring[i].text);
	buffer_free(&v->state);
	pthread_mutex_destroy(&v->mutex);
	free(v);
}

/* ---- the server's thread ---- */

static bool put_more(struct stream *s, int64_t newest, size_t count)
{
	return buffer_printf(&s->pending, "event: more\nid: %lld\ndata: {\"newest_id\":%lld,\"count\":%zu}\n\n",
			     (long long)newest, (long long)newest, count);
}

/* Takes from the ring what it has not had yet. */
static bool gather(struct stream *s)
{
	struct web_events *v = s->events;
	size_t left_out = 0;
	int64_t newest = 0;
	bool fine = true;
	s->pending.len = s->sent = 0;
	if (v->count - s->position > RING) {
		s->position = v->count;
		return buffer_append_text(&s->pending, "event: reset\ndata: {}\n\n");
	}
	for (size_t i = 0; fine && i < AT_ONCE && s->position < v->count; i++) {
		const struct event *event = &v->ring[s->position++ % RING];
		if (s->filtered && event->id) {
			left_out++;
			newest = event->id > newest ? event->id : newest;
		} else {
			fine = buffer_append_bytes(&s->pending, buffer_view(&event->text));
		}
	}
	return fine && (!left_out || put_more(s, newest, left_out));
}

static ssize_t on_read(void *user, uint64_t position, char *out, size_t most)
{
	struct stream *s = user;
	struct web_events *v = s->events;
	ssize_t given = 0;
	(void)position;
	pthread_mutex_lock(&v->mutex);
	if (s->sent == s->pending.len && !gather(s))
		given = MHD_CONTENT_READER_END_WITH_ERROR;
	size_t left = s->pending.len - s->sent;
	if (v->ended) {
		given = MHD_CONTENT_READER_END_OF_STREAM;
	} else if (given == 0 && left) {
		given = (ssize_t)(left < most ? left : most);
		memcpy(out, s->pending.at + s->sent, (size_t)given);
		s->sent += (size_t)given;
	} else if (given == 0) {
		s->asleep = true;
		MHD_suspend_connection(s->connection);
	}
	pthread_mutex_unlock(&v->mutex);
	return given;
}

static void on_closed(void *user)
{
	struct stream *s = user;
	struct web_events *v = s->events;
	pthread_mutex_lock(&v->mutex);
	DL_DELETE(v->streams, s);
	v->stream_count--;
	pthread_mutex_unlock(&v->mutex);
	buffer_free(&s->pending);
	free(s);
}

static bool begin(struct stream *s, int64_t seen)
{
	struct web_events *v = s->events;
	s->position = v->count;
	return buffer_append_text(&s->pending, "retry: 1000\n\n") &&
	       buffer_append_bytes(&s->pending, buffer_view(&v->state)) &&
	       (seen == 0 || put_more(s, v->newest > seen ? v->newest : seen, 0));
}

struct MHD_Response *web_events_open(struct web_events *v, struct MHD_Connection *c, const struct web_exchange *x)
{
	const char *filter = web_param(x, "filter");
	int64_t seen = web_id_of(x->last_event_id ? x->last_event_id : web_param(x, "after"));
	struct stream *s = calloc(1, sizeof *s);
	struct MHD_Response *r = NULL;
	if (!s)
		return NULL;
	s->events = v;
	s->connection = c;
	s->filtered = filter && *filter;
	pthread_mutex_lock(&v->mutex);
	if (v->stream_count < STREAMS_MOST && !v->ended && begin(s, seen))
		r = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_read, s, on_closed);
	if (r) {
		DL_APPEND(v->streams, s);
		v->stream_count++;
	}
	pthread_mutex_unlock(&v->mutex);
	if (!r) {
		buffer_free(&s->pending);
		free(s);
	}
	return r;
}

/* ---- the loop's thread ---- */

static void wake_all(struct web_events *v)
{
	struct stream *s;
	DL_FOREACH(v->streams, s)
	if (s->asleep) {
		s->asleep = false;
		MHD_resume_connection(s->connection);
	}
}

static void put_text(struct web_events *v, int64_t id, struct buffer *text)
{
	pthread_mutex_lock(&v->mutex);
	struct event *event = &v->ring[v->count++ % RING];
	buffer_free(&event->text);
	event->text = *text;
	event->id = id;
	if (id > v->newest)
		v->newest = id;
	wake_all(v);
	pthread_mutex_unlock(&v->mutex);
}

/* JSON without line breaks is one line of data. */
static bool write_event(struct buffer *out, const char *name, int64_t id, json_t *data)
{
	char *text = data ? json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(12)) : NULL;
	bool fine = text && (!id || buffer_printf(out, "id: %lld\n", (long long)id)) &&
		    buffer_printf(out, "event: %s\ndata: ", name) && buffer_append_text(out, text) &&
		    buffer_append_text(out, "\n\n");
	json_decref(data);
	free(text);
	return fine;
}

void web_events_put(struct web_events *v, const char *name, int64_t id, json_t *data)
{
	struct buffer text = { 0 };
	if (write_event(&text, name, id, data))
		put_text(v, id, &text);
	else
		buffer_free(&text);
}

void web_events_set_state(struct web_events *v, json_t *data)
{
	struct buffer text = { 0 }, copy = { 0 };
	if (!write_event(&text, "state", 0, data) || !buffer_append_bytes(&copy, buffer_view(&text))) {
		buffer_free(&text);
		buffer_free(&copy);
		return;
	}
	pthread_mutex_lock(&v->mutex);
	buffer_free(&v->state);
	v->state = copy;
	pthread_mutex_unlock(&v->mutex);
	put_text(v, 0, &text);
}

void web_events_keep_alive(struct web_events *v)
{
	struct buffer text = { 0 };
	if (buffer_append_text(&text, "event: k\ndata: {}\n\n"))
		put_text(v, 0, &text);
}

size_t web_events_streams(struct web_events *v)
{
	pthread_mutex_lock(&v->mutex);
	size_t count = v->stream_count;
	pthread_mutex_unlock(&v->mutex);
	return count;
}

void web_events_end(struct web_events *v)
{
	pthread_mutex_lock(&v->mutex);
	v->ended = true;
	wake_all(v);
	pthread_mutex_unlock(&v->mutex);
}
