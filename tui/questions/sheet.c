#include "tui/questions/sheet.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tui/terminal/text.h"

static void close_sheet(struct sheet *s)
{
	s->shown = false;
	s->line_count = s->count = s->chosen = s->scroll = s->page = 0;
	s->otherwise = (struct effect){ 0 };
}

void sheet_begin(struct sheet *s, const char *format, ...)
{
	va_list args;
	close_sheet(s);
	va_start(args, format);
	vsnprintf(s->title, sizeof s->title, format, args);
	va_end(args);
	s->shown = true;
}

static void add_line(struct sheet *s, enum role role, const char *format, va_list args)
    __attribute__((format(printf, 3, 0)));

static void add_line(struct sheet *s, enum role role, const char *format, va_list args)
{
	if (s->line_count == SHEET_LINES)
		return;
	struct sheet_line *l = &s->lines[s->line_count++];
	vsnprintf(l->text, sizeof l->text, format, args);
	l->role = role;
}

void sheet_line(struct sheet *s, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_line(s, ROLE_NORMAL, format, args);
	va_end(args);
}

void sheet_line_as(struct sheet *s, enum role role, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_line(s, role, format, args);
	va_end(args);
}

void sheet_sentence(struct sheet *s, enum role role, const char *text)
{
	enum { COLUMNS = 74 };
	while (*text) {
		size_t len = strlen(text), end = len;
		if (len > COLUMNS) {
			for (end = COLUMNS; end > 0 && text[end] != ' ';)
				end--;
			end = end ? end : COLUMNS;
		}
		sheet_line_as(s, role, "%.*s", (int)end, text);
		text += end + (text[end] == ' ');
	}
}

struct effect *sheet_choice(struct sheet *s, key_code key, const char *label, enum effect_kind kind)
{
	struct sheet_choice *c = &s->choices[s->count < SHEET_CHOICES ? s->count++ : SHEET_CHOICES - 1];
	*c = (struct sheet_choice){ .key = key, .effect = { .kind = kind } };
	snprintf(c->label, sizeof c->label, "%s", label);
	return &c->effect;
}

static void scroll_lines(struct sheet *s, bool down)
{
	size_t step = s->page > 1 ? s->page - 1 : 1, most = s->line_count > s->page ? s->line_count - s->page : 0;
	if (down)
		s->scroll = s->scroll + step < most ? s->scroll + step : most;
	else
		s->scroll -= s->scroll < step ? s->scroll : step;
}

static void take(struct sheet *s, size_t i, struct effect *out)
{
	if (i < s->count)
		*out = s->choices[i].effect;
	close_sheet(s);
}

static void take_none(struct sheet *s, struct effect *out)
{
	*out = s->otherwise;
	close_sheet(s);
}

#define TAKE "Enter: take it   "
#define NONE "Esc: cancel"

static void use_mouse(struct sheet *s, const struct key *key, struct effect *out)
{
	bool down = key->mouse == MOUSE_WHEEL_DOWN;
	int row = key->y - s->drawn.y;
	int none = 2 + (int)strlen(TAKE);
	if (key->mouse == MOUSE_CLICK && key->y == s->drawn.bottom && key->x < none) {
		take(s, s->chosen, out);
	} else if (key->mouse == MOUSE_CLICK && (key->y < s->drawn.top || key->y > s->drawn.bottom ||
						 (key->y == s->drawn.bottom && key->x < none + (int)strlen(NONE)))) {
		take_none(s, out);
	} else if (key->mouse == MOUSE_CLICK) {
		if (row >= 0 && (size_t)row < s->drawn.count)
			take(s, s->drawn.first + (size_t)row, out);
	} else if ((down || key->mouse == MOUSE_WHEEL_UP) && s->page < s->line_count) {
		scroll_lines(s, down);
	} else if (down) {
		s->chosen += s->chosen + 1 < s->count;
	} else if (key->mouse == MOUSE_WHEEL_UP) {
		s->chosen -= s->chosen > 0;
	}
}

void sheet_key(struct sheet *s, const struct key *key, struct effect *out)
{
	key_code c = key->code;
	*out = (struct effect){ 0 };
	for (size_t i = 0; i < s->count; i++)
		if (s->choices[i].key == c) {
			take(s, i, out);
			return;
		}
	switch (c) {
	case TKEY_MOUSE:
		use_mouse(s, key, out);
		break;
	case TKEY_ENTER:
		take(s, s->chosen, out);
		break;
	case TKEY_ESCAPE:
	case TKEY_CTRL('c'):
	case 'q':
		take_none(s, out);
		break;
	case TKEY_PAGE_DOWN:
	case TKEY_SPACE:
	case TKEY_CTRL('d'):
	case TKEY_CTRL('f'):
		scroll_lines(s, true);
		break;
	case TKEY_PAGE_UP:
	case TKEY_CTRL('u'):
	case TKEY_CTRL('b'):
		scroll_lines(s, false);
		break;
	case TKEY_DOWN:
	case 'j':
		s->chosen += s->chosen + 1 < s->count;
		break;
	case TKEY_UP:
	case 'k':
		s->chosen -= s->chosen > 0;
		break;
	default:
		break;
	}
}

/* What has no room ends in the mark that the line below the list has. */
static void draw_label(const char *label, struct surface *surface, struct rect box, int x, int y)
{
	surface_print(surface, box, x, y, ROLE_NORMAL, "%s", label);
	if (x + text_columns(bytes_of(label), TEXT_LINE) > box.x + box.width)
		surface_print(surface, box, box.x + box.width - 2, y, ROLE_DIM, "..");
}

/* Gives how many stand below what fits. */
static size_t draw_choices(struct sheet *s, struct surface *surface, struct rect box, int y)
{
	/* On a low screen the highlighted choice has to be seen. */
	int room = box.y + box.height - 1 - y;
	size_t first = room > 0 && s->chosen >= (size_t)room ? s->chosen + 1 - (size_t)room : 0;
	size_t i = first;
	s->drawn.y = y;
	s->drawn.first = first;
	for (; i < s->count && y < box.y + box.height - 1; i++, y++) {
		char name[KEY_NAME_LEN];
		key_to_name(s->choices[i].key, name);
		surface_print(surface, box, box.x + 3, y, ROLE_KEY, "%s", name);
		draw_label(s->choices[i].label, surface, box, box.x + 9, y);
		if (i == s->chosen) {
			surface_ground(surface, (struct rect){ box.x, y, box.width, 1 }, GROUND_SELECTED);
			surface->cursor_x = box.x;
			surface->cursor_y = y;
		}
	}
	s->drawn.count = i - first;
	return i < s->count ? s->count - i : 0;
}

void sheet_draw(struct sheet *s, struct surface *surface, struct rect body)
{
	int rows = (int)(s->line_count + s->count) + 2;
	if (rows > body.height)
		rows = body.height;
	struct rect box = { body.x, body.y + body.height - rows, body.width, rows };
	int y = box.y, below = (int)s->count + 1, room = rows - 1;
	room = room > below ? room - below : room > 2 ? 1 : 0; /* lines give way to choices, but for one */
	s->drawn.top = box.y;
	s->drawn.bottom = box.y + box.height - 1;
	s->page = s->line_count < (size_t)room ? s->line_count : (size_t)room;
	if (s->scroll > s->line_count - s->page)
		s->scroll = s->line_count - s->page;
	surface_fill(surface, box, ' ', ROLE_NORMAL);
	surface_fill(surface, (struct rect){ box.x, y, box.width, 1 }, SURFACE_LINE, ROLE_DIM);
	surface_print(surface, box, box.x + 2, y, ROLE_TITLE, " %s ", s->title);
	surface_ground(surface, (struct rect){ box.x, y++, box.width, 1 }, GROUND_HEAD);
	for (size_t i = 0; i < s->page; i++)
		surface_print(surface, box, box.x + 2, y++, s->lines[s->scroll + i].role, "%s",
			      s->lines[s->scroll + i].text);
	size_t more = draw_choices(s, surface, box, y);
	int x = surface_print(surface, box, box.x + 2, box.y + box.height - 1, ROLE_DIM, TAKE NONE);
	if (more)
		x = surface_print(surface, box, x, box.y + box.height - 1, ROLE_KEY, "   j: %zu more", more);
	if (s->page < s->line_count)
		surface_print(surface, box, x, box.y + box.height - 1, ROLE_KEY, "   PgDn/PgUp: line %zu of %zu",
			      s->scroll + s->page, s->line_count);
}
