/* Which document the view of a delivery shows: it is made again when its contents change, and kept while another tab is
 * shown. */
#include <stdlib.h>
#include <string.h>

#include "tui/detail/detail_private.h"

/* The number of the attempt that is chosen; 0: none was made. */
int detail_attempt_number(const struct detail *d)
{
	const struct document *request = &d->side[SOURCE_REQUEST].document;
	if (d->attempt || !request->attempt_count)
		return d->attempt;
	return request->attempts[request->attempt_count - 1].number;
}

enum source_part detail_part(const struct detail *d)
{
	bool answer = d->tab == TAB_ANSWER || (d->tab == TAB_BYTES && d->bytes_of == SOURCE_RESPONSE);
	return answer ? SOURCE_RESPONSE : SOURCE_REQUEST;
}

static struct side *side_of(struct detail *d)
{
	return &d->side[detail_part(d)];
}

/* More was asked for than came. */
static bool is_whole(const struct side *s)
{
	return s->document.body.len == s->document.body_size || s->document.body.len < s->most;
}

static const char *rest_of(const struct side *s)
{
	if (is_whole(s))
		return "the record holds no more";
	return s->most < DETAIL_BODY_MOST ? "p to load more" : "x writes all to a file";
}

bool detail_side_ready(const struct detail *d, enum source_part part)
{
	const struct side *s = &d->side[part];
	return s->have && !s->trouble && (part == SOURCE_REQUEST || s->document.attempt == detail_attempt_number(d));
}

static struct message_look look_of(struct detail *d, const struct ui *ui, int columns)
{
	struct side *s = side_of(d);
	return (struct message_look){ &s->document, detail_part(d) == SOURCE_RESPONSE, d->look[d->tab], rest_of(s), ui,
				      columns };
}

static bool make_doc(struct detail *d, const struct ui *ui, int columns, struct doc_made *made)
{
	struct message_look look = look_of(d, ui, columns);
	*made = (struct doc_made){ 0 };
	if (d->tab == TAB_TIMES) {
		const struct document *answered =
		    detail_side_ready(d, SOURCE_RESPONSE) ? &d->side[SOURCE_RESPONSE].document : NULL;
		made->doc =
		    doc_attempts(&d->side[SOURCE_REQUEST].document, answered, detail_attempt_number(d), ui, columns);
		return made->doc != NULL;
	}
	return d->tab == TAB_BYTES ? doc_recorded(&look, made) : doc_message(&look, made);
}

void detail_drop_doc(struct detail *d)
{
	pager_show(&d->pager, NULL);
	doc_free(d->made.doc);
	d->made = (struct doc_made){ 0 };
	d->columns = 0;
}

static size_t moved(size_t line, size_t old_body, size_t new_body)
{
	return line < old_body ? line : line - old_body + new_body;
}

/* Folds would be lost with the body: it stays, and what stands above it is made for the width. */
static bool widen(struct detail *d, const struct ui *ui, int columns)
{
	struct message_look look = look_of(d, ui, columns);
	size_t old = d->made.body_line;
	if (!doc_message_widen(&look, &d->made))
		return false;
	d->pager.line = moved(d->pager.line, old, d->made.body_line);
	d->pager.top = moved(d->pager.top, old, d->made.body_line);
	pager_changed(&d->pager);
	d->columns = columns;
	d->time = ui->time;
	return true;
}

static bool is_made(struct detail *d, const struct ui *ui, int columns)
{
	if (!d->made.doc || d->stale)
		return false;
	if (d->columns == columns && (d->time == ui->time || d->tab == TAB_BYTES))
		return true;
	return d->made.folds && d->tab != TAB_BYTES && widen(d, ui, columns);
}

/* ---- what is kept of a tab, or a look, that is left ---- */

void detail_drop_kept(struct detail *d, enum source_part part)
{
	doc_free(d->kept[part].made.doc);
	d->kept[part] = (struct kept){ 0 };
}

static bool keeps(const struct detail *d)
{
	return d->tab == TAB_REQUEST || d->tab == TAB_ANSWER;
}

/* Only where folds would be lost: everything else is made again as fast as it is shown. */
static void keep(struct detail *d)
{
	if (!keeps(d) || !d->made.folds || d->stale) {
		detail_drop_doc(d);
		return;
	}
	detail_drop_kept(d, detail_part(d));
	d->kept[detail_part(d)] = (struct kept){
		.made = d->made,
		.look = d->look[d->tab],
		.place = { d->pager.line, d->pager.top },
		.columns = d->columns,
		.time = d->time,
		.folded = d->folded,
	};
	d->made = (struct doc_made){ 0 };
	detail_drop_doc(d);
}

static bool has_kept(const struct detail *d)
{
	const struct kept *k = &d->kept[detail_part(d)];
	return keeps(d) && k->made.doc && k->look == d->look[d->tab];
}

static void take_kept(struct detail *d)
{
	struct kept *k = &d->kept[detail_part(d)];
	if (d->made.doc || !has_kept(d))
		return;
	d->made = k->made;
	d->columns = k->columns;
	d->time = k->time;
	d->folded = k->folded;
	d->stale = false;
	pager_show(&d->pager, d->made.doc);
	d->pager.line = k->place.line;
	d->pager.top = k->place.top;
	*k = (struct kept){ 0 };
}

void detail_prepare(struct detail *d, const struct ui *ui, int columns)
{
	struct doc_made made;
	struct place place = d->places[d->tab];
	if (!detail_side_ready(d, SOURCE_REQUEST) || !detail_side_ready(d, detail_part(d)))
		return;
	take_kept(d);
	if (is_made(d, ui, columns))
		return;
	const struct side *s = side_of(d);
	if (!d->made.doc && d->tab != TAB_TIMES && s->wanted > s->most) /* the rest of it is on its way */
		return;
	bool again = d->made.doc != NULL;
	d->no_memory = !make_doc(d, ui, columns, &made);
	if (d->no_memory)
		return;
	doc_free(d->made.doc);
	d->made = made;
	d->columns = columns;
	d->time = ui->time;
	d->stale = false;
	d->folded = false;
	if (!again) {
		pager_show(&d->pager, made.doc);
		d->pager.line = place.line;
		d->pager.top = place.top;
	}
	pager_replace(&d->pager, made.doc); /* as far as there are lines */
}

void detail_forget(struct detail *d, enum source_part part)
{
	struct side *s = &d->side[part];
	if (detail_part(d) == part || d->tab == TAB_TIMES)
		detail_drop_doc(d);
	detail_drop_kept(d, part);
	document_free(&s->document);
	free(s->trouble);
	*s = (struct side){ .most = DETAIL_BODY_FIRST };
}

void detail_remember_place(struct detail *d)
{
	d->places[d->tab] = (struct place){ d->pager.line, d->pager.top };
}

void detail_tab(struct detail *d, enum detail_tab tab)
{
	if (tab == d->tab)
		return;
	detail_remember_place(d);
	if (tab == TAB_BYTES)
		d->bytes_of = detail_part(d);
	keep(d);
	d->tab = tab;
}

/* What was folded is so when one comes back to it, as it is with tabs. */
void detail_look(struct detail *d, enum body_look look)
{
	detail_remember_place(d);
	if (keeps(d) && d->made.folds && !d->stale)
		keep(d);
	d->look[d->tab] = look;
	if (has_kept(d))
		detail_drop_doc(d);
	d->stale = true;
}

void detail_attempt(struct detail *d, int number)
{
	const struct document *request = &d->side[SOURCE_REQUEST].document;
	if (!doc_attempts_find(request, number) || number == detail_attempt_number(d))
		return;
	d->attempt = number;
	if (d->tab == TAB_TIMES)
		d->stale = true;
	else if (detail_part(d) == SOURCE_RESPONSE)
		detail_drop_doc(d);
	d->side[SOURCE_RESPONSE].most = DETAIL_BODY_FIRST;
}

bool detail_load_more(struct detail *d)
{
	struct side *s = side_of(d);
	if (d->tab == TAB_TIMES || !s->have || is_whole(s) || s->most >= DETAIL_BODY_MOST)
		return false;
	s->wanted = s->most * 8 < DETAIL_BODY_MOST ? s->most * 8 : DETAIL_BODY_MOST;
	return true;
}
