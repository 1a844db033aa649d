#include "tui/documents/pager.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tui/terminal/text.h"

void pager_free(struct pager *p)
{
	free(p->cells);
	p->cells = NULL;
	doc_hits_reset(&p->hits);
}

size_t pager_count(const struct pager *p)
{
	return p->doc ? p->doc->ops->count(p->doc) : 0;
}

void pager_changed(struct pager *p)
{
	p->hit = (struct doc_place){ 0 };
	doc_hits_reset(&p->hits);
}

void pager_show(struct pager *p, struct doc *doc)
{
	p->doc = doc;
	p->line = p->top = p->top_cell = 0;
	p->left = 0;
	pager_changed(p);
}

void pager_replace(struct pager *p, struct doc *doc)
{
	size_t count;
	p->doc = doc;
	pager_changed(p);
	count = pager_count(p);
	p->line = p->line < count ? p->line : count ? count - 1 : 0;
	p->top = p->top < count ? p->top : p->line;
}

/* ---- rows of a line ---- */

static size_t cells_of(struct pager *p, size_t line)
{
	if (!p->cells)
		p->cells = malloc(DOC_LINE_MAX * sizeof *p->cells);
	return p->cells ? p->doc->ops->line(p->doc, line, p->cells, DOC_LINE_MAX) : 0;
}

/* Where the row that begins at `from` ends; a wide character is not halved. */
static size_t row_end(const struct pager *p, size_t from, size_t count)
{
	size_t end = from + (size_t)(p->width > 1 ? p->width : 2);
	if (end >= count)
		return count;
	return p->cells[end].base ? end : end - 1;
}

static size_t rows_in(struct pager *p, size_t line)
{
	if (!p->wrap)
		return 1;
	size_t count = cells_of(p, line), rows = 1;
	for (size_t at = row_end(p, 0, count); at < count; at = row_end(p, at, count))
		rows++;
	return rows;
}

/* Which row of its line holds the cell, from 0. */
static size_t row_of_cell(struct pager *p, size_t line, size_t cell)
{
	size_t count = cells_of(p, line), row = 0, end;
	for (size_t at = 0; (end = row_end(p, at, count)) < count && end <= cell; at = end)
		row++;
	return row;
}

static size_t cell_of_row(struct pager *p, size_t line, size_t row)
{
	size_t count = cells_of(p, line), at = 0;
	while (row-- > 0 && row_end(p, at, count) < count)
		at = row_end(p, at, count);
	return at;
}

static int height_of(const struct pager *p)
{
	return p->height > 0 ? p->height : 1;
}

/* The top that puts the end of `line` on the last row. */
static void top_for_bottom(struct pager *p, size_t line, size_t *top, size_t *cell)
{
	size_t room = (size_t)height_of(p), rows = rows_in(p, line);
	*top = line;
	*cell = 0;
	while (rows<room && * top> 0) {
		rows += rows_in(p, *top - 1);
		--*top;
	}
	if (rows > room && p->wrap)
		*cell = cell_of_row(p, *top, rows - room);
}

static bool before(size_t line, size_t cell, size_t other_line, size_t other_cell)
{
	return line < other_line || (line == other_line && cell < other_cell);
}

/* Rows from the first one seen to the end of `line`; SIZE_MAX for more than a screen. */
static size_t rows_to(struct pager *p, size_t line)
{
	size_t rows = 0;
	if (line - p->top >= (size_t)height_of(p))
		return SIZE_MAX;
	for (size_t i = p->top; i <= line; i++)
		rows += rows_in(p, i);
	if (p->wrap)
		rows -= row_of_cell(p, p->top, p->top_cell);
	return rows;
}

/* No blank rows below the end while there is something above. */
static void fill_screen(struct pager *p, size_t count)
{
	size_t top, cell;
	if (count - p->top > (size_t)height_of(p))
		return;
	top_for_bottom(p, count - 1, &top, &cell);
	if (before(top, cell, p->top, p->top_cell)) {
		p->top = top;
		p->top_cell = cell;
	}
}

/* The cursor on a line that is there, and seen. */
static void settle(struct pager *p)
{
	size_t count = pager_count(p), rows;
	if (count == 0) {
		p->line = p->top = p->top_cell = 0;
		return;
	}
	p->line = p->line < count ? p->line : count - 1;
	p->top = p->top < count ? p->top : count - 1;
	p->top_cell = p->wrap ? cell_of_row(p, p->top, row_of_cell(p, p->top, p->top_cell)) : 0;
	fill_screen(p, count);
	if (p->line < p->top) {
		p->top = p->line;
		p->top_cell = 0;
		return;
	}
	/* Within a line of more rows than the screen has, any of them may be seen. */
	rows = rows_to(p, p->line);
	if (rows > (size_t)height_of(p) && p->line != p->top) {
		bool taller = rows_in(p, p->line) > (size_t)height_of(p);
		p->top = p->line;
		p->top_cell = 0;
		if (!taller)
			top_for_bottom(p, p->line, &p->top, &p->top_cell);
	}
}

/* ---- moving ---- */

static void scroll_rows(struct pager *p, long rows)
{
	size_t count = pager_count(p);
	for (; rows > 0; rows--) {
		size_t row = p->wrap ? row_of_cell(p, p->top, p->top_cell) + 1 : 1;
		if (row < rows_in(p, p->top)) {
			p->top_cell = cell_of_row(p, p->top, row);
		} else if (p->top + 1 < count) {
			p->top++;
			p->top_cell = 0;
		}
	}
	for (; rows < 0; rows++) {
		size_t row = p->wrap ? row_of_cell(p, p->top, p->top_cell) : 0;
		if (row > 0) {
			p->top_cell = cell_of_row(p, p->top, row - 1);
		} else if (p->top > 0) {
			p->top--;
			p->top_cell = p->wrap ? cell_of_row(p, p->top, rows_in(p, p->top) - 1) : 0;
		}
	}
}

/* True when there was more of the line to be seen in that direction. */
static bool scroll_inside(struct pager *p, long lines)
{
	if (!p->wrap || p->line != p->top || rows_in(p, p->line) <= (size_t)height_of(p))
		return false;
	if (lines > 0 ? rows_to(p, p->line) <= (size_t)height_of(p) : p->top_cell == 0)
		return false;
	scroll_rows(p, lines > 0 ? 1 : -1);
	return true;
}

static size_t add(size_t line, long lines, size_t count)
{
	if (lines < 0)
		return line > (size_t)-lines ? line - (size_t)-lines : 0;
	return (size_t)lines < count - line ? line + (size_t)lines : count - 1;
}

void pager_move(struct pager *p, long lines)
{
	size_t count = pager_count(p);
	if (count == 0 || scroll_inside(p, lines))
		return;
	if (p->quiet) {
		scroll_rows(p, lines);
		fill_screen(p, count);
		p->line = p->top;
		return;
	}
	bool back_into = lines == -1 && p->wrap && p->line > 0 && p->line == p->top &&
			 rows_in(p, p->line - 1) > (size_t)height_of(p);
	p->line = add(p->line < count ? p->line : count - 1, lines, count);
	if (back_into) /* its end comes first */
		top_for_bottom(p, p->line, &p->top, &p->top_cell);
	settle(p);
}

void pager_page(struct pager *p, int screens, int part)
{
	size_t count = pager_count(p);
	int rows = part > 1 ? height_of(p) / part : height_of(p) - 1;
	if (count == 0)
		return;
	rows = rows > 0 ? rows : 1;
	size_t top = p->top, cell = p->top_cell, at = p->line - p->top;
	scroll_rows(p, (long)rows * screens);
	fill_screen(p, count);
	if (p->top == top && p->top_cell == cell) /* at an end already */
		p->line = screens > 0 ? count - 1 : 0;
	else
		p->line = p->wrap || p->quiet ? p->top : add(p->top, (long)at, count);
	if (!p->quiet)
		settle(p);
}

void pager_goto(struct pager *p, size_t line)
{
	p->line = line;
	if (p->quiet)
		p->top = line;
	settle(p);
}

void pager_bottom(struct pager *p)
{
	size_t count = pager_count(p);
	if (count == 0)
		return;
	p->line = count - 1;
	top_for_bottom(p, p->line, &p->top, &p->top_cell);
	if (p->quiet)
		p->line = p->top;
}

void pager_side(struct pager *p, int columns)
{
	p->left += columns;
	p->left = p->left < 0 || p->wrap ? 0 : p->left;
	p->left = p->left < DOC_LINE_MAX ? p->left : DOC_LINE_MAX - 1;
}

void pager_wrap(struct pager *p)
{
	p->wrap = !p->wrap;
	p->left = 0;
	settle(p);
}

void pager_fold(struct pager *p, enum doc_fold how)
{
	if (!p->doc || p->line >= pager_count(p))
		return;
	p->line = p->doc->ops->fold(p->doc, p->line, how);
	pager_changed(p);
	settle(p);
}

void pager_partner(struct pager *p)
{
	if (p->doc && p->line < pager_count(p))
		pager_goto(p, p->doc->ops->partner(p->doc, p->line));
}

bool pager_at_end(struct pager *p)
{
	size_t count = pager_count(p);
	return count == 0 || (p->top < count && rows_to(p, count - 1) <= (size_t)height_of(p));
}

/* "v " or "> ", creel's own, before what stands on the line. */
static bool is_fold_sign(struct pager *p, size_t line, size_t cell)
{
	size_t count = cells_of(p, line);
	const struct cell *c = &p->cells[cell];
	if (cell + 1 >= count || c->role != ROLE_OURS || (c->base != 'v' && c->base != '>') || c[1].base != ' ')
		return false;
	for (size_t i = 0; i < cell; i++)
		if (p->cells[i].base != ' ')
			return false;
	return true;
}

bool pager_click(struct pager *p, int x, int y)
{
	size_t line = p->top, count = pager_count(p);
	if (count == 0 || p->quiet)
		return false;
	y += p->wrap ? (int)row_of_cell(p, p->top, p->top_cell) : 0;
	while (line < count && y >= (int)rows_in(p, line))
		y -= (int)rows_in(p, line++);
	if (line >= count)
		return false;
	p->line = line;
	x += p->wrap ? 0 : p->left;
	return y == 0 && x >= 0 && is_fold_sign(p, line, (size_t)x);
}

/* ---- search ---- */

/* A hit at the side is brought in. */
static void show_column(struct pager *p, int column, int columns)
{
	if (p->wrap) {
		size_t row = row_of_cell(p, p->line, (size_t)column);
		if (rows_in(p, p->line) > (size_t)height_of(p)) {
			p->top = p->line;
			p->top_cell = cell_of_row(p, p->line, row);
		}
		return;
	}
	int end = column + columns;
	if (column < p->left || end > p->left + p->width)
		p->left = end <= p->width ? 0 : column - p->width / 4;
	p->left = p->left < 0 ? 0 : p->left;
}

enum pager_found pager_search(struct pager *p, const char *text, bool backwards)
{
	struct doc_place from = { p->line, backwards ? INT32_MAX : -1, 0 }, hit;
	if (*text && strcmp(text, p->needle) != 0) {
		snprintf(p->needle, sizeof p->needle, "%s", text);
		pager_changed(p);
	}
	if (p->hit.columns && p->hit.line == p->line)
		from = p->hit;
	from.columns = 0;
	if (!p->doc || !p->needle[0] || !p->doc->ops->find(p->doc, from, backwards, bytes_of(p->needle), &hit)) {
		p->hit.columns = 0;
		return PAGER_NOTHING;
	}
	bool on = before(from.line, (size_t)from.column + 1, hit.line, (size_t)hit.column + 1);
	p->hit = hit;
	p->line = hit.line;
	if (p->quiet)
		p->top = hit.line;
	settle(p);
	show_column(p, hit.column, hit.columns);
	return on == !backwards ? PAGER_FOUND : PAGER_AROUND;
}

bool pager_count_hits(struct pager *p, size_t cells, char *text, size_t room)
{
	struct bytes needle = bytes_of(p->needle);
	*text = '\0';
	if (!p->doc || !p->hit.columns)
		return true;
	bool over = doc_hits_count(p->doc, &p->hits, needle, cells);
	size_t number = doc_hits_number(p->doc, &p->hits, needle, &p->hit);
	const char *more = over ? "" : "+";
	if (number)
		snprintf(text, room, "%zu of %zu%s", number, p->hits.count, more);
	else if (p->hit.line >= p->hits.next)
		snprintf(text, room, "%zu+", p->hits.count ? p->hits.count : 1);
	return over || !*text;
}

/* ---- drawing ---- */

static uint32_t fold_case(uint32_t c)
{
	return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
}

/* All that is seen of what was searched, not the present hit alone. */
static void light_up(struct pager *p, size_t line, size_t count)
{
	struct cell needle[PAGER_NEEDLE_MAX];
	size_t used, len = text_cells(bytes_of(p->needle), TEXT_LINE, ROLE_HIT, 0, needle, PAGER_NEEDLE_MAX, &used);
	for (size_t i = 0; len && i + len <= count; i++) {
		size_t k = 0;
		while (k < len && fold_case(p->cells[i + k].base) == fold_case(needle[k].base) &&
		       p->cells[i + k].role != ROLE_OURS)
			k++;
		for (size_t n = 0; k == len && n < len; n++)
			p->cells[i + n].role = ROLE_HIT;
	}
	if (p->hit.columns && p->hit.line == line)
		for (int i = p->hit.column; i >= 0 && i < p->hit.column + p->hit.columns && i < (int)count; i++)
			p->cells[i].role = ROLE_HIT;
}

static void draw_cut(struct pager *p, struct surface *s, struct rect area, int y, size_t count)
{
	size_t from = (size_t)p->left < count ? (size_t)p->left : count;
	int x = area.x;
	/* The right half of a wide character alone is a blank. */
	if (from < count && !p->cells[from].base)
		x++;
	surface_cells(s, area, x, y, p->cells + from, count - from);
	if (count - from > (size_t)area.width)
		surface_print(s, area, area.x + area.width - 1, y, ROLE_OURS, ">");
}

/* As many columns to the side as leave something to be seen. */
static void clamp_left(struct pager *p, size_t count)
{
	size_t widest = 0;
	for (size_t i = 0; p->left > 0 && i < (size_t)height_of(p) && p->top + i < count; i++) {
		size_t cells = cells_of(p, p->top + i);
		widest = cells > widest ? cells : widest;
	}
	if (p->left > 0 && (size_t)p->left + (size_t)p->width > widest)
		p->left = widest > (size_t)p->width ? (int)widest - p->width : 0;
}

/* Gives how many rows it took. */
static int draw_line(struct pager *p, struct surface *s, struct rect area, int y, size_t line)
{
	size_t count = cells_of(p, line), at = line == p->top ? p->top_cell : 0;
	int row = y;
	light_up(p, line, count);
	if (!p->wrap) {
		draw_cut(p, s, area, y, count);
		return 1;
	}
	do {
		size_t end = row_end(p, at, count);
		surface_cells(s, area, area.x, row++, p->cells + at, end - at);
		at = end;
	} while (at < count && row < area.y + area.height);
	return row - y;
}

void pager_draw(struct pager *p, struct surface *s, struct rect area, bool focused)
{
	int y = area.y;
	p->width = area.width;
	p->height = area.height;
	size_t count = pager_count(p);
	if (count == 0 || area.height < 1)
		return;
	if (p->quiet)
		fill_screen(p, count);
	else
		settle(p);
	clamp_left(p, count);
	for (size_t line = p->top; line < count && y < area.y + area.height; line++) {
		int rows = draw_line(p, s, area, y, line);
		bool chosen = line == p->line && !p->quiet;
		struct rect whole = { area.x - PAGER_MARGIN, y, area.width + PAGER_MARGIN, rows };
		if (chosen)
			surface_ground(s, whole, focused ? GROUND_SELECTED : GROUND_SELECTED_ELSEWHERE);
		if (chosen && focused) {
			s->cursor_x = area.x;
			s->cursor_y = y;
		}
		y += rows;
	}
}
