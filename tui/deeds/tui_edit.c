/* The editor a request is edited in, and what becomes of the edited request. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "shared/program/core_dumps.h"
#include "tui/deeds/tui_deeds.h"
#include "tui/questions/sheet_edited.h"

/* The process; it outlives the inspector when the inspector is ended meanwhile. */
struct editor {
	uv_process_t process;
	struct tui *t; /* NULL: ended */
};

static void drop(struct tui *t)
{
	edit_free(t->edit);
	t->edit = NULL;
}

static void on_line(void *user, char sign, struct bytes text)
{
	sheet_edited_line(user, sign, text);
}

static void ask_to_send(struct tui *t, const char *trouble)
{
	struct sheet *s = &t->screen.sheet;
	sheet_edited(s, &t->screen.ui, t->edit->id, t->edit->document.item.row.provider, edit_escapes(t->edit),
		     trouble);
	if (!edit_changes(t->edit, on_line, s))
		sheet_line_as(s, ROLE_5XX, "out of memory: what was changed cannot be shown");
	tui_draw_soon(t);
}

static void take(struct tui *t, int64_t status, int number)
{
	struct error e = { 0 };
	int line = 0;
	if (status || number) {
		tui_warn(t, "the editor ended with %s %d: nothing was sent", number ? "signal" : "status",
			 number ? number : (int)status);
		drop(t);
		return;
	}
	switch (edit_read(t->edit, &line, &e)) {
	case EDIT_SAME:
		tui_say(t, "#%lld is unchanged: nothing was sent", (long long)t->edit->id);
		drop(t);
		break;
	case EDIT_CHANGED:
		ask_to_send(t, NULL);
		break;
	case EDIT_WRONG:
		sheet_edit_wrong(&t->screen.sheet, t->edit->id, e.text, line);
		break;
	}
}

static void on_editor_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void on_editor_end(uv_process_t *process, int64_t status, int number)
{
	struct editor *editor = process->data;
	struct tui *t = editor->t;
	uv_close((uv_handle_t *)process, on_editor_closed);
	if (!t)
		return;
	t->editor = NULL;
	tui_away_end(t);
	if (!t->ended)
		take(t, status, number);
}

static int spawn(struct tui *t, struct editor *editor, char *command)
{
	char *args[] = { (char[]){ "sh" }, (char[]){ "-c" }, command, (char[]){ "creel" }, t->edit->path, NULL };
	uv_stdio_container_t stdio[3];
	for (int i = 0; i < 3; i++)
		stdio[i] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = i };
	uv_process_options_t options = {
		.file = "sh", .args = args, .stdio = stdio, .stdio_count = 3, .exit_cb = on_editor_end
	};
	editor->t = t;
	core_dumps_before_spawn(t->deps.cores);
	int status = uv_spawn(t->deps.loop, &editor->process, &options);
	core_dumps_after_spawn(t->deps.cores);
	editor->process.data = editor;
	if (status)
		uv_close((uv_handle_t *)&editor->process, on_editor_closed);
	return status;
}

static void run_editor(struct tui *t, int line)
{
	struct buffer command = { 0 };
	struct editor *editor = calloc(1, sizeof *editor);
	if (!editor || !edit_command(&command, edit_program(), line)) {
		tui_warn(t, "out of memory for an editor");
		free(editor);
		buffer_free(&command);
		drop(t);
		return;
	}
	tui_away_begin(t);
	int status = spawn(t, editor, (char *)command.at);
	buffer_free(&command);
	if (status == 0) {
		t->editor = editor;
		return;
	}
	tui_away_end(t);
	tui_warn(t, "cannot start the editor: %s", uv_strerror(status));
	drop(t);
}

static void on_document(void *user, uint64_t generation, struct document *d)
{
	struct tui *t = user;
	struct error e = { 0 };
	if (generation != t->edit_generation || t->editor) {
		document_free(d);
		return;
	}
	t->edit_generation = 0;
	t->edit = edit_new(d, &e);
	if (t->edit && edit_write(t->edit, &e)) {
		run_editor(t, 0);
		return;
	}
	drop(t);
	tui_warn(t, "%s", e.text);
}

static void begin(struct tui *t, int64_t id)
{
	if (!id)
		return;
	t->edit_generation = ++t->next_generation;
	t->deps.source->get(t->deps.source_self, id, SOURCE_REQUEST, 0, EDIT_BODY_MAX, t->edit_generation, on_document,
			    t);
}

void tui_edit(struct tui *t, const struct effect *e)
{
	if (t->editor)
		return;
	if (e->edit.step == EDIT_AGAIN && t->edit) {
		run_editor(t, e->edit.line);
		return;
	}
	drop(t);
	if (e->edit.step == EDIT_DROP)
		tui_say(t, "nothing was sent");
	else
		begin(t, e->edit.id);
}

/* What cannot be sent stays, with the reason, until it can or is dropped. */
void tui_edit_send(struct tui *t, const struct effect *e)
{
	struct edit *edit = t->edit;
	struct buffer text = { 0 };
	struct error err = { 0 };
	if (!edit)
		return;
	struct replay_request request = { .ids = &edit->id, .count = 1, .resign = e->resign };
	bool fine = edit_request(edit, &text) || error_set(&err, EXIT_NO, "out of memory: nothing was sent");
	request.edited = buffer_view(&text);
	fine = fine && tui_replay_one(t, &request, &err);
	buffer_free(&text);
	if (fine) {
		drop(t);
		return;
	}
	t->screen.ui.message[0] = '\0';
	ask_to_send(t, err.text);
}

void tui_edit_end(struct tui *t)
{
	if (t->editor) {
		uv_process_kill(&t->editor->process, SIGTERM);
		t->editor->t = NULL;
		t->editor = NULL;
	}
	drop(t);
}
