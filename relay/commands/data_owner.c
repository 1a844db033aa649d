#include "relay/commands/data_owner.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_others(const char *folder, struct stat *s)
{
	return geteuid() == 0 && stat(folder, s) == 0 && s->st_uid != 0;
}

static bool refused(const char *folder, const struct stat *s, struct error *e)
{
	return error_set(
	    e, EXIT_STORE,
	    "%s belongs to user %u, and creel-relay cannot work on it as that user: %s; run it as that user", folder,
	    (unsigned)s->st_uid, strerror(errno));
}

bool data_owner_become(const char *folder, struct error *e)
{
	struct stat s;
	return !is_others(folder, &s) || (setgroups(0, NULL) == 0 && setgid(s.st_gid) == 0 && setuid(s.st_uid) == 0) ||
	       refused(folder, &s, e);
}

/* The group stays root's: the folder is for its user alone, and root's other groups come back with nothing to keep. */
bool data_owner_act(const char *folder, struct error *e)
{
	struct stat s;
	return !is_others(folder, &s) || (setegid(s.st_gid) == 0 && seteuid(s.st_uid) == 0) || refused(folder, &s, e);
}

void data_owner_return(void)
{
	if (geteuid() == getuid())
		return;
	bool back = seteuid(getuid()) == 0 && setegid(getgid()) == 0;
	(void)back; /* if not, the file that is written next says so */
}
