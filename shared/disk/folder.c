#include "shared/disk/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

char *folder_of_user(enum user_folder which, const char *name)
{
	static const struct {
		const char *variable, *below_home;
	} folders[] = {
		[FOLDER_CONFIG] = { "XDG_CONFIG_HOME", ".config" },
		[FOLDER_DATA] = { "XDG_DATA_HOME", ".local/share" },
		[FOLDER_STATE] = { "XDG_STATE_HOME", ".local/state" },
	};
	const char *base = getenv(folders[which].variable), *home = getenv("HOME");
	char *path = NULL;
	const char *slash = name ? "/" : "", *end = name ? name : "";
	int len = base && *base == '/' ? asprintf(&path, "%s/creel%s%s", base, slash, end)
		  : home && *home      ? asprintf(&path, "%s/%s/creel%s%s", home, folders[which].below_home, slash, end)
				       : -1;
	return len < 0 ? NULL : path;
}

static bool make_one(const char *path, struct error *e)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ||
	       error_set(e, EXIT_STORE, "the folder %.300s cannot be made: %s", path, strerror(errno));
}

bool folder_make_above(const char *path, struct error *e)
{
	char *copy = strdup(path);
	bool fine = copy || error_set(e, EXIT_STORE, "out of memory");
	for (char *slash = copy && *copy ? strchr(copy + 1, '/') : NULL; slash && fine;
	     slash = strchr(slash + 1, '/')) {
		*slash = 0;
		fine = make_one(copy, e);
		*slash = '/';
	}
	free(copy);
	return fine;
}

bool folder_make(const char *path, struct error *e)
{
	return folder_make_above(path, e) && make_one(path, e);
}
