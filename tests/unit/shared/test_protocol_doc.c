/* The hex examples of shared/PROTOCOL.md: each decodes with the codec, and encoding what was decoded gives the same
 * bytes again. Run from the project's root. */
#include "shared/wire/wire.h"
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
		return wire_decode_hello(f->payload, &v.hello) && wire_encode_hello(out, &v.hello);
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
		return wire_decode_note(f->payload, &v.note) && wire_encode_note(out, (enum wire_type)f->type, &v.note);
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
	for (unsigned type = WIRE_HELLO; type <= WIRE_LAST_TYPE; type++)
		if (!(seen & (1u << type)))
			fail_msg("PROTOCOL.md has no example of type %u", type);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_examples) };
	return RUN(tests);
}
