/* Two requests compared, side by side or unified, as a document (tui/DESIGN.md §3.8). Pure. */
#pragma once

#include "tui/documents/doc.h"

struct doc_diff_side {
	struct bytes summary; /* one line, ours: "#187  200  38ms" */
	struct bytes headers, body;
	uint64_t total;
};
struct doc_diff_options {
	bool side_by_side, key_order, all_context, volatile_too;
	int context, columns;
};
struct doc *doc_diff(const struct doc_diff_side *a, const struct doc_diff_side *b, const struct doc_diff_options *o);
/* The first line of the next (or previous) hunk from `line`; `line` when there is none. */
size_t doc_diff_hunk(struct doc *d, size_t line, bool backwards);
