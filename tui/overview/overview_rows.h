/* The overview as rows: sums, outcomes over time, how long the app took, groups, the worst. Pure. */
#pragma once

#include "shared/stats/stats.h"

enum overview_kind {
	OVERVIEW_BLANK,
	OVERVIEW_HEADING, /* index: enum overview_heading */
	OVERVIEW_OUTCOME, /* index: enum stats_outcome */
	OVERVIEW_AXIS,
	OVERVIEW_BIN,    /* of the histogram */
	OVERVIEW_GROUP,  /* of `groups` */
	OVERVIEW_FAILED, /* of `most_failed` */
	OVERVIEW_SLOWEST,
	OVERVIEW_LARGEST,
};
enum overview_heading {
	HEADING_OUTCOMES,
	HEADING_TOOK,
	HEADING_GROUPS,
	HEADING_FAILED,
	HEADING_SLOWEST,
	HEADING_LARGEST,
};

#define OVERVIEW_ROWS 160
struct overview_row {
	enum overview_kind kind;
	size_t index;
};
struct overview_rows {
	struct overview_row at[OVERVIEW_ROWS];
	size_t count;
};
void overview_rows_make(struct overview_rows *rows, const struct stats_result *r);
/* Whether Enter does something on that row. */
bool overview_row_acts(const struct overview_row *row);
/* The delivery that a row is about; 0: it is not about a single one. */
int64_t overview_row_id(const struct overview_row *row, const struct stats_result *r);
/* "2xx", "no answer". */
const char *overview_outcome_words(enum stats_outcome outcome);
