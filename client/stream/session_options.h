/* What a session (client/session) is made with: where deliveries go and how much of them is kept, and whom it tells of
 * them. */
#pragma once

#include "client/stream/chaos.h"
#include "client/stream/ends.h"

struct seal_key;
struct secrets;
struct tunnel_news;

struct filter;

/* Where deliveries go: what a filter matches, or what lies below a path. Which of several wins is said in route.h. */
struct route {
	struct filter *filter; /* or NULL */
	char *path;            /* without a filter. Of whole segments: "/api" takes /api and /api/x, not /apis */
	char *target;          /* base URL, or what stands in its place */
	bool stub;             /* no app: `stub` answers */
};

/* A filter of --only or --skip. */
struct route_rule {
	const char *text;
	struct filter *filter;
};

struct route_rules {
	struct route_rule *at;
	size_t count;
};

/* What creel answers where there is no app (--answer). */
struct stub_answer {
	int status;
	struct buffer headers, body; /* field lines */
	int64_t delay_ms;
	const char *why; /* the app was not called, for the record */
};

struct session_options {
	const struct route *routes; /* the last one has path "" and is the default */
	size_t route_count;
	struct route_rules only, skip;  /* what is called at all */
	const struct stub_answer *stub; /* of routes that are stubs */
	uint64_t record_max;            /* bytes of a body kept on record, of a request */
	uint64_t record_max_answer;     /* of an answer: less where the store is small (store_bound.h) */
	uint64_t record_max_abandoned;  /* bytes of an answer that are read on when its sender has gone */
	const char *bodies;   /* the store's folder of large bodies, which lives with the session; NULL: they lie in the
			       * temporary folder, and are copied into the store */
	struct seal_key *key; /* opens sealed deliveries, or NULL */
	uint32_t drain_parallel;        /* as HELLO says: spooled deliveries at once, 0 for the relay's default */
	bool hold;                      /* what found no app waits for it */
	const struct chaos_spec *chaos; /* or NULL */
	const struct secrets *secrets;  /* of providers, or NULL */
	bool answer_challenges;
	const char *const *websub_topics; /* whose subscriptions are confirmed */
	size_t websub_topic_count;
	bool no_app;                     /* deliveries are recorded, and over: nothing is called */
	const struct app_ops *app;       /* NULL: ends_app */
	const struct record_ops *record; /* NULL: ends_record */
};

/* What the user is shown; rows are views for the call. */
struct session_events {
	void (*on_state)(void *user, const struct tunnel_news *news);
	void (*on_delivery)(void *user, const struct delivery_row *row);
	void (*on_attempt)(void *user, const struct delivery_row *row, const struct attempt_row *attempt);
	/* Its call is over and on record; without an app, as soon as it is on record. Not for what waits for the app,
	 * was refused or is called once more. */
	void (*on_over)(void *user, int64_t delivery_id);
	void (*on_trouble)(void *user, const char *sentence);
	/* Deliveries cannot be recorded, a sentence, once; NULL when they can be again. */
	void (*on_store)(void *user, const char *sentence);
	void (*on_stop)(void *user, const struct error *why);
};
