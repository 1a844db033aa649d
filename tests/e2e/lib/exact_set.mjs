// The bytes that have to come through unchanged where the client is at another node than the webhook: from 1 KiB to 64 MiB,
// trailers, server-sent events, a WebSocket.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { waitFor, within } from './harness.mjs';
import { requestBytes, send, Sender } from './http.mjs';

export const digest = (bytes) => `${bytes.length} bytes, sha256 ${createHash('sha256').update(bytes).digest('hex')}`;

/** An app whose answers the tests script by path. */
export async function startApp() {
	const app = { requests: [], scripts: new Map() };
	app.server = http.createServer((request, response) => {
		const pieces = [];
		request.on('data', (piece) => pieces.push(piece));
		request.on('end', () => {
			const r = { method: request.method, target: request.url, body: Buffer.concat(pieces), trailers: request.rawTrailers, headers: request.headers };
			app.requests.push(r);
			const script = app.scripts.get(request.url.split('?')[0]);
			if (script) script(r, response);
			else response.end(`answer to ${request.url}`);
		});
	});
	const sockets = new WebSocketServer({ noServer: true });
	app.server.on('upgrade', (q, socket, head) => sockets.handleUpgrade(q, socket, head, (s) => s.on('message', (m, binary) => s.send(m, { binary }))));
	app.server.listen(0, '127.0.0.1');
	await once(app.server, 'listening');
	app.port = app.server.address().port;
	app.got = (target) => waitFor(`${target} at the app`, () => app.requests.find((r) => r.target === target), 30_000);
	app.count = (target) => app.requests.filter((r) => r.target === target).length;
	app.close = () => (app.server.closeAllConnections(), app.server.close());
	return app;
}

/**
 * The tests. `way()` gives, once they run: `at`, the { host, port } of the node that takes the webhooks; `app`, which the
 * client of the tunnel `far` at another node calls; `logs()`, what both nodes wrote; `listen(name)`, one more client there.
 */
export function exactThrough(way) {
	const to = (bytes, options) => send(way().at.port, bytes, { host: way().at.host, ...options });

	test('small ones: all methods, queries, and answers', async () => {
		for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
			const body = method === 'GET' ? Buffer.alloc(0) : randomBytes(1024);
			const answer = await to(requestBytes(method, `/far/small?${method}`, ['Host: localhost', 'X-Odd:  a\tb ', `Content-Length: ${body.length}`], body));
			assert.equal(answer.status, 200, answer.text);
			assert.equal(answer.text, `answer to /small?${method}`);
			const r = await way().app.got(`/small?${method}`);
			assert.equal(r.method, method);
			assert.equal(digest(r.body), digest(body));
		}
	});

	test('10 MiB and 64 MiB, there and back', async () => {
		way().app.scripts.set('/large', (r, response) => response.end(r.body));
		for (const size of [10 << 20, 64 << 20]) {
			const body = randomBytes(size);
			const began = Date.now();
			const answer = await to(requestBytes('POST', `/far/large?${size}`, ['Host: localhost', `Content-Length: ${size}`], body), { timeoutMs: 120_000 });
			assert.equal(answer.status, 200, answer.text.slice(0, 200));
			assert.equal(digest(answer.body), digest(body));
			assert.equal(digest((await way().app.got(`/large?${size}`)).body), digest(body));
			console.log(`# ${size >> 20} MiB there and back: ${Date.now() - began} ms`);
		}
		assert.doesNotMatch(way().logs(), /trunk_lost/, 'nothing is lost on the way between two nodes that live');
	});

	test('a chunked body with trailers, answered by one with trailers', async () => {
		way().app.scripts.set('/trailers', (r, response) => {
			response.writeHead(207, { Trailer: 'X-Sum' });
			response.write('one');
			response.addTrailers({ 'X-Sum': '3' });
			response.end('two');
		});
		const answer = await to(requestBytes('POST', '/far/trailers', ['Host: localhost', 'Transfer-Encoding: chunked', 'TE: trailers', 'Trailer: X-Checksum'],
			Buffer.from('5\r\nhello\r\n0\r\nX-Checksum: 9f\r\n\r\n')));
		assert.equal(answer.status, 207, answer.text);
		assert.equal(answer.text, 'onetwo');
		assert.deepEqual(answer.trailers, ['X-Sum: 3']);
		const r = await way().app.got('/trailers');
		assert.equal(r.body.toString(), 'hello');
		assert.deepEqual(r.trailers, ['X-Checksum', '9f']);
	});

	test('server-sent events, one by one; the app sees that the sender has gone', async () => {
		let stream, over = false;
		way().app.scripts.set('/sse', (r, response) => {
			response.writeHead(200, { 'Content-Type': 'text/event-stream' });
			response.flushHeaders();
			response.on('close', () => (over = true));
			stream = response;
		});
		const s = await Sender.connect(way().at.port, { host: way().at.host });
		await s.write(requestBytes('GET', '/far/sse', ['Host: localhost', 'Accept: text/event-stream']));
		await waitFor('the head at the sender', () => s.current);
		for (let i = 1; i <= 5; i++) {
			stream.write(`data: event ${i}\n\n`);
			await waitFor(`event ${i}`, () => s.partial.toString().endsWith(`data: event ${i}\n\n`));
		}
		await s.end();
		await waitFor('the end at the app', () => over);
	});

	test('a WebSocket, also as the first that comes for the tunnel', async () => {
		const p = await way().listen('upgrades');
		const s = new WebSocket(`ws://${way().at.host}:${way().at.port}/upgrades/socket`);
		await within('its opening', once(s, 'open'));
		const big = randomBytes(1 << 20);
		for (const m of ['hello', big]) {
			s.send(m);
			const [back] = await within('its echo', once(s, 'message'));
			assert.equal(digest(back), digest(Buffer.from(m)));
		}
		s.close(1000);
		await within('its end', once(s, 'close'));
		await p.stop('SIGINT');
	});
}
