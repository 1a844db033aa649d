/* Power losses tried out: a run of work is noted (powerloss.h), its disk is cut off at points of that sequence, and
 * what a program finds then is held against what had been promised before the cut. Used by unit tests, in one thread.
 */
#pragma once

#include <sqlite3.h>

#include "shared/base/bytes.h"
#include "shared/base/uuid.h"

enum { CUTS_MOST = 4000, CUTS_LONGEST = 20000 };

/* What was found after a cut: of each delivery, by the number that its event id begins with. */
struct cuts_found {
	int copies[CUTS_MOST];
	bool ended[CUTS_MOST]; /* the app is not called for it any more */
	char wrong[700];       /* empty: nothing */
};

struct cuts_run {
	const char *name;
	const char *pragmas; /* for the connection that writes; set by cuts_keep and cuts_break */
	int sessions, turns;
	/* Works in the folder cuts_live, promises (powerloss_mark), and ends the notes in the middle of its last
	 * session. */
	void (*work)(const struct cuts_run *run, uint64_t *seed);
	/* Opens what the folder holds as the next program would, and fills *f. */
	void (*look)(const char *folder, struct cuts_found *f);
};

/* Two folders of the test's, whose contents are deleted. */
extern char cuts_live[100], cuts_after[100];

/* The body of delivery n, the same each time. */
struct bytes cuts_content(uint32_t n);
/* Notes what is wrong; the first such sentence stays. */
void cuts_say(struct cuts_found *f, const char *what, const char *detail);
void cuts_check_integrity(struct cuts_found *f, sqlite3 *db);
/* Counts a delivery that was found, whose body has to be cuts_content's. */
void cuts_check_content(struct cuts_found *f, struct bytes event_id, struct bytes body);

/* Fails the test unless every promise is kept at each cut that is looked at, whatever is lost: some of the cuts, or
 * with CREEL_POWERLOSS=long every one, of several runs. CREEL_POWERLOSS_SEED=N makes another run of it. */
void cuts_keep(struct cuts_run run);
/* Fails the test if all are: with these pragmas, or a disk that only pretends to sync files of that end of a name (or
 * NULL), something has to be lost. */
void cuts_break(struct cuts_run run, const char *pragmas, const char *lied);
