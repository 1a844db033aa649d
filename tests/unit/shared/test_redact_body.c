/* What is taken out of bodies, how what is left looks, and what stays. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "shared/redact/redact.h"
#include "tests/unit/unit.h"

static struct bytes view(const char *text)
{
	return text ? bytes_of(text) : bytes_of("");
}

static struct buffer body_of(struct redaction *r, const char *type, const char *in)
{
	struct buffer out = { 0 };
	char headers[200];
	bool decoded, replaced;
	snprintf(headers, sizeof headers, "Content-Type: %s\r\n", type);
	assert_true(redact_body(r, type ? bytes_of(headers) : bytes_of(""), view(in), &out, &decoded, &replaced));
	assert_true(buffer_put_u8(&out, 0));
	return out;
}

static void test_bodies(void **state)
{
	static const struct {
		const char *type, *in, *out; /* out NULL: unchanged */
	} cases[] = {
		/* JSON: the form stays */
		{ "application/json", "{ \"amount\": 1200,\n\t\"api_key\" : \"hunter2hunter2\", \"id\":\"evt_1\" }",
		  "{ \"amount\": 1200,\n\t\"api_key\" : \"REDACTEDxxxxxx\", \"id\":\"evt_1\" }" },
		{ "application/json", "{\"password\":\"\",\"pin\":4711,\"secret\":null,\"has_token\":true}",
		  "{\"password\":\"\",\"pin\":1000,\"secret\":null,\"has_token\":true}" },
		{ "application/json", "{\"token\":-12.5e3,\"token\":\"a\",\"token\":\"b\"}",
		  "{\"token\":-10.0e0,\"token\":\"REDACTED\",\"token\":\"REDACTED\"}" },
		{ "application/json", "{\"\\u0070assword\":\"hunter2\"}", "{\"\\u0070assword\":\"REDACTED\"}" },
		{ "application/json", "{\"credentials\":{\"user\":\"me\",\"more\":[\"abcdefgh12\",7]}}",
		  "{\"credentials\":{\"user\":\"REDACTED\",\"more\":[\"REDACTEDxx\",0]}}" },
		{ "application/json", "{\"tokens\":[\"a1\",\"b2\"],\"usage\":{\"total_tokens\":311,\"max_tokens\":12}}",
		  "{\"tokens\":[\"REDACTED\",\"REDACTED\"],\"usage\":{\"total_tokens\":311,\"max_tokens\":12}}" },
		{ "application/json",
		  "{\"text\":\"{\\\"inner\\\":{\\\"client_secret\\\":\\\"hunter2\\\"},\\\"n\\\":1}\"}",
		  "{\"text\":\"{\\\"inner\\\":{\\\"client_secret\\\":\\\"REDACTED\\\"},\\\"n\\\":1}\"}" },
		{ "application/json", "{\"url\":\"https://me:pw@host.test/a?b=1&access_token=hunter2#x\"}",
		  "{\"url\":\"https://REDACTED:REDACTED@host.test/a?b=1&access_token=REDACTED#x\"}" },
		{ "application/json",
		  "{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"hunter2\"},{\"name\":\"USER\",\"value\":\"me\"}]}",
		  "{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"REDACTED\"},{\"name\":\"USER\",\"value\":\"me\"}]"
		  "}" },
		{ "application/json", "[[\"Authorization\",\"Bearer abc\"],[\"Accept\",\"*/*\"]]",
		  "[[\"Authorization\",\"REDACTEDxx\"],[\"Accept\",\"*/*\"]]" },
		{ "application/json", "{\"message\":{\"data\":\"eyJ0b2tlbiI6Imh1bnRlcjIifQ==\"}}",
		  "{\"message\":{\"data\":\"eyJ0b2tlbiI6IlJFREFDVEVEIn0=\"}}" },
		{ "application/json",
		  "{\"signature\":{\"timestamp\":\"1529006854\",\"token\":\"abc\",\"signature\":\"d2f6\"}}",
		  "{\"signature\":{\"timestamp\":\"1529006854\",\"token\":\"REDACTED\",\"signature\":\"REDACTED\"}}" },
		{ "application/json", "{\"ghp_0123456789abcdef0123456789abcdef0123\":1}",
		  "{\"ghp_REDACTED****************************\":1}" },
		{ NULL, "{\"a\":1}\n{\"pwd\":\"hunter2\"}\n", "{\"a\":1}\n{\"pwd\":\"REDACTED\"}\n" },
		/* JSON that is none: cut off */
		{ "application/json",
		  "{\"a\":{\"password\": \"hunter2\",\"n\":", "{\"a\":{\"password\": \"REDACTED\",\"n\":" },
		{ "application/json", "{\"password\":\"hunt", "{\"password\":\"REDACTED" },
		{ "application/json", "{\"log\":\"{\\\"token\\\":\\\"hunter2\\\",\\\"b\\\":1",
		  "{\"log\":\"{\\\"token\\\":\\\"REDACTED\\\",\\\"b\\\":1" },
		{ "application/json",
		  "{\"a\":[{\"name\":\"pw\",\"value\":\"hunter2\"},{\"n\":\"eyJ0b2tlbiI6Imh1bnRlcjIifQ==\"},{\"id",
		  "{\"a\":[{\"name\":\"pw\",\"value\":\"REDACTED\"},{\"n\":\"eyJ0b2tlbiI6IlJFREFDVEVEIn0=\"},{\"id" },
		{ "application/json", "[{\"pin\":4711,\"token\":", "[{\"pin\":1000,\"token\":" },
		{ "application/json", "{\"token\":\"abcdefghij\\", "{\"token\":\"REDACTEDxx" },
		{ "application/json", "{\"a\":\"b\\\\\",\"token\":\"x\",", "{\"a\":\"b\\\\\",\"token\":\"REDACTED\"," },
		{ "application/json",
		  "{\"rawHeaders\":[\"Accept\",\"a\",\"Authorization\",\"hunter2\",\"Host\",\"b\"]}",
		  "{\"rawHeaders\":[\"Accept\",\"a\",\"Authorization\",\"REDACTED\",\"Host\",\"b\"]}" },
		{ "application/json",
		  "{\"argv\":[\"x\",\"--password\",\"hunter2\",\"--name\",\"me\"],\"f\":[\"token\",\"mail\",\"id\"]}",
		  "{\"argv\":[\"x\",\"--password\",\"REDACTED\",\"--name\",\"me\"],\"f\":[\"token\",\"mail\",\"id\"]"
		  "}" },
		{ NULL, "{}\n\"--password\"\n", NULL },
		{ "text/plain", "run: mysql --password hunter2 --user me --token \"a b\"",
		  "run: mysql --password REDACTED --user me --token \"REDACTED\"" },
		/* names in elements and attributes of their own */
		{ "text/xml",
		  "<dict><key>password</key>\n<string>hunter2</string><key>id</key><string>7</string></dict>",
		  "<dict><key>password</key>\n<string>REDACTED</string><key>id</key><string>7</string></dict>" },
		{ "text/xml", "<member><name>api_key</name><value><string>hunter2</string></value></member>",
		  "<member><name>api_key</name><value><string>REDACTED</string></value></member>" },
		{ "text/xml", "<param name=\"password\">hunter2</param><b id=\"token\">bold</b>",
		  "<param name=\"password\">REDACTED</param><b id=\"token\">bold</b>" },
		{ "text/xml", "<password><value>hunter2</value></password>",
		  "<password><value>REDACTED</value></password>" },
		{ "text/html", "<input type=\"password\" name=\"p\" value=\"hunter2\">",
		  "<input type=\"password\" name=\"p\" value=\"REDACTED\">" },
		{ "application/x-www-form-urlencoded", "a=1&r=https%253A%252F%252Fb.test%252F%253Ftoken%253Dhunter2",
		  "a=1&r=https%253A%252F%252Fb.test%252F%253Ftoken%253DREDACTED" },
		/* how the credentials are to be read stands before them */
		{ "text/plain", "curl -H 'Authorization: Bearer abcdefghi' https://a.test",
		  "curl -H 'Authorization: REDACTEDxxxxxxxx' https://a.test" },
		{ "text/plain", "sent authorization=Token abcdefgh to it", "sent authorization=REDACTEDxxxxxx to it" },
		{ "text/plain", "the auth: basic, then on", "the auth: REDACTED, then on" },
		/* parts whose names are written in other ways */
		{ "multipart/form-data; boundary=B",
		  "--B\r\nContent-Disposition: form-data; name*=utf-8''pass%77ord\r\n\r\nhunter2\r\n--B--\r\n",
		  "--B\r\nContent-Disposition: form-data; name*=utf-8''pass%77ord\r\n\r\nREDACTED\r\n--B--\r\n" },
		{ "multipart/form-data; boundary=B",
		  "--B\r\nContent-Disposition: form-data;\r\n name=\"password\"\r\n\r\nhunter2\r\n--B--\r\n",
		  "--B\r\nContent-Disposition: form-data;\r\n name=\"password\"\r\n\r\nREDACTED\r\n--B--\r\n" },
		{ "multipart/form-data",
		  "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nhunter2\r\n--B--\r\n",
		  "--B\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nREDACTED\r\n--B--\r\n" },
		/* parts that are coded for their transfer stay so; those with nothing in them as they were */
		{ "multipart/form-data; boundary=B",
		  "--B\r\nContent-Type: application/json\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
		  "eyJ0b2tlbiI6\r\nImh1bnRlcjIifQ==\r\n--B\r\nContent-Transfer-Encoding: "
		  "base64\r\n\r\naGk\r\n--B--\r\n",
		  "--B\r\nContent-Type: application/json\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
		  "eyJ0b2tlbiI6IlJFREFDVEVEIn0=\r\n--B\r\nContent-Transfer-Encoding: base64\r\n\r\naGk\r\n--B--\r\n" },
		{ "multipart/mixed; boundary=B",
		  "--B\nContent-Transfer-Encoding: quoted-printable\n\nK=C3=B6ln pass=\nword=3Dhunter2 =\nend=20\n--B\n"
		  "Content-Transfer-Encoding: quoted-printable\n\na=\nb\n--B--\n",
		  "--B\nContent-Transfer-Encoding: quoted-printable\n\nK=C3=B6ln password=3DREDACTED end=20\n--B\n"
		  "Content-Transfer-Encoding: quoted-printable\n\na=\nb\n--B--\n" },
		{ "multipart/mixed; boundary=B",
		  "--B\nContent-Disposition: form-data; name=token\nContent-Transfer-Encoding: "
		  "base64\n\naHVudGVyMg==\n--B--\n",
		  "--B\nContent-Disposition: form-data; name=token\nContent-Transfer-Encoding: "
		  "base64\n\nREDACTEDxxxx\n--B--\n" },
		/* forms */
		{ "application/x-www-form-urlencoded", "a=1&token=hunter2hunter2&user%5Bpassword%5D=x%26y&b=%20",
		  "a=1&token=REDACTEDxxxxxx&user%5Bpassword%5D=REDACTED&b=%20" },
		{ "application/x-www-form-urlencoded",
		  "payload=%7B%22token%22%3A%22hunter2%22%2C%22a%22%3A%22b+c%22%7D&x=1",
		  "payload=%7B%22token%22%3A%22REDACTED%22%2C%22a%22%3A%22b+c%22%7D&x=1" },
		{ NULL, "a=1&pass%77ord=hunter2", "a=1&pass%77ord=REDACTED" },
		/* text */
		{ "text/plain", "DB_PASSWORD=hunter2\nname: me\nApi-Key: two words\n",
		  "DB_PASSWORD=REDACTED\nname: me\nApi-Key: REDACTEDx\n" },
		{ "text/plain", "postgres://me:hunter2@db.test/x", "postgres://REDACTED:REDACTED@db.test/x" },
		{ "text/plain", "say Bearer abcdef0123456789 once", "say Bearer REDACTED******** once" },
		{ "text/plain", "Basic information, a basic authentication", NULL },
		/* XML and HTML */
		{ "text/xml", "<s:Envelope><wsse:Password Type=\"t\">hunter2</wsse:Password><n>1</n></s:Envelope>",
		  "<s:Envelope><wsse:Password Type=\"t\">REDACTED</wsse:Password><n>1</n></s:Envelope>" },
		{ "text/xml", "<a apiKey=\"hunter2\" n='1'/><Secret><![CDATA[hunter2]]></Secret>",
		  "<a apiKey=\"REDACTED\" n='1'/><Secret><![CDATA[REDACTED]]></Secret>" },
		{ "text/html",
		  "<input type=\"hidden\" name=\"csrf_token\" value=\"hunter2\"><input name=\"q\" value=\"x\">",
		  "<input type=\"hidden\" name=\"csrf_token\" value=\"REDACTED\"><input name=\"q\" value=\"x\">" },
		/* parts */
		{ "multipart/form-data; boundary=b1",
		  "--b1\r\nContent-Disposition: form-data; name=\"api_key\"\r\n\r\nhunter2\r\n--b1\r\n"
		  "Content-Disposition: form-data; name=\"f\"; filename=\"a.json\"\r\nContent-Type: "
		  "application/json\r\n\r\n"
		  "{\"token\":\"hunter2\",\"a\":1}\r\n--b1\r\nContent-Disposition: form-data; "
		  "name=\"n\"\r\n\r\n1\r\n--b1--\r\n",
		  "--b1\r\nContent-Disposition: form-data; name=\"api_key\"\r\n\r\nREDACTED\r\n--b1\r\n"
		  "Content-Disposition: form-data; name=\"f\"; filename=\"a.json\"\r\nContent-Type: "
		  "application/json\r\n\r\n"
		  "{\"token\":\"REDACTED\",\"a\":1}\r\n--b1\r\nContent-Disposition: form-data; "
		  "name=\"n\"\r\n\r\n1\r\n--b1--\r\n" },
		{ "multipart/mixed; boundary=\"b 1\"",
		  "--b 1\nContent-Disposition: form-data; name=\"api_key\"\n\nhunter2\n--b 1\n\ntoken=hunter2\n--b "
		  "1--\n",
		  "--b 1\nContent-Disposition: form-data; name=\"api_key\"\n\nREDACTED\n--b 1\n\ntoken=REDACTED\n--b "
		  "1--\n" },
		{ "text/event-stream", "data: eyJ0b2tlbiI6Imh1bnRlcjIifQ==\n\ndata: {\"token\":\"hunter2\"}\n\n",
		  "data: eyJ0b2tlbiI6IlJFREFDVEVEIn0=\n\ndata: {\"token\":\"REDACTED\"}\n\n" },
		{ "application/yaml", "db:\n  password: hunter2\n  - api_key: \"hunter2\"\n  port: 5\n",
		  "db:\n  password: REDACTED\n  - api_key: \"REDACTED\"\n  port: 5\n" },
		{ "application/json", "{\"query\":\"mutation { login(password: \\\"hunter2\\\", n: 1) }\"}",
		  "{\"query\":\"mutation { login(password: \\\"REDACTED\\\", n: 1) }\"}" },
		/* OAuth, and what is called alike */
		{ "application/json",
		  "{\"refresh\":\"hunter2hunter2\",\"refreshToken\":\"a\",\"user_code\":\"WDJB-MJHT\",\"id_token\":"
		  "\"b\","
		  "\"device_code\":\"c\",\"client_assertion\":\"d\",\"client_assertion_type\":\"urn\",\"code_"
		  "verifier\":\"e\"}",
		  "{\"refresh\":\"REDACTEDxxxxxx\",\"refreshToken\":\"REDACTED\",\"user_code\":\"REDACTEDx\",\"id_"
		  "token\":"
		  "\"REDACTED\",\"device_code\":\"REDACTED\",\"client_assertion\":\"REDACTED\",\"client_assertion_"
		  "type\":"
		  "\"urn\",\"code_verifier\":\"REDACTED\"}" },
		{ "application/json", "{\"code\":\"hunter2\",\"grant_type\":\"authorization_code\"}",
		  "{\"code\":\"REDACTED\",\"grant_type\":\"authorization_code\"}" },
		{ "application/json", "{\"state\":\"xyz\",\"code\":\"hunter2hunter2\"}",
		  "{\"state\":\"xyz\",\"code\":\"REDACTEDxxxxxx\"}" },
		{ "application/json", "{\"code\":\"4/0AX4XfWhQ9zR7tYb3LmN8pVcK2dSe\"}",
		  "{\"code\":\"REDACTEDxxxxxxxxxxxxxxxxxxxxxxx\"}" },
		{ "application/x-www-form-urlencoded", "code=hunter2&redirect_uri=x&user_code=WDJB-MJHT",
		  "code=REDACTED&redirect_uri=x&user_code=REDACTEDx" },
		{ "application/x-www-form-urlencoded", "code=SUMMER20&state=CA&assertion=hunter2",
		  "code=SUMMER20&state=CA&assertion=REDACTED" },
		{ "application/json",
		  "{\"code\":\"card_declined\",\"a\":{\"code\":\"US-CA-94107\",\"country\":\"US\"},\"b\":{\"code\":200,"
		  "\"state\":\"ok\"},"
		  "\"c\":{\"code\":\"94107\",\"state\":\"CA\"},\"refresh\":\"wait_for\",\"d\":{\"refresh\":\"2026-11-"
		  "29T08:00:00Z\"},"
		  "\"secretary\":\"Ann "
		  "Smith\",\"tokenizer\":\"cl100k_base\",\"salt_lake\":\"city\",\"authorization\":\"pending\"}",
		  NULL },
		{ "text/plain",
		  "authorization: pending\nsecretary: Ann\ntokenizer=cl100k_base\nsalt_lake: city\nrefresh: 30s\n",
		  NULL },
		{ "text/plain", "secretary_password: hunter2\nauthorization: hunter2\n",
		  "secretary_password: REDACTED\nauthorization: REDACTED\n" },
		/* users and passwords */
		{ "text/plain", "see //me:hunter2@a.test/x and https://me:p#ss/hunter2@a.test:80/x",
		  "see //REDACTED:REDACTED@a.test/x and https://REDACTED:REDACTEDxxxx@a.test:80/x" },
		{ "application/json", "{\"a\":\"//me:hunter2@a.test\",\"b\":[\"curl\",\"-u\",\"me:hunter2\"]}",
		  "{\"a\":\"//REDACTED:REDACTED@a.test\",\"b\":[\"curl\",\"-u\",\"REDACTEDxx\"]}" },
		{ "text/plain",
		  "curl -s -u me:hunter2 a.test; curl --user 'me:hunter 2' \\\n --proxy-user=me:hunter2 -ume:hunter2",
		  "curl -s -u REDACTEDxx a.test; curl --user 'REDACTEDxxx' \\\n --proxy-user=REDACTEDxx -uREDACTEDxx" },
		{ "text/plain", "docker run -u root:root -u 1000:1000; curl -u 10:10 -u $ME:$PW http://a.test:80/b@c",
		  NULL },
		{ "text/plain",
		  "machine a.test login me password hunter2\nmachine b.test\n  login me\n  password hunter2\ndefault "
		  "login x password hunter2",
		  "machine a.test login me password REDACTED\nmachine b.test\n  login me\n  password REDACTED\ndefault "
		  "login x password REDACTED" },
		{ "text/plain", "Your machine, then a login with a password later. // todo: me@a.test", NULL },
		/* YAML, TOML, properties */
		{ "application/yaml",
		  "db:\n  password:\n    hunter2\n  port: 5\n- token: |-\n    hunter2\n    hunter3\n  b: c\n",
		  "db:\n  password:\n    REDACTED\n  port: 5\n- token: |-\n    REDACTED\n    REDACTED\n  b: c\n" },
		{ "application/yaml",
		  "tokens:\n- hunter2\n- \"hunter3\"\nnames:\n- x\npassword: !!str &a >  # folded\n  hunter2\n\n  "
		  "hunter3\nend: 1",
		  "tokens:\n- REDACTED\n- \"REDACTED\"\nnames:\n- x\npassword: !!str &a >  # folded\n  REDACTED\n\n  "
		  "REDACTED\nend: 1" },
		{ "application/yaml",
		  "credentials:\n  user: me\n  more:\n    - hunter2\nauthorization:\n  pending\ntokens: [hunter2, "
		  "hunter3]\n",
		  "credentials:\n  user: REDACTED\n  more:\n    - REDACTED\nauthorization:\n  pending\ntokens: "
		  "[REDACTEDxxxxxxxx]\n" },
		{ "application/yaml",
		  "password:\nname: x\ntoken:\n\nmore: |\n  text of many\n  lines\npass:\n  count: 3\n", NULL },
		{ "text/plain", "log {\"tokens\":[\"hunter2\",\"b\"],\"c\":[\"d\"]}",
		  "log {\"tokens\":[\"REDACTEDxxx\"],\"c\":[\"d\"]}" },
		{ "application/toml", "password = '''hunter2'''\nsecret = \"\"\"\nhunter2\nhunter3\"\"\"\na = ''\n",
		  "password = '''REDACTED'''\nsecret = \"\"\"REDACTEDxxxxxxxx\"\"\"\na = ''\n" },
		{ "text/plain",
		  "spring.datasource.password\\=hunter2\nspring.datasource.user\\=me\na.secret\\: hunter2\n",
		  "spring.datasource.password\\=REDACTED\nspring.datasource.user\\=me\na.secret\\: REDACTED\n" },
		{ "application/json", "{\"text\":\"Click https://a.test/magic/aB3dE5fG7hJ9 now\"}",
		  "{\"text\":\"Click https://a.test/magic/REDACTED**** now\"}" },
		{ "text/plain",
		  "PuTTY-User-Key-File-2: ssh-rsa\r\nEncryption: none\r\nPublic-Lines: 1\r\nAAAAB3Nz\r\nPrivate-Lines: "
		  "2\r\n"
		  "AAAAgQC1hunter2\r\nq0hunter2==\r\nPrivate-MAC: 0a1b\r\n",
		  "PuTTY-User-Key-File-2: ssh-rsa\r\nEncryption: none\r\nPublic-Lines: 1\r\nAAAAB3Nz\r\nPrivate-Lines: "
		  "2\r\n"
		  "REDACTED********************\r\nPrivate-MAC: 0a1b\r\n" },
		{ "text/csv",
		  "id,password,\"api key\"\r\n1,hunter2,\"hunter2, \"\"x\"\"\"\r\n2,,k\r\n\"a\nb\",\"hunter2\",see "
		  "sk_test_abcdef\r\n",
		  "id,password,\"api "
		  "key\"\r\n1,REDACTED,\"REDACTEDxxxxxx\"\r\n2,,REDACTED\r\n\"a\nb\",\"REDACTED\","
		  "REDACTEDxxxxxxxxxx\r\n" },
		{ "text/csv", "id;token\n1;hunter2\n2;\"hunter2", "id;token\n1;REDACTED\n2;\"REDACTED" },
		{ "text/csv", "id;pin\n1;4711\n", "id;pin\n1;REDACTED\n" },
		{ "text/csv", "name,pass,fail,total_tokens\nsecretary,17,0,311\n", NULL },
		/* nothing in it */
		{ "application/json",
		  "{\"id\":\"in_1MtHbELkdIwHu7ixl4OzzPMv\",\"sha\":\"6113728f27ae82c7b1a177c8d03f9e96e0adf246\","
		  "\"author\":{\"name\":\"x\"},\"authorizations\":[{\"team_id\":\"T1\"}],\"secret_scanning\":{"
		  "\"status\":\"enabled\"},\"tokens_url\":\"https://a.test/"
		  "b\",\"key\":\"ISSUE-1\",\"pass\":17,\"token_type\":\"bot\",\"passenger\":\"y\",\"session\":{\"id\":"
		  "\"cs_1\"}}",
		  NULL },
		{ NULL, "", NULL },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct redaction r = { 0 };
		const char *expected = cases[i].out ? cases[i].out : cases[i].in;
		struct buffer out = body_of(&r, cases[i].type, cases[i].in);
		if (strcmp((const char *)out.at, expected) != 0)
			fail_msg("%s\nbecame   %s\nand not  %s", cases[i].in, (const char *)out.at, expected);
		assert_int_equal(r.total > 0, cases[i].out != NULL);
		/* What is redacted has nothing left in it. */
		struct redaction second = { 0 };
		struct buffer again = body_of(&second, cases[i].type, (const char *)out.at);
		if (second.total || strcmp((const char *)again.at, (const char *)out.at) != 0)
			fail_msg("%s\nbecame   %s", (const char *)out.at, (const char *)again.at);
		buffer_free(&again);
		buffer_free(&out);
	}
}

static void read_names(struct redact_names *names, const char *list)
{
	struct option_values values = { &list, 1 };
	struct error e;
	if (!redact_names_read(names, &values, &e))
		fail_msg("%s", e.text);
}

static void test_names(void **state)
{
	static const struct {
		const char *names, *type, *in, *out;
	} cases[] = {
		{ "email", "application/json", "{\"Email\":\"me@a.test\",\"a\":{\"email\":[\"x\",1]}}",
		  "{\"Email\":\"REDACTEDx\",\"a\":{\"email\":[\"REDACTED\",0]}}" },
		{ "json:data.customer.email", "application/json",
		  "{\"email\":\"a\",\"data\":[{\"customer\":{\"email\":\"b\"}}]}",
		  "{\"email\":\"a\",\"data\":[{\"customer\":{\"email\":\"REDACTED\"}}]}" },
		{ "a.b, c", "application/json", "{\"a\":{\"b\":\"x\"},\"b\":\"y\",\"C\":12}",
		  "{\"a\":{\"b\":\"REDACTED\"},\"b\":\"y\",\"C\":10}" },
		{ "query:email", "application/json", "{\"email\":\"a\"}", NULL },
		{ "form:email", "application/x-www-form-urlencoded", "email=a&b=1", "email=REDACTED&b=1" },
		{ "json:email", "application/x-www-form-urlencoded", "email=a&b=1", NULL },
		{ "email", "text/xml", "<email>me</email>", "<email>REDACTED</email>" },
		{ "who", "multipart/form-data; boundary=b",
		  "--b\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nme\r\n--b--",
		  "--b\r\nContent-Disposition: form-data; name=\"who\"\r\n\r\nREDACTED\r\n--b--" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct redact_names names;
		read_names(&names, cases[i].names);
		struct redaction r = { .names = &names };
		struct buffer out = body_of(&r, cases[i].type, cases[i].in);
		if (strcmp((const char *)out.at, cases[i].out ? cases[i].out : cases[i].in) != 0)
			fail_msg("%s: %s became %s", cases[i].names, cases[i].in, (const char *)out.at);
		buffer_free(&out);
		redact_names_free(&names);
	}
}

static void test_unseen(void **state)
{
	static const struct {
		const char *coding, *body;
		size_t len;
	} cases[] = {
		{ "zstd", "\x28\xb5\x2f\xfd\x04\x00hunter2", 13 },
		{ "x-mine", "\xff\xfehunter2", 9 },
		{ "gzip", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x4b\xff\xff", 13 },
		{ NULL, "PK\x03\x04hunter2", 11 },
		/* half a character at the end */
		{ NULL, "\xff\xfeh\0u\0n\0t\0e\0r\0", 13 },
		{ NULL, "{\0\"\0p\0w\0\"\0:\0\"\0h\0", 15 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct redaction r = { 0 };
		struct buffer out = { 0 };
		char headers[80];
		bool decoded, replaced;
		snprintf(headers, sizeof headers, "Content-Encoding: %s\r\n",
			 cases[i].coding ? cases[i].coding : "identity");
		assert_true(redact_body(&r, bytes_of(headers), bytes_make(cases[i].body, cases[i].len), &out, &decoded,
					&replaced));
		assert_true(replaced);
		assert_int_equal(r.counts[REDACT_BODY], 1);
		assert_memory_equal(out.at, "REDACTED: ", 10);
		assert_null(memmem(out.at, out.len, "hunter2", 7));
		buffer_free(&out);
	}
	/* Said to be coded, and plain text: it is looked into. */
	struct redaction r = { 0 };
	struct buffer out = { 0 };
	bool decoded, replaced;
	assert_true(redact_body(&r, bytes_of("Content-Encoding: gzip\r\n"), bytes_of("{\"pw\":\"hunter2\"}"), &out,
				&decoded, &replaced));
	assert_true(bytes_equal(buffer_view(&out), bytes_of("{\"pw\":\"REDACTED\"}")) && !decoded && !replaced);
	buffer_free(&out);
}

#define B(text)                                                                                                        \
	{                                                                                                              \
		(const uint8_t *)(text), sizeof(text) - 1                                                              \
	}

static void test_charsets(void **state)
{
	static const struct {
		const char *type;
		struct bytes in, out;
	} cases[] = {
		{ "text/plain; charset=utf-16", B("p\0w\0=\0h\0u\0n\0"), B("p\0w\0=\0R\0E\0D\0A\0C\0T\0E\0D\0") },
		{ "text/plain", B("\xfe\xff\0p\0w\0=\0h"), B("\xfe\xff\0p\0w\0=\0R\0E\0D\0A\0C\0T\0E\0D") },
		/* no letter of it is ASCII's before the secret */
		{ "text/plain; charset=utf-16be", B("\x65\xe5\x67\x2c\0 \0p\0w\0=\0h"),
		  B("\x65\xe5\x67\x2c\0 \0p\0w\0=\0R\0E\0D\0A\0C\0T\0E\0D") },
		{ "application/json", B("{\0\"\0\xe9\0\"\0:\0001\0}\0"), B("{\0\"\0\xe9\0\"\0:\0001\0}\0") },
		{ "text/plain; charset=utf-32le", B("p\0\0\0w\0\0\0=\0\0\0h\0\0\0"),
		  B("p\0\0\0w\0\0\0=\0\0\0R\0\0\0E\0\0\0D\0\0\0A\0\0\0C\0\0\0T\0\0\0E\0\0\0D\0\0\0") },
		/* the second byte of a character that looks like a backslash */
		{ "application/json; charset=Shift_JIS", B("{\"\x95\x5c\":1,\"pw\":\"h\"}"),
		  B("{\"\x95\x5c\":1,\"pw\":\"REDACTED\"}") },
		{ "application/json; charset=iso-8859-1", B("{\"\xe9\":1,\"pw\":\"\xe9\"}"),
		  B("{\"\xe9\":1,\"pw\":\"REDACTED\"}") },
		/* Bytes that the charset has not: read as they are. */
		{ "text/plain; charset=Shift_JIS", B("pw=hunter2 \xfd\xfe\xff"), B("pw=REDACTED \xfd\xfe\xff") },
		{ "text/plain; charset=x-nobodys", B("pw=hunter2 \xff"), B("pw=REDACTED \xff") },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct redaction r = { 0 };
		struct buffer out = { 0 };
		char headers[80];
		bool decoded, replaced;
		snprintf(headers, sizeof headers, "Content-Type: %s\r\n", cases[i].type);
		assert_true(redact_body(&r, bytes_of(headers), cases[i].in, &out, &decoded, &replaced));
		if (!bytes_equal(buffer_view(&out), cases[i].out) || replaced)
			fail_msg("%zu: %s: %.*s", i, cases[i].type, (int)out.len, (const char *)out.at);
		buffer_free(&out);
	}
}

/* The CPU time of taking secrets out of that many bytes made of the piece. */
static double time_of(const char *piece, size_t len)
{
	struct redaction r = { 0 };
	struct buffer in = { 0 }, out = { 0 };
	bool decoded, replaced;
	while (in.len < len)
		assert_true(buffer_append_text(&in, piece));
	assert_true(buffer_append_text(&in, "."));
	clock_t start = clock();
	assert_true(redact_body(&r, bytes_of(""), buffer_view(&in), &out, &decoded, &replaced));
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	buffer_free(&in);
	buffer_free(&out);
	return seconds;
}

/* What is slow for a search that looks back, in time that grows with its length alone. */
static void test_time(void **state)
{
	static const char *const pieces[] = { "eyJhbGciOi-",
					      "-----BEGIN ",
					      "password=",
					      "://a@b?",
					      "<password ",
					      "\"token\":\"",
					      "sk_live_",
					      "{\"a\":[",
					      "AKIA",
					      "SG.SG.SG.",
					      "whsec_",
					      "whsec_MfKQ9r8GKYqrTwjUPD8ILPZ/ya29.a0AfH6SMBx1234567890abcdef ",
					      "a.b-c_d",
					      "/reset/a",
					      "Private-Lines: 1\n",
					      "token:\n",
					      "token:\n ",
					      "token: |\n  token:\n",
					      "//a:b",
					      "curl -u ",
					      "tokens:['",
					      "password='''",
					      "machine a password ",
					      "Bearer ",
					      "<a name=\"token\"",
					      "{\"password\":\"x\"},",
					      "eyJhbGciOiJI.",
					      "\\\"\\\"token\\\"" };
	(void)state;
	/* Eight times as long takes about eight times the time, where a search that looked back would take 64 times.
	 * The machine may have had something else to do: the best of three counts. */
	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		double least = 1e9;
		for (int try = 0; try < 3 && least > 24; try++) {
			double little = time_of(pieces[i], (size_t)64 << 10);
			double ratio = time_of(pieces[i], (size_t)512 << 10) / (little > 0.001 ? little : 0.001);
			least = ratio < least ? ratio : least;
		}
		if (least > 24)
			fail_msg("%s: 512 KiB take %.0f times as long as 64 KiB", pieces[i], least);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bodies),   cmocka_unit_test(test_names), cmocka_unit_test(test_unseen),
		cmocka_unit_test(test_charsets), cmocka_unit_test(test_time),
	};
	return RUN(tests);
}
