// An app that answers badly: cut off at every byte by FIN and by RST, split at every byte, more than was asked for, less,
// twice, never. What the sender gets is the app's answer or a 502, never a part that looks whole and never another's.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Sender, field, requestBytes, send } from './lib/http.mjs';

const HEAD = 'HTTP/1.1 200 OK\r\nX-Of: the app\r\n';
const SHAPES = {
	length: `${HEAD}Content-Length: 9\r\n\r\nthe body!`,
	chunked: `${HEAD}Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nthe\r\n6\r\n body!\r\n0\r\nX-Sum: 9\r\n\r\n`,
	'until the end': `${HEAD}\r\nthe body!`,
	'interim answers': `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${HEAD}Content-Length: 9\r\n\r\nthe body!`,
	'no content': 'HTTP/1.1 204 No Content\r\nX-Of: the app\r\n\r\n',
};

describe('an app that answers badly', () => {
	const w = new World();
	const plans = new Map(); // by target: what is done with the connection that asks for it
	let app, relay, served = 0;
	before(async () => {
		app = net.createServer({ allowHalfOpen: true }, (socket) => {
			let got = '';
			socket.setNoDelay(true);
			socket.on('error', () => {}).on('end', () => socket.end());
			socket.on('data', (piece) => {
				got += piece.toString('latin1');
				for (let end; (end = got.indexOf('\r\n\r\n')) >= 0;) {
					const target = got.split(' ')[1];
					const length = Number(/content-length: (\d+)/i.exec(got.slice(0, end))?.[1] ?? 0);
					const plan = plans.get(target);
					if (!plan?.early && got.length < end + 4 + length) return;
					got = plan?.early ? '' : got.slice(end + 4 + length);
					served++;
					if (plan) plan.act(socket);
					else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`);
				}
			});
		}).listen(0, '127.0.0.1');
		await once(app, 'listening');
		relay = await w.startRelay();
		await w.startClient({ relay, target: app.address().port, name: 'a', args: ['--timeout', '10s'] });
	});
	after(async () => {
		app?.close();
		await w.close();
	});

	const ask = (target, { method = 'POST', body = 'hello' } = {}) =>
		send(relay.port, requestBytes(method, `/a${target}`, ['Host: localhost', ...(method === 'POST' ? [`Content-Length: ${body.length}`] : [])], method === 'POST' ? body : ''), { head: method === 'HEAD' });
	/** One answered by the plan, and behind it an innocent one that gets its own. */
	async function planned(target, act, options = {}) {
		plans.set(target, { act, ...options });
		const answer = await ask(target, options);
		const other = await ask(`/innocent${target}`);
		assert.equal(other.text, `/innocent${target}`, `the next after ${target}`);
		return answer;
	}
	const innocentOnes = async (name) => {
		for (let i = 0; i < 2; i++) assert.equal((await ask(`/after-${name}-${i}`)).text, `/after-${name}-${i}`);
	};

	const later = () => new Promise((resolve) => setTimeout(resolve, 4));
	async function each(count, one) {
		let next = 0;
		await Promise.all(Array.from({ length: 8 }, async () => {
			while (next < count) await one(next++);
		}));
	}
	const wholeAnswer = (answer, name) => {
		assert.equal(answer.complete, true);
		assert.equal(answer.status, name === 'no content' ? 204 : 200);
		assert.equal(field(answer.lines, 'x-of'), 'the app');
		assert.equal(answer.text, name === 'no content' ? '' : 'the body!');
	};

	for (const [name, bytes] of Object.entries(SHAPES)) {
		const bodyAt = bytes.lastIndexOf('X-Of');
		const headEnd = bytes.indexOf('\r\n\r\n', bodyAt) + 4;

		it(`${name}: split at every byte it is the same`, () =>
			each(bytes.length, async (k) => {
				const answer = await planned(`/split/${name.replaceAll(' ', '-')}/${k}`, async (socket) => {
					socket.write(bytes.slice(0, k));
					await later();
					socket[name === 'until the end' ? 'end' : 'write'](bytes.slice(k));
				});
				wholeAnswer(answer, name);
			}));

		for (const how of ['FIN', 'RST'])
			it(`${name}: cut by ${how} at every byte: a 502, or an answer that is seen not to be whole`, () =>
				each(bytes.length, async (k) => {
					const answer = await planned(`/${how}/${name.replaceAll(' ', '-')}/${k}`, async (socket) => {
						if (how === 'FIN') return void socket.end(bytes.slice(0, k));
						if (k) socket.write(bytes.slice(0, k));
						await later();
						socket.resetAndDestroy();
					});
					const what = `cut at ${k}: ${JSON.stringify(bytes.slice(0, k))}`;
					if (k < headEnd) {
						assert.equal(answer?.status, 502, what);
						assert.ok(field(answer.lines, 'creel-error'), what);
					} else if (name === 'until the end' && how === 'FIN') {
						assert.equal(answer.text, bytes.slice(headEnd, k), what);
						assert.equal(answer.complete, true, what);
					} else {
						assert.ok(answer.status === 502 ? field(answer.lines, 'creel-error') : answer.status === (name === 'no content' ? 204 : 200) && !answer.complete, `${what}: whole`);
					}
				}));
	}

	it('an app that breaks off right after its head, 400 times: the sender gets the head and an abrupt end, or one 502 that says so', async () => {
		const bodies = ['Content-Length: 9\r\n\r\n', 'Transfer-Encoding: chunked\r\n\r\n', 'Content-Length: 9\r\n\r\nthe', 'Transfer-Encoding: chunked\r\n\r\n3\r\nthe\r\n'];
		const port = app.address().port;
		const seen = { head: 0, sentence: 0 };
		await each(400, async (k) => {
			const target = `/right-after/${k}`;
			plans.set(target, { act: (socket) => {
				const end = () => (k & 1 ? socket.end() : socket.resetAndDestroy());
				// At once, a little later, and when the head has long been on its way.
				socket.write(HEAD + bodies[(k >> 1) % 4], () => (k % 5 === 0 ? end() : k % 5 === 1 ? setImmediate(end) : setTimeout(end, k % 5)));
			} });
			const sender = await Sender.connect(relay.port);
			await sender.write(requestBytes('POST', `/a${target}`, ['Host: localhost', 'Content-Length: 5'], 'hello'));
			const answer = await sender.answer();
			const what = `${k}: ${Buffer.concat(sender.raw).toString('latin1')}`;
			if (answer?.status === 200) {
				assert.equal(field(answer.lines, 'x-of'), 'the app', what);
				assert.ok(!answer.complete, what);
				await sender.over();
				seen.head++;
			} else {
				assert.equal(answer?.status, 502, what);
				assert.ok(answer.complete, what);
				assert.equal(field(answer.lines, 'creel-refused'), undefined, what);
				assert.equal(field(answer.lines, 'creel-error'), 'aborted', what);
				assert.match(answer.text, new RegExp(`^creel: localhost:${port} broke off in the middle of its answer; its own log should say why\\n$`), what);
				seen.sentence++;
				await sender.end();
			}
		});
		assert.equal(seen.head + seen.sentence, 400);
		assert.ok(seen.head > 0, JSON.stringify(seen));
		await innocentOnes('right-after');
	});

	const oddities = {
		'101 that nobody asked for': ['HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n', 502],
		'an answer and a second behind it': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil', 'ok'],
		'a body longer than declared': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok and more', 'ok'],
		'204 with a body': ['HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nevil', ''],
		'304 with a body': ['HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil', ''],
		'blank lines before the answer': ['\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 502],
		'a length that is no number': ['HTTP/1.1 200 OK\r\nContent-Length: 0x2\r\n\r\nok', 502],
		'a negative length': ['HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok', 502],
		'a length of 2^64 + 2': ['HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551618\r\n\r\nok', 502],
		'lengths that differ': ['HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok', 502],
		'gzip as transfer coding': ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 502],
		'a bare LF in the head': ['HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 502],
		'a bare CR in a field': ['HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok', 502],
		'NUL in a field': ['HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\nok', 502],
		'status 99': ['HTTP/1.1 099 Low\r\nContent-Length: 2\r\n\r\nok', 502],
		'status of four digits': ['HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok', 502],
		'HTTP/0.9': ['ok, says the app', 502],
		'an endless head': [`HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(20_000)}\r\n`, 502],
		'a field of 1 MB': [`HTTP/1.1 200 OK\r\nX: ${'y'.repeat(1 << 20)}\r\n\r\n`, 502],
		'endless interim answers': ['HTTP/1.1 102 Processing\r\n\r\n'.repeat(50_000), 502],
		'an interim answer with a length': ['HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 'ok'],
	};
	for (const [name, [bytes, expected]] of Object.entries(oddities))
		it(`${name}: ${expected === 502 ? 'a 502' : 'what was asked for'}, and the next gets its own`, async () => {
			const slug = name.replaceAll(/[^a-z0-9]/gi, '-');
			const answer = await planned(`/odd/${slug}`, (socket) => socket.write(Buffer.from(bytes, 'latin1')));
			if (expected === 502) assert.equal(answer.status, 502);
			else assert.equal(answer.text, expected);
			assert.equal(answer.complete, true);
			await innocentOnes(slug);
		});

	for (const [name, bytes] of Object.entries({
		'a chunk size that is none': 'xyz\r\nok\r\n0\r\n\r\n', 'a chunk size of 17 digits': '10000000000000002\r\nok\r\n0\r\n\r\n', 'a chunk longer than its size': '2\r\nokay\r\n0\r\n\r\n',
		'a chunk size ended by LF': '2\nok\r\n0\r\n\r\n', 'a chunk ended by LF': '2\r\nok\n0\r\n\r\n', 'a negative chunk size': '-2\r\nok\r\n0\r\n\r\n', 'no last chunk': '2\r\nok\r\n',
		'endless trailers': `2\r\nok\r\n0\r\n${'X: y\r\n'.repeat(30_000)}`, 'an endless extension': `2;${'x'.repeat(100_000)}`,
	}))
		it(`${name}: is not taken for a whole answer`, async () => {
			const answer = await planned(`/chunks/${name.replaceAll(' ', '-')}`, (socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n${bytes}`));
			assert.ok(answer.status === 502 ? field(answer.lines, 'creel-error') : !answer.complete);
		});

	for (const [name, method, answer] of [['the body of an answer to HEAD', 'HEAD', `HTTP/1.1 200 OK\r\nContent-Length: 49\r\n\r\n`], ['the body of a 204', 'POST', 'HTTP/1.1 204 No Content\r\nContent-Length: 49\r\n\r\n']])
		it(`${name} comes late: it is not the next call's answer`, async () => {
			const target = `/late/${method}`;
			plans.set(target, { act: (socket) => {
				socket.write(answer);
				// Before the next request is answered, or when none comes.
				const evil = () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil');
				socket.prependOnceListener('data', evil);
				setTimeout(evil, 300);
			} });
			await ask(target, { method });
			await innocentOnes(`late-${method}`);
		});

	it('bytes that nobody asked for, on a kept connection: the next call goes out on another', async () => {
		for (let i = 0; i < 20; i++) {
			plans.set(`/stray/${i}`, { act: async (socket) => {
				socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
				setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), i % 3);
			} });
			assert.equal((await ask(`/stray/${i}`)).text, 'ok');
			await new Promise((resolve) => setTimeout(resolve, 10));
			assert.equal((await ask(`/after/stray/${i}`)).text, `/after/stray/${i}`);
		}
	});

	it('an app that closes after each answer without saying so: every call is answered, and each is made once', async () => {
		for (let i = 0; i < 40; i++) plans.set(`/closes/${i}`, { act: (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok') });
		served = 0;
		for (let i = 0; i < 40; i++) assert.equal((await ask(`/closes/${i}`)).text, 'ok');
		assert.equal(served, 40);
	});

	it('an app that answers before it has read the body, and closes or resets', async () => {
		const body = 'x'.repeat(3 << 20);
		for (const how of ['end', 'destroySoon', 'reset']) {
			plans.set(`/early/${how}`, { early: true, act: (socket) => {
				socket.pause();
				socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\nConnection: close\r\n\r\nlong');
				setTimeout(() => (how === 'reset' ? socket.resetAndDestroy() : socket[how]()), 50);
			} });
			const s = await Sender.connect(relay.port);
			s.write(requestBytes('POST', `/a/early/${how}`, ['Host: localhost', `Content-Length: ${body.length}`], body));
			const answer = await s.answer();
			await s.end();
			assert.equal(answer.status, 413, how);
			assert.equal(answer.text, 'long');
			await innocentOnes(`early-${how}`);
		}
	});

	it('an app that never answers is 504 or 502 in time, and the next gets its own', async () => {
		const answer = await planned('/never', () => {});
		assert.ok([502, 504].includes(answer.status), `${answer.status}`);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
