/* NATS servers of a test's own on loopback, alone or as a cluster, on ports that they choose, and the loop that waits
 * for them. */
#pragma once

#include "relay/bus/bus.h"
#include "tests/unit/unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BROKERS 3
#define LONG_MS 90000 /* a server that is lost is noticed after 6 s, and a new leader found some 8 s later */

struct broker {
	pid_t pid;
	int port, cluster_port;
};

static char folder[64];
static struct broker brokers[BROKERS];
static uv_loop_t loop;

static inline void on_wait_tick(uv_timer_t *t)
{
	(void)t;
}

#define WAIT(condition)                                                                                                \
	do {                                                                                                           \
		uint64_t until = uv_hrtime() + LONG_MS * UINT64_C(1000000);                                            \
		uv_timer_t tick;                                                                                       \
		uv_timer_init(&loop, &tick);                                                                           \
		uv_timer_start(&tick, on_wait_tick, 20, 20);                                                           \
		while (!(condition)) {                                                                                 \
			assert_true(uv_hrtime() < until);                                                              \
			uv_run(&loop, UV_RUN_ONCE);                                                                    \
		}                                                                                                      \
		uv_close((uv_handle_t *)&tick, NULL);                                                                  \
		uv_run(&loop, UV_RUN_NOWAIT);                                                                          \
	} while (0)

/* Reads the port that it chose from the file that it writes ("nats-server_PID.ports"). */
static inline bool read_port(struct broker *b)
{
	char path[128], text[1024];
	snprintf(path, sizeof path, "%s/nats-server_%d.ports", folder, (int)b->pid);
	FILE *f = fopen(path, "r");
	size_t len = f ? fread(text, 1, sizeof text - 1, f) : 0;
	if (f)
		fclose(f);
	text[len] = 0;
	if (!strchr(text, '}'))
		return false;
	const char *at = strstr(text, "127.0.0.1:");
	b->port = at ? atoi(at + 10) : -1;
	unlink(path);
	return true;
}

/* On the port that it had before, if it had one. `config`: further settings, "" for none. */
static inline void start_broker(struct broker *b, const char *config)
{
	char path[128], port[16];
	int index = (int)(b - brokers);
	snprintf(path, sizeof path, "%s/conf-%d", folder, index);
	snprintf(port, sizeof port, "%d", b->port ? b->port : -1);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "server_name: n%d\njetstream { store_dir: \"%s/js-%d\" }\nping_interval: \"2s\"\nping_max: 2\n%s\n",
		index, folder, index, config);
	fclose(f);
	b->pid = fork();
	if (b->pid == 0) {
		int quiet = open("/dev/null", O_WRONLY);
		dup2(quiet, 1);
		dup2(quiet, 2);
		execlp("nats-server", "nats-server", "-a", "127.0.0.1", "-p", port, "-c", path, "--ports_file_dir",
		       folder, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < LONG_MS / 10 && !read_port(b); i++)
		usleep(10000);
	assert_true(b->port > 0);
}

/* Free now, and below those that other programs are given. */
static inline int free_port(void)
{
	static int next;
	next = next ? next : 20000 + (int)(getpid() % 10000);
	for (;; next++) {
		struct sockaddr_in at = { .sin_family = AF_INET,
					  .sin_port = htons((uint16_t)next),
					  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		int fd = socket(AF_INET, SOCK_STREAM, 0);
		bool is_free = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
		close(fd);
		if (is_free)
			return next++;
	}
}

/* All BROKERS as one cluster. Each has to know of all the others' ports, or they do not agree on how many they are. */
static inline void start_cluster(void)
{
	char config[256];
	for (int i = 0; i < BROKERS; i++)
		brokers[i].cluster_port = free_port();
	for (int i = 0; i < BROKERS; i++) {
		int len = snprintf(config, sizeof config, "cluster { name: creel, listen: \"127.0.0.1:%d\", routes: [",
				   brokers[i].cluster_port);
		for (int other = 0; other < BROKERS; other++)
			len += snprintf(config + len, sizeof config - (size_t)len, "%s \"nats://127.0.0.1:%d\"",
					other ? "," : "", brokers[other].cluster_port);
		snprintf(config + len, sizeof config - (size_t)len, " ] }");
		start_broker(&brokers[i], config);
	}
}

/* Returns when it stands still; until then it may answer what comes after this. */
static inline void stop_broker(const struct broker *b)
{
	int how = 0;
	kill(b->pid, SIGSTOP);
	assert_int_equal(waitpid(b->pid, &how, WUNTRACED), b->pid);
	assert_true(WIFSTOPPED(how));
}

static inline void end_broker(struct broker *b)
{
	if (b->pid > 0) {
		kill(b->pid, SIGCONT);
		kill(b->pid, SIGKILL);
		waitpid(b->pid, NULL, 0);
	}
	b->pid = 0;
}

/* nats-server, and the library in what is tested. */
static inline bool is_installed(void)
{
#ifndef CREEL_NATS
	return false;
#endif
	return system("command -v nats-server >/dev/null 2>&1") == 0;
}

/* cmocka's. */
static inline int set_up(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/creel-bus-XXXXXX");
	memset(brokers, 0, sizeof brokers);
	return !mkdtemp(folder) || uv_loop_init(&loop) != 0;
}

static inline int tear_down(void **state)
{
	char command[128];
	(void)state;
	for (size_t i = 0; i < BROKERS; i++)
		end_broker(&brokers[i]);
	snprintf(command, sizeof command, "rm -rf %s", folder);
	return uv_loop_close(&loop) != 0 || system(command) != 0;
}

static inline struct bus_settings settings_for(size_t count)
{
	struct bus_settings s = { .servers.count = count };
	for (size_t i = 0; i < count; i++) {
		snprintf(s.servers.at[i].host, sizeof s.servers.at[i].host, "127.0.0.1");
		s.servers.at[i].port = (uint16_t)brokers[i].port;
	}
	return s;
}
