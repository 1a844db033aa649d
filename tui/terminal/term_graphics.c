/* Pictures as graphics of the terminal, over cells that are left blank. What stands where is worked out from the
 * surface each time it is drawn; a picture of which something else covers a part is drawn as half blocks. */
#include <stdlib.h>
#include <string.h>

#include "tui/graphics/pictures.h"
#include "tui/terminal/term_private.h"

#define CELL_LEAST 4 /* what a terminal says beyond these is not believed */
#define CELL_MOST 64

/* Whether tmux or GNU screen is between, whatever TERM is set to in it. */
static bool is_multiplexed(const char *name)
{
	return strncmp(name, "tmux", 4) == 0 || strncmp(name, "screen", 6) == 0 || getenv("TMUX") || getenv("STY");
}

/* Whether it is known to swallow a question of kitty's: tmux makes a title of it, Apple's terminal shows it. */
static bool asks_kitty(void)
{
	const char *name = getenv("TERM"), *program = getenv("TERM_PROGRAM");
	return name && !is_multiplexed(name) && !(program && strcmp(program, "Apple_Terminal") == 0);
}

static bool is_active(const struct term_graphics *g)
{
	return g->how != GRAPHICS_NONE && g->cell_width;
}

static void take_cell(struct term_graphics *g, int width, int height)
{
	bool fine = width >= CELL_LEAST && width <= CELL_MOST && height >= CELL_LEAST && height <= CELL_MOST;
	g->cell_width = fine ? width : 0;
	g->cell_height = fine ? height : 0;
}

static void tell_pictures(const struct term_graphics *g)
{
	pictures_set_cell(is_active(g) ? g->cell_width : 0, is_active(g) ? g->cell_height : 0);
}

const char *term_graphics_begin(struct term_graphics *g, const char *images, bool able)
{
	bool automatic = !images || strcmp(images, "auto") == 0;
	*g = (struct term_graphics){ .how = GRAPHICS_NONE };
	bool off = !automatic && strcmp(images, "off") == 0;
	pictures_draw(!off);
	if (!able || off || (!automatic && strcmp(images, "blocks") == 0))
		return "";
	if (!automatic)
		g->how = strcmp(images, "kitty") == 0 ? GRAPHICS_KITTY : GRAPHICS_SIXEL;
	g->asked = automatic;
	if (!automatic)
		return GRAPHICS_ASK_CELL;
	return asks_kitty() ? GRAPHICS_ASK_KITTY GRAPHICS_ASK_CELL GRAPHICS_ASK_ATTRIBUTES
			    : GRAPHICS_ASK_CELL GRAPHICS_ASK_ATTRIBUTES;
}

void term_graphics_resize(struct term_graphics *g, const struct winsize *size)
{
	/* Many terminals leave this 0; what one answered is kept then. */
	if (size->ws_xpixel && size->ws_ypixel && size->ws_col && size->ws_row)
		take_cell(g, size->ws_xpixel / size->ws_col, size->ws_ypixel / size->ws_row);
	tell_pictures(g);
}

void term_graphics_answer(struct term_graphics *g, const struct term_answer *answer)
{
	int width = 0, height = 0;
	switch (graphics_read_answer(answer->kind, bytes_make(answer->text, answer->len), &width, &height)) {
	case GRAPHICS_SAID_KITTY:
		g->how = g->asked ? GRAPHICS_KITTY : g->how;
		break;
	case GRAPHICS_SAID_SIXEL:
		g->how = g->asked && g->how == GRAPHICS_NONE ? GRAPHICS_SIXEL : g->how;
		g->asked = false;
		break;
	case GRAPHICS_SAID_NO_SIXEL:
		g->asked = false; /* it answers in turn: nothing else comes */
		break;
	case GRAPHICS_SAID_CELL:
		if (!g->cell_width)
			take_cell(g, width, height);
		break;
	case GRAPHICS_SAID_OTHER:
		break;
	}
	tell_pictures(g);
}

/* ---- what stands where ---- */

struct seen {
	struct placement at;
	int cells;
	bool odd; /* not one part of the picture as it is */
};

static void see(struct seen *s, int x, int y, uint32_t where)
{
	int row = (int)(where >> 16), column = (int)(where & 0xffff);
	struct rect *r = &s->at.at;
	if (!s->cells) {
		*r = (struct rect){ x, y, 1, 1 };
		s->at.row = row;
		s->at.column = column;
	}
	s->cells++;
	s->odd = s->odd || x < r->x || row - s->at.row != y - r->y || column - s->at.column != x - r->x;
	r->width = x - r->x + 1 > r->width ? x - r->x + 1 : r->width;
	r->height = y - r->y + 1 > r->height ? y - r->y + 1 : r->height;
}

static struct seen *seen_of(struct seen *all, int *count, uint32_t id)
{
	for (int i = 0; i < *count; i++)
		if (all[i].at.id == id)
			return &all[i];
	if (*count == TERM_PLACED_MOST)
		return NULL;
	all[*count] = (struct seen){ .at.id = id };
	return &all[(*count)++];
}

static bool is_whole(const struct term_graphics *g, const struct seen *s)
{
	const struct picture *p = pictures_find(s->at.id);
	return p && !s->odd && s->cells == s->at.at.width * s->at.at.height && p->cell_width == g->cell_width &&
	       p->cell_height == g->cell_height;
}

static int look(const struct term_graphics *g, const struct surface *s, struct placement out[TERM_PLACED_MOST])
{
	struct seen all[TERM_PLACED_MOST];
	int count = 0, placed = 0;
	for (int y = 0; y < s->height; y++)
		for (int x = 0; x < s->width; x++) {
			const struct cell *c = &s->cells[y * s->width + x];
			struct seen *of = c->base == SURFACE_PIXELS ? seen_of(all, &count, c->mark[0]) : NULL;
			if (of)
				see(of, x, y, c->mark[1]);
		}
	for (int i = 0; i < count; i++)
		if (is_whole(g, &all[i]))
			out[placed++] = all[i].at;
	return placed;
}

static bool same(const struct placement *a, const struct placement *b)
{
	return a->id == b->id && a->column == b->column && a->row == b->row && a->at.x == b->at.x &&
	       a->at.y == b->at.y && a->at.width == b->at.width && a->at.height == b->at.height;
}

static const struct placement *find(const struct placement *all, int count, uint32_t id)
{
	for (int i = 0; i < count; i++)
		if (all[i].id == id)
			return &all[i];
	return NULL;
}

bool term_graphics_plan(struct term_graphics *g, const struct surface *s, bool cleared)
{
	struct placement next[TERM_PLACED_MOST];
	int count = is_active(g) ? look(g, s, next) : 0;
	bool changed = cleared || count != g->count;
	for (int i = 0; i < count && !changed; i++)
		changed = !same(&next[i], &g->placed[i]);
	memcpy(g->before, g->placed, sizeof g->before);
	g->before_count = cleared ? 0 : g->count;
	if (cleared) /* the terminal may have forgotten them */
		g->sent_count = 0;
	memcpy(g->placed, next, (size_t)count * sizeof *next);
	g->count = count;
	g->changed = changed;
	return changed;
}

bool term_graphics_has(const struct term_graphics *g, uint32_t id)
{
	return find(g->placed, g->count, id) != NULL;
}

/* ---- what is sent ---- */

static struct graphics_part part_of(const struct term_graphics *g, const struct placement *at, const struct picture *p)
{
	struct graphics_part part = { at->column * g->cell_width, at->row * g->cell_height,
				      at->at.width * g->cell_width, at->at.height * g->cell_height };
	int right = p->fine.width - part.x, below = p->fine.height - part.y;
	part.width = part.width < right ? part.width : right;
	part.height = part.height < below ? part.height : below;
	return part;
}

static bool send_once(struct term_graphics *g, const struct picture *p, struct buffer *out)
{
	for (int i = 0; i < g->sent_count; i++)
		if (g->sent[i] == p->id)
			return true;
	if (g->sent_count == TERM_PLACED_MOST) {
		int i = 0; /* the first that is not shown; there is one, as this one is shown and was not sent */
		while (i < g->sent_count - 1 && term_graphics_has(g, g->sent[i]))
			i++;
		if (!graphics_forget_kitty(out, g->sent[i]))
			return false;
		g->sent[i] = p->id;
	} else {
		g->sent[g->sent_count++] = p->id;
	}
	return graphics_put_kitty(out, &p->fine, p->id);
}

static bool put_one(struct term_graphics *g, const struct placement *at, struct buffer *out)
{
	const struct picture *p = pictures_find(at->id);
	if (!p)
		return true;
	struct graphics_part part = part_of(g, at, p);
	if (part.width < 1 || part.height < 1)
		return true;
	if (g->how == GRAPHICS_KITTY && !send_once(g, p, out))
		return false;
	return buffer_printf(out, "\x1b[%d;%dH", at->at.y + 1, at->at.x + 1) &&
	       (g->how == GRAPHICS_KITTY ? graphics_place_kitty(out, at->id, part)
					 : graphics_put_sixel(out, &p->fine, part));
}

/* Hides pictures that are not shown any more, and has the terminal forget those that are gone for good. */
static bool take_away(struct term_graphics *g, struct buffer *out)
{
	if (g->how != GRAPHICS_KITTY)
		return true;
	for (int i = 0; i < g->before_count; i++)
		if (!term_graphics_has(g, g->before[i].id) && !graphics_hide_kitty(out, g->before[i].id))
			return false;
	for (int i = g->sent_count - 1; i >= 0; i--) {
		if (pictures_find(g->sent[i]))
			continue;
		if (!graphics_forget_kitty(out, g->sent[i]))
			return false;
		g->sent[i] = g->sent[--g->sent_count];
	}
	return true;
}

bool term_graphics_put(struct term_graphics *g, int cursor_x, int cursor_y, struct buffer *out)
{
	if (!g->changed)
		return true;
	bool fine = take_away(g, out);
	for (int i = 0; fine && i < g->count; i++)
		fine = put_one(g, &g->placed[i], out);
	/* Back to where curses left the cursor. */
	return fine && (!out->len || buffer_printf(out, "\x1b[%d;%dH", cursor_y + 1, cursor_x + 1));
}

bool term_graphics_leave(struct term_graphics *g, struct buffer *out)
{
	bool fine = true;
	for (int i = 0; fine && i < g->sent_count; i++)
		fine = graphics_forget_kitty(out, g->sent[i]);
	g->sent_count = g->count = 0;
	return fine;
}
