/* pty-run COLUMNS ROWS PROGRAM [ARGUMENT…]: runs a program in a terminal of its own: what comes on standard input are
 * its keys, every byte it writes comes on standard output. Ends with its status, 128 and the signal's number for one,
 * or hangs it up when the input ends. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __APPLE__
#include <util.h>
#else
#include <pty.h>
#endif

static int write_all(int fd, const char *at, ssize_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, at, (size_t)len);
		if (n < 0 && errno != EINTR)
			return -1;
		at += n > 0 ? n : 0;
		len -= n > 0 ? n : 0;
	}
	return 0;
}

/* False when the source is at its end (a terminal whose program went gives EIO). */
static int carry(int from, int to)
{
	char text[65536];
	ssize_t n = read(from, text, sizeof text);
	if (n < 0 && errno == EINTR)
		return 1;
	return n > 0 && write_all(to, text, n) == 0;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	struct winsize size = { .ws_col = (unsigned short)atoi(argv[1]), .ws_row = (unsigned short)atoi(argv[2]) };
	int terminal, status;
	signal(SIGPIPE, SIG_IGN);
	pid_t pid = forkpty(&terminal, NULL, NULL, &size);
	if (pid < 0) {
		perror("pty-run: forkpty");
		return 2;
	}
	if (pid == 0) {
		execvp(argv[3], argv + 3);
		perror("pty-run: exec");
		_exit(127);
	}
	struct pollfd at[2] = { { .fd = terminal, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };
	for (;;) {
		if (poll(at, 2, -1) < 0 && errno != EINTR)
			break;
		if (at[1].revents && !carry(STDIN_FILENO, terminal))
			break;
		if (at[0].revents && !carry(terminal, STDOUT_FILENO))
			break;
	}
	close(terminal); /* hangs up, if it still runs */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
