#include "relay/bus/bus_credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MOST 16384
#define JWT_BEGINS "-----BEGIN NATS USER JWT-----"
#define SEED_BEGINS "-----BEGIN USER NKEY SEED-----"

static bool read_file(const char *path, char *text, size_t size, struct error *e)
{
	struct stat is;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_set(e, EXIT_USAGE, "--cluster-credentials %s cannot be read: %s", path, strerror(errno));
	ssize_t got = -1;
	if (fstat(fd, &is) != 0 || !S_ISREG(is.st_mode))
		error_set(e, EXIT_USAGE, "--cluster-credentials %s is not a file", path);
	else if (is.st_mode & 077)
		error_set(e, EXIT_USAGE,
			  "--cluster-credentials %s can be read by others than its owner: chmod 600 %s, and consider a "
			  "new password",
			  path, path);
	else if ((got = read(fd, text, size - 1)) < 0)
		error_set(e, EXIT_USAGE, "--cluster-credentials %s cannot be read: %s", path, strerror(errno));
	close(fd);
	if (got >= 0)
		text[got] = 0;
	return got >= 0;
}

/* The first line, of which the user is what stands before its first colon. */
static bool read_line(const char *text, struct bus_credentials *out)
{
	size_t line = strcspn(text, "\r\n"), user = strcspn(text, ":");
	if (user == 0 || user + 1 >= line || user >= sizeof out->user || line - user - 1 >= sizeof out->password ||
	    strspn(text + line, "\r\n") != strlen(text + line))
		return false;
	memcpy(out->user, text, user);
	memcpy(out->password, text + user + 1, line - user - 1);
	out->kind = BUS_CREDENTIALS_PASSWORD;
	return true;
}

bool bus_credentials_read(const char *path, struct bus_credentials *out, struct error *e)
{
	char text[FILE_MOST];
	memset(out, 0, sizeof *out);
	bool fine = read_file(path, text, sizeof text, e);
	const bool jwt = fine && strstr(text, JWT_BEGINS);
	if (jwt && strstr(text, SEED_BEGINS))
		out->kind = BUS_CREDENTIALS_JWT;
	else if (jwt)
		fine = error_set(
		    e, EXIT_USAGE,
		    "--cluster-credentials %s has a JWT and no seed: write both, as `nsc generate creds` does", path);
	else if (fine && !read_line(text, out))
		fine = error_set(e, EXIT_USAGE,
				 "--cluster-credentials %s is neither one line user:password nor a NATS .creds file",
				 path);
	OPENSSL_cleanse(text, sizeof text);
	return fine;
}

void bus_credentials_forget(struct bus_credentials *c)
{
	OPENSSL_cleanse(c, sizeof *c);
}
