/* A spool in a folder of its own, with the loop that it lives on, for the tests of the spool. */
#pragma once

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "relay/spool/spool.h"
#include "shared/base/clock.h"
#include "shared/wire/seal.h"
#include "tests/unit/unit.h"

#define HOUR_MS (INT64_C(3600) * 1000)
#define PATIENCE_MS 60000

static char folder[64];
static uv_loop_t loop;
static uv_timer_t ticker; /* wakes WAIT, so that a condition that never comes is a failure and no hang */
static struct spool_settings settings;
static struct spool *spool;

/* What a put or a fetch brought. */
struct answer {
	int done;
	bool failed;
	char text[600];
	struct spool_waiting *list;
};

#define WAIT(condition)                                                                                                \
	do {                                                                                                           \
		for (uint64_t end = uv_hrtime() + PATIENCE_MS * UINT64_C(1000000); !(condition);) {                    \
			if (uv_hrtime() > end)                                                                         \
				fail_msg("not within %d ms: %s", PATIENCE_MS, #condition);                             \
			uv_run(&loop, UV_RUN_ONCE);                                                                    \
		}                                                                                                      \
	} while (0)

static inline void on_tick(uv_timer_t *t)
{
	(void)t;
}

static inline int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/creel-spool-XXXXXX");
	settings = (struct spool_settings){ .max_age_ms = HOUR_MS, .sweep_ms = HOUR_MS };
	spool = NULL;
	uv_loop_init(&loop);
	uv_timer_init(&loop, &ticker);
	uv_timer_start(&ticker, on_tick, 100, 100);
	return mkdtemp(folder) ? 0 : -1;
}

static inline void on_closed(void *user)
{
	*(bool *)user = true;
}

static inline void close_spool(void)
{
	bool closed = false;
	if (!spool)
		return;
	spool_close(spool, on_closed, &closed);
	spool = NULL;
	WAIT(closed);
}

static inline int tear_down(void **state)
{
	char command[200];
	(void)state;
	close_spool();
	uv_close((uv_handle_t *)&ticker, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", folder, folder);
	return system(command);
}

static inline void open_spool(void)
{
	struct error e;
	spool = spool_open(&loop, folder, &settings, &e);
	if (!spool)
		fail_msg("%s", e.text);
}

static inline void reopen_spool(void)
{
	close_spool();
	open_spool();
}

static inline int64_t join_as(const char *tunnel, struct bytes key)
{
	struct spool_mailbox m = { .tunnel = bytes_of(tunnel),
				   .owner = bytes_of("alice"),
				   .key = key,
				   .options = 4,
				   .random_name = true,
				   .seen_at_us = 7 };
	int64_t id = spool_join(spool, &m);
	assert_true(id > 0);
	return id;
}

static inline struct spool_item item_of(uint32_t n, struct bytes payload)
{
	struct spool_item item = { .received_at_us = clock_now_us(), .payload = payload };
	bytes_set_u32(item.event_id, n);
	return item;
}

static inline void on_put(void *user, const struct error *e)
{
	struct answer *a = user;
	a->done++;
	a->failed = e != NULL;
	snprintf(a->text, sizeof a->text, "%s", e ? e->text : "");
}

/* Puts and waits; the sentence of what failed, or "". */
static inline const char *put_item(int64_t mailbox, const struct spool_item *item)
{
	static struct answer a;
	a.done = 0;
	spool_put(spool, mailbox, item, on_put, &a);
	WAIT(a.done == 1);
	return a.text;
}

static inline void put(int64_t mailbox, uint32_t n, const char *payload)
{
	struct spool_item item = item_of(n, bytes_of(payload));
	assert_string_equal(put_item(mailbox, &item), "");
}

static inline void on_fetch(void *user, struct spool_waiting *list, const struct error *e)
{
	struct answer *a = user;
	on_put(user, e);
	a->list = list;
}

static inline struct spool_waiting *fetch(int64_t mailbox, int64_t after, size_t most)
{
	struct answer a = { 0 };
	spool_fetch(spool, mailbox, after, most, on_fetch, &a);
	WAIT(a.done == 1);
	if (a.failed)
		fail_msg("%s", a.text);
	return a.list;
}

/* Takes the list's first. */
static inline struct spool_waiting *take(struct spool_waiting **list)
{
	struct spool_waiting *w = *list;
	assert_non_null(w);
	*list = w->next;
	return w;
}

static inline size_t count_and_free(struct spool_waiting *list)
{
	size_t n = 0;
	while (list) {
		spool_waiting_free(take(&list));
		n++;
	}
	return n;
}

#define WITH_SPOOL(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
