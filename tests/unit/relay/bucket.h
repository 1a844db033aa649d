/* A node's bus and bucket for a test, of the first broker (broker.h). */
#pragma once

#include "relay/bus/kv.h"
#include "tests/unit/relay/broker.h"

static struct bus *bus;
static struct kv *kv;
static int closed_parts, writes, lost;
static const char *to_lose; /* the subject of a message that is lost on its way, once */

static inline void on_connected(void *user, const char *server)
{
	(void)user;
	(void)server;
	kv_on_connected(kv);
}

static inline void on_away(void *user, enum bus_away why, const char *server, const char *text)
{
	(void)user;
	(void)why;
	(void)server;
	(void)text;
	kv_on_away(kv);
}

static inline void on_message(void *user, const struct bus_message *m)
{
	(void)user;
	if (to_lose && strcmp(m->subject, to_lose) == 0) {
		to_lose = NULL;
		lost++;
		return;
	}
	assert_true(kv_on_message(kv, m));
}

static inline void on_opened(void *user)
{
	(void)user;
}

static inline void on_refused(void *user, const char *why)
{
	(void)user;
	fail_msg("%s", why);
}

/* Starts the broker, and waits until the bucket is there. */
static inline void begin_bucket(void)
{
	static const struct bus_events bus_events = { on_connected, on_away, on_message };
	static const struct kv_events kv_events = { on_opened, on_refused };
	struct error e;
	start_broker(&brokers[0], "");
	struct bus_settings s = settings_for(1);
	bus = bus_new(&loop, &s, &bus_events, NULL, &e);
	kv = kv_new(&loop, bus, &(struct kv_settings){ "CREEL", "creel 1", 1, "creel.kv.1" }, &kv_events, NULL);
	assert_true(bus && kv);
	WAIT(kv_is_open(kv));
}

static inline void on_bucket_written(void *user, enum kv_outcome outcome, struct bytes value, uint64_t revision)
{
	(void)user;
	(void)value;
	(void)revision;
	assert_int_equal(outcome, KV_DONE);
	writes++;
}

static inline void write_bucket(const char *key, const struct buffer *value)
{
	const int before = writes;
	assert_true(kv_write(kv, key, buffer_view(value), on_bucket_written, NULL));
	WAIT(writes > before);
}

static inline void on_part_closed(void *user)
{
	(void)user;
	closed_parts++;
}
