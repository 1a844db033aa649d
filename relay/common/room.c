#include "relay/common/room.h"

/* Whether `taken`, with what one hold has in it replaced by what it needs, stays within the limit. */
static bool fits(uint64_t taken, uint64_t has, uint64_t need, uint64_t waiting, uint64_t limit)
{
	uint64_t sum;
	return need <= has || (!__builtin_add_overflow(taken - has, need, &sum) &&
			       !__builtin_add_overflow(sum, waiting, &sum) && sum <= limit);
}

static void replace(struct room_need *taken, const struct room_need *has, const struct room_need *need)
{
	taken->spool += need->spool - has->spool;
	taken->file += need->file - has->file;
	taken->disk += need->disk - has->disk;
}

void room_settle(struct room_hold *h, const struct room_need *need)
{
	if (!h->room)
		return;
	replace(&h->room->taken, &h->has, need);
	replace(&h->share->taken, &h->has, need);
	h->has = *need;
	if (need->spool == 0 && need->file == 0 && need->disk == 0) {
		h->room = NULL;
		h->share = NULL;
	}
}

enum room_bound room_take(struct room_hold *h, struct room *room, struct room_share *share,
			  const struct room_need *need, const struct room_around *around)
{
	const struct room_need *has = &h->has;
	uint64_t both = room->taken.spool + room->taken.file;
	if (!fits(share->taken.spool, has->spool, need->spool, around->tunnel_waiting, room->limits.tunnel))
		return ROOM_TUNNEL;
	if (share->taken.file > has->file &&
	    !fits(share->taken.file, has->file, need->file, 0, room->limits.tunnel_files))
		return ROOM_TUNNEL_FILES;
	if (!fits(both, has->spool + has->file, need->spool + need->file, around->relay_waiting, room->limits.relay))
		return ROOM_RELAY;
	if (!fits(room->taken.disk, has->disk, need->disk, 0, around->disk_left))
		return ROOM_DISK;
	h->room = room;
	h->share = share;
	room_settle(h, need);
	return ROOM_GIVEN;
}
