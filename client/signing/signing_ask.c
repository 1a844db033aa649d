#include "client/signing/signing_ask.h"
#include "shared/base/clock.h"
#include "shared/base/process.h"
#include "shared/query/store_query.h"

#include <string.h>
#include <time.h>

#define LOOK_MS 5
#define WAIT_MS 3000
#define ALIVE_EVERY 40                  /* in looks */
#define FORGOTTEN_US UINT64_C(60000000) /* the program that asked has ended */

/* ---- whom ---- */

struct search {
	const struct signature_provider *provider;
	struct bytes tunnel;
	int64_t pid;
	bool of_tunnel;
};

/* "github stripe" */
static bool knows(struct bytes names, const struct signature_provider *p)
{
	while (names.len) {
		char name[32];
		const uint8_t *blank = memchr(names.at, ' ', names.len);
		size_t len = blank ? (size_t)(blank - names.at) : names.len;
		if (len > 0 && len < sizeof name) {
			memcpy(name, names.at, len);
			name[len] = 0;
			const struct signature_provider *known = signature_find(name);
			if (known && signature_kin(p, known))
				return true;
		}
		len += blank ? 1 : 0;
		names = bytes_make(names.at + len, names.len - len);
	}
	return false;
}

/* Clients come in the order of their start, the newest last. */
static void on_client(void *user, const struct client_status *c)
{
	struct search *search = user;
	if (!c->tunnel.len || !process_is_alive_since(c->pid, c->started_at_us) || !knows(c->secrets, search->provider))
		return;
	bool of_tunnel = search->tunnel.len && bytes_equal(c->tunnel, search->tunnel);
	if (search->of_tunnel && !of_tunnel)
		return;
	search->of_tunnel = of_tunnel;
	search->pid = c->pid;
}

bool signing_find_client(struct store *s, const struct signature_provider *p, struct bytes tunnel, int64_t *pid,
			 struct error *e)
{
	struct search search = { .provider = p, .tunnel = tunnel };
	bool fine = store_list_status(s, on_client, &search, e);
	*pid = search.pid;
	return fine;
}

/* ---- the answer ---- */

void signing_reply_free(struct signing_reply *a)
{
	buffer_free(&a->fields);
	buffer_free(&a->body);
}

struct fetching {
	struct signing_reply *out;
	enum signing_state state;
	char error[300];
	bool no_memory;
};

static void on_answer(void *user, const struct signing *row)
{
	struct fetching *f = user;
	f->state = row->state;
	snprintf(f->error, sizeof f->error, "%.*s", row->error.len < sizeof f->error ? (int)row->error.len : 299,
		 row->error.len ? (const char *)row->error.at : "");
	if (row->state != SIGNING_DONE)
		return;
	f->out->verdict = bytes_equal(row->verdict, bytes_of("valid"))     ? SIGNATURE_VALID
			  : bytes_equal(row->verdict, bytes_of("invalid")) ? SIGNATURE_INVALID
			  : bytes_equal(row->verdict, bytes_of("none"))    ? SIGNATURE_NONE
									   : SIGNATURE_UNKNOWN;
	f->no_memory =
	    !buffer_append_bytes(&f->out->fields, row->headers) || !buffer_append_bytes(&f->out->body, row->body);
}

static bool fetch(struct store *s, int64_t id, struct signing_reply *out, struct error *e)
{
	struct fetching f = { .out = out, .state = SIGNING_FAILED };
	bool found;
	if (!store_get_signing(s, id, on_answer, &f, &found, e))
		return false;
	if (f.no_memory)
		return error_set(e, EXIT_STORE, "out of memory");
	return f.state == SIGNING_DONE ||
	       error_set(e, EXIT_USAGE, "%s", *f.error ? f.error : "the running client could not sign it");
}

bool signing_ask(struct store *s, int64_t pid, const struct signing *asked, struct signing_reply *out, struct error *e)
{
	static const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	enum signing_state state = SIGNING_ASKED;
	struct error ignored;
	bool found = true, alive = true;
	int64_t id;
	memset(out, 0, sizeof *out);
	uint64_t now = clock_now_us();
	if (!store_drop_old_signings(s, now - FORGOTTEN_US, e) || !store_ask_signing(s, asked, pid, now, &id, e))
		return false;
	bool fine = true;
	for (int i = 0; fine && state == SIGNING_ASKED && found && alive && i < WAIT_MS / LOOK_MS; i++) {
		nanosleep(&pause, NULL);
		fine = store_get_signing_state(s, id, &state, &found, e);
		alive = (i + 1) % ALIVE_EVERY != 0 || process_is_alive(pid);
	}
	if (fine && state == SIGNING_ASKED)
		fine = error_set(e, EXIT_USAGE,
				 "the running client (process %lld), which knows the secret, %s: give the secret with "
				 "--secret",
				 (long long)pid, alive && found ? "does not answer" : "has ended");
	else if (fine)
		fine = fetch(s, id, out, e);
	/* When this fails the row is deleted by the next program that asks. */
	(void)!store_drop_signing(s, id, &ignored);
	return fine;
}
