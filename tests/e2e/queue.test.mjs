// The options of queueing with both real programs: what waits is sealed to the client's own key and opened with it.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, field, post, requestBytes, send } from './lib/http.mjs';

describe('queueing, with both real programs', () => {
	let w, relay, app;
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start());
		relay = await w.startRelay();
	});
	after(() => w?.close());
	const start = (name, args = [], options = {}) => w.startClient({ relay, target: app.port, name, args, ...options });
	const calls = (target) => app.requests.filter((r) => r.target === target);

	it('a hundred while the client is away: each arrives once, in order, exactly; the relay’s disk shows none of it', async () => {
		const client = await start('away', ['--drain-parallel', '1']);
		await client.stop('SIGINT');
		const marker = `PLANTED-${randomBytes(8).toString('hex')}`;
		const bodies = Array.from({ length: 100 }, (_, i) => Buffer.concat([Buffer.from(`${i} ${marker} `), randomBytes(i * 37)]));
		bodies[50] = Buffer.concat([Buffer.from(marker), randomBytes(3 << 20)]);
		for (const [i, body] of bodies.entries())
			assert.equal((await post(relay.port, `/away/n/${i}?${marker}`, body, [`X-Marker: ${marker}`])).status, 202);
		for (const file of readdirSync(relay.data, { recursive: true }).map((f) => path.join(relay.data, f)))
			assert.ok(!readFileSync(file).includes(marker), `${file} holds the payload`);
		await start('away', ['--drain-parallel', '1']);
		const arrived = () => app.requests.filter((r) => r.target.startsWith('/n/'));
		await waitFor('all of them', () => arrived().length === 100);
		for (const [i, r] of arrived().entries()) {
			assert.equal(r.target, `/n/${i}?${marker}`);
			assert.equal(field(r.lines, 'X-Marker'), marker);
			assert.ok(r.body.equals(bodies[i]), `body ${i}`);
		}
		await w.recorded((r) => r.target === `/n/99?${marker}` && r.state === 'delivered');
		const rows = (await w.list()).filter((r) => r.target.startsWith('/n/'));
		assert.deepEqual([rows.length, new Set(rows.map((r) => r.origin))], [100, new Set(['spool'])]);
		assert.equal((await w.attemptTimes(rows[0].id)).answered, null, 'nobody waited for it');
	});

	it('--offline fail: senders get 503 while it is away', async () => {
		const client = await start('strict', ['--offline', 'fail']);
		assert.equal((await post(relay.port, '/strict/here')).status, 200);
		await client.stop('SIGINT');
		const answer = await post(relay.port, '/strict/away');
		assert.equal(answer.status, 503);
		assert.ok(Number(field(answer.lines, 'retry-after')) > 0);
	});

	it('--ack immediate: 202 though the app takes its time, a GET gets the app’s answer', async () => {
		await start('slow', ['--ack', 'immediate']);
		const held = [];
		app.answer = (_, socket) => held.push(socket);
		const answer = await post(relay.port, '/slow/hook');
		assert.equal(answer.status, 202);
		const id = field(answer.lines, 'creel-event-id');
		await waitFor('the app to be called', () => held.length === 1);
		app.answer = null;
		held[0].write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
		await w.recorded((r) => r.event_id === id && r.state === 'delivered');
		assert.equal(calls('/hook').length, 1);
		assert.equal((await send(relay.port, requestBytes('GET', '/slow/page', ['Host: localhost']))).status, 200);
	});

	it('--share: two laptops get each webhook, one of them late', async () => {
		const [one, two] = [w.path('one.db'), w.path('two.db')];
		const first = await start('team', ['--share'], { db: one });
		const second = await start('team', ['--share'], { db: two });
		assert.equal((await post(relay.port, '/team/both')).status, 200);
		for (const db of [one, two]) await w.recorded((r) => r.target === '/both', { args: ['--db', db] });
		await second.stop('SIGINT');
		assert.equal((await post(relay.port, '/team/late')).status, 200);
		await w.recorded((r) => r.target === '/late', { args: ['--db', one] });
		await start('team', ['--share'], { db: two });
		const late = await w.recorded((r) => r.target === '/late', { args: ['--db', two] });
		assert.equal(late.origin, 'spool');
		assert.equal(first.result, undefined, 'nobody was displaced');
	});

	it('without --name: started again on the same store the tunnel has its old URL, and what waited comes', async () => {
		const db = w.path('nameless.db');
		const first = await w.startClient({ relay, target: app.port, db });
		await first.stop('SIGINT');
		assert.equal((await post(relay.port, `/${first.tunnel}/waits`)).status, 202);
		const again = await w.startClient({ relay, target: app.port, db });
		assert.equal(again.url, first.url);
		await w.recorded((r) => r.target === '/waits' && r.state === 'delivered', { args: ['--db', db] });
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
