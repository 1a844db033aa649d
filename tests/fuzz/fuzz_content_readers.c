/* Readers of bodies that say nothing of their bounds: server-sent events, images, Protocol Buffers and their frames,
 * JSON Web Tokens. What they give lies within what they were given, and they come to an end. */
#include <stdlib.h>

#include "shared/readers/event_stream.h"
#include "shared/readers/image.h"
#include "shared/readers/pixels.h"
#include "shared/readers/web_token.h"
#include "shared/readers/protobuf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_within(struct bytes part, struct bytes in)
{
	if (part.len && (part.at < in.at || part.at + part.len > in.at + in.len))
		abort();
}

/* No pixel that the grid has no place for; sizes as asked for. */
static void read_pixels(struct bytes in)
{
	struct pixels p;
	if (pixels_read(in, 7, 5, &p) != PIXELS_READ)
		return;
	if (p.width < 1 || p.width > 7 || p.height < 1 || p.height > 5)
		abort();
	for (int i = 0; i < p.width * p.height; i++)
		if (p.at[i] > 0xffffff && p.at[i] != PIXEL_NONE)
			abort();
	pixels_free(&p);
}

static void read_events(struct bytes in)
{
	struct event_line line;
	for (struct bytes rest = in, before = in; event_stream_next(&rest, &line); before = rest) {
		check_within(line.name, in);
		check_within(line.value, in);
		if (rest.len >= before.len || (line.kind == EVENT_BREAK && (line.name.len || line.value.len)))
			abort();
	}
}

static void read_message(struct bytes in, int depth)
{
	struct protobuf_field f;
	struct bytes rest = in, before = in;
	for (; protobuf_next(&rest, &f); before = rest) {
		check_within(f.bytes, in);
		if (rest.len >= before.len || f.number == 0)
			abort();
		if (depth < 4 && protobuf_is_message(f.bytes))
			read_message(f.bytes, depth + 1);
	}
	if (rest.len != before.len || (in.len && rest.len == 0) != protobuf_is_message(in))
		abort();
}

static void read_frames(struct bytes in)
{
	struct protobuf_frame frame;
	for (struct bytes rest = in; protobuf_frame_next(&rest, &frame);) {
		check_within(frame.content, in);
		if (frame.content.len > frame.declared || (frame.content.len < frame.declared && rest.len))
			abort();
		read_message(frame.content, 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_make(data, size);
	struct image image;
	struct web_token token;
	read_events(in);
	read_pixels(in);
	read_message(in, 0);
	read_frames(in);
	if (image_read(in, &image) && !image.format)
		abort();
	if (web_token_read(in, &token))
		web_token_free(&token);
	return 0;
}
