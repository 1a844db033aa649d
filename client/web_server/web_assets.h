/* The page's own files, compiled in out of client/web/page/. Any thread, once web_assets_start was called. */
#pragma once

#include "shared/base/bytes.h"

struct web_asset {
	const char *path; /* "/page/main.js" */
	const char *type;
	struct bytes text, packed;      /* packed: the same, compressed by gzip when creel was built */
	char etag[20], packed_etag[24]; /* with their quotes */
};

/* The table that the build makes: a path after "/page/", and the text in gzip's form and as it is; NULL after the last.
 */
struct web_file {
	const char *name;
	struct bytes packed;
	const char *text;
};
extern const struct web_file web_files[];

/* Computes the tags; before the server's thread begins. */
void web_assets_start(void);
const struct web_asset *web_assets_find(const char *path);
/* Whether a value of Accept-Encoding (RFC 9110 §12.5.3), or NULL, takes gzip. */
bool web_assets_may_pack(const char *accepted);
/* The text of a file that is no asset of its own, such as index.html; NULL: there is none. */
const char *web_assets_text(const char *name);
