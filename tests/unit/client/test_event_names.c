/* Events that are spelled nearly as ones that there are. */
#include "client/trigger/event_names.h"
#include "client/trigger/samples.h"
#include "tests/unit/unit.h"

static void test_doubt(void **state)
{
	static const char *const cases[][3] = {
		{ "stripe", "invoice.payed", "invoice.paid" },
		{ "stripe", "charge.refund", "charge.refunded" },
		{ "stripe", "checkout.session.complete", "checkout.session.completed" },
		{ "github", "issue", "issues" },
		{ "github", "pus", "push" },
		{ "shopify", "order.create", "orders.create" },
		/* known, new, or nobody's business */
		{ "stripe", "invoice.paid", NULL },
		{ "stripe", "customer.created", NULL },
		{ "stripe", "v2.money_management.something.entirely_new", NULL },
		{ "github", "pull_request.opened", NULL },
		{ "shopify", "products.create", NULL },
		{ "standard", "user.creatd", NULL },
		{ "strip", "invoice.payed", NULL },
		{ "stripe", "", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *near[EVENT_NAMES_NEAR];
		bool doubt = event_names_doubt(cases[i][0], strlen(cases[i][0]), cases[i][1], near);
		if (doubt != (cases[i][2] != NULL) || (doubt && strcmp(near[0], cases[i][2]) != 0))
			fail_msg("%s.%s: %s", cases[i][0], cases[i][1], doubt ? near[0] : "no doubt");
	}
}

static void test_nearest_first(void **state)
{
	const char *near[EVENT_NAMES_NEAR];
	(void)state;
	assert_true(event_names_doubt("stripe", 6, "price.createt", near));
	assert_string_equal(near[0], "price.created");
	for (size_t i = 0; i < EVENT_NAMES_NEAR; i++)
		assert_true(!near[i] || strcmp(near[i], "price.createt") != 0);
}

/* What there are samples of is known. */
static void test_samples_are_known(void **state)
{
	(void)state;
	for (const struct sample *s = samples_built_in; s->name; s++) {
		const char *dot = strchr(s->name, '.'), *near[EVENT_NAMES_NEAR];
		if (dot && strcmp(dot, ".any") != 0 &&
		    event_names_doubt(s->name, (size_t)(dot - s->name), dot + 1, near))
			fail_msg("%s is taken for %s", s->name, near[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_nearest_first),
		cmocka_unit_test(test_samples_are_known),
	};
	return RUN(tests);
}
