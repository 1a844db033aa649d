/* Finding a tunnel by the path or the host of a request. */
#include "relay/names/router.h"
#include "tests/unit/unit.h"

static bool finds(struct router *r, const char *host, const char *target, const char *prefix, const char *rest)
{
	struct route route;
	if (!router_find(r, bytes_of(host), bytes_of(target), &route))
		return false;
	bool same = bytes_equal(route.prefix, bytes_of(prefix)) && bytes_equal(route.target, bytes_of(rest));
	free(route.spare);
	return same;
}

static void test_router(void **state)
{
	struct router *paths = router_new(NULL), *hosts = router_new("hooks.example.com");
	struct tunnel *t = (struct tunnel *)(void *)paths;
	char name[TUNNEL_NAME_MAX + 1];
	(void)state;
	assert_true(router_hold(paths, "shop", t));
	assert_true(finds(paths, "", "/shop/a%2Fb?x", "/shop", "/a%2Fb?x"));
	assert_true(finds(paths, "", "/shop", "/shop", "/"));
	assert_true(finds(paths, "", "/shop?x=1", "/shop", "/?x=1"));
	assert_true(finds(paths, "", "/shop//a", "/shop", "//a"));
	struct route known;
	assert_false(finds(paths, "", "/shopping", "", ""));
	assert_true(router_know(paths, "shopping") && router_know(paths, "shop"));
	assert_true(router_find(paths, bytes_of(""), bytes_of("/shopping/x"), &known) && !known.holder);
	assert_true(bytes_equal(known.name, bytes_of("shopping")));
	assert_true(router_find(paths, bytes_of(""), bytes_of("/shop/x"), &known) && known.holder == t);
	assert_false(finds(paths, "", "/", "", ""));
	assert_true(router_hold(hosts, "shop", t));
	assert_true(finds(hosts, "Shop.Hooks.example.com:8443", "/shop/x", "", "/shop/x"));
	assert_false(finds(hosts, "shop.evilhooks.example.com.evil", "/", "", ""));
	assert_false(finds(hosts, "hooks.example.com", "/", "", ""));
	assert_true(router_make_name(name) && strlen(name) == 20 && router_name_valid(bytes_of(name)));
	assert_false(router_name_valid(bytes_of("-a")) || router_name_valid(bytes_of("A")) ||
		     router_name_valid(bytes_of("")));
	router_free(paths);
	router_free(hosts);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_router),
	};
	return RUN(tests);
}
