/* Events that come back to their relay. */
#include "relay/common/limits.h"
#include "relay/common/loops.h"
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
		cmocka_unit_test(test_empty),
	};
	return RUN(tests);
}
