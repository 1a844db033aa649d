#include "client/options/upgrade.h"

#include "shared/program/interrupt.h"
#include "shared/program/progress.h"
#include "shared/store/store_journal.h"

#include <stdio.h>

struct upgrade {
	struct progress progress;
	struct interrupt before;
};

static void begins(void *user)
{
	struct upgrade *u = user;
	interrupt_begin(&u->before);
	progress_begin(&u->progress, "bringing the record up to date", 0);
}

static bool goes_on(void *user)
{
	struct upgrade *u = user;
	progress_tick(&u->progress);
	return !interrupt_came();
}

static void over(void *user)
{
	struct upgrade *u = user;
	progress_end(&u->progress);
	interrupt_end(&u->before);
}

static void journal_told(const char *sentence)
{
	fprintf(stderr, "creel: %s\n", sentence);
}

void upgrade_watch(void)
{
	static struct upgrade only;
	static const struct store_upgrade_ops ops = { begins, goes_on, over };
	store_watch_upgrades(&ops, &only);
	store_watch_journals(journal_told);
}
