/* What a relay sends on the tunnel's WebSocket: whatever it is, whole or byte by byte, the same comes of it, no control
 * frame is too long, and nothing comes behind an end or a frame that is wrong. The first byte cuts the rest into
 * pieces. */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "shared/base/buffer.h"
#include "client/tunnel/tunnel_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	struct buffer told; /* a letter and what came with it; pieces of one message joined */
	bool within, over;
};

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void tell(struct seen *s, char what, struct bytes payload)
{
	check(!s->over);
	check(buffer_put_u8(&s->told, (uint8_t)what) && buffer_append_bytes(&s->told, payload));
}

static void on_life(void *user)
{
	struct seen *s = user;
	check(!s->over);
}

static void on_message(void *user, struct bytes piece, bool binary, bool ends)
{
	struct seen *s = user;
	if (!s->within)
		tell(s, binary ? 'b' : 't', bytes_of(NULL));
	check(!s->over && buffer_append_bytes(&s->told, piece));
	s->within = !ends;
	if (ends)
		tell(s, '.', bytes_of(NULL));
}

static void on_control(struct seen *s, char what, struct bytes payload)
{
	check(payload.len <= 125);
	tell(s, what, payload);
}

static void on_ping(void *user, struct bytes payload)
{
	on_control(user, 'p', payload);
}

static void on_pong(void *user, struct bytes payload)
{
	on_control(user, 'q', payload);
}

static void on_close(void *user, struct bytes payload)
{
	on_control(user, 'c', payload);
}

static void on_wrong(void *user, const char *why)
{
	struct seen *s = user;
	tell(s, 'w', bytes_of(why));
	s->over = true;
}

static void on_end(void *user)
{
	struct seen *s = user;
	check(!s->over);
	s->over = true;
}

static void read_pieces(const uint8_t *data, size_t size, size_t most, struct seen *s)
{
	static const struct tunnel_reader_ops ops = {
		on_life, on_message, on_ping, on_pong, on_close, on_wrong, on_end
	};
	uv_loop_t loop;
	int fd[2];
	check(uv_loop_init(&loop) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0);
	struct tunnel_reader *r = tunnel_reader_new(&loop, fd[0], NULL, &ops, s);
	check(r != NULL);
	for (size_t at = 0; at < size && !s->over;) {
		size_t n = size - at < most ? size - at : most;
		ssize_t sent = send(fd[1], data + at, n, MSG_NOSIGNAL);
		check(sent > 0);
		at += (size_t)sent;
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	close(fd[1]);
	while (!s->over)
		uv_run(&loop, UV_RUN_ONCE);
	tunnel_reader_free(r);
	uv_run(&loop, UV_RUN_DEFAULT);
	check(uv_loop_close(&loop) == 0);
	close(fd[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct seen whole = { 0 }, cut = { 0 };
	if (size < 2 || size > 4096)
		return 0;
	read_pieces(data + 1, size - 1, size, &whole);
	read_pieces(data + 1, size - 1, (size_t)data[0] + 1, &cut);
	check(bytes_equal(buffer_view(&whole.told), buffer_view(&cut.told)));
	buffer_free(&whole.told);
	buffer_free(&cut.told);
	return 0;
}
