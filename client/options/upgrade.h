/* What the user sees while the record of an older creel is brought up to date: on a terminal, how long it has taken
 * (Ctrl-C gives it up). Also says so when a killed client's journal is incomplete (store_journal.h). The main
 * thread. */
#pragma once

/* Turns this on for all stores that the process opens. */
void upgrade_watch(void);
