// A WebSocket through the public URL is two pipes: every shape of frame comes out as it went in, whoever sends it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { World, waitFor, within } from './lib/harness.mjs';

// Around each bound of a frame's length field (RFC 6455 §5.2), and beyond a piece of the tunnel's.
const SIZES = [0, 1, 2, 124, 125, 126, 127, 128, 4095, 4096, 65_534, 65_535, 65_536, 65_537, 300_000, 1 << 20];
const CODES = [1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 3000, 4000, 4999];

describe('WebSockets of every shape', () => {
	const w = new World();
	let relay, server;
	const atApp = [];
	before(async () => {
		server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
		await once(server, 'listening');
		w.keep({ close: () => (server.clients.forEach((s) => s.terminate()), server.close()) });
		server.on('connection', (s) => atApp.push(collect(s)));
		relay = await w.startRelay();
		await w.startClient({ relay, target: server.address().port, name: 'ws', output: 'quiet' });
	});
	after(() => w.close());

	function collect(s) {
		s.got = [];
		s.pings = [];
		s.pongs = [];
		s.on('message', (m, binary) => s.got.push({ m: Buffer.from(m), binary }));
		s.on('ping', (m) => s.pings.push(Buffer.from(m).toString('hex')));
		s.on('pong', (m) => s.pongs.push(Buffer.from(m).toString('hex')));
		s.on('error', () => {});
		s.closed = new Promise((resolve) => s.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
		return s;
	}
	/** Both ends of a new one: [the sender's, the app's]. */
	async function pair() {
		const before = atApp.length;
		const s = collect(new WebSocket(`ws://127.0.0.1:${relay.port}/ws/x`, { perMessageDeflate: false }));
		await within('the handshake', once(s, 'open'));
		return [s, await waitFor('the app’s end', () => atApp[before])];
	}
	const ways = async () => { const [a, b] = await pair(); return [['to the app', a, b], ['from the app', b, a]]; };

	it('each length, text and binary, both ways at once, in order', async () => {
		const messages = SIZES.flatMap((n) => [{ m: Buffer.from('ü'.repeat(n >> 1) + 'x'.repeat(n & 1)), binary: false }, { m: randomBytes(n), binary: true }]);
		const all = await ways();
		for (const { m, binary } of messages) for (const [, from] of all) from.send(m, { binary });
		for (const [way, , to] of all) {
			await waitFor(`all of them ${way}`, () => to.got.length === messages.length);
			messages.forEach((sent, i) => assert.ok(to.got[i].binary === sent.binary && to.got[i].m.equals(sent.m), `${way}: message ${i}`));
		}
	});

	it('in fragments, empty ones and with a ping between them', async () => {
		for (const [way, from, to] of await ways()) {
			const pieces = [randomBytes(3), Buffer.alloc(0), randomBytes(70_000), randomBytes(1), Buffer.alloc(0)];
			pieces.forEach((piece, i) => {
				from.send(piece, { binary: true, fin: i === pieces.length - 1 });
				from.ping(Buffer.from([i]));
			});
			await waitFor(`the whole ${way}`, () => to.got.length === 1 && from.pongs.length === pieces.length);
			assert.ok(to.got[0].m.equals(Buffer.concat(pieces)), way);
			assert.deepEqual(to.pings, ['00', '01', '02', '03', '04']);
			assert.deepEqual(from.pongs, ['00', '01', '02', '03', '04']);
		}
	});

	it('2,000 tiny ones each way', async () => {
		const all = await ways();
		for (let i = 0; i < 2000; i++) for (const [, from] of all) from.send(String(i));
		for (const [way, , to] of all) {
			await waitFor(`all ${way}`, () => to.got.length === 2000);
			assert.deepEqual(to.got.map((g) => Number(g.m)), Array.from({ length: 2000 }, (_, i) => i));
		}
	});

	it('each close code with its reason, from either end', async () => {
		for (const code of CODES) {
			for (const [way, from, to] of await ways()) {
				if (from.readyState !== WebSocket.OPEN) continue; // the other way closed it
				from.close(code, `why ${code}`);
				assert.deepEqual(await within(`close ${way}`, to.closed), { code, reason: `why ${code}` });
				assert.equal((await within(`its answer ${way}`, from.closed)).code, code);
			}
			const [s, app] = await pair();
			app.close(code, 'r'.repeat(123));
			assert.deepEqual(await within('close by the app', s.closed), { code, reason: 'r'.repeat(123) });
		}
	});

	it('an end without a close frame shows as one at the other side', async () => {
		for (const which of [0, 1]) {
			const both = await pair();
			both[which].terminate();
			assert.equal((await within('the end', both[1 - which].closed)).code, 1006);
		}
	});

	it('bytes that are no frames pass as well: neither end of creel reads them', async () => {
		const raw = w.keep(net.createServer((socket) => {
			socket.on('error', () => {});
			socket.once('data', () => {
				socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n');
				socket.on('data', (piece) => socket.write(piece));
			});
		}));
		raw.listen(0, '127.0.0.1');
		await once(raw, 'listening');
		await w.startClient({ relay, target: raw.address().port, name: 'raw', output: 'quiet' });
		const socket = net.connect(relay.port, '127.0.0.1');
		let got = Buffer.alloc(0);
		socket.on('data', (piece) => (got = Buffer.concat([got, piece])));
		socket.write('GET /raw/x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
		await waitFor('101', () => got.includes('\r\n\r\n'));
		const head = got.indexOf('\r\n\r\n') + 4;
		const sent = randomBytes(200_000);
		for (let i = 0; i < sent.length; i += 777) socket.write(sent.subarray(i, i + 777));
		await waitFor('all of it back', () => got.length === head + sent.length);
		assert.ok(got.subarray(head).equals(sent));
		socket.destroy();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
