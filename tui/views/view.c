#include "tui/views/view.h"

unsigned view_have(const struct view *v, const struct ui *ui)
{
	unsigned have = 0;
	if (v->ops->current && v->ops->current(v, ui))
		have |= HAVE_ROW;
	if (ui->list.mark_count)
		have |= HAVE_MARKS;
	if (ui->strip.shown && ui->strip.running)
		have |= HAVE_REPLAY;
	if (ui->can_split)
		have |= HAVE_ROOM;
	return have;
}

static void diff_of(const struct ui *ui, int64_t current, struct effect *out)
{
	*out = (struct effect){ .kind = EFFECT_DIFF, .id = current };
	if (ui->list.mark_count == 2) {
		out->id = ui->list.marks[1];
		out->other = ui->list.marks[0];
	}
}

static void next_time(struct ui *ui, struct effect *out)
{
	static const char *const words[] = { "times are local", "times are UTC", "times are how long ago" };
	ui_set_time(ui, (enum time_mode)((ui->time + 1) % 3));
	effect_say(out, "%s", words[ui->time]);
}

bool view_act_common(struct view *v, struct ui *ui, enum action a, struct effect *out)
{
	static const struct {
		enum action action;
		enum effect_kind kind;
		uint64_t number;
		bool flag;
	} plain[] = {
		{ ACTION_HELP, EFFECT_HELP, 0, false },
		{ ACTION_EVENTS, EFFECT_EVENTS, 0, false },
		{ ACTION_PALETTE, EFFECT_PROMPT, PROMPT_COMMAND, false },
		{ ACTION_SEARCH, EFFECT_PROMPT, PROMPT_SEARCH, false },
		{ ACTION_FILTER, EFFECT_PROMPT, PROMPT_FILTER, false },
		{ ACTION_OFFSET, EFFECT_PROMPT, PROMPT_OFFSET, false },
		{ ACTION_EDIT, EFFECT_EDIT, 0, false },
		{ ACTION_STOP, EFFECT_STOP, 0, false },
		{ ACTION_MARK, EFFECT_MARK, 0, false },
		{ ACTION_UNMARK_ALL, EFFECT_UNMARK_ALL, 0, false },
		{ ACTION_COPY, EFFECT_COPY_MENU, 0, false },
		{ ACTION_EXPORT, EFFECT_EXPORT_MENU, 0, false },
		{ ACTION_MOUSE, EFFECT_MOUSE, 0, false },
		{ ACTION_REPAINT, EFFECT_REPAINT, 0, false },
		{ ACTION_SUSPEND, EFFECT_SUSPEND, 0, false },
		{ ACTION_SPLIT, EFFECT_SPLIT, 0, false },
		{ ACTION_QUIT, EFFECT_QUIT, 0, false },
		{ ACTION_INTERRUPT, EFFECT_QUIT, 3, true },
		{ ACTION_BACK, EFFECT_POP, 0, false },
	};
	int64_t current = v->ops->current ? v->ops->current(v, ui) : 0;
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
		if (plain[i].action == a) {
			*out = (struct effect){
				.kind = plain[i].kind, .id = current, .number = plain[i].number, .flag = plain[i].flag
			};
			return true;
		}
	if (a == ACTION_REPLAY || a == ACTION_DELETE)
		*out = (struct effect){ .kind = a == ACTION_REPLAY ? EFFECT_REPLAY : EFFECT_DELETE,
					.id = ui->list.mark_count ? 0 : current };
	else if (a == ACTION_REPLAY_ALL)
		*out = (struct effect){ .kind = EFFECT_REPLAY, .other = -1 };
	else if (a == ACTION_DIFF)
		diff_of(ui, current, out);
	else if (a == ACTION_TIME)
		next_time(ui, out);
	else if (a == ACTION_SWAP)
		ui->pane_focused = ui->split && !ui->pane_focused;
	else
		return false;
	return true;
}
