#include "shared/base/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/types.h>
#include <unistd.h>

bool process_is_alive(int64_t pid)
{
	return pid > 0 && pid == (pid_t)pid && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
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
