// A target that leads back to the relay: found at the first turn, and told.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';

describe('an event that comes back to its relay', () => {
	let w, relay;
	before(async () => {
		w = new World();
		relay = await w.startRelay({ args: ['--domain', 'hooks.localhost'] });
	});
	after(() => w?.close());

	it('the relay as the target, Host kept: 508 with the reason, one delivery on record', async () => {
		await w.startClient({ relay, target: relay.port, name: 'shop', args: ['--host-header', 'shop.hooks.localhost'] });
		const answer = await post(relay.port, '/x', 'x', ['X-First: 1']);
		assert.equal(answer.status, 404, 'localhost is no tunnel of this domain');
		const looped = await send(relay.port, requestBytes('POST', '/x', ['Host: shop.hooks.localhost', 'Content-Length: 1'], 'x'));
		assert.equal(looped.status, 508);
		assert.match(looped.text, /loop/);
		assert.match(looped.text, /creel listen/);
		const row = await w.recorded((r) => r.target === '/x' && r.status === 508);
		assert.equal(row.attempts, 1);
		assert.equal((await w.list()).length, 1);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('relays whose clients lead to each other', () => {
	let w;
	before(() => (w = new World()));
	after(() => w?.close());

	/** Relays in a ring, the client of each calling the next one's tunnel. */
	async function ring(count) {
		const relays = await Promise.all(Array.from({ length: count }, () => w.startRelay()));
		for (const [i, relay] of relays.entries()) {
			const next = relays[(i + 1) % count];
			await w.startClient({ relay, target: `http://127.0.0.1:${next.port}/ring`, name: 'ring', db: w.path(`ring-${count}-${i}.db`) });
		}
		return relays;
	}

	for (const count of [2, 3])
		it(`${count} of them: 508 at the first turn, one delivery each, and every record says so`, async () => {
			const [relay] = await ring(count);
			const answer = await post(relay.port, '/ring/x');
			assert.equal(answer.status, 508);
			assert.match(answer.text, /loop/);
			for (let i = 0; i < count; i++) {
				const rows = await w.list(10, { args: ['--db', w.path(`ring-${count}-${i}.db`)] });
				assert.deepEqual(rows.map((r) => [r.target, r.status, r.attempts]), [['/x', 508, 1]]);
			}
			assert.equal((await post(relay.port, '/ring/again')).status, 508, 'another event, another loop');
		});

	it('the app at the end sees by which relays it came', async () => {
		const end = w.keep(await Receiver.start());
		const [first, second, third] = await Promise.all([0, 1, 2].map(() => w.startRelay()));
		const row = [[first, `http://127.0.0.1:${second.port}/row`], [second, `http://127.0.0.1:${third.port}/row`], [third, end.port]];
		for (const [i, [relay, target]] of row.entries()) await w.startClient({ relay, target, name: 'row', db: w.path(`row-${i}.db`) });
		assert.equal((await post(first.port, '/row/x')).status, 200);
		const ids = await Promise.all([0, 1, 2].map(async (i) => (await w.list(1, { args: ['--db', w.path(`row-${i}.db`)] }))[0].event_id));
		const { lines } = end.requests.at(-1);
		assert.deepEqual([field(lines, 'creel-via'), field(lines, 'creel-event-id')], [`${ids[0]}, ${ids[1]}`, ids[2]]);
		const replay = await w.creel(['replay', '--last', '--db', w.path('row-2.db')]);
		assert.equal(replay.code, 0, replay.err);
		assert.equal(field(end.requests.at(-1).lines, 'creel-via'), undefined, 'a replay is an event of its own');
	});

	it('more than sixteen in a row are a loop, whoever they are', async () => {
		const relay = await w.startRelay();
		const end = w.keep(await Receiver.start());
		await w.startClient({ relay, target: end.port, name: 'end', db: w.path('end.db') });
		const via = (count) => [`Creel-Via: ${Array.from({ length: count }, () => crypto.randomUUID()).join(', ')}`];
		assert.equal((await post(relay.port, '/end/x', 'x', via(16))).status, 200);
		assert.equal((await post(relay.port, '/end/x', 'x', via(17))).status, 508);
		assert.equal((await post(relay.port, '/end/x', 'x', ['Creel-Via: nonsense,, ,']).then((a) => a.status)), 200);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});

describe('an event that comes back by a path', () => {
	let w, relay, app;
	before(async () => {
		w = new World();
		relay = await w.startRelay();
		app = w.keep(await Receiver.start());
	});
	after(() => w?.close());

	it('a target with the tunnel’s own path; also what waited in the spool', async () => {
		const target = `http://127.0.0.1:${relay.port}/round`;
		const first = await w.startClient({ relay, target, name: 'round' });
		const answer = await post(relay.port, '/round/a');
		assert.equal(answer.status, 508);
		assert.match(answer.text, /loop/);
		await first.stop('SIGINT');
		assert.equal((await post(relay.port, '/round/later')).status, 202);
		await w.startClient({ relay, target, name: 'round' });
		const row = await w.recorded((r) => r.target === '/later' && r.status === 508);
		assert.equal(row.attempts, 1);
		assert.equal((await w.list()).length, 2);
	});

	it('an app that sends the event on to a tunnel of its relay with all its fields: 508; with fields of its own: not', async () => {
		let keep = true;
		app.answer = async (request, socket) => {
			const lines = request.lines.filter((l) => keep || !/^creel-/i.test(l)).filter((l) => !/^(host|content-length):/i.test(l));
			const answer = await post(relay.port, '/end/x', request.body, lines);
			socket.write(`HTTP/1.1 ${answer.status} OK\r\nContent-Length: 0\r\n\r\n`);
		};
		const end = w.keep(await Receiver.start());
		await w.startClient({ relay, target: app.port, name: 'begin' });
		await w.startClient({ relay, target: end.port, name: 'end', db: w.path('end.db') });
		assert.equal((await post(relay.port, '/begin/x')).status, 508);
		assert.equal(end.requests.length, 0);
		keep = false;
		assert.equal((await post(relay.port, '/begin/x')).status, 200);
		assert.equal(end.requests.length, 1);
		app.answer = null;
	});

	it('two relays in a row are no loop, and a replay is an event of its own', async () => {
		const second = await w.startRelay();
		const end = w.keep(await Receiver.start());
		await w.startClient({ relay, target: `http://127.0.0.1:${second.port}/inner`, name: 'outer', db: w.path('outer.db') });
		await w.startClient({ relay: second, target: end.port, name: 'inner', db: w.path('inner.db') });
		assert.equal((await post(relay.port, '/outer/x')).status, 200);
		await end.request((r) => r.target === '/x');
		const rows = await w.list(10, { args: ['--db', w.path('outer.db')] });
		const replay = await w.creel(['replay', String(rows[0].id), '--db', w.path('outer.db'), '--to', `http://127.0.0.1:${relay.port}/outer`]);
		assert.equal(replay.code, 0, replay.err);
		await waitFor('the replay at the end', () => end.requests.length === 2);
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
