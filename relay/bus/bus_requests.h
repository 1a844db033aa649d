/* Requests that wait for their answer: by number, each with a deadline. Loop thread. */
#pragma once

#include "relay/bus/bus.h"

struct bus_waiting;

struct bus_requests {
	struct bus_waiting *by_id; /* uthash */
	uint64_t last_id;
	uv_timer_t timer;
};

void bus_requests_init(struct bus_requests *r, uv_loop_t *loop);
/* Adds a request. Returns its number, or 0 when out of memory. */
uint64_t bus_requests_add(struct bus_requests *r, uint64_t timeout_ms,
			  void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m),
			  void *user);
/* Forgets one without calling `answered`. */
void bus_requests_take_back(struct bus_requests *r, uint64_t id);
/* Calls `answered`; does nothing if the request is no longer there. */
void bus_requests_settle(struct bus_requests *r, uint64_t id, enum bus_outcome outcome, const struct bus_message *m);
/* Answers all with BUS_GONE. */
void bus_requests_give_up(struct bus_requests *r);
