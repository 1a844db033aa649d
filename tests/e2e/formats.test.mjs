// creel import of what other tools write: each entry is converted exactly, or refused with its place and a reason. The
// files of tests/fixtures/formats have the shapes of the tools they are named after.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';

const FIXTURES = path.resolve(new URL('.', import.meta.url).pathname, '../fixtures/formats');
const FORM = ['Content-Type', 'application/x-www-form-urlencoded'];
const JSON_TYPE = ['Content-Type', 'application/json'];
const MULTIPART = '--XyZ\r\nContent-Disposition: form-data; name="note"\r\n\r\ngröße\r\n--XyZ\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\nContent-Type: text/csv\r\n\r\na,b\r\n\r\n--XyZ--\r\n';

// file: what is printed, and of each delivery [received at, method, target, header fields, body, status, the answer's
// header fields, the answer's body].
const HARS = {
	'chrome.har': ['3 deliveries imported, 2 that are not HTTP left out', [
		['2026-11-20T09:00:00.123456Z', 'POST', '/api/hooks?a=1&b=%20', [['Host', 'shop.test'], ['content-length', '17'], ['content-type', 'application/json']], '{"grüße": true}', 200,
			[['content-type', 'application/json'], ['set-cookie', 'a=1; Path=/'], ['set-cookie', 'b=2; HttpOnly'], ['content-length', '11']], '{"ok":true}'],
		['2026-11-20T09:00:01.000000Z', 'GET', '/logo.png', [['Host', 'shop.test']], '', 200, [['content-type', 'image/png']], '', { response_bytes: 2048 }],
		['2026-11-20T09:00:02.000000Z', 'POST', '/blocked', [['Host', 'shop.test'], ['Content-Type', 'text/plain']], 'abc', null],
	]],
	'firefox.har': ['3 deliveries imported', [
		['2026-11-20T09:00:00.500000Z', 'POST', '/form', [['Host', 'shop.test'], ['Accept-Encoding', 'gzip, deflate, br, zstd'], FORM, ['Content-Length', '13']], 'q=a+b&r=c%26d', 302,
			[['location', '/there'], ['set-cookie', 's=1'], ['set-cookie', 't=2']], ''],
		['2026-11-20T09:00:01.000000Z', 'GET', '/there', [['Host', 'shop.test']], '', 200, [['content-type', 'image/gif']], Buffer.from('R0lGOA==', 'base64')],
		['2026-11-20T09:00:02.000000Z', 'POST', '/unread', [['Host', 'shop.test'], ['Content-Length', '5']], '', 204, [], '', { request_bytes: 5 }],
	]],
	'safari.har': ['2 deliveries imported', [
		['2026-11-20T09:00:00.005000Z', 'POST', '/hook', [['Host', 'shop.test'], JSON_TYPE, ['Accept', '*/*'], ['Content-Length', '7']], '{"a":1}', 200, [JSON_TYPE], '{}'],
		['2026-11-20T09:00:01.000000Z', 'GET', '/style.css', [['Host', 'shop.test']], '', 304, [], '', { response_bytes: 0 }],
	]],
	'charles.har': ['1 delivery imported', [
		['2026-11-20T09:00:00.123000Z', 'POST', '/upload', [['Host', 'shop.test'], ['Content-Type', 'multipart/form-data; boundary=XyZ'], ['Content-Length', '175']], MULTIPART, 201, [['Content-Type', 'application/octet-stream']], Buffer.from([0, 255, 128])],
	]],
	'fiddler.har': ['1 delivery imported, 1 that is not HTTP left out', [
		['2026-11-20T09:00:00.123456Z', 'PUT', '/bin?id=7', [['Host', 'shop.test:8080'], ['Content-Type', 'application/octet-stream'], ['Content-Length', '3']], Buffer.from([0, 255, 128]), 200, [['Content-Type', 'text/plain'], ['Content-Length', '2']], 'ok'],
	]],
	'proxyman.har': ['1 delivery imported', [
		['2026-11-20T09:00:00.123456Z', 'POST', '/hook', [['Host', 'shop.test'], JSON_TYPE, ['Content-Length', '11']], '{"plain":1}', 404, [], ''],
	]],
	'mitmproxy.har': ['2 deliveries imported', [
		['2026-11-20T09:00:00.123456Z', 'POST', '/form?x=1', [['Host', 'shop.test'], FORM, ['Content-Length', '16']], 'a=b%20c&d=%C3%A9', 200, [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']], Buffer.from([0, 255, 128])],
		['2026-11-20T09:00:01.000000Z', 'POST', '/odd', [['Host', 'shop.test']], Buffer.from([0xff, 0x80]), 200, [], ''],
	]],
	'playwright.har': ['1 delivery imported', [
		['2026-11-20T09:00:00.123000Z', 'POST', '/api', [['Host', 'shop.test'], ['content-type', 'application/json']], '{"id":9007199254740993}', 200, [], ''],
	]],
	'insomnia.har': ['1 delivery imported', [
		['2026-11-20T09:00:00.000000Z', 'POST', '/hook?x=1+2', [['Host', 'localhost:3000'], ['User-Agent', 'insomnia/10.1.1'], FORM], 'q=a%26b%3Dc+d&%C3%A9=%25', 200, [], 'ok'],
	]],
	'loggerplusplus.har': ['1 delivery imported, 1 refused', [
		['2026-11-20T00:00:00.000000Z', 'POST', '/hook', [['Host', 'shop.test'], ['Content-Type', 'text/plain']], 'hi', 200, [], 'ok'],
	], [/entry 2 \(line 3\): "startedDateTime" is not a time .*names no time zone/]],
	'chrome-har.har': ['1 delivery imported', [
		['2026-11-20T09:00:00.500000Z', 'POST', '/hook', [['Host', 'shop.test'], JSON_TYPE], '{"b":2}', 200, [['set-cookie', 'a=1; Path=/'], ['set-cookie', 'b=2'], ['Content-Length', '0']], ''],
	]],
	'utf16.har': ['1 delivery imported', [
		['2026-11-20T09:00:00.000000Z', 'POST', '/16', [['Host', 'shop.test'], ['Content-Type', 'text/plain; charset=iso-8859-1'], ['Content-Length', '6']], Buffer.from('grüße!', 'latin1'), 200, [], ''],
	]],
	'odd.har': ['2 deliveries imported, 8 refused', [
		['2026-11-20T09:00:00.000000Z', 'POST', '/raw', [['Host', 'shop.test']], 'q=a%26b&r=1', null],
		['2026-11-20T04:00:08.500000Z', 'POST', '/last?a=b+c', [['Host', 'shop.test'], ['N', '12']], Buffer.from([0, 255]), null],
	], [
		/entry 2 \(line 3\): request\.postData\.params may be encoded already or not/,
		/entry 3 \(line 4\): request\.headers is not a list/,
		/entry 4 \(line 5\): request\.headers\[1\]: "value" is missing/,
		/entry 5 \(line 6\): request\.postData: the encoding 'rot13' is none that creel knows/,
		/entry 6 \(line 7\): request\.postData\.params\[0\] names a file whose contents are not in it/,
		/entry 7 \(line 8\): "startedDateTime" is not a time .*names no time zone/,
		/entry 8 \(line 9\): "startedDateTime" is not a time/,
		/entry 9 \(line 10\): request\.postData: "text" is not a text/,
	]],
};

const ANY = ['Accept', '*/*'];
const boundary = /boundary=(\S+)/;
const REQUESTS = {
	'requests.sh': ['7 deliveries imported, 3 refused', [
		[null, 'POST', '/api/hooks?a=1', [['Host', 'shop.test'], ['Accept-Encoding', 'deflate, gzip, br'], ['Cookie', 'sid=1; t=2'], ['accept', '*/*'], ['x-uni', 'grüße\''], FORM, ['Content-Length', '19']], '{"a":"it\'s \\u0021"}', null],
		[null, 'POST', '/x', [['Host', 'localhost:3000'], ['Authorization', 'Basic bWU6c2VjcmV0'], ['User-Agent', 'agent/1'], ANY, FORM, ['Content-Length', '9']], 'a=1&b=2 3', null],
		[null, 'POST', '/up', null, (d) => {
			const b = boundary.exec(d.request.headers.find(([n]) => n === 'Content-Type')[1])[1];
			return `--${b}\r\nContent-Disposition: form-data; name="name"\r\n\r\nvalue\r\n--${b}\r\nContent-Disposition: form-data; name="file"; filename="x.csv"\r\nContent-Type: text/csv\r\n\r\na,b\r\n\r\n--${b}--\r\n`;
		}, null],
		[null, 'POST', '/doc', [['Host', 'localhost'], ANY, FORM, ['Content-Length', '14']], '{"x": "$HOME"}', null],
		[null, 'GET', '/g?q=a%20b%26c', [['Host', 'localhost'], ANY], '', null],
		[null, 'PUT', '/j', [['Host', 'h'], ['Accept', 'application/json'], JSON_TYPE, ['Content-Length', '7']], '{"j":1}', null],
		[null, 'HEAD', '/head', [['Host', 'h'], ANY], '', null],
	], [/line 15: it has the variable \$BODY/, /line 17: curl's option --wat is none that creel knows/, /line 19: 'wget' is not a curl command/]],
	'requests.http': ['4 deliveries imported, 3 refused', [
		[null, 'POST', '/hooks/evt-7?a=1&b=x%20y', [['Host', 'localhost:3000'], JSON_TYPE, ['Authorization', 'Basic bWU6c2VjcmV0']], '{"id": "evt-7"}', null],
		[null, 'GET', '/only', [['Host', 'shop.test']], '', null],
		[null, 'POST', '/form', [['Host', 'localhost'], FORM], 'a=1&b=2', null],
		[null, 'POST', '/up', [['Host', 'localhost'], ['Content-Type', 'multipart/form-data; boundary=B']], '--B\r\nContent-Disposition: form-data; name="f"; filename="x.csv"\r\n\r\na,b\r\n\r\n--B--', null],
	], [/request 5 \(line 38\): the variable \{\{\$guid\}\} has no value in the file/, /request 6 \(line 42\): the body is in the file '\.\.\/\.\.\/etc\/passwd': only files in the folder/, /request 7 \(line 46\): a script before it may change the request/]],
};

const BEARER = ['Authorization', 'Bearer t0ken'];
const BASIC = ['Authorization', 'Basic bWU6cHc='];
const parts = (more) => (d) => more(boundary.exec(d.request.headers.find(([n]) => n === 'Content-Type')[1])[1]);
const COLLECTIONS = {
	'postman.json': ['5 deliveries imported, 3 refused', [
		[null, 'POST', '/old', [['Host', 'shop.test:8080'], BEARER], '', 201, [JSON_TYPE], '{"t": "{{left}}"}', { duration_ms: 12 }],
		[null, 'POST', '/hooks/7?a=1&c', null, '{"id": "evt_1"}', null],
		[null, 'POST', '/form', [['Host', 'shop.test'], BEARER, FORM, ['Content-Length', '15']], 'q=a%26b%3Dc%20d', null],
		[null, 'PUT', '/file', [['Host', 'shop.test'], ['Content-Type', 'text/csv'], BASIC, ['Content-Length', '5']], 'a,b\r\n', null],
		[null, 'GET', '/get', [['Host', 'shop.test'], BASIC], '', null],
	], [/item\[3\]: the variable \{\{elsewhere\}\} has no value in the file/, /item\[4\]: its auth of type 'oauth2' is made only when it is sent/, /item\[5\]: a script before it may change the request/]],
	'postman-2.0.json': ['1 delivery imported', [
		[null, 'POST', '/old', null, parts((b) => `--${b}\r\nContent-Disposition: form-data; name="n"\r\n\r\nv\r\n--${b}\r\nContent-Disposition: form-data; name="f"; filename="x.csv"\r\nContent-Type: text/csv\r\n\r\na,b\r\n\r\n--${b}--\r\n`), null],
	]],
	'insomnia-4.json': ['3 deliveries imported, 1 refused', [
		[null, 'POST', '/hooks/7?a=1%202', [['Host', 'localhost:3000'], JSON_TYPE, ['X-Name', 'grüße'], BEARER, ['Content-Length', '14']], '{"id":"evt_1"}', null],
		[null, 'POST', '/form', [['Host', 'localhost'], FORM, ['Content-Length', '15']], 'q=a%26b%3Dc%20d', null],
		[null, 'POST', '/up', null, parts((b) => `--${b}\r\nContent-Disposition: form-data; name="f"; filename="x.csv"\r\nContent-Type: application/octet-stream\r\n\r\na,b\r\n\r\n--${b}--\r\n`), null],
	], [/resources\[6\]: url: it has a template/]],
	'insomnia-5.yaml': ['2 deliveries imported, 1 refused', [
		[null, 'POST', '/hooks?n=007', [['Host', 'localhost:3000'], JSON_TYPE, ['X-Long', 'one two'], BASIC, ['Content-Length', '19']], '{\n  "id": "evt_1"\n}', null],
		[null, 'GET', '/plain', [['Host', 'localhost']], '', null],
	], [/collection\[2\]: a script before it may change the request/]],
	'charles.chlsj': ['2 deliveries imported, 1 that is not HTTP left out, 1 refused', [
		['2026-11-20T09:00:00.123000Z', 'POST', '/hook?a=1', [['Host', 'shop.test'], ['Content-Length', '7']], '{"a":1}', 200, [JSON_TYPE], '{}', { duration_ms: 77 }],
		['2026-11-20T09:00:01.000000Z', 'PUT', '/bin', [['Host', 'shop.test:8080']], Buffer.from([0, 255]), 204, [], ''],
	], [/entry 4: "start" is not a time/]],
};

describe('formats of other tools', () => {
	let w;
	const fixture = (name) => path.join(FIXTURES, name);
	const show = async (db, id) => JSON.parse((await w.creelOut(['show', String(id), '--json', '--db', db])).toString());
	const bytes = (m) => (m?.body_base64 !== undefined ? Buffer.from(m.body_base64, 'base64') : Buffer.from(m?.body ?? ''));

	// Imports a fixture into a record of its own and compares all of it.
	async function imports(file, [counts, deliveries, refusals = []]) {
		const db = `${w.fresh('formats')}.db`;
		const r = await w.creel(['import', file, '--keep-going', '--db', db]);
		assert.equal(r.text, `${counts}\n`, `${file}: ${r.err}`);
		assert.equal(r.code, refusals.length ? 1 : 0);
		const lines = r.err.split('\n').filter(Boolean);
		assert.equal(lines.length, refusals.length, r.err);
		refusals.forEach((words, i) => assert.match(lines[i], words));
		for (const [i, [at, method, target, headers, body, status, answered, answer, more = {}]] of deliveries.entries()) {
			const d = await show(db, i + 1);
			const place = `${file} ${i + 1}`;
			if (at) assert.equal(d.received_at, at, place);
			assert.deepEqual([d.method, d.target, d.status, d.origin], [method, target, status, 'import'], place);
			if (headers) assert.deepEqual(d.request.headers, headers, place);
			assert.deepEqual(bytes(d.request), Buffer.from(typeof body === 'function' ? body(d) : body), `${place}: ${bytes(d.request)}`);
			if (status) assert.deepEqual(d.response.headers, answered, place);
			if (status) assert.deepEqual(bytes(d.response), Buffer.from(answer), place);
			for (const [name, value] of Object.entries(more)) assert.equal(d[name], value, `${place}: ${name}`);
		}
		const again = await w.creel(['import', file, '--keep-going', '--json', '--db', db]);
		const sum = JSON.parse(again.text);
		assert.deepEqual([sum.imported, sum.known, sum.refused], [0, deliveries.length, refusals.length], `${file} once more`);
		if (!refusals.length) return;
		// Without --keep-going nothing at all.
		const other = `${w.fresh('formats')}.db`;
		const all = await w.creel(['import', file, '--db', other]);
		assert.deepEqual([all.code, all.text], [2, '']);
		assert.match(all.err, refusals[0]);
		assert.equal((await w.creelOut(['list', '--json', '--db', other])).toString(), '');
	}

	before(async () => {
		w = new World();
	});
	after(() => w?.close());

	for (const [file, expected] of Object.entries(REQUESTS)) it(`requests: ${file}`, () => imports(fixture(file), expected));

	for (const [file, expected] of Object.entries(COLLECTIONS)) it(`collections: ${file}`, () => imports(fixture(file), expected));

	it('a file that is cut off: with --keep-going what came before is imported', async () => {
		const whole = readFileSync(fixture('firefox.har'), 'utf8');
		const db = `${w.fresh('cut')}.db`;
		const cut = { input: whole.slice(0, whole.indexOf('/unread')) };
		const none = await w.creel(['import', '-', '--db', db], cut);
		assert.deepEqual([none.code, none.text], [2, '']);
		const r = await w.creel(['import', '-', '--keep-going', '--db', db], cut);
		assert.deepEqual([r.code, r.text], [1, '2 deliveries imported, 1 refused\n'], r.err);
		assert.match(r.err, /line \d+: the file ends too early/);
	});

	it('a signature over the URL holds after NDJSON and HAR: the prefix goes with it', async () => {
		const [url, params, secret] = ['https://hooks.test/shop/sms', { Body: 'hi', From: '+1' }, 'twilio-secret-of-mine'];
		const signed = url + Object.keys(params).sort().map((name) => name + params[name]).join('');
		const signature = createHmac('sha1', secret).update(signed).digest('base64');
		const db = `${w.fresh('signed')}.db`;
		const line = JSON.stringify({ received_at: '2026-11-23T13:42:34Z', event_id: '019ab12c-4d5e-7f3a-8b6c-000000000001', method: 'POST', prefix: '/shop', target: '/sms', https: true, provider: 'twilio',
			request: { headers: [['Host', 'hooks.test'], FORM, ['X-Twilio-Signature', signature]], body: new URLSearchParams(params).toString() } });
		assert.equal((await w.creel(['import', '-', '--db', db], { input: line })).code, 0);
		const file = w.path('secret');
		writeFileSync(file, secret);
		for (const format of ['ndjson', 'har']) {
			const again = `${w.fresh('signed')}.db`;
			assert.equal((await w.creel(['import', '-', '--db', again], { input: await w.creelOut(['export', '1', '--format', format, '--db', db]) })).code, 0);
			for (const of of [db, again]) {
				const r = await w.creel(['verify', '1', '--secret', `twilio=@${file}`, '--db', of]);
				assert.equal(r.code, 0, `${format}: ${r.text}${r.err}`);
				assert.match(r.text, /valid/);
			}
		}
	});

	it('a head that clients would read as syntax is refused, where it cannot be written otherwise', async () => {
		const db = `${w.fresh('head')}.db`;
		const line = (n, target, headers) => JSON.stringify({ received_at: '2026-11-23T13:42:34Z', event_id: `019ab12c-4d5e-7f3a-8b6c-00000000000${n}`, method: 'POST', target, request: { headers, body: 'x' } });
		assert.equal((await w.creel(['import', '-', '--db', db], { input: [line(1, '/{{a}}', []), line(2, '/', [['X-Template', '{{v}}']])].join('\n') })).code, 0);
		for (const [id, format, code] of [['1', 'http', 2], ['2', 'http', 2], ['2', 'postman', 2], ['2', 'insomnia', 2], ['1', 'postman', 0], ['1', 'curl', 0], ['2', 'har', 0]]) {
			const r = await w.creel(['export', id, '--format', format, '--db', db]);
			assert.equal(r.code, code, `${id} ${format} ${r.err}`);
			if (code) assert.match(r.err, new RegExp(`delivery ${id} has \\{\\{ or \\{% in its target or a header field, which other clients replace`));
		}
	});

	it('of several one that the format cannot hold is told, the others are written', async () => {
		const db = `${w.fresh('several')}.db`;
		const line = (n, headers, body = { body: 'x' }) => JSON.stringify({ received_at: `2026-11-23T13:42:3${n}.123456Z`, event_id: `019ab12c-4d5e-7f3a-8b6c-00000000000${n}`, method: 'POST', target: `/${n}`, request: { headers, ...body } });
		const bad = Buffer.from('X-A: \xff\r\n', 'latin1').toString('base64');
		const lines = [line(1, []), line(2, [['X-Template', '{{v}}']]), line(3, [], { headers_base64: bad, body: 'y' }), line(4, [], { body_base64: 'AP8=' }), line(5, [['Content-Type', 'application/json']], { body: '{"a":1}' })];
		assert.equal((await w.creel(['import', '-', '--db', db], { input: lines.join('\n') })).code, 0);
		const ids = (text) => text.split('\n').filter(Boolean).map((l) => [JSON.parse(l).target, JSON.parse(l).event_id, JSON.parse(l).received_at]);
		const all = ids((await w.creelOut(['export', 'id:1..', '--format', 'ndjson', '--db', db])).toString());
		for (const [format, end, written] of [['postman', 'postman_collection.json', [0, 2, 3, 4]], ['insomnia', 'insomnia.json', [0, 3, 4]], ['http', 'http', [0, 2, 3, 4]]]) {
			const file = `${w.fresh('several')}.${end}`, again = `${w.fresh('again')}.db`;
			const r = await w.creel(['export', 'id:1..', '-o', file, '--to', '3000', '--db', db]);
			assert.equal(r.code, 1, r.err);
			assert.match(r.err, /^creel: delivery 2 has \{\{/m);
			assert.ok(r.err.endsWith(`creel: ${written.length} deliveries exported to ${file}, ${5 - written.length} refused\n`), r.err);
			assert.equal((await w.creel(['import', file, '--db', again])).text, `${written.length} deliveries imported\n`);
			const got = ids((await w.creelOut(['export', 'id:1..', '--format', 'ndjson', '--db', again])).toString());
			assert.deepEqual(got.map(([target]) => target), written.map((i) => all[i][0]));
			// A .http file has no place for an id.
			if (format !== 'http') {
				assert.deepEqual(got, written.map((i) => all[i]), format);
				assert.equal((await w.creel(['import', file, '--db', db])).text, `0 deliveries imported, ${written.length} were on record already\n`);
			}
			const out = await w.creel(['export', 'id:2..4', '--format', format, '--to', '3000', '--db', db]);
			assert.equal(out.code, format === 'insomnia' ? 2 : 1, out.err);
			assert.match(out.err, /the body of delivery 4 is not text .* -o/);
			if (format === 'insomnia') assert.match(out.err, /nothing was exported: this format can hold none of these 3 deliveries/);
		}
		// A file that is in the way is in everybody's.
		const file = `${w.fresh('several')}.http`;
		writeFileSync(`${file.slice(0, -5)}-4.body`, 'mine');
		const r = await w.creel(['export', 'id:1..', '-o', file, '--db', db]);
		assert.deepEqual([r.code, existsSync(file)], [2, false]);
		assert.match(r.err, /-4\.body is there already/);
	});

	it('half characters, as JavaScript and Python write them: the entry is refused by its place, the others are taken', async () => {
		const half = '{"name":"Anna \ud83d"}', whole = '{"name":"Anna \ud83d\ude00"}';
		const postman = (raw) => ({ name: 'x', request: { method: 'POST', url: 'http://shop.test/x', header: [], body: { mode: 'raw', raw } } });
		const insomnia = (text, i) => ({ _id: `req_${i}`, _type: 'request', parentId: 'wrk_1', url: 'http://shop.test/x', method: 'POST', headers: [], body: { mimeType: 'application/json', text } });
		const charles = (text) => ({ method: 'POST', scheme: 'http', host: 'shop.test', path: '/x', times: { start: '2026-11-20T09:00:00Z' }, request: { header: { headers: [] }, body: { text } } });
		const yaml = (text) => `  - url: http://shop.test/x\n    method: POST\n    body:\n      mimeType: application/json\n      text: ${text === half ? JSON.stringify(text) : `'${text}'`}\n`;
		const line = (body) => ({ received_at: '2026-11-20T09:00:00Z', method: 'POST', target: '/x', request: { headers: [], body } });
		const files = {
			'halves.postman_collection.json': [JSON.stringify({ info: { name: 'x', schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json' }, item: [half, whole].map(postman) }), /^creel: .*item\[0\]: raw: it holds half of a character/m],
			'halves.insomnia.json': [JSON.stringify({ _type: 'export', __export_format: 4, resources: [{ _id: 'wrk_1', _type: 'workspace', parentId: null, name: 'x' }, ...[half, whole].map(insomnia)] }), /^creel: .*resources\[1\]: body: text: it holds half of a character/m],
			'halves.insomnia.yaml': [`type: collection.insomnia.rest/5.0\nname: x\ncollection:\n${[half, whole].map(yaml).join('')}`, /^creel: .*collection\[0\]: body: text: it holds half of a character/m],
			'halves.chlsj': [JSON.stringify([half, whole].map(charles)), /^creel: .*entry 1: it holds half of a character/m],
			'halves.ndjson': [[half, whole].map((b) => JSON.stringify(line(b))).join('\n'), /^creel: .*line 1: '\\ud83d' is half of a character, and stands for no byte/m],
		};
		for (const [name, [text, why]] of Object.entries(files)) {
			const file = w.path(name), db = `${w.fresh('halves')}.db`;
			writeFileSync(file, text);
			const strict = await w.creel(['import', file, '--db', db]);
			assert.notEqual(strict.code, 0, name);
			assert.match(strict.err, why);
			const r = await w.creel(['import', file, '--keep-going', '--db', db]);
			assert.equal(r.text, '1 delivery imported, 1 refused\n', `${name}: ${r.err}`);
			assert.match(r.err, why);
			assert.equal((await w.creelOut(['show', '1', '--request', '--body', '--db', db])).toString(), whole, name);
		}
		// What Python writes of bytes that are not UTF-8.
		const file = w.path('bytes.ndjson'), db = `${w.fresh('halves')}.db`;
		writeFileSync(file, `${JSON.stringify(line('a\udcff\udc80\u00e9'))}\n`);
		assert.equal((await w.creel(['import', file, '--db', db])).code, 0);
		assert.deepEqual(await w.creelOut(['show', '1', '--request', '--body', '--db', db]), Buffer.from('a\xff\x80\xc3\xa9', 'latin1'));
	});

	it('HAR: texts in the charset of their type, bytes that Python wrote as half characters, cookies that stand in a list alone', async () => {
		const db = `${w.fresh('charsets')}.db`, file = w.path('charsets.har');
		const entry = (n, request, content = { size: 0, mimeType: '' }, response = {}) => ({ startedDateTime: '2026-11-20T09:00:00Z', time: 1, request: { method: 'POST', url: `https://shop.test/${n}`, headers: [], ...request },
			response: { status: 200, statusText: '', headers: [], ...response, content }, timings: { send: 0, wait: 0, receive: 0 } });
		const post = (type, text, more = {}) => ({ headers: [{ name: 'Content-Type', value: type }], postData: { mimeType: type, text }, ...more });
		const entries = [
			[entry(1, post('text/plain; charset=iso-8859-1', 'gr\u00fc\u00df \u0085')), Buffer.from('gr\xfc\xdf \x85', 'latin1')],
			[entry(2, post('text/plain; charset=windows-1252', '\u20ac')), Buffer.from([0x80])],
			[entry(3, post('application/json; charset=Shift_JIS', '{"\u8868":1}')), Buffer.from('{"\x95\x5c":1}', 'latin1')],
			[entry(4, post('text/plain; charset=utf-16le', 'h\u00e9')), Buffer.from('h\u00e9', 'utf16le')],
			[entry(5, post('text/plain; charset=utf-8', '\u00e9')), Buffer.from('\u00e9')],
			// What was sent in UTF-8 whatever its type says, by its length.
			[entry(6, { ...post('text/plain; charset=iso-8859-1', '\u00e9'), bodySize: 2 }), Buffer.from('\u00e9')],
			[entry(7, post('text/plain; charset=iso-8859-1', 'ascii')), Buffer.from('ascii')],
			[entry(8, post('text/plain', 'a\udcff\udc80\u00e9')), Buffer.from('a\xff\x80\xc3\xa9', 'latin1')],
			[entry(9, post('text/plain', '\u{10fc80}')), Buffer.from('\u{10fc80}')],
			[entry(10, post('text/plain', '\ud83d\ude00 \\\\udcff')), Buffer.from('\ud83d\ude00 \\\\udcff')],
		];
		const refused = [
			[entry(11, post('text/plain; charset=iso-8859-1', '\u20ac\u0085\u3042')), /"text" cannot be written in the charset 'iso-8859-1'/],
			[entry(12, post('text/plain; charset=utf-16', 'x')), /was sent in UTF-16, and which byte came first is not said/],
			[entry(13, post('text/plain; charset=x-nobodys', '\u00e9')), /charset 'x-nobodys'/],
			[entry(14, post('text/plain', '\ud800')), /'\\ud800' is half of a character, and stands for no byte/],
			[entry(15, post('text/plain', '\udcff \u{10fc80}')), /is half of a character/],
		];
		const answers = [
			[entry(16, { headers: [{ name: 'X-A', value: '\udce9' }], cookies: [{ name: 'a', value: '1' }, { name: 'b', value: 'x=y' }] }, { size: 2, mimeType: 'text/html; charset=windows-1252', text: '\u00e9\u20ac' }, { cookies: [{ name: 's', value: '1', path: '/', domain: 'a.test', expires: '2026-11-20T09:00:00.000Z', httpOnly: true, secure: true }, { name: 't', value: '2', secure: false }] })],
			[entry(17, { headers: [{ name: 'Cookie', value: 'c=1' }], cookies: [{ name: 'a', value: '1' }] }, { size: 1, mimeType: '', text: '\udcff' }, { headers: [{ name: 'Set-Cookie', value: 's=0' }], cookies: [{ name: 's', value: '1' }] })],
		];
		const python = (value) => JSON.stringify(value).replace(/[\u0080-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
		writeFileSync(file, python({ log: { version: '1.2', entries: [...entries, ...refused, ...answers].map(([e]) => e) } }));
		const r = await w.creel(['import', file, '--keep-going', '--db', db]);
		assert.equal(r.text, `${entries.length + answers.length} deliveries imported, ${refused.length} refused\n`, r.err);
		refused.forEach(([, why], i) => assert.match(r.err.split('\n')[i], why));
		for (const [i, [, body]] of entries.entries()) assert.deepEqual(bytes((await show(db, i + 1)).request), body, `entry ${i + 1}`);
		const first = await show(db, entries.length + 1), second = await show(db, entries.length + 2);
		assert.deepEqual(first.request.headers.slice(2), [['Cookie', 'a=1; b=x=y']]);
		assert.ok((await w.creelOut(['show', String(entries.length + 1), '--headers', '--db', db])).includes(Buffer.from('X-A: \xe9\r\n', 'latin1')));
		assert.deepEqual(first.response.headers, [['Set-Cookie', 's=1; Path=/; Domain=a.test; Expires=Fri, 20 Nov 2026 09:00:00 GMT; HttpOnly; Secure'], ['Set-Cookie', 't=2']]);
		assert.deepEqual(bytes(first.response), Buffer.from([0xe9, 0x80]));
		assert.deepEqual([second.request.headers.slice(1), second.response.headers, bytes(second.response)], [[['Cookie', 'c=1']], [['Set-Cookie', 's=0']], Buffer.from([0xff])]);
		assert.equal(JSON.parse((await w.creel(['import', file, '--keep-going', '--json', '--db', db])).text).known, entries.length + answers.length);
		// Out again and in again: the same bytes, whatever the type says.
		const again = `${w.fresh('charsets')}.db`, out = w.path('charsets-2.har');
		assert.equal((await w.creel(['export', 'id:1..', '-o', out, '--db', db])).code, 0);
		assert.equal((await w.creel(['import', out, '--db', again])).code, 0);
		for (const i of entries.keys()) assert.deepEqual(bytes((await show(again, i + 1)).request), entries[i][1], `entry ${i + 1} again`);
		const foreign = JSON.parse(readFileSync(out)), other = `${w.fresh('charsets')}.db`;
		for (const e of foreign.log.entries) delete e._creel;
		assert.equal((await w.creel(['import', '-', '--db', other], { input: JSON.stringify(foreign) })).code, 0);
		for (const i of entries.keys()) assert.deepEqual(bytes((await show(other, i + 1)).request), entries[i][1], `entry ${i + 1} as another tool's`);
	});

	it('hostile files are refused at once: a pipe that nobody writes to, variables that multiply', async () => {
		const refused = async (file, text, reason) => {
			writeFileSync(w.path(file), text);
			const r = await w.creel(['import', w.path(file), '--db', `${w.fresh('hostile')}.db`]);
			assert.deepEqual([r.code, r.text], [2, ''], r.err);
			assert.match(r.err, reason);
		};
		assert.equal((await w.run('mkfifo', [w.path('pipe')])).code, 0);
		await refused('pipe.sh', 'curl http://a/ -d @pipe\n', /'pipe', which is not a file of at most 64 MiB that can be read/);
		await refused('pipe.http', 'POST http://a/\n\n< ./pipe\n', /which is not a file/);
		const tens = Array.from({ length: 7 }, (_, i) => `@a${i + 1} = ${(i ? `{{a${i}}}` : 'x').repeat(10)}\n`).join('');
		await refused('tens.http', `${tens}POST http://a/\n\n{{a7}}\n`, /its variables become more than 64 MiB, or 100,000 texts/);
	});

	it('.http: a body that clients would read as syntax is in a file beside', async () => {
		const db = `${w.fresh('syntax')}.db`;
		const bodies = ['{"a":"{{token}}"}', '< ./other', 'a\n### b', '{% raw %}', '{"$ref":"x"}', 'x\n> {% y %}', '<@ ./f', 'ends\n', '{"plain":"$ 5"}'];
		const lines = bodies.map((body, i) => JSON.stringify({ received_at: '2026-11-23T13:42:34Z', event_id: `019ab12c-4d5e-7f3a-8b6c-00000000000${i}`, method: 'POST', target: '/', request: { headers: [], body } }));
		assert.equal((await w.creel(['import', '-', '--db', db], { input: lines.join('\n') })).code, 0);
		for (const [i, body] of bodies.entries()) {
			const file = `${w.fresh('one')}.http`;
			assert.equal((await w.creel(['export', String(i + 1), '-o', file, '--db', db])).code, 0);
			const beside = i < bodies.length - 1;
			assert.equal(existsSync(file.replace('.http', `-${i + 1}.body`)), beside, body);
			if (beside) assert.equal(readFileSync(file.replace('.http', `-${i + 1}.body`), 'utf8'), body);
			const again = `${w.fresh('again')}.db`;
			assert.equal((await w.creel(['import', file, '--db', again])).code, 0);
			assert.equal((await w.creelOut(['show', '1', '--body', '--db', again])).toString(), body);
		}
		const r = await w.creel(['export', '1', '--format', 'http', '--db', db]);
		assert.deepEqual([r.code, r.text], [2, '']);
		assert.match(r.err, /the body of delivery 1 is not text that a \.http file can hold: name a file with -o/);
	});

	for (const [file, expected] of Object.entries(HARS)) it(`HAR: ${file}`, () => imports(fixture(file), expected));
});
