/* Events that come back to their relay. */
#include "relay/common/limits.h"
#include "relay/common/loops.h"
#include "shared/base/buffer.h"
#include "shared/http/creel_via.h"
#include "tests/unit/unit.h"

#define START 5000 /* loop ms */

static const uint8_t id[UUID_LEN] = { 1, 2, 3, 4, 5, 6, 0x77, 8, 0x89, 10, 11, 12, 13, 14, 15, 16 };
#define FIELD "creel-event-id: 01020304-0506-7708-890a-0b0c0d0e0f10\r\n"

static void test_knows(void **state)
{
	struct loops *l = loops_new();
	(void)state;
	assert_non_null(l);
	assert_false(loops_has(l, bytes_of(FIELD), START));
	loops_note(l, id, START);
	assert_true(loops_has(l, bytes_of("Host: a\r\n" FIELD), START));
	assert_true(loops_has(l, bytes_of("Creel-Event-Id: 1\r\n" FIELD), START)); /* any of several */
	assert_false(loops_has(l, bytes_of("Host: a\r\n"), START));
	assert_false(loops_has(l, bytes_of("Creel-Event-Id: 01020304-0506-7708-890a-0b0c0d0e0f11\r\n"), START));
	assert_false(loops_has(l, bytes_of("Creel-Event-Id:\r\n"), START));
	loops_free(l);
}

static void test_forgets(void **state)
{
	struct loops *l = loops_new();
	uint8_t other[UUID_LEN];
	(void)state;
	loops_note(l, id, START);
	assert_true(loops_has(l, bytes_of(FIELD), START + 1000 * LIMIT_LOOP - 1));
	assert_false(loops_has(l, bytes_of(FIELD), START + 1000 * LIMIT_LOOP));
	loops_note(l, id, START);
	memcpy(other, id, UUID_LEN);
	other[0] = 9; /* for the same place */
	loops_note(l, other, START);
	assert_false(loops_has(l, bytes_of(FIELD), START));
	loops_free(l);
}

/* After other relays. */
static void test_via(void **state)
{
	struct loops *l = loops_new();
	struct buffer many = { 0 };
	(void)state;
	loops_note(l, id, START);
	static const char *const known[] = {
		"Creel-Via: 01020304-0506-7708-890a-0b0c0d0e0f10\r\n",
		"creel-via: 11020304-0506-7708-890a-0b0c0d0e0f10 ,\t01020304-0506-7708-890a-0b0c0d0e0f10,\r\n",
		"Creel-Via: x\r\nCreel-Via: ,01020304-0506-7708-890A-0B0C0D0E0F10\r\n",
	};
	static const char *const others[] = {
		"Creel-Via: 01020304-0506-7708-890a-0b0c0d0e0f1\r\n",
		"Creel-Via: ,,, ,\r\n",
		"Creel-Via:\r\n",
		"X-Creel-Via: 01020304-0506-7708-890a-0b0c0d0e0f10\r\n",
		"Creel-Via: 01020304-0506-7708-890a-0b0c0d0e0f10 01020304-0506-7708-890a-0b0c0d0e0f10\r\n",
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		assert_true(loops_has(l, bytes_of(known[i]), START));
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(loops_has(l, bytes_of(others[i]), START));
	for (int i = 1; i <= CREEL_VIA_MOST + 1; i++) {
		assert_true(buffer_printf(&many, "Creel-Via: 21020304-0506-7708-890a-0b0c0d0e0f10\r\n"));
		assert_int_equal(loops_has(l, buffer_view(&many), START), i > CREEL_VIA_MOST);
	}
	buffer_free(&many);
	loops_free(l);
}

static void test_empty(void **state)
{
	struct loops *l = loops_new();
	(void)state;
	assert_false(loops_has(l, bytes_of("Creel-Event-Id: 00000000-0000-0000-0000-000000000000\r\n"), 0));
	loops_free(l);
	loops_note(NULL, id, START);
	assert_false(loops_has(NULL, bytes_of(FIELD), START));
	loops_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_knows),
		cmocka_unit_test(test_forgets),
		cmocka_unit_test(test_via),
		cmocka_unit_test(test_empty),
	};
	return RUN(tests);
}
