#include "shared/base/process.h"

#include <errno.h>
#include <signal.h>
#include <sys/types.h>

bool process_is_alive(int64_t pid)
{
	return pid > 0 && pid == (pid_t)pid && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}
