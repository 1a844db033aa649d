#include "relay/common/memory.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef __APPLE__
#include <malloc/malloc.h>
#endif
#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void); /* GCC brings no header with it */
#endif

#define MEASURE_EVERY_MS 10 /* while there is no room */
#define VERY_MANY 1000      /* connections: some ten megabytes under TLS */

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__)
/* mimalloc's, where it was linked in glibc's place (Makefile): glibc then counts nothing. */
void mi_collect(bool force) __attribute__((weak));

static bool is_mimalloc(void)
{
	return mi_collect != NULL;
}

/* What of the process's memory is in RAM and no file's: what the system counts. 0: it does not tell. */
static uint64_t resident(void)
{
	unsigned long long all, of_files;
	FILE *f = fopen("/proc/self/statm", "re");
	if (!f || fscanf(f, "%*u %llu %llu", &all, &of_files) != 2)
		all = of_files = 0;
	if (f)
		fclose(f);
	return (all - of_files) * (uint64_t)sysconf(_SC_PAGESIZE);
}
#else
static void mi_collect(bool force)
{
	(void)force;
}

static bool is_mimalloc(void)
{
	return false;
}

static uint64_t resident(void)
{
	return 0;
}
#endif

#if defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 33) /* musl knows no such macro */
#define HAS_MALLINFO2
#endif
#endif

uint64_t memory_held(void)
{
	if (is_mimalloc())
		return resident();
#if defined(__SANITIZE_ADDRESS__)
	return __sanitizer_get_current_allocated_bytes();
#elif defined(HAS_MALLINFO2)
	struct mallinfo2 all = mallinfo2();
	return all.uordblks + all.hblkhd;
#elif defined(__APPLE__)
	malloc_statistics_t all;
	malloc_zone_statistics(NULL, &all);
	return all.size_in_use;
#else
	return 0;
#endif
}

/* ---- the limit ---- */

static uint64_t read_limit(const char *file)
{
	char text[32];
	uint64_t bytes = 0;
	FILE *f = fopen(file, "re");
	if (f && fgets(text, sizeof text, f) && sscanf(text, "%" SCNu64, &bytes) != 1)
		bytes = 0; /* "max" */
	if (f)
		fclose(f);
	return bytes;
}

uint64_t memory_of_cgroup(const char *root, const char *path)
{
	char folder[PATH_MAX], file[PATH_MAX + 16];
	uint64_t least = 0;
	size_t root_len = strlen(root);
	if ((size_t)snprintf(folder, sizeof folder, "%s%s", root, path) >= sizeof folder)
		return 0;
	for (size_t len = strlen(folder); len >= root_len; len--) {
		if (folder[len] != '/' && folder[len] != 0)
			continue;
		folder[len] = 0;
		snprintf(file, sizeof file, "%s/memory.max", folder);
		uint64_t here = read_limit(file);
		if (here > 0 && (least == 0 || here < least))
			least = here;
		if (len == 0)
			break;
	}
	return least;
}

#ifdef __linux__
static uint64_t find_limit(void)
{
	char line[PATH_MAX];
	uint64_t limit = 0;
	FILE *f = fopen("/proc/self/cgroup", "re");
	/* Version 2 has one line "0::PATH". */
	while (f && limit == 0 && fgets(line, sizeof line, f)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "0::", 3) == 0)
			limit = memory_of_cgroup("/sys/fs/cgroup", line + 3);
	}
	if (f)
		fclose(f);
	return limit;
}
#else
static uint64_t find_limit(void)
{
	return 0;
}
#endif

void memory_begin(struct memory *m, uint64_t limit)
{
	*m = (struct memory){ .limit = limit ? limit : find_limit() };
	m->measured = memory_held();
}

/* ---- the bound ---- */

bool memory_takes(struct memory *m, enum memory_use use, uint64_t more, uint64_t now_ms)
{
	uint64_t bound = use == MEMORY_REQUEST ? m->limit / 4 * 3 : m->limit / 8 * 7;
	if (m->limit == 0)
		return true;
	if (m->measured + m->taken + more > bound &&
	    (m->measured + more <= bound || now_ms - m->measured_at >= MEASURE_EVERY_MS)) {
		m->measured = memory_held();
		m->measured_at = now_ms;
		m->taken = 0;
	}
	if (m->measured + m->taken + more > bound) {
		m->short_of_it = true;
		return false;
	}
	m->taken += more;
	return true;
}

bool memory_tidy(struct memory *m, size_t connections)
{
	if (connections > m->most)
		m->most = connections;
	if (!m->short_of_it && (m->most < VERY_MANY || connections > m->most / 2))
		return false;
	m->short_of_it = false;
	m->most = connections;
	if (is_mimalloc())
		mi_collect(true);
#ifdef __GLIBC__
	else
		malloc_trim(0);
#endif
	return true;
}
