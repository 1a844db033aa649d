#include "client/web_views/web_outcome.h"

#include <stdio.h>

#include "shared/http/http_phrase.h"

static struct web_outcome word(const char *text, const char *kind, const char *sign)
{
	struct web_outcome o = { .kind = kind, .sign = sign, .reason = "" };
	snprintf(o.text, sizeof o.text, "%s", text);
	return o;
}

struct web_outcome web_outcome(const struct delivery_row *row)
{
	static const char *const kinds[] = { "ow", "ow", "o2", "o3", "o4", "o5" };
	static const char *const signs[] = { "sw", "sw", "s2", "s3", "s4", "s5" };
	switch (row->state) {
	case DELIVERY_WAITING:
		return word("wait", "ow", "sw");
	case DELIVERY_SENDING:
		return word("send", "ow", "sd");
	case DELIVERY_HELD:
		return word("HELD", "ow", "sh");
	case DELIVERY_REFUSED:
		return word("refused", "ow", "sr");
	case DELIVERY_DELIVERED:
	case DELIVERY_FAILED:
		break;
	}
	if (row->timed_out)
		return word("TIME", "o6", "s7");
	if (row->broke_off || row->status == 0)
		return word("ERR", "o6", "s6");
	int class = row->status > 0 && row->status < 600 ? row->status / 100 : 0;
	struct web_outcome o = { .kind = kinds[class], .sign = signs[class], .reason = http_phrase(row->status) };
	snprintf(o.text, sizeof o.text, "%d", row->status);
	return o;
}

json_t *web_verdict_json(struct bytes signature)
{
	static const struct {
		const char *signature, *sign, *kind, *text;
	} all[] = { { "valid", "sv", "o2", "signature valid" },
		    { "invalid", "sb", "o4", "bad signature" },
		    { "none", "sn", "ow", "not signed" },
		    { "", "sn", "ow", "signature not checked" } };
	size_t i = 0;
	while (*all[i].signature && !bytes_equal(signature, bytes_of(all[i].signature)))
		i++;
	return json_pack("{s:s, s:s, s:s}", "sign", all[i].sign, "kind", all[i].kind, "text", all[i].text);
}
