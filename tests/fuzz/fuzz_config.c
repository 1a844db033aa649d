/* A config file's bytes: whatever stands in it, a login sets its relay and token and changes nothing else. */
#include "client/options/config.h"
#include "shared/options/ini_file.h"

#include <stdlib.h>
#include <string.h>

#define RELAY "https://a.test"
#define TOKEN "creel_0123"
#define SECTION "token " RELAY

struct seen {
	struct buffer others; /* section, key and value of each line that is neither */
	char relay[64];
};

static bool on_key(void *user, const char *section, const char *key, const char *value, struct error *e)
{
	struct seen *s = user;
	(void)e;
	if (!*section && strcmp(key, "relay") == 0) {
		memset(s->relay, 0, sizeof s->relay);
		strncpy(s->relay, value, sizeof s->relay - 1);
		return true;
	}
	return strcmp(section, SECTION) == 0 || buffer_printf(&s->others, "%s\n%s\n%s\n", section, key, value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes old = bytes_make(data, size), token;
	struct seen before = { .relay = "" }, after = { .relay = "" };
	struct buffer text = { 0 };
	struct error e;
	if (size > INI_FILE_MOST || memchr(data, 0, size)) /* is not read at all */
		return 0;
	bool was_fine = ini_file_parse("x", old, on_key, &before, &e);
	(void)config_find_token(old, RELAY, &token);
	if (!config_write_login(old, RELAY, TOKEN, &text))
		abort();
	if (!config_find_token(buffer_view(&text), "wss://a.test/", &token) || !bytes_equal(token, bytes_of(TOKEN)))
		abort();
	bool is_fine = ini_file_parse("x", buffer_view(&text), on_key, &after, &e);
	if (was_fine && (!is_fine || strcmp(after.relay, RELAY) != 0 ||
			 !bytes_equal(buffer_view(&before.others), buffer_view(&after.others))))
		abort();
	buffer_free(&text);
	buffer_free(&before.others);
	buffer_free(&after.others);
	return 0;
}
