/* What keys do in the view of a delivery. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tui/detail/detail_private.h"
#include "tui/bodies/doc_body.h"
#include "tui/documents/doc_make.h"
#include "tui/views/view_pager.h"

/* More of a body that is cut; else the other way of showing it. */
static void pretty(struct detail *d, struct effect *out)
{
	char note[80];
	const struct document *m =
	    &d->side[d->tab == TAB_ANSWER || (d->tab == TAB_BYTES && d->bytes_of == SOURCE_RESPONSE)].document;
	enum body_look look = d->look[d->tab];
	if (d->tab == TAB_TIMES) {
		effect_say(out, "p is for bodies: 1 shows the request's, 2 the answer's");
		return;
	}
	if (detail_load_more(d))
		return;
	if (m->body.len >= DETAIL_BODY_MOST && doc_cut_note(note, m->body.len, m->body_size))
		effect_say(out, "%s, the most that is shown: x writes all of it to a file", note);
	if (d->tab == TAB_BYTES)
		detail_look(d, look == LOOK_HEX ? LOOK_RAW : LOOK_HEX);
	else if (look == LOOK_PRETTY && m->body.len > DOC_PRETTY_MOST)
		detail_look(d, LOOK_FORCED);
	else
		detail_look(d, look == LOOK_PRETTY || look == LOOK_FORCED ? LOOK_RAW : LOOK_PRETTY);
}

static void hex(struct detail *d)
{
	enum body_look look = d->look[d->tab];
	if (d->tab == TAB_TIMES)
		detail_tab(d, TAB_BYTES);
	else if (d->tab == TAB_BYTES)
		detail_look(d, look == LOOK_HEX ? LOOK_RAW : LOOK_HEX);
	else
		detail_look(d, look == LOOK_HEX ? LOOK_PRETTY : LOOK_HEX);
}

/* On the lines that stand for something else, Enter goes there. */
static void fold(struct detail *d, struct effect *out)
{
	int64_t tag = d->made.doc && d->tab == TAB_TIMES ? doc_attempts_tag(d->made.doc, d->pager.line) : 0;
	size_t count = pager_count(&d->pager);
	if (tag < 0)
		detail_attempt(d, (int)-tag);
	else if (tag > 0)
		*out = (struct effect){ .kind = EFFECT_OPEN, .id = tag };
	else
		pager_fold(&d->pager, DOC_FOLD_TOGGLE);
	if (tag == 0 && pager_count(&d->pager) == count)
		effect_say(out, "nothing folds on this line");
}

static void beside(struct detail *d, struct ui *ui, int step, struct effect *out)
{
	const struct item *chosen = list_chosen(&ui->list);
	int64_t before = chosen ? chosen->row.id : 0;
	bool more = step < 0 ? ui->list.older : ui->list.newer;
	if (list_newest_first(&ui->list))
		more = step < 0 ? ui->list.newer : ui->list.older;
	list_move(&ui->list, step);
	chosen = list_chosen(&ui->list);
	if (chosen && chosen->row.id == before && !more)
		effect_say(out, "this is the %s of the list", step < 0 ? "top" : "bottom");
	else
		d->to_list = true;
}

static void other_attempt(struct detail *d, int step, struct effect *out)
{
	const struct document *request = &d->side[SOURCE_REQUEST].document;
	int number = detail_attempt_number(d) + step;
	if (!doc_attempts_find(request, number))
		effect_say(out, request->attempt_count ? "there is no attempt %s" : "no attempt was made yet",
			   step < 0 ? "before this" : "after this");
	detail_attempt(d, number);
	if (doc_attempts_find(request, number))
		effect_say(out, "attempt %d of %zu", number, request->attempt_count);
}

static void fold_all(struct detail *d)
{
	pager_fold(&d->pager, d->folded ? DOC_FOLD_NONE : DOC_FOLD_ALL);
	d->folded = !d->folded;
}

static void act_on_body(struct detail *d, enum action a, struct effect *out)
{
	switch (a) {
	case ACTION_PRETTY:
		pretty(d, out);
		break;
	case ACTION_HEX:
		hex(d);
		break;
	case ACTION_FOLD:
		fold(d, out);
		break;
	case ACTION_FOLD_ALL:
		fold_all(d);
		break;
	case ACTION_FOLD_MORE:
	case ACTION_FOLD_LESS:
		pager_fold(&d->pager, a == ACTION_FOLD_MORE ? DOC_FOLD_MORE : DOC_FOLD_LESS);
		break;
	case ACTION_PARTNER:
		pager_partner(&d->pager);
		break;
	default:
		break;
	}
}

void detail_act(struct view *v, struct ui *ui, enum action a, int count, struct effect *out)
{
	struct detail *d = (struct detail *)v;
	if (view_pager_act(&d->pager, a, count))
		return;
	switch (a) {
	case ACTION_TAB_REQUEST:
	case ACTION_TAB_RESPONSE:
	case ACTION_TAB_ATTEMPTS:
	case ACTION_TAB_RAW:
		detail_tab(d, (enum detail_tab)(a - ACTION_TAB_REQUEST));
		break;
	case ACTION_NEXT_TAB:
		detail_tab(d, (d->tab + 1) % TABS);
		break;
	case ACTION_PREVIOUS:
	case ACTION_NEXT:
		beside(d, ui, a == ACTION_NEXT ? 1 : -1, out);
		break;
	case ACTION_ATTEMPT_BACK:
	case ACTION_ATTEMPT_ON:
		other_attempt(d, a == ACTION_ATTEMPT_ON ? 1 : -1, out);
		break;
	case ACTION_HIT_NEXT:
	case ACTION_HIT_BACK:
		view_pager_search(&d->pager, ui, "", a == ACTION_HIT_BACK, out);
		break;
	default:
		act_on_body(d, a, out);
	}
}

void detail_search(struct view *v, struct ui *ui, const char *text, bool backwards, struct effect *out)
{
	view_pager_search(&((struct detail *)v)->pager, ui, text, backwards, out);
}

void detail_count(struct view *v, struct ui *ui)
{
	view_pager_count(&((struct detail *)v)->pager, ui);
}

/* Of bytes where they are shown, else a line; hexadecimal with 0x. */
void detail_offset(struct view *v, struct ui *ui, const char *text, struct effect *out)
{
	struct detail *d = (struct detail *)v;
	char *end;
	(void)ui;
	errno = 0;
	unsigned long long at = strtoull(text, &end, 0);
	if (!*text || *end || errno || *text == '-') {
		effect_say(out, "\"%.40s\" is not %s: 500, or 0x1f4", text, d->made.bytes ? "an offset" : "a line");
		return;
	}
	size_t count = pager_count(&d->pager), line;
	if (d->made.bytes)
		line = d->made.body_line + (size_t)(at / (unsigned)doc_hex_bytes(d->columns));
	else
		line = at ? (size_t)at - 1 : 0;
	if (line >= count || (d->made.bytes && at >= d->made.shown))
		effect_say(out, "only %llu %s are here",
			   d->made.bytes ? (unsigned long long)d->made.shown : (unsigned long long)count,
			   d->made.bytes ? "bytes" : "lines");
	else
		pager_goto(&d->pager, line);
}
