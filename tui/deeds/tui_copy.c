/* Copies something of a delivery to the clipboard. */
#include <stdio.h>
#include <string.h>

#include "tui/terminal/text.h"
#include "tui/deeds/tui_deeds.h"
#include "tui/detail/view_detail.h"
#include "tui/questions/sheet_menu.h"

static bool value_of(const struct tui *t, bool path, struct buffer *out)
{
	const struct view *top = screen_top(&t->screen);
	return top->context == CONTEXT_DETAIL && view_detail_value(top, path, out);
}

void tui_copy_menu(struct tui *t, const struct effect *e)
{
	struct buffer path = { 0 };
	sheet_copy_menu(&t->screen.sheet, e->id, value_of(t, true, &path));
	buffer_free(&path);
}

static bool to_terminal(void *user, struct bytes b)
{
	struct tui *t = user;
	return !t->away && term_clipboard(t->term, b);
}

static void on_copied(void *user, bool bad, const char *where)
{
	struct tui *t = user;
	t->clip = NULL;
	if (bad)
		tui_warn(t, "%s was not copied: %s", t->copied, where);
	else
		tui_say(t, "%s: %s", t->copied, where);
	/* A path that does not fit is found there. */
	if (strlen(t->screen.ui.message) + 1 > (size_t)t->surface.width) {
		char sentence[sizeof t->screen.ui.message];
		memcpy(sentence, t->screen.ui.message, sizeof sentence);
		tui_event(t, sentence);
	}
}

static void copy_bytes(struct tui *t, struct bytes b)
{
	struct clip_place place = clip_place_here(t->clipboard);
	place.cores = t->deps.cores;
	struct clip_asker asker = { to_terminal, on_copied, t };
	tui_copy_end(t);
	t->clip = clip_start(t->deps.loop, &place, b, &asker);
}

static const struct {
	const char *words, *format; /* format: as struct deed_ops takes it; NULL: made here */
} kinds[COPY_COUNT] = {
	[COPY_URL] = { "URL", "url" },
	[COPY_CURL] = { "curl", "curl" },
	[COPY_CURL_SECRETS] = { "curl with its secrets", "curl-secrets" },
	[COPY_BODY] = { "body", "body" },
	[COPY_HEADERS] = { "header fields", "headers" },
	[COPY_RAW] = { "raw request", "raw" },
	[COPY_VALUE] = { "value", NULL },
	[COPY_PATH] = { "path", NULL },
	[COPY_ID] = { "id", NULL },
};

static bool make(struct tui *t, const struct effect_copy *copy, struct buffer *out, struct error *e)
{
	switch (copy->what) {
	case COPY_ID:
		return buffer_printf(out, "%lld", (long long)copy->id) || error_set(e, EXIT_NO, "out of memory");
	case COPY_VALUE:
	case COPY_PATH:
		return value_of(t, copy->what == COPY_PATH, out) ||
		       error_set(e, EXIT_NO, "there is no JSON on this line");
	default:
		return t->deps.deeds->export(t->deps.deeds_self, &copy->id, 1, kinds[copy->what].format, NULL, out, e);
	}
}

void tui_copy(struct tui *t, const struct effect *e)
{
	const char *words = kinds[e->copy.what].words;
	long long id = (long long)e->copy.id;
	struct buffer made = { 0 };
	struct error err = { 0 };
	char size[8];
	if (!make(t, &e->copy, &made, &err)) {
		tui_warn(t, "%s", err.text);
	} else if (made.len == 0) {
		tui_warn(t, "the %s of #%lld is empty: nothing was copied", words, id);
	} else {
		text_size(size, made.len);
		snprintf(t->copied, sizeof t->copied, "%s of #%lld (%s bytes)", words, id, size);
		copy_bytes(t, buffer_view(&made));
	}
	buffer_free(&made);
}

void tui_copy_end(struct tui *t)
{
	if (t->clip)
		clip_forget(t->clip);
	t->clip = NULL;
}
