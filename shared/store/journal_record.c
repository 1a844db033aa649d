#include "shared/store/journal_record.h"

#include "shared/base/crc32c.h"
#include "shared/base/reader.h"

#include <string.h>

static const uint8_t magic[8] = { 'c', 'r', 'e', 'e', 'l', 'l', 'o', 'g' };

#define VERSION 1

enum delivery_flags { FLAG_HTTPS = 1, FLAG_HAS_BODY = 2, FLAG_FORWARDED = 4, FLAG_REDACTED = 8 };

/* ---- the file's head ---- */

bool journal_record_put_head(struct buffer *out, const char name[JOURNAL_NAME_LEN])
{
	uint8_t head[JOURNAL_HEAD];
	memcpy(head, magic, sizeof magic);
	bytes_set_u32(head + 8, VERSION);
	memcpy(head + 12, name, JOURNAL_NAME_LEN);
	bytes_set_u32(head + 28, crc32c_add(0, bytes_make(head, 28)));
	return buffer_append(out, head, sizeof head);
}

bool journal_record_is_head(struct bytes file, const char name[JOURNAL_NAME_LEN])
{
	return file.len >= JOURNAL_HEAD && memcmp(file.at, magic, sizeof magic) == 0 &&
	       bytes_get_u32(file.at + 8) == VERSION && memcmp(file.at + 12, name, JOURNAL_NAME_LEN) == 0 &&
	       bytes_get_u32(file.at + 28) == crc32c_add(0, bytes_make(file.at, 28));
}

bool journal_record_is_other_version(struct bytes file)
{
	return file.len >= JOURNAL_HEAD && memcmp(file.at, magic, sizeof magic) == 0 &&
	       bytes_get_u32(file.at + 8) != VERSION &&
	       bytes_get_u32(file.at + 28) == crc32c_add(0, bytes_make(file.at, 28));
}

/* ---- a record's head: payload's length, sum of all else, sequence, synced, lap, kind, 0 ---- */

static uint32_t sum_of(const uint8_t *record, size_t payload)
{
	uint32_t sum = crc32c_add(0, bytes_make(record, 4));
	return crc32c_add(sum, bytes_make(record + 8, JOURNAL_RECORD_HEAD - 8 + payload));
}

static bool begin(struct buffer *out, size_t payload)
{
	if (payload > UINT32_MAX || !buffer_reserve(out, JOURNAL_RECORD_HEAD + payload))
		return false;
	memset(out->at + out->len, 0, JOURNAL_RECORD_HEAD);
	out->len += JOURNAL_RECORD_HEAD;
	return true;
}

static void end(struct buffer *out, size_t start, const struct journal_place *place, enum journal_kind kind)
{
	uint8_t *head = out->at + start;
	size_t payload = out->len - start - JOURNAL_RECORD_HEAD;
	bytes_set_u32(head, (uint32_t)payload);
	bytes_set_u64(head + 8, place->sequence);
	bytes_set_u64(head + 16, place->synced);
	bytes_set_u32(head + 24, place->lap);
	bytes_set_u16(head + 28, (uint16_t)kind);
	bytes_set_u32(head + 4, sum_of(head, payload));
}

/* ---- payloads: numbers of fixed length, then texts, each after its length ---- */

#define DELIVERY_FIXED (UUID_LEN + 8 + 8 + 1 + 1 + 2 + 8 + 1 + 8)
#define DELIVERY_TEXTS 11
#define ATTEMPT_FIXED (UUID_LEN + 2 + 1 + 1 + 8 + 8 + 1 + 2 + 8 + 8 + 8 + 8 + 1 + 8 + 8)
#define ATTEMPT_TEXTS 7

static size_t texts_len(const struct bytes *texts, size_t count)
{
	size_t total = 0;
	for (size_t i = 0; i < count; i++)
		total += 4 + texts[i].len;
	return total;
}

static bool put_texts(struct buffer *out, const struct bytes *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!buffer_put_u32(out, (uint32_t)texts[i].len) || !buffer_append_bytes(out, texts[i]))
			return false;
	return true;
}

bool journal_record_put_delivery(struct buffer *out, const struct journal_place *place, const struct store_delivery *d)
{
	const struct bytes texts[DELIVERY_TEXTS] = { d->tunnel,  d->method,   d->target,     d->prefix,
						     d->peer,    d->provider, d->event_type, d->signature,
						     d->headers, d->trailers, d->body };
	size_t start = out->len;
	if (!begin(out, DELIVERY_FIXED + texts_len(texts, DELIVERY_TEXTS)))
		return false;
	bool fine =
	    buffer_append(out, d->event_id, UUID_LEN) && buffer_put_u64(out, d->received_at_us) &&
	    buffer_put_u64(out, d->reached_at_us) && buffer_put_u8(out, (uint8_t)d->origin) &&
	    buffer_put_u8(out, (uint8_t)d->state) && buffer_put_u16(out, (uint16_t)d->refused_status) &&
	    buffer_put_u64(out, (uint64_t)d->replay_of) &&
	    buffer_put_u8(out, (uint8_t)((d->https ? FLAG_HTTPS : 0) | (d->has_body ? FLAG_HAS_BODY : 0) |
					 (d->forwarded ? FLAG_FORWARDED : 0) | (d->redacted ? FLAG_REDACTED : 0))) &&
	    buffer_put_u64(out, d->body_size) && put_texts(out, texts, DELIVERY_TEXTS);
	if (fine)
		end(out, start, place, JOURNAL_DELIVERY);
	else
		out->len = start;
	return fine;
}

bool journal_record_put_attempt(struct buffer *out, const struct journal_place *place, const struct journal_attempt *ja)
{
	const struct store_attempt *a = &ja->attempt;
	struct bytes body = ja->body_apart ? bytes_of(NULL) : a->body;
	const struct bytes texts[ATTEMPT_TEXTS] = {
		a->url, a->reason, a->error, a->headers, a->trailers, a->raw, body
	};
	size_t start = out->len;
	if (!begin(out, ATTEMPT_FIXED + texts_len(texts, ATTEMPT_TEXTS)))
		return false;
	bool fine = buffer_append(out, a->event_id, UUID_LEN) && buffer_put_u16(out, (uint16_t)a->number) &&
		    buffer_put_u8(out, ja->body_apart) && buffer_put_u8(out, (uint8_t)a->then) &&
		    buffer_put_u64(out, (uint64_t)a->job) && buffer_put_u64(out, a->started_at_us) &&
		    buffer_put_u8(out, (uint8_t)a->result) && buffer_put_u16(out, (uint16_t)a->status) &&
		    buffer_put_u64(out, a->connect_us) && buffer_put_u64(out, a->first_byte_us) &&
		    buffer_put_u64(out, a->total_us) && buffer_put_u64(out, a->body_size) &&
		    buffer_put_u8(out, (uint8_t)a->cut) && buffer_put_u64(out, a->answered_at_us) &&
		    buffer_put_u64(out, a->body.len) && put_texts(out, texts, ATTEMPT_TEXTS);
	if (fine)
		end(out, start, place, JOURNAL_ATTEMPT);
	else
		out->len = start;
	return fine;
}

bool journal_record_put_end(struct buffer *out)
{
	static const uint8_t zeros[JOURNAL_END_LEN];
	return buffer_append(out, zeros, sizeof zeros);
}

/* ---- reading ---- */

static void read_texts(struct reader *r, struct bytes **texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		*texts[i] = reader_bytes32(r);
}

static void read_id(struct reader *r, uint8_t out[UUID_LEN])
{
	struct bytes id = reader_bytes(r, UUID_LEN);
	if (id.len == UUID_LEN)
		memcpy(out, id.at, UUID_LEN);
}

static bool read_delivery(struct reader *r, struct store_delivery *d)
{
	struct bytes *texts[DELIVERY_TEXTS] = { &d->tunnel,  &d->method,   &d->target,     &d->prefix,
						&d->peer,    &d->provider, &d->event_type, &d->signature,
						&d->headers, &d->trailers, &d->body };
	*d = (struct store_delivery){ 0 };
	read_id(r, d->event_id);
	d->received_at_us = reader_u64(r);
	d->reached_at_us = reader_u64(r);
	unsigned origin = reader_u8(r), state = reader_u8(r);
	d->origin = (enum delivery_origin)origin;
	d->state = (enum delivery_state)state;
	d->refused_status = reader_u16(r);
	d->replay_of = (int64_t)reader_u64(r);
	unsigned flags = reader_u8(r);
	d->https = flags & FLAG_HTTPS;
	d->has_body = flags & FLAG_HAS_BODY;
	d->forwarded = flags & FLAG_FORWARDED;
	d->redacted = flags & FLAG_REDACTED;
	d->body_size = reader_u64(r);
	read_texts(r, texts, DELIVERY_TEXTS);
	return origin <= ORIGIN_TRIGGER && state <= DELIVERY_REFUSED;
}

static bool read_attempt(struct reader *r, struct journal_attempt *ja)
{
	struct store_attempt *a = &ja->attempt;
	struct bytes *texts[ATTEMPT_TEXTS] = { &a->url,      &a->reason, &a->error, &a->headers,
					       &a->trailers, &a->raw,    &a->body };
	*ja = (struct journal_attempt){ 0 };
	read_id(r, a->event_id);
	a->number = reader_u16(r);
	unsigned apart = reader_u8(r), then = reader_u8(r);
	ja->body_apart = apart != 0;
	a->then = (enum attempt_then)then;
	a->job = (int64_t)reader_u64(r);
	a->started_at_us = reader_u64(r);
	unsigned result = reader_u8(r);
	a->result = (enum attempt_result)result;
	a->status = reader_u16(r);
	a->connect_us = reader_u64(r);
	a->first_byte_us = reader_u64(r);
	a->total_us = reader_u64(r);
	a->body_size = reader_u64(r);
	unsigned cut = reader_u8(r);
	a->cut = (enum answer_cut)cut;
	a->answered_at_us = reader_u64(r);
	uint64_t body_len = reader_u64(r);
	read_texts(r, texts, ATTEMPT_TEXTS);
	if (ja->body_apart && a->body.len)
		return false;
	if (ja->body_apart && body_len <= SIZE_MAX)
		a->body = bytes_make(NULL, (size_t)body_len);
	return apart <= 1 && then <= ATTEMPT_THEN_WAITING && result <= ATTEMPT_CANCELLED &&
	       cut <= ANSWER_CUT_CLIENT_GONE && a->body.len == body_len;
}

enum journal_found journal_record_read(struct bytes at, struct journal_record *out, size_t *len)
{
	if (at.len == 0 || (at.len >= JOURNAL_END_LEN && bytes_get_u64(at.at) == 0))
		return JOURNAL_FOUND_END;
	if (at.len < JOURNAL_RECORD_HEAD)
		return JOURNAL_FOUND_TORN;
	size_t payload = bytes_get_u32(at.at);
	if (payload > at.len - JOURNAL_RECORD_HEAD || bytes_get_u32(at.at + 4) != sum_of(at.at, payload))
		return JOURNAL_FOUND_TORN;
	out->place.sequence = bytes_get_u64(at.at + 8);
	out->place.synced = bytes_get_u64(at.at + 16);
	out->place.lap = bytes_get_u32(at.at + 24);
	unsigned kind = bytes_get_u16(at.at + 28);
	out->kind = (enum journal_kind)kind;
	struct reader r = reader_of(bytes_make(at.at + JOURNAL_RECORD_HEAD, payload));
	bool fine = out->place.sequence > 0 && (kind == JOURNAL_DELIVERY  ? read_delivery(&r, &out->delivery)
						: kind == JOURNAL_ATTEMPT ? read_attempt(&r, &out->attempt)
									  : false);
	if (!fine || r.bad || r.left)
		return JOURNAL_FOUND_TORN;
	*len = JOURNAL_RECORD_HEAD + payload;
	return JOURNAL_FOUND_RECORD;
}

/* Bytes that are summed up at most: a body may be full of what looks like heads. */
#define LOOK_MOST (64u << 20)

enum journal_behind journal_record_behind(struct bytes records, uint64_t last)
{
	enum journal_behind behind = JOURNAL_BEHIND_NOTHING;
	size_t looked = 0, most = records.len / JOURNAL_RECORD_HEAD;
	for (size_t at = 0; at + JOURNAL_RECORD_HEAD <= records.len && looked < LOOK_MOST; at++) {
		const uint8_t *head = records.at + at;
		unsigned kind = head[29];
		if (head[28] || (kind != JOURNAL_DELIVERY && kind != JOURNAL_ATTEMPT))
			continue;
		uint64_t sequence = bytes_get_u64(head + 8), synced = bytes_get_u64(head + 16);
		size_t payload = bytes_get_u32(head);
		if (sequence <= last || sequence - last > most || synced >= sequence ||
		    payload > records.len - at - JOURNAL_RECORD_HEAD)
			continue;
		looked += payload;
		if (bytes_get_u32(head + 4) != sum_of(head, payload))
			continue;
		if (synced > last)
			return JOURNAL_BEHIND_SYNCED;
		behind = JOURNAL_BEHIND_RECORDS;
	}
	return behind;
}
