#include "client/signing/verified_json.h"

#include "client/json/json_fields.h"

json_t *verified_json(int64_t id, const struct verified *v)
{
	const struct signature_result *r = &v->result;
	char event[UUID_TEXT_LEN + 1];
	struct json_fields o = json_fields_begin(NULL);
	bool valid = r->verdict == SIGNATURE_VALID;
	uuid_format(v->event_id, event);
	json_fields_number(&o, "id", id);
	json_fields_text(&o, "event_id", bytes_of(event));
	json_fields_text_or_null(&o, "provider", bytes_of(v->provider));
	json_fields_text(&o, "signature", bytes_of(signature_verdict_name(r->verdict)));
	json_fields_text_or_null(&o, "reason", bytes_of(valid ? "" : signature_reason_name(r->reason)));
	json_fields_text_or_null(&o, "why", bytes_of(valid ? "" : r->text));
	json_fields_put(&o, "age_s", r->has_age ? json_integer(r->age) : json_null());
	json_fields_text_or_null(&o, "scheme", bytes_of(v->scheme));
	json_fields_time(&o, "judged_at", (uint64_t)v->judged_at * 1000000);
	return json_fields_end(&o);
}
