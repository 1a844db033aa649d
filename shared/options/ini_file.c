#include "shared/options/ini_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

/* ---- reading ---- */

static const char *kind_of(mode_t mode)
{
	return S_ISDIR(mode) ? "a folder" : S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
}

static bool not_plain(const char *path, mode_t mode, struct error *e)
{
	return error_set(e, EXIT_USAGE,
			 "the config file %s is not a plain file; it is %s: put a text file in its place", path,
			 kind_of(mode));
}

/* A file in a folder that may not be entered is as good as none: `sudo -u somebody` keeps HOME. */
static bool is_missing(const char *path, int code)
{
	return code == ENOENT || code == ENOTDIR || (code == EACCES && access(path, F_OK) != 0);
}

static bool cannot_open(const char *path, int code, struct error *e)
{
	struct stat st;
	if (code == ENXIO && stat(path, &st) == 0) /* a socket */
		return not_plain(path, st.st_mode, e);
	return error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", path, strerror(code));
}

static bool read_text(int fd, const char *path, struct ini_file *f, struct error *e)
{
	char piece[8192];
	ssize_t n;
	bool fine = true;
	while (fine && (n = read(fd, piece, sizeof piece)) != 0) {
		if (n < 0 && errno != EINTR)
			fine = error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", path, strerror(errno));
		else if (n > 0 && f->text.len + (size_t)n > INI_FILE_MOST)
			fine = error_set(
			    e, EXIT_USAGE,
			    "%s is larger than %u KiB: that is not a config file; put a text file in its place", path,
			    INI_FILE_MOST >> 10);
		else if (n > 0)
			fine = buffer_append(&f->text, piece, (size_t)n) || error_set(e, EXIT_USAGE, "out of memory");
	}
	OPENSSL_cleanse(piece, sizeof piece);
	/* To libinih a NUL byte is the end: what follows it would neither be read nor shown. */
	if (fine && f->text.len && memchr(f->text.at, 0, f->text.len))
		fine = error_set(e, EXIT_USAGE,
				 "%s holds a NUL byte: that is not a config file; put a text file in its place", path);
	return fine;
}

bool ini_file_read(const char *path, struct ini_file *f, struct error *e)
{
	memset(f, 0, sizeof *f);
	/* Not to wait for the other end of a pipe, nor to be given a terminal. */
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return is_missing(path, errno) || cannot_open(path, errno, e);
	f->there = true;
	bool fine = true;
	if (fstat(fd, &f->st) != 0)
		fine = error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", path, strerror(errno));
	else if (!S_ISREG(f->st.st_mode))
		fine = not_plain(path, f->st.st_mode, e);
	else
		fine = read_text(fd, path, f, e);
	close(fd);
	return fine;
}

void ini_file_free(struct ini_file *f)
{
	if (f->text.at)
		OPENSSL_cleanse(f->text.at, f->text.len);
	buffer_free(&f->text);
}

/* ---- parsing ---- */

struct parse {
	struct bytes rest;
	int line;
	bool too_long, failed;
	ini_file_on_key *on_key;
	void *user;
	struct error *e;
};

static bool is_comment(struct bytes line)
{
	size_t at = 0;
	while (at < line.len && (line.at[at] == ' ' || line.at[at] == '\t'))
		at++;
	return at < line.len && (line.at[at] == ';' || line.at[at] == '#');
}

/* libinih would take the rest of a line that is longer than its own for a line by itself. */
static char *next_line(char *out, int size, void *user)
{
	struct parse *p = user;
	if (p->rest.len == 0 || p->too_long)
		return NULL;
	const uint8_t *end = memchr(p->rest.at, '\n', p->rest.len);
	size_t len = end ? (size_t)(end - p->rest.at) + 1 : p->rest.len;
	struct bytes line = bytes_make(p->rest.at, len);
	p->line++;
	if (len + !end >= (size_t)size && !is_comment(line)) { /* the last may lack its line feed */
		p->too_long = true;
		return NULL;
	}
	size_t kept = len < (size_t)size ? len : (size_t)size - 1;
	memcpy(out, line.at, kept);
	out[kept] = 0;
	p->rest = bytes_make(p->rest.at + len, p->rest.len - len);
	return out;
}

static int on_line(void *user, const char *section, const char *name, const char *value)
{
	struct parse *p = user;
	if (!p->failed)
		p->failed = !p->on_key(p->user, section, name, value ? value : "", p->e);
	return 1;
}

bool ini_file_parse(const char *path, struct bytes text, ini_file_on_key *on_key, void *user, struct error *e)
{
	struct parse p = { .rest = text, .on_key = on_key, .user = user, .e = e };
	int line = ini_parse_stream(next_line, &p, on_line, &p);
	if (p.failed)
		return false;
	if (p.too_long)
		return error_set(e, EXIT_USAGE,
				 "%s:%d is too long for a line of a config file: write less than 199 bytes", path,
				 p.line);
	return line == 0 || error_set(e, EXIT_USAGE, "%s:%d is neither a [section] nor key = value", path, line);
}
