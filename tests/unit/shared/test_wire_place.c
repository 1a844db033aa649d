/* What may come where: every type, from both sides, with all flags, on stream 0 and above, before and after the
 * greeting. */
#include "shared/wire/wire_place.h"
#include "tests/unit/unit.h"

static const uint64_t streams[] = { 0, 1, UINT64_MAX };

static enum wire_place place_of(unsigned type, unsigned flags, uint64_t stream, enum wire_side from, bool greeted)
{
	struct wire_frame f = { .type = (uint8_t)type, .flags = (uint8_t)flags, .stream = stream };
	return wire_place(&f, from, greeted);
}

/* The rules of the first relay, which looked for itself: what it closed the connection for. */
static bool relay_refuses(const struct wire_frame *f, bool greeted)
{
	if (!greeted)
		return f->type != WIRE_HELLO || f->stream != 0;
	switch (f->type) {
	case WIRE_RECORDED:
	case WIRE_RESPONSE:
	case WIRE_RESET:
	case WIRE_WINDOW:
	case WIRE_DATA: /* trailers of an answer, once refused, may come */
		return f->stream == 0;
	default:
		return f->type <= WIRE_RESUME;
	}
}

/* The same of the first client, which did not look at the stream. */
static bool client_refuses(const struct wire_frame *f, bool greeted)
{
	if (f->type == WIRE_NOTICE || f->type == WIRE_GOAWAY)
		return false;
	if (!greeted)
		return f->type != WIRE_WELCOME && f->type <= WIRE_RESUME;
	switch (f->type) {
	case WIRE_HELLO:
	case WIRE_WELCOME:
	case WIRE_RESPONSE:
	case WIRE_RECORDED:
		return true;
	default:
		return false;
	}
}

/* The connection's own window is the link's, and comes to nobody else. */
static bool is_links_own(const struct wire_frame *f)
{
	return f->type == WIRE_WINDOW && f->stream == 0;
}

static void check_all_flags(unsigned type, uint64_t stream, bool greeted)
{
	for (unsigned flags = 0; flags < 256; flags++) {
		struct wire_frame f = { .type = (uint8_t)type, .flags = (uint8_t)flags, .stream = stream };
		if (is_links_own(&f))
			continue;
		enum wire_place place = wire_place(&f, WIRE_SIDE_CLIENT, greeted);
		bool passes = place == WIRE_PLACE_RIGHT || (greeted && place == WIRE_PLACE_UNKNOWN);
		if (passes == relay_refuses(&f, greeted))
			fail_msg("the relay: type %u, flags %u, stream %llu, greeted %d", type, flags,
				 (unsigned long long)stream, greeted);
		place = wire_place(&f, WIRE_SIDE_RELAY, greeted);
		passes = place != WIRE_PLACE_SIDE && place != WIRE_PLACE_TIME;
		if (passes == client_refuses(&f, greeted))
			fail_msg("the client: type %u, flags %u, stream %llu, greeted %d", type, flags,
				 (unsigned long long)stream, greeted);
	}
}

/* What either end refuses by the table is what it refused before there was one. */
static void test_as_it_always_was(void **state)
{
	(void)state;
	for (unsigned type = 0; type < 256; type++)
		for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
			for (int greeted = 0; greeted < 2; greeted++)
				check_all_flags(type, streams[i], greeted);
}

static void test_which_fault_it_is(void **state)
{
	static const struct {
		enum wire_type type;
		unsigned flags;
		uint64_t stream;
		enum wire_side from;
		bool greeted;
		enum wire_place place;
	} cases[] = {
		{ WIRE_HELLO, 0, 0, WIRE_SIDE_CLIENT, false, WIRE_PLACE_RIGHT },
		{ WIRE_HELLO, 0, 0, WIRE_SIDE_CLIENT, true, WIRE_PLACE_TIME },
		{ WIRE_HELLO, 0, 1, WIRE_SIDE_CLIENT, false, WIRE_PLACE_STREAM },
		{ WIRE_HELLO, 0, 0, WIRE_SIDE_RELAY, false, WIRE_PLACE_SIDE },
		{ WIRE_WELCOME, 0, 0, WIRE_SIDE_RELAY, false, WIRE_PLACE_RIGHT },
		{ WIRE_WELCOME, 0, 0, WIRE_SIDE_RELAY, true, WIRE_PLACE_TIME },
		{ WIRE_REQUEST, WIRE_END | WIRE_REFUSED, 7, WIRE_SIDE_RELAY, true, WIRE_PLACE_RIGHT },
		{ WIRE_REQUEST, 0, 7, WIRE_SIDE_RELAY, false, WIRE_PLACE_TIME },
		{ WIRE_REQUEST, 0, 0, WIRE_SIDE_RELAY, true, WIRE_PLACE_STREAM },
		{ WIRE_REQUEST, 0, 7, WIRE_SIDE_CLIENT, true, WIRE_PLACE_SIDE },
		{ WIRE_DATA, WIRE_END | WIRE_TRAILERS, 7, WIRE_SIDE_RELAY, true, WIRE_PLACE_RIGHT },
		{ WIRE_DATA, WIRE_END | WIRE_TRAILERS, 7, WIRE_SIDE_CLIENT, true, WIRE_PLACE_RIGHT },
		{ WIRE_DATA, WIRE_SPOOLED | 128, 7, WIRE_SIDE_CLIENT, true, WIRE_PLACE_RIGHT }, /* ignored */
		{ WIRE_WINDOW, 0, 0, WIRE_SIDE_CLIENT, true, WIRE_PLACE_RIGHT },
		{ WIRE_NOTICE, 0, 0, WIRE_SIDE_RELAY, false, WIRE_PLACE_RIGHT },
		{ WIRE_NOTICE, 0, 0, WIRE_SIDE_RELAY, true, WIRE_PLACE_RIGHT },
		{ WIRE_NOTICE, 0, 9, WIRE_SIDE_RELAY, true, WIRE_PLACE_STREAM },
		{ WIRE_GOAWAY, 0, 0, WIRE_SIDE_CLIENT, true, WIRE_PLACE_SIDE },
		{ WIRE_RESUME, 0, 0, WIRE_SIDE_RELAY, true, WIRE_PLACE_RIGHT },
		{ WIRE_RESUME, 0, 3, WIRE_SIDE_RELAY, true, WIRE_PLACE_RIGHT },
		{ WIRE_TYPES, 0, 0, WIRE_SIDE_RELAY, true, WIRE_PLACE_UNKNOWN },
		{ WIRE_TYPES, 255, 1, WIRE_SIDE_CLIENT, false, WIRE_PLACE_UNKNOWN },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (place_of(cases[i].type, cases[i].flags, cases[i].stream, cases[i].from, cases[i].greeted) !=
		    cases[i].place)
			fail_msg("case %zu, type %d", i, (int)cases[i].type);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_as_it_always_was),
		cmocka_unit_test(test_which_fault_it_is),
	};
	return RUN(tests);
}
