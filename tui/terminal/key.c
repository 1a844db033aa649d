#include "tui/terminal/key.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *name;
	key_code code;
} names[] = {
	{ "Tab", TKEY_TAB },        { "Enter", TKEY_ENTER }, { "Esc", TKEY_ESCAPE }, { "Space", TKEY_SPACE },
	{ "BS", TKEY_BACKSPACE },   { "Up", TKEY_UP },       { "Down", TKEY_DOWN },  { "Left", TKEY_LEFT },
	{ "Right", TKEY_RIGHT },    { "Home", TKEY_HOME },   { "End", TKEY_END },    { "PgUp", TKEY_PAGE_UP },
	{ "PgDn", TKEY_PAGE_DOWN }, { "Ins", TKEY_INSERT },  { "Del", TKEY_DELETE }, { "S-Tab", TKEY_BACKTAB },
};

void key_to_name(key_code code, char out[KEY_NAME_LEN])
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].code == code) {
			snprintf(out, KEY_NAME_LEN, "%s", names[i].name);
			return;
		}
	if (code > TKEY_F0 && code <= TKEY_F12)
		snprintf(out, KEY_NAME_LEN, "F%u", (unsigned)(code - TKEY_F0));
	else if (code < 0x20)
		snprintf(out, KEY_NAME_LEN, "C-%c", (int)(code | 0x60));
	else if (code < 0x7f)
		snprintf(out, KEY_NAME_LEN, "%c", (int)code);
	else
		snprintf(out, KEY_NAME_LEN, "U+%04X", (unsigned)(code & 0x1fffff));
}

key_code key_from_name(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strlen(names[i].name) == len && strncasecmp(names[i].name, name, len) == 0)
			return names[i].code;
	if (len == 1 && name[0] > 0x20 && name[0] < 0x7f)
		return (key_code)(unsigned char)name[0];
	if (len == 3 && (name[0] == 'C' || name[0] == 'c') && name[1] == '-' && name[2] >= 'a' && name[2] <= 'z')
		return TKEY_CTRL((key_code)name[2]);
	if (len >= 2 && len <= 3 && (name[0] == 'F' || name[0] == 'f')) {
		unsigned n = 0;
		for (size_t i = 1; i < len; i++) {
			if (name[i] < '0' || name[i] > '9')
				return TKEY_NONE;
			n = n * 10 + (unsigned)(name[i] - '0');
		}
		return n >= 1 && n <= 12 ? TKEY_F0 + n : TKEY_NONE;
	}
	return TKEY_NONE;
}
