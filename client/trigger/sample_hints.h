/* Which samples and events an unknown name probably means, for "did you mean": names whose provider, event or both are
 * spelled similarly; names without their provider ("pull_request.opened"); objects whose event was left out
 * ("stripe.invoice"). Pure; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define SAMPLE_HINTS_MOST 3
#define SAMPLE_HINT_LEN 128

struct sample_hints {
	char names[SAMPLE_HINTS_MOST][SAMPLE_HINT_LEN]; /* the nearest first */
	size_t count;
};

void sample_hints_find(const char *wrong, struct sample_hints *out);
/* "stripe.invoice.paid, stripe.invoice.sent or stripe.invoice.voided"; "" where there are none. Cut at `size`. */
void sample_hints_join(const struct sample_hints *hints, char *out, size_t size);
