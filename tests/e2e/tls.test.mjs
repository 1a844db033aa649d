// One TLS port for webhooks and tunnels, certificates checked, pinned and reloaded, and the way out through a proxy.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { World, waitFor, within } from './lib/harness.mjs';
import { Receiver, Sender, field, requestBytes, send } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';

describe('a relay with TLS', () => {
	let w, app, relay, relayUrl, mine, other, certFile, keyFile;
	before(async () => {
		w = new World();
		mine = makeCertificate(w.dir, 'mine');
		other = makeCertificate(w.dir, 'other');
		[certFile, keyFile] = [w.path('live.crt'), w.path('live.key')];
		copyFileSync(mine.cert, certFile);
		copyFileSync(mine.key, keyFile);
		app = w.keep(await Receiver.start());
		relay = await w.startRelay({ args: ['--tls-cert', certFile, '--tls-key', keyFile, '--header-timeout', '5s'] });
		relayUrl = `https://127.0.0.1:${relay.port}`;
	});
	after(() => w?.close());

	const secure = (ca = mine) => ({ ca: ca.pem, servername: 'localhost' });
	const postTls = (target, ca) => send(relay.port, requestBytes('POST', target, ['Host: localhost', 'Content-Length: 5'], 'hello'), { tlsOptions: secure(ca) });
	/** A client that must not come online, and says why; it goes on trying, for networks that break TLS open are left again. */
	async function refusedClient(args, url = relayUrl) {
		const c = await w.startClient({ relayUrl: url, target: app.port, name: 'no', args, output: 'lines', wait: false });
		await waitFor(() => `a sentence\n${c.stdout}\n${c.err}`, () => /^creel: offline: .*certificate/m.test(c.err));
		assert.equal((await c.stop('SIGINT')).code, 130);
		assert.equal(c.stdout.length, 0, 'never online');
	}

	it('a certificate that is not trusted is the reason at localhost, too, whose other address has no relay', async () => {
		// The end may come while either address is tried, or between two attempts.
		await Promise.all(
			['4s', '4500ms', '5s'].map(async (patience) => {
				const r = await w.creel(['listen', String(app.port), '--relay', `https://localhost:${relay.port}`, '--name', `no-${patience}`, '--connect-timeout', patience, '--output', 'quiet']);
				assert.equal(r.code, 3);
				assert.match(r.err, new RegExp(`^creel: the tunnel was not online within ${patience}: .*certificate`, 'm'));
				assert.doesNotMatch(r.err, /cannot be reached/);
			}),
		);
	});

	it('--ca: tunnel and webhooks on the same port, the public URL is https', async () => {
		const c = await w.startClient({ relayUrl, target: app.port, name: 'tls', args: ['--ca', mine.cert] });
		assert.match(c.url, /^https:\/\/.*\/tls$/);
		const answer = await postTls('/tls/x');
		assert.equal(answer.status, 200);
		const request = await app.request((r) => r.target === '/x');
		assert.equal(field(request.lines, 'x-forwarded-proto'), 'https');
		assert.equal(request.body.toString(), 'hello');
	});

	it('a body of 3 MiB over TLS', async () => {
		const body = Buffer.alloc(3 << 20, 'abc');
		const answer = await send(relay.port, requestBytes('POST', '/tls/big', ['Host: localhost', `Content-Length: ${body.length}`], body), { tlsOptions: secure() });
		assert.equal(answer.status, 200);
		assert.ok((await app.request((r) => r.target === '/big')).body.equals(body));
	});

	it('login --ca says that the CA is not kept; listen takes it from the config file', async () => {
		const config = w.path('ca.ini');
		const r = await w.creel(['login', relayUrl, '--no-token', '--ca', mine.cert, '--config', config]);
		assert.equal(r.code, 0, r.err);
		assert.ok(/`ca = FILE`/.test(r.text) && r.text.includes(mine.cert), r.text);
		writeFileSync(config, `ca = ${mine.cert}\n${readFileSync(config, 'utf8')}`);
		const c = await w.startClient({ relayUrl, target: app.port, name: 'kept', args: ['--config', config] });
		assert.equal((await postTls('/kept/x')).status, 200);
		await c.stop('SIGINT');
	});
	it('without --ca the certificate is refused with a sentence', () => refusedClient([]));
	it('with another --ca it is refused', () => refusedClient(['--ca', other.cert]));
	it('the right --pin is let through', async () => {
		const c = await w.startClient({ relayUrl, target: app.port, name: 'pinned', args: ['--ca', mine.cert, '--pin', mine.pin] });
		assert.equal((await postTls('/pinned/x')).status, 200);
		await c.stop('SIGINT');
	});
	it('a wrong --pin is refused, though the certificate is trusted', () => refusedClient(['--ca', mine.cert, '--pin', other.pin]));
	it('--insecure on loopback is let through', async () => {
		const c = await w.startClient({ relayUrl, target: app.port, name: 'insecure', args: ['--insecure'] });
		await c.stop('SIGINT');
	});
	it('a name that is not the certificate’s is refused', async () => {
		// 127.0.0.2 is loopback as well, but not in the certificate.
		const relay2 = await w.startRelay({ listen: '127.0.0.2:0', args: ['--tls-cert', certFile, '--tls-key', keyFile] });
		await refusedClient(['--ca', mine.cert], `https://127.0.0.2:${relay2.port}`);
	});

	it('plaintext on the TLS port is told from TLS, and the app is told which it was', async () => {
		assert.equal((await send(relay.port, requestBytes('GET', '/tls/plain', ['Host: localhost']))).status, 200);
		assert.equal(field((await app.request((r) => r.target === '/plain')).lines, 'x-forwarded-proto'), 'http');
	});

	it('a ClientHello that trickles in byte by byte is understood', async () => {
		// A small proxy that hands the client's first bytes on one at a time.
		const trickle = net.createServer((from) => {
			const to = net.connect(relay.port, '127.0.0.1');
			to.setNoDelay(true);
			let chain = Promise.resolve();
			let first = true;
			from.on('data', (piece) => {
				const pieces = first ? Array.from(piece, (byte) => Buffer.from([byte])) : [piece];
				first = false;
				for (const p of pieces) chain = chain.then(() => new Promise((resolve) => to.write(p, () => setImmediate(resolve))));
			});
			to.pipe(from);
			for (const s of [from, to]) s.on('error', () => {}).on('close', () => (from.destroy(), to.destroy()));
		}).listen(0, '127.0.0.1');
		await once(trickle, 'listening');
		const { port } = trickle.address();
		const webhook = await send(port, requestBytes('POST', '/tls/trickled', ['Host: localhost', 'Content-Length: 0']), { tlsOptions: secure() });
		assert.equal(webhook.status, 200);
		const c = await w.startClient({ relayUrl: `https://localhost:${port}`, target: app.port, name: 'trickle', args: ['--ca', mine.cert] });
		assert.equal((await postTls('/trickle/x')).status, 200);
		await c.stop('SIGINT');
		trickle.close();
	});

	it('rubbish that begins like a ClientHello, and one that stops half way, are closed', async () => {
		for (const bytes of ['\x16\x03\x01\x02\x00' + '\xff'.repeat(600), '\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00', '\x16\x03']) {
			const s = await Sender.connect(relay.port);
			await s.write(bytes);
			await s.over();
		}
		assert.equal((await postTls('/tls/after')).status, 200);
	});

	it('TLS below 1.2 is refused', async () => {
		const socket = tls.connect({ port: relay.port, host: '127.0.0.1', rejectUnauthorized: false, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
		const outcome = await new Promise((resolve) => socket.once('secureConnect', () => resolve('connected')).once('error', () => resolve('refused')));
		socket.destroy();
		assert.equal(outcome, 'refused');
	});

	it('SIGHUP: a new certificate is served to webhooks and tunnels; the open tunnel stays', async () => {
		const c = w.processes.find((p) => p.kind === 'client' && !p.result);
		const statesBefore = c.events.filter((e) => e.type === 'state').length;
		copyFileSync(other.cert, certFile);
		copyFileSync(other.key, keyFile);
		relay.signal('SIGHUP');
		for (const ALPNProtocols of [['http/1.1'], ['creel/1']]) {
			await waitFor(`the new certificate for ${ALPNProtocols}`, () => new Promise((resolve) => {
				const socket = tls.connect({ port: relay.port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols }, () => {
					resolve(socket.getPeerCertificate().fingerprint256 === other.fingerprint);
					socket.destroy();
				});
				socket.on('error', () => resolve(false));
			}));
		}
		assert.equal((await postTls('/tls/renewed', other)).status, 200);
		assert.equal(c.events.filter((e) => e.type === 'state').length, statesBefore, 'the tunnel did not go offline');
	});

	it('SIGHUP with a broken certificate: the old one stays in use, and it says so', async () => {
		copyFileSync(mine.key, certFile);
		const before = relay.err.length;
		relay.signal('SIGHUP');
		await waitFor('a log line about it', () => /cert/i.test(relay.err.slice(before)));
		assert.equal((await postTls('/tls/kept', other)).status, 200);
		copyFileSync(other.cert, certFile);
	});

	it('HTTPS_PROXY: the tunnel goes out through CONNECT', async () => {
		const asked = [];
		const proxy = net.createServer((from) => {
			from.on('error', () => {});
			from.once('data', (head) => {
				const [, target] = /^CONNECT (\S+) HTTP/.exec(head.toString('latin1')) ?? [];
				asked.push(target);
				const to = net.connect(Number(target.split(':').at(-1)), '127.0.0.1', () => {
					from.write('HTTP/1.1 200 Connection established\r\n\r\n');
					from.pipe(to).pipe(from);
				});
				to.on('error', () => from.destroy()).on('close', () => from.destroy());
				from.on('close', () => to.destroy());
			});
		}).listen(0, '127.0.0.1');
		await once(proxy, 'listening');
		const c = await w.startClient({ relayUrl: `https://localhost:${relay.port}`, target: app.port, name: 'proxied', args: ['--ca', other.cert],
			env: { HTTPS_PROXY: `http://127.0.0.1:${proxy.address().port}` } });
		assert.equal(asked[0], `localhost:${relay.port}`);
		assert.equal((await postTls('/proxied/x', other)).status, 200, 'the app is called directly, not through the proxy');
		assert.equal(asked.length, 1);
		await c.stop('SIGINT');
		proxy.close();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('an app with TLS', () => {
	let w, app, relay, port;
	before(async () => {
		w = new World();
		const { cert, key } = makeCertificate(w.dir);
		app = tls.createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (socket) => {
			socket.on('error', () => {});
			socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure'));
		}).listen(0, '127.0.0.1');
		app.on('tlsClientError', () => {});
		await once(app, 'listening');
		port = app.address().port;
		w.keep(app);
		relay = await w.startRelay();
	});
	after(() => w?.close());

	it('its certificate is checked: 502 with Creel-Error: tls', async () => {
		await w.startClient({ relay, target: `https://127.0.0.1:${port}`, name: 'strict' });
		const answer = await send(relay.port, requestBytes('GET', '/strict/x', ['Host: localhost']));
		assert.equal(answer.status, 502);
		assert.equal(field(answer.lines, 'creel-error'), 'tls');
	});

	it('--insecure takes any certificate on loopback', async () => {
		await w.startClient({ relay, target: `https://127.0.0.1:${port}`, name: 'lax', args: ['--insecure'] });
		const answer = await send(relay.port, requestBytes('GET', '/lax/x', ['Host: localhost']));
		assert.equal(answer.text, 'secure');
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('what a relay with TLS refuses in the middle of a request', () => {
	let w, app, relay, mine;
	before(async () => {
		w = new World();
		mine = makeCertificate(w.dir, 'mine');
		app = w.keep(await Receiver.start());
		relay = await w.startRelay({ args: ['--tls-cert', mine.cert, '--tls-key', mine.key, '--max-body', '64KiB', '--header-timeout', '1s', '--body-timeout', '1s'] });
		await w.startClient({ relayUrl: `https://127.0.0.1:${relay.port}`, target: app.port, name: 'strict', args: ['--ca', mine.cert] });
	});
	after(() => w?.close());

	const head = (...lines) => `POST /strict/x HTTP/1.1\r\nHost: localhost\r\n${lines.map((l) => l + '\r\n').join('')}\r\n`;
	const cases = {
		'408: a head that does not come to an end': [408, 'POST /strict/x HTTP/1.1\r\nHost: localhost\r\nX-Slow: '],
		'408: a body that stops': [408, head('Content-Length: 100') + 'only this'],
		'413: a chunked body over --max-body': [413, head('Transfer-Encoding: chunked') + `4000\r\n${'y'.repeat(0x4000)}\r\n`.repeat(6) + '0\r\n\r\n'],
	};
	for (const [what, [status, bytes]] of Object.entries(cases)) {
		it(`${what}: a sentence, and the connection's end`, async () => {
			const s = await Sender.connect(relay.port, { tlsOptions: { ca: mine.pem, servername: 'localhost' } });
			s.write(bytes);
			const answer = await s.answer();
			assert.equal(answer?.status, status);
			assert.match(answer.text, /^creel: \w+ \w+/);
			assert.ok(answer.complete);
			await s.over();
			assert.equal(app.requests.length, 0);
		});
	}

	it('one that says nothing is closed, before and after the handshake', async () => {
		const s = await Sender.connect(relay.port, { tlsOptions: { ca: mine.pem, servername: 'localhost' } });
		await s.over();
		const silent = await Sender.connect(relay.port);
		await silent.over();
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
