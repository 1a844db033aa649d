#include "shared/store/store_stop.h"

#include "shared/store/store_private.h"

#define STEPS_BETWEEN_LOOKS 2000 /* of SQLite's virtual machine: well below a millisecond */

void store_interrupt(struct store *s)
{
	atomic_store(&s->interrupted, true);
	sqlite3_interrupt(s->db);
}

void store_resume(struct store *s)
{
	atomic_store(&s->interrupted, false);
}

static int on_steps(void *deadline)
{
	return deadline_over(deadline);
}

void store_set_patience(struct store *s, uint64_t span_us)
{
	s->deadline = span_us ? deadline_in(span_us) : (struct deadline){ 0 };
	sqlite3_progress_handler(s->db, span_us ? STEPS_BETWEEN_LOOKS : 0, span_us ? on_steps : NULL, &s->deadline);
}

void store_renew_patience(struct store *s)
{
	if (s->deadline.until_us)
		s->deadline = deadline_in(s->deadline.span_us);
}

bool store_stopped(struct store *s, struct error *e)
{
	bool late = deadline_over(&s->deadline);
	if (late)
		error_set(e, EXIT_INTERRUPTED, "this takes longer than the %.3g s that it has: ask for less at once",
			  (double)s->deadline.span_us / 1e6);
	else if (atomic_load(&s->interrupted))
		error_set(e, EXIT_INTERRUPTED, "the search was stopped");
	else
		return false;
	return true;
}
