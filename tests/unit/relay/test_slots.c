/* Who may hand out next: claims of several nodes, and the slots there are. */
#include "relay/shares/slots.h"
#include "tests/unit/unit.h"

#define CLAIMS 3

/* A node with deliveries: when they were received, in its order. */
struct node {
	struct slots_claim claim;
	char name;
	uint32_t round; /* of the last grant */
	unsigned granted;
	bool gives_back; /* at once: it has nothing for it */
};

static struct slots slots;
static struct node nodes[CLAIMS];
static unsigned most;
static char order[64]; /* the names of those that were granted a slot, one after another */

static unsigned on_most(void *user)
{
	(void)user;
	return most;
}

static void on_grant(void *user, uint32_t round, unsigned count)
{
	struct node *n = user;
	n->round = round;
	for (unsigned i = 0; i < count; i++)
		order[strlen(order)] = n->name;
	if (n->gives_back)
		slots_give_back(&n->claim, count);
	else
		n->granted += count;
}

static int set_up(void **state)
{
	(void)state;
	memset(order, 0, sizeof order);
	slots_init(&slots, on_most, NULL);
	for (int i = 0; i < CLAIMS; i++) {
		nodes[i] = (struct node){ .name = (char)('a' + i) };
		nodes[i].claim.grant = on_grant;
		nodes[i].claim.user = &nodes[i];
		slots_join(&slots, &nodes[i].claim);
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	for (int i = 0; i < CLAIMS; i++)
		slots_leave(&nodes[i].claim);
	assert_int_equal(slots.held, 0);
	assert_null(slots.claims);
	return 0;
}

static void offer(struct node *n, uint64_t at)
{
	assert_true(slots_offer(&n->claim, n->claim.round, &at, 1));
}

/* It has handed out one, and says what comes next (0: nothing). */
static void finish(struct node *n, uint64_t next)
{
	assert_true(n->granted > 0);
	n->granted--;
	if (next)
		offer(n, next);
	slots_give_back(&n->claim, 1);
}

static void test_one_slot_keeps_the_order(void **state)
{
	(void)state;
	most = 1;
	offer(&nodes[1], 20);
	offer(&nodes[0], 10);
	assert_string_equal(order, ""); /* the third has not said what it has */
	offer(&nodes[2], 30);
	assert_string_equal(order, "a");
	finish(&nodes[0], 25);
	assert_string_equal(order, "ab");
	finish(&nodes[1], 40);
	assert_string_equal(order, "aba");
	finish(&nodes[0], 0);
	assert_string_equal(order, "abac");
	finish(&nodes[2], 0);
	finish(&nodes[1], 0);
	assert_string_equal(order, "abacb");
	assert_int_equal(slots.held, 0);
}

/* What comes next is read from its disk: nobody may overtake it. */
static void test_one_that_reads(void **state)
{
	(void)state;
	most = 1;
	offer(&nodes[0], 10);
	offer(&nodes[1], 20);
	slots_note(&nodes[2].claim, 0, false);
	assert_string_equal(order, "a");
	nodes[0].granted--;
	slots_note(&nodes[0].claim, 0, true);
	slots_give_back(&nodes[0].claim, 1);
	assert_string_equal(order, "a");
	offer(&nodes[0], 15);
	assert_string_equal(order, "aa");
	finish(&nodes[0], 0);
	assert_string_equal(order, "aab");
}

static void test_others_are_awaited(void **state)
{
	(void)state;
	most = 1;
	slots.awaited = 2;
	for (int i = 0; i < CLAIMS; i++)
		offer(&nodes[i], 10 + (uint64_t)i);
	assert_string_equal(order, "");
	slots.awaited--;
	slots_share(&slots);
	assert_string_equal(order, "");
	slots.awaited--;
	slots_share(&slots);
	assert_string_equal(order, "a");
	most = 2; /* then nobody is waited for */
	slots.awaited = 1;
	slots_share(&slots);
	assert_string_equal(order, "ab");
}

static void test_several_slots(void **state)
{
	(void)state;
	const uint64_t early[] = { 10, 12, 14 }, late[] = { 11, 20, 21 };
	most = 4;
	assert_true(slots_offer(&nodes[0].claim, 0, early, 3));
	assert_true(slots_offer(&nodes[1].claim, 0, late, 3));
	assert_string_equal(order, "aaab"); /* the first had the book to itself */
	assert_int_equal(slots.held, 4);
	finish(&nodes[0], 13);
	assert_string_equal(order, "aaaba");
	finish(&nodes[1], 0);
	finish(&nodes[0], 0);
	assert_string_equal(order, "aaababb");
	assert_int_equal(slots.held, 4);
	most = 1; /* somebody else is served beside it */
	finish(&nodes[0], 5);
	finish(&nodes[0], 0);
	assert_string_equal(order, "aaababb");
	most = 0; /* the client is away */
	finish(&nodes[1], 0);
	finish(&nodes[1], 0);
	assert_int_equal(slots.held, 0);
	assert_string_equal(order, "aaababb");
}

static void test_one_leaves_with_its_slots(void **state)
{
	(void)state;
	most = 1;
	offer(&nodes[0], 10);
	offer(&nodes[1], 20);
	offer(&nodes[2], 30);
	assert_string_equal(order, "a");
	slots_leave(&nodes[0].claim);
	assert_string_equal(order, "ab");
	slots_give_back(&nodes[2].claim, 7); /* it holds none */
	assert_int_equal(slots.held, 1);
	/* One that comes late, with something older. */
	nodes[0].claim.round = 0;
	slots_join(&slots, &nodes[0].claim);
	finish(&nodes[1], 0);
	assert_string_equal(order, "ab");
	offer(&nodes[0], 5);
	assert_string_equal(order, "aba");
}

static void test_another_round(void **state)
{
	(void)state;
	const uint64_t times[] = { 10, 20, 30 };
	most = 2;
	assert_true(slots_offer(&nodes[0].claim, 3, times, 3));
	assert_int_equal(nodes[0].round, 3);
	slots_note(&nodes[0].claim, 4, true);
	assert_int_equal(nodes[0].claim.count, 0);
	assert_int_equal(slots.held, 2);
	slots_give_back(&nodes[0].claim, 2);
	assert_string_equal(order, "aa");
	assert_true(slots_offer(&nodes[0].claim, 4, times, 1));
	assert_string_equal(order, "aaa");
	assert_int_equal(nodes[0].round, 4);
}

/* Granted what it has no use for: the slot is another's at once, from within. */
static void test_given_back_at_once(void **state)
{
	(void)state;
	most = 1;
	nodes[0].gives_back = true;
	const uint64_t times[] = { 10, 11, 12 };
	assert_true(slots_offer(&nodes[0].claim, 0, times, 3));
	offer(&nodes[1], 20);
	offer(&nodes[2], 30);
	assert_string_equal(order, "aaab");
	assert_int_equal(slots.held, 1);
}

static void test_begins_anew(void **state)
{
	(void)state;
	most = 2;
	offer(&nodes[0], 10);
	offer(&nodes[1], 20);
	assert_int_equal(slots.held, 2);
	slots_begin(&slots);
	assert_int_equal(slots.held, 0);
	slots_give_back(&nodes[0].claim, 1); /* of what was before */
	assert_int_equal(slots.held, 0);
	offer(&nodes[0], 10);
	assert_int_equal(slots.held, 1);
}

/* The client is at another node: what is offered goes there. */
static unsigned noted, offered, given_back;

static void on_far_note(void *end, uint32_t round, bool unsure)
{
	(void)end;
	(void)round;
	noted += unsure;
}

static bool on_far_offer(void *end, uint32_t round, const uint64_t *received_at_us, size_t count)
{
	assert_ptr_equal(end, &nodes[0]);
	assert_int_equal(round, 2);
	assert_int_equal(received_at_us[0], 10);
	offered += (unsigned)count;
	return true;
}

static void on_far_give_back(void *end, unsigned count)
{
	(void)end;
	given_back += count;
}

static void test_led_elsewhere(void **state)
{
	(void)state;
	static const struct slots_way way = { on_far_note, on_far_offer, on_far_give_back };
	const uint64_t times[] = { 10, 11 };
	most = 9;
	slots_lead(&nodes[0].claim, &way, &nodes[0]);
	slots_note(&nodes[0].claim, 2, true);
	assert_true(slots_offer(&nodes[0].claim, 2, times, 2));
	slots_give_back(&nodes[0].claim, 1);
	assert_int_equal(noted, 1);
	assert_int_equal(offered, 2);
	assert_int_equal(given_back, 1);
	assert_string_equal(order, "");
	slots_lead(&nodes[0].claim, NULL, NULL);
	assert_true(slots_offer(&nodes[0].claim, 2, times, 2));
	assert_string_equal(order, "aa");
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_one_slot_keeps_the_order),
		CASE(test_one_that_reads),
		CASE(test_others_are_awaited),
		CASE(test_several_slots),
		CASE(test_one_leaves_with_its_slots),
		CASE(test_another_round),
		CASE(test_given_back_at_once),
		CASE(test_begins_anew),
		CASE(test_led_elsewhere),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
