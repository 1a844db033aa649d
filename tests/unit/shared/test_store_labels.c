#include "shared/store/store_labels.h"
#include "shared/upkeep/store_prune.h"
#include "tests/unit/shared/filter_fixture.h"

static void expect_labels(struct store *s, int64_t id, const char *note, const char *tags)
{
	struct store_labels l = { 0 };
	struct error e;
	assert_true(store_labels_get(s, id, &l, &e));
	assert_int_equal(l.note.len, strlen(note));
	assert_int_equal(l.tags.len, strlen(tags));
	assert_memory_equal(l.note.len ? l.note.at : (const uint8_t *)"", note, l.note.len);
	assert_memory_equal(l.tags.len ? l.tags.at : (const uint8_t *)"", tags, l.tags.len);
	store_labels_free(&l);
}

static void test_notes_and_tags_are_the_deliverys(void **state)
{
	struct store *s = open_store();
	struct error e = { 0 };
	char long_note[STORE_NOTE_MOST + 1];
	(void)state;
	memset(long_note, 'n', sizeof long_note);
	const int64_t id = 3;
	fill_filter_store(s);
	assert_true(store_batch_ops.begin(s, &e));
	expect_labels(s, id, "", "");
	assert_true(store_labels_set_note(s, id, bytes_of("ask\nAnna \n"), &e));
	assert_true(store_add_tag(s, id, bytes_of("marked"), &e));
	assert_true(store_labels_set_tags(s, id, bytes_of("  late,bug  late, "), &e));
	expect_labels(s, id, "ask Anna", "bug late");
	assert_true(store_labels_set_tags(s, id, bytes_of("done"), &e));
	expect_labels(s, id, "ask Anna", "done");
	assert_true(store_add_tag(s, id, bytes_of("marked"), &e)); /* it stayed */
	assert_int_equal(sqlite3_changes(s->db), 0);
	assert_false(store_labels_set_note(s, id, bytes_make((const uint8_t *)long_note, sizeof long_note), &e));
	assert_string_equal(e.text, "a note has 2000 bytes at most");
	assert_false(store_labels_set_note(s, id, bytes_of("\xff"), &e));
	assert_false(store_labels_set_tags(s, id, bytes_make((const uint8_t *)long_note, 101), &e));
	assert_false(store_labels_set_note(s, 77, bytes_of("nobody"), &e));
	assert_string_equal(e.text, "delivery 77 is no longer on record");
	assert_true(store_labels_set_note(s, id, bytes_of("  "), &e));
	expect_labels(s, id, "", "done");
	assert_true(store_labels_set_note(s, id, bytes_of("again"), &e));
	assert_true(store_delete(s, id, &e));
	expect_labels(s, id, "", "");
	store_batch_ops.rollback(s);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { IN_FOLDER(test_notes_and_tags_are_the_deliverys) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
