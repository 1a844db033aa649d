#include "shared/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *e, enum exit_code code, const char *format, ...)
{
	if (!e)
		return false;
	va_list args;
	va_start(args, format);
	e->code = code;
	vsnprintf(e->text, sizeof e->text, format, args);
	va_end(args);
	return false;
}

const char *error_system(int number)
{
	switch (number) {
	case EMFILE:
	case ENFILE:
		return "too many files are open; raise the limit (ulimit -n)";
	default:
		return strerror(number);
	}
}

bool error_prefix(struct error *e, const char *what)
{
	if (!e)
		return false;
	char before[sizeof e->text];
	memcpy(before, e->text, sizeof before);
	before[sizeof before - 1] = 0;
	/* A sentence too long for the buffer loses its end, never its beginning. */
	size_t len = strlen(what) < 200 ? strlen(what) : 200;
	snprintf(e->text, sizeof e->text, "%.*s: %.*s", (int)len, what, (int)(sizeof before - len - 3), before);
	return false;
}
