/* Tokens and the tunnel names they own, in relay.db. */
#include "relay/names/tokens.h"
#include "tests/unit/unit.h"

#include <sqlite3.h>

static bool count_name(void *user, const char *name)
{
	assert_string_equal(name, "shop");
	++*(int *)user;
	return true;
}

/* Whether counting the names of one owner reads those of all. */
static bool reads_all_names(const char *path)
{
	sqlite3 *db;
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "EXPLAIN QUERY PLAN SELECT count(*) FROM tunnel WHERE owner = 'anna'",
					    -1, &st, NULL),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	bool all = strncmp((const char *)sqlite3_column_text(st, 3), "SCAN", 4) == 0;
	sqlite3_finalize(st);
	sqlite3_close(db);
	return all;
}

/* relay.db as the first version made it, with one name long unused. */
static void test_tokens_of_an_older_relay(void **state)
{
	char folder[] = "/tmp/creel-tokens-XXXXXX", command[80], path[64];
	struct tokens *t;
	struct error e;
	sqlite3 *db;
	int names = 0;
	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/relay.db", folder);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_exec(db,
			 "CREATE TABLE token (name TEXT PRIMARY KEY, tunnels TEXT NOT NULL, hash BLOB NOT NULL,"
			 " created_at INTEGER NOT NULL) STRICT;"
			 "CREATE TABLE tunnel (name TEXT PRIMARY KEY, owner TEXT NOT NULL,"
			 " created_at INTEGER NOT NULL) STRICT;"
			 "INSERT INTO tunnel VALUES ('old', '', 1), ('shop', '', 1000000 * unixepoch())",
			 NULL, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(db);
	assert_true(tokens_open(&t, folder, true, &e));
	assert_false(reads_all_names(path));
	assert_true(tokens_recall_tunnels(t, count_name, &names, &e));
	assert_int_equal(names, 1);
	tokens_close(t);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_false(tokens_open(&t, folder, true, &e));
	assert_int_equal(e.code, EXIT_STORE);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

static void test_tokens(void **state)
{
	char folder[] = "/tmp/creel-tokens-XXXXXX", secret[TOKEN_TEXT_LEN + 1], owner[65], command[80];
	struct tokens *t;
	struct error e;
	uint64_t mark = 0, later = 0;
	int names = 0;
	(void)state;
	assert_non_null(mkdtemp(folder));
	assert_true(tokens_open(&t, folder, true, &e));
	assert_int_equal(tokens_count(t), 0);
	assert_true(tokens_add(t, "anna", "shop*", secret, &e));
	assert_false(tokens_add(t, "anna", "*", secret + 0, &e) && secret[0]);
	assert_int_equal(tokens_count(t), 1);
	assert_false(tokens_check(t, bytes_of("creel_"), owner, &mark));
	assert_true(tokens_add(t, "ben", "*", secret, &e));
	assert_true(tokens_check(t, bytes_of(secret), owner, &mark));
	assert_string_equal(owner, "ben");
	assert_int_equal(tokens_claim(t, "ben", "shop", 0), CLAIM_OK);
	assert_int_equal(tokens_claim(t, "anna", "shop", 0), CLAIM_TAKEN);
	assert_int_equal(tokens_ask(t, "ben", "shop", 0), CLAIM_OK);
	assert_int_equal(tokens_ask(t, "anna", "shop", 0), CLAIM_TAKEN);
	assert_int_equal(tokens_ask(t, "anna", "other", 0), CLAIM_FORBIDDEN);
	assert_int_equal(tokens_claim(t, "anna", "other", 0), CLAIM_FORBIDDEN);
	assert_true(tokens_has(t, "ben", mark));
	assert_true(tokens_revoke(t, "ben", &e));
	assert_false(tokens_check(t, bytes_of(secret), owner, &mark));
	assert_false(tokens_has(t, "ben", mark));
	assert_int_equal(tokens_claim(t, "anna", "shop", 0), CLAIM_OK); /* its owner is gone */
	assert_false(tokens_revoke(t, "ben", &e));
	/* A new token of the old name does not keep the old one's tunnels. */
	assert_true(tokens_add(t, "ben", "*", secret, &e));
	assert_true(tokens_check(t, bytes_of(secret), owner, &later) && tokens_has(t, "ben", later));
	assert_false(tokens_has(t, "ben", mark));
	tokens_close(t);
	assert_true(tokens_open(&t, folder, true, &e)); /* names outlive the run */
	assert_true(tokens_recall_tunnels(t, count_name, &names, &e));
	assert_int_equal(names, 1);
	tokens_close(t);
	snprintf(command, sizeof command, "grep -rq %.20s %s", secret, folder);
	assert_int_not_equal(system(command), 0); /* no secret at rest */
	snprintf(command, sizeof command, "rm -rf %s", folder);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens_of_an_older_relay),
		cmocka_unit_test(test_tokens),
	};
	return RUN(tests);
}
