#include "client/stream/inflow.h"

bool inflow_come(struct inflow *in, size_t len)
{
	if (len > 0 && in->window <= 0)
		return false;
	in->window -= (int64_t)len;
	return true;
}

void inflow_gone(struct inflow *in, const struct wire_out *w, uint64_t id, size_t len)
{
	in->due += (uint32_t)len;
	if (in->due < WIRE_STREAM_WINDOW / 4)
		return;
	w->ops->window(w->link, id, in->due);
	in->window += in->due;
	in->due = 0;
}

bool inflow_take(struct inflow *in, const struct wire_out *w, uint64_t id, size_t len)
{
	if (!inflow_come(in, len))
		return false;
	inflow_gone(in, w, id, len);
	return true;
}
