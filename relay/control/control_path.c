#include "relay/control/control_path.h"

#include "shared/base/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING 16                    /* calls that were not accepted yet */
#define OWN_PREFIX "creel-relay-run." /* of a folder that is made here, and removed */

/* ---- from within a folder ---- */

static int from_within(const char *folder, int (*act)(int fd, const struct sockaddr_un *at, socklen_t len))
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int back = open(".", O_RDONLY | O_CLOEXEC), result = -1, why;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(at.sun_path, CONTROL_NAME, sizeof CONTROL_NAME);
	if (fd >= 0)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (fd >= 0 && chdir(folder) == 0) {
		result = act(fd, &at, sizeof at);
		why = errno;
		if (back >= 0 && fchdir(back) != 0)
			result = -1;
	} else {
		why = errno;
	}
	if (back >= 0)
		close(back);
	if (result != 0 && fd >= 0)
		close(fd);
	errno = why;
	return result == 0 ? fd : -1;
}

static int remove_it(int fd, const struct sockaddr_un *at, socklen_t len)
{
	struct stat s;
	(void)fd;
	(void)len;
	if (lstat(at->sun_path, &s) == 0 && S_ISSOCK(s.st_mode))
		unlink(at->sun_path);
	return -1;
}

static int bind_it(int fd, const struct sockaddr_un *at, socklen_t len)
{
	(void)remove_it(fd, at, len);
	if (bind(fd, (const struct sockaddr *)at, len) != 0)
		return -1;
	return chmod(at->sun_path, 0600) == 0 ? listen(fd, WAITING) : -1;
}

static int connect_it(int fd, const struct sockaddr_un *at, socklen_t len)
{
	return connect(fd, (const struct sockaddr *)at, len);
}

/* ---- which folder ---- */

static bool join(char out[PATH_MAX], const char *folder, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", folder, name);
	return n > 0 && n < PATH_MAX;
}

/* What the data folder's file says; the data folder itself where there is none. */
static void folder_of(const char *data, char out[PATH_MAX])
{
	char file[PATH_MAX];
	FILE *f = join(file, data, CONTROL_FILE) ? fopen(file, "re") : NULL;
	bool fine = f && fgets(out, PATH_MAX, f) && *out == '/';
	if (f)
		fclose(f);
	if (fine)
		out[strcspn(out, "\n")] = 0;
	else
		snprintf(out, PATH_MAX, "%s", data);
}

static bool is_own(const char *folder)
{
	const char *slash = strrchr(folder, '/');
	return slash && strncmp(slash + 1, OWN_PREFIX, sizeof OWN_PREFIX - 1) == 0;
}

static bool make_folder(char out[PATH_MAX])
{
	const char *runtime = getenv("RUNTIME_DIRECTORY"), *temporary = getenv("TMPDIR");
	struct stat s;
	if (runtime && *runtime == '/') {
		snprintf(out, PATH_MAX, "%.*s", (int)strcspn(runtime, ":"), runtime);
		if (stat(out, &s) == 0 && S_ISDIR(s.st_mode) && access(out, W_OK) == 0)
			return true;
	}
	return join(out, temporary && *temporary == '/' ? temporary : "/tmp", OWN_PREFIX "XXXXXX") && mkdtemp(out);
}

static bool write_file(const char *data, const char *folder)
{
	char file[PATH_MAX], made[PATH_MAX];
	if (!join(file, data, CONTROL_FILE) || !join(made, data, CONTROL_FILE ".new"))
		return false;
	unlink(made);
	int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool fine = fd >= 0 && dprintf(fd, "%s\n", folder) > 0;
	if (fd >= 0 && close(fd) != 0)
		fine = false;
	return fine && rename(made, file) == 0;
}

void control_path_remove(const char *data)
{
	char folder[PATH_MAX], file[PATH_MAX];
	folder_of(data, folder);
	(void)from_within(folder, remove_it);
	if (is_own(folder))
		rmdir(folder);
	if (join(file, data, CONTROL_FILE))
		unlink(file);
}

int control_path_listen(const char *data)
{
	char folder[PATH_MAX];
	control_path_remove(data);
	int fd = make_folder(folder) ? from_within(folder, bind_it) : -1;
	if (fd >= 0 && write_file(data, folder))
		return fd;
	if (fd >= 0) {
		close(fd);
		(void)from_within(folder, remove_it);
	}
	if (is_own(folder))
		rmdir(folder);
	return from_within(data, bind_it);
}

int control_path_connect(const char *data)
{
	char folder[PATH_MAX];
	struct stat s;
	if (stat(data, &s) != 0)
		return -1;
	folder_of(data, folder);
	return from_within(folder, connect_it);
}
