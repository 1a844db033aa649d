#include "client/print/pager.h"

#include "shared/base/bytes.h"
#include "shared/text/text.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_STARTED 127 /* of the shell: there is no such program */

bool pager_begin(struct pager *p, bool wanted, struct error *e)
{
	*p = (struct pager){ .out = stdout };
	if (!wanted || !isatty(STDOUT_FILENO))
		return true;
	p->held = true;
	p->out = open_memstream(&p->text, &p->len);
	return p->out || error_set(e, EXIT_STORE, "out of memory");
}

/* Whether it takes more lines than the terminal has, counting those that it breaks. */
static bool is_long(const struct pager *p)
{
	struct winsize size;
	size_t rows = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row < 2 || size.ws_col == 0)
		return false;
	for (const char *at = p->text, *end = at + p->len; at < end && rows < size.ws_row;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((newline ? newline : end) - at);
		rows += 1 + text_width(bytes_make(at, len)) / ((size_t)size.ws_col + 1);
		at += len + 1;
	}
	return rows >= size.ws_row; /* the prompt wants one */
}

static bool write_all(int fd, const char *at, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, at, len);
		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static void run_pager(const char *command, int in, const struct core_dumps *cores)
{
	dup2(in, STDIN_FILENO);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGINT, SIG_DFL);
	core_dumps_give_back(cores);
	/* As git has it: ends by itself where all fits, passes colours, leaves the screen as it is. */
	setenv("LESS", "FRX", 0);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(NOT_STARTED);
}

/* False when there is no such pager, and nothing was shown. */
static bool show_in(const char *command, const struct pager *p, const struct core_dumps *cores)
{
	int ends[2], status = 0;
	struct sigaction ignore = { .sa_handler = SIG_IGN }, on_int, on_pipe;
	if (pipe(ends) != 0)
		return false;
	sigemptyset(&ignore.sa_mask);
	sigaction(SIGINT, &ignore, &on_int); /* Ctrl-C is the pager's */
	sigaction(SIGPIPE, &ignore, &on_pipe);
	pid_t child = fork();
	if (child == 0) {
		close(ends[1]);
		run_pager(command, ends[0], cores);
	}
	close(ends[0]);
	if (child > 0)
		(void)write_all(ends[1], p->text, p->len);
	close(ends[1]);
	while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &on_int, NULL);
	sigaction(SIGPIPE, &on_pipe, NULL);
	return child > 0 && !(WIFEXITED(status) && WEXITSTATUS(status) == NOT_STARTED);
}

bool pager_end(struct pager *p, const struct core_dumps *cores, struct error *e)
{
	const char *command = getenv("PAGER"), *term = getenv("TERM");
	bool fine = !p->held || (p->out && fclose(p->out) == 0) || error_set(e, EXIT_STORE, "out of memory");
	if (!command)
		command = "less";
	bool paged = fine && p->held && *command && strcmp(command, "cat") != 0 && term && strcmp(term, "dumb") != 0 &&
		     is_long(p) && show_in(command, p, cores);
	if (fine && p->held && !paged && p->len > 0 && fwrite(p->text, 1, p->len, stdout) != p->len)
		fine = false;
	if (p->held)
		free(p->text);
	if (fine && fflush(stdout) == 0)
		return true;
	return *e->text ? false : error_set(e, EXIT_STORE, "the output cannot be written: %s", strerror(errno));
}
