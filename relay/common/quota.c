#include "relay/common/quota.h"

/* Whether `taken`, with what one hold has in it replaced by what it needs, stays within the limit. */
static bool fits(uint64_t taken, uint64_t has, uint64_t need, uint64_t waiting, uint64_t limit)
{
	uint64_t sum;
	return need <= has || (!__builtin_add_overflow(taken - has, need, &sum) &&
			       !__builtin_add_overflow(sum, waiting, &sum) && sum <= limit);
}

static void replace(struct quota_need *taken, const struct quota_need *has, const struct quota_need *need)
{
	taken->spool += need->spool - has->spool;
	taken->file += need->file - has->file;
	taken->disk += need->disk - has->disk;
}

void quota_settle(struct quota_hold *h, const struct quota_need *need)
{
	if (!h->quota)
		return;
	replace(&h->quota->taken, &h->has, need);
	replace(&h->share->taken, &h->has, need);
	h->has = *need;
	if (need->spool == 0 && need->file == 0 && need->disk == 0) {
		h->quota = NULL;
		h->share = NULL;
	}
}

enum quota_bound quota_take(struct quota_hold *h, struct quota *quota, struct quota_share *share,
			    const struct quota_need *need, const struct quota_around *around)
{
	const struct quota_need *has = &h->has;
	uint64_t both = quota->taken.spool + quota->taken.file;
	if (!fits(share->taken.spool, has->spool, need->spool, around->tunnel_waiting, quota->limits.tunnel))
		return QUOTA_TUNNEL;
	if (share->taken.file > has->file &&
	    !fits(share->taken.file, has->file, need->file, 0, quota->limits.tunnel_files))
		return QUOTA_TUNNEL_FILES;
	if (!fits(both, has->spool + has->file, need->spool + need->file, around->relay_waiting, quota->limits.relay))
		return QUOTA_RELAY;
	if (!fits(quota->taken.disk, has->disk, need->disk, 0, around->disk_left))
		return QUOTA_DISK;
	h->quota = quota;
	h->share = share;
	quota_settle(h, need);
	return QUOTA_GIVEN;
}
