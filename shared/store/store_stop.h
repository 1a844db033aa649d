/* How a question to the store ends before it is answered: another thread stops it, or its time is over. Whatever is
 * read then fails with EXIT_INTERRUPTED and a sentence that says which of the two it was; nothing has to look for
 * itself, except loops that do long work between two reads. */
#pragma once

#include "shared/base/deadline.h"
#include "shared/store/store.h"

/* From any thread, while the store is open: what is under way, and any search begun before store_resume, fails. */
void store_interrupt(struct store *s);
void store_resume(struct store *s);

/* The rest is the store's thread's. Gives what is read from now on so much time, until it is set anew; 0: as much as
 * it takes. */
void store_set_patience(struct store *s, uint64_t span_us);
/* Begins it anew, for what comes on piece by piece; where there is none nothing happens. */
void store_renew_patience(struct store *s);
/* Whether what was asked is to end; then *e says why. */
bool store_stopped(struct store *s, struct error *e);
