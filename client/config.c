#include "client/config.h"

#include "shared/bytes.h"
#include "shared/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *config_default_path(void)
{
	const char *base = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct buffer b = { 0 };
	bool fine = base && *base == '/' ? buffer_printf(&b, "%s/creel/config.ini", base)
					 : home && *home && buffer_printf(&b, "%s/.config/creel/config.ini", home);
	if (fine && buffer_put_u8(&b, 0))
		return (char *)b.at;
	buffer_free(&b);
	return NULL;
}

/* The section of a relay's token. http and ws, https and wss name the same relay. */
static void section_of(char out[400], const char *relay)
{
	size_t len = strlen(relay);
	bool ws = strncmp(relay, "ws://", 5) == 0 || strncmp(relay, "wss://", 6) == 0;
	while (len > 0 && relay[len - 1] == '/')
		len--;
	if (ws)
		snprintf(out, 400, "token http%.*s", len < 380 ? (int)len - 2 : 378, relay + 2);
	else
		snprintf(out, 400, "token %.*s", len < 380 ? (int)len : 380, relay);
}

/* The name in a line "[name]"; false when the line is another. */
static bool section_line(const char *line, struct bytes *name)
{
	line += strspn(line, " \t");
	if (*line != '[')
		return false;
	*name = bytes_make(line + 1, strcspn(line + 1, "]\r\n"));
	return true;
}

/* The value of "key = value", as far as its first blank. */
static bool key_line(const char *line, const char *key, struct bytes *value)
{
	size_t len = strlen(key);
	line += strspn(line, " \t");
	if (strncmp(line, key, len) != 0)
		return false;
	line += len + strspn(line + len, " \t");
	if (*line != '=' && *line != ':')
		return false;
	line += 1 + strspn(line + 1, " \t");
	*value = bytes_make(line, strcspn(line, " \t\r\n"));
	return true;
}

/* Read here and not by libinih, which cuts a section's name at 49 characters: many a relay's URL is longer. */
char *config_token(const char *path, const char *relay, struct error *e)
{
	char section[400], line[4096], *token = NULL;
	bool inside = false;
	section_of(section, relay);
	FILE *f = fopen(path, "r");
	if (!f) {
		if (errno != ENOENT)
			error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", path, strerror(errno));
		return NULL;
	}
	while (!token && fgets(line, sizeof line, f)) {
		struct bytes name, value;
		if (section_line(line, &name))
			inside = bytes_equal(name, bytes_of(section));
		else if (inside && key_line(line, "token", &value) && value.len > 0 && !(token = bytes_dup_text(value)))
			error_set(e, EXIT_USAGE, "out of memory");
	}
	if (!token && ferror(f))
		error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", path, strerror(errno));
	fclose(f);
	OPENSSL_cleanse(line, sizeof line);
	return token;
}

static bool is_comment(const char *line)
{
	line += strspn(line, " \t");
	return *line == ';' || *line == '#' || *line == '\r' || *line == '\n';
}

/* Copies the old file line by line, leaving out what is to be set anew. */
static bool copy_rest(FILE *in, struct buffer *out, const char *section, bool replaces_token)
{
	char line[4096];
	bool inside = false, top = true, fine = true;
	while (fine && fgets(line, sizeof line, in)) {
		struct bytes name, value;
		if (section_line(line, &name)) {
			top = false;
			inside = bytes_equal(name, bytes_of(section));
		}
		if (!(top && key_line(line, "relay", &value)) && !(inside && replaces_token && !is_comment(line)))
			fine = buffer_append_text(out, line);
	}
	OPENSSL_cleanse(line, sizeof line);
	if (fine && out->len > 0 && out->at[out->len - 1] != '\n')
		fine = buffer_put_u8(out, '\n');
	return fine;
}

/* A disk that is nearly full takes a part and says why with the next. */
static bool write_all(int fd, struct bytes text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.at, text.len);
		if (n < 0 && errno != EINTR)
			return false;
		text = bytes_make(text.at + (n > 0 ? n : 0), text.len - (size_t)(n > 0 ? n : 0));
	}
	return true;
}

static bool write_whole(const char *path, struct bytes text)
{
	char temporary[4096];
	if (snprintf(temporary, sizeof temporary, "%s.tmp", path) >= (int)sizeof temporary) {
		errno = ENAMETOOLONG;
		return false;
	}
	unlink(temporary);
	int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return false;
	bool fine = write_all(fd, text) && disk_sync(fd) == 0;
	int kept = errno;
	if (close(fd) != 0 && fine) {
		kept = errno;
		fine = false;
	}
	if (fine && rename(temporary, path) == 0)
		return true;
	kept = fine ? errno : kept;
	unlink(temporary);
	errno = kept;
	return false;
}

static bool make_folders(const char *path, struct error *e)
{
	char *copy = strdup(path);
	bool fine = true;
	for (char *slash = copy ? strchr(copy + 1, '/') : NULL; fine && slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		fine =
		    mkdir(copy, 0700) == 0 || errno == EEXIST || access(copy, F_OK) == 0 ||
		    error_set(e, EXIT_USAGE,
			      "the folder %s of the config file cannot be made: %s; name another place with --config",
			      copy, strerror(errno));
		*slash = '/';
	}
	free(copy);
	return fine;
}

/* A new file is renamed over the old one: that must not make a plain file of /dev/null, say. */
static bool may_replace(const char *path, struct error *e)
{
	struct stat s;
	return stat(path, &s) != 0 || S_ISREG(s.st_mode) ||
	       error_set(e, EXIT_USAGE, "%s is not a plain file; name another place for the config with --config",
			 path);
}

bool config_login(const char *path, const char *relay, const char *token, struct error *e)
{
	char section[400], real[PATH_MAX];
	struct buffer text = { 0 }, rest = { 0 };
	section_of(section, relay);
	if (!make_folders(path, e) || !may_replace(path, e))
		return false;
	if (realpath(path, real)) /* a link into somebody's dotfiles stays a link */
		path = real;
	FILE *old = fopen(path, "r");
	if (!old && errno != ENOENT) /* writing anew would lose what it holds */
		return error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", path, strerror(errno));
	bool fine = true;
	if (old) {
		fine = copy_rest(old, &rest, section, token != NULL) && !ferror(old);
		fclose(old);
	}
	fine = fine && buffer_printf(&text, "relay = %s\n", relay) && buffer_append_bytes(&text, buffer_view(&rest)) &&
	       (!token || buffer_printf(&text, "[%s]\ntoken = %s\n", section, token)) &&
	       write_whole(path, buffer_view(&text));
	int code = errno;
	if (text.len)
		OPENSSL_cleanse(text.at, text.len);
	if (rest.len)
		OPENSSL_cleanse(rest.at, rest.len);
	buffer_free(&text);
	buffer_free(&rest);
	return fine ||
	       error_set(e, EXIT_USAGE,
			 "the config file %s cannot be written: %s; see to its folder's permissions and space, or "
			 "name another place with --config",
			 path, strerror(code));
}
