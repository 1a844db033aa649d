// A sender's connection in each of its states (relay/senders/sender.h): that it ended is noticed at once, long before any
// deadline, and while nothing moves on it the relay has nothing to do.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { makeCertificate } from './lib/tls.mjs';

const AT_ONCE_MS = 5000; // the deadlines are a minute and more

/** An app that answers by the target alone, once, and reads nothing behind a request's head. */
function startApp() {
	const answers = {
		'/idle': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
		'/large': Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${30 << 20}\r\n\r\n`), Buffer.alloc(30 << 20, 'large')]),
		'/pause': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nthe first of it',
		'/events': 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n',
		'/socket': 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: x\r\n\r\n',
	};
	return new Promise((resolve) => {
		const server = net.createServer((socket) => {
			let head = '';
			socket.on('error', () => {}).on('data', (piece) => {
				head += piece.toString('latin1');
				if (!head.includes('\r\n\r\n')) return;
				const answer = answers[head.split(' ')[1]];
				if (answer) socket.write(answer);
				if (head.startsWith('GET /socket')) socket.pause();
				head = '';
			});
		});
		server.listen(0, '127.0.0.1', () => resolve({ server, port: server.address().port }));
	});
}

/** What a TLS client says first. */
async function clientHello(options) {
	const server = net.createServer().listen(0, '127.0.0.1');
	await new Promise((resolve) => server.on('listening', resolve));
	const hello = new Promise((resolve) => server.on('connection', (s) => s.on('error', () => {}).on('data', (d) => (resolve(d), s.destroy()))));
	tls.connect({ port: server.address().port, host: '127.0.0.1', servername: 'localhost', ...options }).on('error', () => {});
	const bytes = await hello;
	server.close();
	return bytes;
}

describe('a sender’s connection', { skip: process.platform !== 'linux' && '/proc tells what the relay does' }, () => {
	const w = new World();
	let relay, app, certificate, hello, tunnelHello;
	before(async () => {
		app = await startApp();
		certificate = makeCertificate(w.dir, 'ends');
		hello = await clientHello({});
		tunnelHello = await clientHello({ ALPNProtocols: ['creel/1'] });
		const patience = ['--header-timeout', '1m', '--body-timeout', '1m', '--reply-timeout', '2m'];
		relay = await w.startRelay({ args: ['--tls-cert', certificate.cert, '--tls-key', certificate.key, ...patience] });
		await w.startClient({ relayUrl: `https://127.0.0.1:${relay.port}`, target: app.port, name: 't', args: ['--ca', certificate.cert] });
	});
	after(async () => {
		await w.close();
		app?.server.close();
	});

	const request = (target, ...lines) => `GET /t${target} HTTP/1.1\r\n${['Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;
	const upgrade = ['Connection: Upgrade', 'Upgrade: websocket', 'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`];
	const tunnel = ['GET /_creel/tunnel HTTP/1.1', 'Host: localhost', ...upgrade, 'Sec-WebSocket-Protocol: creel.v1', '', ''].join('\r\n');
	// What is sent, what is waited for, whether the end of the sender's side alone ends it.
	const states = () => ({
		'before its first byte': { bytes: '' },
		'in a PROXY header': { bytes: 'PROXY TCP4' },
		'in half a ClientHello': { bytes: hello.subarray(0, 100) },
		'in a TLS handshake': { bytes: hello, sees: '' },
		'in half a head': { bytes: 'POST /t/x HTTP/1.1\r\nHost: loc' },
		'in half a body': { bytes: 'POST /t/x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nhalf' },
		'in half a chunk': { bytes: 'POST /t/x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nhalf' },
		'in half a tunnel’s handshake': { bytes: tunnel.slice(0, 60) },
		'in all but a byte of a tunnel’s handshake': { bytes: tunnel.slice(0, -1) },
		'in half a tunnel’s ClientHello': { bytes: tunnelHello.subarray(0, 150) },
		'between two requests': { bytes: request('/idle'), sees: '\r\n\r\nok' },
		'refused': { bytes: 'GARBAGE\r\n\r\n', sees: 'creel: ' },
		'that waits for its answer': { bytes: request('/wait'), outlivesFin: true },
		'that waits, with more requests than are kept': { bytes: request('/wait') + request('/later').repeat(2000), outlivesFin: true },
		'in an answer that pauses': { bytes: request('/pause'), sees: 'the first of it', outlivesFin: true },
		'in an answer that it does not read': { bytes: request('/large'), stops: true, outlivesFin: true },
		'in an event stream': { bytes: request('/events'), sees: 'data: 1' },
		'in a WebSocket': { bytes: request('/socket', ...upgrade), sees: '101', outlivesFin: true },
		'in a WebSocket whose app does not read': { bytes: request('/socket', ...upgrade), sees: '101', then: Buffer.alloc(20 << 20), outlivesFin: true },
	});

	const sockets = () => readdirSync(`/proc/${relay.pid}/fd`).filter((fd) => {
		try {
			return readlinkSync(`/proc/${relay.pid}/fd/${fd}`).startsWith('socket:');
		} catch {
			return false;
		}
	}).length;
	async function open({ bytes, sees, stops, then }, { alone = true } = {}) {
		const before = sockets();
		const s = net.connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
		let got = '';
		if (stops) s.pause();
		else s.on('data', (piece) => (got += piece.toString('latin1')));
		await waitFor('the connection', () => s.readyState === 'open');
		if (bytes.length) await new Promise((resolve) => s.write(bytes, resolve));
		if (alone) await waitFor('it to be taken', () => sockets() === before + 1);
		if (sees !== undefined) await waitFor(() => `'${sees}' in '${got}'`, () => got.length > 0 && got.includes(sees));
		if (then) s.write(then);
		// Until all is where it stays: what is on its way has no other sign.
		await new Promise((resolve) => setTimeout(resolve, stops || then ? 1000 : 100));
		return s;
	}
	const ticks = () => readFileSync(`/proc/${relay.pid}/stat`, 'utf8').replace(/.*\) /, '').split(' ').slice(11, 13).reduce((sum, n) => sum + Number(n), 0);

	it('is let go at once when it is reset, whatever it was in', async () => {
		for (const [where, how] of Object.entries(states())) {
			const before = sockets();
			const s = await open(how);
			s.resetAndDestroy();
			await waitFor(`the end of one ${where}`, () => sockets() === before, AT_ONCE_MS);
		}
	});

	it('is let go at once when its sender says that it ends, except where an answer is due all the same', async () => {
		for (const [where, how] of Object.entries(states()).filter(([, how]) => !how.outlivesFin)) {
			const before = sockets();
			const s = await open(how);
			s.end();
			await waitFor(`the end of one ${where}`, () => sockets() === before, AT_ONCE_MS);
			s.destroy();
		}
	});

	it('that is half closed is answered, and reset while it waits it is let go', async () => {
		for (const target of ['/wait', '/pause']) {
			const before = sockets();
			const s = await open({ bytes: request(target) });
			s.end();
			await new Promise((resolve) => setTimeout(resolve, 300));
			assert.equal(sockets(), before + 1, 'it is there still');
			s.resetAndDestroy();
			await waitFor(`the end of one at ${target}`, () => sockets() === before, AT_ONCE_MS);
		}
	});

	it('costs nothing while it stands still', async () => {
		for (const half of [false, true]) {
			const all = [];
			for (const how of Object.values(states())) {
				if (half && !how.outlivesFin) continue;
				for (let i = 0; i < 3; i++) {
					all.push(await open(how, { alone: false }));
					if (half) all.at(-1).end();
				}
			}
			const began = ticks();
			await new Promise((resolve) => setTimeout(resolve, 3000));
			const took = ticks() - began;
			assert.ok(took <= 15, `${took} ticks of 300 for ${all.length} that stand still${half ? ', half closed' : ''}`);
			for (const s of all) s.resetAndDestroy();
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
