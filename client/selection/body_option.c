#include "client/selection/body_option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool read_all(FILE *f, struct buffer *out)
{
	char piece[16384];
	size_t n;
	while ((n = fread(piece, 1, sizeof piece, f)) > 0) {
		if (out->len + n > BODY_OPTION_MOST) {
			errno = EFBIG;
			return false;
		}
		if (!buffer_append(out, piece, n)) {
			errno = ENOMEM;
			return false;
		}
	}
	return !ferror(f);
}

bool body_option_read(const char *option, const char *spec, struct buffer *out, struct error *e)
{
	bool is_input = strcmp(spec, "@-") == 0;
	FILE *f = is_input ? stdin : fopen(spec + 1, "rb");
	bool fine = f && read_all(f, out);
	if (!fine)
		error_set(e, EXIT_USAGE, "%s: %s cannot be read: %s", option, is_input ? "standard input" : spec + 1,
			  strerror(errno));
	if (f && !is_input)
		fclose(f);
	return fine;
}
