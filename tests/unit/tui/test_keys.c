#include "tests/unit/unit.h"
#include "tui/keys/keymap.h"

static void test_no_key_does_two_things(void **state)
{
	(void)state;
	for (int a = 1; a < ACTION_COUNT; a++)
		for (int b = a + 1; b < ACTION_COUNT; b++) {
			const struct action_info *x = action_info((enum action)a), *y = action_info((enum action)b);
			assert_string_not_equal(x->name, y->name);
			if (!(x->contexts & y->contexts))
				continue;
			char keys[80], other[80], *save, *save2;
			snprintf(keys, sizeof keys, "%s", x->keys);
			for (char *k = strtok_r(keys, " ", &save); k; k = strtok_r(NULL, " ", &save)) {
				snprintf(other, sizeof other, "%s", y->keys);
				for (char *l = strtok_r(other, " ", &save2); l; l = strtok_r(NULL, " ", &save2))
					if (strcmp(k, l) == 0)
						fail_msg("%s is both %s and %s", k, x->name, y->name);
			}
		}
}

static void test_every_key_has_a_name(void **state)
{
	char name[KEY_NAME_LEN];
	struct keymap k;
	(void)state;
	assert_true(keymap_init(&k));
	assert_true(k.count > 80);
	for (size_t i = 0; i < k.count; i++) {
		assert_true(k.at[i].key != TKEY_NONE);
		key_to_name(k.at[i].key, name);
		assert_int_equal(key_from_name(name, strlen(name)), k.at[i].key);
	}
	/* Every function key has a letter beside it (tui/DESIGN.md §3.14). */
	for (int a = 1; a < ACTION_COUNT; a++)
		for (unsigned c = 1; c <= CONTEXT_HELP; c *= 2) {
			key_code first = keymap_key(&k, (enum context)c, (enum action)a, true);
			bool other = false;
			for (size_t i = 0; i < k.count; i++)
				other |= k.at[i].action == (enum action)a && (k.at[i].context & c) &&
					 !(k.at[i].key > TKEY_F0 && k.at[i].key <= TKEY_F12);
			if (first > TKEY_F0 && first <= TKEY_F12)
				assert_true(other);
		}
	keymap_free(&k);
}

/* Whatever cannot be done says what is missing. */
static void test_what_is_lacking(void **state)
{
	(void)state;
	for (int a = 1; a < ACTION_COUNT; a++) {
		const struct action_info *info = action_info((enum action)a);
		assert_string_equal(action_lacks((enum action)a, info->when), "");
		if (info->when)
			assert_true(strlen(action_lacks((enum action)a, 0)) > 10);
	}
	assert_string_equal(action_lacks(ACTION_SPLIT, HAVE_ROW | HAVE_MARKS), "two panes need 110x30");
}

static void test_the_users_file(void **state)
{
	struct keymap k;
	struct error e = { 0 };
	(void)state;
	assert_true(keymap_init(&k));
	assert_int_equal(keymap_find(&k, CONTEXT_LIST, TKEY_F0 + 5), ACTION_REPLAY);
	assert_int_equal(keymap_find(&k, CONTEXT_DIFF, 'o'), ACTION_KEY_ORDER);
	assert_int_equal(keymap_find(&k, CONTEXT_DETAIL, 'o'), ACTION_OFFSET);
	assert_true(keymap_read(&k,
				bytes_of("# mine\n\nbind list F5 edit\r\nunbind all x\n"
					 "bind all C-r replay  # again\nbind detail l back"),
				&e));
	assert_int_equal(keymap_find(&k, CONTEXT_LIST, TKEY_F0 + 5), ACTION_EDIT);
	assert_int_equal(keymap_find(&k, CONTEXT_DETAIL, TKEY_F0 + 5), ACTION_REPLAY);
	assert_int_equal(keymap_find(&k, CONTEXT_LIST, 'x'), ACTION_NONE);
	assert_int_equal(keymap_find(&k, CONTEXT_DETAIL, TKEY_CTRL('r')), ACTION_REPLAY);
	assert_int_equal(keymap_find(&k, CONTEXT_HELP, TKEY_CTRL('r')), ACTION_NONE);
	assert_int_equal(keymap_find(&k, CONTEXT_LIST, 'l'), ACTION_OPEN);
	char keys[80];
	keymap_keys(&k, CONTEXT_LIST, ACTION_EDIT, keys, sizeof keys);
	assert_string_equal(keys, "e, F6, F5");
	static const char *const bad[][2] = {
		{ "bind list F5", "no action is called" },        { "\n\nbind lst F5 edit", "line 3" },
		{ "bind list F13 edit", "no key is called" },     { "bind diff F5 edit", "not possible" },
		{ "bind list F5 edit F6", "ends before \"F6\"" }, { "unbind list F5 edit", "ends before \"edit\"" },
		{ "map list F5 edit", "bind or unbind" }
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_false(keymap_read(&k, bytes_of(bad[i][0]), &e));
		assert_non_null(strstr(e.text, bad[i][1]));
	}
	keymap_free(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_key_does_two_things),
		cmocka_unit_test(test_every_key_has_a_name),
		cmocka_unit_test(test_what_is_lacking),
		cmocka_unit_test(test_the_users_file),
	};
	return RUN(tests);
}
