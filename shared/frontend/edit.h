/* A recorded request in the user's editor, and what came back (tui/DESIGN.md §3.9). It lies in a folder of its own
 * (0700): request.http, and body.bin where the body is long or not text. The record itself is never changed. Files are
 * read and written, no process is started here. Loop thread. */
#pragma once

#include "shared/http/http_text.h"
#include "shared/frontend/source.h"

#define EDIT_BODY_MAX (64u << 20)

struct edit {
	int64_t id;
	struct http_text was, now; /* views into what follows; body_file is left empty, the body is in `body` */
	bool beside;               /* the body went to a file */
	struct document document;
	struct buffer written; /* request.http as it was given to the editor */
	struct buffer text, headers, fixed, file;
	char dir[256], path[300];
};

/* Takes the document (freed in any case), which must hold the whole body. NULL and *e when it does not, or out of
 * memory. */
struct edit *edit_new(struct document *d, struct error *e);
/* Makes the folder and its files. */
MUST_CHECK bool edit_write(struct edit *e, struct error *err);
enum edit_end {
	EDIT_SAME,
	EDIT_CHANGED, /* `now` says what to */
	EDIT_WRONG,   /* it cannot be understood: *err, and *line to go to */
};
/* Reads what the editor left. */
enum edit_end edit_read(struct edit *e, int *line, struct error *err);
/* The same for texts: request.http and, when it refers to a file, what that file holds. Pure. */
enum edit_end edit_take(struct edit *e, struct bytes text, struct bytes file, int *line, struct error *err);
/* What is to be sent, for struct replay_request. */
MUST_CHECK bool edit_request(const struct edit *e, struct buffer *out);
/* Calls `line` for each changed line and a few around it. `sign`: '-' removed, '+' added, ' ' the same, '@' our own
 * words. `text` is borrowed for the call. False when out of memory. */
MUST_CHECK bool edit_changes(const struct edit *e, void (*line)(void *user, char sign, struct bytes text), void *user);
/* How many more ESC bytes the edited body has than the recorded one. */
size_t edit_escapes(const struct edit *e);
/* Removes folder and files. */
void edit_free(struct edit *e);

/* The first that is set of CREEL_EDITOR, VISUAL and EDITOR; else vi. */
const char *edit_program(void);
/* The shell command that edits the file $1; `line` (0: none) is passed to editors known to take +LINE. */
MUST_CHECK bool edit_command(struct buffer *out, const char *program, int line);
