/* Connections whose names are written together: what becomes of them where that fails. */
#include "relay/links/connection_entry.h"
#include "relay/names/tokens_private.h"
#include "relay/tunnels/connection.h"
#include "tests/unit/unit.h"

#define CONNECTIONS 3

static char folder[64];
static uv_loop_t loop;
static struct tokens *tokens;
static struct entries entries;
static struct connection connections[CONNECTIONS];
static struct buffer fine, failed; /* the names of those that were told so, one after another */

static void on_over(const struct entry *e, bool is_fine)
{
	assert_null(e->of->entry);
	assert_string_equal((const char *)e->hello.at, "hello");
	assert_true(buffer_printf(is_fine ? &fine : &failed, "%s ", e->name));
}

static void expect_told(const struct buffer *told, const char *names)
{
	assert_true(bytes_equal(buffer_view(told), bytes_of(names)));
}

static int set_up(void **state)
{
	struct error e;
	(void)state;
	strcpy(folder, "/tmp/creel-entry-XXXXXX");
	fine = failed = (struct buffer){ 0 };
	memset(connections, 0, sizeof connections);
	if (!mkdtemp(folder) || uv_loop_init(&loop) != 0 || !tokens_open(&tokens, folder, true, &e))
		return -1;
	connection_entry_init(&entries, &loop, tokens, on_over);
	return 0;
}

static int tear_down(void **state)
{
	char command[80];
	(void)state;
	assert_null(entries.list);
	connection_entry_close(&entries);
	uv_run(&loop, UV_RUN_DEFAULT);
	tokens_close(tokens);
	buffer_free(&fine);
	buffer_free(&failed);
	snprintf(command, sizeof command, "rm -r '%s'", folder);
	return system(command) != 0 || uv_loop_close(&loop) != 0;
}

static void join(size_t i, const char *name)
{
	struct entry e = { .of = &connections[i] };
	assert_int_equal(tokens_claim(tokens, "", name, 0), CLAIM_OK);
	assert_true(tokens_is_unsettled(tokens));
	snprintf(e.name, sizeof e.name, "%s", name);
	assert_true(connection_entry_wait(&entries, &e, bytes_make("hello", sizeof "hello")));
	assert_ptr_equal(connections[i].entry->of, &connections[i]);
}

static bool is_free(const char *name)
{
	char owner[65];
	return tokens_owner_of(tokens, name, owner) == NAME_FREE;
}

static void test_all_of_a_turn_are_written(void **state)
{
	(void)state;
	join(0, "one");
	join(1, "two");
	expect_told(&fine, "");
	uv_run(&loop, UV_RUN_NOWAIT);
	expect_told(&fine, "one two ");
	expect_told(&failed, "");
	assert_false(is_free("one") || is_free("two") || tokens_is_unsettled(tokens));
}

/* Makes a COMMIT fail. */
static int refuse_commit(void *user)
{
	(void)user;
	return 1;
}

/* None of the names is anybody's, and the next that come are served. */
static void expect_refused(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
	expect_told(&fine, "");
	expect_told(&failed, "one two ");
	assert_true(is_free("one") && is_free("two"));
	assert_false(tokens_is_unsettled(tokens));
	sqlite3_commit_hook(tokens->db, NULL, NULL);
	join(2, "two");
	uv_run(&loop, UV_RUN_NOWAIT);
	expect_told(&fine, "two ");
	assert_false(is_free("two"));
}

static void test_a_commit_that_fails(void **state)
{
	(void)state;
	sqlite3_commit_hook(tokens->db, refuse_commit, NULL);
	join(0, "one");
	join(1, "two");
	expect_refused();
}

/* SQLite ends the transaction by itself, as where the disk is full. */
static void test_a_transaction_that_is_gone(void **state)
{
	(void)state;
	join(0, "one");
	join(1, "two");
	assert_int_equal(sqlite3_exec(tokens->db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	expect_refused();
}

static void test_one_that_leaves_meanwhile(void **state)
{
	(void)state;
	join(0, "one");
	join(1, "two");
	assert_true(connection_entry_is_waiting(&entries, "one"));
	connection_entry_leave(&entries, &connections[0]);
	assert_true(connection_entry_is_waiting(&entries, "two") && !connection_entry_is_waiting(&entries, "one"));
	assert_null(connections[0].entry);
	uv_run(&loop, UV_RUN_NOWAIT);
	expect_told(&fine, "two ");
	assert_false(is_free("one")); /* its name is written with the others' */
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_all_of_a_turn_are_written),
		CASE(test_a_commit_that_fails),
		CASE(test_a_transaction_that_is_gone),
		CASE(test_one_that_leaves_meanwhile),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
