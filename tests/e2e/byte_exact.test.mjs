// What the sender wrote is what the app reads and what the store gives back, byte for byte (shared/DESIGN.md §1.1, §5).
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { Sender, field, nameOf, requestBytes, send } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const ADDED = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'creel-event-id', 'creel-attempt'];
const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, i) => i));

const without = (lines, names) => lines.filter((line) => !names.includes(nameOf(line)));
const digest = (bytes) => `${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`;

describe('byte for byte', () => {
	let road;
	let n = 0;
	before(async () => (road = await openRoad({ name: 'exact' })));
	after(() => road?.w.close());

	/** Sends it, and gives what the app read and what is on record. `framed` is the body as it goes on the wire. */
	async function through({ method = 'POST', target, lines, body = Buffer.alloc(0), framed = body }) {
		const mark = `n${++n}`;
		const own = (target ?? '/').includes('?') ? `${target}&${mark}` : `${target ?? '/'}?${mark}`;
		const answer = await send(road.relay.port, requestBytes(method, `/exact${own}`, lines, framed), { head: method === 'HEAD' });
		assert.equal(answer?.status, 200, answer?.text);
		const request = await road.app.request((r) => r.target?.endsWith(mark));
		const row = await road.w.recorded((r) => r.target.endsWith(mark) && r.state === 'delivered');
		return { own, request, row, answer };
	}

	async function expectExact({ hop = [], ...sent }) {
		const { own, request, row } = await through(sent);
		const body = sent.body ?? Buffer.alloc(0);
		const chunked = sent.framed !== undefined;
		const framing = chunked ? ['content-length', 'transfer-encoding'] : [];
		assert.equal(request.method, sent.method ?? 'POST');
		assert.equal(request.target, own);
		assert.deepEqual(
			without(request.lines, [...ADDED, ...framing]),
			without(sent.lines, [...hop, ...framing]).map((line) => (nameOf(line) === 'host' ? `${line.slice(0, 4)}: localhost:${road.app.port}` : line)),
		);
		for (const name of ADDED) assert.ok(field(request.lines, name), `${name} is added`);
		assert.equal(digest(request.body), digest(body));
		const shown = await road.w.creelOut(['show', String(row.id), '--request', '--body']);
		assert.equal(digest(shown), digest(body), 'the recorded body');
		const head = (await road.w.creelOut(['show', String(row.id), '--request', '--headers'])).toString('latin1').split('\r\n').filter(Boolean);
		assert.deepEqual(head.slice(-sent.lines.length), sent.lines, 'the recorded headers');
		assert.equal(row.method, sent.method ?? 'POST');
		assert.equal(row.request_bytes, body.length);
		return { request, row };
	}

	it('repeated headers, odd case and order, Host in the middle, empty values, trailing blanks', async () => {
		await expectExact({ lines: ['X-b: 1', 'x-A: first', 'hOsT: localhost', 'X-Empty:', 'X-a: second', 'X-Trail: two  ', 'X-Lead:    three', 'X-Tight:four', 'X-Tabbed:\tfive \t',
			'X-Tab: a\tb', 'cOnTeNt-LeNgTh: 2', 'X-b: 1', 'Content-Type: application/JSON; charset="UTF-8"'], body: Buffer.from('{}') });
	});

	it('a target of %2F, //, .., ;, odd escapes and an odd query', async () => {
		await expectExact({ target: '/a%2Fb//c/./../d;p=1;q/%7euser/%E2%82%AC?x=%20&y=a+b&&z&q=1?2&"[]{}|^`\\=\'', lines: ['Host: localhost', 'Content-Length: 0'] });
	});

	it('a target that begins with two slashes behind the tunnel name', async () => {
		await expectExact({ target: '//evil.example/x', lines: ['Host: localhost', 'Content-Length: 0'] });
	});

	it('8-bit bytes in a target', async () => {
		const { own, request } = await through({ target: '/caf\xe9', lines: ['Host: localhost', 'Content-Length: 0'] });
		assert.equal(request.target, own);
	});

	it('the tunnel name alone is /, with a query /?…', async () => {
		const answer = await send(road.relay.port, requestBytes('POST', '/exact', ['Host: localhost', 'X-Bare: yes', 'Content-Length: 0']));
		assert.equal(answer.status, 200);
		assert.equal((await road.app.request((r) => field(r.lines, 'x-bare'))).target, '/');
		await send(road.relay.port, requestBytes('POST', '/exact?x=1', ['Host: localhost', 'X-Query: yes', 'Content-Length: 0']));
		assert.equal((await road.app.request((r) => field(r.lines, 'x-query'))).target, '/?x=1');
	});

	it('8-bit bytes in values', async () => {
		await expectExact({ lines: ['Host: localhost', 'X-Latin: caf\xe9 \xff\x80', 'X-Utf8: \xe2\x82\xac', 'Content-Length: 1'], body: Buffer.from('x') });
	});

	it('a body of every byte 0–255', async () => {
		await expectExact({ lines: ['Host: localhost', 'Content-Length: 256'], body: EVERY_BYTE });
	});

	it('a chunked body with trailers', async () => {
		const framed = Buffer.concat([Buffer.from('5;ext=1\r\nhello\r\n100\r\n'), EVERY_BYTE, Buffer.from('\r\n0\r\nX-Checksum: 9f\r\nx-second:  2\r\n\r\n')]);
		const { request } = await expectExact({ lines: ['Host: localhost', 'X-One: 1', 'Trailer: X-Checksum', 'Transfer-Encoding: chunked', 'X-Two: 2'],
			hop: ['trailer'], body: Buffer.concat([Buffer.from('hello'), EVERY_BYTE]), framed });
		assert.deepEqual(request.trailers, ['X-Checksum: 9f', 'x-second:  2']);
	});

	it('a chunked body of length 0', async () => {
		await expectExact({ lines: ['Host: localhost', 'Transfer-Encoding: chunked'], framed: Buffer.from('0\r\n\r\n') });
	});

	it('an empty POST with Content-Length: 0 keeps it, one without gets none', async () => {
		await expectExact({ lines: ['Host: localhost', 'Content-Length: 0'] });
		const { request } = await expectExact({ lines: ['Host: localhost', 'X-None: 1'] });
		assert.equal(field(request.lines, 'content-length'), undefined);
		assert.equal(field(request.lines, 'transfer-encoding'), undefined);
	});

	it('no header of its own: no User-Agent, Accept, Content-Type or Expect that was not sent', async () => {
		const { request } = await expectExact({ lines: ['Host: localhost', 'Content-Length: 3'], body: Buffer.from('abc') });
		assert.deepEqual(without(request.lines, ADDED).map(nameOf), ['host', 'content-length']);
	});

	it('GET without a body', async () => {
		await expectExact({ method: 'GET', lines: ['Host: localhost', 'Accept: */*'] });
	});

	it('GET and DELETE with a body', async () => {
		await expectExact({ method: 'DELETE', lines: ['Host: localhost', 'Content-Length: 4'], body: Buffer.from('gone') });
		await expectExact({ method: 'GET', lines: ['Host: localhost', 'Content-Length: 4'], body: Buffer.from('odd!') });
	});

	it('HEAD', async () => {
		await expectExact({ method: 'HEAD', lines: ['Host: localhost'] });
	});

	for (const method of ['PUT', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'M-SEARCH', 'post', 'X!#$%&\'*+-.^_`|~9']) {
		it(`method ${method}`, async () => {
			await expectExact({ method, lines: ['Host: localhost', 'Content-Length: 2'], body: Buffer.from('ok') });
		});
	}

	it('hop-by-hop fields and what Connection names are dropped, nothing else', async () => {
		await expectExact({ lines: ['Host: localhost', 'Connection: x-private, keep-alive', 'X-Private: 1', 'Keep-Alive: timeout=5', 'Proxy-Connection: keep-alive',
			'TE: trailers', 'Proxy-Authorization: Basic eA==', 'Via: 1.1 before', 'Content-Length: 0'],
		hop: ['connection', 'x-private', 'keep-alive', 'proxy-connection', 'te', 'proxy-authorization'] });
	});

	it('Connection cannot be used to take away a signature or the Host', async () => {
		const { request } = await through({ lines: ['Host: localhost', 'Connection: authorization, host, content-type', 'Authorization: Bearer a', 'Content-Type: text/x', 'Content-Length: 0'] });
		assert.equal(field(request.lines, 'authorization'), 'Bearer a');
		assert.equal(field(request.lines, 'content-type'), 'text/x');
		assert.equal(field(request.lines, 'host'), `localhost:${road.app.port}`);
	});

	it('60 KB of headers', async () => {
		const lines = ['Host: localhost', ...Array.from({ length: 60 }, (_, i) => `X-Big-${i}: ${'v'.repeat(985)}${i}`), 'Content-Length: 1'];
		await expectExact({ lines, body: Buffer.from('x') });
	});

	it('190 header fields', async () => {
		await expectExact({ lines: ['Host: localhost', ...Array.from({ length: 188 }, (_, i) => `X-F: ${i}`), 'Content-Length: 0'] });
	});

	it('a body of just over the size that travels whole (1 MiB)', async () => {
		for (const size of [1 << 20, (1 << 20) + 1]) {
			const body = randomBytes(size);
			await expectExact({ lines: ['Host: localhost', `Content-Length: ${size}`], body });
		}
	});

	it('a body of 25 MiB', async () => {
		const body = randomBytes(25 << 20);
		await expectExact({ lines: ['Host: localhost', `Content-Length: ${body.length}`, 'Content-Type: application/octet-stream'], body });
	});

	it('a chunked body of 3 MiB with trailers', async () => {
		const pieces = Array.from({ length: 48 }, () => randomBytes(65536));
		const framed = Buffer.concat([...pieces.flatMap((p) => [Buffer.from('10000\r\n'), p, Buffer.from('\r\n')]), Buffer.from('0\r\nX-End: yes\r\n\r\n')]);
		const { request } = await expectExact({ lines: ['Host: localhost', 'Transfer-Encoding: chunked'], body: Buffer.concat(pieces), framed });
		assert.deepEqual(request.trailers, ['X-End: yes']);
	});

	it('a body announced by Expect: 100-continue', async () => {
		const { request } = await through({ target: '/expect', lines: ['Host: localhost', 'Expect: 100-continue', 'Content-Length: 5'], body: Buffer.from('hello') });
		assert.equal(request.body.toString(), 'hello');
	});

	it('two requests on one connection, written at once', async () => {
		const one = (id, body) => requestBytes('POST', `/exact/pipe?${id}`, ['Host: localhost', `Content-Length: ${body.length}`], body);
		const s = await Sender.connect(road.relay.port);
		await s.write(Buffer.concat([one('a', 'first'), one('b', 'second')]));
		assert.equal((await s.answer()).status, 200);
		assert.equal((await s.answer()).status, 200);
		await s.end();
		assert.equal((await road.app.request((r) => r.target === '/pipe?a')).body.toString(), 'first');
		assert.equal((await road.app.request((r) => r.target === '/pipe?b')).body.toString(), 'second');
	});

	it('show --raw gives the request line, headers and body as they came', async () => {
		const lines = ['Host: localhost', 'x-A: \xe9', 'X-Empty:', 'Content-Length: 256'];
		const { own, row } = await through({ target: '/raw', lines, body: EVERY_BYTE });
		const raw = await road.w.creelOut(['show', String(row.id), '--request', '--raw']);
		const at = raw.indexOf('\r\n\r\n');
		const [first, ...kept] = raw.subarray(0, at).toString('latin1').split('\r\n');
		assert.equal(first, `POST ${own} HTTP/1.1`);
		assert.deepEqual(kept, lines);
		assert.deepEqual(raw.subarray(at + 4), EVERY_BYTE);
	});

	it('show --json gives headers in order, and the body as text or base64', async () => {
		const sent = await through({ lines: ['X-b: 1', 'Host: localhost', 'x-B: 2', 'Content-Length: 6'], body: Buffer.from('h\u00e9llo') });
		const shown = JSON.parse(await road.w.creelOut(['show', String(sent.row.id), '--json']));
		assert.deepEqual(shown.request.headers, [['X-b', '1'], ['Host', 'localhost'], ['x-B', '2'], ['Content-Length', '6']]);
		assert.equal(shown.request.body, 'h\u00e9llo');
		assert.equal(shown.response.body, 'ok');
		const binary = await through({ lines: ['Host: localhost', 'Content-Length: 256'], body: EVERY_BYTE });
		const shownBinary = JSON.parse(await road.w.creelOut(['show', String(binary.row.id), '--json']));
		assert.deepEqual(Buffer.from(shownBinary.request.body_base64, 'base64'), EVERY_BYTE);
		assert.equal(shownBinary.request.body, undefined);
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

describe('with --host-header preserve --no-forwarded', () => {
	let road;
	before(async () => (road = await openRoad({ name: 'plain', clientArgs: ['--host-header', 'preserve', '--no-forwarded'] })));
	after(() => road?.w.close());

	it('the app reads the identical header block', async () => {
		const lines = ['X-First: 1', 'accept: */*', 'Content-Length: 3', 'X-Odd: \xe9  ', 'Host: LocalHost:8443', 'X-Empty:', 'x-FIRST: 2', 'User-Agent: raw'];
		const answer = await send(road.relay.port, requestBytes('POST', '/plain/a%2fb?c', lines, 'abc'));
		assert.equal(answer.status, 200);
		const request = await road.app.request();
		assert.equal(request.head.toString('latin1'), `POST /a%2fb?c HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
		assert.equal(request.body.toString(), 'abc');
	});

	it('a replay is identical to the delivery', async () => {
		const row = await road.w.recorded((r) => r.state === 'delivered');
		const r = await road.w.creel(['replay', String(row.id), '--to', `http://127.0.0.1:${road.app.port}`, '--host-header', 'preserve', '--no-forwarded']);
		assert.equal(r.code, 0, r.err);
		const again = await road.app.request((q) => q !== road.app.requests[0]);
		assert.deepEqual(again.head, road.app.requests[0].head);
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
