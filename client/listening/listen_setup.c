#include "client/listening/listen_setup.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

bool listen_check_ready_file(const char *path, struct error *e)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder)
		return error_set(e, EXIT_STORE, "out of memory");
	bool fine = access(folder, W_OK | X_OK) == 0 ||
		    error_set(e, EXIT_USAGE, "the ready file %.400s cannot be written: %s", path, strerror(errno));
	free(folder);
	return fine;
}

struct seal_key *listen_load_key(const char *db, struct error *e)
{
	struct buffer path = { 0 };
	size_t len = strlen(db);
	struct seal_key *key = NULL;
	if (len > 3 && strcmp(db + len - 3, ".db") == 0)
		len -= 3;
	if (buffer_printf(&path, "%.*s.key", (int)len, db) && buffer_put_u8(&path, 0))
		key = seal_key_load((char *)path.at, e);
	else
		error_set(e, EXIT_STORE, "out of memory");
	buffer_free(&path);
	return key;
}

void listen_set_limits(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur =
		    files.rlim_max < 10240 ? files.rlim_max : 10240; /* macOS takes no more than OPEN_MAX */
		setrlimit(RLIMIT_NOFILE, &files);
	}
#ifdef __GLIBC__
	/* The writer thread's arena would give its pages back after every batch and fault them in for the next. */
	mallopt(M_TRIM_THRESHOLD, 8 << 20);
	mallopt(M_TOP_PAD, 1 << 20);
#endif
	umask(077);
	signal(SIGPIPE, SIG_IGN);
}
