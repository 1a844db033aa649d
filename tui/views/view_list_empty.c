/* What stands in place of the list while there is nothing in it: how something gets there, and the first keys. */
#include <stdio.h>
#include <string.h>

#include "tui/views/view_list.h"

struct empty_screen {
	struct surface *s;
	struct rect area;
	int y, margin;
};

/* A line to be copied is drawn whole or not at all. */
static void put_line(struct empty_screen *e, enum role role, const char *text)
{
	int y = e->y++;
	if (y < e->area.y + e->area.height)
		surface_print(e->s, e->area, e->area.x + e->margin, y, role, "%s", text);
}

static void put_command(struct empty_screen *e, const char *command, const char *what)
{
	int len = (int)strlen(command), y = e->y;
	int beside = e->area.width >= 80 && len < 36 ? 38 : len + 2;
	if (len + e->margin > e->area.width)
		return;
	put_line(e, ROLE_KEY, command);
	if (e->margin + beside + (int)strlen(what) <= e->area.width && y < e->area.y + e->area.height)
		surface_print(e->s, e->area, e->area.x + e->margin + beside, y, ROLE_DIM, "%s", what);
}

/* As they are bound: "Enter opens, r sends again, f filters, ? helps, q quits"; those at the end go last where there is
 * no room. */
static void put_keys(struct empty_screen *e, const struct ui *ui)
{
	static const struct {
		enum action action;
		const char *does;
	} keys[] = {
		{ ACTION_OPEN, "opens" }, { ACTION_REPLAY, "sends again" }, { ACTION_FILTER, "filters" },
		{ ACTION_HELP, "helps" }, { ACTION_LEAVE, "quits" },
	};
	size_t count = sizeof keys / sizeof *keys;
	char line[160] = "";
	for (size_t first = 0; first < count; first++) {
		size_t len = 0;
		for (size_t i = first; i < count && len < sizeof line; i++) {
			char name[KEY_NAME_LEN];
			key_code key = keymap_key(&ui->keys, CONTEXT_LIST, keys[i].action, false);
			if (key == TKEY_NONE)
				continue;
			key_to_name(key, name);
			len += (size_t)snprintf(line + len, sizeof line - len, "%s%s %s", len ? ", " : "Keys: ", name,
						keys[i].does);
		}
		if (!len || (int)len + e->margin <= e->area.width)
			break;
	}
	if (line[0])
		put_line(e, ROLE_DIM, line);
}

/* On a low screen: the URL on a line of its own where it does not fit beside the words, one command, the keys. */
static void draw_waiting_low(struct empty_screen *e, const struct ui *ui)
{
	char line[512];
	int len = snprintf(line, sizeof line, "Waiting for the first webhook to %s", ui->client.url);
	if (len + e->margin <= e->area.width) {
		put_line(e, ROLE_TITLE, line);
	} else {
		put_line(e, ROLE_TITLE, "Waiting for the first webhook to");
		put_line(e, ROLE_TITLE, ui->client.url);
	}
	len = snprintf(line, sizeof line, "curl -d hello=world %s/test", ui->client.url);
	if (len < (int)sizeof line)
		put_command(e, line, "");
	put_command(e, "creel trigger stripe", "a sample");
	put_keys(e, ui);
}

static void draw_waiting(struct empty_screen *e, const struct ui *ui)
{
	char line[512];
	int len = snprintf(line, sizeof line, "Waiting for the first webhook to %s", ui->client.url);
	put_line(e, ROLE_TITLE, len < (int)sizeof line ? line : "Waiting for the first webhook");
	e->y++;
	put_line(e, ROLE_DIM, "Send one from another terminal:");
	len = snprintf(line, sizeof line, "curl -d hello=world %s/test", ui->client.url);
	if (len < (int)sizeof line)
		put_command(e, line, "");
	put_command(e, "creel trigger stripe", "a sample as Stripe would send it");
	put_line(e, ROLE_DIM, "or give the URL to a provider, as the one its webhooks go to.");
	e->y++;
	put_keys(e, ui);
}

static void draw_offline(struct empty_screen *e, const struct ui *ui, bool tall)
{
	if (tall || e->area.width >= 50) {
		put_line(e, ROLE_TITLE, "No deliveries yet: start `creel listen PORT`");
	} else {
		put_line(e, ROLE_TITLE, "No deliveries yet: start");
		put_command(e, "creel listen PORT", "");
	}
	if (tall) {
		e->y++;
		put_line(e, ROLE_DIM, "In another terminal, with an app on port 3000:");
		put_command(e, "creel listen 3000", "webhooks that come through a relay");
		put_command(e, "creel dev 3000", "to try it on this machine alone");
		e->y++;
	}
	put_keys(e, ui);
}

void view_list_draw_empty(const struct ui *ui, struct surface *s, struct rect area)
{
	bool tall = area.height >= 10;
	int margin = area.width < 60 ? 1 : 4;
	struct empty_screen e = { s, area, area.y + (tall ? area.height / 2 - 4 : 0), margin };
	if (!ui->list.loaded || ui->list.searched || ui->list.trouble)
		return;
	if (ui->filter[0])
		surface_print(s, area, area.x + margin, area.y + area.height / 2, ROLE_DIM,
			      "Nothing matches the filter (Esc drops it)");
	else if (!ui->client.url[0])
		draw_offline(&e, ui, tall);
	else if (tall)
		draw_waiting(&e, ui);
	else
		draw_waiting_low(&e, ui);
}
