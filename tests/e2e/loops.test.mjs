// A target that leads back to the relay: found at the first turn, and told.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, post, requestBytes, send } from './lib/http.mjs';

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
