#include <stdio.h>
#include <string.h>

#include "tui/terminal/text.h"
#include "tui/desk/tui_private.h"
#include "tui/detail/view_detail.h"
#include "tui/questions/sheet_menu.h"

static bool value_of(const struct tui *t, bool path, struct buffer *out)
{
	const struct view *top = screen_top(&t->screen);
	return top->context == CONTEXT_DETAIL && view_detail_value(top, path, out);
}

void tui_copy_menu(struct tui *t, int64_t id)
{
	struct buffer path = { 0 };
	sheet_copy_menu(&t->screen.sheet, id, value_of(t, true, &path));
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
	t->doing.clip = NULL;
	if (bad)
		tui_say(t, true, "%s was not copied: %s", t->doing.copied, where);
	else
		tui_say(t, false, "%s: %s", t->doing.copied, where);
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
	if (t->doing.clip)
		clip_forget(t->doing.clip);
	t->doing.clip = NULL;
	t->doing.clip = clip_start(t->deps.loop, &place, b, &asker);
}

static bool make(struct tui *t, const struct effect *e, struct buffer *out, struct error *err)
{
	static const char *const formats[] = {
		[COPY_URL] = "url",   [COPY_CURL] = "curl", [COPY_CURL_SECRETS] = "curl-secrets",
		[COPY_BODY] = "body", [COPY_RAW] = "raw",   [COPY_HEADERS] = "headers",
	};
	if (e->number == COPY_ID)
		return buffer_printf(out, "%lld", (long long)e->id) || error_set(err, EXIT_NO, "out of memory");
	if (e->number == COPY_VALUE || e->number == COPY_PATH)
		return value_of(t, e->number == COPY_PATH, out) ||
		       error_set(err, EXIT_NO, "there is no JSON on this line");
	if (e->number > COPY_ID)
		return error_set(err, EXIT_NO, "there is nothing to copy");
	return t->deps.deeds->export(t->deps.deeds_self, &e->id, 1, formats[e->number], NULL, out, err);
}

/* Bytes a view hands over, or what of a delivery is named by its number. */
void tui_copy(struct tui *t, struct effect *e)
{
	static const char *const words[] = {
		[COPY_URL] = "URL",
		[COPY_CURL] = "curl",
		[COPY_CURL_SECRETS] = "curl with its secrets",
		[COPY_BODY] = "body",
		[COPY_HEADERS] = "header fields",
		[COPY_RAW] = "raw request",
		[COPY_VALUE] = "value",
		[COPY_PATH] = "path",
		[COPY_ID] = "id",
	};
	struct buffer made = { 0 };
	struct error err = { 0 };
	char size[8];
	if (e->bytes.len) {
		snprintf(t->doing.copied, sizeof t->doing.copied, "%.100s", e->text[0] ? e->text : "text");
		copy_bytes(t, buffer_view(&e->bytes));
	} else if (!make(t, e, &made, &err)) {
		tui_say(t, true, "%s", err.text);
	} else if (made.len == 0) {
		tui_say(t, true, "the %s of #%lld is empty: nothing was copied", words[e->number], (long long)e->id);
	} else {
		text_size(size, made.len);
		snprintf(t->doing.copied, sizeof t->doing.copied, "%s of #%lld (%s bytes)", words[e->number],
			 (long long)e->id, size);
		copy_bytes(t, buffer_view(&made));
	}
	buffer_free(&made);
}
