#include "relay/common/loops.h"

#include "relay/common/limits.h"
#include "shared/http/headers.h"

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
	struct bytes name, value;
	uint8_t id[UUID_LEN];
	for (size_t pos = 0; l && headers_next(headers, &pos, &name, &value);)
		if (bytes_equal_nocase(name, "Creel-Event-Id") && uuid_from_text(value, id) && is_noted(l, id, now_ms))
			return true;
	return false;
}
