/* Signatures asked of a running client by way of the store: both sides, and who is asked. */
#include "shared/base/clock.h"
#include "client/signing/signing_answer.h"
#include "client/signing/signing_ask.h"
#include "shared/http/headers.h"
#include "tests/unit/shared/store_fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

static char stripe_text[] = "whsec_stripe", gitlab_text[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

static struct secrets known(struct secret room[2])
{
	room[0] = (struct secret){ signature_find("stripe"), stripe_text };
	room[1] = (struct secret){ signature_find("gitlab"), gitlab_text };
	return (struct secrets){ room, 2 };
}

/* A client in another process, which answers until it is killed; silent: never. */
static pid_t start_client(bool silent)
{
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	struct secret room[2];
	struct secrets secrets = known(room);
	struct store *s = open_store();
	struct error e;
	for (;;) {
		bool asked = false;
		if (!silent && signing_is_asked(s, &asked, &e) && asked &&
		    !(store_batch_ops.begin(s, &e) && signing_answer_all(s, &secrets, &e) &&
		      store_batch_ops.commit(s, &e)))
			_exit(1);
		usleep(1000);
	}
}

static void stop_client(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void put_client(struct store *s, int64_t pid, const char *tunnel, const char *secrets, uint64_t started)
{
	struct error e;
	struct client_status c = { .pid = pid,
				   .started_at_us = clock_now_us() + started,
				   .state = bytes_of("online"),
				   .tunnel = bytes_of(tunnel),
				   .secrets = bytes_of(secrets) };
	assert_true(store_put_status(s, &c, &e));
}

static int64_t found(struct store *s, const char *provider, const char *tunnel)
{
	struct error e;
	int64_t pid = -1;
	assert_true(signing_find_client(s, signature_find(provider), bytes_of(tunnel), &pid, &e));
	return pid;
}

static void test_who_is_asked(void **state)
{
	struct store *s = open_store();
	int64_t me = getpid(), parent = getppid();
	(void)state;
	pid_t gone = fork();
	if (gone == 0)
		_exit(0);
	assert_int_equal(waitpid(gone, NULL, 0), gone);
	assert_int_equal(found(s, "stripe", "a"), 0);
	put_client(s, gone, "a", "stripe", 9);
	assert_int_equal(found(s, "stripe", "a"), 0);
	put_client(s, me, "a", "github  stripe svix", 1);
	put_client(s, parent, "b", "stripe gitlab-no-such \xff\x1b[31m a-name-that-is-longer-than-any-that-there-is",
		   2);
	assert_int_equal(found(s, "stripe", "a"), me);
	assert_int_equal(found(s, "stripe", "b"), parent);
	assert_int_equal(found(s, "stripe", "c"), parent); /* the newest */
	assert_int_equal(found(s, "stripe", ""), parent);
	assert_int_equal(found(s, "standard", "a"), me); /* svix's is the same */
	assert_int_equal(found(s, "github", "b"), me);
	assert_int_equal(found(s, "gitlab", "b"), 0);
	put_client(s, me, "", "stripe", 3); /* never online: it looks for nothing yet */
	assert_int_equal(found(s, "stripe", ""), parent);
	store_close(s);
}

/* The fields hold what is signed now, and the secret stands nowhere. */
static void test_signed(void **state)
{
	struct store *s = open_store();
	struct signing_reply answer;
	struct error e;
	(void)state;
	pid_t client = start_client(false);
	struct buffer headers = { 0 };
	assert_true(headers_append(&headers, bytes_of("Stripe-Signature"), bytes_of("t=1,v1=00")));
	struct signing asked = { .wish = SIGNING_SIGN,
				 .provider = bytes_of("stripe"),
				 .method = bytes_of("POST"),
				 .headers = buffer_view(&headers),
				 .body = bytes_make("a\0b", 3) };
	if (!signing_ask(s, client, &asked, &answer, &e))
		fail_msg("%s", e.text);
	assert_int_equal(answer.verdict, SIGNATURE_VALID);
	assert_int_equal(answer.body.len, 0);
	struct signature_input in = { .headers = buffer_view(&answer.fields),
				      .body = asked.body,
				      .secret = bytes_of(stripe_text),
				      .at = (int64_t)time(NULL),
				      .tolerance = SIGNATURE_OWN_TOLERANCE };
	assert_int_equal(signature_check(signature_find("stripe"), &in), SIGNATURE_VALID);
	signing_reply_free(&answer);
	/* As recognised, and judged: by the time of now. */
	asked.provider = bytes_of("");
	asked.wish = SIGNING_JUDGE;
	assert_true(signing_ask(s, client, &asked, &answer, &e));
	assert_int_equal(answer.verdict, SIGNATURE_INVALID);
	assert_int_equal(answer.fields.len, 0);
	signing_reply_free(&answer);
	/* A signing token is not sent. */
	asked = (struct signing){ .wish = SIGNING_SIGN, .provider = bytes_of("gitlab"), .body = bytes_of("{}") };
	assert_true(signing_ask(s, client, &asked, &answer, &e));
	struct bytes value;
	assert_true(headers_find(buffer_view(&answer.fields), "webhook-signature", &value));
	assert_null(memmem(answer.fields.at, answer.fields.len, gitlab_text + 6, strlen(gitlab_text) - 6));
	signing_reply_free(&answer);
	/* What it does not know, and what cannot be signed, it says. */
	asked.provider = bytes_of("github");
	assert_false(signing_ask(s, client, &asked, &answer, &e));
	assert_int_equal(e.code, EXIT_USAGE);
	assert_string_equal(e.text, "the running client does not know the secret");
	signing_reply_free(&answer);
	stop_client(client);
	sqlite3_stmt *st;
	assert_int_equal(sqlite3_prepare_v2(s->db, "SELECT count(*) FROM signing", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(st, 0), 0);
	sqlite3_finalize(st);
	buffer_free(&headers);
	store_close(s);
}

static void test_no_answer(void **state)
{
	struct store *s = open_store();
	struct signing_reply answer;
	struct signing asked = { .wish = SIGNING_SIGN, .provider = bytes_of("stripe") };
	struct error e;
	(void)state;
	pid_t client = start_client(true);
	assert_false(signing_ask(s, client, &asked, &answer, &e));
	assert_non_null(strstr(e.text, "does not answer: give the secret with --secret"));
	signing_reply_free(&answer);
	stop_client(client);
	assert_false(signing_ask(s, client, &asked, &answer, &e));
	assert_non_null(strstr(e.text, "has ended"));
	signing_reply_free(&answer);
	store_close(s);
}

/* Nobody is answered who asked another, or long ago; what was left lying is deleted. */
static void test_whose_and_when(void **state)
{
	struct store *s = open_store();
	struct secret room[2];
	struct secrets secrets = known(room);
	struct signing asked = { .wish = SIGNING_SIGN, .provider = bytes_of("stripe") };
	struct error e;
	int64_t id, other, old, next;
	enum signing_state is;
	bool there;
	uint64_t now = (uint64_t)time(NULL) * 1000000;
	(void)state;
	assert_true(store_ask_signing(s, &asked, getpid() + 1, now, &other, &e));
	assert_true(store_ask_signing(s, &asked, getpid(), now - 60 * 1000000u, &old, &e));
	assert_true(store_ask_signing(s, &asked, getpid(), now, &id, &e));
	assert_true(store_next_signing(s, getpid(), now - 1000, &next, &e));
	assert_int_equal(next, id);
	assert_true(signing_answer_all(s, &secrets, &e));
	assert_true(store_get_signing_state(s, id, &is, &there, &e));
	assert_true(there && is == SIGNING_DONE);
	for (int i = 0; i < 2; i++) {
		assert_true(store_get_signing_state(s, i ? old : other, &is, &there, &e));
		assert_true(there && is == SIGNING_ASKED);
	}
	assert_true(store_drop_old_signings(s, now - 1000000, &e));
	assert_true(store_get_signing_state(s, old, &is, &there, &e));
	assert_false(there);
	assert_true(store_get_signing_state(s, other, &is, &there, &e));
	assert_true(there);
	store_close(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(test_who_is_asked),
		IN_FOLDER(test_signed),
		IN_FOLDER(test_no_answer),
		IN_FOLDER(test_whose_and_when),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
