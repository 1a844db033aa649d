/* The options of curl(1) that change what is sent. Pure. */
#pragma once

#include "shared/base/bytes.h"

enum curl_option {
	CURL_NONE, /* it changes nothing of the request */
	CURL_UNKNOWN,
	CURL_REQUEST,
	CURL_HEADER,
	CURL_DATA, /* -d: a file's line breaks go */
	CURL_DATA_RAW,
	CURL_DATA_BINARY,
	CURL_DATA_URLENCODE,
	CURL_JSON,
	CURL_FORM,
	CURL_FORM_STRING,
	CURL_USER,
	CURL_BEARER,
	CURL_AGENT,
	CURL_REFERER,
	CURL_COOKIE,
	CURL_HEAD,
	CURL_GET,
	CURL_URL,
	CURL_URL_QUERY,
	CURL_UPLOAD,
	CURL_COMPRESSED,
	CURL_GLOBOFF,
	CURL_PATH_AS_IS,
	CURL_TARGET,
	CURL_NEXT,
};

/* By "request" for --request. *takes_value says whether a value follows. */
enum curl_option curl_option_long(struct bytes name, bool *takes_value);
/* By 'X' for -X. */
enum curl_option curl_option_short(char letter, bool *takes_value);
