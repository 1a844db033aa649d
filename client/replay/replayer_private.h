/* Between replayer.c (on the loop: what comes when) and replayer_work.c with replayer_prepare.c (on a worker's thread:
 * the store). */
#pragma once

#include <uv.h>

#include "client/replay/replayer.h"
#include "shared/query/item.h"
#include "shared/store/store_jobs.h"

enum replay_step {
	STEP_PREPARE,  /* worker: reads the original and puts the replay on record */
	STEP_CALL,     /* loop: calls the app */
	STEP_ASKED,    /* loop: waits for the client that is to call the app */
	STEP_RECORD,   /* worker: puts the attempt on record */
	STEP_WITHDRAW, /* worker: takes back what the client was asked, unless it was faster */
	STEP_RESULT,   /* worker: reads what the client made of it */
	STEP_OVER,
};

struct replay {
	struct replayer *replayer;
	struct replay *prev, *next; /* in replayer.replays */
	enum replay_step step;
	bool working; /* a worker has it */
	bool stopped;
	bool failed; /* with `error` */
	struct error error;
	struct replay_change change;
	struct replayed replayed;
	void (*recorded)(void *user); /* or NULL */
	void (*done)(void *user, const struct replayed *result, const struct error *e);
	void *user;
	/* The rest is the worker's while it works. */
	uint8_t event_id[UUID_LEN];
	bool has_body, https, edited, no_memory;
	enum signature_verdict verdict; /* on what is sent */
	struct item original;
	struct bytes method, target; /* of what is sent */
	struct buffer prefix, last_url;
	struct message message;
	struct buffer headers;     /* as sent and recorded */
	struct buffer signed_body; /* when signing changes the body */
	char *base;                /* the URL without the target */
	int64_t job;               /* by which a client is asked, or 0 */
	/* The call. */
	struct forward *call;
	bool cut; /* not all of the answer is kept */
	struct buffer answer_reason, answer_headers, answer_trailers, answer_raw, answer_body, result_url;
	uint64_t answer_size;
	struct forward_result result;
};

struct replayer {
	uv_loop_t *loop;
	struct replayer_options options;
	char *to;            /* options.to, parsed */
	struct store *store; /* the worker's while it works */
	struct store *watch; /* the loop's own */
	struct forwarder *forwarder;
	struct replay *replays; /* all there are, in the order of asking */
	struct replay *at_work;
	uv_work_t work;
	uv_timer_t poll; /* while clients are asked */
	int64_t version;
	uint64_t checked_ms; /* when it was last seen whether the clients that were asked live */
	size_t parts;        /* that are still to be closed */
	void (*closed)(void *user);
	void *closed_user;
};

/* On the worker's thread: does what the replay's step needs of the store. */
void replayer_work(struct replayer *r, struct replay *p);

/* replayer_prepare.c. Reads the original and decides what is sent and who sends it. Outside of transactions, for it may
 * wait for a running client to sign or to judge. */
MUST_CHECK bool replayer_prepare(struct replayer *r, struct replay *p, struct error *e);
/* After that, within a transaction: puts the replay on record, and asks the running client for it where there is
 * one. */
MUST_CHECK bool replayer_insert(struct replayer *r, struct replay *p, struct error *e);
