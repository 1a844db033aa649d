#include "tui/questions/sheet_confirm.h"

#include <string.h>

#include "tui/questions/target.h"
#include "tui/state/words.h"

void sheet_warn_far(struct sheet *s, const char *target)
{
	if (target[0] && !target_is_local(target))
		sheet_line_as(s, ROLE_5XX, "not on this machine: %s", target);
}

void sheet_replay(struct sheet *s, const struct ui *ui, size_t count, size_t stale, enum which_kind which)
{
	static const char *const words[] = { [WHICH_MARKED] = "marked",
					     [WHICH_ONE] = "delivery",
					     [WHICH_FILTERED] = "that match the filter",
					     [WHICH_ASKED] = "deliveries" };
	const char *target = ui->client.target;
	char number[WORDS_LEN];
	words_count(number, count);
	sheet_begin(s, "replay %s %s", number, words[which]);
	sheet_warn_far(s, target);
	if (ui->client.running && target[0])
		sheet_line(s, "to %s, a few at a time, as fast as it answers", target);
	else
		sheet_line(s, "to where each went before, a few at a time, as fast as it answers");
	sheet_line_as(s, ROLE_DIM, "each becomes a delivery of its own; X stops what is not sent yet");
	if (stale)
		sheet_line_as(s, ROLE_5XX, "%zu %s signed too long ago for their providers' libraries", stale,
			      stale == 1 ? "was" : "were");
	struct effect *e = sheet_choice(s, 'y', "send them", EFFECT_REPLAY);
	e->replay = (struct effect_replay){ .which.kind = WHICH_ASKED, .confirmed = true };
	sheet_choice(s, 'n', "do not", EFFECT_NONE);
}

void sheet_stale(struct sheet *s, const struct ui *ui, int64_t id, const char *why)
{
	char text[200];
	snprintf(text, sizeof text, "it was %s", why);
	sheet_begin(s, "replay #%lld", (long long)id);
	sheet_warn_far(s, ui->client.target);
	sheet_sentence(s, ROLE_5XX, text);
	struct effect_replay as_is = { .which = { WHICH_ONE, id }, .confirmed = true }, resigned = as_is;
	resigned.resign = true;
	sheet_choice(s, 'r', "re-sign and send (configured secret)", EFFECT_REPLAY)->replay = resigned;
	sheet_choice(s, 's', "send as it is", EFFECT_REPLAY)->replay = as_is;
	sheet_choice(s, 'n', "do not", EFFECT_NONE);
}

void sheet_delete(struct sheet *s, const int64_t *ids, size_t count)
{
	if (count == 1)
		sheet_begin(s, "delete #%lld", (long long)ids[0]);
	else
		sheet_begin(s, "delete %zu deliveries, #%lld to #%lld", count, (long long)ids[0],
			    (long long)ids[count - 1]);
	sheet_line_as(s, ROLE_5XX, "gone for good: request, answers, attempts; nothing brings them back");
	/* Enter alone destroys nothing. */
	sheet_choice(s, 'n', "keep", EFFECT_NONE);
	struct effect *e = sheet_choice(s, 'y', "delete", EFFECT_DELETE);
	e->delete = (struct effect_delete){ .which.kind = WHICH_ASKED, .confirmed = true };
}

void sheet_overwrite(struct sheet *s, const struct effect_export *export)
{
	sheet_begin(s, "%.150s is there already", export->path);
	sheet_choice(s, 'a', "another name", EFFECT_ASK_PATH)->export = *export;
	struct effect *e = sheet_choice(s, 'o', "write over it", EFFECT_EXPORT);
	e->export = *export;
	e->export.overwrite = true;
}
