#include "shared/spill.h"
#include <string.h>
void spill_init(struct spill *s, const char *folder)
{
	memset(s, 0, sizeof *s);
	s->folder = folder;
}
bool spill_append(struct spill *s, const void *at, size_t len)
{
	return buffer_append(&s->memory, at, len);
}
uint64_t spill_len(const struct spill *s)
{
	return s->memory.len;
}
bool spill_read(struct spill *s, uint64_t at, size_t len, struct buffer *out)
{
	return buffer_append(out, s->memory.at + at, len);
}
bool spill_view(const struct spill *s, struct bytes *out)
{
	*out = buffer_view(&s->memory);
	return true;
}
void spill_free(struct spill *s)
{
	buffer_free(&s->memory);
}
