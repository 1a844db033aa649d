#include "tui/questions/target.h"

#include <string.h>
#include <strings.h>

#include "shared/base/bytes.h"

/* "localhost:3000", "http://127.0.0.1/", "[::1]:3000", "unix:/run/app": the host as a view. */
static struct bytes host_of(const char *target)
{
	const char *from = strstr(target, "://");
	from = from ? from + 3 : target;
	if (*from == '[') {
		from++;
		return bytes_make(from, strcspn(from, "]"));
	}
	return bytes_make(from, strcspn(from, ":/?#"));
}

bool target_is_local(const char *target)
{
	static const char *const names[] = { "localhost", "::1", "unix", "0.0.0.0" };
	struct bytes host = host_of(target);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (bytes_equal_nocase(host, names[i]))
			return true;
	size_t digits = 0;
	while (digits < host.len && ((host.at[digits] >= '0' && host.at[digits] <= '9') || host.at[digits] == '.'))
		digits++;
	if (host.len > 4 && digits == host.len && memcmp(host.at, "127.", 4) == 0)
		return true;
	static const char end[] = ".localhost"; /* RFC 6761 §6.3 */
	size_t len = sizeof end - 1;
	return host.len > len && strncasecmp((const char *)host.at + host.len - len, end, len) == 0;
}
