#include "shared/wire/wire_place.h"

enum where { CONNECTION = 1, STREAM = 2, ANY = CONNECTION | STREAM };

enum when { FIRST = 1, LATER = 2, ALWAYS = FIRST | LATER };

struct row {
	bool sent_by[2]; /* by enum wire_side */
	enum where where;
	enum when when;
};

#define SENDS(flags) true
#define NEVER false
#define WIRE_TYPE(number, name, client, relay, stream, time) [number] = { { client, relay }, stream, time },

static const struct row rows[] = {
#include "shared/wire/wire_types.def"
};

enum wire_place wire_place(const struct wire_frame *f, enum wire_side from, bool greeted)
{
	/* 0 will never be a type. Only clients that are online have always skipped it. */
	if (f->type == 0)
		return from == WIRE_SIDE_RELAY && greeted ? WIRE_PLACE_UNKNOWN : WIRE_PLACE_SIDE;
	if (f->type >= sizeof rows / sizeof *rows)
		return WIRE_PLACE_UNKNOWN;
	const struct row *row = &rows[f->type];
	if (!row->sent_by[from])
		return WIRE_PLACE_SIDE;
	if (!(row->when & (greeted ? LATER : FIRST)))
		return WIRE_PLACE_TIME;
	if (!(row->where & (f->stream ? STREAM : CONNECTION)))
		return WIRE_PLACE_STREAM;
	return WIRE_PLACE_RIGHT;
}
