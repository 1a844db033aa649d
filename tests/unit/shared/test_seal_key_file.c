/* The client's key file: made once, by whoever comes first, and for its owner's eyes only. */
#include <openssl/err.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/wire/seal.h"
#include "tests/unit/unit.h"

#define RACERS 6
#define ROUNDS 10

struct place {
	char folder[32];
	char path[64];
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof *p);
	assert_non_null(p);
	snprintf(p->folder, sizeof p->folder, "/tmp/creel-key-XXXXXX");
	assert_non_null(mkdtemp(p->folder));
	snprintf(p->path, sizeof p->path, "%s/key.pem", p->folder);
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	remove(p->path);
	assert_int_equal(rmdir(p->folder), 0); /* also: no temporary was left */
	free(p);
	return 0;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static mode_t mode_of(const char *path)
{
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

static void assert_refused(const char *path, const char *says)
{
	struct error e = { 0 };
	assert_null(seal_key_load(path, &e));
	assert_int_equal(e.code, EXIT_STORE);
	if (!strstr(e.text, says) || !strstr(e.text, path))
		fail_msg("\"%s\" and \"%s\" are not in: %s", says, path, e.text);
	assert_int_equal(ERR_peek_error(), 0);
}

static void test_made_once_and_read_back(void **state)
{
	struct place *p = *state;
	struct error e;
	struct seal_key *made = seal_key_load(p->path, &e), *read = seal_key_load(p->path, &e);
	assert_non_null(made);
	assert_non_null(read);
	assert_int_equal(seal_key_public(made).len, SEAL_KEY_LEN);
	assert_true(bytes_equal(seal_key_public(made), seal_key_public(read)));
	assert_int_equal(mode_of(p->path), 0600);
	seal_key_free(made);
	seal_key_free(read);
}

static void test_makes_its_folders_private(void **state)
{
	struct place *p = *state;
	char outer[64], inner[80], path[96];
	struct error e;
	mode_t before = umask(0);
	snprintf(outer, sizeof outer, "%s/a", p->folder);
	snprintf(inner, sizeof inner, "%s/b", outer);
	snprintf(path, sizeof path, "%s/key.pem", inner);
	struct seal_key *k = seal_key_load(path, &e);
	umask(before);
	assert_non_null(k);
	assert_int_equal(mode_of(outer), 0700);
	assert_int_equal(mode_of(inner), 0700);
	assert_int_equal(mode_of(path), 0600);
	seal_key_free(k);
	assert_int_equal(remove(path), 0);
	assert_int_equal(rmdir(inner), 0);
	assert_int_equal(rmdir(outer), 0);
}

static void test_open_to_others_is_refused(void **state)
{
	const mode_t modes[] = { 0640, 0604, 0620, 0644 };
	struct place *p = *state;
	struct error e;
	struct seal_key *k = seal_key_load(p->path, &e);
	assert_non_null(k);
	seal_key_free(k);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		assert_int_equal(chmod(p->path, modes[i]), 0);
		assert_refused(p->path, "chmod 600");
	}
	assert_int_equal(chmod(p->path, 0400), 0);
	k = seal_key_load(p->path, &e);
	assert_non_null(k);
	seal_key_free(k);
}

static void test_what_is_no_key_is_refused_and_kept(void **state)
{
	static const char ed25519[] = "-----BEGIN PRIVATE KEY-----\n"
				      "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
				      "-----END PRIVATE KEY-----\n";
	/* An X25519 key with a password: must be refused without asking for it. */
	static const char locked[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
				     "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAghylwM5/v46wICCAAw\n"
				     "DAYIKoZIhvcNAgkFADAdBglghkgBZQMEAQIEEObrEFhBAKeQW30UoHfJYdIEQEFf\n"
				     "g455igMGNrBecI6yUzX4UaV7eZDHyqtFYE9gFhTKE9+jPGLqvQO3fC+7gYwWTUyK\n"
				     "BupXH5e5bJr3yidzqx0=\n"
				     "-----END ENCRYPTED PRIVATE KEY-----\n";
	struct place *p = *state;
	char large[5001];
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = 0;
	const char *contents[] = { "", "garbage\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
				   ed25519, locked };
	for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
		write_file(p->path, contents[i], 0600);
		assert_refused(p->path, "no X25519 private key");
		struct stat st;
		assert_int_equal(stat(p->path, &st), 0);
		assert_int_equal(st.st_size, strlen(contents[i]));
	}
	write_file(p->path, large, 0600);
	assert_refused(p->path, "cannot be read");
}

static void test_what_is_no_file_is_refused(void **state)
{
	struct place *p = *state;
	assert_int_equal(mkfifo(p->path, 0600), 0);
	assert_refused(p->path, "not a file");
	assert_int_equal(remove(p->path), 0);
	assert_int_equal(mkdir(p->path, 0700), 0);
	assert_refused(p->path, "not a file");
	assert_int_equal(rmdir(p->path), 0);
	/* A link to nothing is not replaced: somebody meant something by it. */
	assert_int_equal(symlink("nowhere", p->path), 0);
	assert_refused(p->path, "cannot be read");
}

static void test_a_folder_that_cannot_be_made(void **state)
{
	struct place *p = *state;
	char path[96];
	struct error e;
	write_file(p->path, "in the way", 0600);
	snprintf(path, sizeof path, "%s/key.pem", p->path);
	assert_null(seal_key_load(path, &e));
	assert_int_equal(e.code, EXIT_STORE);
	assert_non_null(strstr(e.text, p->path));
}

/* In a child: waits until the parent closes its end of `start`, loads, tells its public key. */
static void race(const char *path, const int start[2], int tell)
{
	uint8_t none;
	struct error e;
	close(start[1]);
	if (read(start[0], &none, 1) != 0)
		_exit(2);
	struct seal_key *k = seal_key_load(path, &e);
	if (!k)
		_exit(3);
	struct bytes public = seal_key_public(k);
	_exit(write(tell, public.at, public.len) == (ssize_t) public.len ? 0 : 4);
}

static void run_race(const char *path)
{
	int start[2], tell[2], status;
	pid_t children[RACERS];
	uint8_t first[SEAL_KEY_LEN], other[SEAL_KEY_LEN];
	assert_int_equal(pipe(start), 0);
	assert_int_equal(pipe(tell), 0);
	for (int i = 0; i < RACERS; i++) {
		children[i] = fork();
		assert_true(children[i] >= 0);
		if (children[i] == 0)
			race(path, start, tell[1]);
	}
	close(start[0]);
	close(start[1]);
	close(tell[1]);
	for (int i = 0; i < RACERS; i++) {
		assert_int_equal(waitpid(children[i], &status, 0), children[i]);
		assert_int_equal(status, 0);
		assert_int_equal(read(tell[0], i == 0 ? first : other, SEAL_KEY_LEN), SEAL_KEY_LEN);
		if (i)
			assert_memory_equal(first, other, SEAL_KEY_LEN);
	}
	close(tell[0]);
}

static void test_racing_starters_end_with_one_key(void **state)
{
	struct place *p = *state;
	for (int i = 0; i < ROUNDS; i++) {
		run_race(p->path);
		assert_int_equal(remove(p->path), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made_once_and_read_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_makes_its_folders_private, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_to_others_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_key_is_refused_and_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_no_file_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_a_folder_that_cannot_be_made, setup, teardown),
		cmocka_unit_test_setup_teardown(test_racing_starters_end_with_one_key, setup, teardown),
	};
	return RUN(tests);
}
