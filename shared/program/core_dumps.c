#include "shared/program/core_dumps.h"

#include <stddef.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define STAYS_DUMPABLE
#endif
#endif
#ifdef __SANITIZE_ADDRESS__
#define STAYS_DUMPABLE
#endif

static void set_soft(rlim_t soft)
{
	struct rlimit now;
	if (getrlimit(RLIMIT_CORE, &now) != 0)
		return;
	now.rlim_cur = soft;
	(void)setrlimit(RLIMIT_CORE, &now);
}

void core_dumps_forbid(struct core_dumps *before)
{
	struct rlimit now;
	if (before) {
		before->known = getrlimit(RLIMIT_CORE, &now) == 0;
		before->soft = before->known ? now.rlim_cur : 0;
	}
	set_soft(0);
#if defined(__linux__) && !defined(STAYS_DUMPABLE)
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

void core_dumps_give_back(const struct core_dumps *before)
{
	if (before && before->known)
		set_soft(before->soft);
}

void core_dumps_before_spawn(const struct core_dumps *before)
{
	core_dumps_give_back(before);
}

void core_dumps_after_spawn(const struct core_dumps *before)
{
	if (before && before->known)
		set_soft(0);
}
