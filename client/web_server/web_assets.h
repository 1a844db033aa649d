/* The page's own files, compiled in out of client/web/page/. Any thread, once web_assets_start was called. */
#pragma once

#include "shared/base/bytes.h"

struct web_asset {
	const char *path; /* "/page/main.js" */
	const char *type;
	struct bytes text;
	char etag[20]; /* with its quotes */
};

/* The table that the build makes: a path after "/page/" and the text; NULL after the last. */
struct web_file {
	const char *name, *text;
};
extern const struct web_file web_files[];

/* Computes the tags; before the server's thread begins. */
void web_assets_start(void);
const struct web_asset *web_assets_find(const char *path);
/* The text of a file that is no asset of its own, such as index.html; NULL: there is none. */
const char *web_assets_text(const char *name);
