/* Texts as lines, lines as numbers. */
#include "shared/compare/diff.h"

#include <stdlib.h>
#include <string.h>

bool diff_lines_split(struct bytes text, struct diff_lines *out)
{
	size_t count = 0;
	*out = (struct diff_lines){ .text = text };
	if (text.len > UINT32_MAX - 1)
		return false;
	for (size_t i = 0; i < text.len; count++) {
		const uint8_t *end = memchr(text.at + i, '\n', text.len - i);
		i = end ? (size_t)(end - text.at) + 1 : text.len;
	}
	out->start = malloc((count + 1) * sizeof *out->start);
	if (!out->start)
		return false;
	out->count = count;
	count = 0;
	for (size_t i = 0; i < text.len;) {
		const uint8_t *end = memchr(text.at + i, '\n', text.len - i);
		out->start[count++] = (uint32_t)i;
		i = end ? (size_t)(end - text.at) + 1 : text.len;
	}
	out->start[count] = (uint32_t)text.len;
	return true;
}

void diff_lines_free(struct diff_lines *l)
{
	free(l->start);
	*l = (struct diff_lines){ 0 };
}

static struct bytes with_end(const struct diff_lines *l, size_t i)
{
	return bytes_make(l->text.at + l->start[i], l->start[i + 1] - l->start[i]);
}

struct bytes diff_line(const struct diff_lines *l, size_t i)
{
	struct bytes line = with_end(l, i);
	if (line.len && line.at[line.len - 1] == '\n')
		line.len--;
	return line;
}

bool diff_lines_open(const struct diff_lines *l)
{
	return l->text.len > 0 && l->text.at[l->text.len - 1] != '\n';
}

static uint64_t hash_bytes(struct bytes b)
{
	uint64_t h = 0xcbf29ce484222325u;
	for (size_t i = 0; i < b.len; i++)
		h = (h ^ b.at[i]) * 0x100000001b3u;
	return h ^ h >> 32;
}

static int by_line(const void *pa, const void *pb)
{
	const struct diff_item *a = pa, *b = pb;
	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->key.len != b->key.len)
		return a->key.len < b->key.len ? -1 : 1;
	return a->key.len ? memcmp(a->key.at, b->key.at, a->key.len) : 0;
}

static void gather(const struct diff_lines *l, bool is_b, struct diff_item *items)
{
	for (size_t i = 0; i < l->count; i++) {
		struct bytes line = with_end(l, i);
		items[i] =
		    (struct diff_item){ .key = line, .hash = hash_bytes(line), .index = (uint32_t)i, .is_b = is_b };
	}
}

bool diff_text(const struct diff_lines *a, const struct diff_lines *b, struct diff_rows *out)
{
	size_t both = a->count + b->count;
	if (!diff_goes_on(out, both))
		return false;
	struct diff_item *items = calloc(both + 1, sizeof *items);
	uint32_t *ids = calloc(both + 1, sizeof *ids);
	bool fine = items && ids;
	if (fine) {
		gather(a, false, items);
		gather(b, true, items + a->count);
		diff_rank(items, both, by_line);
		for (size_t i = 0; i < both; i++)
			ids[(items[i].is_b ? a->count : 0) + items[i].index] = items[i].id;
		free(items);
		items = NULL;
		fine = diff_sequences(ids, a->count, ids + a->count, b->count, out);
	}
	free(items);
	free(ids);
	return fine;
}
