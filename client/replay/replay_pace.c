#include "client/replay/replay_pace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 1e6

bool replay_pace_number(const char *option, const char *text, double *out, struct error *e)
{
	char *end;
	double value = strtod(text, &end);
	bool plain = text[0] != 'e' && text + strspn(text, "0123456789.e") >= end; /* no sign, no 0x, no nan */
	if (end == text)
		plain = false;
	end += *end == 'x';
	if (!plain || *end || !(value > 0) || value > MOST)
		return error_set(e, EXIT_USAGE, "%s takes a number above 0, such as 2 or 0.5, not '%.40s'", option,
				 text);
	*out = value;
	return true;
}

size_t replay_pace_parallel(const struct replay_pace *p)
{
	if (p->parallel > 0)
		return (size_t)p->parallel;
	return p->rate > 0 || p->speed > 0 ? REPLAY_PARALLEL_PACED : 1;
}

uint64_t replay_pace_due_ms(const struct replay_pace *p, size_t i, const uint64_t *received_us)
{
	double due = 0;
	if (p->rate > 0)
		due = (double)i * 1000 / p->rate;
	if (p->speed > 0 && received_us[i] > received_us[0])
		due = (double)(received_us[i] - received_us[0]) / 1000 / p->speed;
	return due < 9e15 ? (uint64_t)ceil(due) : (uint64_t)9e15;
}
