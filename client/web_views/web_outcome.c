#include "client/web_views/web_outcome.h"

#include <stdio.h>

static struct web_outcome word(const char *text, const char *kind)
{
	struct web_outcome o = { .kind = kind };
	snprintf(o.text, sizeof o.text, "%s", text);
	return o;
}

struct web_outcome web_outcome(const struct delivery_row *row)
{
	static const char *const kinds[] = { "ow", "ow", "o2", "o3", "o4", "o5" };
	switch (row->state) {
	case DELIVERY_WAITING:
		return word("wait", "ow");
	case DELIVERY_SENDING:
		return word("send", "ow");
	case DELIVERY_HELD:
		return word("HELD", "ow");
	case DELIVERY_REFUSED:
		return word("refused", "ow");
	case DELIVERY_DELIVERED:
	case DELIVERY_FAILED:
		break;
	}
	if (row->timed_out)
		return word("TIME", "o6");
	if (row->broke_off || row->status == 0)
		return word("ERR", "o6");
	struct web_outcome o = { .kind = row->status < 600 ? kinds[row->status / 100] : "ow" };
	snprintf(o.text, sizeof o.text, "%d", row->status);
	return o;
}
