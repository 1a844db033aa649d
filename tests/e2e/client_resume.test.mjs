// The client, whose connection is lost and comes back (shared/PROTOCOL.md §4), against a relay of the test's own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { World, waitFor, within } from './lib/harness.mjs';
import { Receiver } from './lib/http.mjs';
import { FakeRelay, credit, delivery, done, eventId, reset } from './lib/fake_relay.mjs';
import { FLAGS, frame, request, resume, welcome } from './lib/wire.mjs';

const WINDOW = 262_144;

describe('a lost connection comes back', () => {
	let w, app, relay;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		relay = await FakeRelay.start(w);
	});
	after(() => w?.close());

	const calls = (target) => app.requests.filter((r) => r.target === target);
	/** The app's next answers wait for `release`. */
	const hold = () => {
		const waiting = [];
		app.answer = (r, socket) => waiting.push(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate'));
		return () => {
			app.answer = null;
			waiting.splice(0).forEach((go) => go());
		};
	};
	const big = (bytes) => (app.answer = (r, socket) => socket.write(Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes.length}\r\n\r\n`), bytes])));

	it('HELLO brings the nonce of the last WELCOME', async () => {
		const client = await relay.startClient('nonce', { app });
		const first = await client.connection(1, { nonce: Buffer.alloc(16, 3) });
		assert.equal(first.hello.resume_nonce_hex, '');
		await waitFor('ready', () => client.events.find((e) => e.type === 'ready'));
		await first.cut();
		const second = await client.connection(2, { nonce: Buffer.alloc(16, 4) });
		assert.equal(second.hello.resume_nonce_hex, '03'.repeat(16));
		await waitFor('online again', () => client.events.filter((e) => e.type === 'state' && e.state === 'online').length === 2);
		await second.cut();
		assert.equal((await client.connection(3)).hello.resume_nonce_hex, '04'.repeat(16));
	});

	it('lost while the app is called: the answer goes over the new connection, the app is called once', async () => {
		const client = await relay.startClient('calling', { app });
		const c = await client.connection(1);
		const id = eventId();
		const release = hold();
		c.send(delivery({ stream: 7, event_id: id, body: 'abc', target: '/calling' }));
		await app.request((r) => r.target === '/calling');
		await c.frame('RECORDED');
		await c.cut();
		const again = await client.resumed(2, [{ stream: 7, event_id: id, recorded: true }]);
		release();
		assert.equal(await again.answer(7), 'late');
		assert.equal(again.of(7, 'RECORDED').length, 0, 'the relay has it');
		assert.equal(again.of(7, 'RESPONSE')[0].status, 200);
		again.send(done(7, id));
		assert.equal(calls('/calling').length, 1);
		assert.equal((await w.recorded((r) => r.event_id === id && r.state === 'delivered')).attempts, 1);
	});

	it('the app answers while the connection is away: the answer is kept', async () => {
		const client = await relay.startClient('away', { app });
		const c = await client.connection(1);
		const id = eventId();
		const release = hold();
		c.send(delivery({ stream: 1, event_id: id, target: '/away' }));
		await app.request((r) => r.target === '/away');
		await c.cut();
		release();
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		const again = await client.resumed(2, [{ stream: 1, event_id: id, recorded: true }]);
		assert.equal(await again.answer(1), 'late');
	});

	it('lost in the middle of a long answer: it goes on at the byte the relay names', async () => {
		const client = await relay.startClient('long', { app });
		const c = await client.connection(1);
		const id = eventId();
		const body = randomBytes(900_000);
		big(body);
		c.send(delivery({ stream: 1, event_id: id, target: '/long' }));
		await waitFor('a window full', () => c.body(1).length >= WINDOW);
		const got = c.body(1).length;
		await c.cut();
		// The relay lost the last 1000 bytes of what was sent.
		const seen = got - 1000;
		const again = await client.resumed(2, [{ stream: 1, event_id: id, recorded: true, head: true, body_seen: seen }]);
		await waitFor('a window full', () => again.body(1).length >= WINDOW);
		assert.equal(again.of(1, 'RESPONSE').length, 0, 'the relay has the head');
		// Credit for what it took: a second loss goes on from there.
		again.send(credit(1, 200_000));
		await waitFor('more', () => again.body(1).length >= WINDOW + 1000);
		const more = again.body(1).length;
		await again.cut();
		const third = await client.resumed(3, [{ stream: 1, event_id: id, recorded: true, head: true, body_seen: seen + more }]);
		third.send(credit(1, 1_000_000));
		const rest = await third.answer(1);
		const whole = Buffer.from(c.body(1).slice(0, seen) + again.body(1) + rest, 'latin1');
		assert.ok(whole.equals(body), 'byte by byte');
		app.answer = null;
	});

	it('whole and sent, but not done: the end may travel again', async () => {
		const client = await relay.startClient('end', { app });
		const c = await client.connection(1);
		const id = eventId();
		c.send(delivery({ stream: 1, event_id: id, target: '/end' }));
		assert.equal(await c.answer(1), 'ok');
		await c.cut();
		// A relay that got the record and nothing of the answer.
		const again = await client.resumed(2, [{ stream: 1, event_id: id, recorded: true }]);
		assert.equal(await again.answer(1), 'ok');
		await again.cut();
		// One that got all of it but the end.
		const third = await client.resumed(3, [{ stream: 1, event_id: id, recorded: true, head: true, body_seen: 2 }]);
		assert.equal(await third.answer(1), '');
		assert.deepEqual(third.of(1).map((f) => [f.type, f.flags]), [['DATA', FLAGS.END]]);
		third.send(done(1, id));
		await third.cut();
		// Done with: it is known no more.
		const fourth = await client.resumed(4, [{ stream: 1, event_id: id, recorded: true }]);
		assert.equal((await fourth.frame('RESET')).code, 5);
		assert.equal(calls('/end').length, 1);
	});

	it('RECORDED was lost: what is sent again is ignored, RECORDED comes again and the answer from its beginning', async () => {
		const client = await relay.startClient('again', { app });
		const c = await client.connection(1);
		const id = eventId();
		const body = 'x'.repeat(300_000);
		const whole = { event_id: id, stream: 3, target: '/again', body_len: body.length, headers: `Host: x\r\nContent-Length: ${body.length}\r\n` };
		const pieces = [request({ ...whole, flags: 0, body: body.slice(0, 200_000) })];
		for (let at = 200_000; at < body.length; at += 50_000)
			pieces.push(frame('DATA', { stream: 3, flags: at + 50_000 === body.length ? FLAGS.END : 0, payload: Buffer.from(body.slice(at, at + 50_000)) }));
		c.send(...pieces);
		assert.equal(await c.answer(3), 'ok');
		await c.cut();
		const again = await client.resumed(2, [{ stream: 3, event_id: id }]);
		again.send(...pieces);
		assert.equal(await again.answer(3), 'ok');
		assert.deepEqual(again.of(3).filter((f) => f.type !== 'WINDOW').map((f) => f.type).slice(0, 2), ['RECORDED', 'RESPONSE']);
		await waitFor('credit for the bytes that came again', () => again.of(3, 'WINDOW').reduce((n, f) => n + f.credit, 0) >= 200_000);
		again.send(done(3, id));
		const next = eventId();
		again.send(delivery({ stream: 4, event_id: next, target: '/next' }));
		assert.equal(await again.answer(4), 'ok');
		assert.equal(calls('/again').length, 1);
		assert.equal((await w.list()).filter((r) => r.event_id === id).length, 1);
	});

	it('lost while the request comes: the part is forgotten, what comes again is new', async () => {
		const client = await relay.startClient('part', { app });
		const c = await client.connection(1);
		const id = eventId();
		c.send(request({ stream: 1, flags: 0, event_id: id, target: '/part', body_len: 6, headers: 'Host: x\r\nContent-Length: 6\r\n', body: 'abc' }));
		c.send(delivery({ stream: 2, event_id: eventId(), target: '/part-other' }));
		await c.answer(2);
		await c.cut();
		const again = await client.resumed(2, [{ stream: 1, event_id: id }]);
		again.send(delivery({ stream: 1, event_id: id, target: '/part', body: 'abcdef' }));
		assert.equal(await again.answer(1), 'ok');
		assert.deepEqual(calls('/part').map((r) => r.body.toString()), ['abcdef']);
	});

	it('lost before the request came at all: the same', async () => {
		const client = await relay.startClient('never', { app });
		const c = await client.connection(1);
		await waitFor('ready', () => client.events.find((e) => e.type === 'ready'));
		await c.cut();
		const id = eventId();
		const again = await client.resumed(2, [{ stream: 9, event_id: id }]);
		again.send(delivery({ stream: 9, event_id: id, target: '/never' }));
		assert.equal(await again.answer(9), 'ok');
	});

	it('a stream that the relay does not list is over: nothing is sent on it, the call goes on for the record', async () => {
		const client = await relay.startClient('unlisted', { app });
		const c = await client.connection(1);
		const id = eventId();
		const release = hold();
		c.send(delivery({ stream: 5, event_id: id, target: '/unlisted' }));
		await app.request((r) => r.target === '/unlisted');
		await c.cut();
		const again = await client.resumed(2, []);
		release();
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		again.send(delivery({ stream: 6, event_id: eventId(), target: '/listed' }));
		await again.answer(6);
		assert.deepEqual(again.of(5), []);
	});

	it('a stream that the client has not: RESET APP_ABORTED', async () => {
		const client = await relay.startClient('unknown', { app });
		const c = await client.connection(1);
		await waitFor('ready', () => client.events.find((e) => e.type === 'ready'));
		await c.cut();
		const again = await client.resumed(2, [{ stream: 11, event_id: eventId(), recorded: true, head: true, body_seen: 5 }]);
		assert.equal((await again.frame('RESET', (f) => f.stream === 11)).code, 5);
	});

	it('not resumed: the streams are over, the numbers begin again', async () => {
		const client = await relay.startClient('anew', { app });
		const c = await client.connection(1);
		const id = eventId();
		const release = hold();
		c.send(delivery({ stream: 1, event_id: id, target: '/anew' }));
		await app.request((r) => r.target === '/anew');
		await c.cut();
		const again = await client.connection(2);
		release();
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		const next = eventId();
		again.send(delivery({ stream: 1, event_id: next, target: '/anew-2' }));
		assert.equal(await again.answer(1), 'ok');
		assert.equal((await again.frame('RECORDED')).event_id, next);
		// The relay hands the first one out once more: known, without a second call.
		again.send(delivery({ stream: 2, event_id: id, target: '/anew' }));
		assert.equal(await again.answer(2), '');
		assert.equal(again.of(2, 'RESPONSE')[0].status, 202);
		assert.equal(calls('/anew').length, 1);
	});

	it('away beyond the grace: the streams are over', async () => {
		const client = await relay.startClient('late', { app });
		const c = await client.connection(1, { resume_grace_ms: 1 });
		const id = eventId();
		const release = hold();
		c.send(delivery({ stream: 1, event_id: id, target: '/late' }));
		await app.request((r) => r.target === '/late');
		await c.cut();
		const again = await client.resumed(2, [{ stream: 1, event_id: id, recorded: true }]); // after 125 ms at least
		assert.equal((await again.frame('RESET', (f) => f.stream === 1)).code, 5);
		release();
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
	});

	for (const [what, greeting, how] of [['closed with 1000', {}, (c) => c.close(1000)], ['a relay with a grace of 0', { resume_grace_ms: 0 }, (c) => c.cut()]]) {
		it(`${what}: nothing is resumed`, async () => {
			const name = what.replace(/[^a-z0-9]+/g, '-');
			const client = await relay.startClient(name, { app });
			const c = await client.connection(1, greeting);
			const id = eventId();
			const release = hold();
			c.send(delivery({ stream: 1, event_id: id, target: `/${name}` }));
			await app.request((r) => r.target === `/${name}`);
			await how(c);
			const again = await client.connection(2);
			release();
			await w.recorded((r) => r.event_id === id && r.state === 'delivered');
			again.send(delivery({ stream: 2, event_id: eventId(), target: '/x' }));
			await again.answer(2);
			assert.deepEqual(again.of(1), []);
		});
	}

	it('the app breaks off while the connection is away: RESET APP_ABORTED behind what came', async () => {
		const client = await relay.startClient('broken', { app });
		const c = await client.connection(1);
		const id = eventId();
		let socket;
		app.answer = (r, s) => (socket = s).write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart');
		c.send(delivery({ stream: 1, event_id: id, target: '/broken' }));
		await waitFor('a part of the answer', () => c.body(1) === 'part');
		await c.cut();
		socket.resetAndDestroy();
		await w.recorded((r) => r.event_id === id && r.state === 'failed');
		const again = await client.resumed(2, [{ stream: 1, event_id: id, recorded: true, head: true, body_seen: 2 }]);
		assert.equal((await again.frame('RESET', (f) => f.stream === 1)).code, 5);
		assert.equal(again.body(1), 'rt');
		app.answer = null;
	});

	it('a stream that the client ended while the relay sends its request again: what comes is not taken for new', async () => {
		const client = await relay.startClient('ended', { app });
		const c = await client.connection(1);
		const id = eventId();
		big(randomBytes(200_000));
		c.send(delivery({ stream: 1, event_id: id, target: '/ended' }));
		await waitFor('the answer', () => c.body(1).length === 200_000);
		c.send(credit(1, 150_000));
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		app.answer = null;
		await c.cut();
		// A relay that lost RECORDED cannot have given credit: the client ends the stream, and the request is under way.
		const again = await client.resumed(2, [{ stream: 1, event_id: id }]);
		again.send(delivery({ stream: 1, event_id: id, target: '/ended' }));
		again.send(delivery({ stream: 2, event_id: eventId(), target: '/next' }));
		assert.equal(await again.answer(2), 'ok');
		assert.deepEqual(again.of(1).map((f) => f.type), ['RESET']);
		assert.equal(calls('/ended').length, 1);
	});

	it('the sender hangs up meanwhile: the relay’s RESET CANCEL ends it', async () => {
		const client = await relay.startClient('cancel', { app });
		const c = await client.connection(1);
		const id = eventId();
		const release = hold();
		c.send(delivery({ stream: 1, event_id: id, target: '/cancel' }));
		await app.request((r) => r.target === '/cancel');
		await c.cut();
		const again = await client.resumed(2, [{ stream: 1, event_id: id, recorded: true }]);
		again.send(reset(1, 1));
		again.send(delivery({ stream: 2, event_id: eventId(), target: '/cancel-2' }));
		await again.frame('RECORDED', (f) => f.stream === 2);
		release();
		await again.answer(2);
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		assert.deepEqual(again.of(1), []);
	});

	it('two hundred streams, lost again and again: every answer arrives once, every app call is made once', async () => {
		const client = await relay.startClient('many', { app });
		const streams = Array.from({ length: 200 }, (_, i) => ({ stream: i + 1, event_id: eventId(), target: `/many/${i}`, isRecorded: false, head: false, seen: '', over: false }));
		app.answer = (r, socket) => setTimeout(() => { // an app that takes its time
			if (!socket.destroyed) socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${r.target.length + 2000}\r\n\r\n${r.target}${'.'.repeat(2000)}`);
		}, Math.random() * 1500);
		let c = await client.connection(1, { resume_grace_ms: 20_000 });
		const take = (connection) => {
			const fresh = connection.frames.slice(connection.taken ?? 0);
			connection.taken = connection.frames.length;
			for (const f of fresh) {
				const s = streams[f.stream - 1];
				if (!s || f.type === 'WINDOW') continue;
				assert.ok(!s.over, `a frame behind the end of ${f.stream}`);
				if (f.type === 'RECORDED') s.isRecorded = true;
				else if (f.type === 'RESPONSE') { assert.ok(!s.head && s.isRecorded); s.head = true; s.seen += f.body; }
				else if (f.type === 'DATA') { assert.ok(s.head); s.seen += f.body; }
				else assert.fail(`${f.type} on ${f.stream}`);
				if (f.flags & FLAGS.END) s.over = true;
			}
		};
		c.send(...streams.map((s) => delivery(s)));
		for (let n = 2; n <= 20 && streams.some((s) => !s.over); n++) {
			const before = streams.filter((s) => s.over).length;
			await waitFor('some progress', () => (take(c), streams.filter((s) => s.over).length > before || streams.every((s) => s.over)));
			await c.cut();
			take(c);
			const open = streams.filter((s) => !s.over);
			c = await client.resumed(n, open.map((s) => ({ stream: s.stream, event_id: s.event_id, recorded: s.isRecorded, head: s.head, body_seen: s.seen.length })), { resume_grace_ms: 20_000 });
			c.send(Buffer.alloc(0), ...open.filter((s) => !s.isRecorded).map((s) => delivery(s)));
		}
		await waitFor(() => `the last answers; ${streams.filter((s) => !s.over).length} are open`, () => (take(c), streams.every((s) => s.over)));
		for (const s of streams) assert.equal(s.seen, `${s.target}${'.'.repeat(2000)}`);
		const counts = new Map();
		for (const r of app.requests.filter((q) => q.target.startsWith('/many/'))) counts.set(r.target, (counts.get(r.target) ?? 0) + 1);
		assert.equal(counts.size, 200);
		assert.ok([...counts.values()].every((n) => n === 1), 'each called once');
		app.answer = null;
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a relay that lies about what it resumes', () => {
	let w, app, relay;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		relay = await FakeRelay.start(w);
	});
	after(() => w?.close());
	const id = eventId();
	const end = resume();
	const lies = {
		'RESUME where nothing is resumed': { plain: true, frames: [resume({ stream: 1, event_id: id, recorded: true })] },
		'RESUME behind the end of the list': { frames: [end, resume({ stream: 1, event_id: id, recorded: true })] },
		'RESUME twice for a stream': { frames: [resume({ stream: 1, event_id: id, recorded: true }), resume({ stream: 1, event_id: id, recorded: true })] },
		'RESUME out of order': { frames: [resume({ stream: 8, event_id: eventId() }), resume({ stream: 7, event_id: eventId() })] },
		'RESUME of another delivery': { frames: [resume({ stream: 1, event_id: eventId(), recorded: true })] },
		'more of the answer than was sent': { frames: [resume({ stream: 1, event_id: id, recorded: true, head: true, body_seen: 3 })] },
		'2^63 bytes of the answer': { frames: [resume({ stream: 1, event_id: id, recorded: true, head: true, body_seen: 2n ** 63n })] },
		'a body before the head': { frames: [resume({ stream: 1, event_id: id, recorded: true, body_seen: 1 })] },
		'a head before RECORDED': { frames: [resume({ stream: 1, event_id: id, head: true })] },
		'an end of the list that says more': { frames: [resume({ stream: 0, event_id: id })] },
		'a RESUME that ends within a field': { frames: [frame('RESUME', { stream: 1, payload: Buffer.alloc(20) })] },
		'another frame before the end of the list': { frames: [delivery({ stream: 9, event_id: eventId() }), end] },
		'another delivery sent again': { frames: [resume({ stream: 1, event_id: id }), end, delivery({ stream: 1, event_id: eventId() })] },
		'a delivery sent again twice': { frames: [resume({ stream: 1, event_id: id }), end, delivery({ stream: 1, event_id: id }), delivery({ stream: 1, event_id: id })] },
		'DATA of what is not sent again': { frames: [resume({ stream: 1, event_id: id, recorded: true }), end, frame('DATA', { stream: 1, payload: Buffer.from('x') })] },
	};
	Object.entries(lies).forEach(([what, { plain, frames }], i) => {
		it(`closes with 1002, comes back and starts anew: ${what}`, async () => {
			const client = await relay.startClient(`lie-${i}`, { app, db: w.fresh('lie.db') });
			const c = await client.connection(1);
			c.send(delivery({ stream: 1, event_id: id, target: '/lie' }));
			await c.answer(1);
			await c.cut();
			const again = await client.connection(2, { resumed: !plain });
			again.send(...frames);
			assert.equal((await within('the close', again.closed)).code, 1002);
			const third = await client.connection(3);
			assert.equal(third.hello.resume_nonce_hex, '', 'there is nothing to go on with');
			third.send(delivery({ stream: 1, event_id: eventId(), target: '/truth' }));
			assert.equal(await third.answer(1), 'ok');
		});
	});

	it('a WELCOME that resumes what never was: 1002', async () => {
		const client = await relay.startClient('first', { app });
		const c = await client.connection(1, { resumed: true });
		assert.equal((await within('the close', c.closed)).code, 1002);
	});

	it('bytes that were credited are asked for again: RESET APP_ABORTED', async () => {
		const client = await relay.startClient('credited', { app });
		const c = await client.connection(1);
		const event_id = eventId();
		c.send(delivery({ stream: 1, event_id, target: '/credited' }));
		await c.answer(1);
		c.send(credit(1, 2));
		c.send(delivery({ stream: 2, event_id: eventId(), target: '/behind' }));
		await c.answer(2);
		await c.cut();
		const again = await client.resumed(2, [{ stream: 1, event_id, recorded: true }]);
		assert.equal((await again.frame('RESET', (f) => f.stream === 1)).code, 5);
	});

	it('random frames, half of them where streams are resumed: it goes on', async () => {
		for (let k = 0; k < 5; k++) {
			const client = await relay.startClient(`noise-${k}`, { app });
			for (let n = 1; n <= 2; n++) {
				const c = await client.connection(n, null);
				c.send(welcome({ tunnel: `noise-${k}`, resumed: c.hello.resume_nonce_hex !== '' }));
				const event_id = eventId();
				for (let i = 0; i < 200 && !c.over; i++) {
					const stream = i % 4;
					c.send([
						() => delivery({ stream, event_id, flags: randomBytes(1)[0] }),
						() => resume({ stream, event_id, recorded: i % 3 === 0, head: i % 6 === 0, body_seen: i % 5 }),
						() => done(stream, event_id),
						() => credit(stream, 1 + i),
						() => frame(1 + i % 14, { flags: randomBytes(1)[0], stream, payload: randomBytes(i) }),
					][randomBytes(1)[0] % 5]());
				}
				c.ws.terminate();
				await c.closed;
			}
			const c = await client.connection(3);
			c.send(delivery({ stream: 1, event_id: eventId(), target: '/still' }));
			assert.equal(await c.answer(1), 'ok');
		}
	});

	it('DONE before the request is whole, or of another delivery: 1002', async () => {
		for (const [name, frames] of [['early', [request({ stream: 1, flags: 0, event_id: id, body_len: 9, body: 'a' }), done(1, id)]], ['other', [delivery({ stream: 1, event_id: id }), done(1, eventId())]]]) {
			const client = await relay.startClient(`done-${name}`, { app });
			const c = await client.connection(1);
			c.send(...frames);
			assert.equal((await within('the close', c.closed)).code, 1002);
		}
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('deliveries out of the spool', () => {
	let w, app, relay;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		relay = await FakeRelay.start(w);
	});
	after(() => w?.close());

	it('are recorded as such, called, and answered by the status alone', async () => {
		const client = await relay.startClient('spool', { app });
		const c = await client.connection(1);
		const [good, bad] = [eventId(), eventId()];
		app.answer = (r, socket) => socket.write(`HTTP/1.1 ${r.target === '/good' ? 201 : 503} X\r\nX-Secret: 1\r\nContent-Length: 6\r\n\r\nanswer`);
		c.send(delivery({ stream: 1, flags: FLAGS.END | FLAGS.SPOOLED, event_id: good, target: '/good', body: 'spooled' }),
			delivery({ stream: 2, flags: FLAGS.END | FLAGS.SPOOLED, event_id: bad, target: '/bad' }));
		for (const [stream, status] of [[1, 201], [2, 503]]) {
			assert.equal(await c.answer(stream), '');
			const [r] = c.of(stream, 'RESPONSE');
			assert.deepEqual([r.status, r.headers, r.body, r.flags], [status, '', '', FLAGS.END]);
			assert.equal(c.of(stream)[0].type, 'RECORDED');
		}
		assert.equal((await app.request((r) => r.target === '/good')).body.toString(), 'spooled');
		const row = await w.recorded((r) => r.event_id === good && r.state === 'delivered');
		assert.equal(row.origin, 'spool');
		assert.equal((await w.creelOut(['show', String(row.id), '--response', '--body'])).toString(), 'answer', 'the record has it whole');
		assert.match((await w.creelOut(['show', String(row.id), '--response', '--headers'])).toString(), /X-Secret: 1/);
		assert.equal((await w.recorded((r) => r.event_id === bad && r.state === 'failed')).status, 503);
		assert.ok(client.events.some((e) => e.type === 'delivery' && e.event_id === good && e.origin === 'spool'));
		app.answer = null;
	});

	it('one for which there is no app: 502; one whose app takes too long: 504', async () => {
		const none = await relay.startClient('none', { app: 1, args: ['--wait-for-target', '0ms'] });
		const c = await none.connection(1);
		c.send(delivery({ stream: 1, flags: FLAGS.END | FLAGS.SPOOLED, event_id: eventId() }));
		assert.equal(await c.answer(1), '');
		assert.equal(c.of(1, 'RESPONSE')[0].status, 502);
		app.answer = () => {};
		const slow = await relay.startClient('slow', { app, args: ['--timeout', '300ms'] });
		const d = await slow.connection(1);
		d.send(delivery({ stream: 1, flags: FLAGS.END | FLAGS.SPOOLED, event_id: eventId() }));
		assert.equal(await d.answer(1), '');
		assert.equal(d.of(1, 'RESPONSE')[0].status, 504);
		app.answer = null;
	});

	it('handed out twice: RECORDED and 202, one call', async () => {
		const client = await relay.startClient('twice', { app });
		const c = await client.connection(1);
		const event_id = eventId();
		for (const stream of [1, 2]) {
			c.send(delivery({ stream, flags: FLAGS.END | FLAGS.SPOOLED, event_id, target: '/twice' }));
			assert.equal(await c.answer(stream), '');
			assert.equal(c.of(stream)[0].type, 'RECORDED');
		}
		assert.deepEqual([1, 2].map((s) => c.of(s, 'RESPONSE')[0].status), [200, 202]);
		assert.equal(app.requests.filter((r) => r.target === '/twice').length, 1);
	});

	it('the options travel in HELLO', async () => {
		const options = async (name, ...args) => {
			const { hello } = await (await relay.startClient(name, { app, args })).connection(1);
			return [hello.options, hello.drain_parallel];
		};
		assert.deepEqual(await options('defaults'), [0, 0]);
		assert.deepEqual(await options('all', '--share', '--ack', 'immediate', '--offline', 'fail', '--drain-parallel', '1'), [7, 1]);
		assert.deepEqual(await options('plain', '--ack', 'app', '--offline', 'queue', '--drain-parallel', '4'), [0, 4]);
		for (const args of [['--ack', 'never'], ['--offline', 'x'], ['--drain-parallel', '99999'], ['--drain-parallel', '-1']])
			assert.equal((await w.creel(['listen', '3000', '--relay', 'http://127.0.0.1:1', ...args])).code, 2, args.join(' '));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
