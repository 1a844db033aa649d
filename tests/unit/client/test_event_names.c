/* Events that are spelled nearly as ones that there are. */
#include "client/trigger/event_names.h"
#include "tests/unit/unit.h"

static void test_doubt(void **state)
{
	static const char *const cases[][3] = {
		{ "stripe", "invoice.payed", "invoice.paid" },
		{ "stripe", "charge.refund", "charge.refunded" },
		{ "stripe", "checkout.session.complete", "checkout.session.completed" },
		{ "github", "issue", "issues" },
		{ "github", "pus", "push" },
		{ "github", "psuh", "push" },
		{ "shopify", "order.create", "orders.create" },
		{ "stripe", "v2.money_management.something.entirely_new", "" },
		{ "stripe", "", "" },
		/* known, or nobody's business */
		{ "stripe", "invoice.paid", NULL },
		{ "stripe", "customer.created", NULL },
		{ "github", "pull_request.opened", NULL },
		{ "shopify", "products.create", NULL },
		{ "standard", "user.creatd", NULL },
		{ "strip", "invoice.payed", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct bytes near[EVENT_NAMES_NEAR];
		bool doubt = event_names_doubt(cases[i][0], cases[i][1], near);
		if (doubt != (cases[i][2] != NULL) || (doubt && !bytes_equal(near[0], bytes_of(cases[i][2]))))
			fail_msg("%s.%s: %d %.*s", cases[i][0], cases[i][1], doubt, (int)near[0].len,
				 near[0].len ? (const char *)near[0].at : "");
	}
}

static void test_nearest_first(void **state)
{
	struct bytes near[EVENT_NAMES_NEAR];
	(void)state;
	assert_true(event_names_doubt("stripe", "price.createt", near));
	assert_true(bytes_equal(near[0], bytes_of("price.created")));
	assert_false(bytes_equal(near[1], near[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_nearest_first),
	};
	return RUN(tests);
}
