/* What the user sees while a record of an older creel is brought up to date: on a terminal how long it has taken, and
 * Ctrl-C gives it up. The main thread. */
#pragma once

/* Turns this on for all stores that the process opens. */
void upgrade_watch(void);
