/* A block of figures as a damaged record may hold it: nothing may crash, and what decodes is added up and encodes to
 * something that decodes alike. */
#include <stdlib.h>
#include <string.h>

#include "shared/stats/stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct figure_block *a = figure_block_new(), *b = figure_block_new();
	struct buffer out = { 0 };
	struct error e;
	check(a && b);
	if (figure_block_decode(a, 4096, bytes_make(data, size))) {
		for (enum stats_by by = 0; by < STATS_BYS; by++) {
			const struct stats_wish wish = { .before_s = STATS_EVER, .by = by };
			struct stats *s = stats_new(&wish, &e);
			struct stats_result r;
			check(s && stats_add(s, a) && stats_result(s, 1, 1, &r));
			check(r.count == a->count);
			stats_result_free(&r);
			stats_free(s);
		}
		check(figure_block_encode(a, 4096, &out) && figure_block_decode(b, 4096, buffer_view(&out)));
		check(a->count == b->count && memcmp(a->at_s, b->at_s, a->count * sizeof *a->at_s) == 0);
	}
	buffer_free(&out);
	figure_block_free(a);
	figure_block_free(b);
	return 0;
}
