#include "client/common/resolve.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* getaddrinfo may take long and cannot be interrupted: it has a thread of its own, which is abandoned when it is late.
 * The last of the two to leave frees. */
struct asking {
	pthread_mutex_t lock;
	pthread_cond_t over;
	char *host;
	struct addrinfo *found;
	bool answered;
	int code, users;
};

static void leave(struct asking *a)
{
	int left = --a->users;
	pthread_mutex_unlock(&a->lock);
	if (left > 0)
		return;
	if (a->found)
		freeaddrinfo(a->found);
	pthread_mutex_destroy(&a->lock);
	pthread_cond_destroy(&a->over);
	free(a->host);
	free(a);
}

static void *ask(void *user)
{
	struct asking *a = user;
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM }, *found = NULL;
	int code = getaddrinfo(a->host, NULL, &hints, &found);
	pthread_mutex_lock(&a->lock);
	a->answered = true;
	a->code = code;
	a->found = code == 0 ? found : NULL;
	pthread_cond_signal(&a->over);
	leave(a);
	return NULL;
}

/* Locked when it returns. NULL: out of memory. */
static struct asking *start_asking(const char *host)
{
	struct asking *a = calloc(1, sizeof *a);
	pthread_attr_t attributes;
	pthread_t thread;
	if (!a || !(a->host = strdup(host))) {
		free(a);
		return NULL;
	}
	a->users = 2;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->over, NULL);
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_mutex_lock(&a->lock);
	if (pthread_create(&thread, &attributes, ask, a) != 0) {
		a->users = 1;
		a->answered = true;
		a->code = EAI_SYSTEM;
	}
	pthread_attr_destroy(&attributes);
	return a;
}

int resolve_name(const char *host, int64_t timeout_ms, struct addrinfo **found)
{
	struct asking *a = start_asking(host);
	struct timespec until;
	*found = NULL;
	if (!a)
		return EAI_MEMORY;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += timeout_ms / 1000;
	while (!a->answered && pthread_cond_timedwait(&a->over, &a->lock, &until) == 0)
		;
	int code = a->answered ? a->code : RESOLVE_LATE;
	*found = a->found;
	a->found = NULL;
	leave(a);
	return code;
}
