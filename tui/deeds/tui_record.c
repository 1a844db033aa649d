/* Changes of the record: marks, and deleting. */
#include <stdlib.h>
#include <string.h>

#include "tui/deeds/tui_deeds.h"
#include "tui/questions/sheet_confirm.h"

void tui_record_mark(struct tui *t, const struct effect *effect)
{
	int64_t id = effect->id;
	struct list_model *m = &t->screen.ui.list;
	bool on = !list_marked(m, id);
	struct error e = { 0 };
	list_pause(m);
	if (!t->deps.deeds->tag(t->deps.deeds_self, id, "marked", on, &e))
		tui_warn(t, "%s", e.text);
	else if (!list_mark(m, id, on))
		tui_warn(t, "out of memory: #%lld is not marked", (long long)id);
}

static bool set_mark(struct tui *t, int64_t id, bool on)
{
	struct error e = { 0 };
	if (!t->deps.deeds->tag(t->deps.deeds_self, id, "marked", on, &e)) {
		tui_warn(t, "%s", e.text);
		return false;
	}
	return list_mark(&t->screen.ui.list, id, on);
}

void tui_record_unmark_all(struct tui *t, const struct effect *effect)
{
	struct list_model *m = &t->screen.ui.list;
	size_t count = m->mark_count;
	int64_t *ids = malloc(count * sizeof *ids);
	(void)effect;
	if (ids) {
		memcpy(ids, m->marks, count * sizeof *ids);
		free(t->unmarked.at);
		t->unmarked = (struct delivery_ids){ ids, count, count };
	}
	while (m->mark_count)
		if (!set_mark(t, m->marks[m->mark_count - 1], false))
			return;
	tui_say(t, ids ? "%zu unmarked: u marks them again" : "%zu unmarked", count);
}

void tui_record_mark_again(struct tui *t, const struct effect *effect)
{
	struct delivery_ids *ids = &t->unmarked;
	size_t count = ids->count;
	(void)effect;
	if (!count) {
		tui_say(t, "nothing was unmarked by unmark-all");
		return;
	}
	list_pause(&t->screen.ui.list);
	for (size_t i = 0; i < count; i++)
		if (!set_mark(t, ids->at[i], true))
			return;
	ids->count = 0;
	tui_say(t, "%zu marked again", count);
}

void tui_record_end(struct tui *t)
{
	free(t->unmarked.at);
	t->unmarked = (struct delivery_ids){ 0 };
}

static void delete_now(struct tui *t)
{
	const struct delivery_ids *ids = &t->ids;
	struct error e = { 0 };
	if (!t->deps.deeds->delete (t->deps.deeds_self, ids->at, ids->count, &e)) {
		tui_warn(t, "%s", e.text);
		return;
	}
	const struct item *chosen = list_chosen(&t->screen.ui.list);
	bool fine = true;
	for (size_t i = 0; i < ids->count; i++) {
		t->chosen_deleted = t->chosen_deleted || (chosen && chosen->row.id == ids->at[i]);
		fine = list_mark(&t->screen.ui.list, ids->at[i], false) && fine;
	}
	if (ids->count == 1)
		tui_say(t, "#%lld is deleted", (long long)ids->at[0]);
	else
		tui_say(t, "%zu deliveries are deleted", ids->count);
}

static void delete_gathered(struct tui *t, const struct effect *e)
{
	if (e->delete.confirmed)
		delete_now(t);
	else
		sheet_delete(&t->screen.sheet, t->ids.at, t->ids.count);
}

void tui_record_delete(struct tui *t, const struct effect *e)
{
	tui_gather(t, &e->delete.which, e, delete_gathered);
}
