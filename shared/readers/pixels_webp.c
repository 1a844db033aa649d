/* WebP (RFC 9649), by libwebp: lossy, lossless, and the first frame of one that moves. */
#include "shared/readers/pixels_private.h"

#ifdef CREEL_WEBP
#include <string.h>

#include <webp/decode.h>

#define FILE_HEAD 12
#define CHUNK_HEAD 8
#define FRAME_HEAD 16 /* place, size and time of a frame that moves */

/* What an image that moves shows first; an image that does not, as it is. */
static struct bytes first_frame(struct bytes image)
{
	size_t at = FILE_HEAD;
	while (at + CHUNK_HEAD <= image.len) {
		const uint8_t *head = image.at + at;
		size_t left = image.len - at - CHUNK_HEAD,
		       len = head[4] | (size_t)head[5] << 8 | (size_t)head[6] << 16 | (size_t)head[7] << 24;
		len = len < left ? len : left;
		if (memcmp(head, "ANMF", 4) == 0 && len > FRAME_HEAD)
			return bytes_make(head + CHUNK_HEAD + FRAME_HEAD, len - FRAME_HEAD);
		at += CHUNK_HEAD + len + (len & 1);
	}
	return image;
}

/* The reader makes it smaller by itself, to twice the grid at most. */
static void choose_scale(WebPDecoderConfig *c, const struct pixel_grid *g)
{
	int width = 2 * g->width, height = 2 * g->height;
	c->options.use_scaling = width < c->input.width && height < c->input.height;
	c->options.scaled_width = width;
	c->options.scaled_height = height;
	c->options.no_fancy_upsampling = 1;
	c->output.colorspace = MODE_RGBA;
}

enum pixels_result pixels_read_webp(struct bytes image, struct pixel_grid *g)
{
	WebPDecoderConfig c;
	struct bytes frame = first_frame(image);
	if (!WebPInitDecoderConfig(&c) || WebPGetFeatures(frame.at, frame.len, &c.input) != VP8_STATUS_OK)
		return PIXELS_DAMAGED;
	/* A frame may be of another size than the image, whose size was looked at. */
	if ((uint64_t)c.input.width * (uint64_t)c.input.height > PIXELS_MOST)
		return PIXELS_TOO_LARGE;
	if (c.input.width < g->width || c.input.height < g->height) {
		g->width = c.input.width < g->width ? c.input.width : g->width;
		g->height = c.input.height < g->height ? c.input.height : g->height;
	}
	choose_scale(&c, g);
	VP8StatusCode code = WebPDecode(frame.at, frame.len, &c);
	const struct WebPRGBABuffer *rgba = &c.output.u.RGBA;
	bool any = code == VP8_STATUS_OK && rgba->rgba;
	g->full_width = (uint32_t)c.output.width;
	g->full_height = (uint32_t)c.output.height;
	for (uint32_t y = 0; any && y < g->full_height; y++)
		for (uint32_t x = 0; x < g->full_width; x++) {
			const uint8_t *at = rgba->rgba + (size_t)y * (size_t)rgba->stride + (size_t)x * 4;
			pixels_add(g, x, y, at, at[3] < 128);
		}
	WebPFreeDecBuffer(&c.output);
	return any ? PIXELS_READ : code == VP8_STATUS_OUT_OF_MEMORY ? PIXELS_NO_MEMORY : PIXELS_DAMAGED;
}
#else
enum pixels_result pixels_read_webp(struct bytes image, struct pixel_grid *g)
{
	(void)image;
	(void)g;
	return PIXELS_LEFT_OUT;
}
#endif
