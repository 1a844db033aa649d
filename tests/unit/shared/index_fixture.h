/* What the search index of a store has, without looking at the deliveries again. */
#pragma once

#include "shared/query/store_found.h"
#include "shared/query/store_index.h"
#include "shared/words/word_query.h"
#include "tests/unit/shared/store_fixture.h"

/* In how many deliveries' places it has that word, in any of the parts. */
static inline int64_t index_has(struct store *s, const char *parts, const char *word)
{
	struct buffer query = { 0 };
	sqlite3_stmt *st;
	struct error e;
	assert_true(store_add_found_table(s, &e) && word_query_put_word(&query, parts, bytes_of(word), false));
	assert_int_equal(
	    sqlite3_prepare_v2(s->db, "SELECT count(*) FROM creel_found(?1, 1, (SELECT indexed FROM search_mark))", -1,
			       &st, NULL),
	    SQLITE_OK);
	sqlite3_bind_blob(st, 1, query.at, (int)query.len, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	int64_t count = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	buffer_free(&query);
	return count;
}

static inline void index_all(struct store *s)
{
	struct error e;
	for (bool more = true; more;) {
		assert_true(store_batch_ops.begin(s, &e));
		if (!store_index_some(s, &more, &e))
			fail_msg("%s", e.text);
		assert_true(store_batch_ops.commit(s, &e));
	}
}
