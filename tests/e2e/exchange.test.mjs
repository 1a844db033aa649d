// creel export and import: HAR by a published validator, curl commands run by a shell, files whole or not at all, what
// was exported is imported and exported again as the same, and wrong files leave nothing behind.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import validator from 'har-validator';
import { binDir, waitFor } from './lib/harness.mjs';
import { nameOf, post, Receiver, requestBytes, send } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const ALL = Buffer.from([...Array(256).keys()]);
const SECRET = 'Bearer s3cret-of-mine';
// name: [method, target, header lines, body, or undefined for none]
const CASES = {
	at: ['POST', '/hook', [], '@/etc/passwd'],
	quotes: ['POST', '/hook', [`X-Quote: it's "x" $HOME \`id\` \\n !!`], `it's "quoted" $HOME \`id\` $(id) \\n !! %s`],
	lines: ['POST', '/hook', [], 'one\ntwo\r\nthree\n\n'],
	'lines of others': ['POST', '/hook', [], 'CREEL_BODY\n### \n< x'],
	binary: ['PUT', '/hook', [], ALL],
	'text behind NUL': ['POST', '/hook', [], Buffer.from('\0CREEL_BODY\n')],
	empty: ['POST', '/hook', [], ''],
	none: ['GET', '/hook', [], undefined],
	deleting: ['DELETE', '/hook/1', [], undefined],
	'utf-8': ['POST', '/hook', ['Content-Type: text/plain; charset=utf-8'], 'héllo ✓ 🎣'],
	'bidi and escapes': ['POST', '/hook', [], 'a\u202eb\x1b[31m\x07\x9b'],
	long: ['POST', '/hook', [], '0123456789abcdef'.repeat(700)],
	'long binary': ['POST', '/hook', [], Buffer.concat(Array(600).fill(ALL))],
	target: ['POST', `/a%20b//c/../d/./%2e%2e?x=%27&y=[1]&z={a,b}&'$(id)'#`.slice(0, -1), [], 'x'],
	repeated: ['POST', '/hook', ['X-Twice: 1', 'x-twice:  2', 'X-TWICE: 1', 'X-Empty: ', 'Accept: */*', 'User-Agent: me/1', 'Content-Type: a/b'], 'x'],
	'eight bits': ['POST', '/hook', ['X-Bin: caf\xe9 \xff\x80', 'X-Tab: a\tb'], 'x'],
	head: ['HEAD', '/hook', [], undefined],
};

describe('export and import', () => {
	let w, road;
	const id = {};
	const run = (...args) => w.creel(args);
	const out = async (...args) => (await w.creelOut(args)).toString();
	const fresh = (end) => `${w.fresh('file')}${end}`;

	before(async () => {
		road = await openRoad({ name: 'x', answer: (request, socket) => socket.write(Buffer.concat([
			Buffer.from('HTTP/1.1 201 Cr\xe9ated\r\nSet-Cookie: sid=1; Path=/\r\nSet-Cookie: b=2\r\nX-Bin: \xfe\r\nContent-Length: 256\r\n\r\n', 'latin1'),
			request.method === 'HEAD' ? Buffer.alloc(0) : ALL])) });
		({ w } = road);
		for (const [name, [method, target, lines, body]] of Object.entries(CASES)) {
			const length = body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`];
			const answer = await send(road.relay.port, requestBytes(method, `/x${target}`, ['Host: localhost', `X-Case: ${name.replaceAll(' ', '-')}`, ...lines, ...length], body), { head: method === 'HEAD' });
			assert.equal(answer.status, 201, name);
			id[name] = String((await w.recorded((r) => r.state === 'delivered' && Object.values(id).every((seen) => Number(seen) < r.id))).id);
		}
		await send(road.relay.port, requestBytes('POST', '/x/secret', ['Host: localhost', `Authorization: ${SECRET}`, 'Cookie: sid=cookie-of-mine', 'X-Hub-Signature-256: sha256=signature-of-mine', 'X-Customer: customer-of-mine', 'Content-Length: 2'], '{}'));
		id.secret = String((await w.recorded((r) => r.state === 'delivered' && r.target === '/secret')).id);
	});
	after(() => road?.w.close());

	it('HAR: what a published validator takes, with the exact bytes in it', async () => {
		const har = JSON.parse(await out('export', 'id:1..', '--format', 'har'));
		await validator.har(har);
		assert.equal(har.log.entries.length, Object.keys(id).length);
		const of = (name) => har.log.entries[Object.keys(id).indexOf(name)];
		const post = of('binary').request.postData;
		assert.deepEqual([post._encoding, Buffer.from(post.text, 'base64')], ['base64', ALL]);
		assert.equal(of('utf-8').request.postData.text, CASES['utf-8'][3]);
		assert.equal(of('utf-8').request.postData.mimeType, 'text/plain; charset=utf-8');
		assert.deepEqual(Buffer.from(of('at').response.content.text, 'base64'), ALL);
		assert.deepEqual(of('at').response.cookies, [{ name: 'sid', value: '1' }, { name: 'b', value: '2' }]);
		assert.equal(of('at').response.status, 201);
		assert.equal(of('none').request.postData, undefined);
		assert.match(of('at').request.url, new RegExp(`^http://[^/]+:${road.app.port}/hook$`));
		await assert.rejects(validator.har({ log: { ...har.log, entries: [{}] } })); // it does look
	});

	it('curl: run by a shell it sends the same bytes again', async () => {
		const recorder = w.keep(await Receiver.start());
		for (const [name, [method, target, , body]] of Object.entries(CASES)) {
			const command = await out('export', id[name], '--format', 'curl', '--to', String(recorder.port));
			assert.ok(!/^ +(-d|--data) /m.test(command), command);
			assert.ok(!/[^\n\x20-\x7e\u00a0-\u{10ffff}]/u.test(command), `${name} is not for pasting: ${command}`);
			const before = recorder.requests.length;
			const r = await w.run('sh', [], { input: command });
			assert.equal(r.code, 0, `${name}: ${r.err}\n${command}`);
			const got = recorder.requests[before];
			const recorded = (await w.creelOut(['show', id[name], '--request', '--headers'])).toString('latin1').split('\r\n').filter(Boolean);
			const kept = (lines) => lines.filter((line) => !['host', 'content-length'].includes(nameOf(line)));
			assert.equal(got.method, method, name);
			assert.equal(got.target, target, name);
			// curl takes blanks off a value's ends.
			assert.deepEqual(kept(got.lines).map((l) => l.trimEnd().replace(/: +/, ': ')), kept(recorded).map((l) => l.trimEnd().replace(/: +/, ': ')), name);
			assert.deepEqual(got.body, Buffer.from(body ?? ''), name);
			assert.equal(got.lines.some((l) => nameOf(l) === 'content-length'), body !== undefined, name);
		}
	});

	it('curl: several in a file are a script that sends them all', async () => {
		const recorder = w.keep(await Receiver.start());
		const file = fresh('.sh');
		const r = await run('export', 'id:1..', '-o', file, '--to', String(recorder.port));
		assert.deepEqual([r.code, r.text], [0, ''], r.err);
		assert.match(r.err, new RegExp(`^creel: ${Object.keys(id).length} deliveries exported to `));
		assert.equal((await w.run('sh', [file])).code, 0);
		assert.deepEqual(recorder.requests.map((q) => q.target), [...Object.values(CASES).map((c) => c[1]), '/secret']);
		assert.deepEqual(recorder.requests[Object.keys(id).indexOf('long binary')].body, CASES['long binary'][3]);
	});

	it('curl: secrets are variables unless --secrets is given', async () => {
		const recorder = w.keep(await Receiver.start());
		const hidden = await out('export', id.secret, '--format', 'curl', '--to', String(recorder.port));
		assert.ok(!hidden.includes('s3cret') && !hidden.includes('cookie-of-mine'), hidden);
		assert.match(hidden, /"\$CREEL_AUTHORIZATION"/);
		await w.run('sh', ['-c', hidden], { env: { CREEL_AUTHORIZATION: `it's "mine"`, CREEL_COOKIE: 'c=1' } });
		assert.ok(recorder.requests[0].lines.includes(`Authorization: it's "mine"`));
		assert.ok(recorder.requests[0].lines.includes('Cookie: c=1'));
		assert.match(await out('export', id.secret, '--format', 'curl', '--secrets'), new RegExp(`'Authorization: ${SECRET}'`));
	});

	it('--redact: secrets and signatures are in no format, names besides them where asked', async () => {
		for (const format of ['har', 'ndjson', 'curl', 'http']) {
			const text = await out('export', id.secret, '--format', format, '--redact');
			for (const secret of [SECRET, 's3cret', 'cookie-of-mine', 'signature-of-mine']) assert.ok(!text.includes(secret), `${format}: ${text}`);
			assert.ok(text.includes('customer-of-mine'), format);
			const more = await out('export', id.secret, '--format', format, '--redact=x-customer');
			assert.ok(!more.includes('of-mine'), more);
			if (format !== 'curl') assert.ok((await out('export', id.secret, '--format', format)).includes(SECRET), format);
		}
		const all = await out('export', 'id:1..', '--format', 'har', '--redact');
		await validator.har(JSON.parse(all));
		assert.ok(!all.includes('"sid","value":"1"'), 'the answer\'s cookies, too');
		const config = fresh('.ini');
		writeFileSync(config, '[export]\nredact = X-Customer\n');
		const configured = await out('export', id.secret, '--format', 'http', '--config', config);
		assert.ok(!configured.includes('customer-of-mine') && !configured.includes(SECRET), configured);
	});

	it('body: the exact bytes', async () => {
		assert.deepEqual(await w.creelOut(['export', id.binary, '--format', 'body']), ALL);
		const file = fresh('.bin');
		assert.equal((await run('export', `id:${id.binary}`, '--format', 'body', '-o', file)).code, 0);
		assert.deepEqual(readFileSync(file), ALL);
	});

	it('.http: requests as text, bodies that are none beside it', async () => {
		const file = fresh('.http');
		assert.equal((await run('export', 'id:1..', '-o', file)).code, 0);
		const text = readFileSync(file, 'latin1');
		assert.equal(text.split(/^### \d+ /m).length - 1, Object.keys(id).length);
		const stem = path.basename(file, '.http');
		for (const name of ['binary', 'lines of others']) {
			assert.ok(text.includes(`\n\n< ./${stem}-${id[name]}.body\n`), name);
			assert.deepEqual(readFileSync(path.join(w.dir, `${stem}-${id[name]}.body`)), Buffer.from(CASES[name][3]));
		}
		assert.ok(text.includes('X-Bin: caf\xe9 \xff\x80\n'));
		const r = await run('export', id.binary, '--format', 'http');
		assert.equal(r.code, 2);
		assert.match(r.err, /the body of delivery \d+ is not text .* -o/);
	});

	it('exported, imported, exported again: the same', async () => {
		for (const format of ['har', 'ndjson']) {
			const [db, first, second] = [fresh('.db'), fresh(`.${format}`), fresh(`.${format}`)];
			assert.equal((await run('export', 'id:1..', '-o', first)).code, 0);
			const r = await run('import', first, '--db', db);
			assert.deepEqual([r.code, r.text], [0, `${Object.keys(id).length} deliveries imported\n`], r.err);
			assert.equal((await run('export', 'id:1..', '-o', second, '--db', db)).code, 0);
			if (format === 'har') assert.deepEqual(readFileSync(second), readFileSync(first));
			const lines = (file) => readFileSync(file, 'utf8').trimEnd().split('\n');
			// Only where a delivery came from is another thing.
			if (format === 'ndjson') assert.deepEqual(lines(second), lines(first).map((l) => l.replace('"origin":"live"', '"origin":"import"')));
			for (const [name, [, , , body]] of Object.entries(CASES)) {
				assert.deepEqual(await w.creelOut(['show', id[name], '--body', '--db', db]), Buffer.from(body ?? ''), name);
				assert.deepEqual(await w.creelOut(['show', id[name], '--raw', '--db', db]), await w.creelOut(['show', id[name], '--raw']), name);
				assert.deepEqual(await w.creelOut(['show', id[name], '--response', '--raw', '--db', db]), await w.creelOut(['show', id[name], '--response', '--raw']), name);
			}
			const again = JSON.parse((await run('import', second, '--db', db, '--json')).text);
			assert.deepEqual(again, { imported: 0, known: Object.keys(id).length, left_out: 0 });
			// What was imported is replayed as what was received is.
			assert.equal((await run('replay', id.binary, '--to', String(road.app.port), '--db', db)).code, 0);
			assert.deepEqual(road.app.requests.at(-1).body, ALL);
		}
	});

	it('requests alone, as curl commands and .http, come back as the same', async () => {
		const to = String(road.app.port);
		for (const [end, more] of [['sh', ['--to', to, '--secrets']], ['http', []]]) {
			const [db, first, second] = [fresh('.db'), fresh(`.${end}`), fresh(`.${end}`)];
			assert.equal((await run('export', 'id:1..', '-o', first, ...more)).code, 0);
			const r = await run('import', first, '--db', db);
			assert.deepEqual([r.code, r.text], [0, `${Object.keys(id).length} deliveries imported\n`], r.err);
			for (const [name, [method, target, , body]] of Object.entries(CASES)) {
				const d = JSON.parse((await w.creelOut(['show', id[name], '--json', '--db', db])).toString());
				assert.deepEqual([d.method, d.target], [method, target], `${end} ${name}`);
				assert.deepEqual(await w.creelOut(['show', id[name], '--body', '--db', db]), Buffer.from(body ?? ''), `${end} ${name}`);
			}
			assert.equal((await run('export', 'id:1..', '-o', second, '--db', db, ...more)).code, 0);
			const text = (file) => readFileSync(file, 'latin1').replaceAll(path.basename(file, `.${end}`), 'file').replace(/^(### \d+|# delivery \d+,) .*/gm, '$1');
			const lines = (file) => text(file).split('\n').map((l) => l.slice(0, 200));
			assert.deepEqual(lines(second).filter((l, i) => l !== lines(first)[i]), []);
			assert.equal(JSON.parse((await run('import', first, '--db', db, '--json')).text).known, Object.keys(id).length);
		}
	});

	it('collections of Postman and Insomnia: the same requests, and in Postman the answers that are text', async () => {
		const trimmed = (d) => d.request.headers.map(([name, value]) => [name, value.trim()]);
		const text = await w.creelOut(['export', 'id:1..', '--format', 'ndjson']);
		const seen = text.toString().trimEnd().split('\n').map((line) => JSON.parse(line));
		for (const [format, end, cases] of [['postman', 'postman_collection.json', 'id:1..'], ['insomnia', 'insomnia.json', `id:1.. -id:${id['eight bits']}`]]) {
			const [db, file] = [fresh('.db'), fresh(`.${end}`)];
			assert.equal((await run('export', cases, '-o', file, '--to', String(road.app.port))).code, 0);
			const kept = seen.filter((d) => format === 'postman' || String(d.id) !== id['eight bits']);
			const r = await run('import', file, '--db', db);
			assert.deepEqual([r.code, r.text], [0, `${kept.length} deliveries imported\n`], r.err);
			for (const [i, d] of kept.entries()) {
				const now = JSON.parse((await w.creelOut(['show', String(i + 1), '--json', '--db', db])).toString());
				assert.deepEqual([now.method, now.target, now.request.body, now.request.body_base64], [d.method, d.target, d.request.body, d.request.body_base64], `${format} ${d.id}`);
				assert.deepEqual(trimmed(now), trimmed(d), `${format} ${d.id}`);
			}
			assert.equal(JSON.parse((await run('import', file, '--db', db, '--json')).text).known, kept.length);
			if (format === 'insomnia') {
				const odd = await run('export', id['eight bits'], '--format', format);
				assert.equal(odd.code, 2);
				assert.match(odd.err, /has a header field that is not UTF-8, which Insomnia cannot send/);
			}
			const alone = await run('export', id.binary, '--format', format);
			assert.equal(alone.code, 2);
			assert.match(alone.err, /is not text that a collection can hold: name a file with -o/);
		}
		const db = fresh('.db');
		const line = JSON.stringify({ received_at: '2026-11-23T13:42:34Z', event_id: '019ab12c-4d5e-7f3a-8b6c-000000000001', method: 'POST', target: '/a?b=%20&c&d=1=2', request: { headers: [['Content-Type', 'application/json']], body: '{"a":1}' }, attempt: { started_at: '2026-11-23T13:42:35Z', result: 'ok', status: 404, reason: 'Not Found', url: 'http://localhost:3000/a?b=%20&c&d=1=2', total_us: 5000 }, response: { headers: [['X-A', '1']], body: 'no' } });
		assert.equal((await w.creel(['import', '-', '--db', db], { input: line })).code, 0);
		const collection = JSON.parse((await w.creelOut(['export', '1', '--format', 'postman', '--db', db])).toString());
		assert.equal(collection.info.schema, 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json');
		const [{ request, response: [example] }] = collection.item;
		assert.deepEqual(request.url, { raw: 'http://localhost:3000/a?b=%20&c&d=1=2', protocol: 'http', host: ['localhost'], port: '3000', path: ['a'],
			query: [{ key: 'b', value: '%20' }, { key: 'c', value: null }, { key: 'd', value: '1=2' }] });
		assert.deepEqual([request.body.raw, request.body.options.raw.language, example.code, example.status, example.body, example.responseTime], ['{"a":1}', 'json', 404, 'Not Found', 'no', 5]);
		const again = fresh('.db');
		assert.equal((await w.creel(['import', '-', '--db', again], { input: JSON.stringify(collection) })).code, 0);
		const d = JSON.parse((await w.creelOut(['show', '1', '--json', '--db', again])).toString());
		assert.deepEqual([d.target, d.status, d.duration_ms, d.response.body], ['/a?b=%20&c&d=1=2', 404, 5, 'no']);
	});

	it('through pipes, with a byte order mark, blank lines and other names', async () => {
		const [db, db2] = [fresh('.db'), fresh('.db')];
		const lines = await w.creelOut(['export', id.at, id.binary, '--format', 'ndjson']);
		const r = await w.creel(['import', '-', '--db', db], { input: Buffer.concat([Buffer.from('\n\n'), lines.subarray(0, -1)]) });
		assert.deepEqual([r.code, r.text], [0, '2 deliveries imported\n'], r.err);
		const har = await w.creelOut(['export', id.at, '--format', 'har']);
		const pretty = Buffer.from(`\ufeff\n${JSON.stringify(JSON.parse(har.toString()), null, 2)}`);
		for (const [db3, text] of [[db2, '1 delivery imported\n'], [db, '0 deliveries imported, 1 was on record already\n']]) {
			const one = await w.creel(['import', '-', '--db', db3], { input: pretty });
			assert.deepEqual([one.code, one.text], [0, text], one.err);
		}
		assert.equal((await w.creel(['import', '-', '--format', 'ndjson', '--db', db2], { input: pretty })).code, 2);
	});

	it('a browser\'s HAR: what is HTTP, with what HTTP/2 says in other ways', async () => {
		const entry = (url, more = {}) => ({ startedDateTime: '2026-11-23T13:42:34.567+01:00', time: 4.5, _resourceType: 'fetch', _initiator: {}, connection: '443',
			request: { method: 'GET', url, httpVersion: 'http/2.0', headers: [], cookies: [], queryString: [], headersSize: -1, bodySize: 0, ...more },
			response: { status: 200, statusText: '', httpVersion: 'http/2.0', headers: [{ name: 'content-type', value: 'text/plain' }], cookies: [], content: { size: 2, mimeType: 'text/plain', text: 'hi' }, redirectURL: '', headersSize: -1, bodySize: 2, _transferSize: 9, _error: null },
			cache: {}, timings: { blocked: 1, dns: -1, ssl: -1, connect: -1, send: 0.1, wait: 2.4, receive: 1, _blocked_queueing: 1 }, serverIPAddress: '1.2.3.4' });
		const har = { log: { version: '1.2', creator: { name: 'WebInspector', version: '537.36' }, pages: [{ id: 'page_1', title: 'x', startedDateTime: '2026-11-23T13:42:34Z', pageTimings: {} }], entries: [
			entry('data:text/plain,x'), entry('https://shop.test/a?b=%20#c', { method: 'POST', headers: [{ name: ':method', value: 'POST' }, { name: ':authority', value: 'shop.test' }, { name: 'x-a', value: '1' }, { name: 'Connection', value: 'close' }], postData: { mimeType: 'application/x-www-form-urlencoded', params: [{ name: 'k', value: 'v' }] } }),
			entry('blob:https://x/1'), entry('http://shop.test'), entry('wss://shop.test/live')] } };
		const db = fresh('.db');
		const r = await w.creel(['import', '-', '--db', db], { input: JSON.stringify(har) });
		assert.deepEqual([r.code, r.text], [0, '2 deliveries imported, 3 that are not HTTP left out\n'], r.err);
		const show = async (n) => JSON.parse((await w.creelOut(['show', n, '--json', '--db', db])).toString());
		const [one, two] = [await show('1'), await show('2')];
		assert.deepEqual([one.method, one.target, one.status, one.received_at, one.origin], ['POST', '/a?b=%20', 200, '2026-11-23T12:42:34.567000Z', 'import']);
		assert.deepEqual(one.request, { headers: [['Host', 'shop.test'], ['x-a', '1']], body: 'k=v' });
		assert.deepEqual(one.response, { headers: [['content-type', 'text/plain']], body: 'hi' });
		assert.deepEqual([two.method, two.target, two.duration_ms], ['GET', '/', 3.4]);
		await validator.har(JSON.parse(await out('export', 'id:1..', '--format', 'har', '--db', db)));
	});

	it('a wrong file: its place is named, and nothing of it is on record', async () => {
		const good = (await w.creelOut(['export', 'id:1..', '--format', 'ndjson'])).toString().trimEnd().split('\n');
		const har = (await w.creelOut(['export', 'id:1..', '--format', 'har'])).toString();
		const db = fresh('.db');
		for (const [text, code, words] of [
			[good.slice(0, 3).join('\n') + '\n{"a":\n', 2, /line 4: it is not JSON/],
			[good.slice(0, 2).join('\n') + '\n\n' + good[3].replace('"method":"POST"', '"method":"PO ST"'), 2, /line 4: the method is not one word/],
			[har.slice(0, -8), 2, /line 19: the file ends too early/],
			[har.slice(0, 4000), 2, /line \d+: the file ends too early/],
			[har.replace('"method":"PUT"', '"method":""'), 2, /entry 5 \(line 6\): the method is not one word/],
			[har + har, 2, /something follows its end/],
			['', 1, /there is no delivery in it/], ['\n\n', 1, /there is no delivery in it/],
			['{"log":{"entries":[]}}', 1, /there is no delivery in it/],
			['<html>', 2, /line 1: it is not JSON/], [ALL, 2, /line 1: it is not JSON/],
			['{"log":{}}', 2, /no "log" with "entries"/],
			[`{"log":{"entries":[${'['.repeat(100000)}`, 2, /ends too early/],
			[`{"log":{"entries":[${'['.repeat(100000)}${']'.repeat(100000)}]}}`, 2, /it is not JSON: .*depth/],
		]) {
			const r = await w.creel(['import', '-', '--db', db], { input: text });
			assert.equal(r.code, code, `${text.slice(0, 60)}: ${r.err}`);
			assert.match(r.err, /^creel: nothing was imported from standard input: .*\n$/);
			assert.match(r.err, words);
			assert.equal(r.text, '');
			assert.deepEqual(await w.list(10, { args: ['--db', db] }), []);
		}
	});

	it('a large file: none of it stays when its end is wrong, and a running client is not kept from its work', async () => {
		const db = fresh('.db');
		const other = await openRoad({ name: 'busy', clientArgs: ['--db', db] });
		try {
			const line = (i) => JSON.stringify({ received_at: '2026-11-23T13:42:34Z', event_id: `019ab12c-4d5e-7f3a-8b6c-${String(i).padStart(12, '0')}`, method: 'POST', target: `/${i}`, request: { headers: [], body: 'x'.repeat(500) } });
			const text = [...Array(8000).keys()].map(line).join('\n') + '\n{"received_at":1}\n';
			const running = w.creel(['import', '-', '--db', db], { input: text, timeoutMs: 60_000 });
			let over = false;
			running.finally(() => (over = true)).catch(() => {});
			let sent = 0;
			for (; !over || sent === 0; sent++) assert.equal((await post(other.relay.port, `/busy/live/${sent}`)).status, 200);
			const r = await running;
			assert.equal(r.code, 2);
			assert.match(r.err, /line 8001: the delivery has no "request"/);
			await waitFor('all on record', async () => (await w.list(9999, { args: ['--db', db] })).every((d) => d.state === 'delivered'));
			assert.deepEqual((await w.list(9999, { args: ['--db', db] })).map((d) => d.target), [...Array(sent).keys()].map((i) => `/live/${i}`));
			await other.w.endsCleanly();
		} finally {
			await other.w.close();
		}
	});

	it('wrong use: one sentence and its exit code', async () => {
		const there = fresh('.har');
		writeFileSync(there, 'mine');
		for (const [args, code, words] of [
			[['export'], 2, /export takes deliveries or a filter/], [['export', '1'], 2, /which format\?/],
			[['export', '1', '-o', 'x.txt'], 2, /which format\?/], [['export', '1', '--format', 'xml'], 2, /har\|html\|curl\|http\|ndjson\|/],
			[['export', '99999', '--format', 'har'], 2, /99999/], [['export', 'status:zzz', '--format', 'har'], 2, /\^/],
			[['export', 'target:nothing-of-this', '--format', 'har'], 1, /no delivery matches/],
			[['export', id.at, id.none, '--format', 'body'], 2, /takes one delivery, not 2/],
			[['export', id.at, '--format', 'har', '--redact=page:x'], 2, /'page:x' begins with none of header:/],
			[['export', id.at, '--format', 'har', '--dry-run'], 2, /--dry-run shows what --redact takes out/],
			[['export', id.at, '--format', 'curl', '--redact', '--secrets'], 2, /contradict/],
			[['export', id.at, '--format', 'curl', '--to', 'ftp://x'], 2, /not a target/],
			[['export', id.at, '-o', there], 2, /is there already; --force/],
			[['export', id.at, '-o', w.path('no', 'folder.har')], 4, /folder\.har cannot be made: No such file/],
			[['export', id.at, '--format', 'har', '-o', '/dev/full', '--force'], 4, /\/dev\/full cannot be written: No space left/],
			[['export', id.at, '--format', 'har', '--db', '/nowhere/at/all.db'], 4, /all\.db/],
			[['import'], 2, /import takes one file/], [['import', there, there], 2, /import takes one file/],
			[['import', w.path('none.har')], 2, /none\.har cannot be read: No such file/], [['import', w.dir], 2, /Is a directory/],
			[['import', there, '--format', 'xml'], 2, /har\|ndjson/], [['import', there, '--db', '/proc/none/x.db'], 4, /\/proc\/none cannot be made/],
		]) {
			const r = await run(...args);
			assert.equal(r.code, code, `${args.join(' ')}: ${r.err}`);
			assert.match(r.err, /^creel: /);
			assert.match(r.err, words);
			assert.equal(r.text, '');
		}
		assert.equal(readFileSync(there, 'utf8'), 'mine');
		assert.equal((await run('export', id.at, '-o', there, '--force')).code, 0);
		assert.equal(JSON.parse(readFileSync(there)).log.entries.length, 1);
		assert.equal(statSync(there).mode & 0o7777, 0o600);
	});

	it('output that cannot be written: a sentence and 4; nothing half written is left', async () => {
		const creel = `'${path.join(binDir, 'creel')}'`;
		for (const [line, words] of [
			[`${creel} export id:1.. --format ndjson >/dev/full`, /No space left/],
			[`{ ${creel} export id:1.. --format ndjson; echo $? >code; } | :`, /Broken pipe/],
		]) {
			const r = await w.run('sh', ['-c', `${line}; echo $?`]);
			assert.match(r.err, /^creel: the output cannot be written: /);
			assert.match(r.err, words);
			const code = existsSync(w.path('code')) ? readFileSync(w.path('code'), 'utf8') : r.text;
			assert.equal(code.trim(), '4');
		}
		// One that the app was not called for, too.
		const file = w.fresh('never-sent.http');
		writeFileSync(file, 'POST http://localhost/never-sent HTTP/1.1\n\nbody\n');
		const env = { XDG_DATA_HOME: w.fresh('never-sent') };
		assert.equal((await w.creel(['import', file], { env })).code, 0);
		const shown = await w.run('sh', ['-c', `${creel} show --last >/dev/full; echo $?`], { env });
		assert.match(shown.err, /^creel: the output cannot be written: No space left/);
		assert.equal(shown.text.trim(), '4');
		// A limit of 8 blocks of 512 bytes stands for a full disk.
		const folder = w.fresh('full');
		mkdirSync(folder);
		const r = await w.run('sh', ['-c', `trap '' XFSZ; ulimit -f 8; ${creel} export id:1.. -o ${folder}/x.har`]);
		assert.equal(r.code, 4, r.err);
		assert.match(r.err, /^creel: .*x\.har cannot be written: File too large\n$/);
		assert.deepEqual(readdirSync(folder), []);
	});

	it('help names every option', async () => {
		const r = await run('export', '--help');
		for (const option of ['--format', '-o', '--redact', '--secrets', '--force', '--to', '--where']) assert.ok(r.text.includes(option), option);
		assert.match((await run('import', '--help')).text, /--format/);
	});

	it('all programs end cleanly', () => w.endsCleanly());
});
