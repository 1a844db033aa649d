#include "client/stream/route.h"

#include "shared/upkeep/store_probe.h"

#include <string.h>

static const struct route_rule none_of_only = { .text = "" };

static bool has_filters(const struct session_options *o)
{
	for (size_t i = 0; i < o->route_count; i++)
		if (o->routes[i].filter)
			return true;
	return o->only.count + o->skip.count > 0;
}

bool route_begin(struct streams *set)
{
	struct error ignored;
	return !has_filters(&set->options) || (set->probe = store_probe_new(&ignored));
}

void route_end(struct streams *set)
{
	store_probe_free(set->probe);
	set->probe = NULL;
}

size_t route_of_path(const struct streams *set, struct bytes target)
{
	const struct route *routes = set->options.routes;
	size_t best = set->options.route_count - 1;
	for (size_t i = 0; i + 1 < set->options.route_count; i++) {
		size_t len = routes[i].filter ? 0 : strlen(routes[i].path);
		if (len > strlen(routes[best].path) && target.len >= len &&
		    memcmp(target.at, routes[i].path, len) == 0 &&
		    (target.len == len || target.at[len] == '/' || target.at[len] == '?'))
			best = i;
	}
	return best;
}

/* What cannot be judged does not match, and the user is told. */
static bool matches(struct streams *set, const struct filter *f)
{
	struct error e;
	bool yes = false;
	if (!store_probe_matches(set->probe, f, &yes, &e))
		set->events->on_trouble(set->user, e.text);
	return yes;
}

static const struct route_rule *first_match(struct streams *set, const struct route_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++)
		if (matches(set, rules->at[i].filter))
			return &rules->at[i];
	return NULL;
}

static const struct route_rule *find_skipped(struct streams *set)
{
	const struct session_options *o = &set->options;
	const struct route_rule *skipped = first_match(set, &o->skip);
	if (!skipped && o->only.count > 0 && !first_match(set, &o->only))
		skipped = &none_of_only;
	return skipped;
}

void route_choose(struct stream *st)
{
	struct streams *set = st->set;
	struct store_delivery d;
	struct error e;
	st->route = route_of_path(set, st->request.target);
	if (!set->probe || st->inbound == INBOUND_REFUSED)
		return;
	stream_describe(st, &d);
	if (!store_probe_put(set->probe, &d, &e)) {
		set->events->on_trouble(set->user, e.text);
		return;
	}
	st->skipped = find_skipped(set);
	for (size_t i = 0; !st->skipped && i < set->options.route_count; i++) {
		const struct route *r = &set->options.routes[i];
		if (r->filter && matches(set, r->filter)) {
			st->route = i;
			return;
		}
	}
}
