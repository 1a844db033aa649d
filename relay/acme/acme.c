#include "relay/acme/acme.h"

#include "relay/acme/acme_cause.h"
#include "relay/acme/acme_files.h"
#include "relay/net/challenges.h"
#include "relay/net/self_signed.h"
#include "shared/program/log.h"

#include <errno.h>
#include <limits.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "uacme"
#define RETRY_MS UINT64_C(60000)
#define RETRY_MOST_MS UINT64_C(43200000)
#define LOOK_MS UINT64_C(21600000) /* at the certificate: a timer alone would sleep while the machine does */
#define ORDER_MS UINT64_C(600000)
#define SAID_MOST 16384
#define ARGS_MOST 64

enum acme_state { ACME_WAIT, ACME_REGISTER, ACME_ORDER, ACME_CLOSED };

struct acme {
	struct relay *relay;
	struct acme_files files;
	enum acme_state state;
	uv_timer_t timer;
	uv_process_t process;
	uv_pipe_t err;
	int open_parts; /* of the program that runs: the process and its standard error */
	int64_t exit_status;
	struct buffer said;
	char piece[2048];
	char exe[PATH_MAX];
	unsigned failures;
	bool began;
	bool registered; /* in this round: no second time */
	void (*renewed)(void *user);
	void *user;
};

static void to(struct acme *a, enum acme_state state)
{
	static const unsigned from[] = {
		[ACME_WAIT] = 1u << ACME_REGISTER | 1u << ACME_ORDER | 1u << ACME_WAIT,
		[ACME_REGISTER] = 1u << ACME_WAIT | 1u << ACME_ORDER,
		[ACME_ORDER] = 1u << ACME_WAIT | 1u << ACME_REGISTER,
		[ACME_CLOSED] = 1u << ACME_WAIT | 1u << ACME_REGISTER | 1u << ACME_ORDER,
	};
	if (!(from[state] & 1u << a->state))
		abort();
	a->state = state;
}

static void on_timer(uv_timer_t *h);
static void start(struct acme *a);

static void wait_ms(struct acme *a, uint64_t ms)
{
	to(a, ACME_WAIT);
	uv_timer_start(&a->timer, on_timer, ms, 0);
}

/* A tenth more at most, that many relays do not come at the same moment. */
static uint64_t spread(uint64_t ms)
{
	uint32_t random = 0;
	if (RAND_bytes((unsigned char *)&random, sizeof random) != 1)
		random = 0;
	return ms + ms / 10 * (random % 1000) / 1000;
}

static void fail(struct acme *a, enum acme_cause cause, struct bytes detail)
{
	char why[400], next[32];
	time_t now = time(NULL), at = cause == ACME_RATE_LIMITED ? acme_cause_retry_at(buffer_view(&a->said), now) : 0;
	uint64_t ms = RETRY_MS << (a->failures < 10 ? a->failures : 10);
	if (ms > RETRY_MOST_MS)
		ms = RETRY_MOST_MS;
	if (at > now && (uint64_t)(at - now) * 1000 > ms)
		ms = (uint64_t)(at - now) * 1000;
	a->failures++;
	ms = spread(ms);
	time_t due = now + (time_t)(ms / 1000);
	struct tm tm;
	strftime(next, sizeof next, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&due, &tm));
	snprintf(why, sizeof why, "%.*s", (int)(detail.len < 399 ? detail.len : 399), (const char *)detail.at);
	log_event(LOG_ERROR, "acme_failed", "names", a->relay->settings.acme.at[0], "cause", acme_cause_name(cause),
		  "text", acme_cause_sentence(cause), "detail", *why ? why : NULL, "next", next, NULL);
	wait_ms(a, ms);
}

static void look_again(struct acme *a)
{
	time_t now = time(NULL), due = acme_files_due(&a->files, &a->relay->settings.acme);
	uint64_t ms = due > now ? (uint64_t)(due - now) * 1000 : 0;
	wait_ms(a, ms < LOOK_MS ? ms : LOOK_MS);
}

static void succeed(struct acme *a)
{
	char end[32];
	a->failures = 0;
	acme_files_end(&a->files, end);
	log_event(LOG_INFO, "acme_issued", "names", a->relay->settings.acme.at[0], "until", end, NULL);
	a->relay->settings.tls_cert = a->files.cert;
	a->relay->settings.tls_key = a->files.key;
	a->renewed(a->user);
	if (acme_files_due(&a->files, &a->relay->settings.acme) <= time(NULL)) {
		buffer_free(&a->said);
		fail(a, ACME_OTHER, bytes_of("the certificate that came is not one for these names and this time"));
	} else {
		look_again(a);
	}
}

static void on_round_over(struct acme *a)
{
	struct bytes detail = { NULL, 0 };
	bool fine = a->exit_status == 0;
	enum acme_cause cause = fine ? ACME_FINE : acme_cause_of(buffer_view(&a->said), &detail);
	bool registering = a->state == ACME_REGISTER;
	if (registering && (fine || acme_files_has_account(&a->files))) {
		/* It may have had the account before; the order shows. */
		start(a);
	} else if (fine) {
		succeed(a);
	} else if (!registering && cause == ACME_NO_ACCOUNT && !a->registered) {
		log_event(LOG_WARN, "acme_no_account", "text", "registering again", NULL);
		to(a, ACME_REGISTER);
		start(a);
	} else {
		fail(a, cause, detail);
	}
}

/* ---- the program ---- */

static void on_part_closed(uv_handle_t *h)
{
	struct acme *a = h->data;
	if (--a->open_parts > 0 || a->state == ACME_CLOSED)
		return;
	uv_timer_stop(&a->timer);
	on_round_over(a);
}

static void on_ended(uv_process_t *p, int64_t status, int signal)
{
	struct acme *a = p->data;
	a->exit_status = signal ? 128 + signal : status;
	uv_close((uv_handle_t *)p, on_part_closed);
}

static void on_room(uv_handle_t *h, size_t suggested, uv_buf_t *out)
{
	struct acme *a = h->data;
	(void)suggested;
	*out = uv_buf_init(a->piece, sizeof a->piece);
}

static void on_said(uv_stream_t *stream, ssize_t len, const uv_buf_t *part)
{
	struct acme *a = stream->data;
	if (len < 0) {
		uv_close((uv_handle_t *)stream, on_part_closed);
		return;
	}
	/* The end is what tells why. */
	if (a->said.len + (size_t)len > SAID_MOST)
		buffer_consume(&a->said, (size_t)len);
	if (!buffer_append(&a->said, part->base, (size_t)len))
		buffer_free(&a->said);
}

static bool spawn(struct acme *a, const char *const *args)
{
	uv_stdio_container_t parts[3] = { { .flags = UV_IGNORE }, { .flags = UV_IGNORE } };
	uv_process_options_t o = {
		.exit_cb = on_ended, .file = PROGRAM, .args = (char **)(uintptr_t)args, .stdio_count = 3, .stdio = parts
	};
	uv_pipe_init(a->relay->loop, &a->err, 0);
	parts[2].flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE;
	parts[2].data.stream = (uv_stream_t *)&a->err;
	a->process.data = a->err.data = a;
	a->open_parts = 2;
	buffer_free(&a->said);
	int code = uv_spawn(a->relay->loop, &a->process, &o);
	if (code == 0) {
		uv_read_start((uv_stream_t *)&a->err, on_room, on_said);
		uv_timer_start(&a->timer, on_timer, ORDER_MS, 0);
		return true;
	}
	a->open_parts = 0;
	uv_close((uv_handle_t *)&a->process, NULL);
	uv_close((uv_handle_t *)&a->err, NULL);
	return false;
}

/* Registers when the state says so or there is no account, else orders. */
static void start(struct acme *a)
{
	const struct settings *set = &a->relay->settings;
	const char *args[ARGS_MOST] = { PROGRAM, "-c", a->files.folder };
	size_t n = 3;
	bool registers = !a->registered && (a->state == ACME_REGISTER || !acme_files_has_account(&a->files));
	if (set->acme_url) {
		args[n++] = "-a";
		args[n++] = set->acme_url;
	}
	if (registers) {
		args[n++] = "-y";
		args[n++] = "new";
		if (set->acme_mail)
			args[n++] = set->acme_mail;
		a->registered = true;
		if (a->state != ACME_REGISTER)
			to(a, ACME_REGISTER);
	} else {
		const char *more[] = { "-h", a->exe, "-t", "EC", "-o", "-f", "issue" };
		for (size_t i = 0; i < sizeof more / sizeof *more; i++)
			args[n++] = more[i];
		for (size_t i = 0; i < set->acme.count && n < ARGS_MOST - 1; i++)
			args[n++] = set->acme.at[i];
		to(a, ACME_ORDER);
	}
	if (!spawn(a, args))
		fail(a, ACME_NO_PROGRAM, bytes_make(NULL, 0));
}

static void on_timer(uv_timer_t *h)
{
	struct acme *a = h->data;
	switch (a->state) {
	case ACME_WAIT:
		if (acme_files_due(&a->files, &a->relay->settings.acme) > time(NULL)) {
			look_again(a);
			return;
		}
		a->registered = false;
		start(a);
		return;
	case ACME_REGISTER:
	case ACME_ORDER:
		if (!uv_is_closing((uv_handle_t *)&a->process))
			uv_process_kill(&a->process, SIGKILL);   /* it hangs */
		else if (!uv_is_closing((uv_handle_t *)&a->err)) /* something that it started has its standard error */
			uv_close((uv_handle_t *)&a->err, on_part_closed);
		return;
	case ACME_CLOSED:
		return;
	}
}

/* ---- begin and end ---- */

bool acme_is_installed(void)
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];
	while (path && *path) {
		size_t len = strcspn(path, ":");
		snprintf(file, sizeof file, "%.*s/%s", (int)len, path, PROGRAM);
		if (access(file, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

static bool prepare(struct acme *a, struct error *e)
{
	struct settings *set = &a->relay->settings;
	size_t len = sizeof a->exe - 1;
	if (!acme_is_installed())
		return error_set(
		    e, EXIT_RELAY,
		    "--acme needs the program uacme: install the package uacme (Debian: sudo apt-get install uacme)");
	if (!acme_files_open(&a->files, set->data, set->acme.at[0], e))
		return false;
	if (uv_exepath(a->exe, &len) != 0)
		return error_set(e, EXIT_RELAY, "the relay does not find its own program");
	if (setenv("CREEL_ACME_DATA", a->files.folder, 1) != 0 ||
	    (set->acme_hook && setenv("CREEL_ACME_HOOK", set->acme_hook, 1) != 0))
		return error_set(e, EXIT_RELAY, "out of memory");
	bool there = access(a->files.cert, R_OK) == 0 && access(a->files.key, R_OK) == 0;
	if (!there && access(a->files.own_cert, R_OK) != 0 &&
	    !self_signed_write(set->acme.at[0], a->files.own_cert, a->files.own_key, e))
		return false;
	set->tls_cert = there ? a->files.cert : a->files.own_cert;
	set->tls_key = there ? a->files.key : a->files.own_key;
	return (a->relay->challenges = challenges_new()) || error_set(e, EXIT_RELAY, "out of memory");
}

struct acme *acme_new(struct relay *relay, struct error *e)
{
	struct acme *a = calloc(1, sizeof *a);
	if (!a) {
		error_set(e, EXIT_RELAY, "out of memory");
		return NULL;
	}
	a->relay = relay;
	if (prepare(a, e))
		return a;
	acme_free(a);
	return NULL;
}

void acme_begin(struct acme *a, void (*renewed)(void *user), void *user)
{
	a->renewed = renewed;
	a->user = user;
	a->began = true;
	uv_timer_init(a->relay->loop, &a->timer);
	a->timer.data = a;
	wait_ms(a, 0);
}

void acme_try_again(struct acme *a)
{
	if (a->state == ACME_WAIT && a->failures > 0)
		wait_ms(a, 0);
}

void acme_close(struct acme *a)
{
	if (!a || a->state == ACME_CLOSED)
		return;
	bool runs = a->state != ACME_WAIT;
	to(a, ACME_CLOSED);
	if (!a->began)
		return;
	uv_close((uv_handle_t *)&a->timer, NULL);
	if (!runs)
		return;
	if (!uv_is_closing((uv_handle_t *)&a->process)) {
		uv_process_kill(&a->process, SIGTERM);
		uv_close((uv_handle_t *)&a->process, on_part_closed);
	}
	if (!uv_is_closing((uv_handle_t *)&a->err))
		uv_close((uv_handle_t *)&a->err, on_part_closed);
}

void acme_free(struct acme *a)
{
	if (!a)
		return;
	challenges_free(a->relay->challenges);
	a->relay->challenges = NULL;
	acme_files_free(&a->files);
	buffer_free(&a->said);
	free(a);
}
