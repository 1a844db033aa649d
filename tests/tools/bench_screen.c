#include "tests/tools/bench_screen.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void screen_init(struct screen *s, int columns, int rows)
{
	memset(s, 0, sizeof *s);
	s->columns = columns;
	s->rows = rows;
	memset(s->cell, ' ', sizeof s->cell);
	s->bottom = s->rows - 1;
	s->length = SIZE_MAX;
}

static void blank(struct screen *s, int y, int from, int to)
{
	for (int x = from; x < to && x < s->columns; x++)
		s->cell[y][x] = ' ';
}

static void scroll(struct screen *s, int top, int lines)
{
	int count = s->bottom - top + 1;
	for (int i = 0; i < count; i++) {
		int y = lines > 0 ? top + i : s->bottom - i, from = y + lines;
		if (from >= top && from <= s->bottom)
			memcpy(s->cell[y], s->cell[from], COLUMNS_MOST);
		else
			blank(s, y, 0, s->columns);
	}
}

static void line_feed(struct screen *s)
{
	if (s->y == s->bottom)
		scroll(s, s->top, 1);
	else if (s->y < s->rows - 1)
		s->y++;
}

static void put(struct screen *s, char c)
{
	if (s->wrap) {
		s->x = 0;
		line_feed(s);
	}
	s->cell[s->y][s->x] = s->last = c;
	s->wrap = s->x == s->columns - 1;
	s->x += !s->wrap;
}

static void move_to(struct screen *s, int y, int x)
{
	s->y = y < 0 ? 0 : y >= s->rows ? s->rows - 1 : y;
	s->x = x < 0 ? 0 : x >= s->columns ? s->columns - 1 : x;
	s->wrap = false;
}

static void shift(struct screen *s, int by)
{
	char *row = s->cell[s->y];
	int rest = s->columns - s->x, n = abs(by) < rest ? abs(by) : rest;
	if (by > 0) {
		memmove(row + s->x + n, row + s->x, (size_t)(rest - n));
		blank(s, s->y, s->x, s->x + n);
	} else {
		memmove(row + s->x, row + s->x + n, (size_t)(rest - n));
		blank(s, s->y, s->columns - n, s->columns);
	}
}

static void erase_lines(struct screen *s, int mode)
{
	int from = mode == 0 ? s->y + 1 : 0, to = mode == 1 ? s->y : s->rows;
	for (int y = from; y < to; y++)
		blank(s, y, 0, s->columns);
	if (mode != 2)
		blank(s, s->y, mode == 0 ? s->x : 0, mode == 0 ? s->columns : s->x + 1);
}

static void control(struct screen *s, char end, int a, int b)
{
	int n = a > 0 ? a : 1;
	s->wrap = false;
	switch (end) {
	case 'H':
		move_to(s, (a > 0 ? a : 1) - 1, (b > 0 ? b : 1) - 1);
		break;
	case 'A':
		move_to(s, s->y - n, s->x);
		break;
	case 'B':
		move_to(s, s->y + n, s->x);
		break;
	case 'C':
		move_to(s, s->y, s->x + n);
		break;
	case 'D':
		move_to(s, s->y, s->x - n);
		break;
	case 'G':
		move_to(s, s->y, n - 1);
		break;
	case 'd':
		move_to(s, n - 1, s->x);
		break;
	case 'K':
		blank(s, s->y, a == 1 || a == 2 ? 0 : s->x, a == 1 ? s->x + 1 : s->columns);
		break;
	case 'J':
		erase_lines(s, a);
		break;
	case 'X':
		blank(s, s->y, s->x, s->x + n);
		break;
	case '@':
		shift(s, n);
		break;
	case 'P':
		shift(s, -n);
		break;
	case 'L':
		scroll(s, s->y, -n);
		break;
	case 'M':
		scroll(s, s->y, n);
		break;
	case 'S':
		scroll(s, s->top, n);
		break;
	case 'T':
		scroll(s, s->top, -n);
		break;
	case 'b':
		for (int i = 0; i < n; i++)
			put(s, s->last);
		break;
	case 'r':
		s->top = (a > 0 ? a : 1) - 1;
		s->bottom = (b > 0 ? b : s->rows) - 1;
		move_to(s, 0, 0);
		break;
	default:
		break; /* colours, modes */
	}
}

static void sequence(struct screen *s, char c)
{
	if (s->length + 1 >= sizeof s->sequence) {
		fprintf(stderr, "tui-bench: a sequence it does not know\n");
		exit(1);
	}
	s->sequence[s->length++] = c;
	s->sequence[s->length] = 0;
	if (s->length == 1 && c != '[' && c != ']' && c != '(' && c != ')') {
		if (c == 'M' && s->y == s->top)
			scroll(s, s->top, -1);
		else if (c == 'M')
			s->y--;
		s->length = SIZE_MAX;
		return;
	}
	char first = s->sequence[0];
	if ((first == '(' || first == ')') && s->length == 2)
		s->length = SIZE_MAX;
	if (first == ']' && (c == 'R' || c == '\a'))
		s->length = SIZE_MAX;
	if (first != '[' || s->length == 1 || c < '@')
		return;
	int a = 0, b = 0;
	if (s->sequence[1] != '?')
		sscanf(s->sequence + 1, "%d;%d", &a, &b);
	s->length = SIZE_MAX;
	control(s, s->sequence[1] == '?' ? 'm' : c, a, b);
}

void screen_draw(struct screen *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (c == '\x1b')
			s->length = 0;
		else if (s->length != SIZE_MAX)
			sequence(s, c);
		else if (c == '\r')
			move_to(s, s->y, 0);
		else if (c == '\n')
			line_feed(s);
		else if (c == '\b')
			move_to(s, s->y, s->x - 1);
		else if (c == '\t')
			move_to(s, s->y, (s->x + 8) & ~7);
		else if ((unsigned char)c >= ' ')
			put(s, c);
	}
}
