#include "shared/readers/image.h"

#include <string.h>

#define AVIF_HEAD 65536 /* where its boxes are looked for */

static bool begins(struct bytes in, const void *sign, size_t len)
{
	return in.len >= len && memcmp(in.at, sign, len) == 0;
}

static uint32_t little(const uint8_t *at, int count)
{
	uint32_t v = 0;
	for (int i = count - 1; i >= 0; i--)
		v = v << 8 | at[i];
	return v;
}

static bool read_png(struct bytes in, struct image *out)
{
	if (in.len < 24 || !begins(in, "\x89PNG\r\n\x1a\n", 8) || memcmp(in.at + 12, "IHDR", 4) != 0)
		return false;
	*out = (struct image){ "PNG", bytes_get_u32(in.at + 16), bytes_get_u32(in.at + 20) };
	return true;
}

static bool read_gif(struct bytes in, struct image *out)
{
	if (in.len < 10 || (!begins(in, "GIF89a", 6) && !begins(in, "GIF87a", 6)))
		return false;
	*out = (struct image){ "GIF", little(in.at + 6, 2), little(in.at + 8, 2) };
	return true;
}

/* A frame header: SOF0 to SOF15 without the tables DHT, JPG and DAC, which lie among them. */
static bool is_frame(uint8_t marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool read_jpeg(struct bytes in, struct image *out)
{
	if (!begins(in, "\xff\xd8\xff", 3))
		return false;
	for (size_t i = 2; i + 9 <= in.len && in.at[i] == 0xff;) {
		uint8_t marker = in.at[i + 1];
		if (marker == 0xff) { /* a filling byte */
			i++;
			continue;
		}
		if (is_frame(marker)) {
			*out = (struct image){ "JPEG", bytes_get_u16(in.at + i + 7), bytes_get_u16(in.at + i + 5) };
			return true;
		}
		size_t len = bytes_get_u16(in.at + i + 2);
		if (marker == 0xda || marker == 0xd9 || len < 2)
			return false;
		i += 2 + len;
	}
	return false;
}

static bool read_webp(struct bytes in, struct image *out)
{
	if (in.len < 30 || !begins(in, "RIFF", 4) || memcmp(in.at + 8, "WEBPVP8", 7) != 0)
		return false;
	const uint8_t *chunk = in.at + 20;
	*out = (struct image){ .format = "WebP" };
	if (in.at[15] == 'X') {
		out->width = little(chunk + 4, 3) + 1;
		out->height = little(chunk + 7, 3) + 1;
	} else if (in.at[15] == 'L') {
		uint32_t bits = little(chunk + 1, 4);
		out->width = (bits & 0x3fff) + 1;
		out->height = (bits >> 14 & 0x3fff) + 1;
	} else {
		out->width = little(chunk + 6, 2) & 0x3fff;
		out->height = little(chunk + 8, 2) & 0x3fff;
	}
	return in.at[15] == 'L' ? chunk[0] == 0x2f : in.at[15] == 'X' || memcmp(chunk + 3, "\x9d\x01\x2a", 3) == 0;
}

/* A height below zero says that the rows come from the top. */
static bool read_bmp(struct bytes in, struct image *out)
{
	if (in.len < 26 || !begins(in, "BM", 2))
		return false;
	uint32_t head = little(in.at + 14, 4), height = little(in.at + 22, 4);
	if (head != 40 && head != 108 && head != 124)
		return false;
	*out = (struct image){ "BMP", little(in.at + 18, 4), height > INT32_MAX ? 0 - height : height };
	return true;
}

/* Boxes in boxes (ISO/IEC 14496-12), of which "ispe" says how large an image is (23008-12 §6.5.3). There may be
 * several: thumbnails, tiles. The largest counts. */
static bool read_avif(struct bytes in, struct image *out)
{
	if (in.len < 12 || memcmp(in.at + 4, "ftypavif", 8) != 0)
		return false;
	struct image found = { .format = "AVIF" };
	for (size_t i = 12; i + 16 <= in.len && i < AVIF_HEAD; i++) {
		uint32_t width, height;
		if (memcmp(in.at + i, "ispe", 4) != 0)
			continue;
		width = bytes_get_u32(in.at + i + 8);
		height = bytes_get_u32(in.at + i + 12);
		if ((uint64_t)width * height >= (uint64_t)found.width * found.height) {
			found.width = width;
			found.height = height;
		}
	}
	*out = found;
	return found.width && found.height;
}

bool image_read(struct bytes in, struct image *out)
{
	*out = (struct image){ 0 };
	return read_png(in, out) || read_gif(in, out) || read_jpeg(in, out) || read_webp(in, out) ||
	       read_bmp(in, out) || read_avif(in, out);
}
