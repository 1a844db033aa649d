/* Relay and client in one command on this machine: the relay is a child that ends with it. */
#include "client/listening/cmd_listen.h"
#include "shared/disk/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#define START_SECONDS 20
#define MAX_AT_ONCE 64

struct dev {
	char relay_program[PATH_MAX + 16];
	char data[PATH_MAX], port_file[PATH_MAX + 40], log[PATH_MAX + 40];
	bool to_log; /* the terminal is the inspector's: the relay's words go there */
	int lock;    /* on the data folder */
	pid_t relay;
};

/* Beside this program, else wherever PATH finds it. */
static void find_relay(struct dev *d)
{
	char self[PATH_MAX];
	size_t size = sizeof self;
	char *slash = uv_exepath(self, &size) == 0 ? strrchr(self, '/') : NULL;
	if (slash)
		*slash = 0;
	int n = slash ? snprintf(d->relay_program, sizeof d->relay_program, "%s/creel-relay", self) : 0;
	if (n <= 0 || n >= (int)sizeof d->relay_program || access(d->relay_program, X_OK) != 0)
		snprintf(d->relay_program, sizeof d->relay_program, "creel-relay");
}

/* Each of several at once has a folder of its own: the first that is free, so that what waits there goes on. */
static bool make_data_folder(struct dev *d, struct error *e)
{
	char base[PATH_MAX - 8], lock[PATH_MAX + 8];
	char *named = folder_of_user(FOLDER_STATE, "dev-relay");
	int n = named ? snprintf(base, sizeof base, "%s", named) : 0;
	free(named);
	if (n <= 0 || n >= (int)sizeof base)
		return error_set(e, EXIT_STORE, "there is no place for the relay's data: HOME is not set");
	for (int i = 1; i <= MAX_AT_ONCE; i++) {
		n = snprintf(d->data, sizeof d->data, "%s", base);
		if (i > 1)
			snprintf(d->data + n, sizeof d->data - (size_t)n, "-%d", i);
		if (!folder_make(d->data, e))
			return false;
		snprintf(lock, sizeof lock, "%s/lock", d->data);
		d->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (d->lock < 0)
			return error_set(e, EXIT_STORE, "%.300s cannot be opened: %s", lock, strerror(errno));
		if (flock(d->lock, LOCK_EX | LOCK_NB) == 0)
			break;
		close(d->lock);
		if (i == MAX_AT_ONCE)
			return error_set(e, EXIT_STORE, "%d of creel dev run already", MAX_AT_ONCE);
	}
	snprintf(d->port_file, sizeof d->port_file, "%s/port.%ld", d->data, (long)getpid());
	snprintf(d->log, sizeof d->log, "%s/relay.log", d->data);
	unlink(d->port_file);
	return true;
}

static void open_log(const struct dev *d)
{
	int fd = open(d->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
}

/* What the relay said before it ended, where it would have stood. */
static void show_log(const struct dev *d)
{
	char piece[4096];
	FILE *f = d->to_log ? fopen(d->log, "r") : NULL;
	size_t n = f ? fread(piece, 1, sizeof piece, f) : 0;
	fwrite(piece, 1, n, stderr);
	if (f)
		fclose(f);
}

#ifndef __linux__ /* unistd.h declares it there */
extern char **environ;
#endif

/* What is meant for a real relay (its domain, certificate, admin port …) must not reach this one. */
static void forget_relay_environment(void)
{
	static const char prefix[] = "CREEL_RELAY_";
	for (size_t i = 0; environ[i];) {
		char name[128];
		size_t len = strcspn(environ[i], "=");
		if (strncmp(environ[i], prefix, sizeof prefix - 1) != 0 || len >= sizeof name) {
			i++;
			continue;
		}
		memcpy(name, environ[i], len);
		name[len] = 0;
		if (unsetenv(name) != 0) /* moves what follows to this place */
			i++;
	}
}

static void run_relay(struct dev *d, const char *address, pid_t parent)
{
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1); /* creel ended before the line above */
#else
	(void)parent;
#endif
	/* Ctrl-C reaches the whole terminal group; the relay ends when creel tells it to, after the last answer. */
	setpgid(0, 0);
	fcntl(d->lock, F_SETFD, 0); /* held until the relay's end: it may outlive a creel that was killed */
	forget_relay_environment();
	if (d->to_log)
		open_log(d);
	dup2(STDERR_FILENO, STDOUT_FILENO); /* creel's own output is data */
	execlp(d->relay_program, "creel-relay", "serve", "--listen", address, "--data", d->data, "--port-file",
	       d->port_file, "--log-level", "error", (char *)NULL);
	fprintf(stderr, "creel: %s cannot be started: %s; install it beside creel\n", d->relay_program,
		strerror(errno));
	_exit(127);
}

/* Waits for the port file, or the child's end. */
static bool wait_for_port(struct dev *d, char address[128], struct error *e)
{
	time_t deadline = time(NULL) + START_SECONDS;
	for (;;) {
		int status;
		FILE *f = fopen(d->port_file, "r");
		if (f) {
			bool fine = fgets(address, 128, f) != NULL;
			fclose(f);
			unlink(d->port_file);
			address[strcspn(address, "\n")] = 0;
			return fine || error_set(e, EXIT_RELAY, "the relay wrote no address");
		}
		if (waitpid(d->relay, &status, WNOHANG) == d->relay) {
			d->relay = 0;
			show_log(d);
			return error_set(
			    e, EXIT_RELAY,
			    "the relay did not start (its reason stands above); another port: creel dev --port 0");
		}
		if (time(NULL) > deadline)
			return error_set(e, EXIT_RELAY, "the relay did not start within %d seconds", START_SECONDS);
		poll(NULL, 0, 10);
	}
}

static void stop_relay(struct dev *d)
{
	if (d->relay <= 0)
		return;
	kill(d->relay, SIGTERM);
	while (waitpid(d->relay, NULL, 0) < 0 && errno == EINTR)
		;
}

static void print_try(void *user, const char *url)
{
	const char *output = user;
	if (strcmp(output, "json") == 0 || strcmp(output, "quiet") == 0)
		return;
	printf("\nTry it:  curl -d '{\"hello\":\"world\"}' -H 'Content-Type: application/json' %s/hooks/test\n"
	       "See it:  creel list    Replay it:  creel replay --last    End: Ctrl-C\n\n",
	       url);
	fflush(stdout);
}

struct dev_options {
	struct listen_options listen;
	int64_t port;
};

#define AT struct dev_options

/* Without --ca, --pin and --allow-plain-token: the relay is its own, on loopback. */
static const struct option_row rows[] = {
	{ "port", 'p', OPTION_COUNT_AT(AT, port), OPTION_BY_PROJECT, "PORT", "the relay's, on 127.0.0.1",
	  .preset = "8080", .most = 65535, .zero = "a free one" },
	{ "name", 'n', OPTION_TEXT_AT(AT, listen.tunnel.name), OPTION_BY_PROJECT, "NAME", "the tunnel's name",
	  .preset = "dev" },
};
static const struct option_group groups[] = {
	OPTION_GROUP(rows, 0),
	OPTION_GROUP(listen_rows, offsetof(struct dev_options, listen)),
};

/* A wrong target is found before anything is started. */
static bool check_target(const struct listen_options *o, struct error *e)
{
	char *target = o->target ? forward_parse_target(o->target, o->forward.allow_remote_target, e) : NULL;
	bool fine = target || !o->target;
	free(target);
	return fine;
}

static bool start_relay(struct dev *d, int64_t port, struct error *e)
{
	char address[32];
	snprintf(address, sizeof address, "127.0.0.1:%d", (int)port);
	pid_t parent = getpid();
	d->relay = fork();
	if (d->relay == 0)
		run_relay(d, address, parent);
	return d->relay > 0 || error_set(e, EXIT_RELAY, "the relay cannot be started: %s", strerror(errno));
}

/* With a relay of its own. The exit status. */
static int listen_here(struct dev *d, const struct dev_options *options, struct error *e)
{
	struct listen_options o = options->listen;
	char actual[128] = "", relay_url[160];
	find_relay(d);
	if (!make_data_folder(d, e))
		return EXIT_STORE;
	d->to_log = listen_wants_ui(&o);
	if (!start_relay(d, options->port, e) || !wait_for_port(d, actual, e))
		return EXIT_RELAY;
	snprintf(relay_url, sizeof relay_url, "http://%s", actual);
	o.tunnel.relay = relay_url;
	o.on_ready = print_try;
	o.on_ready_user = (void *)(uintptr_t)o.output;
	return listen_run(&o, e);
}

static int run(struct command_call *call, struct error *e)
{
	struct dev_options *options = call->settings;
	struct listen_options *o = &options->listen;
	struct dev d = { .relay = 0 };
	int status = EXIT_USAGE;
	if (listen_take_target(call, o, "3000", e) && listen_take_options(call, o, e) && check_target(o, e))
		status = listen_here(&d, options, e);
	stop_relay(&d);
	secrets_free(&o->secrets);
	return status;
}

const struct command command_dev = {
	.name = "dev",
	.usage = "creel dev [PORT|URL] [--port 8080] [OPTIONS]",
	.summary = "relay and client together on this machine, nothing to configure",
	.text = "Starts a relay on 127.0.0.1 and a tunnel named dev to the app (port 3000 when none is given): "
		"webhooks sent to\n"
		"http://127.0.0.1:8080/dev/… reach it, are recorded and can be replayed. Ctrl-C ends both.\n\n"
		"Example: creel dev 3000",
	.options = { groups, sizeof groups / sizeof *groups },
	.settings_size = sizeof(struct dev_options),
	.uses = COMMAND_USES_DB,
	.run = run,
};
