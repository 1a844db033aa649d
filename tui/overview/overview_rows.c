#include "tui/overview/overview_rows.h"

#define GROUPS_SHOWN 12
#define FAILED_SHOWN 6

static void put(struct overview_rows *rows, enum overview_kind kind, size_t index)
{
	if (rows->count < OVERVIEW_ROWS)
		rows->at[rows->count++] = (struct overview_row){ kind, index };
}

static void put_all(struct overview_rows *rows, enum overview_heading heading, enum overview_kind kind, size_t from,
		    size_t to)
{
	if (from >= to)
		return;
	put(rows, OVERVIEW_BLANK, 0);
	put(rows, OVERVIEW_HEADING, heading);
	for (size_t i = from; i < to; i++)
		put(rows, kind, i);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

void overview_rows_make(struct overview_rows *rows, const struct stats_result *r)
{
	static const enum stats_outcome order[] = { STATS_2XX, STATS_3XX,       STATS_4XX,
						    STATS_5XX, STATS_NO_ANSWER, STATS_WAITING };
	size_t first = 0, end = STATS_BINS, failed = 0;
	rows->count = 0;
	put(rows, OVERVIEW_HEADING, HEADING_OUTCOMES);
	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (r->counts[order[i]])
			put(rows, OVERVIEW_OUTCOME, order[i]);
	if (r->count)
		put(rows, OVERVIEW_AXIS, 0);
	while (first < end && !r->histogram[first])
		first++;
	while (end > first && !r->histogram[end - 1])
		end--;
	while (failed < r->most_failed_count && failed < FAILED_SHOWN && r->most_failed[failed].failed)
		failed++;
	put_all(rows, HEADING_TOOK, OVERVIEW_BIN, first, end);
	put_all(rows, HEADING_GROUPS, OVERVIEW_GROUP, 0, least(r->group_count, GROUPS_SHOWN));
	put_all(rows, HEADING_FAILED, OVERVIEW_FAILED, 0, failed);
	put_all(rows, HEADING_SLOWEST, OVERVIEW_SLOWEST, 0, r->slowest_count);
	put_all(rows, HEADING_LARGEST, OVERVIEW_LARGEST, 0, r->largest_count);
}

bool overview_row_acts(const struct overview_row *row)
{
	return row->kind != OVERVIEW_BLANK && row->kind != OVERVIEW_HEADING && row->kind != OVERVIEW_AXIS;
}

int64_t overview_row_id(const struct overview_row *row, const struct stats_result *r)
{
	if (row->kind == OVERVIEW_SLOWEST)
		return r->slowest[row->index].id;
	return row->kind == OVERVIEW_LARGEST ? r->largest[row->index].id : 0;
}

const char *overview_outcome_words(enum stats_outcome outcome)
{
	return outcome == STATS_NO_ANSWER ? "no answer" : stats_outcome_name(outcome);
}
