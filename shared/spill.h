#pragma once
#include "shared/bytes.h"
#define SPILL_MEMORY (1u << 20)
struct spill {
	struct buffer memory;
	const char *folder;
	int fd;
	uint64_t len;
};
void spill_init(struct spill *s, const char *folder);
MUST_CHECK bool spill_append(struct spill *s, const void *at, size_t len);
uint64_t spill_len(const struct spill *s);
MUST_CHECK bool spill_read(struct spill *s, uint64_t at, size_t len, struct buffer *out);
bool spill_view(const struct spill *s, struct bytes *out);
void spill_free(struct spill *s);
