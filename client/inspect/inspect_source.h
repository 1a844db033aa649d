/* Reads from the store what the inspector shows (struct source_ops in shared/frontend/source.h). Each question is read
 * on a thread of its own with a read-only connection of its own, so a filter that reads every body holds up neither the
 * terminal nor the page beside it. Loop thread. */
#pragma once

#include "client/signing/secrets.h"
#include "shared/frontend/source.h"

struct inspect_source;
extern const struct source_ops inspect_source_ops; /* their `self` is a struct inspect_source */

/* NULL and *e (EXIT_STORE) when the store cannot be read. */
struct inspect_source *inspect_source_new(uv_loop_t *loop, const char *path, struct error *e);
/* What is read for a front end within the client, as the bounds below have it. */
enum inspect_work {
	INSPECT_QUERY, /* a question: bounded in time and number */
	INSPECT_LONG,  /* what takes as long as it takes, such as an export: two at once, the others wait. They hold up
			* no question */
	INSPECT_LOOK,  /* short and regular; one at once, always at once */
	INSPECT_WORKS,
};
struct inspect_bounds {
	size_t at_once;   /* questions; at most 12 */
	uint64_t wait_ms; /* for a place among these; then `work` gets no store. 0: as long as it takes */
	uint64_t
	    patience_us; /* for each question, once it is begun: then what it reads fails (store_stop.h). 0: none */
};
/* Otherwise four at once, without bounds in time. Before the first question. */
void inspect_source_set_bounds(struct inspect_source *s, const struct inspect_bounds *bounds);
/* Reads the record for a front end within the client: `work` on a thread of its own with a read-only connection of its
 * own, or with NULL and why there is none (EXIT_INTERRUPTED: no place became free; then on the loop); then `done` on
 * the loop, in any case (without `work` when the source closes). False when out of memory, and neither is called. */
MUST_CHECK bool inspect_source_work(struct inspect_source *s, enum inspect_work kind,
				    void (*work)(void *user, struct store *store, const struct error *e),
				    void (*done)(void *user), void *user);
/* How many files took the place of the one that was opened first, as when the record is moved away and a client makes a
 * new one: what is asked after that is read from the file that is there. */
unsigned inspect_source_files(const struct inspect_source *s);
/* Drops what is under way. `closed` (may be NULL) comes on the loop when no thread works for it any more, and it is
 * freed. */
void inspect_source_close(struct inspect_source *s, void (*closed)(void *user), void *user);
/* Takes the client's state from this function instead of the record. For an inspector that runs inside the client. */
void inspect_source_set_state(struct inspect_source *s, void (*state)(void *user, struct client_state *out),
			      void *user);
/* Sets the secrets needed to explain why a signature does not hold. They must live as long as the source. */
void inspect_source_set_secrets(struct inspect_source *s, const struct secrets *secrets);
