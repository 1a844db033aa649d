/* The tunnel names that tokens own, and how a relay forgets them. */
#include "relay/names/router.h"
#include "relay/names/tokens.h"
#include "tests/unit/unit.h"

#include <stdlib.h>

static char folder[] = "/tmp/creel-names-XXXXXX";
static struct tokens *tokens;

static int set_up(void **state)
{
	char secret[TOKEN_TEXT_LEN + 1];
	struct error e;
	(void)state;
	strcpy(folder, "/tmp/creel-names-XXXXXX");
	return !mkdtemp(folder) || !tokens_open(&tokens, folder, true, &e) ||
	       !tokens_add(tokens, "anna", "*", secret, &e) || !tokens_add(tokens, "ben", "b*", secret, &e) ||
	       tokens_count(tokens) != 2;
}

static int tear_down(void **state)
{
	char command[80];
	(void)state;
	tokens_close(tokens);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return system(command);
}

static void collect_name(void *user, const struct name_row *row)
{
	char *all = user;
	size_t len = strlen(all);
	snprintf(all + len, 200 - len, "%s:%s ", row->owner, row->name);
}

static void collect_count(void *user, const struct token_row *row)
{
	((uint64_t *)user)[strcmp(row->name, "anna") == 0 ? 0 : 1] = row->names;
}

static void test_the_bound(void **state)
{
	char owner[65];
	(void)state;
	assert_int_equal(tokens_claim(tokens, "anna", "one", 2), CLAIM_OK);
	assert_int_equal(tokens_claim(tokens, "anna", "two", 2), CLAIM_OK);
	assert_int_equal(tokens_claim(tokens, "anna", "three", 2), CLAIM_FULL);
	assert_int_equal(tokens_claim(tokens, "anna", "two", 2), CLAIM_OK); /* its own */
	assert_int_equal(tokens_claim(tokens, "anna", "one", 1), CLAIM_OK); /* though the bound was made smaller */
	assert_int_equal(tokens_claim(tokens, "ben", "b", 2), CLAIM_OK);
	assert_int_equal(tokens_claim(tokens, "anna", "b", 2), CLAIM_TAKEN); /* freeing one would not help */
	assert_int_equal(tokens_claim(tokens, "ben", "three", 0), CLAIM_FORBIDDEN);
	assert_int_equal(tokens_claim(tokens, "anna", "three", 0), CLAIM_OK); /* no bound */
	assert_int_equal(tokens_owner_of(tokens, "two", owner), NAME_OWNED);
	assert_string_equal(owner, "anna");
	assert_int_equal(tokens_owner_of(tokens, "four", owner), NAME_FREE);
}

static void test_listing(void **state)
{
	char all[200] = "";
	uint64_t counts[2] = { 9, 9 };
	struct error e;
	(void)state;
	assert_int_equal(tokens_claim(tokens, "anna", "two", 0), CLAIM_OK);
	assert_int_equal(tokens_claim(tokens, "anna", "one", 0), CLAIM_OK);
	assert_int_equal(tokens_claim(tokens, "ben", "b", 0), CLAIM_OK);
	assert_true(tokens_list_names(tokens, NULL, collect_name, all, &e));
	assert_string_equal(all, "anna:one anna:two ben:b ");
	*all = 0;
	assert_true(tokens_list_names(tokens, "ben", collect_name, all, &e));
	assert_string_equal(all, "ben:b ");
	assert_false(tokens_list_names(tokens, "carl", collect_name, all, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_true(tokens_list(tokens, collect_count, counts, &e));
	assert_true(counts[0] == 2 && counts[1] == 1);
}

static void test_freed_by_another_program(void **state)
{
	struct tokens *elsewhere;
	struct error e;
	char owner[65];
	int64_t seen = 0;
	(void)state;
	assert_int_equal(tokens_claim(tokens, "anna", "one", 1), CLAIM_OK);
	assert_true(tokens_settle(tokens, &e));
	assert_true(tokens_changed_elsewhere(tokens, &seen));
	assert_false(tokens_changed_elsewhere(tokens, &seen));
	assert_true(tokens_open(&elsewhere, folder, false, &e));
	assert_true(tokens_free_name(elsewhere, "one", &e));
	assert_false(tokens_free_name(elsewhere, "one", &e));
	assert_int_equal(e.code, EXIT_USAGE);
	tokens_close(elsewhere);
	assert_true(tokens_changed_elsewhere(tokens, &seen));
	assert_int_equal(tokens_owner_of(tokens, "one", owner), NAME_FREE);
	assert_int_equal(tokens_claim(tokens, "anna", "two", 1), CLAIM_OK);
	assert_false(tokens_changed_elsewhere(tokens, &seen)); /* what it writes itself it knows */
}

/* New names are written together, one that is known at once: none of it needs a sync of its own. */
static void test_names_that_come_at_once(void **state)
{
	struct tokens *elsewhere;
	struct error e;
	char owner[65];
	struct token_shared known = { .name = "carl", .tunnels = "*", .created_at_us = 1 };
	uint8_t id[TOKENS_NODE_ID_LEN];
	(void)state;
	assert_true(tokens_shared_open(tokens, id, &e));
	assert_true(tokens_open(&elsewhere, folder, false, &e));
	assert_false(tokens_is_unsettled(tokens));
	assert_int_equal(tokens_claim(tokens, "anna", "one", 0), CLAIM_OK);
	assert_int_equal(tokens_claim(tokens, "anna", "two", 0), CLAIM_OK);
	assert_true(tokens_is_unsettled(tokens));
	assert_int_equal(tokens_claim(tokens, "ben", "b-one", 0), CLAIM_OK);
	assert_int_equal(tokens_claim(tokens, "ben", "b-one", 0), CLAIM_OK);
	assert_int_equal(tokens_claim(tokens, "anna", "b-one", 0), CLAIM_TAKEN);
	assert_true(tokens_shared_own(tokens, "there", "anna", 7, &e));
	assert_true(tokens_shared_take(tokens, &known, &e));
	assert_int_equal(tokens_owner_of(elsewhere, "one", owner), NAME_FREE);
	assert_true(tokens_settle(tokens, &e) && tokens_settle(tokens, &e));
	assert_false(tokens_is_unsettled(tokens));
	assert_int_equal(tokens_owner_of(elsewhere, "one", owner), NAME_OWNED);
	assert_int_equal(tokens_owner_of(elsewhere, "there", owner), NAME_OWNED);
	assert_int_equal(tokens_count(elsewhere), 3);
	assert_int_equal(tokens_claim(tokens, "anna", "two", 0), CLAIM_OK);
	assert_false(tokens_is_unsettled(tokens));
	tokens_close(elsewhere);
}

static bool is_kept(void *user, const char *name)
{
	return strcmp(user, name) == 0;
}

static void test_the_router_forgets(void **state)
{
	static struct tunnel *const t = (struct tunnel *)"a tunnel";
	char kept[] = "kept";
	struct router *r = router_new(NULL);
	struct route found;
	(void)state;
	assert_non_null(r);
	assert_true(router_hold(r, "held", t) && router_know(r, "kept") && router_know(r, "gone"));
	router_forget_unheld(r, is_kept, kept);
	assert_true(router_find(r, bytes_of(""), bytes_of("/held"), &found));
	assert_true(router_find(r, bytes_of(""), bytes_of("/kept"), &found));
	assert_false(router_find(r, bytes_of(""), bytes_of("/gone"), &found));
	router_forget(r, "held");
	router_forget(r, "held");
	assert_false(router_find(r, bytes_of(""), bytes_of("/held"), &found));
	router_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_the_bound, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_listing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_freed_by_another_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names_that_come_at_once, set_up, tear_down),
		cmocka_unit_test(test_the_router_forgets),
	};
	return RUN(tests);
}
