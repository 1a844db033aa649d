// Senders that are cut off, or stop, at every byte of what they send (under TLS at every third): requests behind one another, each
// kind of body, Expect, absolute-form, HTTP/1.0. Every request that came whole is answered as itself, none that did not
// reaches the app, and whoever comes next is served.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, post } from './lib/http.mjs';
import { makeCertificate } from './lib/tls.mjs';

const TIMEOUT_MS = 3000; // a second is too little for fifty handshakes at once on a slow machine

/** Requests as [bytes, method, what the app says of it, whether the connection goes on after it]. */
const target = (id, n) => `/cut-${id}-${n}`;
const length = (id, n) => [`POST /t${target(id, n)} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello`, 'POST', 'hello'];
const chunked = (id, n) => [`POST /t${target(id, n)} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3;a="b"\r\nhel\r\n02\r\nlo\r\n0\r\nX-Sum: 5\r\n\r\n`, 'POST', 'hello'];
const get = (id, n) => [`GET /t${target(id, n)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 'GET', ''];
const absolute = (id, n) => [`GET http://localhost/t${target(id, n)} HTTP/1.1\r\nHost: other\r\n\r\n`, 'GET', ''];
const expects = (id, n) => [`PUT /t${target(id, n)} HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello`, 'PUT', 'hello'];
const old = (id, n) => [`POST /t${target(id, n)} HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello`, 'POST', 'hello'];
const SETS = { 'a length, none, chunks': [length, get, chunked], 'chunks, a length': [chunked, length], 'Expect, absolute-form': [expects, absolute], 'HTTP/1.0 kept alive': [old, old] };

for (const secure of [false, true])
	describe(`senders cut off, ${secure ? 'under TLS' : 'in the clear'}`, () => {
		const w = new World();
		let app, relay, tlsOptions, count = 0;
		before(async () => {
			const certificate = makeCertificate(w.dir);
			app = w.keep(await Receiver.start({
				answer: (request, socket) => {
					const body = `${request.method} ${request.target} ${request.body}`;
					socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
				},
			}));
			relay = await w.startRelay({ args: ['--header-timeout', `${TIMEOUT_MS}ms`, '--body-timeout', `${TIMEOUT_MS}ms`, '--tls-cert', certificate.cert, '--tls-key', certificate.key] });
			await w.startClient({ relayUrl: `https://127.0.0.1:${relay.port}`, target: app.port, name: 't', args: ['--ca', certificate.cert] });
			tlsOptions = secure ? { ca: certificate.pem, servername: 'localhost' } : undefined;
		});
		after(() => w.close());

		/** Sends the first k bytes of a set and ends as `how` says; checks what came of it. */
		async function cut(set, k, how) {
			const id = ++count;
			const requests = set.map((make, n) => make(id, n));
			const bytes = requests.map(([text]) => text).join('');
			let end = 0;
			const ends = requests.map(([text]) => (end += text.length));
			const whole = ends.filter((at) => at <= k).length;
			const s = await Sender.connect(relay.port, { tlsOptions });
			s.socket.setNoDelay(true);
			await s.write(bytes.slice(0, k));
			if (how === 'split') {
				await new Promise((resolve) => setTimeout(resolve, 3));
				await s.write(bytes.slice(k));
			} else if (how === 'FIN') {
				s.socket.end();
			} else if (how === 'RST') {
				(s.socket._parent ?? s.socket).resetAndDestroy();
			}
			const what = `${how} at ${k} of ${JSON.stringify(bytes)}`;
			const expected = how === 'split' ? requests.length : whole;
			const said = () => s.answers.map((m) => [m.status, Buffer.concat(m.pieces).toString()]);
			if (how !== 'RST') await waitFor(() => `${expected} answers, ${what}: ${JSON.stringify(said())}`, () => s.isClosed || s.answers.length >= expected);
			// Between two requests it may be silent for long.
			const between = k >= end || ends.includes(k);
			if (how === 'FIN' || (how === 'stall' && !between)) await s.over();
			const answers = said();
			for (const [n, [, method, body]] of requests.entries())
				if (n < expected && how !== 'RST') assert.deepEqual(answers[n], [200, `${method} ${target(id, n)} ${body}`], what);
			const beyond = answers.slice(expected);
			if (how === 'stall' && beyond.length) assert.equal(beyond[0][0], 408, what);
			assert.ok(beyond.every(([status]) => status >= 400) && beyond.length <= 1, `${what}: ${JSON.stringify(answers)}`);
			await s.end();
			const seen = app.requests.filter((r) => r.target.startsWith(`/cut-${id}-`));
			assert.ok(seen.length <= expected, `${what}: ${seen.length} at the app`);
			for (const r of seen) assert.ok(requests.some(([, method, body], n) => r.target === target(id, n) && r.method === method && r.body.toString() === body), `${what}: ${r.requestLine} ${r.body}`);
			if (how !== 'stall' && id % 8 === 0) assert.equal((await post(relay.port, `/t/innocent-${id}`)).text, `POST /innocent-${id} hello`);
		}

		async function each(set, how, atOnce) {
			const all = set.map((make, n) => make(1000, n)[0]).join('').length;
			let next = 0;
			await Promise.all(Array.from({ length: atOnce }, async () => {
				for (let k; (k = next) < all;) {
					next += secure ? 3 : 1;
					await cut(set, k, how);
				}
			}));
			assert.equal((await post(relay.port, '/t/after')).text, 'POST /after hello');
			app.requests.length = 0;
		}
		for (const [name, set] of Object.entries(SETS))
			for (const [how, atOnce] of [['split', 8], ['FIN', 8], ['RST', 8], ['stall', secure ? 50 : 500]])
				it(`${name}: ${how}`, () => each(set, how, atOnce));

		it('a hundred requests behind one another, written at once and read at the end: a hundred answers in order', async () => {
			const s = await Sender.connect(relay.port, { tlsOptions });
			const makers = [length, get, chunked];
			const requests = Array.from({ length: 100 }, (_, n) => makers[n % 3]('many', n));
			await s.write(requests.map(([text]) => text).join(''));
			for (const [n, [, method, body]] of requests.entries()) assert.equal((await s.answer()).text, `${method} ${target('many', n)} ${body}`);
			await s.end();
		});

		it('a hundred behind one another, then the sending side is closed: all are answered', async () => {
			const s = await Sender.connect(relay.port, { tlsOptions });
			await s.write(Array.from({ length: 100 }, (_, n) => get('half', n)[0]).join(''));
			s.socket.end();
			await s.over();
			assert.equal(s.answers.filter((m) => m.status === 200).length, 100);
		});

		it('Expect: 100 comes before the body, never behind the answer, and not to who has sent the body already', async () => {
			const s = await Sender.connect(relay.port, { tlsOptions });
			const [text] = expects('expects', 0);
			await s.write(text.slice(0, -5));
			await waitFor('100', () => s.interim?.length === 1);
			await s.write('hello');
			assert.equal((await s.answer()).text, 'PUT /cut-expects-0 hello');
			await s.write(expects('expects', 1)[0]);
			assert.equal((await s.answer()).text, 'PUT /cut-expects-1 hello');
			assert.equal(s.interim.length, 1);
			// Refused at the head: no 100 before it.
			await s.write('PUT /nobody HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n');
			assert.equal((await s.answer()).status, 404);
			assert.equal(s.interim.length, 1);
			await s.over();
		});

		it('every program ended cleanly', () => w.endsCleanly());
	});

// They wait for one another's handshakes: that nothing more comes may be seen before what was sent is read.
describe('senders under TLS that wait for their turn, each of which closes its sending side behind its request', () => {
	const w = new World();
	after(() => w.close());
	it('all are answered', async () => {
		const certificate = makeCertificate(w.dir);
		const relay = await w.startRelay({ args: ['--tls-cert', certificate.cert, '--tls-key', certificate.key] });
		const answers = [];
		await Promise.all(Array.from({ length: 32 }, async () => {
			for (let n = 0; n < 12; n++) {
				const s = await Sender.connect(relay.port, { tlsOptions: { ca: certificate.pem, servername: 'localhost' } });
				await s.write('GET /nobody HTTP/1.1\r\nHost: localhost\r\n\r\n');
				s.socket.end();
				await s.over();
				answers.push(s.answers[0]?.status ?? s.error?.code);
			}
		}));
		assert.deepEqual(answers.filter((status) => status !== 404), []);
		await w.endsCleanly();
	});
});
