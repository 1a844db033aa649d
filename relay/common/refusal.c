#include "relay/common/refusal.h"

#include <stddef.h>

static const struct refusal_text texts[REFUSE_COUNT] = {
	[REFUSE_NOTHING] = { "none", "", 200, 0 },
#define REFUSAL(id, name, status, retry_after, sentence)                                                               \
	[REFUSE_##id] = { (name), (sentence), (status), (retry_after) },
#include "relay/common/refusals.def"
#include "relay/common/limits.def"
};

const struct refusal_text *refusal_text(enum refusal r)
{
	return &texts[r < REFUSE_COUNT ? r : REFUSE_MALFORMED];
}

const char *refusal_reason(int status)
{
	static const struct {
		int status;
		const char *phrase;
	} phrases[] = {
		{ 303, "See Other" },           { 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },  { 400, "Bad Request" },
		{ 403, "Forbidden" },           { 404, "Not Found" },
		{ 408, "Request Timeout" },     { 413, "Content Too Large" },
		{ 421, "Misdirected Request" }, { 426, "Upgrade Required" },
		{ 429, "Too Many Requests" },   { 431, "Request Header Fields Too Large" },
		{ 502, "Bad Gateway" },         { 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },     { 505, "HTTP Version Not Supported" },
		{ 508, "Loop Detected" },
	};
	for (size_t i = 0; i < sizeof phrases / sizeof *phrases; i++)
		if (phrases[i].status == status)
			return phrases[i].phrase;
	return "Refused";
}
