/* Keys: a code point, or one of these, and their names. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t key_code;

enum {
	TKEY_NONE = 0,
	TKEY_TAB = 9,
	TKEY_ENTER = 13,
	TKEY_ESCAPE = 27,
	TKEY_SPACE = 32,
	TKEY_BACKSPACE = 127,
	TKEY_SPECIAL = 0x200000,
	TKEY_UP,
	TKEY_DOWN,
	TKEY_LEFT,
	TKEY_RIGHT,
	TKEY_HOME,
	TKEY_END,
	TKEY_PAGE_UP,
	TKEY_PAGE_DOWN,
	TKEY_INSERT,
	TKEY_DELETE,
	TKEY_BACKTAB,
	TKEY_F0, /* F1 is the next, and so on to F12 */
	TKEY_F12 = TKEY_F0 + 12,
	TKEY_PASTE_BEGIN, /* what follows up to TKEY_PASTE_END is pasted text, not keys */
	TKEY_PASTE_END,
	TKEY_RESIZE,
	TKEY_BACKGROUND, /* the terminal said what its background is: draw again */
	TKEY_MOUSE,
};
#define TKEY_CTRL(letter) ((letter)&0x1f)

struct key {
	key_code code;
	/* With TKEY_MOUSE: */
	int x, y;
	enum mouse_what { MOUSE_NONE, MOUSE_CLICK, MOUSE_DOUBLE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN } mouse;
};

#define KEY_NAME_LEN 16
/* "C-d", "PgDn", "Space", "F5", "j". */
void key_to_name(key_code code, char out[KEY_NAME_LEN]);
/* TKEY_NONE when there is no key of this name. */
key_code key_from_name(const char *name, size_t len);
