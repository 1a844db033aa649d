/* The formats deliveries are exported in, and the file name that is proposed. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum export_format {
	EXPORT_CURL,
	EXPORT_HAR,
	EXPORT_NDJSON,
	EXPORT_HTTP,
	EXPORT_POSTMAN,
	EXPORT_INSOMNIA,
	EXPORT_BODY,
	EXPORT_COUNT
};

/* Their names, as the user types them and struct deed_ops takes them. */
extern const char *const export_format_names[EXPORT_COUNT];

/* "creel-187.har", or "creel-187-214.har" from the first to the last of several. */
void export_format_propose(char *out, size_t room, enum export_format format, const int64_t *ids, size_t count);
