#include "shared/content/decode.h"

#include <brotli/decode.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#ifdef CREEL_ZSTD
#include <zstd.h>
#endif

#include "shared/http/headers.h"
#include "shared/text/text.h"

#define PIECE ((size_t)64 << 10)
#define CODINGS_MOST 4

enum coding { CODING_UNKNOWN, CODING_IDENTITY, CODING_GZIP, CODING_DEFLATE, CODING_BR, CODING_ZSTD };

static const char *const coding_names[] = { "unknown", "identity", "gzip", "deflate", "br", "zstd" };

static enum coding coding_of(struct bytes name)
{
	if (bytes_equal_nocase(name, "x-gzip"))
		return CODING_GZIP;
	for (enum coding c = CODING_IDENTITY; c <= CODING_ZSTD; c++)
		if (bytes_equal_nocase(name, coding_names[c]))
			return c;
	return CODING_UNKNOWN;
}

/* Room for another piece, at most up to one byte over the bound, which tells that it was cut. */
static size_t make_room(struct buffer *out, size_t most)
{
	size_t left = most + 1 - out->len, piece = left < PIECE ? left : PIECE;
	return buffer_reserve(out, piece) ? piece : 0;
}

static enum decode_result settle(struct buffer *out, size_t most, bool ended)
{
	if (out->len > most) {
		out->len = most;
		return DECODE_CUT;
	}
	if (ended)
		return DECODE_WHOLE;
	return out->len ? DECODE_DAMAGED : DECODE_NONE;
}

static bool is_gzip(struct bytes b)
{
	return b.len >= 3 && b.at[0] == 0x1f && b.at[1] == 0x8b && b.at[2] == 8;
}

/* `bits`: 31 gzip, 15 zlib (what "deflate" means), -15 bare deflate (what some send under that name). */
static enum decode_result undo_zlib(struct bytes in, int bits, size_t most, struct buffer *out)
{
	z_stream z = { .next_in = (Bytef *)(uintptr_t)in.at, .avail_in = (uInt)in.len };
	int status = Z_OK;
	if (in.len > UINT32_MAX || inflateInit2(&z, bits) != Z_OK)
		return DECODE_NO_MEMORY;
	while (out->len <= most && status == Z_OK) {
		size_t room = make_room(out, most);
		if (!room) {
			inflateEnd(&z);
			return DECODE_NO_MEMORY;
		}
		z.next_out = out->at + out->len;
		z.avail_out = (uInt)room;
		status = inflate(&z, Z_NO_FLUSH);
		out->len += room - z.avail_out;
		/* Members of gzip may follow one another (RFC 1952 §2.2). */
		if (status == Z_STREAM_END && bits == 31 && is_gzip(bytes_make(z.next_in, z.avail_in)))
			status = inflateReset(&z);
	}
	inflateEnd(&z);
	return settle(out, most, status == Z_STREAM_END);
}

static enum decode_result undo_deflate(struct bytes in, size_t most, struct buffer *out)
{
	enum decode_result r = undo_zlib(in, 15, most, out);
	return r == DECODE_NONE ? undo_zlib(in, -15, most, out) : r;
}

static enum decode_result undo_br(struct bytes in, size_t most, struct buffer *out)
{
	BrotliDecoderState *state = BrotliDecoderCreateInstance(NULL, NULL, NULL);
	BrotliDecoderResult r = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
	if (!state)
		return DECODE_NO_MEMORY;
	while (out->len <= most && r == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT) {
		size_t room = make_room(out, most), left = room;
		if (!room) {
			BrotliDecoderDestroyInstance(state);
			return DECODE_NO_MEMORY;
		}
		uint8_t *next = out->at + out->len;
		r = BrotliDecoderDecompressStream(state, &in.len, &in.at, &left, &next, NULL);
		out->len += room - left;
	}
	BrotliDecoderDestroyInstance(state);
	return settle(out, most, r == BROTLI_DECODER_RESULT_SUCCESS);
}

#ifdef CREEL_ZSTD
/* RFC 8878 §3: frames may follow one another. A decoder for HTTP keeps to windows of 8 MiB (RFC 9659). */
#define ZSTD_WINDOW_LOG 23

static bool take_zstd(ZSTD_DStream *z, ZSTD_inBuffer *from, size_t most, struct buffer *out, bool *ended)
{
	size_t left = 1, before;
	do {
		size_t room = make_room(out, most);
		if (!room)
			return false;
		ZSTD_outBuffer to = { out->at + out->len, room, 0 };
		before = from->pos;
		left = ZSTD_decompressStream(z, &to, from);
		out->len += to.pos;
		*ended = left == 0 && from->pos == from->size;
		if (to.pos == 0 && from->pos == before)
			break;
	} while (!ZSTD_isError(left) && !*ended && out->len <= most);
	return true;
}

static enum decode_result undo_zstd(struct bytes in, size_t most, struct buffer *out)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer from = { in.at, in.len, 0 };
	bool ended = false;
	bool fine = z && !ZSTD_isError(ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG)) &&
		    take_zstd(z, &from, most, out, &ended);
	ZSTD_freeDStream(z);
	return fine ? settle(out, most, ended) : DECODE_NO_MEMORY;
}
#else
static enum decode_result undo_zstd(struct bytes in, size_t most, struct buffer *out)
{
	(void)in;
	(void)most;
	(void)out;
	return DECODE_NONE;
}
#endif

static enum decode_result undo(enum coding c, struct bytes in, size_t most, struct buffer *out)
{
	switch (c) {
	case CODING_GZIP:
		return is_gzip(in) ? undo_zlib(in, 31, most, out) : DECODE_NONE;
	case CODING_DEFLATE:
		return undo_deflate(in, most, out);
	case CODING_BR:
		return undo_br(in, most, out);
	case CODING_ZSTD:
		return undo_zstd(in, most, out);
	case CODING_IDENTITY:
	case CODING_UNKNOWN:
		break;
	}
	return DECODE_NONE;
}

static struct bytes trim(struct bytes b)
{
	while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
		b.at++, b.len--;
	while (b.len && (b.at[b.len - 1] == ' ' || b.at[b.len - 1] == '\t'))
		b.len--;
	return b;
}

/* In the order they were applied, of all the fields; more than CODINGS_MOST count as unknown. */
static size_t list_codings(struct bytes headers, enum coding *codings)
{
	struct bytes name, value;
	size_t count = 0;
	for (size_t pos = 0; headers_next(headers, &pos, &name, &value);) {
		if (!bytes_equal_nocase(name, "content-encoding"))
			continue;
		while (value.len) {
			const uint8_t *comma = memchr(value.at, ',', value.len);
			size_t len = comma ? (size_t)(comma - value.at) : value.len;
			struct bytes word = trim(bytes_make(value.at, len));
			value = bytes_make(value.at + len + (comma != NULL), value.len - len - (comma != NULL));
			if (word.len == 0 || coding_of(word) == CODING_IDENTITY)
				continue;
			if (count == CODINGS_MOST) {
				codings[0] = CODING_UNKNOWN;
				return 1;
			}
			codings[count++] = coding_of(word);
		}
	}
	return count;
}

static enum decode_result undo_again(size_t most, struct buffer *out, char names[64])
{
	struct buffer within = { 0 };
	enum decode_result r = undo(CODING_GZIP, buffer_view(out), most, &within);
	if (r == DECODE_NONE || r == DECODE_NO_MEMORY) {
		buffer_free(&within);
		return r == DECODE_NONE ? DECODE_WHOLE : r;
	}
	size_t len = strlen(names);
	snprintf(names + len, 64 - len, ", gzip");
	buffer_free(out);
	*out = within;
	return r;
}

enum decode_result decode_body_most(struct bytes headers, struct bytes body, size_t most, struct buffer *out,
				    char names[64])
{
	enum coding codings[CODINGS_MOST];
	size_t count = list_codings(headers, codings);
	enum decode_result r = DECODE_NONE;
	names[0] = 0;
	if (count == 0 && is_gzip(body))
		codings[count++] = CODING_GZIP;
	for (size_t i = 0; i < count; i++) {
		size_t len = strlen(names);
		snprintf(names + len, 64 - len, "%s%s", i ? ", " : "", coding_names[codings[i]]);
	}
	bool gzip_within = count && codings[0] == CODING_GZIP;
	out->len = 0;
	for (struct bytes in = body; count-- > 0;) {
		struct buffer next = { 0 };
		enum decode_result now = undo(codings[count], in, most, &next);
		/* Nearly anything begins like deflate or br: text that was not coded at all stays text. */
		if (now == DECODE_DAMAGED && text_is_utf8(in))
			now = DECODE_NONE;
		if (now == DECODE_NONE || now == DECODE_NO_MEMORY) {
			buffer_free(&next);
			buffer_free(out);
			return now;
		}
		/* A coding around a cut one is damaged of necessity: the cut is what counts. */
		r = r == DECODE_CUT ? r : now > r ? now : r;
		buffer_free(out);
		*out = next;
		in = buffer_view(out);
	}
	/* Compressed by the app, and again by what stands before it, which named it once. */
	return gzip_within && r == DECODE_WHOLE && is_gzip(buffer_view(out)) ? undo_again(most, out, names) : r;
}

enum decode_result decode_body(struct bytes headers, struct bytes body, struct buffer *out, char names[64])
{
	return decode_body_most(headers, body, DECODE_MOST, out, names);
}
