/* Opens the page in the user's browser, without the token in any program's arguments: a file of 0600 leads there.
 * Blocks shortly. */
#pragma once

#include "shared/base/bytes.h"
#include "shared/base/error.h"

/* `url` with its token, by way of web-open.html beside the store. By $BROWSER, xdg-open, or open on macOS. EXIT_USAGE.
 */
MUST_CHECK bool web_browser_open(const char *db, const char *url, struct error *e);
/* Removes that file, if it is there. */
void web_browser_forget(const char *db);
