/* Runs a fuzz target over files and folders of inputs, once each: the corpus as a regression test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	if (!f) {
		perror(path);
		return -1;
	}
	struct stat st;
	int result = -1;
	uint8_t *data = NULL;
	if (fstat(fileno(f), &st) == 0 && (data = malloc((size_t)st.st_size + 1)) != NULL &&
	    fread(data, 1, (size_t)st.st_size, f) == (size_t)st.st_size) {
		/* An exact block, so that ASan sees a read behind the end. */
		uint8_t *exact = realloc(data, (size_t)st.st_size ? (size_t)st.st_size : 1);
		if (exact)
			data = exact;
		LLVMFuzzerTestOneInput(data, (size_t)st.st_size);
		result = 0;
	}
	free(data);
	fclose(f);
	return result;
}

static int run_folder(const char *folder, int *count)
{
	DIR *d = opendir(folder);
	if (!d) {
		perror(folder);
		return -1;
	}
	int result = 0;
	for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
		char path[4096];
		if (entry->d_name[0] == '.')
			continue;
		if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path ||
		    run_file(path) != 0)
			result = -1;
		else
			++*count;
	}
	closedir(d);
	return result;
}

int main(int argc, char **argv)
{
	int count = 0;
	for (int i = 1; i < argc; i++)
		if (run_folder(argv[i], &count) != 0)
			return 1;
	printf("%d inputs\n", count);
	return count > 0 ? 0 : 1;
}
