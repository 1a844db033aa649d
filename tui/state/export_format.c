#include "tui/state/export_format.h"

#include <stdio.h>

const char *const export_format_names[EXPORT_COUNT] = {
	"curl", "har", "ndjson", "http", "postman", "insomnia", "body"
};

void export_format_propose(char *out, size_t room, enum export_format format, const int64_t *ids, size_t count)
{
	static const char *const ends[EXPORT_COUNT] = { [EXPORT_CURL] = "sh",
							[EXPORT_HAR] = "har",
							[EXPORT_NDJSON] = "ndjson",
							[EXPORT_HTTP] = "http",
							[EXPORT_POSTMAN] = "postman_collection.json",
							[EXPORT_INSOMNIA] = "insomnia.json",
							[EXPORT_BODY] = "body" };
	if (count > 1)
		snprintf(out, room, "creel-%lld-%lld.%s", (long long)ids[0], (long long)ids[count - 1], ends[format]);
	else
		snprintf(out, room, "creel-%lld.%s", count ? (long long)ids[0] : 0LL, ends[format]);
}
