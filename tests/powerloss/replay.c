#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/powerloss/powerloss.h"

#define SECTOR 512

struct image {
	uint8_t *at;
	size_t len, cap;
};

/* One file's life; a name may mean several in turn. */
struct inode {
	struct image synced;
	const struct event **pending; /* changes since the last sync */
	size_t pending_count, pending_cap;
};

struct replay {
	const char *lied;
	size_t lied_from;
	size_t cut;
	struct inode *inodes;
	int inode_count;
	int current[POWERLOSS_NAMES], durable[POWERLOSS_NAMES]; /* what the folder says: an inode, or -1 */
};

uint64_t powerloss_random(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * UINT64_C(2685821657736338717);
}

static void *grown(void *at, size_t size)
{
	at = realloc(at, size);
	if (!at)
		abort();
	return at;
}

/* What lies between the old end and the new is zeros, as in a file with a hole. */
static void image_resize(struct image *m, size_t len)
{
	if (len > m->cap) {
		m->cap = len * 2;
		m->at = grown(m->at, m->cap);
	}
	if (len > m->len)
		memset(m->at + m->len, 0, len - m->len);
	m->len = len;
}

/* `part`: of a write, the bytes that reached the disk. */
static void apply(struct image *m, const struct event *e, size_t part)
{
	if (e->kind == EVENT_TRUNCATE) {
		image_resize(m, (size_t)e->at);
	} else if (part) {
		if ((size_t)e->at + part > m->len)
			image_resize(m, (size_t)e->at + part);
		memcpy(m->at + e->at, e->bytes, part);
	}
}

struct replay *replay_new(const char *lied, size_t from)
{
	struct replay *r = grown(NULL, sizeof *r);
	*r = (struct replay){ .lied = lied, .lied_from = from };
	for (int i = 0; i < POWERLOSS_NAMES; i++)
		r->current[i] = r->durable[i] = -1;
	return r;
}

void replay_free(struct replay *r)
{
	for (int i = 0; i < r->inode_count; i++) {
		free(r->inodes[i].synced.at);
		free(r->inodes[i].pending);
	}
	free(r->inodes);
	free(r);
}

static bool ends_with(int name, const char *end)
{
	size_t len = strlen(powerloss_name(name)), end_len = strlen(end);
	return len >= end_len && strcmp(powerloss_name(name) + len - end_len, end) == 0;
}

static void create(struct replay *r, const struct event *e)
{
	/* A file that was there, empty, and is known here: opened once more. */
	if (e->at && r->current[e->name] >= 0)
		return;
	r->inodes = grown(r->inodes, (size_t)(r->inode_count + 1) * sizeof *r->inodes);
	r->inodes[r->inode_count] = (struct inode){ 0 };
	r->current[e->name] = r->inode_count++;
}

static void step(struct replay *r, const struct event *e)
{
	if (e->kind == EVENT_CREATE) {
		create(r, e);
		return;
	}
	if (e->kind == EVENT_SYNC_FOLDER) {
		memcpy(r->durable, r->current, sizeof r->durable);
		return;
	}
	if (e->kind == EVENT_ACKNOWLEDGED || e->kind == EVENT_FORGOTTEN || e->kind == EVENT_ENDED)
		return;
	struct inode *n = &r->inodes[r->current[e->name]];
	if (e->kind == EVENT_WRITE || e->kind == EVENT_TRUNCATE) {
		if (n->pending_count == n->pending_cap) {
			n->pending_cap = n->pending_cap ? n->pending_cap * 2 : 64;
			n->pending = grown(n->pending, n->pending_cap * sizeof(const struct event *));
		}
		n->pending[n->pending_count++] = e;
	} else if (e->kind == EVENT_SYNC) {
		if (r->lied && r->cut >= r->lied_from && ends_with(e->name, r->lied))
			return;
		for (size_t i = 0; i < n->pending_count; i++)
			apply(&n->synced, n->pending[i], n->pending[i]->len);
		n->pending_count = 0;
		if (ends_with(e->name, "-wal") || ends_with(e->name, "-journal"))
			memcpy(r->durable, r->current, sizeof r->durable);
	} else {
		r->current[e->name] = -1;
		if (e->synced)
			memcpy(r->durable, r->current, sizeof r->durable);
	}
}

void replay_to(struct replay *r, size_t cut)
{
	for (; r->cut < cut; r->cut++)
		step(r, powerloss_event(r->cut));
}

static size_t part_written(const struct event *e, bool last, enum loss loss, uint64_t *seed)
{
	switch (loss) {
	case LOSS_ALL_WRITTEN:
		return e->len;
	case LOSS_SOME:
		return powerloss_random(seed) >> 63 ? e->len : 0;
	case LOSS_TORN: {
		/* At the bounds of the disk's sectors, not of the write's. */
		size_t kept = (size_t)(powerloss_random(seed) >> 33) % (e->len / SECTOR + 2);
		size_t part = kept ? kept * SECTOR - (size_t)e->at % SECTOR : 0;
		return last && part < e->len ? part : e->len;
	}
	default:
		return 0;
	}
}

static bool write_inode(const struct inode *n, enum loss loss, uint64_t *seed, const char *path)
{
	struct image m = { 0 };
	image_resize(&m, n->synced.len);
	if (m.len)
		memcpy(m.at, n->synced.at, m.len);
	for (size_t i = 0; i < n->pending_count; i++) {
		const struct event *e = n->pending[i];
		bool lost = loss == LOSS_NOTHING_UNSYNCED ||
			    (e->kind == EVENT_TRUNCATE && loss == LOSS_SOME && powerloss_random(seed) >> 63);
		if (!lost)
			apply(&m, e, part_written(e, i + 1 == n->pending_count, loss, seed));
	}
	FILE *f = fopen(path, "wb");
	bool fine = f && (!m.len || fwrite(m.at, m.len, 1, f) == 1);
	if (f && fclose(f) != 0)
		fine = false;
	free(m.at);
	return fine;
}

bool replay_write(const struct replay *r, enum loss loss, uint64_t seed, const char *folder)
{
	bool fine = true;
	char path[300];
	for (int i = 0; i < POWERLOSS_NAMES && powerloss_name(i) && fine; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, powerloss_name(i));
		unlink(path);
		bool old = loss == LOSS_NOTHING_UNSYNCED || (loss == LOSS_SOME && powerloss_random(&seed) >> 63);
		int inode = old ? r->durable[i] : r->current[i];
		if (inode >= 0)
			fine = write_inode(&r->inodes[inode], loss, &seed, path);
	}
	return fine;
}
