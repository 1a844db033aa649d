#include "shared/wire/wire_place.h"

enum where { CONNECTION = 1, STREAM = 2, ANY = CONNECTION | STREAM };

enum when { FIRST = 1, LATER = 2, ALWAYS = FIRST | LATER };

struct sent {
	bool sends;
	uint8_t flags;
};

struct row {
	struct sent by[2]; /* by enum wire_side */
	enum where where;
	enum when when;
};

#define SENDS(flags)                                                                                                   \
	{                                                                                                              \
		true, flags                                                                                            \
	}
#define NEVER                                                                                                          \
	{                                                                                                              \
		false, 0                                                                                               \
	}
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
	const struct sent *mine = &row->by[from], *other = &row->by[!from];
	if (!mine->sends)
		return WIRE_PLACE_SIDE;
	if (!(row->when & (greeted ? LATER : FIRST)))
		return WIRE_PLACE_TIME;
	if (!(row->where & (f->stream ? STREAM : CONNECTION)))
		return WIRE_PLACE_STREAM;
	return f->flags & other->flags & ~mine->flags ? WIRE_PLACE_FLAGS : WIRE_PLACE_RIGHT;
}
