#include "relay/control/control_ask.h"

#include "relay/control/control_path.h"
#include "shared/disk/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, struct buffer *out)
{
	char piece[4096];
	ssize_t len;
	while ((len = read(fd, piece, sizeof piece)) != 0) {
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0 || !buffer_append(out, piece, (size_t)len))
			return false;
	}
	return true;
}

static enum control_answer not_reached(const char *folder, struct error *e)
{
	struct stat s;
	if (errno == EACCES || errno == EPERM) {
		error_set(e, EXIT_STORE, "the relay of %s cannot be asked: run this as its user, or as root", folder);
		return CONTROL_FAILED;
	}
	if (stat(folder, &s) != 0)
		error_set(e, EXIT_NO,
			  "there is no data folder %s; name the one that `creel-relay serve` has with --data", folder);
	else
		error_set(e, EXIT_NO, "no relay is running on %s; `creel-relay serve` starts one", folder);
	return CONTROL_NOBODY;
}

static enum control_answer read_answer(const char *folder, struct buffer *out, struct error *e)
{
	unsigned code;
	int used = 0;
	if (out->len >= 3 && memcmp(out->at, "ok\n", 3) == 0) {
		buffer_consume(out, 3);
		return CONTROL_OK;
	}
	char *text = bytes_dup_text(buffer_view(out));
	if (text && sscanf(text, "no %u %n", &code, &used) == 1 && used > 0)
		error_set(e, (enum exit_code)code, "%.*s", (int)strcspn(text + used, "\n"), text + used);
	else
		error_set(e, EXIT_NO, "the relay of %s ended before it answered", folder);
	free(text);
	return CONTROL_FAILED;
}

enum control_answer control_ask(const char *folder, const char *line, struct buffer *out, struct error *e)
{
	int fd = control_path_connect(folder);
	if (fd < 0)
		return not_reached(folder, e);
	bool fine = file_write_all(fd, bytes_of(line)) && file_write_all(fd, bytes_of("\n")) && read_all(fd, out);
	close(fd);
	if (fine)
		return read_answer(folder, out, e);
	error_set(e, EXIT_NO, "the relay of %s does not answer: %s", folder, strerror(errno));
	return CONTROL_FAILED;
}
