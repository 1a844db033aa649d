/* A request as text: what is read and written again is read as the same; errors name a line. */
#include <stdlib.h>
#include <string.h>

#include "shared/http/headers.h"
#include "shared/http/http_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer headers = { 0 }, again = { 0 }, text = { 0 };
	struct http_text t, back;
	struct error e;
	int line = 0;
	if (!http_text_read(bytes_make(data, size), &t, &headers, &line, &e)) {
		if (line < 1 || strncmp(e.text, "line ", 5) != 0)
			abort();
	} else {
		if (!headers_valid(t.headers) || !headers_name_valid(t.method))
			abort();
		/* A body is not taken for the name of a file when it is written as one. */
		if (http_text_write(&text, &t) &&
		    (!http_text_read(buffer_view(&text), &back, &again, NULL, &e) ||
		     !bytes_equal(t.method, back.method) || !bytes_equal(t.target, back.target) ||
		     !bytes_equal(t.headers, back.headers) || !bytes_equal(t.body, back.body) ||
		     !bytes_equal(t.body_file, back.body_file)))
			abort();
	}
	buffer_free(&headers);
	buffer_free(&again);
	buffer_free(&text);
	return 0;
}
