#include "tui/views/view_list.h"

#include <stdio.h>
#include <string.h>

#include "shared/filter/filter_text.h"
#include "tui/views/columns.h"
#include "tui/views/quick.h"
#include "tui/terminal/text.h"
#include "tui/state/words.h"

#define ONLY_FAILED "status:4xx,5xx,err,timeout"

struct pen { /* one row being drawn */
	struct surface *s;
	struct rect area;
	int y;
	struct column_plan plan;
};

static struct rect cell_of(const struct pen *p, enum column c)
{
	return (struct rect){ p->area.x + p->plan.at[c].x, p->y, p->plan.at[c].width, 1 };
}

static void put_left(const struct pen *p, enum column c, struct bytes text, enum role role)
{
	struct rect r = cell_of(p, c);
	if (!r.width)
		return;
	surface_text(p->s, r, r.x, r.y, text, role);
	/* Cut text says so, where there is room for saying it. */
	if (r.width >= 12 && text_columns(text, TEXT_LINE) > r.width)
		surface_print(p->s, r, r.x + r.width - 2, r.y, ROLE_DIM, "..");
}

static void put_right(const struct pen *p, enum column c, const char *text, enum role role)
{
	struct rect r = cell_of(p, c);
	if (r.width)
		surface_print(p->s, r, r.x + r.width - (int)strlen(text), r.y, role, "%s", text);
}

static void draw_flags(const struct pen *p, const struct ui *ui, const struct delivery_row *row, bool chosen)
{
	struct rect r = cell_of(p, COLUMN_FLAGS);
	enum role role;
	char signature = words_signature(row, &role);
	bool marked = list_marked(&ui->list, row->id);
	char flag = marked ? '*' : row->note.len ? 'n' : row->replay_of ? 'R' : ' ';
	/* Blanks are not bold: that takes twenty bytes a row of a slow line. */
	surface_print(p->s, r, r.x, r.y, flag == ' ' ? ROLE_NORMAL : ROLE_TITLE, "%c%c", chosen ? '>' : ' ', flag);
	surface_print(p->s, r, r.x + 2, r.y, role, "%c", signature);
}

static void draw_row(const struct pen *p, const struct ui *ui, const struct delivery_row *row, bool chosen)
{
	char text[WORDS_LEN], status[8], size[8], took[8];
	enum role role = words_status(status, row);
	draw_flags(p, ui, row, chosen);
	words_time(text, ui, row->received_at_us, p->plan.at[COLUMN_TIME].width);
	put_left(p, COLUMN_TIME, bytes_of(text), ROLE_DIM);
	put_left(p, COLUMN_STATUS, bytes_of(status), role);
	put_left(p, COLUMN_METHOD, row->method, ROLE_NORMAL);
	put_left(p, COLUMN_SOURCE, words_source(row), row->provider.len ? ROLE_NORMAL : ROLE_DIM);
	if (row->event_type.len || !p->plan.at[COLUMN_PATH].width) {
		put_left(p, COLUMN_EVENT, words_event(row), ROLE_NORMAL);
		put_left(p, COLUMN_PATH, row->target, ROLE_DIM);
	} else { /* nothing to put before the path: it has the room of both */
		struct pen both = *p;
		both.plan.at[COLUMN_EVENT].width += p->plan.at[COLUMN_PATH].width + 1;
		put_left(&both, COLUMN_EVENT, row->target, ROLE_NORMAL);
	}
	snprintf(text, sizeof text, "%d", row->attempts > 999 ? 999 : row->attempts);
	put_right(p, COLUMN_ATTEMPTS, text, row->attempts > 1 ? ROLE_4XX : ROLE_DIM);
	text_took(took, row->took_us);
	put_right(p, COLUMN_TOOK, row->state == DELIVERY_SENDING ? "..." : took, ROLE_NORMAL);
	snprintf(text, sizeof text, "#%lld", (long long)row->id);
	put_left(p, COLUMN_ID, bytes_of(text), ROLE_DIM);
	put_left(p, COLUMN_TUNNEL, row->tunnel, ROLE_NORMAL);
	put_left(p, COLUMN_PEER, row->peer, ROLE_DIM);
	put_left(p, COLUMN_HOST, row->host, ROLE_DIM);
	put_left(p, COLUMN_TAG, row->tags, ROLE_NORMAL);
	if (row->replay_of) {
		snprintf(text, sizeof text, "#%lld", (long long)row->replay_of);
		put_right(p, COLUMN_REPLAY_OF, text, ROLE_NORMAL);
	}
	text_size(size, row->request_bytes);
	put_right(p, COLUMN_SIZE, size, ROLE_DIM);
}

static void draw_day(const struct pen *p, const struct ui *ui, uint64_t at_us)
{
	char day[WORDS_LEN];
	words_day(day, ui, at_us);
	surface_fill(p->s, (struct rect){ p->area.x, p->y, p->area.width, 1 }, SURFACE_LINE, ROLE_DIM);
	surface_print(p->s, p->area, p->area.x + 3, p->y, ROLE_DIM, " %s ", day);
}

static void list_draw(struct view *v, const struct ui *ui, struct surface *s, struct rect area)
{
	struct list_row rows[256];
	struct pen p = { s, area, area.y, columns_plan(ui, area.width) };
	int height = area.height > 256 ? 256 : area.height;
	(void)v;
	list_rows(&ui->list, rows, height);
	if (!ui->list.count)
		view_list_draw_empty(ui, s, area);
	for (int i = 0; i < height; i++) {
		p.y = area.y + i;
		if (rows[i].day)
			draw_day(&p, ui, rows[i].day->row.received_at_us);
		if (!rows[i].item)
			continue;
		bool chosen = rows[i].item->row.id == ui->list.chosen;
		draw_row(&p, ui, &rows[i].item->row, chosen);
		if (chosen) {
			surface_ground(s, (struct rect){ area.x, p.y, area.width, 1 },
				       ui->focus ? GROUND_SELECTED_ELSEWHERE : GROUND_SELECTED);
			s->cursor_x = area.x;
			s->cursor_y = p.y;
		}
	}
}

static int64_t list_current(const struct view *v, const struct ui *ui)
{
	const struct item *i = list_chosen(&ui->list);
	(void)v;
	return i ? i->row.id : 0;
}

/* Takes a term away that a key had added; Esc still brings back what was there before all of these. */
static void give_back(struct ui *ui, struct buffer *text, struct effect *out)
{
	if (!buffer_put_u8(text, 0))
		return;
	if (quick_shows(ui))
		snprintf(ui->quick, sizeof ui->quick, "%s",
			 strcmp((const char *)text->at, ui->before_quick) == 0 ? "" : (const char *)text->at);
	effect_filter(out, (const char *)text->at);
}

/* What is shown, narrowed by a term; or, where it is so narrowed, as it was before. */
static void toggle_term(struct ui *ui, const char *term, struct effect *out)
{
	struct buffer text = { 0 };
	if (filter_text_widen(&text, ui->filter, term, ui->now_us))
		give_back(ui, &text, out);
	else if (quick_narrow(ui, term, &text))
		(void)quick_take(ui, &text, out);
	else
		effect_say(out, "out of memory for another filter");
	buffer_free(&text);
}

/* The same provider, event and path as what is chosen; pressed again, as it was before. */
static void more_like_this(struct ui *ui, struct effect *out)
{
	const struct item *item = list_chosen(&ui->list);
	struct buffer text = { 0 };
	if (!item)
		return;
	const struct delivery_row *row = &item->row;
	bool fine = row->provider.len ? filter_text_put(&text, "source", row->provider)
				      : buffer_append_text(&text, "source:none");
	if (row->event_type.len)
		fine = fine && buffer_put_u8(&text, ' ') && filter_text_put(&text, "event", row->event_type);
	if (row->path.len)
		fine = fine && buffer_put_u8(&text, ' ') && filter_text_put(&text, "path", row->path);
	bool same = fine && text.len == strlen(ui->filter) && memcmp(text.at, ui->filter, text.len) == 0;
	if (!fine)
		effect_say(out, "out of memory for another filter");
	else if (same && quick_shows(ui))
		quick_drop(ui, out);
	else
		(void)quick_take(ui, &text, out);
	buffer_free(&text);
}

static void list_clear(struct ui *ui, struct effect *out)
{
	if (ui->strip.shown && !ui->strip.running)
		ui->strip.shown = false;
	else if (quick_shows(ui))
		quick_drop(ui, out);
	else if (ui->filter[0])
		effect_filter(out, "");
	else if (ui->list.sorting.by.key != STORE_ORDER_TIME)
		effect_sort(out, STORE_ORDER_TIME, SORT_UP);
}

/* Enter on the line of a finished replay shows what it made. */
static bool open_results(struct ui *ui, struct effect *out)
{
	struct buffer text = { 0 };
	if (!ui->strip.shown || ui->strip.running || !ui->strip.progress.last_id)
		return false;
	ui->strip.shown = false;
	if (buffer_printf(&text, "is:replay id:>%lld", (long long)ui->strip.first_id))
		(void)quick_take(ui, &text, out);
	buffer_free(&text);
	return true;
}

static void list_act(struct view *v, struct ui *ui, enum action a, int count, struct effect *out)
{
	struct list_model *m = &ui->list;
	int page = m->height > 1 ? m->height - 1 : 1, half = m->height > 1 ? m->height / 2 : 1;
	(void)v;
	switch (a) {
	case ACTION_DOWN:
	case ACTION_UP:
		list_move(m, a == ACTION_DOWN ? count : -count);
		break;
	case ACTION_HALF_DOWN:
	case ACTION_HALF_UP:
		list_move(m, a == ACTION_HALF_DOWN ? half * count : -half * count);
		break;
	case ACTION_PAGE_DOWN:
	case ACTION_PAGE_UP:
		list_move(m, a == ACTION_PAGE_DOWN ? page * count : -page * count);
		break;
	case ACTION_TOP:
		list_to_top(m);
		break;
	case ACTION_BOTTOM:
		list_to_bottom(m);
		break;
	case ACTION_OPEN:
		if (!open_results(ui, out))
			*out = (struct effect){ .kind = EFFECT_OPEN, .id = list_current(v, ui) };
		break;
	case ACTION_CLEAR:
		list_clear(ui, out);
		break;
	case ACTION_LEAVE:
		*out = (struct effect){ .kind = EFFECT_QUIT, .quit = QUIT_ASKING };
		break;
	case ACTION_FOLLOW:
		if (m->follow)
			list_pause(m);
		else
			list_follow(m);
		*out = (struct effect){ .kind = EFFECT_REMEMBER };
		break;
	case ACTION_REVERSE:
		list_reverse(m);
		*out = (struct effect){ .kind = EFFECT_REMEMBER };
		break;
	case ACTION_SORT:
		*out = (struct effect){ .kind = EFFECT_SORT_MENU };
		break;
	case ACTION_SORT_AGAIN:
		effect_sort(out, m->sorting.by.key, SORT_AGAIN);
		break;
	case ACTION_ONLY_MARKED:
		toggle_term(ui, "is:marked", out);
		break;
	case ACTION_ONLY_FAILED:
		toggle_term(ui, ONLY_FAILED, out);
		break;
	case ACTION_LIKE:
		more_like_this(ui, out);
		break;
	case ACTION_COLUMNS:
		*out = (struct effect){ .kind = EFFECT_COLUMNS_MENU };
		break;
	case ACTION_OVERVIEW:
		*out = (struct effect){ .kind = EFFECT_OVERVIEW };
		break;
	case ACTION_SAVED:
		*out = (struct effect){ .kind = EFFECT_SAVED_MENU };
		break;
	case ACTION_HIT_NEXT:
	case ACTION_HIT_BACK:
		if (!ui->search[0]) {
			effect_say(out, "nothing was searched yet: / searches");
			break;
		}
		effect_search(out, ui->search, a == ACTION_HIT_BACK);
		break;
	default:
		break;
	}
}

/* Twice on a tag shows what has it, on anything else opens the delivery. */
static void list_click(struct view *v, struct ui *ui, const struct view_click *at, struct effect *out)
{
	struct bytes tag;
	struct buffer term = { 0 };
	list_choose_row(&ui->list, at->y);
	if (at->twice && columns_tag_at(ui, at->width, at->x, &tag) && filter_text_put(&term, "tag", tag) &&
	    buffer_put_u8(&term, 0))
		toggle_term(ui, (const char *)term.at, out);
	else if (at->twice && list_chosen(&ui->list))
		*out = (struct effect){ .kind = EFFECT_OPEN, .id = list_current(v, ui) };
	buffer_free(&term);
}

const struct view_ops view_list_ops = {
	.draw = list_draw,
	.act = list_act,
	.current = list_current,
	.click = list_click,
};
