/* Notes and tags on deliveries. */
#include <stdio.h>
#include <string.h>

#include "tui/deeds/tui_deeds.h"

static void ask(struct tui *t, enum prompt_kind kind, int64_t id)
{
	struct store_labels labels = { 0 };
	struct error e = { 0 };
	char text[UI_FILTER_MAX];
	const struct buffer *now = kind == PROMPT_NOTE ? &labels.note : &labels.tags;
	if (!t->deps.deeds->labels(t->deps.deeds_self, id, &labels, &e)) {
		tui_warn(t, "%s", e.text);
	} else if (now->len >= sizeof text) { /* of an import: it would be cut */
		tui_say(t, "it is too long for this line: %zu bytes", now->len);
	} else {
		snprintf(text, sizeof text, "%.*s", (int)now->len, now->len ? (const char *)now->at : "");
		t->screen.prompt.about = id;
		tui_prompt_open(t, kind, text);
	}
	store_labels_free(&labels);
}

void tui_labels_ask_note(struct tui *t, const struct effect *e)
{
	ask(t, PROMPT_NOTE, e->id);
}

void tui_labels_ask_tags(struct tui *t, const struct effect *e)
{
	ask(t, PROMPT_TAGS, e->id);
}

static int64_t current(struct tui *t)
{
	struct view *top = screen_top(&t->screen);
	return top->ops->current ? top->ops->current(top, &t->screen.ui) : 0;
}

/* What the list and what is open show of it is read again at once. */
static void changed(struct tui *t)
{
	list_changed(&t->screen.ui.list);
	t->open_stale = true;
	t->open_checked_ms = 0;
}

void tui_labels_note(struct tui *t, const struct effect *e)
{
	int64_t id = e->label.id ? e->label.id : current(t);
	struct error err = { 0 };
	if (!id)
		tui_warn(t, "there is no delivery to do that with");
	else if (!t->deps.deeds->set_note(t->deps.deeds_self, id, bytes_of(e->label.text), &err))
		tui_warn(t, "%s", err.text);
	else
		tui_say(t, e->label.text[0] ? "#%lld has the note" : "#%lld has no note", (long long)id);
	changed(t);
}

void tui_labels_tags(struct tui *t, const struct effect *e)
{
	struct error err = { 0 };
	if (!t->deps.deeds->set_tags(t->deps.deeds_self, e->label.id, bytes_of(e->label.text), &err))
		tui_warn(t, "%s", err.text);
	else
		tui_say(t, e->label.text[0] ? "#%lld has the tags: %s" : "#%lld has no tags", (long long)e->label.id,
			e->label.text);
	changed(t);
}

static void tag_gathered(struct tui *t, const struct effect *e)
{
	struct error err = { 0 };
	bool fine = true;
	for (size_t i = 0; fine && i < t->ids.count; i++)
		fine = t->deps.deeds->tag(t->deps.deeds_self, t->ids.at[i], e->label.text, !e->label.off, &err);
	if (!fine)
		tui_warn(t, "%s", err.text);
	else
		tui_say(t, e->label.off ? "%zu without the tag %s" : "%zu with the tag %s", t->ids.count,
			e->label.text);
	changed(t);
}

void tui_labels_tag(struct tui *t, const struct effect *e)
{
	struct which which = { t->screen.ui.list.mark_count ? WHICH_MARKED : WHICH_ONE, current(t) };
	if (e->label.text[strcspn(e->label.text, " ,")])
		tui_warn(t, "a tag is one word: \"%.60s\" has more", e->label.text);
	else if (which.kind == WHICH_ONE && !which.id)
		tui_warn(t, "there is no delivery to do that with");
	else
		tui_gather(t, &which, e, tag_gathered);
}
