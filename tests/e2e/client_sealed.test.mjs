// Deliveries that waited sealed on a relay's disk (shared/PROTOCOL.md §5), opened by the client.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World, waitFor, within } from './lib/harness.mjs';
import { Receiver } from './lib/http.mjs';
import { FakeRelay, delivery, done, eventId, reset } from './lib/fake_relay.mjs';
import { seal, sealedFrames } from './lib/seal.mjs';
import { FLAGS, frame, request, resume } from './lib/wire.mjs';

describe('sealed deliveries', () => {
	let w, app, relay, client, c, key, stream = 0;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		relay = await FakeRelay.start(w);
		client = await relay.startClient('sealed', { app });
		c = await client.connection(1);
		key = c.hello.public_key_hex;
	});
	after(() => w?.close());
	const SPOOLED = FLAGS.END | FLAGS.SPOOLED;
	/** REQUEST and DATA as they stand in an object. */
	const inner = (event_id, body, { target = '/sealed', first = body.length, piece = 60_000 } = {}) => {
		const frames = [request({ stream: 0, flags: FLAGS.SPOOLED | (first >= body.length ? FLAGS.END : 0), event_id, target, body_len: body.length, headers: `Host: x\r\nContent-Length: ${body.length}\r\n`, body: body.subarray(0, first).toString('latin1') })];
		for (let at = first; at < body.length; at += piece)
			frames.push(frame('DATA', { flags: at + piece >= body.length ? FLAGS.END : 0, payload: body.subarray(at, at + piece) }));
		return Buffer.concat(frames);
	};
	/** Sends frames as the windows allow. */
	const sendAll = async (connection, n, frames) => {
		let sent = 0;
		for (const f of frames) {
			await waitFor('credit', () => connection.of(n, 'WINDOW').reduce((sum, x) => sum + x.credit, 262_144) > sent);
			connection.send(f);
			sent += f.length - 16;
		}
	};

	it('the public key stands in HELLO, its private half 0600 beside the database, and both stay', async () => {
		assert.match(key, /^[0-9a-f]{64}$/);
		const file = w.path('data', 'creel', 'creel.key');
		assert.equal(statSync(file).mode & 0o777, 0o600);
		const kept = readFileSync(file, 'utf8');
		const other = await relay.startClient('same-key', { app });
		assert.equal((await other.connection(1)).hello.public_key_hex, key);
		await other.stop('SIGINT');
		assert.equal(readFileSync(file, 'utf8'), kept);
		const db = w.path('own.db');
		const third = await relay.startClient('own-key', { app, db });
		assert.notEqual((await third.connection(1)).hello.public_key_hex, key);
		assert.ok(existsSync(w.path('own.key')));
		await third.stop('SIGINT');
		assert.doesNotMatch(third.err, /\.key/, 'that it had to be made is no trouble');
	});

	it('a key that others may read: exit 4 and a sentence that names it', async () => {
		const db = w.path('open.db');
		writeFileSync(w.path('open.key'), readFileSync(w.path('data', 'creel', 'creel.key')));
		chmodSync(w.path('open.key'), 0o644);
		const r = await w.creel(['listen', '3000', '--relay', 'http://127.0.0.1:1', '--db', db]);
		assert.equal(r.code, 4, r.err);
		assert.match(r.err, /^creel: .*\.key/m);
	});

	for (const [what, size, options, most] of [
		['in one piece', 100, {}, undefined],
		['without a body', 0, {}, undefined],
		['in pieces of 7 bytes', 500, { first: 100, piece: 90 }, 7],
		['of three megabytes', 3_000_000, { first: 1_000_000 }, 65_536],
	]) {
		it(`${what}: recorded as spooled, the app gets its very bytes`, async () => {
			const id = eventId(), body = randomBytes(size), n = ++stream;
			const target = `/sealed/${n}`;
			await sendAll(c, n, sealedFrames(n, seal(key, id, inner(id, body, { target, ...options })), most));
			assert.equal(await c.answer(n), '');
			assert.equal(c.of(n, 'RECORDED')[0].event_id, id);
			assert.deepEqual([c.of(n, 'RESPONSE')[0].status, c.of(n, 'RESPONSE')[0].headers], [200, '']);
			c.send(done(n, id));
			const called = await app.request((r) => r.target === target);
			assert.ok(called.body.equals(body));
			const row = await w.recorded((r) => r.event_id === id && r.state === 'delivered');
			assert.equal(row.origin, 'spool');
		});
	}

	it('with trailers', async () => {
		const id = eventId(), n = ++stream;
		const plain = Buffer.concat([
			request({ stream: 0, flags: FLAGS.SPOOLED, event_id: id, target: '/trailers', body_len: 2n ** 64n - 1n, headers: 'Host: x\r\nTransfer-Encoding: chunked\r\n', body: 'abc' }),
			frame('DATA', { flags: FLAGS.END | FLAGS.TRAILERS, payload: Buffer.from('X-Sum: 1\r\n') }),
		]);
		c.send(...sealedFrames(n, seal(key, id, plain)));
		await c.answer(n);
		const called = await app.request((r) => r.target === '/trailers');
		assert.equal(called.body.toString(), 'abc');
		assert.match(called.trailers.join(), /X-Sum: 1/i);
	});

	const good = (id) => inner(id, Buffer.from('body'), { target: '/refused' });
	Object.entries({
		'sealed to another key': (id) => seal('8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a', id, good(id)),
		'with a changed bit': (id) => { const o = seal(key, id, good(id)); o[o.length - 20] ^= 1; return o; },
		'with another event id in front': (id) => { const o = seal(key, id, good(id)); o[15] ^= 1; return o; },
		'cut short': (id) => seal(key, id, good(id)).subarray(0, -1),
		'empty': () => Buffer.alloc(0),
		'with nothing within': (id) => seal(key, id, Buffer.alloc(0)),
		'with rubbish within': (id) => seal(key, id, randomBytes(100)),
		'with another delivery within': (id) => seal(key, id, good(eventId())),
		'with a live REQUEST within': (id) => seal(key, id, request({ stream: 0, event_id: id, target: '/refused' })),
		'with a refused REQUEST within': (id) => seal(key, id, request({ stream: 0, flags: SPOOLED | FLAGS.REFUSED, event_id: id, target: '/refused', refused_status: 413 })),
		'with a stream number within': (id) => seal(key, id, request({ stream: 5, flags: SPOOLED, event_id: id, target: '/refused' })),
		'with two deliveries within': (id) => seal(key, id, Buffer.concat([good(id), good(eventId())])),
		'with a RESET within': (id) => seal(key, id, Buffer.concat([request({ stream: 0, flags: FLAGS.SPOOLED, event_id: id, target: '/refused' }), reset(0, 1)])),
		'without an END within': (id) => seal(key, id, request({ stream: 0, flags: FLAGS.SPOOLED, event_id: id, target: '/refused', body_len: 9, body: 'abc' })),
		'with a body shorter than declared': (id) => seal(key, id, request({ stream: 0, flags: SPOOLED, event_id: id, target: '/refused', body_len: 9, headers: 'Host: x\r\nContent-Length: 9\r\n', body: 'abc' })),
		'with trailers that are none': (id) => seal(key, id, Buffer.concat([request({ stream: 0, flags: FLAGS.SPOOLED, event_id: id, target: '/refused', body_len: 2n ** 64n - 1n }), frame('DATA', { flags: FLAGS.END | FLAGS.TRAILERS, payload: Buffer.from('X: 1\r\n\r\nGET /') })])),
		'with SEALED within': (id) => seal(key, id, sealedFrames(0, seal(key, id, good(id)))[0]),
	}).forEach(([what, make]) => {
		it(`${what}: RESET PROTOCOL and one line, the next goes on`, async () => {
			const id = eventId(), n = ++stream, before = client.err.length;
			c.send(...sealedFrames(n, make(id)));
			assert.equal((await c.frame('RESET', (f) => f.stream === n)).code, 6);
			const next = eventId(), m = ++stream;
			c.send(...sealedFrames(m, seal(key, next, inner(next, Buffer.from('x'), { target: '/next' }))));
			await c.answer(m);
			assert.equal(client.err.slice(before).match(/^creel: a queued delivery cannot be taken: .+; it stays/gm)?.length, 1, client.err.slice(before));
			assert.ok(!app.requests.some((r) => r.target === '/refused'));
			assert.ok(!(await w.list()).some((r) => r.event_id === id));
		});
	});

	it('the relay takes it back in the middle, or the connection is lost: forgotten, and taken when it comes again', async () => {
		const id = eventId(), n = ++stream;
		const frames = sealedFrames(n, seal(key, id, inner(id, Buffer.from('again'), { target: '/again' })), 50);
		c.send(...frames.slice(0, 2), reset(n, 2));
		await c.cut();
		c = await client.resumed(2, [{ stream: n, event_id: id }]);
		c.send(...frames);
		await c.answer(n);
		// Whole here, RECORDED lost: the object is let pass.
		await c.cut();
		c = await client.resumed(3, [{ stream: n, event_id: id }]);
		c.send(...frames);
		await c.answer(n);
		assert.deepEqual(c.of(n).map((f) => f.type), ['RECORDED', 'RESPONSE']);
		const next = eventId(), m = ++stream;
		c.send(...sealedFrames(m, seal(key, next, inner(next, Buffer.from('x')))));
		await c.answer(m);
		assert.equal(app.requests.filter((r) => r.target === '/again').length, 1);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('a relay that lies with sealed deliveries', () => {
	let w, app, relay;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		relay = await FakeRelay.start(w);
	});
	after(() => w?.close());
	const piece = Buffer.alloc(100, 1);
	Object.entries({
		'on stream 0': () => sealedFrames(0, piece),
		'on the stream of a delivery': () => [delivery({ stream: 1, event_id: eventId() }), ...sealedFrames(1, piece)],
		'with a REQUEST between': () => [sealedFrames(1, piece, 50)[0], delivery({ stream: 1, event_id: eventId() })],
		'more at once than were asked for': () => Array.from({ length: 65 }, (_, n) => sealedFrames(n + 1, piece, 50)[0]),
		'before the list of resumed streams is over': null,
	}).forEach(([what, frames], i) => {
		it(`closes with 1002: SEALED ${what}`, async () => {
			const client = await relay.startClient(`lie-${i}`, { app });
			let c = await client.connection(1, frames ? {} : { nonce: Buffer.alloc(16, 9) });
			if (!frames) {
				await waitFor('ready', () => client.events.find((e) => e.type === 'ready'));
				await c.cut();
				c = await client.connection(2, { resumed: true });
			}
			c.send(...(frames ? frames() : [resume({ stream: 1, event_id: eventId() }), ...sealedFrames(1, piece)]));
			assert.equal((await within('the close', c.closed)).code, 1002);
		});
	});

	it('longer than any delivery may be: RESET PROTOCOL long before its end, and no memory for it', async () => {
		const client = await relay.startClient('endless', { app });
		const c = await client.connection(1, { max_body: 1000 });
		const [f] = sealedFrames(1, Buffer.alloc(200_000), 100_000);
		let sent = 0;
		while (!c.of(1, 'RESET').length) {
			await waitFor('credit', () => c.of(1, 'RESET').length || c.of(1, 'WINDOW').reduce((sum, x) => sum + x.credit, 262_144) > sent);
			c.send(f);
			sent += 100_000;
			assert.ok(sent < 2_000_000, 'it takes too much');
		}
		assert.equal(c.of(1, 'RESET')[0].code, 6);
		await waitFor('the reason', () => /a queued delivery cannot be taken: it is longer/.test(client.err));
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
