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
	*out = (struct effect){ .kind = EFFECT_DIFF, .diff.id = current };
	if (ui->list.mark_count == 2)
		out->diff = (struct effect_diff){ .id = ui->list.marks[1], .other = ui->list.marks[0] };
}

static void next_time(struct ui *ui, struct effect *out)
{
	static const char *const words[] = { "times are local", "times are UTC", "times are how long ago" };
	ui_set_time(ui, (enum time_mode)((ui->time + 1) % 3));
	effect_say(out, "%s", words[ui->time]);
}

/* What is marked; where nothing is, the view's delivery. */
static struct which which_of(const struct ui *ui, int64_t current)
{
	return (struct which){ ui->list.mark_count ? WHICH_MARKED : WHICH_ONE, current };
}

/* Actions that ask for an effect as it stands here; `of_current` adds the view's delivery. */
static bool is_plain(enum action a, int64_t current, struct effect *out)
{
	static const struct {
		enum action action;
		struct effect effect;
		bool of_current;
	} plain[] = {
		{ ACTION_HELP, { .kind = EFFECT_HELP }, false },
		{ ACTION_EVENTS, { .kind = EFFECT_EVENTS }, false },
		{ ACTION_PALETTE, { .kind = EFFECT_PROMPT, .prompt = PROMPT_COMMAND }, false },
		{ ACTION_SEARCH, { .kind = EFFECT_PROMPT, .prompt = PROMPT_SEARCH }, false },
		{ ACTION_FILTER, { .kind = EFFECT_PROMPT, .prompt = PROMPT_FILTER }, false },
		{ ACTION_OFFSET, { .kind = EFFECT_PROMPT, .prompt = PROMPT_OFFSET }, false },
		{ ACTION_STOP, { .kind = EFFECT_STOP }, false },
		{ ACTION_MARK, { .kind = EFFECT_MARK }, true },
		{ ACTION_UNMARK_ALL, { .kind = EFFECT_UNMARK_ALL }, false },
		{ ACTION_COPY, { .kind = EFFECT_COPY_MENU }, true },
		{ ACTION_EXPORT, { .kind = EFFECT_EXPORT_MENU }, true },
		{ ACTION_MOUSE, { .kind = EFFECT_MOUSE }, false },
		{ ACTION_REPAINT, { .kind = EFFECT_REPAINT }, false },
		{ ACTION_SUSPEND, { .kind = EFFECT_SUSPEND }, false },
		{ ACTION_SPLIT, { .kind = EFFECT_SPLIT }, false },
		{ ACTION_QUIT, { .kind = EFFECT_QUIT, .quit = QUIT_ASKING }, false },
		{ ACTION_INTERRUPT, { .kind = EFFECT_QUIT, .quit = QUIT_INTERRUPTED }, false },
		{ ACTION_BACK, { .kind = EFFECT_BACK }, false },
	};
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		if (plain[i].action != a)
			continue;
		*out = plain[i].effect;
		if (plain[i].of_current)
			out->id = current;
		return true;
	}
	return false;
}

bool view_act_common(struct view *v, struct ui *ui, enum action a, struct effect *out)
{
	int64_t current = v->ops->current ? v->ops->current(v, ui) : 0;
	if (is_plain(a, current, out))
		return true;
	switch (a) {
	case ACTION_EDIT:
		*out = (struct effect){ .kind = EFFECT_EDIT, .edit = { .id = current, .step = EDIT_BEGIN } };
		return true;
	case ACTION_REPLAY:
		*out = (struct effect){ .kind = EFFECT_REPLAY, .replay.which = which_of(ui, current) };
		return true;
	case ACTION_REPLAY_ALL:
		*out = (struct effect){ .kind = EFFECT_REPLAY, .replay.which.kind = WHICH_FILTERED };
		return true;
	case ACTION_DELETE:
		*out = (struct effect){ .kind = EFFECT_DELETE, .delete.which = which_of(ui, current) };
		return true;
	case ACTION_DIFF:
		diff_of(ui, current, out);
		return true;
	case ACTION_TIME:
		next_time(ui, out);
		return true;
	case ACTION_SWAP:
		ui->pane_focused = ui->split && !ui->pane_focused;
		return true;
	default:
		return false;
	}
}
