/* The contract of front ends: deliveries to show, and deeds to do. Two tables of functions handed in by the client;
 * tui/ issues no SQL and opens no socket. Loop thread; answers come on the loop, never within the call. Each carries
 * the generation it was asked with: tui.c drops what is stale. Failures come as a sentence for the message line. */
#pragma once

#include <uv.h>

#include "shared/base/error.h"
#include "shared/frontend/client_state.h"
#include "shared/frontend/document.h"
#include "shared/frontend/ordered.h"
#include "shared/frontend/page.h"
#include "shared/frontend/preview.h"
#include "shared/stats/stats.h"
#include "shared/store/store_labels.h"

enum source_part { SOURCE_REQUEST, SOURCE_RESPONSE };

struct source_ops {
	/* Checks a filter: false and *e (with the column in e->text's sentence) when it does not parse. */
	bool (*check)(void *self, const char *filter, struct error *e);
	/* Up to `count` deliveries that match, id > anchor ascending or id < anchor (0: from the end) descending. A
	 * filter that walks may call `done` several times (searched > 0) with what it found so far, the last time with
	 * searched 0. */
	void (*page)(void *self, const char *filter, int64_t anchor, bool forward, size_t count, uint64_t generation,
		     void (*done)(void *user, uint64_t generation, struct page *p), void *user);
	/* Deliveries by their ids, in that order; those that are not on record any more are left out. A question like
	 * `page`: it takes the place of one with the same `done`. The ids are copied. */
	void (*rows)(void *self, const int64_t *ids, size_t count, uint64_t generation,
		     void (*done)(void *user, uint64_t generation, struct page *p), void *user);
	/* What matches in the order of a column, with the rows of the first `rows`. `done` comes ten times a second
	 * with what is found so far (searched > 0), and at last with all of it. A new question of the same asker drops
	 * one that is not answered yet. */
	void (*order)(void *self, const char *filter, const struct store_order *how, size_t rows, uint64_t generation,
		      void (*done)(void *user, uint64_t generation, struct ordered *o), void *user);
	/* The request (attempt 0) or the answer of an attempt (-1: the last), with at most `most` bytes of the body. */
	void (*get)(void *self, int64_t id, enum source_part part, int attempt, uint64_t most, uint64_t generation,
		    void (*done)(void *user, uint64_t generation, struct document *d), void *user);
	/* A new question drops one that is not answered yet. */
	void (*preview)(void *self, int64_t id, uint64_t generation,
			void (*done)(void *user, uint64_t generation, struct preview *p), void *user);
	void (*count)(void *self, const char *filter, uint64_t generation,
		      void (*done)(void *user, uint64_t generation, uint64_t count), void *user);
	/* Statistics of what matches (shared/stats/stats.h). `done` comes ten times a second with what is there so far
	 * (searched < total), and at last with all of it; it owns what it gets. A new question of the same asker drops
	 * one that is not answered yet. */
	void (*stats)(void *self, const char *filter, const struct stats_wish *wish, uint64_t generation,
		      void (*done)(void *user, uint64_t generation, struct stats_result *r), void *user);
	/* Cheap (7 µs): whether anything was committed since the last call. */
	bool (*changed)(void *self);
	void (*state)(void *self, struct client_state *out);
	/* Answers still to come are dropped: the pages for `done`, or with NULL all. */
	void (*cancel)(void *self, void (*done)(void *user, uint64_t generation, struct page *p));
	/* The count asked with this generation is not wanted any more. */
	void (*cancel_count)(void *self, uint64_t generation);
	/* Nor the statistics of this generation. */
	void (*cancel_stats)(void *self, uint64_t generation);
	/* Nor the order of this generation. */
	void (*cancel_order)(void *self, uint64_t generation);
};

struct replay_request {
	int64_t *ids;
	size_t count;
	/* With count 1: what is sent in its place, head and body (http_text_read_whole), or empty. Borrowed for the
	 * call. */
	struct bytes edited;
	bool resign;
	const char *to; /* PORT or URL of this machine, in the place of the app it went to; NULL: there */
	double rate;    /* a second at most; 0: as fast as answers come */
};

#define REPLAY_MADE_MOST 100 /* rows whose ids are kept */

struct replay_progress {
	size_t recorded, sent, ok, failed, total;
	bool over;
	int64_t last_id;                /* the newest row it made */
	int64_t made[REPLAY_MADE_MOST]; /* the first rows it made, as their answers came */
	size_t made_count;
	char *trouble;
	int64_t trouble_id; /* the delivery that was to be sent again; 0: the trouble is not about a single one */
	int trouble_code;   /* enum exit_code; with trouble_id */
};

struct deed_ops {
	/* Through the running client if there is one, else by itself; progress comes at most 10 times a second, once
	 * when the first is on record and once with `over`, after a stop too (it may come within the call). Returns a
	 * handle for stop, 0 and *e when it cannot begin ("Nothing is forwarding: start …"). */
	int64_t (*replay)(void *self, const struct replay_request *r,
			  void (*progress)(void *user, const struct replay_progress *p), void *user, struct error *e);
	void (*stop)(void *self, int64_t replay);
	/* How many of them an app will refuse, since their signatures are too old for their providers' libraries; of
	 * one, *out says it: "signed 22m ago: …". Looks at the first 200. May be NULL. */
	size_t (*stale)(void *self, const int64_t *ids, size_t count, char out[160]);
	/* curl (secret header fields as placeholders), curl-secrets, http (as text to be edited), raw, har, ndjson,
	 * body, headers, url: to a file that must not exist (0600), or into *out when path is NULL. */
	bool (*export)(void *self, const int64_t *ids, size_t count, const char *format, const char *path,
		       struct buffer *out, struct error *e);
	bool (*tag)(void *self, int64_t id, const char *name, bool set, struct error *e); /* "marked" */
	/* The user's note and tags as they are now; store_labels_free. */
	bool (*labels)(void *self, int64_t id, struct store_labels *out, struct error *e);
	/* As store_labels_set_note and store_labels_set_tags. */
	bool (*set_note)(void *self, int64_t id, struct bytes text, struct error *e);
	bool (*set_tags)(void *self, int64_t id, struct bytes names, struct error *e);
	/* Sends what comes from now on to another PORT or URL; *e says why not. */
	bool (*retarget)(void *self, const char *target, struct error *e);
	bool (*delete)(void *self, const int64_t *ids, size_t count, struct error *e);
};

struct core_dumps;
struct tui_deps {
	uv_loop_t *loop;
	const struct source_ops *source;
	void *source_self;
	const struct deed_ops *deeds;
	void *deeds_self;
	const struct core_dumps *cores; /* the user's own, for programs that are started; or NULL */
};
