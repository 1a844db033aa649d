#include "relay/commands/data_owner.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool data_owner_become(const char *folder, struct error *e)
{
	struct stat s;
	if (geteuid() != 0 || stat(folder, &s) != 0 || s.st_uid == 0)
		return true;
	if (setgroups(0, NULL) == 0 && setgid(s.st_gid) == 0 && setuid(s.st_uid) == 0)
		return true;
	return error_set(
	    e, EXIT_STORE,
	    "%s belongs to user %u, and creel-relay cannot work on it as that user: %s; run it as that user", folder,
	    (unsigned)s.st_uid, strerror(errno));
}
