// The journal ahead of the database: a client killed at any moment has on record what was answered, and the app is never
// called again for it.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { waitFor } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const JOURNAL = { CREEL_JOURNAL: '1' }; // off unless asked for

describe('the journal', () => {
	let road;
	before(async () => (road = await openRoad({ name: 'journal', clientEnv: JOURNAL })));
	after(() => road?.w.close());

	const folder = () => path.join(road.w.env.XDG_DATA_HOME, 'creel');
	const journals = () => readdirSync(folder()).filter((f) => f.startsWith('creel.log.'));
	const calls = (target) => road.app.requests.filter((r) => r.target === target).length;
	const startAgain = async () => (road.client = await road.w.startClient({ relay: road.relay, target: road.app.port, name: 'journal', env: JOURNAL }));

	it('is beside the database while the client runs', async () => {
		assert.equal((await post(road.relay.port, '/journal/first')).status, 200);
		assert.equal(journals().length, 2, journals().join(' '));
	});

	it('killed right after an answer, again and again: on record as delivered, for a reader at once; the app is not called again', async () => {
		for (let i = 0; i < 8; i++) {
			const { status } = await post(road.relay.port, `/journal/once/${i}`, 'x'.repeat(i * 1000));
			const dead = road.client.stop('SIGKILL');
			assert.equal(status, 200);
			await dead;
			const row = (await road.w.list(1))[0];
			assert.equal(row.target, `/once/${i}`);
			assert.equal(row.state, 'delivered', JSON.stringify(row));
			assert.equal(journals().length, 0, 'whoever looks brings it in');
			await startAgain();
		}
		assert.equal((await post(road.relay.port, '/journal/after')).status, 200);
		for (let i = 0; i < 8; i++) assert.equal(calls(`/once/${i}`), 1);
	});

	it('killed under load: what was answered 200 was called once, and is on record once', async () => {
		for (let round = 0; round < 4; round++) {
			const targets = Array.from({ length: 60 }, (_, i) => `/load/${round}/${i}`);
			const answers = targets.map((t) => post(road.relay.port, `/journal${t}`).catch(() => ({ status: 0 })));
			await Promise.race(answers);
			await road.client.stop('SIGKILL');
			await startAgain();
			const statuses = (await Promise.all(answers)).map((a) => a.status);
			const answered = targets.filter((_, i) => statuses[i] === 200);
			await waitFor('all to be on record', async () => {
				const all = await road.w.list(1000);
				return targets.every((t, i) => statuses[i] === 0 || all.filter((r) => r.target === t && r.state === 'delivered').length === 1);
			});
			for (const t of answered) assert.equal(calls(t), 1, t);
		}
	});

	it('two clients on one database have one each; ended, they leave none', async () => {
		const other = await road.w.startClient({ relay: road.relay, target: road.app.port, name: 'other', env: JOURNAL });
		assert.equal(journals().length, 4);
		await Promise.all(['journal', 'other', 'journal', 'other'].map((n, i) => post(road.relay.port, `/${n}/two/${i}`)));
		await other.stop('SIGINT');
		assert.equal(journals().length, 2);
		await road.client.stop('SIGINT');
		assert.equal(journals().length, 0);
		const rows = await road.w.list(4);
		assert.deepEqual(rows.map((r) => r.target).sort(), ['/two/0', '/two/1', '/two/2', '/two/3']);
		assert.ok(rows.every((r) => r.state === 'delivered'));
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
