/* A store in a folder of its own, for the tests of the store. */
#pragma once

#include <sys/stat.h>
#include <unistd.h>

#include "shared/store/store_private.h"
#include "tests/unit/unit.h"

static char folder[64], path[128];

static inline int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/creel-store-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/sub/creel.db", folder);
	return 0;
}

static inline int remove_folder(void **state)
{
	char command[200];
	(void)state;
	snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", folder, folder);
	return system(command);
}

static inline struct store_delivery sample(uint8_t n)
{
	struct store_delivery d = {
		.received_at_us = 1795438954000000u + n,
		.reached_at_us = 1795438954000900u + n,
		.state = DELIVERY_SENDING,
		.has_body = true,
		.tunnel = bytes_of("dev"),
		.method = bytes_of("POST"),
		.target = bytes_of("/hooks?a=1"),
		.prefix = bytes_of("/dev"),
		.peer = bytes_of("127.0.0.1:9"),
		.headers = bytes_of("Host: x\r\nX-Bin: \xff\r\n"),
		.body = bytes_make("a\0b", 3),
		.body_size = 3,
	};
	memset(d.event_id, n, UUID_LEN);
	return d;
}

static inline struct store *open_store(void)
{
	struct store *s;
	struct error e;
	if (!store_open(&s, path, STORE_READ_WRITE, &e))
		fail_msg("%s", e.text);
	return s;
}

static inline int64_t insert(struct store *s, uint8_t n, bool *duplicate)
{
	struct store_delivery d = sample(n);
	struct error e;
	int64_t id;
	assert_true(store_batch_ops.begin(s, &e));
	if (!store_insert_delivery(s, &d, &id, duplicate, &e))
		fail_msg("%s", e.text);
	assert_true(store_batch_ops.commit(s, &e));
	return id;
}

#define IN_FOLDER(t) cmocka_unit_test_setup_teardown(t, make_folder, remove_folder)
