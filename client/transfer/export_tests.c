#include "client/transfer/export_tests.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool export_tests_is(enum export_as as, enum test_framework *f)
{
	switch (as) {
	case EXPORT_AS_PYTEST:
		*f = TEST_PYTEST;
		return true;
	case EXPORT_AS_JEST:
		*f = TEST_JEST;
		return true;
	case EXPORT_AS_JUNIT:
		*f = TEST_JUNIT;
		return true;
	case EXPORT_AS_GO:
		*f = TEST_GO;
		return true;
	default:
		return false;
	}
}

/* The name after "package" in a file of Go. */
static bool read_package(const char *path, char package[100])
{
	char line[300];
	bool found = false;
	FILE *f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof line, f))
		found = sscanf(line, "package %99[A-Za-z0-9_]", package) == 1;
	if (f)
		fclose(f);
	return found;
}

static bool is_go(const char *name)
{
	size_t len = strlen(name);
	return len > 3 && strcmp(name + len - 3, ".go") == 0;
}

/* All files of a folder are of one package: that of the ones that are there. */
static void find_package(const char *path, char package[100])
{
	const char *slash = strrchr(path, '/');
	char *folder = NULL, *file = NULL;
	bool found = false;
	if (asprintf(&folder, "%.*s", slash ? (int)(slash - path) + 1 : 2, slash ? path : "./") < 0)
		return;
	DIR *d = opendir(folder);
	for (struct dirent *at; d && !found && (at = readdir(d));) {
		if (!is_go(at->d_name) || asprintf(&file, "%s%s", folder, at->d_name) < 0)
			continue;
		found = read_package(file, package);
		free(file);
	}
	if (d)
		closedir(d);
	free(folder);
}

bool export_tests_begin(struct export_tests *t, enum test_framework f, const char *path, struct error *e)
{
	const char *want;
	memset(t, 0, sizeof *t);
	snprintf(t->name, sizeof t->name, "%s", f == TEST_JUNIT ? "RecordedTest" : "Recorded");
	snprintf(t->package, sizeof t->package, "webhooks");
	t->code = (struct test_code){ .framework = f, .name = t->name, .package = t->package };
	if (!path)
		return true;
	if (!test_code_name(f, path, t->name, &want))
		return error_set(e, EXIT_USAGE, "no test would be found in %.200s: name it like %s", path, want);
	if (f == TEST_GO)
		find_package(path, t->package);
	return true;
}
