/* What of a delivery is copied. */
#pragma once

enum copy_what {
	COPY_URL,
	COPY_CURL,
	COPY_CURL_SECRETS,
	COPY_BODY,
	COPY_HEADERS,
	COPY_RAW,
	COPY_VALUE,
	COPY_PATH,
	COPY_ID,
};
