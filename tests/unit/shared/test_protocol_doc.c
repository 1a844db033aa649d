/* shared/PROTOCOL.md against the code: its hex examples decode with the codec, and encoding what was decoded gives the
 * same bytes again; its table of frames is that of wire_types.def. Run from the project's root. */
#include "shared/wire/wire_place.h"
#include "tests/unit/unit.h"

#define FENCE "```"

static bool encode_again(const struct wire_frame *f, struct buffer *out)
{
	union {
		struct wire_hello hello;
		struct wire_welcome welcome;
		struct wire_request request;
		struct wire_response response;
		struct wire_note note;
		struct wire_resume resume;
		uint8_t id[UUID_LEN];
		uint32_t number;
	} v;
	struct bytes reason;
	memset(&v, 0, sizeof v);
	switch (f->type) {
	case WIRE_HELLO:
		return wire_decode_hello(f->payload, &v.hello) && wire_encode_hello(out, WIRE_HELLO, 0, &v.hello);
	case WIRE_WELCOME:
		return wire_decode_welcome(f->payload, &v.welcome) && wire_encode_welcome(out, &v.welcome);
	case WIRE_REQUEST:
		return wire_decode_request(f->payload, &v.request) &&
		       wire_encode_request(out, f->stream, f->flags, &v.request);
	case WIRE_DATA:
		return wire_encode_data(out, f->stream, f->flags, f->payload);
	case WIRE_SEALED:
		return wire_encode_sealed(out, f->stream, f->flags, f->payload);
	case WIRE_RESUME:
		return wire_decode_resume(f->payload, &v.resume) && wire_encode_resume(out, f->stream, &v.resume);
	case WIRE_RESPONSE:
		return wire_decode_response(f->payload, &v.response) &&
		       wire_encode_response(out, f->stream, f->flags, &v.response);
	case WIRE_RECORDED:
	case WIRE_DONE:
		return wire_decode_event_id(f->payload, v.id) &&
		       wire_encode_event_id(out, (enum wire_type)f->type, f->stream, v.id);
	case WIRE_RESET:
		return wire_decode_reset(f->payload, &v.number, &reason) &&
		       wire_encode_reset(out, f->stream, v.number, reason);
	case WIRE_WINDOW:
		return wire_decode_window(f->payload, &v.number) && wire_encode_window(out, f->stream, v.number);
	case WIRE_GOAWAY:
	case WIRE_NOTICE:
		return wire_decode_note(f->payload, &v.note) &&
		       wire_encode_note(out, (enum wire_type)f->type, f->stream, &v.note);
	default:
		return false;
	}
}

static void check_example(const char *name, struct bytes bytes)
{
	struct wire_frame frame;
	size_t used = 0;
	struct buffer again = { 0 };
	if (wire_decode_frame(bytes, &frame, &used) != WIRE_OK || used != bytes.len)
		fail_msg("example %s is not one whole frame", name);
	if (!encode_again(&frame, &again))
		fail_msg("example %s does not decode", name);
	assert_int_equal(again.len, bytes.len);
	assert_memory_equal(again.at, bytes.at, bytes.len);
	buffer_free(&again);
}

static int hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void test_examples(void **state)
{
	(void)state;
	FILE *doc = fopen("shared/PROTOCOL.md", "r");
	assert_non_null(doc);
	char line[512], name[64] = "";
	struct buffer bytes = { 0 };
	bool inside = false;
	unsigned seen = 0;
	while (fgets(line, sizeof line, doc)) {
		line[strcspn(line, "\n")] = 0;
		if (!inside && strncmp(line, FENCE "hex ", 7) == 0) {
			snprintf(name, sizeof name, "%.60s", line + 7);
			inside = true;
			bytes.len = 0;
		} else if (inside && strcmp(line, FENCE) == 0) {
			inside = false;
			check_example(name, buffer_view(&bytes));
			assert_non_null(bytes.at);
			seen |= 1u << bytes.at[4];
		} else if (inside) {
			for (size_t i = 0; line[i] && line[i + 1]; i += 2) {
				int high = hex_value(line[i]), low = hex_value(line[i + 1]);
				assert_true(high >= 0 && low >= 0);
				assert_true(buffer_put_u8(&bytes, (uint8_t)(high * 16 + low)));
			}
		}
	}
	fclose(doc);
	buffer_free(&bytes);
	for (unsigned type = WIRE_HELLO; type < WIRE_TYPES; type++)
		if (!(seen & (1u << type)))
			fail_msg("PROTOCOL.md has no example of type %u", type);
}

/* ---- the table of frames ---- */

static const struct {
	const char *name;
	uint8_t value;
} flag_names[] = {
	{ "END", WIRE_END },         { "TRAILERS", WIRE_TRAILERS }, { "SPOOLED", WIRE_SPOOLED },
	{ "REFUSED", WIRE_REFUSED }, { "UPGRADE", WIRE_UPGRADE },
};

static const char *type_name(unsigned type)
{
	static const char *const names[] = {
#define WIRE_TYPE(number, name, client, relay, stream, time) [number] = #name,
#include "shared/wire/wire_types.def"
	};
	return names[type];
}

static bool sends(unsigned type, enum wire_side side)
{
	struct wire_frame f = { .type = (uint8_t)type, .stream = 1 };
	return wire_place(&f, side, true) != WIRE_PLACE_SIDE;
}

/* By all that may come on it, whatever the time. */
static bool fits(unsigned type, uint64_t stream, uint8_t flags, enum wire_side side)
{
	struct wire_frame f = { .type = (uint8_t)type, .flags = flags, .stream = stream };
	return wire_place(&f, side, false) == WIRE_PLACE_RIGHT || wire_place(&f, side, true) == WIRE_PLACE_RIGHT;
}

/* "END, TRAILERS (from the relay)": the flag and, where a side alone sets it, which. */
static void check_flags(unsigned type, const char *cell)
{
	char rest[200];
	unsigned seen = 0;
	snprintf(rest, sizeof rest, "%s", cell);
	for (char *at = strtok(rest, ","); at; at = strtok(NULL, ",")) {
		char name[40] = "", direction[40] = "";
		if (sscanf(at, " %39[A-Z] (%39[^)])", name, direction) < 1)
			continue;
		size_t i = 0;
		while (i < sizeof flag_names / sizeof *flag_names && strcmp(flag_names[i].name, name) != 0)
			i++;
		if (i == sizeof flag_names / sizeof *flag_names)
			fail_msg("type %u: no flag %s", type, name);
		seen |= flag_names[i].value;
		bool relay = fits(type, 1, flag_names[i].value, WIRE_SIDE_RELAY);
		bool client = fits(type, 1, flag_names[i].value, WIRE_SIDE_CLIENT);
		if (*direction && (!relay || client || strcmp(direction, "from the relay") != 0))
			fail_msg("type %u, flag %s: not %s", type, name, direction);
		else if (!*direction &&
			 (relay != sends(type, WIRE_SIDE_RELAY) || client != sends(type, WIRE_SIDE_CLIENT)))
			fail_msg("type %u, flag %s: not of each side that sends it", type, name);
	}
	static const uint8_t known[] = {
#define NEVER 0
#define SENDS(flags) (flags)
#define WIRE_TYPE(number, name, client, relay, stream, time) [number] = (client) | (relay),
#include "shared/wire/wire_types.def"
	};
	assert_int_equal(seen, known[type]);
}

static void check_row(unsigned type, char *cells[4])
{
	if (strcmp(cells[0], type_name(type)) != 0)
		fail_msg("type %u is %s, not %s", type, type_name(type), cells[0]);
	bool relay = sends(type, WIRE_SIDE_RELAY), client = sends(type, WIRE_SIDE_CLIENT);
	const char *direction = relay && client ? "both" : relay ? "relay → client" : "client → relay";
	assert_string_equal(cells[1], direction);
	enum wire_side side = relay ? WIRE_SIDE_RELAY : WIRE_SIDE_CLIENT;
	const char *stream = !fits(type, 1, 0, side) ? "0" : fits(type, 0, 0, side) ? "any" : "> 0";
	assert_string_equal(cells[2], stream);
	check_flags(type, cells[3]);
}

static void test_table_of_frames(void **state)
{
	(void)state;
	FILE *doc = fopen("shared/PROTOCOL.md", "r");
	assert_non_null(doc);
	char line[512];
	bool inside = false;
	unsigned next = 1;
	while (fgets(line, sizeof line, doc)) {
		if (strncmp(line, "| type | name |", 15) == 0)
			inside = true;
		else if (*line != '|')
			inside = false;
		unsigned type = 0;
		char name[20], direction[30], stream[10], flags[100] = "";
		char *cells[4] = { name, direction, stream, flags };
		if (!inside || sscanf(line, "| %u | %19[A-Z] | %29[^|] | %9[^|] | %99[^|]|", &type, name, direction,
				      stream, flags) < 4)
			continue;
		for (size_t i = 1; i < 4; i++)
			for (size_t len = strlen(cells[i]); len > 0 && cells[i][len - 1] == ' ';)
				cells[i][--len] = 0;
		assert_int_equal(type, next++);
		check_row(type, cells);
	}
	fclose(doc);
	assert_int_equal(next, WIRE_TYPES);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_examples), cmocka_unit_test(test_table_of_frames) };
	return RUN(tests);
}
