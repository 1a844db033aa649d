/* Events that are spelled nearly as ones that there are. */
#include "client/trigger/event_names.h"
#include "client/trigger/sample_hints.h"
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
		{ "stripe", "", "invoice.paid" },
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
		struct sample_hints hints = { .count = 0 };
		char name[SAMPLE_HINT_LEN];
		bool doubt = event_names_doubt(cases[i][0], cases[i][1]);
		snprintf(name, sizeof name, "%s.%s", cases[i][0], cases[i][1]);
		if (doubt)
			sample_hints_find(name, &hints);
		const char *near = hints.count ? hints.names[0] + strlen(cases[i][0]) + 1 : "";
		if (doubt != (cases[i][2] != NULL) || (doubt && strcmp(near, cases[i][2]) != 0))
			fail_msg("%s: %d %s", name, doubt, near);
	}
}

static void test_hints(void **state)
{
	static const char *const cases[][2] = {
		{ "pull_request.opened", "github.pull_request.opened" },
		{ "stripe.invoice", "stripe.invoice.paid, stripe.invoice.payment_failed or stripe.invoice.created" },
		{ "gitla.push", "gitlab.push or gitea.push" },
		{ "gihub", "github.push" },
		{ "sripe", "stripe.invoice.paid" },
		{ "push", "github.push, gitlab.push or dockerhub.push" },
		{ "issue.opened", "github.issues.opened" },
		{ "pull_requst", "github.pull_request" },
		{ "orders/create", "shopify.orders.create" },
		{ "workflow_run.completed", "github.workflow_run.completed" },
		{ "strpe.invoice.payed", "stripe.invoice.paid" },
		{ "Stripe.Invoice.Paid", "stripe.invoice.paid" },
		{ "stripe_invoice.paid", "stripe.invoice.paid" },
		{ "gitlab.merge_requst", "gitlab.merge_request" },
		{ "", "" },
		{ ".", "" },
		{ "nobody.at.all", "" },
	};
	(void)state;
	size_t bad = 0;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sample_hints hints;
		char names[SAMPLE_HINTS_MOST * SAMPLE_HINT_LEN];
		sample_hints_find(cases[i][0], &hints);
		sample_hints_join(&hints, names, sizeof names);
		if (strcmp(names, cases[i][1]) != 0)
			print_error("%s: %s\n", cases[i][0], names), bad++;
	}
	assert_int_equal(bad, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_doubt),
		cmocka_unit_test(test_hints),
	};
	return RUN(tests);
}
