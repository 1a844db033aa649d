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

static bool read_some(int fd, struct buffer *out, bool *ended)
{
	char piece[65536];
	ssize_t len;
	while ((len = read(fd, piece, sizeof piece)) < 0)
		if (errno != EINTR)
			return false;
	*ended = len == 0;
	return buffer_append(out, piece, (size_t)len);
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

static enum control_answer read_refusal(const char *folder, const struct buffer *come, struct error *e)
{
	unsigned code;
	int used = 0;
	char *text = bytes_dup_text(buffer_view(come));
	if (text && sscanf(text, "no %u %n", &code, &used) == 1 && used > 0)
		error_set(e, (enum exit_code)code, "%.*s", (int)strcspn(text + used, "\n"), text + used);
	else
		error_set(e, EXIT_NO, "the relay of %s ended before it answered", folder);
	free(text);
	return CONTROL_FAILED;
}

static enum control_answer read_answer(int fd, const char *folder,
				       bool (*take)(void *user, struct buffer *come, struct error *e), void *user,
				       struct error *e)
{
	struct buffer come = { 0 };
	bool ended = false, ok = false;
	enum control_answer answer = CONTROL_FAILED;
	while (!ended) {
		if (!read_some(fd, &come, &ended)) {
			error_set(e, EXIT_NO, "the relay of %s does not answer: %s", folder, strerror(errno));
			goto out;
		}
		if (!ok && come.len >= 3 && memcmp(come.at, "ok\n", 3) == 0) {
			buffer_consume(&come, 3);
			ok = true;
		}
		if (ok && !take(user, &come, e))
			goto out;
	}
	answer = ok ? CONTROL_OK : read_refusal(folder, &come, e);
out:
	buffer_free(&come);
	return answer;
}

enum control_answer control_ask_long(const char *folder, const char *line,
				     bool (*take)(void *user, struct buffer *come, struct error *e), void *user,
				     struct error *e)
{
	int fd = control_path_connect(folder);
	if (fd < 0)
		return not_reached(folder, e);
	enum control_answer answer = CONTROL_FAILED;
	if (file_write_all(fd, bytes_of(line)) && file_write_all(fd, bytes_of("\n")))
		answer = read_answer(fd, folder, take, user, e);
	else
		error_set(e, EXIT_NO, "the relay of %s does not answer: %s", folder, strerror(errno));
	close(fd);
	return answer;
}

static bool keep(void *user, struct buffer *come, struct error *e)
{
	bool fine = buffer_append_bytes(user, buffer_view(come)) || error_set(e, EXIT_NO, "out of memory");
	come->len = 0;
	return fine;
}

enum control_answer control_ask(const char *folder, const char *line, struct buffer *out, struct error *e)
{
	return control_ask_long(folder, line, keep, out, e);
}
