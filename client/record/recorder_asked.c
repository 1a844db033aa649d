/* Replays and signatures that other programs ask of the running client, by rows of the record. */
#include "client/common/limits.h"
#include "client/record/recorder_private.h"
#include "client/signing/signing_answer.h"
#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/store/store_jobs.h"
#include "shared/query/store_part.h"

#include <stdlib.h>
#include <unistd.h>

#define LOOK_MOST 64
#define WATCH_CACHE_KIB 256

/* ---- looking, on the loop ---- */

/* Whoever has the number of the client that took it now must have been there when it was asked for, or be creel. */
static bool open_for_me(const struct job *j)
{
	return j->state == JOB_ASKED ||
	       (j->state == JOB_TAKEN && j->pid != getpid() && !process_is_alive_since(j->pid, j->asked_at_us));
}

struct look {
	void (*job)(void *user, int64_t id);
	void *user;
};

static void on_job(void *user, const struct job *j)
{
	const struct look *look = user;
	if (open_for_me(j))
		look->job(look->user, j->id);
}

/* ---- signatures ---- */

struct sign_job {
	struct writer_job job;
	struct recorder *recorder;
	const struct secrets *secrets;
};

static bool run_sign(struct writer_job *job, void *db, struct error *e)
{
	return signing_answer_all(db, ((struct sign_job *)job)->secrets, e);
}

static void done_sign(struct writer_job *job, const struct error *e)
{
	(void)e; /* the program that asked says that no answer came */
	((struct sign_job *)job)->recorder->signing = false;
	free(job);
}

static void find_signings(struct recorder *r)
{
	struct error ignored;
	bool asked = false;
	if (r->signing || !r->secrets || !signing_is_asked(r->watch, &asked, &ignored) || !asked)
		return;
	struct sign_job *j = calloc(1, sizeof *j);
	if (!j)
		return;
	j->job.run = run_sign;
	j->job.done = done_sign;
	j->recorder = r;
	j->secrets = r->secrets;
	r->signing = true;
	r->signed_at_ms = uv_now(r->loop);
	batch_writer_submit(r->writer, &j->job);
}

bool recorder_signs(const struct recorder *r)
{
	return r->signed_at_ms && uv_now(r->loop) - r->signed_at_ms < 1000;
}

void recorder_set_secrets(struct recorder *r, const struct secrets *secrets)
{
	r->secrets = secrets;
}

void recorder_find_asked(struct recorder *r, const char *tunnel, enum recorder_look how,
			 void (*job)(void *user, int64_t id), void *user)
{
	struct look look = { job, user };
	struct error ignored; /* the writer meets the same one and reports it */
	int64_t version;
	if (!r->watch && (!store_open(&r->watch, r->path, STORE_READ_ONLY, &ignored) ||
			  !store_set_cache(r->watch, WATCH_CACHE_KIB, &ignored))) {
		store_close(r->watch);
		r->watch = NULL;
		return;
	}
	if (!store_version(r->watch, &version, &ignored) || (version == r->watched && how == RECORDER_LOOK_IF_CHANGED))
		return;
	if (store_list_jobs(r->watch, bytes_of(tunnel), clock_now_us() - UINT64_C(1000000) * LIMIT_ASKED_AGE, LOOK_MOST,
			    on_job, &look, &ignored))
		r->watched = version;
	find_signings(r);
}

/* ---- taking and ending, on the writer's thread ---- */

bool recorder_check_asked(struct store *s, int64_t id, int64_t *replay, struct error *e)
{
	struct job j;
	bool found, parked = false;
	*replay = 0;
	if (!store_get_job(s, id, &j, &found, e))
		return false;
	if (!found || !open_for_me(&j))
		return true;
	if (j.asked_at_us + UINT64_C(1000000) * LIMIT_ASKED_AGE < clock_now_us())
		return store_set_state(s, j.replay_id, DELIVERY_FAILED, e) && store_end_job(s, id, JOB_FAILED, e);
	/* The client that took it ended during the call. */
	if (j.state == JOB_TAKEN && !recorder_record_lost(s, j.replay_id, &parked, e))
		return false;
	if (parked)
		return store_end_job(s, id, JOB_FAILED, e);
	*replay = j.replay_id;
	return store_take_job(s, id, getpid(), e);
}

struct end_job {
	struct writer_job job;
	int64_t id;
};

static bool run_end(struct writer_job *job, void *db, struct error *e)
{
	return store_end_job(db, ((struct end_job *)job)->id, JOB_DONE, e);
}

static void done_end(struct writer_job *job, const struct error *e)
{
	(void)e; /* the next client takes it up again, or finds it too old */
	free(job);
}

void recorder_end_asked(struct recorder *r, int64_t job)
{
	struct end_job *j = calloc(1, sizeof *j);
	if (!j)
		return;
	j->job.run = run_end;
	j->job.done = done_end;
	j->id = job;
	batch_writer_submit(r->writer, &j->job);
}
