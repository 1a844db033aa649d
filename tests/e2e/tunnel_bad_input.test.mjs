// A tunnel end that lies, stutters or talks nonsense: the relay closes that one and goes on serving; and the client
// outlives a relay that does the same (shared/PROTOCOL.md §2).
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { World, waitFor, within } from './lib/harness.mjs';
import { Receiver, Sender, post, requestBytes, send } from './lib/http.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { FLAGS, MAX_PAYLOAD, decodeMessage, frame, hello, note, recorded, request, response, welcome } from './lib/wire.mjs';

const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
const EVENT = '019ab12c-4d5e-7f3a-8b6c-0d1e2f304152';

describe('the relay, told nonsense by a tunnel client', () => {
	let w, relay, app;
	before(async () => {
		w = new World();
		relay = await w.startRelay({ args: ['--resume-grace', '500ms'] });
		app = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'honest' });
	});
	after(() => w?.close());
	const stillServes = async () => assert.equal((await post(relay.port, '/honest/x')).status, 200, 'another client’s tunnel still works');

	const good = hello({ tunnel: 'liar' });
	const before1002 = {
		'a message shorter than a frame header': Buffer.from([0, 0, 0]),
		'a payload longer than the message': good.subarray(0, good.length - 1),
		'a length beyond the limit': frame('HELLO', { length: MAX_PAYLOAD + 1, payload: Buffer.alloc(10) }),
		'a length of 2^32-1': frame('HELLO', { length: 0xffffffff }),
		'reserved not 0': frame('HELLO', { reserved: 1, payload: good.subarray(16) }),
		'a HELLO that ends within a field': frame('HELLO', { payload: good.subarray(16, good.length - 3) }),
		'an empty HELLO': frame('HELLO'),
		'a field longer than the payload': (() => { const b = Buffer.from(good); b.writeUInt16BE(0xffff, 16 + 14); return b; })(),
		'HELLO on a stream': frame('HELLO', { stream: 1, payload: good.subarray(16) }),
		'another frame before HELLO': recorded(1, EVENT),
		'DATA before HELLO': frame('DATA', { stream: 1, payload: Buffer.from('x') }),
		'a frame only the relay may send': welcome(),
		'every byte 0xff': Buffer.alloc(100, 0xff),
	};
	for (const [what, bytes] of Object.entries(before1002)) {
		it(`closes with 1002: ${what}`, async () => {
			const t = await Tunnel.open(relay.port);
			t.ws.send(bytes);
			const { code, reason } = await within('the close', t.closed);
			assert.equal(code, 1002, reason);
			assert.match(reason, /\w+/, 'a reason');
			await stillServes();
		});
	}

	const after1002 = {
		'HELLO twice': good,
		'WELCOME from a client': welcome(),
		'REQUEST from a client': request({ event_id: EVENT }),
		'WINDOW with a credit of 0': frame('WINDOW', { payload: u32(0) }),
		'WINDOW that lifts the window above 2^31': frame('WINDOW', { payload: u32(0xffffffff) }),
		'WINDOW of three bytes': frame('WINDOW', { payload: Buffer.alloc(3) }),
		'RESPONSE on stream 0': response({ stream: 0 }),
		'a RESET that ends within its reason': frame('RESET', { stream: 1, payload: Buffer.from([0, 0, 0, 1, 0, 9, 65]) }),
		'a frame cut by the message’s end, behind a good one': Buffer.concat([frame('WINDOW', { payload: u32(1) }), Buffer.from([0, 0, 0, 9, 4])]),
	};
	for (const [what, bytes] of Object.entries(after1002)) {
		it(`closes an online tunnel with 1002: ${what}`, async () => {
			const t = await Tunnel.online(relay.port, 'liar');
			t.ws.send(bytes);
			const { code } = await within('the close', t.closed);
			assert.equal(code, 1002);
			await stillServes();
		});
	}

	it('skips unknown types and ignores frames of streams that are over', async () => {
		const t = await Tunnel.open(relay.port);
		t.ws.send(hello({ tunnel: 'liar' }));
		await t.frame('WELCOME');
		t.ws.send(Buffer.concat([frame(200, { payload: Buffer.from('what?') }), frame(99, { stream: 7 })]));
		const over = await Sender.connect(relay.port);
		await over.write('POST /liar/gone HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
		const first = await t.frame('REQUEST');
		t.ws.send(Buffer.concat([recorded(first.stream, first.event_id), response({ stream: first.stream })]));
		await t.frame('DONE', (f) => f.stream === first.stream);
		await over.end();
		t.ws.send(Buffer.concat([recorded(first.stream, first.event_id), response({ stream: first.stream, flags: 0 }),
			frame('DATA', { stream: first.stream, flags: FLAGS.END }), frame('WINDOW', { stream: first.stream, payload: u32(5) }), frame('RESET', { stream: first.stream, payload: Buffer.concat([u32(5), Buffer.alloc(2)]) })]));
		const sending = post(relay.port, '/liar/x', 'abc');
		const opened = await t.frame('REQUEST', (f) => f.stream !== first.stream);
		assert.equal(opened.body, 'abc');
		assert.equal(opened.target, '/x');
		assert.equal(opened.prefix, '/liar');
		t.ws.send(Buffer.concat([recorded(opened.stream, opened.event_id), response({ stream: opened.stream })]));
		assert.equal((await sending).text, 'ok');
		await t.frame('DONE', (f) => f.stream === opened.stream);
		await t.end();
	});

	it('understands a HELLO with fields of a later version behind its own', async () => {
		const t = await Tunnel.open(relay.port);
		const longer = Buffer.concat([hello({ tunnel: 'later' }).subarray(16), Buffer.from('more')]);
		t.ws.send(frame('HELLO', { payload: longer }));
		assert.equal((await t.frame('WELCOME')).tunnel, 'later');
		await t.end();
	});

	for (const [what, make] of Object.entries({
		'a header value that holds CR LF': (stream) => response({ stream, headers: 'X-A: 1\r\n\r\nHTTP/1.1 200 Split\r\n' }),
		'a header name that is no token': (stream) => response({ stream, headers: 'X A: 1\r\n' }),
		'a header block without its last CR LF': (stream) => response({ stream, headers: 'X-A: 1' }),
		'a reason phrase with CR LF': (stream) => response({ stream, reason: 'OK\r\nX-Injected: 1' }),
		'status 99': (stream) => response({ stream, status: 99 }),
		'status 101': (stream) => response({ stream, status: 101 }),
		'a body longer than its declared length': (stream) => response({ stream, body_len: 2, body: 'much longer' }),
		'DATA before RESPONSE': (stream) => frame('DATA', { stream, payload: Buffer.from('x') }),
		'the event id of another delivery': (stream) => recorded(stream, EVENT),
		'a second RESPONSE': (stream) => Buffer.concat([response({ stream, flags: 0 }), response({ stream })]),
	})) {
		it(`never hands a broken answer on as whole: ${what}`, async () => {
			const t = await Tunnel.online(relay.port, 'broken');
			const s = await Sender.connect(relay.port);
			await s.write('POST /broken/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
			const opened = await t.frame('REQUEST');
			t.ws.send(make(opened.stream));
			const answer = await s.answer();
			assert.ok(!answer || !answer.complete || [202, 502].includes(answer.status), JSON.stringify(answer?.first));
			assert.ok(!answer?.lines.some((l) => /injected/i.test(l)));
			await s.end();
			await t.end();
			await stillServes();
		});
	}

	it('answers a waiting sender when the tunnel breaks: 202 once it is in the spool, a GET 502 or 503', async () => {
		const t = await Tunnel.online(relay.port, 'gone');
		const sending = post(relay.port, '/gone/x');
		const asking = send(relay.port, requestBytes('GET', '/gone/y', ['Host: localhost']));
		await t.frame('REQUEST', (f) => f.method === 'GET');
		await t.end();
		assert.equal((await sending).status, 202);
		const answer = await asking;
		assert.ok([502, 503].includes(answer.status), String(answer.status));
		assert.match(answer.text, /\w+ \w+/);
	});

	it('breaks the sender’s connection when the tunnel breaks in the middle of an answer', async () => {
		const t = await Tunnel.online(relay.port, 'half');
		const s = await Sender.connect(relay.port);
		await s.write('POST /half/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
		const opened = await t.frame('REQUEST');
		t.ws.send(Buffer.concat([recorded(opened.stream, opened.event_id), response({ stream: opened.stream, flags: 0, body_len: 100, headers: 'Content-Length: 100\r\n', body: 'first' })]));
		await waitFor('the first part', () => s.current);
		await t.end();
		const answer = await s.answer();
		assert.equal(answer.first, 'HTTP/1.1 200 OK');
		assert.equal(answer.complete, false);
	});

	it('a client that takes nothing away stops the body’s flow at its window', async () => {
		const t = await Tunnel.online(relay.port, 'full');
		const size = 8 << 20;
		const s = await Sender.connect(relay.port);
		s.write(Buffer.concat([Buffer.from(`POST /full/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size + 1}\r\n\r\n`), randomBytes(size)]));
		const opened = await t.frame('REQUEST');
		const got = () => t.frames.filter((f) => f.stream === opened.stream).reduce((n, f) => n + (f.body?.length ?? 0), 0);
		await waitFor('the window to be used', () => got() >= 262144);
		await stillServes();
		assert.ok(got() <= 262144 + 65536 * 2, `${got()} bytes came`);
		await s.end();
		assert.equal((await t.frame('RESET')).code, 2, 'TRUNCATED when the sender has hung up');
		await t.end();
	});

	it('a text message closes with 1003', async () => {
		const t = await Tunnel.open(relay.port);
		t.ws.send('hello');
		assert.equal((await within('the close', t.closed)).code, 1003);
	});

	it('a wrong version: NOTICE 5 with a sentence, then 1008', async () => {
		const t = await Tunnel.open(relay.port);
		t.ws.send(hello({ version: 999, tunnel: 'future' }));
		const told = await t.frame('NOTICE');
		assert.equal(told.code, 5);
		assert.match(told.text, /999/);
		assert.equal((await within('the close', t.closed)).code, 1008);
	});

	it('a name that is none: NOTICE 3, then 1008', async () => {
		for (const tunnel of ['Upper', '-dash', 'a/b', '_creel', 'x'.repeat(64), '..', 'a b', 'é']) {
			const t = await Tunnel.open(relay.port);
			t.ws.send(hello({ tunnel }));
			assert.equal((await t.frame('NOTICE')).code, 3, tunnel);
			assert.equal((await within('the close', t.closed)).code, 1008);
		}
	});

	it('no name: the relay makes one of 20 characters', async () => {
		const t = await Tunnel.online(relay.port, '');
		const [{ tunnel, public_url }] = t.frames;
		assert.match(tunnel, /^[a-z0-9]{20}$/);
		assert.equal(public_url, `http://127.0.0.1:${relay.port}/${tunnel}`);
		await t.end();
	});

	it('a second client of the same name replaces the first, which is told why', async () => {
		const old = await Tunnel.online(relay.port, 'twice');
		const fresh = await Tunnel.online(relay.port, 'twice');
		assert.equal((await old.frame('NOTICE')).code, 4);
		await within('the close', old.closed);
		const sending = post(relay.port, '/twice/x');
		const opened = await fresh.frame('REQUEST');
		fresh.ws.send(Buffer.concat([recorded(opened.stream, opened.event_id), response({ stream: opened.stream })]));
		assert.equal((await sending).status, 200);
		await fresh.end();
	});

	it('a wrong subprotocol gets no tunnel', async () => {
		await assert.rejects(Tunnel.open(relay.port, { protocols: ['other.v9'] }).then((t) => t.frame('WELCOME')));
		await stillServes();
	});

	it('compression that a client offers is not taken up: a small message stays small', async () => {
		const ws = new WebSocket(`ws://127.0.0.1:${relay.port}/_creel/tunnel`, ['creel.v1'], { perMessageDeflate: true });
		await within('the handshake', once(ws, 'open'));
		assert.equal(ws.extensions, '');
		const socket = ws._socket;
		// Compressed all the same, as the first reserved bit says (RFC 7692): masked, binary, ten bytes.
		socket.write(Buffer.from([0xc2, 0x8a, 0, 0, 0, 0, ...Array(10).fill(0)]));
		await within('the close', once(ws, 'close'));
		await stillServes();
	});

	it('WebSocket rubbish behind a handshake', async () => {
		for (const rubbish of ['\x00\x00\x00\x00', '\xf2\x80\x00\x00\x00\x00', '\x82\x05hello' /* not masked */, '\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00', '\xff'.repeat(300)]) {
			const socket = net.connect(relay.port, '127.0.0.1');
			socket.on('error', () => {});
			const closed = new Promise((resolve) => socket.on('close', resolve));
			socket.write(`GET /_creel/tunnel HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n` +
				'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: creel.v1\r\n\r\n');
			const [first] = await within('101', once(socket, 'data'));
			assert.match(first.toString('latin1'), /^HTTP\/1\.1 101 /);
			socket.resume();
			socket.end(Buffer.from(rubbish, 'latin1'));
			await within('the close', closed);
		}
		await stillServes();
	});

	it('a GET that is no WebSocket gets 426 and a sentence that names what is missing', async () => {
		const s = await Sender.connect(relay.port);
		await s.write('GET /_creel/tunnel HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
		const answer = await s.answer();
		assert.equal(answer?.status, 426);
		assert.match(answer.text, /^creel: .*Upgrade/);
		await s.over();
		await stillServes();
	});

	it('a handshake that stops half way is given up, and one on a used connection gets 426', async () => {
		const s = await Sender.connect(relay.port);
		await s.write('POST /honest/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n');
		assert.equal((await s.answer()).status, 200);
		await s.write('GET /_creel/tunnel HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n' +
			'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: creel.v1\r\n\r\n');
		assert.equal((await s.answer()).status, 426);
		await s.over();
		const half = net.connect(relay.port, '127.0.0.1');
		half.on('error', () => {});
		await once(half, 'connect');
		half.write('GET /_creel/tunnel HTTP/1.1\r\nHo');
		half.destroy();
		await stillServes();
	});

	it('a thousand random messages do not bring the relay down', async () => {
		for (let i = 0; i < 60; i++) {
			const t = await Tunnel.open(relay.port);
			if (i % 2) t.ws.send(hello({ tunnel: 'noise' }));
			for (let j = 0; j < 16; j++) {
				const type = 1 + (i * 16 + j) % 12;
				t.ws.send(frame(type, { flags: (i + j) & 255, stream: j % 3, payload: randomBytes((i * j) % 90) }));
			}
			t.ws.close();
			await within('the close', t.closed);
		}
		await stillServes();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('tokens', () => {
	let w, relay, annasToken, bertsToken;
	const token = async (name, ...more) => {
		const r = await w.run('creel-relay', ['token', 'add', name, '--data', relay?.data ?? w.path('tokens'), ...more]);
		assert.equal(r.code, 0, r.err);
		return /[A-Za-z0-9_-]{40,}/.exec(r.text)[0];
	};
	before(async () => {
		w = new World();
		annasToken = await token('anna');
		bertsToken = await token('bert', '--tunnels', 'bert-*');
		relay = await w.startRelay({ data: w.path('tokens') });
	});
	after(() => w?.close());

	for (const [what, sent] of [['no token', undefined], ['a wrong token', 'x'.repeat(43)], ['a token one character too long', () => annasToken + 'A'], ['an empty token', ' ']]) {
		it(`${what}: NOTICE 1 with a sentence, then 1008`, async () => {
			const t = await Tunnel.open(relay.port, { token: typeof sent === 'function' ? sent() : sent });
			t.ws.send(hello({ tunnel: 'shop' }));
			const told = await t.frame('NOTICE');
			assert.equal(told.code, 1);
			assert.match(told.text, /token/i);
			assert.equal((await within('the close', t.closed)).code, 1008);
		});
	}

	it('the right token is let in; its name is taken for another token, online or not', async () => {
		const t = await Tunnel.online(relay.port, 'shop', { token: annasToken });
		const bobs = await token('bob');
		const other = async () => {
			const o = await Tunnel.open(relay.port, { token: bobs });
			o.ws.send(hello({ tunnel: 'shop' }));
			const told = await o.frame('NOTICE');
			assert.equal(told.code, 2);
			assert.equal((await within('the close', o.closed)).code, 1008);
		};
		await other();
		await t.end();
		await other();
	});

	it('a token made for bert-* opens only such tunnels', async () => {
		const t = await Tunnel.online(relay.port, 'bert-1', { token: bertsToken });
		await t.end();
		const no = await Tunnel.open(relay.port, { token: bertsToken });
		no.ws.send(hello({ tunnel: 'anna-1' }));
		assert.equal((await no.frame('NOTICE')).code, 12);
		assert.equal((await within('the close', no.closed)).code, 1008);
	});

	it('creel listen with a wrong token: one sentence, exit 3', async () => {
		const c = await w.startClient({ relay, target: 1, name: 'shop', env: { CREEL_TOKEN: 'wrong'.repeat(9) }, wait: false });
		const { code } = await c.end();
		assert.equal(code, 3);
		assert.match(c.err, /^creel: .*token/m);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('the client, told nonsense by a relay', () => {
	let w, app, server, wss, port;
	const connections = [];
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		server = http.createServer();
		wss = new WebSocketServer({ server, path: '/_creel/tunnel', perMessageDeflate: false, handleProtocols: () => 'creel.v1' });
		wss.on('connection', (ws) => {
			const c = { ws, frames: [] };
			ws.on('message', (message) => c.frames.push(...decodeMessage(message)));
			ws.on('error', () => {});
			c.closed = new Promise((resolve) => ws.on('close', (code, reason) => resolve((c.over = { code, reason: reason.toString() }))));
			connections.push(c);
		});
		server.listen(0, '127.0.0.1');
		await once(server, 'listening');
		port = server.address().port;
		w.keep({ close: () => (wss.clients.forEach((c) => c.terminate()), server.close()) });
	});
	after(() => w?.close());

	/** A client of that name; `connection(n)` is its n-th, once HELLO came, answered with `greeting`. */
	async function startClient(name, output = 'json') {
		const client = await w.startClient({ relayUrl: `http://127.0.0.1:${port}`, target: app.port, name, output, wait: false });
		client.connection = async (n, greeting = welcome({ tunnel: name })) => {
			const c = await waitFor(() => `connection ${n} of ${name}\n${client.err}`, () => {
				if (client.result) throw new Error(`the client ended: ${JSON.stringify(client.result)} ${client.err}`);
				return connections.filter((o) => o.frames[0]?.tunnel === name)[n - 1];
			});
			c.ws.send(greeting);
			return c;
		};
		return client;
	}
	const eventId = () => `019ab12c-4d5e-7f3a-8b6c-${randomBytes(6).toString('hex')}`;
	const reset = (stream, code) => frame('RESET', { stream, payload: Buffer.concat([u32(code), Buffer.alloc(2)]) });

	it('its first frame is HELLO with the name asked for', async () => {
		const c = await (await startClient('first')).connection(1);
		assert.equal(c.frames[0].type, 'HELLO');
		assert.equal(c.frames[0].version, 1);
	});

	Object.entries({
		'a message shorter than a frame header': Buffer.from([1, 2, 3]),
		'a length beyond the limit': frame('REQUEST', { length: MAX_PAYLOAD + 1, stream: 1 }),
		'a REQUEST that ends within a field': frame('REQUEST', { stream: 1, payload: Buffer.alloc(20) }),
		'a REQUEST with a header name that is no token': request({ event_id: eventId(), headers: 'X A: 1\r\n' }),
		'a REQUEST with a header value that holds CR LF': request({ event_id: eventId(), headers: 'X-A: 1\r\n\r\nGET / HTTP/1.1\r\n' }),
		'a REQUEST with a blank in its method': request({ event_id: eventId(), method: 'GET /x' }),
		'a REQUEST with CR LF in its target': request({ event_id: eventId(), target: '/x HTTP/1.1\r\nX-Injected: 1\r\n' }),
		'a REQUEST with a URL for its target': request({ event_id: eventId(), target: 'http://elsewhere.example/injected' }),
		'a REQUEST for a tunnel through the app': request({ event_id: eventId(), method: 'CONNECT', target: 'elsewhere.example:443' }),
		'a REQUEST with a status that is none': request({ event_id: eventId(), refused_status: 9999, flags: FLAGS.END | FLAGS.REFUSED }),
		'a REQUEST with trailers that are none': Buffer.concat([request({ event_id: eventId(), flags: 0 }), frame('DATA', { stream: 1, flags: FLAGS.END | FLAGS.TRAILERS, payload: Buffer.from('X A: 1\r\n') })]),
		'a REQUEST on stream 0': request({ event_id: eventId(), stream: 0 }),
		'a REQUEST twice on one stream': Buffer.concat([request({ event_id: eventId(), flags: 0 }), request({ event_id: eventId(), flags: 0 })]),
		'HELLO': hello(),
		'WELCOME twice': welcome(),
		'WINDOW with a credit of 0': frame('WINDOW', { payload: u32(0) }),
	}).forEach(([what, bytes], i) => {
		it(`closes with 1002 and connects again: ${what}`, async () => {
			const client = await startClient(`bad-${i}`);
			const c = await client.connection(1);
			c.ws.send(bytes);
			assert.equal((await within('the close', c.closed)).code, 1002);
			await client.connection(2);
			assert.ok(!app.requests.some((r) => r.lines.some((l) => /injected/i.test(l))));
		});
	});

	it('a welcome of another version: closes with 1002', async () => {
		const c = await (await startClient('future')).connection(1, welcome({ version: 77 }));
		assert.equal((await within('the close', c.closed)).code, 1002);
	});

	it('unknown frames are skipped; a good delivery works; the same event again does not call the app again', async () => {
		const c = await (await startClient('once')).connection(1);
		const id = eventId();
		const sent = { event_id: id, body_len: 3, body: 'abc', headers: 'Host: localhost\r\nContent-Length: 3\r\n', target: '/once' };
		c.ws.send(Buffer.concat([frame(77, { payload: Buffer.from('new') }), request({ ...sent, stream: 1 })]));
		await waitFor('the answer', () => c.frames.find((f) => f.type === 'RESPONSE' && f.stream === 1));
		const order = c.frames.filter((f) => f.stream === 1).map((f) => f.type);
		assert.ok(order.includes('RECORDED') && order.indexOf('RECORDED') < order.indexOf('RESPONSE'), order.join());
		c.ws.send(frame('DONE', { stream: 1, payload: Buffer.from(id.replaceAll('-', ''), 'hex') }));
		c.ws.send(request({ ...sent, stream: 2 }));
		await waitFor('RECORDED of the repeat', () => c.frames.find((f) => f.type === 'RECORDED' && f.stream === 2));
		await waitFor('an answer to the repeat', () => c.frames.find((f) => f.type === 'RESPONSE' && f.stream === 2));
		assert.equal(app.requests.filter((r) => r.target === '/once').length, 1);
		assert.equal((await w.list()).filter((r) => r.event_id === id).length, 1);
	});

	it('a body that breaks off (TRUNCATED) or passed the limit is recorded as refused', async () => {
		const c = await (await startClient('cut')).connection(1);
		const [cut, big] = [eventId(), eventId()];
		c.ws.send(Buffer.concat([request({ stream: 3, flags: 0, event_id: cut, body_len: 100, body: 'begin' }), reset(3, 2)]));
		c.ws.send(Buffer.concat([request({ stream: 4, flags: 0, event_id: big, body_len: 2n ** 64n - 1n, body: 'begin', target: '/big' }), reset(4, 3)]));
		const row = await w.recorded((r) => r.event_id === big);
		assert.equal(row.state, 'refused');
		assert.equal(row.status, 413);
		const short = (await w.list()).find((r) => r.event_id === cut);
		assert.equal(short.state, 'refused');
		assert.equal(short.status, null);
		assert.equal(short.request_bytes, 100);
	});

	it('a body longer than it was declared does not reach the app', async () => {
		const c = await (await startClient('longer')).connection(1);
		c.ws.send(Buffer.concat([request({ stream: 1, flags: 0, event_id: eventId(), body_len: 5, target: '/longer', headers: 'Host: localhost\r\nContent-Length: 5\r\n' }),
			frame('DATA', { stream: 1, flags: FLAGS.END, payload: Buffer.from('hello GET /smuggled HTTP/1.1\r\n\r\n') })]));
		await waitFor('an end of it', () => c.over ?? c.frames.find((f) => f.stream === 1 && ['RESPONSE', 'RESET'].includes(f.type)));
		assert.ok(!app.requests.some((r) => r.target === '/longer' && r.body.toString() === 'hello'), 'no second request behind it');
		assert.ok(!app.requests.some((r) => r.target === '/smuggled'));
	});

	it('NOTICE 4 (replaced): it stops, says why, exit 3', async () => {
		const client = await startClient('replaced');
		const c = await client.connection(1);
		c.ws.send(note('NOTICE', 4, 'a newer client took the name\x1b[2J'));
		c.ws.close(1008);
		assert.equal((await client.end()).code, 3);
		assert.match(client.err, /^creel: .*newer client/m);
		assert.ok(!client.err.includes('\x1b'), 'what the relay says does not reach the terminal raw');
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
