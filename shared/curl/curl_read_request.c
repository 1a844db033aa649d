#include "shared/curl/curl_read_request.h"

#include <string.h>

#include "shared/syntax/multipart.h"
#include "shared/http/form.h"
#include "shared/http/headers.h"

static bool no_memory(struct error *e)
{
	return error_set(e, EXIT_STORE, "out of memory");
}

void curl_read_clear(struct curl_read *c)
{
	struct buffer *all[] = { &c->removed, &c->defaults, &c->query, &c->cookie, &c->form, &c->boundary };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		buffer_free(all[i]);
	draft_free(&c->draft);
	*c = (struct curl_read){ .sink = c->sink, .command = c->command };
}

static struct bytes trim(struct bytes b)
{
	while (b.len && (b.at[0] == ' ' || b.at[0] == '\t'))
		b = bytes_make(b.at + 1, b.len - 1);
	while (b.len && strchr(" \t\r\n", b.at[b.len - 1]) && b.at[b.len - 1])
		b.len--;
	return b;
}

/* ---- header fields ---- */

static bool is_removed(const struct curl_read *c, const char *name)
{
	for (size_t at = 0; at < c->removed.len; at += strlen((const char *)c->removed.at + at) + 1)
		if (bytes_equal_nocase(bytes_of((const char *)c->removed.at + at), name))
			return true;
	return false;
}

/* "Name: value"; "Name:" takes away what curl would add, "Name;" is an empty one. */
static bool add_header(struct curl_read *c, struct bytes text, struct error *e)
{
	struct bytes line = trim(text), name = bytes_until(line, ':');
	if (line.len && line.at[0] == '@')
		return error_set(e, EXIT_USAGE, "header fields in a file (-H @...) are not read");
	if (name.len == line.len) {
		if (!line.len || line.at[line.len - 1] != ';')
			return error_set(e, EXIT_USAGE, "-H takes Name: value");
		return draft_add_field(&c->draft, bytes_make(line.at, line.len - 1), bytes_of(""), e);
	}
	struct bytes value = trim(bytes_make(line.at + name.len + 1, line.len - name.len - 1));
	if (value.len)
		return draft_add_field(&c->draft, name, value, e);
	return (buffer_append_bytes(&c->removed, name) && buffer_put_u8(&c->removed, 0)) || no_memory(e);
}

static bool add_default(struct curl_read *c, const char *name, struct bytes value, struct error *e)
{
	if (draft_has_field(&c->draft, name) || is_removed(c, name))
		return true;
	if (!headers_value_valid(value))
		return error_set(e, EXIT_USAGE, "the value of %s holds control characters", name);
	return headers_append(&c->defaults, bytes_of(name), value) || no_memory(e);
}

/* ---- bodies ---- */

/* The contents of "@FILE", or of "@-" what the shell gives the command. */
static bool read_file(struct curl_read *c, struct bytes name, struct buffer *out, struct error *e)
{
	if (!bytes_equal(name, bytes_of("-")))
		return c->sink->beside(c->sink->user, name, out, e);
	if (c->command->input_file.len)
		return c->sink->beside(c->sink->user, buffer_view(&c->command->input_file), out, e);
	if (!c->command->has_input)
		return error_set(e, EXIT_USAGE, "its body comes from standard input, which is not in the file");
	return buffer_append_bytes(out, buffer_view(&c->command->input)) || no_memory(e);
}

static bool next_data(struct curl_read *c, struct error *e)
{
	bool first = !c->has_data;
	c->has_data = true;
	return first || buffer_put_u8(&c->draft.body, '&') || no_memory(e);
}

static bool add_data(struct curl_read *c, enum curl_option how, struct bytes value, struct error *e)
{
	struct buffer content = { 0 };
	bool is_file = how != CURL_DATA_RAW && value.len && value.at[0] == '@', fine = true;
	if (how == CURL_JSON)
		c->json = true;
	if (how == CURL_JSON ? (c->has_data = true, false) : !next_data(c, e))
		return false;
	if (!is_file)
		return buffer_append_bytes(&c->draft.body, value) || no_memory(e);
	fine = read_file(c, bytes_make(value.at + 1, value.len - 1), &content, e);
	for (size_t i = 0; fine && i < content.len; i++) {
		bool left_out = how == CURL_DATA && (content.at[i] == '\r' || content.at[i] == '\n' || !content.at[i]);
		fine = left_out || buffer_put_u8(&c->draft.body, content.at[i]) || no_memory(e);
	}
	buffer_free(&content);
	return fine;
}

/* "content", "=content", "name=content", "@file" or "name@file". */
static bool put_urlencoded(struct curl_read *c, struct bytes value, struct buffer *out, struct error *e)
{
	struct bytes name = bytes_until(value, '='), content;
	struct buffer file = { 0 };
	bool is_file = name.len == value.len && memchr(value.at, '@', value.len);
	if (is_file)
		name = bytes_until(value, '@');
	bool has_name = name.len < value.len;
	content = has_name ? bytes_make(value.at + name.len + 1, value.len - name.len - 1) : value;
	bool fine = !is_file || read_file(c, content, &file, e);
	if (is_file)
		content = buffer_view(&file);
	if (fine && has_name && name.len)
		fine = (buffer_append_bytes(out, name) && buffer_put_u8(out, '=')) || no_memory(e);
	fine = fine && (form_encode(content, FORM_UNRESERVED, out) || no_memory(e));
	buffer_free(&file);
	return fine;
}

static bool add_query(struct curl_read *c, struct bytes value, struct error *e)
{
	if (c->query.len && !buffer_put_u8(&c->query, '&'))
		return no_memory(e);
	if (value.len && value.at[0] == '+')
		return buffer_append(&c->query, value.at + 1, value.len - 1) || no_memory(e);
	return put_urlencoded(c, value, &c->query, e);
}

/* ---- -F ---- */

/* The part's value without ";type=text/plain;filename=x". */
static struct bytes cut_form_options(struct bytes value, struct multipart_part *part, struct error *e, bool *fine)
{
	struct bytes content = bytes_until(value, ';');
	struct bytes rest = bytes_make(value.at + content.len, value.len - content.len);
	while (*fine && rest.len) {
		struct bytes option = bytes_until(bytes_make(rest.at + 1, rest.len - 1), ';');
		rest = bytes_make(rest.at + 1 + option.len, rest.len - 1 - option.len);
		option = trim(option);
		if (option.len > 5 && memcmp(option.at, "type=", 5) == 0)
			part->type = bytes_make(option.at + 5, option.len - 5);
		else if (option.len > 9 && memcmp(option.at, "filename=", 9) == 0)
			part->file_name = bytes_make(option.at + 9, option.len - 9);
		else
			*fine = error_set(e, EXIT_USAGE, "an option of -F that creel does not know");
	}
	return content;
}

static struct bytes last_step(struct bytes path)
{
	for (size_t i = path.len; i > 0; i--)
		if (path.at[i - 1] == '/')
			return bytes_make(path.at + i, path.len - i);
	return path;
}

/* As curl guesses it by the name. */
static const char *type_of(struct bytes name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".gif", "image/gif" },       { ".jpg", "image/jpeg" },    { ".jpeg", "image/jpeg" },
		{ ".png", "image/png" },       { ".svg", "image/svg+xml" }, { ".txt", "text/plain" },
		{ ".htm", "text/html" },       { ".html", "text/html" },    { ".pdf", "application/pdf" },
		{ ".xml", "application/xml" },
	};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		size_t len = strlen(types[i].end);
		if (name.len > len && bytes_equal_nocase(bytes_make(name.at + name.len - len, len), types[i].end))
			return types[i].type;
	}
	return "application/octet-stream";
}

static bool add_form(struct curl_read *c, bool literal, struct bytes text, struct error *e)
{
	struct multipart_part part = { .name = bytes_until(text, '=') };
	struct buffer content = { 0 };
	bool fine = true;
	if (part.name.len == text.len)
		return error_set(e, EXIT_USAGE, "-F takes name=content");
	struct bytes value = bytes_make(text.at + part.name.len + 1, text.len - part.name.len - 1);
	bool file = !literal && value.len && (value.at[0] == '@' || value.at[0] == '<'),
	     named = file && value.at[0] == '@';
	if (!literal && value.len && (value.at[0] == '(' || value.at[0] == '"' || value.at[0] == '\''))
		return error_set(e, EXIT_USAGE, "-F with quotes or nested parts is not read");
	part.value = literal ? value : cut_form_options(value, &part, e, &fine);
	if (file)
		part.value = bytes_make(part.value.at + 1, part.value.len - 1);
	if (named && !part.file_name.len)
		part.file_name = last_step(part.value);
	if (named && !part.type.len)
		part.type = bytes_of(type_of(part.file_name));
	if (fine && file) {
		fine = read_file(c, part.value, &content, e);
		part.value = buffer_view(&content);
	}
	if (fine &&
	    !(multipart_can_name(part.name) && multipart_can_name(part.file_name) && headers_value_valid(part.type)))
		fine = error_set(e, EXIT_USAGE, "a name of -F holds quotes or control characters");
	if (fine && !c->boundary.len)
		fine = multipart_make_boundary(&c->boundary, text) || no_memory(e);
	fine = fine && (multipart_put(&c->form, buffer_view(&c->boundary), &part) || no_memory(e));
	c->has_form = true;
	buffer_free(&content);
	return fine;
}

/* ---- options ---- */

static bool add_cookie(struct curl_read *c, struct bytes value, struct error *e)
{
	if (!memchr(value.at, '=', value.len))
		return error_set(e, EXIT_USAGE, "cookies in a file (-b FILE) are not read");
	return (!c->cookie.len || buffer_append_text(&c->cookie, "; ")) && buffer_append_bytes(&c->cookie, value)
		   ? true
		   : no_memory(e);
}

static bool add_url(struct curl_read *c, struct bytes url, struct error *e)
{
	if (c->url_count == CURL_URLS_MOST)
		return error_set(e, EXIT_USAGE, "it has more than %d URLs", CURL_URLS_MOST);
	c->urls[c->url_count++] = url;
	return true;
}

bool curl_read_apply(struct curl_read *c, enum curl_option option, struct bytes value, struct error *e)
{
	switch (option) {
	case CURL_NONE:
	case CURL_UNKNOWN:
	case CURL_NEXT:
		return true;
	case CURL_REQUEST:
		c->draft.method.len = 0;
		return buffer_append_bytes(&c->draft.method, value) || no_memory(e);
	case CURL_HEADER:
		return add_header(c, value, e);
	case CURL_DATA:
	case CURL_DATA_RAW:
	case CURL_DATA_BINARY:
	case CURL_JSON:
		return add_data(c, option, value, e);
	case CURL_DATA_URLENCODE:
		return next_data(c, e) && put_urlencoded(c, value, &c->draft.body, e);
	case CURL_FORM:
	case CURL_FORM_STRING:
		return add_form(c, option == CURL_FORM_STRING, value, e);
	case CURL_USER:
		c->user = value;
		return true;
	case CURL_BEARER:
		c->bearer = value;
		return true;
	case CURL_AGENT:
		c->agent = value;
		c->has_agent = true;
		return true;
	case CURL_REFERER:
		c->referer = value;
		return true;
	case CURL_COOKIE:
		return add_cookie(c, value, e);
	case CURL_HEAD:
		c->head = true;
		return true;
	case CURL_GET:
		c->get = true;
		return true;
	case CURL_URL:
		return add_url(c, value, e);
	case CURL_URL_QUERY:
		return add_query(c, value, e);
	case CURL_UPLOAD:
		c->upload = c->has_data = true;
		return read_file(c, value, &c->draft.body, e);
	case CURL_COMPRESSED:
		c->compressed = true;
		return true;
	case CURL_GLOBOFF:
		c->glob_off = true;
		return true;
	case CURL_PATH_AS_IS:
		c->path_as_is = true;
		return true;
	case CURL_TARGET:
		c->target = value;
		return true;
	}
	return true;
}

/* ---- the request ---- */

static bool put_auth(struct curl_read *c, struct error *e)
{
	struct buffer value = { 0 };
	struct draft only = { 0 };
	struct bytes user = bytes_until(c->user, ':'), name, basic;
	size_t pos = 0;
	bool fine = true;
	if (c->bearer.len) {
		fine =
		    (buffer_append_text(&value, "Bearer ") && buffer_append_bytes(&value, c->bearer)) || no_memory(e);
		fine = fine && add_default(c, "Authorization", buffer_view(&value), e);
	} else if (c->user.len && user.len == c->user.len) {
		fine = error_set(e, EXIT_USAGE, "-u asks for the password: write -u user:password");
	} else if (c->user.len) {
		fine =
		    draft_add_basic(&only, user, bytes_make(c->user.at + user.len + 1, c->user.len - user.len - 1), e);
		if (fine && headers_next(buffer_view(&only.headers), &pos, &name, &basic))
			fine = add_default(c, "Authorization", basic, e);
	}
	draft_free(&only);
	buffer_free(&value);
	return fine;
}

static bool put_content_type(struct curl_read *c, struct error *e)
{
	struct buffer type = { 0 };
	bool fine = true;
	if (c->has_form) {
		fine = (buffer_append_text(&type, "multipart/form-data; boundary=") &&
			buffer_append_bytes(&type, buffer_view(&c->boundary))) ||
		       no_memory(e);
		if (fine && draft_has_field(&c->draft, "content-type"))
			fine = error_set(e, EXIT_USAGE,
					 "-F and a Content-Type of its own: curl adds a boundary at random");
		fine = fine && add_default(c, "Content-Type", buffer_view(&type), e);
	} else if (c->has_data && !c->get && !c->upload) {
		fine = add_default(c, "Content-Type",
				   bytes_of(c->json ? "application/json" : "application/x-www-form-urlencoded"), e);
	}
	buffer_free(&type);
	return fine;
}

/* The fields that curl makes, then those of -H. */
static bool put_fields(struct curl_read *c, struct error *e)
{
	bool fine = put_auth(c, e);
	if (fine && c->has_agent && c->agent.len)
		fine = add_default(c, "User-Agent", c->agent, e);
	fine = fine && add_default(c, "Accept", bytes_of(c->json ? "application/json" : "*/*"), e);
	if (fine && c->compressed)
		fine = add_default(c, "Accept-Encoding", bytes_of("deflate, gzip, br"), e);
	if (fine && c->referer.len)
		fine = add_default(c, "Referer", c->referer, e);
	if (fine && c->cookie.len)
		fine = add_default(c, "Cookie", buffer_view(&c->cookie), e);
	fine = fine && (buffer_append_bytes(&c->defaults, buffer_view(&c->draft.headers)) || no_memory(e));
	if (!fine)
		return false;
	if (!put_content_type(c, e))
		return false;
	c->draft.headers.len = 0;
	return buffer_append_bytes(&c->draft.headers, buffer_view(&c->defaults)) || no_memory(e);
}

static bool put_body(struct curl_read *c, struct error *e)
{
	struct draft *d = &c->draft;
	if (c->has_form && (c->has_data || c->get))
		return error_set(e, EXIT_USAGE, "-F and -d or -G in one command: curl sends one of them");
	if (c->has_form) {
		if (!multipart_end(&c->form, buffer_view(&c->boundary)))
			return no_memory(e);
		buffer_free(&d->body);
		d->body = c->form;
		c->form = (struct buffer){ 0 };
	}
	if (c->get && d->body.len) {
		bool fine = (!c->query.len || buffer_put_u8(&c->query, '&')) &&
			    buffer_append_bytes(&c->query, buffer_view(&d->body));
		d->body.len = 0;
		if (!fine)
			return no_memory(e);
	}
	d->has_body = c->has_form || (c->has_data && !c->get);
	if (!d->method.len)
		return buffer_append_text(&d->method, c->head       ? "HEAD"
						      : c->upload   ? "PUT"
						      : d->has_body ? "POST"
								    : "GET") ||
		       no_memory(e);
	return true;
}

static bool is_glob(struct bytes url)
{
	struct bytes rest = url;
	const uint8_t *scheme = url.len ? memmem(url.at, url.len, "://[", 4) : NULL;
	if (scheme)
		rest = bytes_make(scheme + 4, url.len - (size_t)(scheme + 4 - url.at));
	const uint8_t *bracket = scheme ? memchr(rest.at, ']', rest.len) : NULL;
	if (bracket)
		rest = bytes_make(bracket + 1, rest.len - (size_t)(bracket + 1 - rest.at));
	return rest.len && (memchr(rest.at, '{', rest.len) || memchr(rest.at, '[', rest.len));
}

static bool has_dots(struct bytes url)
{
	struct bytes path = bytes_until(bytes_until(url, '?'), '#');
	return path.len && (memmem(path.at, path.len, "/./", 3) || memmem(path.at, path.len, "/../", 4) ||
			    (path.len > 2 && memcmp(path.at + path.len - 2, "/.", 2) == 0) ||
			    (path.len > 3 && memcmp(path.at + path.len - 3, "/..", 3) == 0));
}

static bool put_url(struct curl_read *c, struct bytes url, struct error *e)
{
	struct draft *d = &c->draft;
	d->url.len = d->target.len = 0;
	if (!c->glob_off && is_glob(url))
		return error_set(e, EXIT_USAGE, "curl makes several URLs of [ ] and { } in it, unless -g is given");
	if (!c->path_as_is && has_dots(url))
		return error_set(e, EXIT_USAGE, "curl takes /./ and /../ out of its URL, unless --path-as-is is given");
	bool scheme = url.len && memmem(url.at, url.len, "://", 3), query = url.len && memchr(url.at, '?', url.len);
	if (c->upload && url.len && url.at[url.len - 1] == '/')
		return error_set(e, EXIT_USAGE, "curl adds the name of the file of -T to this URL");
	bool fine = (scheme || buffer_append_text(&d->url, "http://")) &&
		    buffer_append_bytes(&d->url, c->query.len ? bytes_until(url, '#') : url) &&
		    buffer_append_bytes(&d->target, c->target);
	if (fine && c->query.len)
		fine =
		    buffer_put_u8(&d->url, query ? '&' : '?') && buffer_append_bytes(&d->url, buffer_view(&c->query));
	return fine || no_memory(e);
}

/* One draft for each URL. */
bool curl_read_finish(struct curl_read *c, bool fine, const char *place, size_t *number, struct error *e)
{
	fine = fine && put_body(c, e) && put_fields(c, e);
	if (fine && !c->url_count)
		fine = error_set(e, EXIT_USAGE, "it has no URL");
	for (size_t i = 0; i < c->url_count || i == 0; i++) {
		bool good = fine && put_url(c, c->urls[i], e);
		if (!draft_take(&c->draft, good, ++*number, place, c->sink, e))
			return false;
		if (!good)
			return true;
	}
	return true;
}
