/* Replaces bus.c, bus_queue.c and bus_thread.c in a program that was built without NATS. */
#include "relay/bus/bus.h"

struct bus *bus_new(uv_loop_t *loop, const struct bus_settings *settings, const struct bus_events *events, void *user,
		    struct error *e)
{
	(void)loop;
	(void)settings;
	(void)events;
	(void)user;
	error_set(e, EXIT_USAGE, "this creel-relay was built without NATS, so it cannot join a cluster");
	return NULL;
}

bool bus_is_connected(const struct bus *b)
{
	(void)b;
	return false;
}

bool bus_publish(struct bus *b, const struct bus_post *p)
{
	(void)b;
	(void)p;
	return false;
}

bool bus_request(struct bus *b, const struct bus_post *p, uint64_t timeout_ms,
		 void (*answered)(void *user, enum bus_outcome outcome, const struct bus_message *m), void *user)
{
	(void)b;
	(void)p;
	(void)timeout_ms;
	(void)answered;
	(void)user;
	return false;
}

bool bus_listen(struct bus *b, const char *subject, uint64_t number)
{
	(void)b;
	(void)subject;
	(void)number;
	return false;
}

void bus_ignore(struct bus *b, uint64_t number)
{
	(void)b;
	(void)number;
}

void bus_move_on(struct bus *b)
{
	(void)b;
}

void bus_close(struct bus *b, void (*closed)(void *user), void *user)
{
	(void)b;
	(void)closed;
	(void)user;
}
