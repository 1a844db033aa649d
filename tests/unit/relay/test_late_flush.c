/* What is to leave late does, once, and not over a connection that has gone. */
#include "relay/tunnels/connection.h"
#include "tests/unit/unit.h"

#include <libwebsockets.h>

/* Stand before libwebsockets': a socket that takes nothing. */
int lws_partial_buffered(struct lws *wsi)
{
	(void)wsi;
	return 1;
}

static int asked; /* for a socket that can be written */

int lws_callback_on_writable(struct lws *wsi)
{
	(void)wsi;
	return ++asked;
}

static void test_leaves_late(void **state)
{
	uv_loop_t loop;
	struct late_flush late;
	struct connection c[3] = { { .late = &late }, { .late = &late }, { .late = &late } };
	(void)state;
	asked = 0;
	assert_int_equal(uv_loop_init(&loop), 0);
	late_flush_init(&late, &loop);
	for (int i = 0; i < 3; i++) {
		connection_carry(&c[i], link_new(&loop, NULL, NULL, NULL));
		carrier_sent_late(&c[i].carrier, true);
		carrier_sent_late(&c[i].carrier, true);
	}
	late_flush_remove(&c[1]);
	link_free(c[1].link);
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(asked, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(asked, 2);
	late_flush_close(&late);
	late_flush_close(&late);
	carrier_sent_late(&c[0].carrier, true); /* at once, without a timer */
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(asked, 3);
	link_free(c[0].link);
	link_free(c[2].link);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_leaves_late) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
