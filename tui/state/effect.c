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
