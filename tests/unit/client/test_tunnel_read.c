/* What a relay may send on a WebSocket, and what not: bytes on a socket, as they come from the network. */
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "shared/base/buffer.h"
#include "client/tunnel/tunnel_read.h"
#include "tests/unit/unit.h"

static uv_loop_t loop;
static struct tunnel_reader *reader;
static int near, far;
static struct buffer seen; /* what was called, a letter each with its payload */
static bool over;          /* wrong, or ended */

static void note(char what, struct bytes payload, const char *behind)
{
	assert_true(buffer_printf(&seen, "%c", what) && buffer_append_bytes(&seen, payload) &&
		    buffer_printf(&seen, "%s", behind));
}

static void on_life(void *user)
{
	(void)user;
}

static void on_message(void *user, struct bytes piece, bool binary, bool ends)
{
	(void)user;
	note(binary ? 'b' : 't', piece, ends ? "." : "");
}

static void on_ping(void *user, struct bytes payload)
{
	(void)user;
	note('P', payload, ".");
}

static void on_pong(void *user, struct bytes payload)
{
	(void)user;
	note('O', payload, ".");
}

static void on_close(void *user, struct bytes payload)
{
	(void)user;
	note('C', payload, ".");
}

static void on_wrong(void *user, const char *why)
{
	(void)user;
	note('!', bytes_of(why), "");
	over = true;
}

static void on_end(void *user)
{
	(void)user;
	note('E', bytes_of(NULL), "");
	over = true;
}

static const struct tunnel_reader_ops ops = { on_life, on_message, on_ping, on_pong, on_close, on_wrong, on_end };

static int set_up(void **state)
{
	int pair[2];
	(void)state;
	if (uv_loop_init(&loop) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return -1;
	near = pair[0];
	far = pair[1];
	over = false;
	reader = tunnel_reader_new(&loop, near, NULL, &ops, NULL);
	return reader ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	tunnel_reader_free(reader);
	uv_run(&loop, UV_RUN_DEFAULT);
	buffer_free(&seen);
	close(near);
	if (far >= 0)
		close(far);
	return uv_loop_close(&loop);
}

static void send_bytes(const void *at, size_t len)
{
	assert_int_equal(write(far, at, len), (ssize_t)len);
}

#define SEND(literal) send_bytes(literal, sizeof(literal) - 1)

/* The reader sees the end behind all that was sent. */
static void run_to_the_end(void)
{
	close(far);
	far = -1;
	while (!over)
		uv_run(&loop, UV_RUN_ONCE);
}

static void expect(const char *text)
{
	run_to_the_end();
	assert_true(buffer_put_u8(&seen, 0));
	assert_string_equal((const char *)seen.at, text);
}

static void test_messages_and_controls(void **state)
{
	(void)state;
	SEND("\x82\x05hello"
	     "\x89\x02pi"
	     "\x8a\x02po"
	     "\x81\x03txt"
	     "\x82\x00"
	     "\x88\x04\x03\xe8ok");
	expect("bhello.Ppi.Opo.ttxt.b.C\x03\xe8ok.E");
}

static void test_fragments_with_a_ping_between(void **state)
{
	(void)state;
	SEND("\x02\x03one"
	     "\x89\x00"
	     "\x00\x03two"
	     "\x80\x00"
	     "\x82\x01x");
	expect("boneP.btwob.bx.E");
}

/* Whatever pieces the network makes of it: the same bytes come out. */
static void test_byte_by_byte(void **state)
{
	static const char bytes[] = "\x82\x7e\x00\x82"
				    "0123456789012345678901234567890123456789012345678901234567890123456789"
				    "012345678901234567890123456789012345678901234567890123456789"
				    "\x89\x03png"
				    "\x82\x02ok";
	(void)state;
	for (size_t i = 0; i < sizeof bytes - 1; i++) {
		send_bytes(bytes + i, 1);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	run_to_the_end();
	struct buffer body = { 0 };
	for (size_t i = 0; i < seen.len; i++) /* a piece each time, marked */
		if (seen.at[i] >= '0' && seen.at[i] <= '9')
			assert_true(buffer_put_u8(&body, seen.at[i]));
	assert_int_equal(body.len, 130);
	assert_non_null(memmem(seen.at, seen.len, "Ppng.", 5));
	buffer_free(&body);
}

static void test_a_long_message(void **state)
{
	enum { LEN = 100000 };
	static uint8_t bytes[10 + LEN];
	(void)state;
	bytes[0] = 0x82;
	bytes[1] = 127;
	bytes_set_u32(bytes + 6, LEN);
	memset(bytes + 10, 'x', LEN);
	for (size_t at = 0; at < sizeof bytes; at += 5005) {
		size_t left = sizeof bytes - at;
		send_bytes(bytes + at, left < 5005 ? left : 5005);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	run_to_the_end();
	size_t count = 0, ends = 0;
	for (size_t i = 0; i < seen.len; i++) {
		count += seen.at[i] == 'x';
		ends += seen.at[i] == '.';
	}
	assert_int_equal(count, LEN);
	assert_int_equal(ends, 1);
}

static void wrong(const char *bytes, size_t len)
{
	uint8_t together[40];
	memcpy(together, bytes, len);
	memcpy(together + len, "\x82\x01x", 3);
	send_bytes(together, len + 3);
	while (!over)
		uv_run(&loop, UV_RUN_ONCE);
	assert_int_equal(seen.at[0], '!');
	assert_null(memchr(seen.at + 1, '!', seen.len - 1));
	/* Nothing is read behind it. */
	size_t before = seen.len;
	SEND("\x82\x01x");
	uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(seen.len, before);
}

#define WRONG(name, literal)                                                                                           \
	static void name(void **state)                                                                                 \
	{                                                                                                              \
		(void)state;                                                                                           \
		wrong(literal, sizeof(literal) - 1);                                                                   \
	}

WRONG(test_masked, "\x82\x81mask!")
WRONG(test_reserved_bit, "\xc2\x01x")
WRONG(test_unknown_kind, "\x83\x01x")
WRONG(test_unknown_control, "\x8b\x01x")
WRONG(test_long_ping, "\x89\x7e\x00\x7f")
WRONG(test_ping_in_pieces, "\x09\x01x")
WRONG(test_continues_nothing, "\x80\x01x")
WRONG(test_2_to_the_63_bytes, "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00")

static void test_message_within_another(void **state)
{
	(void)state;
	SEND("\x02\x01q"
	     "\x82\x01r");
	while (!over)
		uv_run(&loop, UV_RUN_ONCE);
	assert_memory_equal(seen.at, "bq!", 3);
}

static void test_the_end(void **state)
{
	(void)state;
	expect("E");
}

#define ON_SOCKET(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SOCKET(test_messages_and_controls),
		ON_SOCKET(test_fragments_with_a_ping_between),
		ON_SOCKET(test_byte_by_byte),
		ON_SOCKET(test_a_long_message),
		ON_SOCKET(test_masked),
		ON_SOCKET(test_reserved_bit),
		ON_SOCKET(test_unknown_kind),
		ON_SOCKET(test_unknown_control),
		ON_SOCKET(test_long_ping),
		ON_SOCKET(test_ping_in_pieces),
		ON_SOCKET(test_continues_nothing),
		ON_SOCKET(test_2_to_the_63_bytes),
		ON_SOCKET(test_message_within_another),
		ON_SOCKET(test_the_end),
	};
	return RUN(tests);
}
