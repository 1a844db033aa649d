/* What `creel doctor` finds on this machine: the config files and the store. */
#include "client/options/config.h"
#include "client/options/config_files.h"
#include "client/doctor/doctor.h"
#include "shared/disk/disk.h"
#include "shared/upkeep/store_check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FREE_MIB_WARN 512
#define FREE_MIB_FAIL 16
#define READ_MS 3000

/* ---- config ---- */

static void note_bound(void *user, const char *section, const char *key, const char *value)
{
	char *out = user;
	(void)value;
	if (!*out)
		snprintf(out, 120, "%s%.40s%s%.60s", *section ? "[" : "", section, *section ? "] " : "", key);
}

/* The first key of ./creel.ini that does not count, as nobody trusted the file; "" for none. `listen` may do without
 * it: it may stand in another command's section. */
static void find_bound(const struct doctor *d, char key[120])
{
	const struct config_wish wish = { .named = d->common.config };
	struct config_files files;
	*key = 0;
	if (config_files_read(&files, &wish, NULL) && files.project.file.there && files.project.trust != TRUST_GIVEN &&
	    !project_file_each_bound(&files.project, note_bound, key, NULL))
		*key = 0; /* it is no INI: that was said */
	config_files_free(&files);
}

/* The names of the files that are there, and of the one that holds a token and can be read by others. */
static bool name_files(const struct doctor *d, char names[600], char open_to_all[300])
{
	char *user = config_default_path();
	const char *const files[] = { user, "./creel.ini", d->common.config };
	size_t at = 0;
	for (size_t i = 0; i < 3; i++) {
		struct stat st;
		if (!files[i] || stat(files[i], &st) != 0)
			continue;
		int n = at < 600 ? snprintf(names + at, 600 - at, "%s%s", at ? ", " : "", files[i]) : 0;
		at += (size_t)n;
		/* ./creel.ini is a project's: no token is read from it. */
		if (i != 1 && (st.st_mode & 077))
			snprintf(open_to_all, 300, "%s", files[i]);
	}
	free(user);
	return at > 0;
}

void doctor_look_at_config(struct doctor *d, const struct error *broken)
{
	char names[600] = "", open_to_all[300] = "", bound[120];
	bool any = name_files(d, names, open_to_all);
	find_bound(d, bound);
	if (broken)
		doctor_say(d, CHECK_CONFIG, FINDING_FAIL, EXIT_USAGE, "correct the file, or name another with --config",
			   "%s", broken->text);
	else if (*open_to_all && d->token)
		doctor_say(d, CHECK_CONFIG, FINDING_WARN, EXIT_DONE, "chmod 600 the file",
			   "%s may hold a token, and others on this machine can read it", open_to_all);
	else if (*bound)
		doctor_say(d, CHECK_CONFIG, FINDING_WARN, EXIT_DONE,
			   "read the file, then `creel trust`, or take the line out",
			   "./creel.ini is not trusted: of what it sets, %s does not count", bound);
	else if (any)
		doctor_say(d, CHECK_CONFIG, FINDING_OK, EXIT_DONE, NULL, "read and valid: %s", names);
	else
		doctor_say(d, CHECK_CONFIG, FINDING_OK, EXIT_DONE, NULL,
			   "there is no config file, and none is needed (`creel login URL` makes one)");
}

/* ---- store ---- */

/* The folder the store is in or will be made in: the nearest that is there. Caller frees. */
static char *nearest_folder(const char *path)
{
	char *folder = strdup(path);
	for (char *slash = folder ? strrchr(folder, '/') : NULL; slash; slash = strrchr(folder, '/')) {
		*slash = 0;
		if (!*folder || access(folder, F_OK) == 0)
			break;
	}
	if (folder && (!strchr(path, '/') || !*folder))
		snprintf(folder, 2, "%s", *path == '/' ? "/" : ".");
	return folder;
}

/* -1 when it cannot be known. */
static int64_t free_mib(const char *folder)
{
	int64_t bytes = disk_free(folder);
	return bytes < 0 ? -1 : bytes >> 20;
}

static bool look_at_space(struct doctor *d, const char *folder, int64_t mib)
{
	static const char todo[] = "make room, `creel prune --keep 7d`, or name a store elsewhere with --db";
	struct stat st;
	bool is_folder = stat(folder, &st) == 0 && S_ISDIR(st.st_mode);
	if (!is_folder || access(folder, W_OK | X_OK) != 0)
		doctor_say(d, CHECK_STORE, FINDING_FAIL, EXIT_STORE, "make it yours, or name another file with --db",
			   "the folder %s cannot be written: %s", folder, is_folder ? strerror(errno) : "it is a file");
	else if (mib >= 0 && mib < FREE_MIB_FAIL)
		doctor_say(d, CHECK_STORE, FINDING_FAIL, EXIT_STORE, todo,
			   "the disk of %s is full: %lld MiB are free, and webhooks will be refused", folder,
			   (long long)mib);
	else if (mib >= 0 && mib < FREE_MIB_WARN)
		doctor_say(d, CHECK_STORE, FINDING_WARN, EXIT_DONE, todo,
			   "the disk of %s is nearly full: %lld MiB are free", folder, (long long)mib);
	else
		return true;
	return false;
}

/* ", 1234 MiB are free", or nothing. */
static const char *name_space(char out[40], int64_t mib)
{
	*out = 0;
	if (mib >= 0)
		snprintf(out, 40, ", %lld MiB are free", (long long)mib);
	return out;
}

static void look_at_file(struct doctor *d, const char *path, const char *folder, int64_t mib)
{
	struct store_check c;
	struct error e;
	char room[40], late[DOCTOR_SENDERS_LEN];
	if (!store_check(path, READ_MS, &c, &e))
		doctor_say(d, CHECK_STORE, FINDING_FAIL, e.code, NULL, "%s", e.text);
	else if (*c.fault)
		doctor_say(d, CHECK_STORE, FINDING_FAIL, EXIT_STORE,
			   "stop creel, keep a copy, then `sqlite3 FILE .recover | sqlite3 NEW`, or move it away",
			   "%s is damaged: %s", path, c.fault);
	else if (c.busy)
		doctor_say(d, CHECK_STORE, FINDING_WARN, EXIT_DONE, "look which program holds it (fuser FILE)",
			   "%s is locked for writing by another program", path);
	else if (!look_at_space(d, folder, mib))
		return;
	else if (doctor_senders_late(path, late))
		doctor_say(d, CHECK_STORE, FINDING_WARN, EXIT_DONE,
			   "answer first and work afterwards, or --ack immediate", "%s can be read and written, but %s",
			   path, late);
	else
		doctor_say(d, CHECK_STORE, FINDING_OK, EXIT_DONE, NULL, "%s can be read and written, %s%s", path,
			   c.whole ? "no page is damaged" : "no damage was found in the time there is for looking",
			   name_space(room, mib));
}

void doctor_look_at_store(struct doctor *d)
{
	struct error e;
	char *made = d->common.db ? NULL : store_default_path(&e);
	const char *path = d->common.db ? d->common.db : made;
	char *folder = path ? nearest_folder(path) : NULL;
	if (!folder) {
		doctor_say(d, CHECK_STORE, FINDING_FAIL, EXIT_STORE, NULL, "%s", path ? "out of memory" : e.text);
	} else {
		int64_t mib = free_mib(folder);
		char room[40];
		if (access(path, F_OK) == 0)
			look_at_file(d, path, folder, mib);
		else if (look_at_space(d, folder, mib))
			doctor_say(d, CHECK_STORE, FINDING_OK, EXIT_DONE, NULL,
				   "nothing is on record yet; %s will be made%s", path, name_space(room, mib));
	}
	free(folder);
	free(made);
}
