/* Opens the page in the user's browser, without the token in any program's arguments: a file that only the user can
 * read leads there. Blocks for a moment. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* Opens `url`, which has the token, by way of web-open.html beside the store. Uses $BROWSER, xdg-open, or open on
 * macOS. EXIT_USAGE. */
MUST_CHECK bool web_browser_open(const char *db, const char *url, struct error *e);
/* Removes that file, if it is there. */
void web_browser_forget(const char *db);
