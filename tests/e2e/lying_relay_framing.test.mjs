// A relay that means harm to the app: deliveries whose fields would frame, route or split the request otherwise than its
// body does. What reaches the app is one request, framed by its body alone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { FakeRelay, done, eventId } from './lib/fake_relay.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { FLAGS, frame, request } from './lib/wire.mjs';

/** An app that keeps the bytes of each connection, and answers once a request has ended. */
async function listen(w) {
	const seen = [];
	const server = net.createServer((socket) => {
		const one = { bytes: '' };
		seen.push(one);
		socket.setEncoding('latin1').on('error', () => {}).on('data', (more) => {
			one.bytes += more;
			const [head, ...rest] = one.bytes.split('\r\n\r\n');
			const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0), body = rest.join('\r\n\r\n');
			const whole = /^transfer-encoding: *chunked/im.test(head) ? /(^|\r\n)0\r\n([^\r]+\r\n)*\r\n$/.test(body) : rest.length > 0 && body.length >= length;
			if (whole) socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
		});
	}).listen(0, '127.0.0.1');
	await once(server, 'listening');
	w.keep({ close: () => server.close() });
	return { port: server.address().port, seen };
}

describe('a relay that frames a delivery in two ways', () => {
	const w = new World();
	let relay, app, client, c, stream = 0;
	before(async () => {
		relay = await FakeRelay.start(w);
		app = await listen(w);
		client = await relay.startClient('framing', { app });
		c = await client.connection(1);
	});
	after(() => w.close());

	/** What the app got of a delivery: the lines of its head in lower case, and what came after it. */
	async function deliver({ headers, body = '', trailers, ...rest }) {
		const id = eventId(), n = ++stream, before = app.seen.length;
		if (trailers === undefined) c.send(request({ stream: n, event_id: id, body, body_len: body.length, headers, ...rest }));
		else
			c.send(request({ stream: n, flags: 0, event_id: id, body, body_len: 2n ** 64n - 1n, headers, ...rest }),
				frame('DATA', { stream: n, flags: FLAGS.END | FLAGS.TRAILERS, payload: Buffer.from(trailers) }));
		await c.answer(n);
		c.send(done(n, id));
		assert.equal(app.seen.length, before + 1, 'one connection');
		const [head, ...tail] = app.seen[before].bytes.split('\r\n\r\n');
		return { head: head.toLowerCase().split('\r\n'), rest: tail.join('\r\n\r\n') };
	}
	const of = (head, name) => head.filter((l) => l.startsWith(`${name}:`));

	const hidden = 'GET /admin HTTP/1.1\r\nHost: x\r\n\r\n';
	for (const [what, headers] of [
		['a length below that of the body', 'Host: x\r\nContent-Length: 0\r\n'],
		['a length above it', 'Host: x\r\nContent-Length: 4000\r\n'],
		['two lengths', `Host: x\r\nContent-Length: 1\r\nContent-Length: ${hidden.length}\r\n`],
		['a length that is no number', 'Host: x\r\nContent-Length: +5\r\n'],
		['chunks that are none', 'Host: x\r\nTransfer-Encoding: chunked\r\n'],
		['chunks and a length', `Host: x\r\nTransfer-Encoding: chunked\r\nContent-Length: ${hidden.length}\r\n`],
		['codings in another spelling', 'Host: x\r\ntransfer-ENCODING: xchunked, identity\r\nContent-Length: 3\r\n'],
		['a length named by Connection', `Host: x\r\nConnection: content-length\r\nContent-Length: ${hidden.length}\r\n`],
	])
		it(`${what}: the body's own length, once`, async () => {
			const { head, rest } = await deliver({ headers, body: hidden });
			assert.deepEqual(of(head, 'content-length'), [`content-length: ${hidden.length}`]);
			assert.deepEqual(of(head, 'transfer-encoding'), []);
			assert.equal(rest, hidden);
		});

	it('trailers: fields that frame, route or sign in are left out, the others go on', async () => {
		const trailers = 'Content-Length: 40\r\nX-Sum: 1\r\nTransfer-Encoding: chunked\r\nHost: other\r\nAuthorization: Basic eA==\r\ncontent-length: 2\r\nX-Last: 2\r\n';
		const { head, rest } = await deliver({ headers: 'Host: x\r\nTransfer-Encoding: chunked\r\n', body: 'hello', trailers });
		assert.deepEqual(of(head, 'transfer-encoding'), ['transfer-encoding: chunked']);
		assert.deepEqual(of(head, 'content-length'), []);
		assert.equal(rest, '5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-Last: 2\r\n\r\n');
	});

	it('nothing but such trailers: none', async () => {
		const { rest } = await deliver({ headers: 'Host: x\r\n', body: 'hello', trailers: 'Content-Length: 40\r\n' });
		assert.equal(rest, '5\r\nhello\r\n0\r\n\r\n');
	});

	for (const [what, broken] of [
		['a field that ends in the middle of a line', { headers: 'Host: x\r\nX: a\nContent-Length: 0\r\n' }],
		['a path with a line end', { target: '/a HTTP/1.1\r\nX: 1\r\n\r\nGET /b' }],
		['a path with a blank', { target: '/a b' }],
		['a method of two words', { method: 'GET /x HTTP/1.1\r\nX:' }],
		['a field name with a blank before the colon', { headers: 'Host: x\r\nContent-Length : 0\r\n' }],
	])
		it(`${what}: the app is not called`, async () => {
			const other = await relay.startClient(`broken-${stream++}`, { app });
			const conn = await other.connection(1), before = app.seen.length;
			conn.send(request({ stream: 1, event_id: eventId(), body: 'x', body_len: 1, headers: 'Host: x\r\n', ...broken }));
			await waitFor('the client to refuse it', () => conn.over || conn.of(1, 'RESET').length || conn.of(1, 'RESPONSE').length);
			assert.equal(app.seen.length, before);
			await other.stop('SIGINT');
		});

	it('an event id may be a UUID of any version', async () => {
		for (const id of ['6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'f47ac10b-58cc-4372-a567-0e02b2c3d479', '00000000-0000-0000-0000-000000000001', 'ffffffff-ffff-ffff-ffff-ffffffffffff']) {
			const n = ++stream;
			c.send(request({ stream: n, event_id: id, body: 'x', body_len: 1, headers: 'Host: x\r\nContent-Length: 1\r\n' }));
			await c.answer(n);
			c.send(done(n, id));
			assert.equal(JSON.parse(await w.creelOut(['show', id, '--json'])).event_id, id);
		}
		await client.stop('SIGINT');
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
