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
	if (ui->room)
		have |= HAVE_ROOM;
	if (ui->wide)
		have |= HAVE_WIDTH;
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
		struct effect effect;
		enum action action;
		bool of_current;
	} plain[] = {
		{ { .kind = EFFECT_HELP }, ACTION_HELP, false },
		{ { .kind = EFFECT_EVENTS }, ACTION_EVENTS, false },
		{ { .kind = EFFECT_PROMPT, .prompt = PROMPT_COMMAND }, ACTION_PALETTE, false },
		{ { .kind = EFFECT_PROMPT, .prompt = PROMPT_SEARCH }, ACTION_SEARCH, false },
		{ { .kind = EFFECT_PROMPT, .prompt = PROMPT_FILTER }, ACTION_FILTER, false },
		{ { .kind = EFFECT_PROMPT, .prompt = PROMPT_OFFSET }, ACTION_OFFSET, false },
		{ { .kind = EFFECT_STOP }, ACTION_STOP, false },
		{ { .kind = EFFECT_MARK }, ACTION_MARK, true },
		{ { .kind = EFFECT_ASK_NOTE }, ACTION_NOTE, true },
		{ { .kind = EFFECT_ASK_TAGS }, ACTION_TAGS, true },
		{ { .kind = EFFECT_UNMARK_ALL }, ACTION_UNMARK_ALL, false },
		{ { .kind = EFFECT_MARK_AGAIN }, ACTION_MARK_AGAIN, false },
		{ { .kind = EFFECT_COPY_MENU }, ACTION_COPY, true },
		{ { .kind = EFFECT_EXPORT_MENU }, ACTION_EXPORT, true },
		{ { .kind = EFFECT_MOUSE }, ACTION_MOUSE, false },
		{ { .kind = EFFECT_REPAINT }, ACTION_REPAINT, false },
		{ { .kind = EFFECT_SUSPEND }, ACTION_SUSPEND, false },
		{ { .kind = EFFECT_SPLIT }, ACTION_SPLIT, false },
		{ { .kind = EFFECT_QUIT, .quit = QUIT_ASKING }, ACTION_QUIT, false },
		{ { .kind = EFFECT_QUIT, .quit = QUIT_INTERRUPTED }, ACTION_INTERRUPT, false },
		{ { .kind = EFFECT_BACK }, ACTION_BACK, false },
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
		ui->focus = ui->split ? (ui->focus + 1) % (ui->room + 1) : 0;
		return true;
	case ACTION_SHARE:
		ui->share = ui->share == 50 ? 60 : ui->share == 60 ? 40 : 50;
		*out = (struct effect){ .kind = EFFECT_REMEMBER };
		return true;
	case ACTION_BELOW:
		ui->below = !ui->below;
		*out = (struct effect){ .kind = EFFECT_REMEMBER };
		return true;
	default:
		return false;
	}
}
