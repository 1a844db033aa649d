// A WebSocket through the public URL is two pipes: every shape of frame comes out as it went in, whoever sends it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { frameShapes } from './lib/frame_shapes.mjs';
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

	/** Both ends of a WebSocket as plain sockets, after 101: [the sender's, the app's], each with what has come in `got`. */
	async function rawPair(name) {
		const atApp = [];
		const raw = w.keep(net.createServer((socket) => {
			socket.on('error', () => {}).once('data', () => {
				socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n');
				atApp.push(gather(socket));
			});
		}));
		await once(raw.listen(0, '127.0.0.1'), 'listening');
		await w.startClient({ relay, target: raw.address().port, name, output: 'quiet' });
		const sender = gather(net.connect(relay.port, '127.0.0.1'));
		sender.write(`GET /${name}/x HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`);
		await waitFor('101', () => Buffer.concat(sender.pieces).includes('\r\n\r\n'));
		assert.match(Buffer.concat(sender.pieces).toString(), /^HTTP\/1\.1 101 [^]*\r\n\r\n$/);
		sender.pieces = [];
		sender.length = 0;
		return [sender, atApp[0]];
	}
	function gather(socket) {
		socket.pieces = [];
		socket.length = 0;
		return socket.on('error', () => {}).on('data', (piece) => {
			socket.pieces.push(piece);
			socket.length += piece.length;
			socket.emit('more');
		});
	}
	/** Sends it in pieces of that size, and takes as many bytes at the other end. */
	async function passes(what, from, to, bytes, size = bytes.length) {
		for (let i = 0; i < bytes.length; i += size) from.write(bytes.subarray(i, i + size));
		while (to.length < bytes.length) await within(`${what}: ${to.length} of ${bytes.length} bytes`, once(to, 'more'));
		assert.ok(Buffer.concat(to.pieces).equals(bytes), `${what} came out otherwise`);
		to.pieces = [];
		to.length = 0;
	}

	it('each good and bad frame of Autobahn’s cases, both ways, whole and chopped', async () => {
		const [sender, app] = await rawPair('shapes');
		sender.setNoDelay(true);
		app.setNoDelay(true);
		for (const [way, from, to, masked] of [['to the app', sender, app, true], ['from the app', app, sender, false]]) {
			const shapes = frameShapes(masked);
			for (const { name, bytes } of shapes) {
				await passes(`${name} ${way}`, from, to, bytes);
				if (bytes.length < 300) await passes(`${name} ${way}, byte by byte`, from, to, bytes, 1);
			}
			await passes(`all of them ${way} at once`, from, to, Buffer.concat(shapes.map((s) => s.bytes)), 997);
		}
		sender.destroy();
	});

	it('bytes that are no frames pass as well: neither end of creel reads them', async () => {
		const [sender, app] = await rawPair('raw');
		const noise = randomBytes(200_000);
		await passes('noise to the app', sender, app, noise, 777);
		await passes('noise from the app', app, sender, noise, 777);
		sender.destroy();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
