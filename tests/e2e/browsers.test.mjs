// Browsers are strangers: no web page opens a tunnel, and none reads what is behind one by a name that it had resolve to 127.0.0.1.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { Browser, hasBrowser } from './lib/chromium.mjs';
import { World, freePort, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, requestBytes, send } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';
import { hello } from './lib/wire.mjs';

const HANDSHAKE = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Protocol: creel.v1'];
const handshake = (...lines) => requestBytes('GET', '/_creel/tunnel', [...lines, ...HANDSHAKE]);

/** The status of a handshake's answer, and its body. */
async function shake(port, bytes, tlsOptions) {
	const s = await Sender.connect(port, { tlsOptions });
	try {
		await s.write(bytes);
		await waitFor('an answer', () => s.isClosed || s.answers.length || s.interim?.length);
		if (s.interim?.length) return { status: s.interim[0], text: '' };
		return await s.answer();
	} finally {
		await s.end();
	}
}

describe('a tunnel handshake with Origin', () => {
	let w, plain, secure, pem;
	before(async () => {
		w = new World();
		const certificate = makeCertificate(w.dir);
		pem = certificate.pem;
		plain = await w.startRelay({ args: ['--refusals-per-address', '0', '--tunnel-listen', '127.0.0.1:0'] });
		secure = await w.startRelay({ args: ['--refusals-per-address', '0', '--tls-cert', certificate.cert, '--tls-key', certificate.key] });
	});
	after(() => w?.close());

	const origins = ['Origin: https://evil.example', 'Origin: null', 'Origin:', 'Origin: ', 'ORIGIN: http://127.0.0.1', 'oRiGiN:https://a.example', 'origin: http://localhost', 'Sec-WebSocket-Origin: https://evil.example'];
	for (const line of origins) {
		it(`${line}: 403 with a sentence`, async () => {
			for (const bytes of [handshake('Host: localhost', line), handshake(line, 'Host: localhost'), handshake('Host: localhost', line, line)]) {
				for (const tlsOptions of [undefined, { ca: pem, servername: 'localhost', ALPNProtocols: ['creel/1'] }, { ca: pem, servername: 'localhost' }]) {
					if (!/^Sec-/.test(line) || tlsOptions?.ALPNProtocols || !tlsOptions) {
						const a = await shake(tlsOptions ? secure.port : plain.port, bytes, tlsOptions);
						assert.equal(a.status, 403, `${tlsOptions?.ALPNProtocols ?? (tlsOptions ? 'TLS' : 'plain')}`);
						assert.match(a.text, /^creel: A tunnel is opened by a creel client, never out of a web page: .*\.\n$/);
					}
				}
			}
		});
	}

	it('without Origin it is a tunnel, plain and over TLS', async () => {
		assert.equal((await shake(plain.port, handshake('Host: localhost'))).status, 101);
		assert.equal((await shake(secure.port, handshake('Host: localhost', 'X-Origin: a', 'Referer: b'), { ca: pem, servername: 'localhost', ALPNProtocols: ['creel/1'] })).status, 101);
	});

	it('is refused to a later request of a connection, and to one that is no WebSocket', async () => {
		const s = await Sender.connect(plain.port);
		await s.write(requestBytes('GET', '/none', ['Host: localhost']));
		await s.answer();
		await s.end();
		assert.equal((await send(plain.port, requestBytes('GET', '/_creel/tunnel', ['Host: localhost', 'Origin: https://evil.example']))).status, 403);
		assert.equal((await send(plain.port, requestBytes('POST', '/_creel/tunnel', ['Host: localhost', 'Origin: https://evil.example', 'Content-Length: 2'], '{}'))).status, 403);
		assert.equal((await send(plain.port, requestBytes('GET', '/_creel/tunnel', ['Host: localhost']))).status, 426);
		await waitFor('the log', () => /event=refused reason=origin peer=/.test(plain.err));
	});

	it('the tunnel’s path goes over to nothing but a WebSocket', async () => {
		const lines = ['Host: localhost', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA'];
		const status = async (...more) => (await shake(plain.port, requestBytes('GET', '/_creel/tunnel', [...lines, ...more]))).status;
		assert.equal(await status('Upgrade: h2c'), 426);
		assert.equal(await status('Upgrade: H2C'), 426);
		assert.equal(await status('Upgrade: h2c', 'Origin: https://evil.example'), 403);
		for (const other of ['h2', 'TLS/1.0', 'websocket2']) assert.ok([403, 426, undefined].includes(await status(`Upgrade: ${other}`)), other);
	});
});

describe('a relay that serves loopback', () => {
	let w, app, relay, admin;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		const adminFile = w.fresh('admin');
		const { data, token } = await w.makeData();
		relay = await w.startRelay({ data, args: ['--refusals-per-address', '0', '--admin', '127.0.0.1:0', '--admin-port-file', adminFile, '--public-url', 'https://Hooks.Example.com:8443/creel/', '--tunnel-listen', '127.0.0.1:0'] });
		admin = Number((await w.fileFrom(relay, adminFile)).split(':').at(-1));
		await w.startClient({ relay, target: app.port, name: 'door', env: { CREEL_TOKEN: token } });
	});
	after(() => w?.close());

	const ours = ['localhost', 'LOCALHOST:1', 'localhost.:80', '127.0.0.1', '127.0.0.1:65535', '[::1]', '[::1]:8080', '[0:0:0:0:0:0:0:1]', 'hooks.example.com', 'HOOKS.example.COM:443', 'hooks.example.com.', 'localhost:'];
	const theirs = ['evil.example', 'evil.example:8080', 'localhost.evil.example', 'evil.example.localhost', 'a.hooks.example.com', 'xhooks.example.com', 'hooks.example.com.evil.example', '127.0.0.1.evil.example',
		'127.0.0.1:80.evil.example', '127.0.0.2', '127.1', '2130706433', '0x7f.0.0.1', '0.0.0.0', '10.0.0.1', '[::]', '[::2]', '[::1', '[::1]x', '[::1]evil.example', '::1', 'localhost:80:80', 'localhost@evil.example', 'evil.example#localhost',
		'localhost..', '.localhost', '.', ':80', 'localhost,evil.example', 'evil.example\xe9', '[fe80::1%25lo]', 'x'.repeat(5000)];
	// No host at all (RFC 9110 §7.2): a malformed request.
	const noHosts = ['127.0.0.1:80.evil.example', '[::1', '[::1]x', '[::1]evil.example', '::1', 'localhost:80:80', 'localhost@evil.example', 'evil.example#localhost', ':80', 'evil.example\xe9'];

	it('answers to the Hosts that it is, on any port', async () => {
		for (const host of ours) {
			assert.equal((await send(relay.port, requestBytes('POST', '/door/in', [`Host: ${host}`, 'Content-Length: 0']))).status, 200, host);
			assert.equal((await shake(relay.port, handshake(`Host: ${host}`))).status, 101, host);
		}
		assert.equal((await send(relay.port, 'POST /door/old HTTP/1.0\r\nContent-Length: 0\r\n\r\n')).status, 200, 'HTTP/1.0 without a Host');
	});

	it('answers 421 to any other, 400 to what is none, and the app is never called', async () => {
		const seen = app.requests.length;
		for (const host of [...theirs, '']) {
			const status = noHosts.includes(host) ? 400 : 421;
			for (const method of ['GET', 'POST', 'OPTIONS']) {
				const a = await send(relay.port, requestBytes(method, '/door/x', [`Host: ${host}`, ...(method === 'POST' ? ['Content-Length: 2'] : [])], method === 'POST' ? 'hi' : ''));
				assert.equal(a.status, status, `${method} ${host}`);
				assert.match(a.text, status === 400 ? /^creel: .*\bHost\b.*\.\n$/ : /^creel: This relay does not answer to the host .*--public-url.*\.\n$/);
			}
			assert.equal((await send(relay.port, requestBytes('GET', '/no-such-tunnel', [`Host: ${host}`]))).status, status, 'nor is it told which tunnels there are');
			if (host.length > 4000) continue; // such a handshake is too large
			const a = await shake(relay.port, handshake(`Host: ${host}`));
			assert.equal(a.status, 421, `a tunnel for ${host}`);
			assert.match(a.text, /^creel: This relay does not answer to the host .*--public-url.*\.\n$/);
		}
		assert.equal(app.requests.length, seen);
	});

	it('names the Host in the sentence, and no byte of it is raw', async () => {
		const say = async (host) => (await send(relay.port, requestBytes('GET', '/door/', [`Host: ${host}`]))).text;
		assert.match(await say('evil.example:8080'), /^creel: This relay does not answer to the host 'evil\.example:8080'\. /);
		assert.match(await say(''), /^creel: This relay does not answer to the host of no name\. /);
		assert.match(await say('y'.repeat(5000)), /the host 'y{64}…'\. /);
		assert.doesNotMatch(await say('evil\xe2\x80\xae\xc2\x9bexample'), /[\u202e\u009b]/);
	});

	it('gives its 421 to a sender of a large body', async () => {
		const body = Buffer.alloc(3 << 20, 'x');
		assert.equal((await send(relay.port, requestBytes('POST', '/door/x', ['Host: evil.example', `Content-Length: ${body.length}`], body))).status, 421);
	});

	it('has admin pages that answer to loopback names alone, else 421', async () => {
		for (const host of ['localhost', '127.0.0.1:9', '[::1]:1', 'LocalHost'])
			assert.equal((await send(admin, requestBytes('GET', '/healthz', [`Host: ${host}`]))).status, 200, host);
		for (const host of [...theirs.filter((h) => h.length < 1000), 'hooks.example.com', ''])
			for (const path of ['/healthz', '/readyz', '/metrics', '/']) {
				const a = await send(admin, requestBytes('GET', path, [`Host: ${host}`]));
				assert.equal(a.status, 421, `${host} ${path}`);
				assert.match(a.text, /^creel: The admin pages answer to localhost, 127\.0\.0\.1 and \[::1\] alone: .*\.\n$/);
			}
	});

	it('with --domain answers to it and to every host below', async () => {
		const { data, token } = await w.makeData();
		const below = await w.startRelay({ data, args: ['--domain', 'hooks.example.com'] });
		const status = async (host) => (await send(below.port, requestBytes('GET', '/', [`Host: ${host}`]))).status;
		for (const host of ['hooks.example.com', 'SHOP.hooks.example.com:99', 'a.b.hooks.example.com', 'localhost']) assert.equal(await status(host), 404, host);
		for (const host of ['evil.example', 'hooks.example.com.evil.example', 'xhooks.example.com', '.hooks.example.com.evil']) assert.equal(await status(host), 421, host);
		await w.startClient({ relay: below, target: app.port, name: 'below', db: w.fresh('db'), env: { CREEL_TOKEN: token } });
		for (const host of ['below.hooks.example.com', 'BELOW.Hooks.example.com:99', 'below.hooks.example.com.', 'below.hooks.example.com.:99']) assert.equal(await status(host), 200, host);
		for (const host of ['below..hooks.example.com', 'below.hooks.example.com..', 'xbelow.hooks.example.com', 'a.below.hooks.example.com']) assert.notEqual(await status(host), 200, host);
	});

	it('keeps to no names once it serves more than loopback', async () => {
		const { data } = await w.makeData();
		const open = await w.startRelay({ data, listen: '0.0.0.0:0' });
		assert.equal((await send(open.port, requestBytes('GET', '/x', ['Host: any.example']))).status, 404);
	});
});

describe('a page in a browser', { skip: !hasBrowser }, () => {
	let w, app, page, dev, port;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		// Somebody's site: what it serves is up to the test.
		page = createServer((_request, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>evil</title><p>evil</p>'));
		page.listen(0, '127.0.0.1');
		await once(page, 'listening');
		w.keep({ close: () => page.close() && page.closeAllConnections?.() });
		port = await freePort();
		dev = w.spawn('creel', ['dev', String(app.port), '--port', String(port), '--output', 'json']);
		dev.kind = 'client';
		await waitFor(() => `creel dev to be online\n${dev.err}`, () => dev.events.some((e) => e.type === 'ready'));
	});
	after(() => w?.close());

	const online = async () => {
		const r = await send(port, requestBytes('POST', '/dev/alive', ['Host: localhost', 'Content-Length: 0']));
		assert.equal(r.status, 200);
		assert.equal(dev.result, undefined, 'creel dev runs');
		assert.doesNotMatch(dev.err, /took over/);
	};

	it('does not take creel dev’s tunnel', async () => {
		const b = await Browser.start(w, { hosts: { 'evil.example': '127.0.0.1' } });
		const attempt = (host) => `new Promise((resolve) => {
			const ws = new WebSocket('ws://${host}:${port}/_creel/tunnel', 'creel.v1');
			ws.binaryType = 'arraybuffer';
			ws.onopen = () => ws.send(new Uint8Array(${JSON.stringify([...hello({ tunnel: 'dev' })])}));
			ws.onmessage = () => resolve('WELCOME');
			ws.onclose = () => resolve('refused');
			ws.onerror = () => {};
		})`;
		for (const site of [`http://evil.example:${page.address().port}/`, `http://127.0.0.1:${page.address().port}/`, 'data:text/html,<p>null origin</p>', `http://127.0.0.1:${port}/dev/`]) {
			await b.visit(site);
			for (const host of ['127.0.0.1', 'localhost', 'evil.example']) assert.equal(await b.eval(attempt(host)), 'refused', `${site} → ${host}`);
			await online();
		}
		await b.close();
	});

	it('reads nothing by DNS rebinding', async () => {
		const b = await Browser.start(w, { hosts: { 'evil.example': '127.0.0.1', 'localhost.evil.example': '127.0.0.1' } });
		const seen = app.requests.length;
		for (const host of ['evil.example', 'localhost.evil.example']) {
			// The page comes from the very origin that then turns out to be the relay.
			await b.visit(`http://${host}:${port}/dev/`);
			assert.match(await b.text(), /^creel: This relay does not answer to the host 'e?/);
			assert.equal(await b.eval(`fetch('/dev/secret').then((r) => r.status)`), 421);
			assert.equal(await b.eval(`fetch('/dev/secret', { method: 'POST', body: '{}' }).then((r) => r.status)`), 421);
		}
		assert.equal(app.requests.length, seen, 'the app was never called');
		// The browser does reach it, by a name that the relay is.
		await b.visit(`http://127.0.0.1:${port}/dev/`);
		assert.equal(await b.text(), 'ok');
		await online();
		await b.close();
	});
});
