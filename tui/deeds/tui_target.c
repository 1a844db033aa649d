/* :target, while the client listens. */
#include "tui/desk/tui_private.h"

void tui_target(struct tui *t, const struct effect *e)
{
	struct error err = { 0 };
	if (!t->deps.deeds->retarget(t->deps.deeds_self, e->text, &err)) {
		tui_warn(t, "%s", err.text);
		return;
	}
	t->deps.source->state(t->deps.source_self, &t->screen.ui.client);
	tui_say(t, "what comes from now on goes to %s", t->screen.ui.client.target);
}
