#include "tui/overview/overview_filter.h"

#include <time.h>

#include "shared/filter/filter_text.h"

static bool put_time(struct buffer *out, const char *field, int64_t at_s)
{
	time_t at = (time_t)at_s;
	char text[40];
	struct tm tm;
	return !gmtime_r(&at, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) ||
	       buffer_printf(out, "%s%s:%s", out->len ? " " : "", field, text);
}

static bool put_outcome(struct buffer *out, enum stats_outcome outcome)
{
	static const char *const terms[] = { [STATS_WAITING] = "state:waiting,sending,held",
					     [STATS_2XX] = "status:2xx",
					     [STATS_3XX] = "status:3xx",
					     [STATS_4XX] = "status:4xx",
					     [STATS_5XX] = "status:5xx",
					     [STATS_NO_ANSWER] = "status:err,timeout" };
	return buffer_append_text(out, terms[outcome]);
}

static bool put_bin(struct buffer *out, size_t bin)
{
	int above = bin ? stats_bin_ms(bin - 1) : -1, most = stats_bin_ms(bin);
	return (above < 0 || buffer_printf(out, "took:>%dms", above)) &&
	       (most < 0 || buffer_printf(out, "%stook:<=%dms", above < 0 ? "" : " ", most));
}

static bool put_key(struct buffer *out, enum stats_by by, struct bytes key)
{
	static const char *const fields[] = { "source", "event", "path", "status" };
	if (by == STATS_BY_PROVIDER && !key.len)
		return buffer_append_text(out, "source:none");
	if (by == STATS_BY_STATUS && !key.len)
		return buffer_append_text(out, "status:none");
	return filter_text_put(out, fields[by], key);
}

bool overview_filter_row(const struct overview_row *row, const struct stats_result *r, size_t step, struct buffer *out)
{
	switch (row->kind) {
	case OVERVIEW_OUTCOME:
		if (!put_outcome(out, (enum stats_outcome)row->index))
			return false;
		break;
	case OVERVIEW_BIN:
		if (!put_bin(out, row->index))
			return false;
		break;
	case OVERVIEW_GROUP:
		if (!put_key(out, r->wish.by, buffer_view(&r->groups[row->index].key)))
			return false;
		break;
	case OVERVIEW_FAILED:
		if (!put_key(out, r->wish.by, buffer_view(&r->most_failed[row->index].key)) ||
		    !buffer_append_text(out, " status:4xx,5xx,err,timeout"))
			return false;
		break;
	default:
		return true;
	}
	if (step < r->step_count && row->kind == OVERVIEW_OUTCOME)
		return put_time(out, "since", r->steps[step].at_s) &&
		       put_time(out, "before", r->steps[step].at_s + r->wish.step_s);
	return r->wish.from_s <= 0 || put_time(out, "since", r->wish.from_s);
}
