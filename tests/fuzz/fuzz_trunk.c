/* Messages between the nodes of a cluster: whatever comes is refused or read within its bytes, and what is read is
 * written as the same bytes. The same message is then handed to a trunk, once as it is and once as the next that it
 * expects. */
#include <stdlib.h>
#include <string.h>

#include "relay/trunk/trunk.h"
#include "shared/program/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool fine)
{
	if (!fine)
		abort();
}

static bool on_publish(void *user, const uint8_t node[TRUNK_NODE_LEN], struct bytes message)
{
	struct trunk_head h;
	struct bytes rest;
	(void)user;
	(void)node;
	check(trunk_message_read(message, &h, &rest));
	return true;
}

static bool on_part(void *user, struct trunk *t, const struct trunk_part *p)
{
	struct trunk_client_name name;
	struct trunk_state state;
	struct trunk_level level;
	struct trunk_adopted adopted;
	struct trunk_offer offer;
	struct buffer again = { 0 };
	(void)user;
	check(t != NULL);
	if (trunk_message_read_name(p->data, &name))
		check(trunk_message_put_name(&again, &name) && bytes_equal(buffer_view(&again), p->data));
	again.len = 0;
	if (trunk_message_read_state(p->data, &state))
		check(trunk_message_put_state(&again, &state) && bytes_equal(buffer_view(&again), p->data));
	again.len = 0;
	if (trunk_message_read_level(p->data, &level))
		check(trunk_message_put_level(&again, &level) && bytes_equal(buffer_view(&again), p->data));
	again.len = 0;
	if (trunk_message_read_adopted(p->data, &adopted))
		check(trunk_message_put_adopted(&again, &adopted) && bytes_equal(buffer_view(&again), p->data));
	again.len = 0;
	if (trunk_message_read_offer(p->data, &offer))
		check(trunk_message_put_offer(&again, &offer) && bytes_equal(buffer_view(&again), p->data));
	buffer_free(&again);
	trunk_send(t, p);
	return p->line != 7;
}

static void on_lost(void *user, struct trunk *t, uint64_t silent_ms)
{
	(void)user;
	(void)t;
	(void)silent_ms;
}

static void on_drained(void *user, struct trunk *t)
{
	(void)user;
	(void)t;
}

static bool on_waits(void *user, const struct trunk *t)
{
	(void)user;
	(void)t;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct trunk_events events = { on_publish, on_part, on_lost, on_drained, on_waits };
	const struct trunk_settings settings = { .id = { 1 } };
	struct bytes in = bytes_make(data, size), rest;
	struct buffer next = { 0 };
	struct trunk_head h;
	uv_loop_t loop;
	log_set_level(LOG_ERROR);
	check(uv_loop_init(&loop) == 0);
	struct trunk_set *s = trunk_set_new(&loop, &settings, &events, NULL);
	check(s != NULL);
	if (trunk_message_read(in, &h, &rest)) {
		h.to_epoch = 0;
		h.number = !(h.flags & TRUNK_BARE);
		h.flags &= TRUNK_PROBE | TRUNK_BARE;
		h.epoch++;
		check(trunk_message_put_head(&next, &h) && buffer_append_bytes(&next, rest));
	}
	trunk_receive(s, in);
	if (next.len > 0 && h.epoch != 0)
		trunk_receive(s, buffer_view(&next));
	uv_run(&loop, UV_RUN_NOWAIT);
	trunk_receive(s, in);
	buffer_free(&next);
	trunk_set_free(s);
	uv_run(&loop, UV_RUN_DEFAULT);
	check(uv_loop_close(&loop) == 0);
	return 0;
}
