#include "tui/state/effect.h"

#include <stdarg.h>
#include <stdio.h>

void effect_say(struct effect *out, const char *format, ...)
{
	va_list args;
	*out = (struct effect){ .kind = EFFECT_SAY };
	va_start(args, format);
	vsnprintf(out->text, sizeof out->text, format, args);
	va_end(args);
}

void effect_filter(struct effect *out, const char *filter)
{
	*out = (struct effect){ .kind = EFFECT_FILTER };
	snprintf(out->text, sizeof out->text, "%s", filter);
}

void effect_search(struct effect *out, const char *text, bool backwards)
{
	*out = (struct effect){ .kind = EFFECT_SEARCH, .search.backwards = backwards };
	snprintf(out->search.text, sizeof out->search.text, "%s", text);
}

void effect_sort(struct effect *out, enum store_order_key key, enum sort_way way)
{
	*out = (struct effect){ .kind = EFFECT_SORT, .sort = { key, way } };
}
