/* What a terminal answers when it is asked for its background. Reads nothing beyond the answer; a background is a
 * colour for which a theme is chosen. */
#include <stdlib.h>

#include "tui/terminal/theme.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct theme_question q = { .colors = 256, .background_known = true };
	if (!theme_read_background(bytes_make(data, size), &q.background))
		return 0;
	enum theme theme = theme_choose(&q);
	if (q.background > 0xffffff || (theme != THEME_DARK && theme != THEME_LIGHT))
		abort();
	return 0;
}
