// The app's WebSockets through the public URL: the `ws` library on both ends, and a browser.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { WebSocket, WebSocketServer } from 'ws';
import { World, waitFor, within } from './lib/harness.mjs';
import { send } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';
import { Tunnel } from './lib/tunnel.mjs';
import { FLAGS, frame } from './lib/wire.mjs';

/** An app with a WebSocket at every path: echoes, unless the path says otherwise. */
async function startApp() {
	const app = { sockets: [], plain: [] };
	app.http = http.createServer((q, a) => {
		app.plain.push(q);
		if (q.url === '/page') {
			a.setHeader('Content-Type', 'text/html');
			// The browser's clock stands while the image is awaited, and it comes once the page has what it waits for.
			a.end(`<!doctype html><p id=p>waiting</p><img src=gate><script>
				const s = new WebSocket(location.href.replace(/^http/, 'ws').replace(/page$/, 'echo'));
				s.onopen = () => s.send('hot reload');
				s.onmessage = (m) => {
					if (m.data === 'hot reload') document.getElementById('p').textContent = 'got ' + m.data;
					s.send('seen');
				};
			</script>`);
		} else if (q.url === '/never') a.on('close', () => {});
		else if (q.url === '/gate') app.gate = a;
		else a.end('plain');
	});
	const server = new WebSocketServer({ noServer: true, perMessageDeflate: true, handleProtocols: (offered) => (offered.has('vite-hmr') ? 'vite-hmr' : false) });
	app.http.on('upgrade', (q, socket, head) => {
		if (q.url.startsWith('/refused')) {
			socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nX-Why: no\r\n\r\nnot you');
			return;
		}
		if (q.url.startsWith('/dropped')) {
			socket.end(q.url.endsWith('half') ? 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n' : '');
			return;
		}
		server.handleUpgrade(q, socket, head, (s) => {
			s.request = q;
			app.sockets.push(s);
			s.closed = new Promise((resolve) => s.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
			if (q.url.startsWith('/slow')) s.pause();
			else s.on('message', (m, binary) => {
				if (m.toString() === 'seen') app.gate?.end();
				else s.send(m, { binary });
			});
		});
	});
	app.http.listen(0, '127.0.0.1');
	await once(app.http, 'listening');
	app.port = app.http.address().port;
	app.close = () => {
		for (const s of app.sockets) s.terminate();
		app.http.closeAllConnections();
		return new Promise((resolve) => app.http.close(resolve));
	};
	return app;
}

async function open(url, protocols = [], options = {}) {
	const s = new WebSocket(url, protocols, { perMessageDeflate: false, ...options });
	s.got = [];
	s.on('message', (m) => s.got.push(m));
	s.on('error', (e) => (s.failed = e));
	s.closed = new Promise((resolve) => s.on('close', (code, reason) => resolve({ code, reason: reason.toString() })));
	await within('the handshake', once(s, 'open'));
	return s;
}

const messages = (s, n) => waitFor(() => `${n} messages; got ${s.got.length}`, () => s.got.length >= n && s.got);

for (const tls of [false, true])
	describe(`a WebSocket ${tls ? 'over TLS' : 'in plain'}`, () => {
		let w, app, relay, client, base, options;

		before(async () => {
			w = new World();
			app = w.keep(await startApp());
			const c = tls && makeCertificate(w.path('.'));
			options = tls ? { ca: c.pem } : {};
			relay = await w.startRelay({ args: tls ? ['--tls-cert', c.cert, '--tls-key', c.key] : [] });
			client = await w.startClient({ relay, target: app.port, name: 'ws', ...(tls && { relayUrl: `https://localhost:${relay.port}`, args: ['--ca', c.cert] }) });
			base = `${tls ? 'wss' : 'ws'}://127.0.0.1:${relay.port}/ws`;
		});
		after(async () => {
			try {
				await w.endsCleanly();
			} finally {
				await w.close();
			}
		});

		it('carries text and bytes both ways, and is on record as what opened it', async () => {
			const s = await open(`${base}/echo?a=%20b`, [], options);
			s.send('hello');
			s.send(Buffer.from([0, 1, 255, 10]));
			assert.deepEqual((await messages(s, 2)).map((m) => m.toString('hex')), ['hello', Buffer.from([0, 1, 255, 10])].map((m) => Buffer.from(m).toString('hex')));
			const there = app.sockets.at(-1);
			assert.equal(there.request.url, '/echo?a=%20b');
			assert.equal(there.request.headers['x-forwarded-proto'], tls ? 'https' : 'http');
			const row = await waitFor('the record', async () => (await w.list()).find((r) => r.target === '/echo?a=%20b' && r.status === 101));
			assert.equal(row.state, 'delivered');
			s.close(4321, 'bye');
			assert.deepEqual(await within('the app to see the close', there.closed), { code: 4321, reason: 'bye' });
			assert.equal((await within('the close', s.closed)).code, 4321);
		});

		it('agrees on a subprotocol and on compression', async () => {
			const s = await open(`${base}/echo`, ['other', 'vite-hmr'], { ...options, perMessageDeflate: true });
			assert.equal(s.protocol, 'vite-hmr');
			assert.match(s.extensions, /permessage-deflate/);
			const text = 'x'.repeat(100_000);
			s.send(text);
			assert.equal((await messages(s, 1))[0].toString(), text);
			s.terminate();
			await within('the app to see the end', app.sockets.at(-1).closed);
		});

		it('carries 5,000 small messages in order, and 4 of 1 MiB', async () => {
			const s = await open(`${base}/echo`, [], options);
			for (let i = 0; i < 5000; i++) s.send(`message ${i}`);
			const large = [0, 1, 2, 3].map(() => randomBytes(1 << 20));
			for (const m of large) s.send(m);
			const got = await messages(s, 5004);
			for (let i = 0; i < 5000; i++) assert.equal(got[i].toString(), `message ${i}`);
			large.forEach((m, i) => assert.ok(got[5000 + i].equals(m), `large message ${i}`));
			s.close();
			await within('the close', s.closed);
		});

		it('shows the app’s own close to the sender', async () => {
			const s = await open(`${base}/echo`, [], options);
			const there = app.sockets.at(-1);
			there.close(1012, 'restarting');
			assert.deepEqual(await within('the close', s.closed), { code: 1012, reason: 'restarting' });
			const t = await open(`${base}/echo`, [], options);
			app.sockets.at(-1).terminate();
			assert.equal((await within('the end', t.closed)).code, 1006);
		});

		it('hands on what the app answers instead', async () => {
			const s = new WebSocket(`${base}/refused`, options);
			const [, a] = await within('the answer', once(s, 'unexpected-response'));
			assert.equal(a.statusCode, 403);
			assert.equal(a.headers['x-why'], 'no');
			assert.equal((await a.toArray()).join(''), 'not you');
			const row = await waitFor('the record', async () => (await w.list()).find((r) => r.target === '/refused' && r.status === 403));
			assert.equal(row.state, 'failed');
		});

		it('of which the app breaks off before it answers gets 502 at once', async () => {
			for (const path of ['/dropped', '/dropped-half']) {
				const s = new WebSocket(base + path, options);
				s.on('error', () => {});
				const [, a] = await within('the answer', once(s, 'unexpected-response'), 10_000);
				assert.equal(a.statusCode, 502);
				a.resume();
				const row = await w.recorded((r) => r.target === path && r.state !== 'sending');
				assert.equal(row.state, 'failed');
			}
		});

		it('ends for the app when its sender vanishes', async () => {
			const s = await open(`${base}/echo`, [], options);
			const there = app.sockets.at(-1);
			s.terminate();
			assert.equal((await within('the app to see the end', there.closed)).code, 1006);
		});

		it('that is not read stops neither another nor a webhook', async () => {
			const slow = await open(`${base}/slow`, [], options);
			const piece = Buffer.alloc(64 << 10);
			for (let i = 0; i < 200; i++) slow.send(piece); // 12.5 MiB, more than all windows and buffers between
			const s = await open(`${base}/echo`, [], options);
			s.send('quick');
			assert.equal((await messages(s, 1))[0].toString(), 'quick');
			assert.ok(slow.bufferedAmount > 0, 'the sender has to wait');
			const there = app.sockets.find((x) => x.request.url === '/slow');
			let bytes = 0;
			there.on('message', (m) => (bytes += m.length));
			there.resume();
			await waitFor('all of it', () => bytes === 200 * piece.length);
			s.close();
			slow.close();
			await within('the close', slow.closed);
		});

		it('ends for both when the client goes', async () => {
			const s = await open(`${base}/echo`, [], options);
			const there = app.sockets.at(-1);
			await client.stop('SIGTERM');
			await within('the sender to see the end', s.closed);
			await within('the app to see the end', there.closed);
		});
	});

describe('WebSockets', () => {
	const w = new World();
	let app, relay, client, base;
	before(async () => {
		app = w.keep(await startApp());
		relay = await w.startRelay();
		client = await w.startClient({ relay, target: app.port, name: 'ws' });
		base = `ws://127.0.0.1:${relay.port}/ws`;
	});
	after(async () => {
		try {
			await w.endsCleanly();
		} finally {
			await w.close();
		}
	});

	it('work in a browser', { skip: process.platform !== 'linux' }, async () => {
		const run = promisify(execFile);
		const { stdout } = await run('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', `--user-data-dir=${w.fresh('chromium')}`,
			'--timeout=30000', '--virtual-time-budget=10000', '--dump-dom', `http://127.0.0.1:${relay.port}/ws/page`], { timeout: 60_000 });
		assert.match(stdout, /<p id="p">got hot reload<\/p>/);
	});

	it('are the only upgrades that pass', async () => {
		for (const [method, lines] of [['GET', ['Connection: Upgrade', 'Upgrade: h2c']], ['POST', ['Connection: Upgrade', 'Upgrade: websocket', 'Content-Length: 0']], ['GET', ['Upgrade: websocket']]]) {
			const seen = app.plain.length;
			const a = await send(relay.port, `${method} /ws/other HTTP/1.1\r\nHost: localhost\r\n${lines.join('\r\n')}\r\n\r\n`);
			assert.equal(a.status, 200);
			assert.equal(app.plain[seen].headers.upgrade, undefined);
		}
	});

	it('are closed by a cut of the tunnel, and are not called again', async () => {
		const s = await open(`${base}/cut`);
		const there = app.sockets.at(-1), count = app.sockets.length;
		client.child.kill('SIGKILL');
		assert.equal((await within('the sender to see the end', s.closed)).code, 1006);
		await within('the app to see the end', there.closed);
		client = await w.startClient({ relay, target: app.port, name: 'ws' });
		const t = await open(`${base}/after`);
		assert.equal(app.sockets.length, count + 1);
		t.close();
		await within('the close', t.closed);
	});

	it('are at most 100 of a tunnel', async () => {
		const all = await Promise.all(Array.from({ length: 100 }, () => open(`${base}/many`)));
		const one = new WebSocket(`${base}/many`);
		const [, a] = await within('the answer', once(one, 'unexpected-response'));
		assert.equal(a.statusCode, 503);
		assert.equal(a.headers['creel-refused'], 'passages');
		a.resume();
		for (const s of all) s.close();
		await Promise.all(all.map((s) => within('the close', s.closed)));
		await waitFor('room for another', async () => {
			const s = new WebSocket(`${base}/many`);
			s.on('error', () => {});
			const ok = await Promise.race([once(s, 'open').then(() => true), once(s, 'unexpected-response').then(() => false)]);
			s.terminate();
			return ok;
		});
	});

	for (const tls of [false, true])
		it(`are ended by a relay that ends${tls ? ', over TLS' : ''}`, async () => {
			const c = tls && makeCertificate(w.path('.'), 'ends');
			const other = await w.startRelay({ args: tls ? ['--tls-cert', c.cert, '--tls-key', c.key] : [] });
			await w.startClient({ relay: other, target: app.port, name: 'ends', ...(tls && { relayUrl: `https://127.0.0.1:${other.port}`, args: ['--ca', c.cert] }) });
			const s = await open(`${tls ? 'wss' : 'ws'}://127.0.0.1:${other.port}/ends/echo`, [], tls ? { ca: c.pem } : {});
			const there = app.sockets.at(-1);
			if (tls) other.child.kill('SIGHUP'); // the certificate is read again; who is there stays
			s.send('still');
			assert.equal((await messages(s, 1))[0].toString(), 'still');
			await other.stop('SIGTERM');
			await within('the sender to see the end', s.closed);
			await within('the app to see the end', there.closed);
		});

	it('know no time limit of the app’s calls', async () => {
		const quick = await w.startClient({ relay, target: app.port, name: 'quick', args: ['--timeout', '300ms'] });
		const s = await open(`ws://127.0.0.1:${relay.port}/quick/echo`);
		for (let i = 0; i < 3; i++) assert.equal((await send(relay.port, 'GET /quick/never HTTP/1.1\r\nHost: localhost\r\n\r\n')).status, 504);
		s.send('still');
		assert.equal((await messages(s, 1))[0].toString(), 'still');
		await quick.stop('SIGTERM');
		await within('the end', s.closed);
	});

	it('are called at once whatever else was asked for, and end when another takes the tunnel', async () => {
		const args = ['--hold', '--answer-challenges', '--chaos', 'duplicate=100%,delay=10s'];
		const first = await w.startClient({ relay, target: app.port, name: 'busy', args });
		const count = app.sockets.length;
		const s = await open(`ws://127.0.0.1:${relay.port}/busy/echo`);
		s.send('now');
		assert.equal((await messages(s, 1))[0].toString(), 'now');
		assert.equal(app.sockets.length, count + 1);
		const there = app.sockets.at(-1);
		await w.startClient({ relay, target: app.port, name: 'busy' });
		await within('the sender to see the end', s.closed);
		await within('the app to see the end', there.closed);
		await first.end();
	});

	it('get the plain answer of an app that knows none, however it is framed', async () => {
		const plain = http.createServer((q, a) => {
			if (q.url === '/chunked') {
				a.write('pl');
				a.end('ain');
			} else if (q.url === '/none') a.writeHead(204).end();
			else a.end('plain');
		});
		plain.listen(0, '127.0.0.1');
		await once(plain, 'listening');
		w.keep({ close: () => new Promise((resolve) => plain.close(resolve).closeAllConnections()) });
		await w.startClient({ relay, target: plain.address().port, name: 'plain-app' });
		for (const [path, status, body] of [['length', 200, 'plain'], ['chunked', 200, 'plain'], ['none', 204, '']]) {
			const a = await send(relay.port, ask(`/plain-app/${path}`));
			assert.equal(a.status, status);
			assert.equal(a.body.toString(), body);
		}
	});

	it('to an app that is not there are answered 502', async () => {
		await w.startClient({ relay, target: 9, name: 'down', args: ['--wait-for-target', '0s', '--hold'] });
		const s = new WebSocket(`ws://127.0.0.1:${relay.port}/down/x`);
		const [, a] = await within('the answer', once(s, 'unexpected-response'));
		assert.equal(a.statusCode, 502);
		a.resume();
	});

	it('are asked of a client that says it can (UPGRADE), as bytes on its stream', async () => {
		const plain = await Tunnel.online(relay.port, 'plain');
		const key = randomBytes(16).toString('base64');
		const ask = `GET /NAME/x HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
		const answer = send(relay.port, ask.replace('NAME', 'plain'));
		const r = await plain.request();
		assert.equal(r.flags, FLAGS.END);
		plain.answer(r, { status: 426 });
		assert.equal((await answer).status, 426);
		await plain.end();

		const able = await Tunnel.online(relay.port, 'able', { say: { features: 1 } });
		const s = new WebSocket(`ws://127.0.0.1:${relay.port}/able/x`, { perMessageDeflate: false });
		s.on('error', () => {});
		const q = await able.request();
		assert.equal(q.flags, FLAGS.END | FLAGS.UPGRADE);
		const asked = /Sec-WebSocket-Key: (.*)\r\n/.exec(q.headers)[1];
		const accept = createHash('sha1').update(`${asked}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
		able.answer(q, { status: 101, flags: 0, body_len: 2n ** 64n - 1n, headers: `Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n`, body: '' });
		await within('the handshake', once(s, 'open'));
		s.send('to the app');
		const data = await able.frame('DATA');
		assert.equal(data.stream, q.stream);
		assert.equal(Buffer.from(data.body, 'latin1')[0], 0x81);
		const got = once(s, 'message');
		able.ws.send(frame('DATA', { stream: q.stream, payload: Buffer.concat([Buffer.from([0x81, 2]), Buffer.from('hi')]) }));
		assert.equal((await within('the message', got))[0].toString(), 'hi');
		s.terminate();
		await able.frame('DATA', (f) => f.stream === q.stream && f.flags & FLAGS.END);
		able.ws.send(frame('DATA', { stream: q.stream, flags: FLAGS.END }));
		await able.frame('DONE', (f) => f.stream === q.stream);
		await able.end();
	});
});

const ask = (path) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`;
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n';

/** An app that gives the bytes after 101 to `on`. */
async function startRaw(on, tls) {
	const app = { sockets: [], http: tls ? https.createServer(tls) : http.createServer() };
	app.http.on('upgrade', (q, s) => {
		s.on('error', () => {});
		app.sockets.push(s);
		s.write(SWITCH);
		on(s);
	});
	app.http.listen(0, '127.0.0.1');
	await once(app.http, 'listening');
	app.port = app.http.address().port;
	app.close = () => {
		for (const s of app.sockets) s.destroy();
		return new Promise((resolve) => app.http.close(resolve));
	};
	return app;
}

/** A sender that reads nothing before it is told to. */
async function sender(port, path) {
	const s = net.connect(port, '127.0.0.1');
	s.on('error', () => {});
	s.over = new Promise((resolve) => s.on('close', resolve));
	s.pause();
	s.write(ask(path));
	return s;
}

/** How many sockets of the relay's process are connected to the sender's port. */
function connections(own, theirs) {
	const hex = (port) => `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
	return readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
		// An inode of 0: closed by its process, and only the kernel still waits for the sender.
		.filter((f) => f[1]?.endsWith(hex(own)) && f[2].endsWith(hex(theirs)) && f[9] !== '0').length;
}

describe('the bytes after 101', () => {
	const w = new World();
	after(async () => {
		try {
			await w.endsCleanly();
		} finally {
			await w.close();
		}
	});
	it('are not all kept for an app that never quite catches up', async () => {
		const app = w.keep(await startRaw((s) => {
			s.took = 0;
			s.pause();
			const timer = setInterval(() => (s.took += (s.read(16384) ?? s.read())?.length ?? 0), 2);
			s.on('close', () => clearInterval(timer));
		}));
		const relay = await w.startRelay();
		const client = await w.startClient({ relay, target: app.port, name: 'up', env: { ASAN_OPTIONS: `${w.env.ASAN_OPTIONS}:quarantine_size_mb=1` } });
		const s = await sender(relay.port, '/up/x');
		const there = await waitFor('the app to be asked', () => app.sockets[0]);
		const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${client.child.pid}/status`, 'utf8'))[1]) * 1024;
		const piece = Buffer.alloc(65536);
		const more = () => {
			while (!s.destroyed && s.write(piece));
		};
		s.on('drain', more);
		more();
		await waitFor('the first of it', () => there.took > 2e6, 60_000);
		const before = memory();
		await waitFor('the rest of it', () => there.took > 22e6, 100_000);
		const grown = memory() - before;
		s.destroy();
		assert.ok(grown < 8e6, `the client has grown by ${grown} bytes`);
	});

	it('are waited with for a sender that does not read only so long once the app has closed', async () => {
		const relay = await w.startRelay({ args: ['--body-timeout', '1s'] });
		const tunnel = await Tunnel.online(relay.port, 'end', { say: { features: 1 } });
		const s = await sender(relay.port, '/end/x');
		const q = await tunnel.request();
		tunnel.answer(q, { status: 101, flags: 0, body_len: 2n ** 64n - 1n, headers: 'Upgrade: websocket\r\n', body: '' });
		// More than the sockets between take: the windows hold it back.
		let credit = 262144, at = 0;
		const piece = Buffer.alloc(65536);
		let quiet = Date.now();
		await waitFor('the sender to be full', () => {
			for (const f of tunnel.frames.slice(at)) if (f.type === 'WINDOW' && f.stream === q.stream) credit += f.credit;
			at = tunnel.frames.length;
			for (; credit > 0; credit -= piece.length, quiet = Date.now()) tunnel.ws.send(frame('DATA', { stream: q.stream, payload: piece }));
			return Date.now() - quiet > 500;
		});
		tunnel.ws.send(frame('DATA', { stream: q.stream, flags: FLAGS.END }));
		await tunnel.frame('DONE', (f) => f.stream === q.stream);
		await waitFor('the relay to let go of it', () => connections(relay.port, s.localPort) === 0);
		s.destroy();
		await tunnel.end();
	});

	it('end at once with the tunnel, though the sender does not read', async () => {
		const app = w.keep(await startRaw((s) => {
			const more = () => {
				while (s.writable && s.write(Buffer.alloc(65536)));
			};
			s.on('drain', more);
			more();
		}));
		const relay = await w.startRelay();
		const client = await w.startClient({ relay, target: app.port, name: 'full' });
		const s = await sender(relay.port, '/full/x');
		const there = await waitFor('the app to be asked', () => app.sockets[0]);
		let seen = -1, since = Date.now();
		await waitFor('the app to be made to wait', () => {
			if (there.bytesWritten !== seen) [seen, since] = [there.bytesWritten, Date.now()];
			return Date.now() - since > 500;
		});
		await client.stop('SIGTERM');
		await waitFor('the relay to let go of it', () => connections(relay.port, s.localPort) === 0);
		s.destroy();
	});

	it('end with an app whose TLS ends before its connection', async () => {
		const c = makeCertificate(w.path('.'));
		const app = w.keep(await startRaw((s) => s.resume(), { cert: c.pem, key: readFileSync(c.key) }));
		const between = net.createServer({ allowHalfOpen: true }, (a) => {
			const b = net.connect({ port: app.port, host: '127.0.0.1', allowHalfOpen: true });
			for (const s of [a, b]) s.on('error', () => {});
			a.pipe(b);
			b.on('data', (piece) => a.write(piece));
			b.on('end', () => setTimeout(() => a.end(), 300)); // long after close_notify
		});
		w.keep({ close: () => new Promise((resolve) => between.close(resolve)) });
		between.listen(0, '127.0.0.1');
		await once(between, 'listening');
		const relay = await w.startRelay();
		await w.startClient({ relay, target: `https://127.0.0.1:${between.address().port}`, name: 'late', args: ['--insecure'] });
		const s = await sender(relay.port, '/late/x');
		s.resume();
		await within('101', once(s, 'data'));
		app.sockets[0].end();
		await within('the sender to see the end', s.over);
	});
});
