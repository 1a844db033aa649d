#include "shared/text/text_figures.h"

#include <stdio.h>

void text_size(char out[TEXT_FIGURE_LEN], uint64_t bytes)
{
	static const char units[] = "kMGTPE";
	if (bytes < 1000) {
		snprintf(out, TEXT_FIGURE_LEN, "%u", (unsigned)bytes);
		return;
	}
	/* 999.5k would be rounded to 1000k: five columns, but the next unit reads better. */
	double value = (double)bytes / 1000;
	size_t unit = 0;
	for (; value >= 999.5; unit++)
		value /= 1000;
	snprintf(out, TEXT_FIGURE_LEN, value < 9.95 ? "%.1f%c" : "%.0f%c", value, units[unit]);
}

void text_took(char out[TEXT_FIGURE_LEN], int64_t us)
{
	int64_t ms = us / 1000 + (us % 1000 >= 500);
	if (us < 0)
		snprintf(out, TEXT_FIGURE_LEN, "-");
	else if (ms < 1)
		snprintf(out, TEXT_FIGURE_LEN, "0.%dms", (int)(us / 100));
	else if (ms < 1000)
		snprintf(out, TEXT_FIGURE_LEN, "%dms", (int)ms);
	else if (ms < 59950)
		snprintf(out, TEXT_FIGURE_LEN, "%.1fs", (double)ms / 1000);
	else if (ms < INT64_C(3599500))
		snprintf(out, TEXT_FIGURE_LEN, "%dm%02ds", (int)((ms + 500) / 60000), (int)((ms + 500) / 1000 % 60));
	else if (ms < INT64_C(359970000))
		snprintf(out, TEXT_FIGURE_LEN, "%dh%02dm", (int)((ms + 30000) / 3600000),
			 (int)((ms + 30000) / 60000 % 60));
	else
		snprintf(out, TEXT_FIGURE_LEN, ">99h");
}

const char *text_plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}
