/* Frames and payloads from a peer: nothing may crash, and what decodes encodes to something that decodes alike. */
#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"
#include "shared/wire/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

static void try_request(const struct wire_frame *f)
{
	struct wire_request a, b;
	struct wire_frame again;
	struct buffer out = { 0 };
	size_t used;
	if (!wire_decode_request(f->payload, &a))
		return;
	check(wire_encode_request(&out, f->stream, f->flags, &a));
	check(wire_decode_frame(buffer_view(&out), &again, &used) == WIRE_OK && used == out.len);
	check(wire_decode_request(again.payload, &b));
	check(bytes_equal(a.target, b.target) && bytes_equal(a.headers, b.headers) && bytes_equal(a.body, b.body));
	check(memcmp(a.event_id, b.event_id, UUID_LEN) == 0 && a.body_len == b.body_len && a.https == b.https);
	buffer_free(&out);
}

static void try_response(const struct wire_frame *f)
{
	struct wire_response a, b;
	struct wire_frame again;
	struct buffer out = { 0 };
	size_t used;
	if (!wire_decode_response(f->payload, &a))
		return;
	check((a.status == 101 || a.status >= 200) && headers_valid(a.headers));
	check(wire_encode_response(&out, f->stream, f->flags, &a));
	check(wire_decode_frame(buffer_view(&out), &again, &used) == WIRE_OK &&
	      wire_decode_response(again.payload, &b));
	check(a.status == b.status && bytes_equal(a.headers, b.headers) && bytes_equal(a.body, b.body));
	buffer_free(&out);
}

static void try_small(const struct wire_frame *f)
{
	struct wire_hello hello;
	struct wire_welcome welcome;
	struct wire_note note;
	struct bytes reason;
	uint8_t id[UUID_LEN];
	uint32_t number;
	bool any = wire_decode_hello(f->payload, &hello) | wire_decode_welcome(f->payload, &welcome) |
		   wire_decode_note(f->payload, &note) | wire_decode_reset(f->payload, &number, &reason) |
		   wire_decode_window(f->payload, &number) | wire_decode_event_id(f->payload, id);
	(void)any;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes left = { data, size };
	struct wire_frame f;
	size_t used;
	while (left.len > 0 && wire_decode_frame(left, &f, &used) == WIRE_OK) {
		check(used >= WIRE_HEADER_LEN && used <= left.len);
		try_request(&f);
		try_response(&f);
		try_small(&f);
		left = bytes_make(left.at + used, left.len - used);
	}
	return 0;
}
