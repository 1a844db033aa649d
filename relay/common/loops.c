#include "relay/common/loops.h"

#include "relay/common/limits.h"
#include "shared/http/creel_via.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	uint8_t id[UUID_LEN];
	uint64_t noted_ms;
};

struct loops {
	struct entry at[LIMIT_LOOP_IDS];
};

/* The last bytes of an id are random. */
static size_t place_of(const uint8_t id[UUID_LEN])
{
	return ((size_t)id[UUID_LEN - 2] << 8 | id[UUID_LEN - 1]) % LIMIT_LOOP_IDS;
}

struct loops *loops_new(void)
{
	return calloc(1, sizeof(struct loops));
}

void loops_free(struct loops *l)
{
	free(l);
}

void loops_note(struct loops *l, const uint8_t id[UUID_LEN], uint64_t now_ms)
{
	if (!l)
		return;
	struct entry *e = &l->at[place_of(id)];
	memcpy(e->id, id, UUID_LEN);
	e->noted_ms = now_ms;
}

static bool is_noted(const struct loops *l, const uint8_t id[UUID_LEN], uint64_t now_ms)
{
	const struct entry *e = &l->at[place_of(id)];
	return e->noted_ms && memcmp(e->id, id, UUID_LEN) == 0 && now_ms - e->noted_ms < UINT64_C(1000) * LIMIT_LOOP;
}

bool loops_has(const struct loops *l, struct bytes headers, uint64_t now_ms)
{
	uint8_t ids[CREEL_VIA_MOST][UUID_LEN];
	size_t count = l ? creel_via_read(headers, ids) : 0;
	for (size_t i = 0; i < count && i < CREEL_VIA_MOST; i++)
		if (is_noted(l, ids[i], now_ms))
			return true;
	return count > CREEL_VIA_MOST;
}
