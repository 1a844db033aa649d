#include "shared/base/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <libproc.h>
#endif

#include "shared/base/clock.h"

/* A clock that was set meanwhile is off by more, and so the program's name counts as well. */
#define CLOCK_SLACK_US 2000000

struct process {
	char program[40];
	uint64_t began_us; /* since 1970, as the clock is now */
};

bool process_is_alive(int64_t pid)
{
	return pid > 0 && pid == (pid_t)pid && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

#ifdef __APPLE__
static bool look_at(pid_t pid, struct process *out)
{
	struct proc_bsdinfo info;
	if (proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, sizeof info) != (int)sizeof info)
		return false;
	snprintf(out->program, sizeof out->program, "%s", info.pbi_comm);
	out->began_us = info.pbi_start_tvsec * 1000000 + info.pbi_start_tvusec;
	return true;
}
#elif defined __linux__
static uint64_t since_boot_us(void)
{
	struct timespec t;
	return clock_gettime(CLOCK_BOOTTIME, &t) == 0 ? (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 : 0;
}

/* proc(5): the name in brackets, which may hold any bytes, and 20 fields after it when it began, in ticks since the
 * machine's start. */
static bool look_at(pid_t pid, struct process *out)
{
	char path[40], text[1024];
	unsigned long long ticks;
	snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	size_t len = fread(text, 1, sizeof text - 1, f);
	fclose(f);
	text[len] = 0;
	const char *name = strchr(text, '('), *after = strrchr(text, ')');
	if (!name || !after || after < name ||
	    sscanf(after + 1, // NOLINT(cert-err34-c): the kernel's own number
		   " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &ticks) != 1)
		return false;
	snprintf(out->program, sizeof out->program, "%.*s", (int)(after - name - 1), name + 1);
	uint64_t ago_us = since_boot_us() - ticks * 1000000 / (uint64_t)sysconf(_SC_CLK_TCK);
	out->began_us = clock_now_us() - ago_us;
	return true;
}
#else
static bool look_at(pid_t pid, struct process *out)
{
	(void)pid;
	(void)out;
	return false;
}
#endif

bool process_is_alive_since(int64_t pid, uint64_t moment_us)
{
	struct process it, own;
	if (!process_is_alive(pid))
		return false;
	if (!look_at((pid_t)pid, &it) || !look_at(getpid(), &own))
		return true;
	return it.began_us <= moment_us + CLOCK_SLACK_US || strcmp(it.program, own.program) == 0 ||
	       strncmp(it.program, "creel", 5) == 0;
}

bool process_files_are_out(void)
{
	int ends[2];
	if (pipe(ends) != 0)
		return errno == EMFILE || errno == ENFILE;
	close(ends[0]);
	close(ends[1]);
	return false;
}
