// Proxies before the relay: nginx, Caddy, haproxy, and haproxy that passes bytes on with a PROXY header, each with creel-relay(8)'s own
// block and relay.ini, and Apache: the tunnel goes through it, and the app, the record and the limits see who sent what.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { FRONTS, startFront } from './lib/fronts.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, fields, requestBytes, send } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';

const SENDER = '127.0.0.3';
const OTHER = '127.0.0.4';

for (const name of Object.keys(FRONTS)) {
	describe(`behind ${name}`, () => {
		let w, app, front, certificate, client;
		const startClient = () => w.startClient({ relayUrl: `https://localhost:${front.port}`, target: app.port, name: 'fronted', args: ['--ca', certificate.cert] });
		before(async () => {
			w = new World();
			certificate = makeCertificate(w.dir, 'front');
			app = w.keep(await Receiver.start());
			front = await startFront(w, name, { certificate, relayArgs: ['--max-connections-per-address', '3'] });
			client = await startClient();
		});
		after(() => w?.close());

		const options = (localAddress) => ({ localAddress, tlsOptions: { ca: certificate.pem, servername: 'localhost' } });
		const host = () => `localhost:${front.port}`;

		it('the tunnel is online, and its client’s address is known', () => {
			assert.equal(client.url, `https://localhost:${front.port}/fronted`);
			assert.match(front.relay.err, /event=tunnel_online tunnel=fronted .*peer=127\.0\.0\.1(:\d+)?$/m);
		});

		it('the app is told the sender, whatever the sender says, and so is the record', async () => {
			const forged = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-For: 7.7.7.7', 'X-Forwarded-Proto: gopher', 'X-Forwarded-Host: bank.test'];
			const answer = await send(front.port, requestBytes('POST', '/fronted/forged', [`Host: ${host()}`, 'Content-Length: 2', ...forged], 'hi'), options(SENDER));
			assert.equal(answer?.status, 200, answer?.text);
			const { lines } = await app.request((r) => r.target === '/forged');
			const list = fields(lines, 'X-Forwarded-For').join(', ').split(/ *, */);
			assert.equal(list.pop(), SENDER, `the last of ${list}`);
			assert.ok(list.every((a) => ['6.6.6.6', '7.7.7.7'].includes(a)), 'nothing but what the sender wrote stands before it');
			assert.deepEqual(fields(lines, 'X-Forwarded-Proto'), ['https']);
			assert.deepEqual(fields(lines, 'X-Forwarded-Host'), [host()]);
			const row = await w.recorded((r) => r.target === '/forged' && r.state === 'delivered');
			assert.equal(row.peer.replace(/:\d+$/, ''), SENDER);
		});

		it('--max-connections-per-address sees the sender and not the proxy', async () => {
			const waiting = [];
			app.answer = (_, socket) => waiting.push(socket);
			const open = [];
			const ask = async (from) => {
				const s = await Sender.connect(front.port, options(from)).catch(() => null);
				s?.write(requestBytes('GET', '/fronted/wait', [`Host: ${host()}`]));
				if (s) open.push(s);
				return s;
			};
			for (let i = 0; i < 3; i++) await ask(SENDER);
			await waitFor('three at the app', () => waiting.length === 3);
			const fourth = await ask(SENDER);
			// One connection of bytes more is closed, one request more is answered.
			if (FRONTS[name].relayHasTls) assert.equal(fourth, null);
			else assert.equal((await fourth.answer()).status, 429);
			for (let i = 0; i < 3; i++) assert.ok(await ask(OTHER));
			await waitFor('the others at the app', () => waiting.length === 6);
			for (const socket of waiting) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
			app.answer = null;
			for (const s of open.filter((o) => o !== fourth)) assert.equal((await s.answer()).status, 200);
			for (const s of open) await s.end();
		});

		it('a tunnel comes back after webhooks, on connections that the proxy has kept or not', async () => {
			for (let i = 0; i < 3; i++) {
				await client.stop('SIGINT');
				// 503: a GET for a tunnel that is away.
				for (let n = 0; n < 3; n++) assert.equal((await send(front.port, requestBytes('GET', '/fronted/x', [`Host: ${host()}`]), options(OTHER))).status, 503);
				client = await startClient();
				assert.equal((await send(front.port, requestBytes('GET', `/fronted/again${i}`, [`Host: ${host()}`]), options(OTHER))).status, 200);
			}
			assert.doesNotMatch(front.relay.err, /reason=tunnel_here/, 'at the first try');
		});

		it('an event stream comes through as it is sent', async () => {
			let stream;
			app.answer = (_, socket) => (stream = socket).write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ndata: 1\n\r\n');
			const s = await Sender.connect(front.port, options(SENDER));
			await s.write(requestBytes('GET', '/fronted/sse', [`Host: ${host()}`]));
			await waitFor('the first event', () => s.partial.includes('data: 1\n'));
			stream.write('0\r\n\r\n');
			assert.ok((await s.answer()).complete);
			await s.end();
			app.answer = null;
		});

		it('every program ended cleanly', () => w.endsCleanly());
	});
}
