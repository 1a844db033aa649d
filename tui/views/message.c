#include "tui/views/message.h"

#include <stdio.h>
#include <string.h>

#include "tui/terminal/text.h"
#include "tui/views/bars.h"
#include "tui/state/words.h"

#define MESSAGE_ROWS 4 /* of a long one, until the next key */

enum part {
	PART_SOURCE,
	PART_EVENT_ID,
	PART_NUMBER,
	PART_METHOD,
	PART_TARGET,
	PART_STATUS,
	PART_REASON,
	PART_TOOK,
	PART_SIGNATURE,
	PART_VERDICT,
	PARTS,
};

struct preview_line {
	struct {
		struct bytes text;
		enum role role;
	} at[PARTS];
	char number[32], status[8], took[8];
	int target_columns; /* it is cut to so many */
};

/* What is left out first where there is no room: most of it is in the row above. The provider's id of an event stays.
 */
static const enum part dropped[] = { PART_SOURCE, PART_REASON, PART_TOOK, PART_METHOD, PART_NUMBER };

#define TARGET_LEAST 8

static void fill(struct preview_line *l, const struct ui *ui, const struct item *item)
{
	const struct delivery_row *row = &item->row;
	bool known = ui->preview_id == row->id;
	enum role signature;
	*l = (struct preview_line){ 0 };
	words_signature(row, &signature);
	enum role status = words_status(l->status, row);
	text_took(l->took, row->took_us);
	snprintf(l->number, sizeof l->number, "#%lld", (long long)row->id);
	l->at[PART_NUMBER].text = bytes_of(l->number);
	l->at[PART_NUMBER].role = ROLE_DIM;
	if (known && ui->preview.event_id.len) {
		l->at[PART_SOURCE].text = words_source(row);
		l->at[PART_EVENT_ID].text = buffer_view(&ui->preview.event_id);
		l->at[PART_EVENT_ID].role = ROLE_TITLE;
	}
	l->at[PART_METHOD].text = row->method;
	l->at[PART_TARGET].text = row->target;
	l->at[PART_STATUS].text = bytes_of(l->status);
	l->at[PART_STATUS].role = l->at[PART_REASON].role = status;
	if (known && row->status > 0 && !row->broke_off && ui->preview_attempts == row->attempts &&
	    ui->preview_status == row->status)
		l->at[PART_REASON].text = buffer_view(&ui->preview.reason);
	l->at[PART_TOOK].text = bytes_of(l->took);
	l->at[PART_SIGNATURE].text = bytes_of("signature");
	l->at[PART_VERDICT].text = row->signature.len ? row->signature : bytes_of("unknown");
	l->at[PART_VERDICT].role = signature;
	l->target_columns = text_columns(row->target, TEXT_LINE);
}

/* Blanks before a part: one where it belongs to the one before. */
static int gap(const struct preview_line *l, enum part p, bool first)
{
	bool belongs = p == PART_EVENT_ID || p == PART_TARGET || p == PART_REASON || p == PART_VERDICT;
	return first || (belongs && l->at[p - 1].text.len) ? 1 : 2;
}

static int columns_of(const struct preview_line *l)
{
	int columns = 0;
	for (int p = 0; p < PARTS; p++)
		if (l->at[p].text.len)
			columns += gap(l, (enum part)p, columns == 0) +
				   (p == PART_TARGET ? l->target_columns : text_columns(l->at[p].text, TEXT_LINE));
	return columns;
}

static void fit(struct preview_line *l, int room)
{
	for (size_t i = 0; i < sizeof dropped / sizeof *dropped && columns_of(l) > room; i++)
		if (dropped[i] != PART_NUMBER || l->at[PART_EVENT_ID].text.len)
			l->at[dropped[i]].text.len = 0;
	int over = columns_of(l) - room;
	if (over > 0 && l->target_columns > TARGET_LEAST) {
		l->target_columns -= over;
		l->target_columns = l->target_columns < TARGET_LEAST ? TARGET_LEAST : l->target_columns;
	}
}

static void draw_target(const struct preview_line *l, struct surface *s, struct rect area, int x)
{
	struct rect cut = area;
	int end = x + l->target_columns;
	cut.width = end < area.x + area.width ? end - area.x : area.width;
	surface_text(s, cut, x, area.y, l->at[PART_TARGET].text, ROLE_NORMAL);
	if (text_columns(l->at[PART_TARGET].text, TEXT_LINE) > l->target_columns)
		surface_print(s, cut, end - 2, area.y, ROLE_DIM, "..");
}

static void draw_preview(const struct ui *ui, const struct item *item, struct surface *s, struct rect area, int x)
{
	struct preview_line l;
	bool first = true;
	fill(&l, ui, item);
	fit(&l, area.x + area.width - x);
	for (int p = 0; p < PARTS; p++) {
		if (!l.at[p].text.len)
			continue;
		x = surface_print(s, area, x, area.y, ROLE_NORMAL, "%*s", gap(&l, (enum part)p, first), "");
		first = false;
		if (p == PART_TARGET) {
			draw_target(&l, s, area, x);
			x += l.target_columns;
		} else {
			x = surface_text(s, area, x, area.y, l.at[p].text, l.at[p].role);
		}
	}
}

/* What went wrong goes before what the row says anyway: "#42  ERR  nothing is listening on localhost:3000". */
static bool draw_trouble(const struct ui *ui, const struct item *item, struct surface *s, struct rect area, int x)
{
	char status[8];
	struct bytes error = buffer_view(&ui->preview.error);
	enum role role = words_status(status, &item->row);
	if (role != ROLE_NO_ANSWER || !error.len || ui->preview_id != item->row.id ||
	    ui->preview_attempts != item->row.attempts || ui->preview_status != item->row.status)
		return false;
	if (area.width >= 60)
		x = surface_print(s, area, x, area.y, ROLE_DIM, " #%lld ", (long long)item->row.id);
	x = surface_print(s, area, x, area.y, role, " %s  ", status);
	int end = area.x + area.width;
	if (x + text_columns(error, TEXT_LINE) > end)
		surface_print(s, area, end - 2, area.y, ROLE_DIM, "..");
	struct rect rest = area;
	rest.width -= x + text_columns(error, TEXT_LINE) > end ? 2 : 0;
	surface_text(s, rest, x, area.y, error, ROLE_NORMAL);
	return true;
}

/* The user's own words go before what the row says anyway. */
static bool draw_note(const struct item *item, struct surface *s, struct rect area, int x)
{
	const struct delivery_row *row = &item->row;
	int end = area.x + area.width;
	if (!row->note.len)
		return false;
	x = surface_print(s, area, x, area.y, ROLE_DIM, " #%lld ", (long long)row->id);
	x = surface_print(s, area, x, area.y, ROLE_OURS, " note  ");
	if (x + text_columns(row->note, TEXT_LINE) > end) {
		surface_print(s, area, end - 2, area.y, ROLE_DIM, "..");
		area.width -= 2;
	}
	surface_text(s, area, x, area.y, row->note, ROLE_NORMAL);
	return true;
}

static void draw_short(const struct item *item, struct surface *s, struct rect area, int x)
{
	char status[8], took[8];
	enum role role = words_status(status, &item->row);
	text_took(took, item->row.took_us);
	x = surface_print(s, area, x, area.y, role, " %s ", status);
	x = surface_text(s, area, x, area.y, words_event(&item->row), ROLE_NORMAL);
	surface_print(s, area, x, area.y, ROLE_NORMAL, " %s", took);
}

int message_draw(const struct ui *ui, struct surface *s, struct rect area)
{
	char right[80] = "", a[WORDS_LEN], b[WORDS_LEN];
	uint64_t row;
	if (ui->message[0] || ui->list.trouble)
		return bars_draw_words(s, area, MESSAGE_ROWS,
				       ui->message_bad || !ui->message[0] ? ROLE_5XX : ROLE_TITLE,
				       ui->message[0] ? ui->message : ui->list.trouble);
	const struct item *item = list_chosen(&ui->list);
	if (area.width < 100) {
		if (ui->rate >= 0.5)
			snprintf(right, sizeof right, "%.0f/s", ui->rate);
	} else if (item && list_row_of_all(&ui->list, &row)) {
		words_count(a, row);
		words_count(b, ui->list.count);
		snprintf(right, sizeof right, "row %s of %s", a, b);
	} else if (item && ui->total_known) {
		/* By its number, of which some may be missing: never beyond the last. */
		row = (uint64_t)item->row.id;
		words_count(a, row < ui->total ? row : ui->total);
		words_count(b, ui->total);
		snprintf(right, sizeof right, "row ~%s of %s", a, b);
	}
	int x = bars_print_right(s, area, ROLE_DIM, right), columns = area.width;
	area.width = x - area.x - 1;
	x = area.x;
	if (ui->list.mark_count)
		x = surface_print(s, area, x, area.y, ROLE_TITLE, " %zu marked  ", ui->list.mark_count);
	if (item && (draw_trouble(ui, item, s, area, x) || draw_note(item, s, area, x)))
		return 1;
	if (item && columns < 60)
		draw_short(item, s, area, x);
	else if (item)
		draw_preview(ui, item, s, area, x);
	return 1;
}
