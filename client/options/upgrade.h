/* What the user sees while a record of an older creel is brought up to date: on a terminal how long it has taken, and
 * Ctrl-C gives it up; and what is said of a killed client's journal that is not whole (store_journal.h). The main
 * thread. */
#pragma once

/* Turns this on for all stores that the process opens. */
void upgrade_watch(void);
