/* A sample app: takes any webhook on 127.0.0.1 and ::1, prints a line for it and answers {"received":true}.
 * Usage: sample-receiver PORT (0 takes a free one). The first line printed ends in the port. */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/base/buffer.h"
#include "shared/text/text.h"

struct request {
	size_t body_len;
};

static void print_line(const char *method, const char *url, size_t body_len)
{
	struct buffer line = { 0 };
	if (text_sanitize(&line, bytes_of(method), TEXT_LINE) && buffer_put_u8(&line, ' ') &&
	    text_sanitize(&line, bytes_of(url), TEXT_LINE))
		printf("  app: got %.*s with %zu bytes\n", (int)line.len, (const char *)line.at, body_len);
	buffer_free(&line);
	fflush(stdout);
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *url, const char *method,
				  const char *version, const char *upload, size_t *upload_len, void **con_cls)
{
	static const char answer[] = "{\"received\":true}\n";
	struct request *r = *con_cls;
	(void)cls;
	(void)version;
	(void)upload;
	if (!r) {
		*con_cls = r = calloc(1, sizeof *r);
		return r ? MHD_YES : MHD_NO;
	}
	if (*upload_len > 0) {
		r->body_len += *upload_len;
		*upload_len = 0;
		return MHD_YES;
	}
	print_line(method, url, r->body_len);
	struct MHD_Response *response =
	    MHD_create_response_from_buffer(sizeof answer - 1, (void *)(uintptr_t)answer, MHD_RESPMEM_PERSISTENT);
	if (!response)
		return MHD_NO;
	enum MHD_Result result = MHD_add_response_header(response, "Content-Type", "application/json") == MHD_YES
				     ? MHD_queue_response(c, 200, response)
				     : MHD_NO;
	MHD_destroy_response(response);
	return result;
}

static void on_completed(void *cls, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode code)
{
	(void)cls;
	(void)c;
	(void)code;
	free(*con_cls);
}

static struct MHD_Daemon *start(const struct sockaddr *address, unsigned flags)
{
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | flags, 0, NULL, NULL, on_request, NULL,
				MHD_OPTION_SOCK_ADDR, address, MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
				MHD_OPTION_END);
}

int main(int argc, char **argv)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	sigset_t ends;
	int number, port = argc == 2 ? atoi(argv[1]) : -1;
	if (port < 0 || port > 65535) {
		fprintf(stderr, "Usage: sample-receiver PORT\n");
		return 2;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v4.sin_port = htons((uint16_t)port);
	struct MHD_Daemon *four = start((struct sockaddr *)&v4, 0);
	if (!four) {
		fprintf(stderr, "sample-receiver: port %d is in use\n", port);
		return 1;
	}
	v6.sin6_port = htons(MHD_get_daemon_info(four, MHD_DAEMON_INFO_BIND_PORT)->port);
	struct MHD_Daemon *six = start((struct sockaddr *)&v6, MHD_USE_IPv6); /* not every machine has IPv6 */
	printf("sample receiver on port %u\n", ntohs(v6.sin6_port));
	fflush(stdout);
	sigwait(&ends, &number);
	MHD_stop_daemon(four);
	if (six)
		MHD_stop_daemon(six);
	return 0;
}
