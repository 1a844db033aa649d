#include "tests/powerloss/cuts.h"

#include "tests/powerloss/powerloss.h"
#include "tests/unit/unit.h"

char cuts_live[100], cuts_after[100];

/* What was promised of each delivery at the cut. */
struct promises {
	bool acknowledged[CUTS_MOST], forgotten[CUTS_MOST], ended[CUTS_MOST];
};

static uint8_t contents[CUTS_MOST][CUTS_LONGEST];
static size_t lengths[CUTS_MOST];

struct bytes cuts_content(uint32_t n)
{
	if (!lengths[n]) {
		uint64_t seed = n * UINT64_C(0x9e3779b97f4a7c15) + 1;
		lengths[n] = 1 + (size_t)(powerloss_random(&seed) >> 40) % (n % 17 == 0 ? CUTS_LONGEST : 5000);
		for (size_t i = 0; i < lengths[n]; i++)
			contents[n][i] = (uint8_t)(powerloss_random(&seed) >> 56);
	}
	return bytes_make(contents[n], lengths[n]);
}

void cuts_say(struct cuts_found *f, const char *what, const char *detail)
{
	if (!*f->wrong)
		snprintf(f->wrong, sizeof f->wrong, "%s: %s", what, detail);
}

void cuts_check_integrity(struct cuts_found *f, sqlite3 *db)
{
	sqlite3_stmt *st = NULL;
	const char *text = NULL;
	if (sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &st, NULL) == SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(st, 0);
	if (!text || strcmp(text, "ok") != 0)
		cuts_say(f, "integrity_check", text ? text : sqlite3_errmsg(db));
	sqlite3_finalize(st);
}

void cuts_check_content(struct cuts_found *f, struct bytes event_id, struct bytes body)
{
	uint32_t n = event_id.len == UUID_LEN ? bytes_get_u32(event_id.at) : CUTS_MOST;
	char number[20];
	snprintf(number, sizeof number, "%u", n);
	if (n >= CUTS_MOST || !lengths[n])
		cuts_say(f, "a delivery that nobody sent", number);
	else if (!bytes_equal(body, cuts_content(n)))
		cuts_say(f, "other bytes in delivery", number);
	else
		f->copies[n]++;
}

/* ---- cuts ---- */

static void promises_to(struct promises *p, size_t from, size_t cut)
{
	for (size_t i = from; i < cut; i++) {
		const struct event *e = powerloss_event(i);
		if (e->kind == EVENT_ACKNOWLEDGED)
			p->acknowledged[e->n] = true;
		else if (e->kind == EVENT_FORGOTTEN)
			p->forgotten[e->n] = true;
		else if (e->kind == EVENT_ENDED)
			p->ended[e->n] = true;
	}
}

static void compare(const struct promises *p, enum loss loss, struct cuts_found *f)
{
	char number[20];
	for (uint32_t n = 0; n < CUTS_MOST; n++) {
		snprintf(number, sizeof number, "%u", n);
		if (p->acknowledged[n] && !p->forgotten[n] && f->copies[n] == 0)
			cuts_say(f, "an acknowledged delivery is lost", number);
		if (f->copies[n] > 1)
			cuts_say(f, "a delivery is there twice", number);
		/* A kill alone: what was written is there. */
		if (p->ended[n] && loss == LOSS_ALL_WRITTEN && !f->ended[n])
			cuts_say(f, "it would be called again", number);
	}
}

/* Some of the cuts: of those right behind an acknowledgement, where most can be lost, and of all others. */
static bool is_chosen(size_t cut, size_t looks, uint64_t *seed)
{
	size_t count = powerloss_count();
	bool promised = cut > 0 && powerloss_event(cut - 1)->kind == EVENT_ACKNOWLEDGED;
	return looks >= count || cut == count || powerloss_random(seed) % count < (promised ? 4 * looks : looks);
}

/* Looks at about so many cuts, each with every kind of loss; how many broke a promise. Ends with the first. */
static int look_at_cuts(const struct cuts_run *run, const char *lied, size_t looks, uint64_t seed, struct cuts_found *f)
{
	static struct promises p;
	size_t last = 0;
	int cuts = 0;
	memset(&p, 0, sizeof p);
	struct replay *r = replay_new(lied, powerloss_count() / 2);
	*f->wrong = 0;
	for (size_t cut = 0; cut <= powerloss_count() && !*f->wrong; cut++) {
		if (!is_chosen(cut, looks, &seed))
			continue;
		replay_to(r, cut);
		promises_to(&p, last, cut);
		last = cut;
		cuts++;
		for (int loss = 0; loss < LOSS_KINDS && !*f->wrong; loss++) {
			memset(f->copies, 0, sizeof f->copies);
			memset(f->ended, 0, sizeof f->ended);
			assert_true(replay_write(r, (enum loss)loss, powerloss_random(&seed), cuts_after));
			run->look(cuts_after, f);
			compare(&p, (enum loss)loss, f);
			if (*f->wrong)
				print_message("%s: cut %zu of %zu, loss %d: %s\n", run->name, cut, powerloss_count(),
					      loss, f->wrong);
		}
	}
	replay_free(r);
	return cuts;
}

/* In empty folders, noted. */
static void work(const struct cuts_run *run, uint64_t seed)
{
	char command[400];
	snprintf(command, sizeof command, "rm -rf %s/* %s/*", cuts_live, cuts_after);
	assert_int_equal(system(command), 0);
	powerloss_record(cuts_live);
	run->work(run, &seed);
	assert_true(powerloss_count() > 0);
}

static uint64_t base_seed(void)
{
	const char *text = getenv("CREEL_POWERLOSS_SEED");
	return text && *text ? strtoull(text, NULL, 10) * 2 + 1 : 1;
}

static bool is_long(void)
{
	const char *text = getenv("CREEL_POWERLOSS");
	return text && strcmp(text, "long") == 0;
}

void cuts_keep(struct cuts_run run)
{
	static struct cuts_found f;
	/* So few deliveries bring no checkpoint before the close; after a few pages there are many. */
	static const char *const pragmas[] = { "PRAGMA wal_autocheckpoint=24", "PRAGMA wal_autocheckpoint=4",
					       "PRAGMA wal_autocheckpoint=100", "SELECT 1" };
	int cuts = 0;
	size_t count = 0;
	for (size_t i = 0; i < (is_long() ? sizeof pragmas / sizeof *pragmas : 1); i++) {
		uint64_t seed = base_seed() + 1000 * i;
		run.pragmas = pragmas[i];
		work(&run, seed);
		count += powerloss_count();
		cuts += look_at_cuts(&run, NULL, is_long() ? SIZE_MAX : 80, seed, &f);
		if (*f.wrong)
			fail_msg("%s, %s, seed %llu: %s", run.name, run.pragmas, (unsigned long long)base_seed() / 2,
				 f.wrong);
	}
	print_message("%s: %d cuts of %zu, each with %d kinds of loss\n", run.name, cuts, count, LOSS_KINDS);
}

void cuts_break(struct cuts_run run, const char *pragmas, const char *lied)
{
	static struct cuts_found f;
	run.pragmas = pragmas;
	work(&run, base_seed());
	look_at_cuts(&run, lied, 80, base_seed(), &f);
	if (!*f.wrong)
		fail_msg("%s with %s, lies of %s: nothing was lost, so that the test above could not fail", run.name,
			 pragmas, lied ? lied : "nothing");
}
