#include "client/replay/replay_edit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/program/core_dumps.h"
#include "shared/transcripts/transcript.h"
#include "shared/text/text.h"
#include "shared/frontend/edit.h"

struct replay_edit {
	const struct core_dumps *cores;
	struct transcript transcript;
	struct edit *edit;
};

static void take(struct buffer *to, struct buffer *from)
{
	*to = *from;
	*from = (struct buffer){ 0 };
}

static bool open_edit(struct replay_edit *r, struct store *s, int64_t id, struct error *e)
{
	struct document d = { 0 };
	struct transcript *x = &r->transcript;
	if (!transcript_read(s, id, x, e))
		return false;
	d.item.row.id = id;
	d.item.row.method = buffer_view(&x->method);
	d.item.row.target = buffer_view(&x->target);
	take(&d.headers, &x->request.headers);
	take(&d.body, &x->request.body);
	d.body_size = x->request.body_size;
	r->edit = edit_new(&d, e);
	if (r->edit && edit_write(r->edit, e))
		return true;
	e->code = EXIT_USAGE;
	return false;
}

static int spawn_and_wait(const struct core_dumps *cores, const char *command, const char *path)
{
	int status;
	pid_t pid = fork();
	if (pid < 0)
		return -1;
	if (pid == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGQUIT, SIG_DFL);
		core_dumps_give_back(cores);
		execlp("sh", "sh", "-c", command, "creel", path, (char *)NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status;
}

/* While the editor runs Ctrl-C is meant for it alone. */
static bool run_editor(const struct replay_edit *r, int line, struct error *e)
{
	struct buffer command = { 0 };
	if (!edit_command(&command, edit_program(), line)) {
		buffer_free(&command);
		return error_set(e, EXIT_STORE, "out of memory");
	}
	void (*on_int)(int) = signal(SIGINT, SIG_IGN), (*on_quit)(int) = signal(SIGQUIT, SIG_IGN);
	int status = spawn_and_wait(r->cores, (const char *)command.at, r->edit->path);
	signal(SIGINT, on_int);
	signal(SIGQUIT, on_quit);
	buffer_free(&command);
	if (status == -1)
		return error_set(e, EXIT_STORE, "the editor cannot be started: %s", strerror(errno));
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(e, EXIT_USAGE, "there is no editor '%.100s'; CREEL_EDITOR, VISUAL or EDITOR names one",
				 edit_program());
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return error_set(e, EXIT_NO, "nothing was sent: the editor ended with %d",
				 WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return true;
}

static bool left_nothing(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && st.st_size == 0;
}

/* Asks whether to edit again what is wrong. */
static bool edit_again(const struct error *e)
{
	char answer[16];
	struct buffer text = { 0 };
	if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO))
		return false;
	if (text_sanitize(&text, bytes_of(e->text), TEXT_LINE))
		fprintf(stderr, "creel: %.*s. Edit again? [Y/n] ", (int)text.len, (const char *)text.at);
	buffer_free(&text);
	return fgets(answer, sizeof answer, stdin) && strchr("yY\n", answer[0]);
}

static bool edit_until_right(struct replay_edit *r, bool *changed, struct error *e)
{
	int line = 0;
	for (;;) {
		if (!run_editor(r, line, e))
			return false;
		if (left_nothing(r->edit->path))
			return error_set(e, EXIT_NO, "nothing was sent: the request was emptied");
		enum edit_end end = edit_read(r->edit, &line, e);
		*changed = end == EDIT_CHANGED;
		if (end != EDIT_WRONG)
			return true;
		e->code = EXIT_USAGE;
		if (!edit_again(e)) {
			error_prefix(e, "nothing was sent");
			return false;
		}
	}
}

bool replay_edit_run(struct store *s, int64_t id, const struct core_dumps *cores, struct replay_change *change,
		     struct replay_edit **out, struct error *e)
{
	struct replay_edit *r = calloc(1, sizeof *r);
	bool changed = false;
	if (!r)
		return error_set(e, EXIT_STORE, "out of memory");
	r->cores = cores;
	if (!open_edit(r, s, id, e) || !edit_until_right(r, &changed, e)) {
		replay_edit_free(r);
		return false;
	}
	const struct http_text *now = &r->edit->now;
	*out = r;
	if (!changed)
		return true;
	*change = (struct replay_change){
		.whole = true, .method = now->method, .target = now->target, .headers = now->headers, .body = now->body
	};
	return true;
}

void replay_edit_free(struct replay_edit *r)
{
	if (!r)
		return;
	edit_free(r->edit);
	transcript_free(&r->transcript);
	free(r);
}
