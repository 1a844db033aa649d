/* Shows how far a long piece of work is: a line on standard error with a bar, how many of how many, how many a
 * second, and the time left. It is drawn only on a terminal, only once the work has taken a second, and ten times a
 * second at most, so it may tick at every step. One at a time; the work's thread.
 *
 *     progress_begin(&p, "importing", 0);
 *     while (...) { ...; p.done++; progress_tick(&p); }
 *     progress_end(&p);
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *doing;     /* a word or two in front; NULL: none */
	uint64_t done, failed; /* counted by the owner */
	uint64_t total;        /* 0: not known */
	uint64_t part,
	    whole; /* another measure of how far it is, such as bytes read of a file; whole 0: done of total */
	/* Of this module alone. */
	bool on, drawn, hidden;
	uint64_t began_ms, looked_ms;
};

/* Starts again at zero; the first second counts from here. */
void progress_begin(struct progress *p, const char *doing, uint64_t total);
/* Draws it where it is time to. */
void progress_tick(struct progress *p);
/* Takes it off the terminal for a line that is to be printed; the next tick draws it again. */
void progress_hide(struct progress *p);
/* The same for good. Nothing happens when it is not on, or has ended. */
void progress_end(struct progress *p);

#define PROGRESS_LEN 160
/* "importing [####....] 5/10  1 failed  3.2/s  2 s left", at most `columns` wide; of work that counts nothing how long
 * it has taken. Pure. */
void progress_text(const struct progress *p, uint64_t now_ms, size_t columns, char out[PROGRESS_LEN]);
