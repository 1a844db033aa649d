/* Replays that another program asked for (shared/store/store_jobs.h): called for it, a few at a time, oldest first. */
#include "client/common/limits.h"
#include "client/delivery/stream.h"

#include <stdlib.h>

#define LOOK_MS 100
#define LOOK_AGAIN_MS 10 /* while signatures are asked for one after another */
#define ASKED_AT_ONCE LIMIT_ASKED

static void look(struct session *s, enum recorder_look how);

static bool forget(struct session *s, int64_t job)
{
	for (size_t i = 0; i < s->asked_count; i++) {
		if (s->asked[i] != job)
			continue;
		s->asked[i] = s->asked[--s->asked_count];
		return true;
	}
	return false;
}

void asked_over(struct stream *st)
{
	struct session *s = st->session;
	if (st->job && forget(s, st->job))
		look(s, RECORDER_LOOK_ALWAYS);
}

struct taking {
	struct session *session;
	int64_t job;
};

static void on_taken(void *user, struct taken *t, const struct error *e)
{
	struct taking *taking = user;
	struct session *s = taking->session;
	struct stream *st = t && !s->cancelled ? stream_of_taken(s, t) : NULL;
	int64_t job = taking->job;
	free(taking);
	if (e)
		session_store_works(s, e);
	recorder_taken_free(t);
	if (st) {
		st->job = job;
		stream_tell_delivery(st);
		stream_call_app(st);
		return;
	}
	/* What was taken and cannot be called now is taken up again by the next run. */
	s->busy--;
	forget(s, job);
}

static void on_job(void *user, int64_t job)
{
	struct session *s = user;
	if (s->asked_count == ASKED_AT_ONCE)
		return;
	for (size_t i = 0; i < s->asked_count; i++)
		if (s->asked[i] == job)
			return;
	struct taking *taking = calloc(1, sizeof *taking);
	if (!taking)
		return;
	*taking = (struct taking){ s, job };
	if (!recorder_take_asked(s->recorder, job, on_taken, taking)) {
		free(taking);
		return;
	}
	s->asked[s->asked_count++] = job;
	s->busy++;
}

static void look(struct session *s, enum recorder_look how)
{
	if (s->draining || s->asked_count == ASKED_AT_ONCE || !*tunnel_name(s->tunnel))
		return;
	recorder_find_asked(s->recorder, tunnel_name(s->tunnel), how, on_job, s);
}

static void on_look(uv_timer_t *t)
{
	struct session *s = t->data;
	look(s, RECORDER_LOOK_IF_CHANGED);
	uint64_t wanted = recorder_signs(s->recorder) ? LOOK_AGAIN_MS : LOOK_MS;
	if (uv_timer_get_repeat(t) != wanted) {
		uv_timer_set_repeat(t, wanted);
		uv_timer_again(t);
	}
}

void asked_init(struct session *s)
{
	uv_timer_init(s->loop, &s->asked_look);
	s->asked_look.data = s;
}

void asked_begin(struct session *s)
{
	if (!uv_is_active((uv_handle_t *)&s->asked_look))
		uv_timer_start(&s->asked_look, on_look, 0, LOOK_MS);
}

void asked_stop(struct session *s)
{
	uv_timer_stop(&s->asked_look);
}
