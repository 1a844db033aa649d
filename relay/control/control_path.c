#include "relay/control/control_path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define WAITING 16 /* calls that were not accepted yet */

/* An address of a unix socket has about a hundred bytes, which the path of a folder may exceed: the name alone is used,
 * from within the folder. */
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

static int bind_it(int fd, const struct sockaddr_un *at, socklen_t len)
{
	struct stat s;
	if (lstat(at->sun_path, &s) == 0 && S_ISSOCK(s.st_mode))
		unlink(at->sun_path);
	if (bind(fd, (const struct sockaddr *)at, len) != 0)
		return -1;
	return chmod(at->sun_path, 0600) == 0 ? listen(fd, WAITING) : -1;
}

static int connect_it(int fd, const struct sockaddr_un *at, socklen_t len)
{
	return connect(fd, (const struct sockaddr *)at, len);
}

int control_path_listen(const char *folder)
{
	return from_within(folder, bind_it);
}

int control_path_connect(const char *folder)
{
	return from_within(folder, connect_it);
}

static int remove_it(int fd, const struct sockaddr_un *at, socklen_t len)
{
	(void)fd;
	(void)len;
	unlink(at->sun_path);
	return -1;
}

void control_path_remove(const char *folder)
{
	(void)from_within(folder, remove_it);
}
