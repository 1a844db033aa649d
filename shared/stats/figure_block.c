#include "shared/stats/figure_block.h"

#include <stdlib.h>
#include <string.h>

/* The bytes, all integers in big-endian order:
 *	u8 1 | u8 dense | u16 rows
 *	three times: u16 names | for each u8 length and its bytes
 *	u16 id beyond the first, unless dense | u32 at_s | u32 took_us | u32 bytes | u16 status | u8 outcome, bad
 *	three times: u8 name's number, or u16 where there are more than 256 names
 * Each is a column of as many entries as there are rows. */
#define VERSION 1
#define HEAD 4
#define BAD 0x80

struct figure_block *figure_block_new(void)
{
	return calloc(1, sizeof(struct figure_block));
}

void figure_block_free(struct figure_block *b)
{
	for (size_t i = 0; b && i < FIGURE_NAMES; i++)
		buffer_free(&b->names[i].text);
	free(b);
}

static void clear_names(struct figure_names *n)
{
	if (n->count)
		memset(n->slots, 0, sizeof n->slots);
	n->text.len = 0;
	n->count = 0;
}

void figure_block_clear(struct figure_block *b)
{
	b->count = 0;
	for (size_t i = 0; i < FIGURE_NAMES; i++)
		clear_names(&b->names[i]);
}

static struct bytes name_of(const struct figure_names *n, size_t number)
{
	uint32_t from = number ? n->ends[number - 1] : 0;
	return n->text.at ? bytes_make(n->text.at + from, n->ends[number] - from) : bytes_make(NULL, 0);
}

struct bytes figure_block_name(const struct figure_block *b, enum figure_name which, size_t number)
{
	return name_of(&b->names[which], number);
}

/* ---- rows ---- */

/* FNV-1a. */
static uint32_t hash_of(struct bytes name)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < name.len; i++)
		hash = (hash ^ name.at[i]) * 16777619u;
	return hash;
}

/* There are twice as many slots as names. */
static bool take_name(struct figure_names *n, struct bytes name, uint16_t *number)
{
	const uint32_t mask = sizeof n->slots / sizeof *n->slots - 1;
	if (name.len > FIGURE_NAME_MOST)
		name.len = FIGURE_NAME_MOST;
	uint32_t at = hash_of(name) & mask;
	for (; n->slots[at]; at = (at + 1) & mask) {
		*number = (uint16_t)(n->slots[at] - 1);
		if (bytes_equal(name_of(n, *number), name))
			return true;
	}
	if (!buffer_append_bytes(&n->text, name))
		return false;
	*number = (uint16_t)n->count;
	n->ends[n->count++] = (uint32_t)n->text.len;
	n->slots[at] = (uint16_t)n->count;
	return true;
}

static uint32_t clamp(uint64_t value, uint32_t most)
{
	return value < most ? (uint32_t)value : most;
}

bool figure_block_add(struct figure_block *b, const struct figure *f)
{
	size_t i = b->count;
	if (i == FIGURE_BLOCK_ROWS)
		return false;
	for (size_t n = 0; n < FIGURE_NAMES; n++)
		if (!take_name(&b->names[n], f->names[n], &b->name[n][i]))
			return false;
	b->ids[i] = f->id;
	b->at_s[i] = clamp(f->received_at_us / 1000000, UINT32_MAX);
	b->took_us[i] = f->took_us < 0 ? FIGURE_NO_TIME : clamp((uint64_t)f->took_us, FIGURE_NO_TIME - 1);
	b->bytes[i] = clamp(f->bytes, UINT32_MAX);
	b->status[i] = (uint16_t)f->status;
	b->outcome[i] = (uint8_t)f->outcome;
	b->bad[i] = f->bad;
	b->count++;
	return true;
}

/* ---- some of them ---- */

static bool has_cut_name(const struct figure_names *n)
{
	for (size_t i = 0; i < n->count; i++)
		if (name_of(n, i).len >= FIGURE_NAME_MOST)
			return true;
	return false;
}

static void move_row(struct figure_block *b, size_t from, size_t to)
{
	b->ids[to] = b->ids[from];
	b->at_s[to] = b->at_s[from];
	b->took_us[to] = b->took_us[from];
	b->bytes[to] = b->bytes[from];
	b->status[to] = b->status[from];
	b->outcome[to] = b->outcome[from];
	b->bad[to] = b->bad[from];
	for (size_t n = 0; n < FIGURE_NAMES; n++)
		b->name[n][to] = b->name[n][from];
}

/* A row's numbers of the names that count, and never 0. */
static uint64_t key_of(const struct figure_block *b, size_t row, unsigned used)
{
	uint64_t key = 1;
	for (size_t n = 0; n < FIGURE_NAMES; n++)
		key = key << 13 | (used & 1u << n ? b->name[n][row] : 0);
	return key;
}

bool figure_block_narrow(struct figure_block *b, unsigned used,
			 bool (*fits)(void *user, const struct bytes names[FIGURE_NAMES]), void *user)
{
	struct {
		uint64_t key;
		bool fits;
	} known[256] = { 0 };
	size_t kept = 0;
	for (size_t n = 0; n < FIGURE_NAMES; n++)
		if (used & 1u << n && has_cut_name(&b->names[n]))
			return false;
	for (size_t i = 0; i < b->count; i++) {
		uint64_t key = key_of(b, i, used);
		size_t slot = (key * 0x9e3779b97f4a7c15u) >> 56;
		if (known[slot].key != key) {
			struct bytes names[FIGURE_NAMES];
			for (size_t n = 0; n < FIGURE_NAMES; n++)
				names[n] = name_of(&b->names[n], b->name[n][i]);
			known[slot].key = key;
			known[slot].fits = fits(user, names);
		}
		if (known[slot].fits)
			move_row(b, i, kept++);
	}
	b->count = kept;
	return true;
}

/* ---- as bytes ---- */

static bool put_names(const struct figure_names *n, struct buffer *out)
{
	bool fine = buffer_put_u16(out, (uint16_t)n->count);
	for (size_t i = 0; fine && i < n->count; i++) {
		struct bytes name = name_of(n, i);
		fine = buffer_put_u8(out, (uint8_t)name.len) && buffer_append_bytes(out, name);
	}
	return fine;
}

static bool put_u32s(const uint32_t *column, size_t count, struct buffer *out)
{
	bool fine = true;
	for (size_t i = 0; fine && i < count; i++)
		fine = buffer_put_u32(out, column[i]);
	return fine;
}

void figure_block_span(const struct figure_block *b, uint32_t *earliest_s, uint32_t *latest_s)
{
	*earliest_s = UINT32_MAX;
	*latest_s = 0;
	for (size_t i = 0; i < b->count; i++) {
		*earliest_s = b->at_s[i] < *earliest_s ? b->at_s[i] : *earliest_s;
		*latest_s = b->at_s[i] > *latest_s ? b->at_s[i] : *latest_s;
	}
}

bool figure_block_encode(const struct figure_block *b, int64_t first, struct buffer *out)
{
	bool dense = b->count == FIGURE_BLOCK_ROWS;
	bool fine = buffer_put_u8(out, VERSION) && buffer_put_u8(out, dense) && buffer_put_u16(out, (uint16_t)b->count);
	for (size_t n = 0; fine && n < FIGURE_NAMES; n++)
		fine = put_names(&b->names[n], out);
	for (size_t i = 0; fine && !dense && i < b->count; i++)
		fine = buffer_put_u16(out, (uint16_t)(b->ids[i] - first));
	fine = fine && put_u32s(b->at_s, b->count, out) && put_u32s(b->took_us, b->count, out) &&
	       put_u32s(b->bytes, b->count, out);
	for (size_t i = 0; fine && i < b->count; i++)
		fine = buffer_put_u16(out, b->status[i]);
	for (size_t i = 0; fine && i < b->count; i++)
		fine = buffer_put_u8(out, (uint8_t)(b->outcome[i] | (b->bad[i] ? BAD : 0)));
	for (size_t n = 0; n < FIGURE_NAMES; n++)
		for (size_t i = 0; fine && i < b->count; i++)
			fine = b->names[n].count > 256 ? buffer_put_u16(out, b->name[n][i])
						       : buffer_put_u8(out, (uint8_t)b->name[n][i]);
	return fine;
}

/* The next `len` bytes, or NULL. */
static const uint8_t *take(struct bytes *from, size_t len)
{
	const uint8_t *at = from->at;
	if (from->len < len)
		return NULL;
	from->at += len;
	from->len -= len;
	return at;
}

static bool take_names(struct figure_names *n, struct bytes *from)
{
	const uint8_t *at = take(from, 2);
	size_t count = at ? bytes_get_u16(at) : 0;
	if (!at || count > FIGURE_BLOCK_ROWS)
		return false;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *len = take(from, 1), *text = len ? take(from, *len) : NULL;
		if (!text || !buffer_append(&n->text, text, *len))
			return false;
		n->ends[n->count++] = (uint32_t)n->text.len;
	}
	return true;
}

static inline uint32_t u32_at(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static bool take_u32s(uint32_t *column, size_t count, struct bytes *from)
{
	const uint8_t *at = take(from, 4 * count);
	for (size_t i = 0; at && i < count; i++)
		column[i] = u32_at(at + 4 * i);
	return at != NULL;
}

static bool take_u16s(uint16_t *column, size_t count, struct bytes *from)
{
	const uint8_t *at = take(from, 2 * count);
	for (size_t i = 0; at && i < count; i++)
		column[i] = (uint16_t)(at[2 * i] << 8 | at[2 * i + 1]);
	return at != NULL;
}

static bool take_ids(struct figure_block *b, bool dense, int64_t first, struct bytes *from)
{
	const uint8_t *at = dense ? from->at : take(from, 2 * b->count);
	int64_t before = -1;
	for (size_t i = 0; at && i < b->count; i++) {
		int64_t beyond = dense ? (int64_t)i : bytes_get_u16(at + 2 * i);
		if (beyond <= before || beyond >= FIGURE_BLOCK_ROWS)
			return false;
		before = beyond;
		b->ids[i] = first + beyond;
	}
	return at != NULL;
}

static bool take_outcomes(struct figure_block *b, struct bytes *from)
{
	const uint8_t *at = take(from, b->count);
	uint8_t most = 0;
	for (size_t i = 0; at && i < b->count; i++) {
		b->outcome[i] = at[i] & (BAD - 1);
		b->bad[i] = at[i] >> 7;
		most = b->outcome[i] > most ? b->outcome[i] : most;
	}
	return at && most < FIGURE_OUTCOMES;
}

static bool take_numbers(struct figure_block *b, size_t which, struct bytes *from)
{
	uint16_t *numbers = b->name[which], most = 0;
	if (b->names[which].count > 256) {
		if (!take_u16s(numbers, b->count, from))
			return false;
	} else {
		const uint8_t *at = take(from, b->count);
		for (size_t i = 0; at && i < b->count; i++)
			numbers[i] = at[i];
		if (!at)
			return false;
	}
	for (size_t i = 0; i < b->count; i++)
		most = numbers[i] > most ? numbers[i] : most;
	return most < b->names[which].count;
}

static bool take_all(struct figure_block *b, int64_t first, struct bytes from)
{
	const uint8_t *head = take(&from, HEAD);
	bool fine = head && head[0] == VERSION;
	if (!fine)
		return false;
	bool dense = head[1] == 1;
	b->count = bytes_get_u16(head + 2);
	fine = b->count > 0 && b->count <= FIGURE_BLOCK_ROWS && (!dense || b->count == FIGURE_BLOCK_ROWS);
	for (size_t n = 0; fine && n < FIGURE_NAMES; n++)
		fine = take_names(&b->names[n], &from);
	fine = fine && take_ids(b, dense, first, &from) && take_u32s(b->at_s, b->count, &from) &&
	       take_u32s(b->took_us, b->count, &from) && take_u32s(b->bytes, b->count, &from) &&
	       take_u16s(b->status, b->count, &from) && take_outcomes(b, &from);
	for (size_t n = 0; fine && n < FIGURE_NAMES; n++)
		fine = take_numbers(b, n, &from);
	for (size_t i = 0; fine && i < b->count; i++)
		fine = b->status[i] < 1000;
	return fine && from.len == 0;
}

bool figure_block_decode(struct figure_block *b, int64_t first, struct bytes from)
{
	figure_block_clear(b);
	if (take_all(b, first, from))
		return true;
	figure_block_clear(b);
	return false;
}
