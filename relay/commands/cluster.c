/* creel-relay cluster: the nodes of the cluster that a running relay belongs to. */
#include "relay/commands/commands.h"
#include "shared/base/buffer.h"
#include "shared/options/options.h"

#include <errno.h>
#include <jansson.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* macOS has it as an option of the socket. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

#define ANSWER_S 5
#define ANSWER_MOST (4u << 20)
#define ADDRESS_LEN 80
#define REQUEST "GET /cluster HTTP/1.0\r\nHost: localhost\r\n\r\n"

struct cluster_options {
	const char *admin;
	bool json, help;
};

#define CLUSTER struct cluster_options
static const struct option_row rows[] = {
	{ "admin", 0, OPTION_TEXT_AT(CLUSTER, admin), OPTION_BY_CALLER, "ADDR:PORT", "the relay's --admin" },
	{ "json", 'j', OPTION_FLAG_AT(CLUSTER, json), OPTION_BY_LINE, NULL, "one JSON object, for programs" },
	{ "help", 'h', OPTION_FLAG_AT(CLUSTER, help), OPTION_BY_LINE, NULL, "this text" },
};
static const struct option_group groups[] = { OPTION_GROUP(rows, 0) };
static const struct option_table table = { groups, 1 };

/* ---- asking ---- */

static int dial(const char *address, struct error *e)
{
	char host[ADDRESS_LEN];
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
	const struct timeval patience = { .tv_sec = ANSWER_S };
	struct addrinfo *found = NULL;
	size_t len = strlen(address);
	const char *colon = strrchr(address, ':');
	if (!colon || len >= sizeof host) {
		error_set(e, EXIT_USAGE, "--admin %.80s is not an address with a port, as 127.0.0.1:9090", address);
		return -1;
	}
	bool bracket = *address == '[' && colon > address && colon[-1] == ']';
	snprintf(host, sizeof host, "%.*s", (int)(colon - address) - 2 * bracket, address + bracket);
	if (getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, colon + 1, &hints, &found) != 0) {
		error_set(e, EXIT_USAGE, "--admin %.80s is not an address with a port, as 127.0.0.1:9090", address);
		return -1;
	}
	int fd = socket(found->ai_family, SOCK_STREAM, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
#ifdef SO_NOSIGPIPE
		setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &(int){ 1 }, sizeof(int));
#endif
	}
	if (fd < 0 || connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
		error_set(e, EXIT_RELAY, "no relay answers on %.80s: %s; name what it has as --admin", address,
			  error_system(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	return fd;
}

static bool read_all(int fd, struct buffer *out)
{
	char piece[4096];
	ssize_t n = send(fd, REQUEST, sizeof REQUEST - 1, MSG_NOSIGNAL);
	while (n > 0 && out->len < ANSWER_MOST) {
		n = recv(fd, piece, sizeof piece, 0);
		if (n > 0 && !buffer_append(out, piece, (size_t)n))
			n = -1;
	}
	return n == 0 && buffer_put_u8(out, 0);
}

/* The object of the answer; NULL and *e. */
static json_t *ask(const char *address, struct error *e)
{
	struct buffer answer = { 0 };
	json_t *all = NULL;
	int fd = dial(address, e);
	if (fd < 0)
		return NULL;
	bool fine = read_all(fd, &answer);
	const char *text = fine ? (const char *)answer.at : "", *body = strstr(text, "\r\n\r\n");
	close(fd);
	if (body && strncmp(text, "HTTP/1.", 7) == 0 && strncmp(text + 8, " 200 ", 5) == 0)
		all = json_loads(body + 4, 0, NULL);
	if (!all && body && strstr(body, "not a node of a cluster"))
		error_set(e, EXIT_NO, "the relay on %.80s is not a node of a cluster", address);
	else if (!all)
		error_set(e, EXIT_RELAY, "what answers on %.80s is not the admin listener of a relay", address);
	buffer_free(&answer);
	return all;
}

/* ---- printing ---- */

/* A member's text; "?" where it is none that a terminal may be sent. */
static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	for (const char *at = text; at && *at; at++)
		if (*at < 0x20 || *at > 0x7e)
			return "?";
	return text ? text : "?";
}

static void print(const json_t *all)
{
	const char *own = text_of(all, "node");
	size_t i;
	json_t *node;
	printf("cluster: %s\n\n%-32s  %-10s  %8s  %14s\n", text_of(all, "state"), "NODE", "VERSION", "TUNNELS",
	       "COPIES PENDING");
	json_array_foreach(json_object_get(all, "nodes"), i, node)
	{
		const char *id = text_of(node, "id");
		printf("%-32s  %-10s  %8lld  %14lld%s\n", id, text_of(node, "version"),
		       (long long)json_integer_value(json_object_get(node, "tunnels")),
		       (long long)json_integer_value(json_object_get(node, "copies_pending")),
		       strcmp(own, id) == 0 ? "  (this one)" : "");
	}
}

static bool show(const CLUSTER *o, struct error *e)
{
	json_t *all = ask(o->admin, e);
	if (all && o->json) {
		json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (all) {
		print(all);
	}
	json_decref(all);
	return all != NULL;
}

int cluster_run(int argc, char **argv, struct secret_gate *gate, struct error *e)
{
	CLUSTER o = { .help = false };
	struct options *parsed = options_new();
	int first, code = EXIT_USAGE;
	(void)gate;
	const struct options_source source = { .program = "creel-relay cluster", .env_prefix = "CREEL_RELAY_" };
	if (!parsed || !options_parse(parsed, &table, &o, &source, argc, argv, &first, e))
		goto out;
	if (o.help) {
		fputs("Usage: creel-relay cluster status --admin ADDR:PORT\n\nThe nodes of the cluster that a running "
		      "relay belongs to, the tunnels online at each, and the copies of\nwebhooks that it has still to "
		      "make.\n\n",
		      stdout);
		options_print(stdout, &table);
		code = EXIT_DONE;
	} else if (argc - first != 1 || strcmp(argv[first], "status") != 0) {
		error_set(e, EXIT_USAGE, "write creel-relay cluster status --admin ADDR:PORT");
	} else if (!o.admin) {
		error_set(e, EXIT_USAGE, "cluster status needs --admin ADDR:PORT, as the relay has it");
	} else {
		code = show(&o, e) ? EXIT_DONE : (int)e->code;
	}
out:
	options_free(parsed);
	return code;
}
