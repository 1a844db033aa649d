/* Deliveries in memory, for tests of the inspector and for tui-fake: the same ones every time. */
#pragma once

#include "shared/frontend/source.h"

struct fake_source {
	struct item *items;
	size_t count, room;
	int64_t last_id;
	uint64_t clock_us; /* of the next */
	uint64_t version, seen;
	struct client_state client;
	uv_loop_t *loop; /* for answers on the loop; NULL: fake_source_page alone is used */
	struct answer *answers;
	uv_async_t wake;
	bool open;
	/* Replays of several go on one at each step, 20 ms apart, when `slow`. */
	bool slow;
	bool walk; /* all that match, a hit, and a list of "customer" come in two parts, the second with the next
		      delivery */
	struct answer *held;
	bool hostile; /* everything that came from outside wants something of the terminal */
	bool plain;   /* bodies without control characters */
	uv_timer_t step;
	int64_t *replay_ids;
	struct replay_progress replay;
	void (*on_replay)(void *user, const struct replay_progress *p);
	void *on_replay_user;
	/* What was done, for tests. */
	char log[4096];
};

void fake_source_init(struct fake_source *f);
void fake_source_free(struct fake_source *f);
/* Adds deliveries: stripe, github, slack, shopify and unknown ones, in all states. */
void fake_source_add(struct fake_source *f, int count);
void fake_source_remove(struct fake_source *f, int64_t from, int64_t to);
struct item *fake_source_at(struct fake_source *f, int64_t id);
/* filter: NULL or "" for all, else a word looked for in method, event and path; "nonsense(" does not parse. */
void fake_source_page(struct fake_source *f, const char *filter, int64_t anchor, bool forward, size_t count,
		      struct page *out);

/* By took, size, attempts or method; any other column counts as equal, and leaves the newest first. */
void fake_source_order(struct fake_source *f, const char *filter, const struct store_order *how, size_t rows,
		       struct ordered *out);
void fake_source_rows(struct fake_source *f, const int64_t *ids, size_t count, struct page *out);

void fake_source_document(struct fake_source *f, int64_t id, enum source_part part, int attempt, uint64_t most,
			  struct document *out);

void fake_source_stats(struct fake_source *f, const char *filter, const struct stats_wish *wish,
		       struct stats_result *r);
void fake_source_preview(struct fake_source *f, int64_t id, struct preview *p);

/* As the tables tui_start takes. Answers come on the loop. */
extern const struct source_ops fake_source_ops;
extern const struct deed_ops fake_deed_ops; /* fake_deeds.c */
MUST_CHECK bool fake_source_open(struct fake_source *f, uv_loop_t *loop);
void fake_source_close(struct fake_source *f);
