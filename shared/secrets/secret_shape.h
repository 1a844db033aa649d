/* Takes away what a secret picks up when it is copied from a page, a chat, a .env file or an editor into the place that
 * creel reads it from. A secret is a word of printable bytes; nothing is kept here. Pure; any thread. */
#pragma once

#include "shared/base/bytes.h"

#define SECRET_SHAPE_TOKEN 70 /* creel_ and 64 hex digits */

/* Takes away what no provider's secret contains: a byte order mark, UTF-16 (of ASCII), invisible characters and
 * no-break spaces at either end, one line end. In place; the new length. */
size_t secret_shape_clean(char *text, size_t len);
/* Takes NAME= or `export NAME=` of a file of variables away, with quotes around the value. NAME is of A-Z, 0-9 and _,
 * and has a _. In place; NULL when there is none, else what was taken, for "without …". */
const char *secret_shape_unname(char *text);
/* Takes one layer away that a secret might have, too: blanks, quotes, base64. In place; NULL when there is none. */
const char *secret_shape_peel(char *text);

enum secret_shape_token {
	TOKEN_SHAPE_RIGHT,   /* exactly a token */
	TOKEN_SHAPE_WRAPPED, /* a token with other things around or in it */
	TOKEN_SHAPE_SHORT,   /* creel_ and fewer digits */
	TOKEN_SHAPE_LONG,    /* and more */
	TOKEN_SHAPE_SEVERAL, /* more than one token */
	TOKEN_SHAPE_OTHER    /* none of creel-relay's */
};

/* Finds a token in `text`, whatever is around it: quotes, NAME=, JSON, "Bearer", line breaks in it, base64 of it.
 * `token` is filled for RIGHT and WRAPPED; *digits for SHORT and LONG. */
enum secret_shape_token secret_shape_token(struct bytes text, char token[SECRET_SHAPE_TOKEN + 1], size_t *digits);
