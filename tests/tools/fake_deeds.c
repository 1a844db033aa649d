/* What the inspector asks the client to do, done to the deliveries in memory, and noted down for the test. */
#include "tests/tools/fake_source.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(struct fake_source *f, const char *format, ...)
{
	size_t len = strlen(f->log);
	va_list args;
	va_start(args, format);
	vsnprintf(f->log + len, sizeof f->log - len, format, args);
	va_end(args);
}

static void replay_one(struct fake_source *f, int64_t id, struct replay_progress *p)
{
	const struct item *original = fake_source_at(f, id);
	bool ok = original && original->row.status >= 200 && original->row.status < 400;
	fake_source_add(f, 1); /* may move the original */
	f->items[f->count - 1].row.replay_of = id;
	p->sent++;
	p->ok += ok;
	p->failed += !ok;
	p->last_id = f->last_id;
}

static void end_replay(struct fake_source *f)
{
	uv_timer_stop(&f->step);
	f->replay.over = true;
	f->on_replay(f->on_replay_user, &f->replay);
}

#define LONG_REPLAY 10 /* ends only when it is stopped: a test that stops it need not be quick */

static void on_step(uv_timer_t *timer)
{
	struct fake_source *f = timer->data;
	if (f->replay.total > LONG_REPLAY && f->replay.sent + 1 == f->replay.total) {
		uv_timer_stop(timer);
		return;
	}
	replay_one(f, f->replay_ids[f->replay.sent], &f->replay);
	if (f->replay.sent == f->replay.total)
		end_replay(f);
	else
		f->on_replay(f->on_replay_user, &f->replay);
}

static int64_t replay_slowly(struct fake_source *f, const struct replay_request *r,
			     void (*progress)(void *user, const struct replay_progress *p), void *user)
{
	free(f->replay_ids);
	f->replay_ids = malloc(r->count * sizeof *r->ids);
	if (!f->replay_ids)
		abort();
	memcpy(f->replay_ids, r->ids, r->count * sizeof *r->ids);
	f->replay = (struct replay_progress){ .total = r->count };
	f->on_replay = progress;
	f->on_replay_user = user;
	note(f, "replay of %zu\n", r->count);
	uv_timer_start(&f->step, on_step, 20, 20);
	return 2;
}

static int64_t fake_replay(void *self, const struct replay_request *r,
			   void (*progress)(void *user, const struct replay_progress *p), void *user, struct error *e)
{
	struct fake_source *f = self;
	struct replay_progress p = { .total = r->count };
	if (!f->client.running) {
		error_set(e, EXIT_NO, "nothing is forwarding: start `creel listen PORT`, then press r");
		return 0;
	}
	if (f->slow && r->count > 1)
		return replay_slowly(f, r, progress, user);
	for (size_t i = 0; i < r->count; i++) {
		note(f, "replay %lld%s%s\n", (long long)r->ids[i], r->edited.len ? " edited" : "",
		     r->resign ? " signed" : "");
		replay_one(f, r->ids[i], &p);
	}
	if (r->edited.len)
		note(f, "%.*s\n", (int)r->edited.len, (const char *)r->edited.at);
	p.over = true;
	progress(user, &p);
	return 1;
}

static void fake_stop(void *self, int64_t replay)
{
	struct fake_source *f = self;
	note(f, "stop %lld after %zu\n", (long long)replay, f->replay.sent);
	if (replay == 2 && !f->replay.over)
		end_replay(f);
}

static bool fake_export(void *self, const int64_t *ids, size_t count, const char *format, const char *path,
			struct buffer *out, struct error *e)
{
	char text[300];
	int len = snprintf(text, sizeof text, "%s of %zu from #%lld\n", format, count, count ? (long long)ids[0] : 0);
	note(self, "export %.*s", len, text);
	if (strcmp(format, "har") == 0 && path && strstr(path, "refused"))
		return error_set(e, EXIT_NO, "cannot write %s: refused", path);
	if (!path)
		return buffer_append_text(out, text) || error_set(e, EXIT_NO, "out of memory");
	FILE *file = fopen(path, "wx");
	if (!file || fwrite(text, 1, (size_t)len, file) != (size_t)len || fclose(file))
		return error_set(e, EXIT_NO, "cannot write %s", path);
	return true;
}

static bool fake_tag(void *self, int64_t id, const char *name, bool set, struct error *e)
{
	(void)e;
	note(self, "%s %s %lld\n", set ? "tag" : "untag", name, (long long)id);
	return true;
}

static bool fake_labels(void *self, int64_t id, struct store_labels *out, struct error *e)
{
	const struct item *i = fake_source_at(self, id);
	(void)e;
	return !i || (buffer_append_bytes(&out->note, i->row.note) && buffer_append_bytes(&out->tags, i->row.tags));
}

static bool set_label(struct fake_source *f, int64_t id, struct bytes note, struct bytes tags)
{
	struct item *i = fake_source_at(f, id), other;
	struct delivery_row row = i->row;
	row.note = note;
	row.tags = tags;
	if (!item_copy(&other, &row))
		return false;
	item_free(i);
	*i = other;
	f->version++;
	return true;
}

static bool fake_set_note(void *self, int64_t id, struct bytes text, struct error *e)
{
	(void)e;
	note(self, "note %lld %.*s\n", (long long)id, (int)text.len, (const char *)text.at);
	return set_label(self, id, text, fake_source_at(self, id)->row.tags);
}

static bool fake_set_tags(void *self, int64_t id, struct bytes names, struct error *e)
{
	(void)e;
	note(self, "tags %lld %.*s\n", (long long)id, (int)names.len, (const char *)names.at);
	return set_label(self, id, fake_source_at(self, id)->row.note, names);
}

static bool fake_retarget(void *self, const char *target, struct error *e)
{
	struct fake_source *f = self;
	(void)e;
	snprintf(f->client.target, sizeof f->client.target, "http://localhost:%s", target);
	return true;
}

static bool fake_delete(void *self, const int64_t *ids, size_t count, struct error *e)
{
	(void)e;
	for (size_t i = 0; i < count; i++)
		fake_source_remove(self, ids[i], ids[i]);
	note(self, "delete %zu\n", count);
	return true;
}

const struct deed_ops fake_deed_ops = {
	.replay = fake_replay,
	.stop = fake_stop,
	.export = fake_export,
	.tag = fake_tag,
	.retarget = fake_retarget,
	.labels = fake_labels,
	.set_note = fake_set_note,
	.set_tags = fake_set_tags,
	.delete = fake_delete,
};
