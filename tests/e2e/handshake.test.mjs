// A handshake that is answered with anything but a tunnel: what creel says of it, and where its token does not go.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import tlsServer from 'node:tls';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';

describe('a handshake answered with no tunnel', () => {
	let w, relay, answer, seen;
	const token = `creel_${'a'.repeat(64)}`;
	before(async () => {
		w = new World();
		// A relay's place where somebody else answers.
		relay = http.createServer();
		relay.on('upgrade', (request, socket) => {
			seen.push(request.headers);
			socket.end(`HTTP/1.1 ${answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
		});
		relay.listen(0, '127.0.0.1');
		await once(relay, 'listening');
		w.keep({ close: () => relay.close() });
	});
	after(() => w?.close());

	async function listen(what) {
		answer = what;
		seen = [];
		const c = await w.startClient({ relayUrl: `http://127.0.0.1:${relay.address().port}`, target: 3000, env: { CREEL_TOKEN: token }, output: 'lines', wait: false });
		c.kind = undefined;
		return c;
	}

	const web = 'a web server is there, and not a creel relay; is the URL right';
	const forbids = 'what is there wants a login of its own, or forbids it; a proxy in front';
	for (const [status, words] of [['404 Not Found', web], ['200 OK', web], ['204 No Content', web], ['403 Forbidden', forbids], ['401 Unauthorized', forbids],
		['502 Bad Gateway', 'a proxy in front of it does not reach it; is creel-relay running'], ['503 Wait\r\nCreel-Refused: something-new', ''], ['999 Odd\r\nX: y', '']])
		it(`${status.split('\r')[0]}: the status is named, and it is tried again`, async () => {
			const c = await listen(status);
			await waitFor(() => `two tries\n${c.err}`, () => seen.length >= 2);
			assert.match(c.err, new RegExp(`^creel: offline: the relay http:\\S+ answered ${status.slice(0, 3)} where a tunnel should open${words ? `: ${words}` : '; is a creel relay there'}.*; trying again in `, 'm'));
			await c.stop('SIGINT');
		});

	it('a redirect is not followed, so the token goes nowhere else', async () => {
		const elsewhere = net.createServer((socket) => (elsewhere.taken = socket.destroy()));
		elsewhere.listen(0, '127.0.0.1');
		await once(elsewhere, 'listening');
		w.keep({ close: () => elsewhere.close() });
		for (const [status, scheme] of [['301 Moved', 'http'], ['302 Found', 'http'], ['307 Temporary', 'ws'], ['308 Permanent', 'https']]) {
			const c = await listen(`${status}\r\nLocation: ${scheme}://localhost:${elsewhere.address().port}/_creel/tunnel`);
			await waitFor(() => `two tries\n${c.err}`, () => seen.length >= 2);
			assert.equal(elsewhere.taken, undefined);
			assert.match(c.err, new RegExp(`answered ${status.slice(0, 3)} where a tunnel should open: what is there redirects to ${scheme}://localhost:${elsewhere.address().port}; name that URL`));
			await c.stop('SIGINT');
			c.checkSanitizers();
		}
	});

	it('a tunnel’s public URL in the place of the relay’s', async () => {
		answer = '404 Not Found\r\nCreel-Refused: no_tunnel';
		const r = await w.creel(['login', `http://127.0.0.1:${relay.address().port}/shop/`, '--no-token', '--config', w.fresh('config.ini')]);
		assert.equal(r.code, 3);
		assert.match(r.err, new RegExp(`answered 404 where a tunnel should open: its URL goes on after the host, .*; write http://127\\.0\\.0\\.1:${relay.address().port}, without the tunnel's name$`, 'm'));
	});

	it('a server that speaks anything but HTTP, or TLS where http was said', async () => {
		const serve = async (server) => {
			const open = new Set();
			server.on('connection', (socket) => open.add(socket.on('error', () => {})));
			w.keep({ close: () => (server.close(), open.forEach((socket) => socket.destroy())) });
			server.listen(0, '127.0.0.1');
			await once(server, 'listening');
			return server.address().port;
		};
		const mine = makeCertificate(w.dir, 'mine');
		const says = async (server, words, scheme = 'http', host = '127.0.0.1') => {
			const port = await serve(server);
			const r = await w.creel(['login', `${scheme}://${host}:${port}`, '--no-token', '--config', w.fresh('config.ini')]);
			assert.equal(r.code, 3);
			assert.match(r.err, words);
			assert.ok(r.err.includes(String(port)), r.err);
		};
		const tls = { cert: mine.pem, key: readFileSync(mine.key) };
		const speaksTls = /does not answer in clear: port \d+ of \S+ speaks TLS; write https:\/\/ in the place of http:\/\//;
		await says(https.createServer(tls), speaksTls);
		await says(https.createServer(tls), speaksTls, 'http', 'localhost');
		await says(tlsServer.createServer({ ...tls, minVersion: 'TLSv1.3' }), speaksTls);
		await says(net.createServer((socket) => socket.end('SSH-2.0-Other\x1b[31m\r\n')), /does not speak HTTP, so it is not a creel relay's: its answer begins with "SSH-2\.0-Other\\x1b\[31m/);
		await says(net.createServer((socket) => socket.once('data', () => socket.end('-ERR unknown command\r\n'))), /its answer begins with "-ERR unknown command/);
		await says(http2.createServer(), /speaks HTTP\/2 alone/);
		await says(net.createServer((socket) => socket.once('data', () => socket.destroy())), /ended the connection before it had answered/);
		await says(net.createServer((socket) => socket.once('data', (d) => socket.end(d[0] === 0x16 ? '' : 'HTTP/1.0 200 OK\r\n\r\n'))), /does not speak TLS/, 'https');
	});

	it('https to a server without TLS is told from one that nobody runs', async () => {
		const plain = http.createServer().listen(0, '127.0.0.1');
		await once(plain, 'listening');
		const { port } = plain.address();
		const login = (scheme) => w.creel(['login', `${scheme}://127.0.0.1:${port}`, '--no-token', '--config', w.fresh('config.ini')]);
		assert.match((await login('https')).err, new RegExp(`^creel: the relay https://127\\.0\\.0\\.1:${port} does not speak TLS on port ${port} of 127\\.0\\.0\\.1; write http://`, 'm'));
		plain.closeAllConnections();
		await new Promise((resolve) => plain.close(resolve));
		for (const scheme of ['https', 'http'])
			assert.match((await login(scheme)).err, new RegExp(`: nothing is listening on port ${port} of 127\\.0\\.0\\.1; is creel-relay running there`));
	});

	it('what will pass is said in its own words, and it is tried again', async () => {
		for (const [name, status, words] of [['rate_refused', 429, /refused so many handshakes from here/], ['under_way', 429, /as many connections of this address open as it takes/], ['no_upgrade', 426, /must pass Upgrade on/]]) {
			const c = await listen(`${status} No\r\nCreel-Refused: ${name}`);
			await waitFor(() => `two tries\n${c.err}`, () => seen.length >= 2);
			assert.match(c.err, words);
			assert.doesNotMatch(c.err, /is a creel relay there/);
			await c.stop('SIGINT');
		}
	});

	it('what a relay refuses for good is said in one sentence, exit 3', async () => {
		for (const [name, status, words] of [['misdirected', 421, /does not answer to this name; .*--public-url/], ['origin', 403, /Origin field/], ['plaintext', 403, /over TLS alone; write https:\/\//]]) {
			const c = await listen(`${status} No\r\nCreel-Refused: ${name}`);
			assert.equal((await c.end()).code, 3, c.err);
			assert.equal(c.err.trim().split('\n').length, 1, c.err);
			assert.match(c.err, /^creel: the relay http:\S+ refused: /);
			assert.match(c.err, words);
			assert.equal(seen.length, 1);
		}
	});

	it('a relay on loopback that is called by another name says so', async () => {
		const real = await w.startRelay();
		const proxy = http.createServer().on('connect', (_request, socket) => {
			const to = net.connect(real.port, '127.0.0.1', () => {
				socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
				socket.pipe(to).pipe(socket);
			});
			socket.on('error', () => {}).on('close', () => to.destroy());
			to.on('error', () => {}).on('close', () => socket.destroy());
		});
		proxy.listen(0, '127.0.0.1');
		await once(proxy, 'listening');
		w.keep({ close: () => proxy.close() });
		const r = await w.creel(['listen', '3000', '--relay', 'http://hooks.example.com', '--output', 'lines'], { env: { http_proxy: `http://127.0.0.1:${proxy.address().port}` } });
		assert.equal(r.code, 3, r.err);
		assert.match(r.err, /^creel: the relay http:\/\/hooks\.example\.com refused: it serves only its own machine and does not answer to this name; .*--public-url/m);
	});
});

describe('a public URL taken for the relay’s, its tunnel online', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
	});
	after(() => w?.close());

	it('is refused with a sentence, and nothing of it is recorded or reaches the app', async () => {
		const app = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'shop' });
		const url = `http://127.0.0.1:${relay.port}`;
		const c = await w.startClient({ relayUrl: `${url}/shop`, target: app.port, output: 'lines', wait: false, db: w.path('pasted.db') });
		c.kind = undefined;
		await waitFor(() => `the reason\n${c.err}`, () => c.err.includes(`answered 404 where a tunnel should open: its URL goes on after the host, as a tunnel's public URL does; write ${url}, without the tunnel's name`));
		await c.stop('SIGINT');
		for (const target of ['/shop/_creel/tunnel', '/shop/_creel/tunnel?x=1']) {
			const answer = await send(relay.port, requestBytes('GET', target, ['Host: localhost']));
			assert.deepEqual([answer.status, field(answer.lines, 'creel-refused')], [404, 'tunnel_below']);
			assert.match(answer.text, /opens at the relay's own URL: write that, without a tunnel's name/);
		}
		assert.equal((await post(relay.port, '/shop/_creel/tunnels')).status, 200, 'another path is the app’s');
		assert.deepEqual((await w.list()).map((r) => r.target), ['/_creel/tunnels']);
		assert.deepEqual(app.requests.map((r) => r.target), ['/_creel/tunnels']);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
