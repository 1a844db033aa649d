#include "shared/readers/event_stream.h"

#include <string.h>

static size_t line_len(struct bytes rest)
{
	size_t len = 0;
	while (len < rest.len && rest.at[len] != '\n' && rest.at[len] != '\r')
		len++;
	return len;
}

bool event_stream_next(struct bytes *rest, struct event_line *out)
{
	if (rest->len == 0)
		return false;
	size_t len = line_len(*rest), end = len;
	struct bytes line = bytes_make(rest->at, len);
	if (end < rest->len)
		end += rest->at[end] == '\r' && end + 1 < rest->len && rest->at[end + 1] == '\n' ? 2 : 1;
	*rest = bytes_make(rest->at + end, rest->len - end);
	*out = (struct event_line){ .kind = len ? EVENT_FIELD : EVENT_BREAK };
	out->name = bytes_until(line, ':');
	size_t skip = out->name.len + (out->name.len < len);
	skip += skip < len && out->name.len < len && line.at[skip] == ' ';
	out->value = bytes_make(line.at + skip, len - skip);
	if (len && line.at[0] == ':')
		out->kind = EVENT_COMMENT;
	return true;
}
