#include "tui/views/view_pager.h"

#include <stdio.h>

#define SIDE 8
/* Cells: some milliseconds of counting after a key, and between keys. */
#define COUNTED_AT_ONCE 500000
#define COUNTED_IDLE 200000

bool view_pager_act(struct pager *p, enum action a, int count)
{
	switch (a) {
	case ACTION_DOWN:
	case ACTION_UP:
		pager_move(p, a == ACTION_DOWN ? count : -count);
		return true;
	case ACTION_HALF_DOWN:
	case ACTION_HALF_UP:
		pager_page(p, a == ACTION_HALF_DOWN ? 1 : -1, 2);
		return true;
	case ACTION_PAGE_DOWN:
	case ACTION_PAGE_UP:
		pager_page(p, a == ACTION_PAGE_DOWN ? 1 : -1, 1);
		return true;
	case ACTION_TOP:
		pager_goto(p, 0);
		return true;
	case ACTION_BOTTOM:
		pager_bottom(p);
		return true;
	case ACTION_SCROLL_LEFT:
	case ACTION_SCROLL_RIGHT:
		pager_side(p, a == ACTION_SCROLL_LEFT ? -SIDE * count : SIDE * count);
		return true;
	case ACTION_WRAP:
		pager_wrap(p);
		return true;
	default:
		return false;
	}
}

void view_pager_search(struct pager *p, struct ui *ui, const char *text, bool backwards, struct effect *out)
{
	if (!text[0] && !p->needle[0])
		text = ui->search; /* what was searched in another view */
	if (text[0] && text != ui->search)
		snprintf(ui->search, sizeof ui->search, "%.199s", text);
	if (!text[0] && !p->needle[0]) {
		effect_say(out, "nothing was searched yet: / searches");
		return;
	}
	enum pager_found found = pager_search(p, text, backwards);
	ui->hits_words =
	    found == PAGER_AROUND ? backwards ? "began again at the end" : "began again at the beginning" : NULL;
	ui->hits_open = !pager_count_hits(p, COUNTED_AT_ONCE, ui->hits, sizeof ui->hits);
	switch (found) {
	case PAGER_NOTHING:
		effect_say(out, "there is no \"%s\" here", p->needle);
		break;
	case PAGER_AROUND:
		effect_say(out, "%s%s%s", ui->hits_words, ui->hits[0] ? ": " : "", ui->hits);
		break;
	case PAGER_FOUND:
		break;
	}
}

void view_pager_count(struct pager *p, struct ui *ui)
{
	ui->hits_open = !pager_count_hits(p, COUNTED_IDLE, ui->hits, sizeof ui->hits);
	if (ui->hits_words && ui->message[0])
		snprintf(ui->message, sizeof ui->message, "%s%s%s", ui->hits_words, ui->hits[0] ? ": " : "", ui->hits);
}
