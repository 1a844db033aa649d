#include "client/web_server/web_browser.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/base/buffer.h"
#include "shared/disk/file.h"

#ifdef __APPLE__
extern char **environ; /* <unistd.h> has it elsewhere */
#endif

static bool make_path(const char *db, char *out, size_t size)
{
	const char *slash = strrchr(db, '/');
	int n = snprintf(out, size, "%.*sweb-open.html", slash ? (int)(slash - db) + 1 : 0, db);
	return n > 0 && (size_t)n < size;
}

static bool start(const char *path, struct error *e)
{
#ifdef __APPLE__
	const char *program = "open";
#else
	const char *program = "xdg-open";
#endif
	const char *wanted = getenv("BROWSER");
	if (wanted && *wanted)
		program = wanted;
	char *const args[] = { (char *)(uintptr_t)program, (char *)(uintptr_t)path, NULL };
	pid_t pid;
	int code = posix_spawnp(&pid, program, NULL, NULL, args, environ);
	return code == 0 || error_set(e, EXIT_USAGE, "%.100s cannot be started: %s; open the address yourself", program,
				      strerror(code));
}

bool web_browser_open(const char *db, const char *url, struct error *e)
{
	char path[4096];
	struct buffer html = { 0 };
	if (!make_path(db, path, sizeof path))
		return error_set(e, EXIT_USAGE, "the store's path is too long");
	bool fine =
	    buffer_printf(&html,
			  "<!doctype html><meta charset=\"utf-8\"><meta name=\"referrer\" content=\"no-referrer\">"
			  "<meta http-equiv=\"refresh\" content=\"0;url=%s\"><title>creel</title>\n",
			  url);
	if (!fine)
		error_set(e, EXIT_STORE, "out of memory");
	else if (!file_replace(path, buffer_view(&html), FILE_PRIVATE))
		fine = error_set(e, EXIT_STORE, "%.300s cannot be written: %s", path, strerror(errno));
	buffer_free(&html);
	return fine && start(path, e);
}

void web_browser_forget(const char *db)
{
	char path[4096];
	if (make_path(db, path, sizeof path))
		unlink(path);
}
