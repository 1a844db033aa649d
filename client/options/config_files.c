#include "client/options/config_files.h"

#include "client/options/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static enum options_key judge_users(void *user, const struct option_row *row, const char *key, const char *value,
				    struct error *e)
{
	struct config_files *f = user;
	(void)key;
	if (row && strcmp(row->name, "relay") == 0) {
		char *copy = strdup(value);
		if (!copy) {
			error_set(e, EXIT_USAGE, "out of memory");
			return OPTIONS_KEY_REFUSED;
		}
		free(f->users_relay);
		f->users_relay = copy;
		f->relay_of_project = false;
	}
	return OPTIONS_KEY_TAKEN;
}

static enum options_key judge_project(void *user, const struct option_row *row, const char *key, const char *value,
				      struct error *e)
{
	struct config_files *f = user;
	if (!row) /* nor has it an effect */
		return OPTIONS_KEY_PASSED_OVER;
	enum options_key verdict = project_file_judge(&f->project, row, key, value, e);
	if (verdict == OPTIONS_KEY_TAKEN && strcmp(row->name, "relay") == 0)
		f->relay_of_project = !f->users_relay || !config_same_relay(f->users_relay, value);
	return verdict;
}

static void add(struct config_files *f, const char *path, const struct ini_file *file,
		enum options_key (*judge)(void *, const struct option_row *, const char *, const char *,
					  struct error *))
{
	if (file->there)
		f->list[f->count++] = (struct options_file){ path, buffer_view(&file->text), judge, f };
}

/* Read before the project's: the user may have named that one. */
static bool read_named(struct config_files *f, const struct config_wish *wish, struct error *e)
{
	if (!wish->named)
		return true;
	if (!ini_file_read(wish->named, &f->named, e))
		return false;
	return f->named.there || (wish->named_may_be_missing && errno == ENOENT) ||
	       error_set(e, EXIT_USAGE, "the config file %s cannot be read: %s", wish->named, strerror(errno));
}

static bool read_project(struct project_file *p, const struct ini_file *named, struct error *e)
{
	if (!project_file_read(p, PROJECT_FILE, e))
		return false;
	if (p->file.there && named->there && is_same_file(&p->file.st, &named->st)) {
		project_file_free(p);
		p->file.there = false;
	}
	return true;
}

bool config_files_read(struct config_files *f, const struct config_wish *wish, struct error *e)
{
	memset(f, 0, sizeof *f);
	f->named_path = wish->named;
	f->user_path = config_default_path();
	if ((f->user_path && !ini_file_read(f->user_path, &f->user, e)) || !read_named(f, wish, e) ||
	    !read_project(&f->project, &f->named, e))
		return false;
	f->project.may_ask = wish->may_ask;
	add(f, f->user_path, &f->user, judge_users);
	add(f, PROJECT_FILE, &f->project.file, judge_project);
	add(f, wish->named, &f->named, judge_users);
	return true;
}

void config_files_free(struct config_files *f)
{
	ini_file_free(&f->user);
	ini_file_free(&f->named);
	project_file_free(&f->project);
	free(f->user_path);
	free(f->users_relay);
}

char *config_files_project_token(const char *named, bool may_ask, const char *relay, struct error *e)
{
	struct ini_file file = { .there = false };
	struct project_file p;
	char *token = NULL;
	memset(&p, 0, sizeof p);
	if ((!named || ini_file_read(named, &file, e)) && read_project(&p, &file, e) && p.file.there) {
		p.may_ask = may_ask;
		token = project_file_token(&p, relay, e);
	}
	project_file_free(&p);
	ini_file_free(&file);
	return token;
}
