// The journal ahead of the database: a client killed at any moment has on record what was answered, and the app is never
// called again for it.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { waitFor } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';


describe('the journal', () => {
	let road;
	before(async () => (road = await openRoad({ name: 'journal' })));
	after(() => road?.w.close());

	const folder = () => path.join(road.w.env.XDG_DATA_HOME, 'creel');
	// Without what is kept as damaged: a kill may cut a write between two pages of the file.
	const journals = () => readdirSync(folder()).filter((f) => /^creel\.log\.[0-9a-f]{16}-[01]$/.test(f));
	const calls = (target) => road.app.requests.filter((r) => r.target === target).length;
	const startAgain = async () => (road.client = await road.w.startClient({ relay: road.relay, target: road.app.port, name: 'journal' }));

	it('is beside the database while the client runs', async () => {
		assert.equal((await post(road.relay.port, '/journal/first')).status, 200);
		assert.equal(journals().length, 2, journals().join(' '));
	});

	it('a reader right after an answer sees the delivery with its outcome', async () => {
		for (let i = 0; i < 20; i++) {
			assert.equal((await post(road.relay.port, `/journal/seen/${i}`)).status, 200);
			const row = (await road.w.list(1))[0];
			assert.deepEqual([row.target, row.state], [`/seen/${i}`, 'delivered']);
		}
	});

	it('a reader of the files, who knows nothing of it, sees each within 250 ms (mostly 50)', async () => {
		const db = path.join(folder(), 'creel.db');
		const reader = road.w.spawn('sqlite3', ['-readonly', db], { stdin: 'pipe' });
		const late = [];
		for (let i = 0; i < 20; i++) {
			await post(road.relay.port, `/journal/late/${i}`);
			const since = performance.now();
			await waitFor('it to be in the database', () => {
				reader.child.stdin.write(`SELECT 'seen ' || target FROM delivery WHERE target = '/late/${i}' AND state = 2;\n`);
				return reader.stdout.includes(`seen /late/${i}\n`);
			});
			late.push(performance.now() - since);
		}
		reader.child.stdin.end();
		late.sort((a, b) => a - b);
		console.log(`# in the database after the answer: ${late[10].toFixed(0)} ms, at most ${late[19].toFixed(0)} ms`);
		assert.ok(late[10] < 250, late.join(' '));
	});

	it('a database that another program holds is waited for by nobody', async () => {
		const holder = road.w.spawn('sqlite3', [path.join(folder(), 'creel.db')], { stdin: 'pipe' });
		holder.child.stdin.write("BEGIN IMMEDIATE;\nSELECT 'held';\n");
		await waitFor('the lock', () => holder.stdout.includes('held'));
		const targets = [0, 1, 2, 3, 4, 5].map((i) => `/held/${i}`);
		for (const t of targets) assert.equal((await post(road.relay.port, `/journal${t}`)).status, 200);
		holder.child.stdin.end('ROLLBACK;\n');
		await holder.end();
		for (const t of targets) {
			await road.w.recorded((r) => r.target === t && r.state === 'delivered');
			assert.equal(calls(t), 1);
		}
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

	it('killed, and its number belongs to another program by now: all of it is on record for the next reader', async () => {
		const db = path.join(folder(), 'creel.db'), other = road.w.spawn('sleep', ['600']);
		const holder = road.w.spawn('sqlite3', [db], { stdin: 'pipe' });
		holder.child.stdin.write("BEGIN IMMEDIATE;\nSELECT 'held';\n");
		await waitFor('the lock', () => holder.stdout.includes('held'));
		for (const i of [0, 1, 2]) assert.equal((await post(road.relay.port, `/journal/number/${i}`)).status, 200);
		await road.client.stop('SIGKILL');
		holder.child.stdin.write(`UPDATE journal SET pid = ${other.pid};\nCOMMIT;\nSELECT 'given up';\n`);
		await waitFor('the commit', () => holder.stdout.includes('given up'));
		holder.child.stdin.end();
		const rows = await road.w.list(3);
		assert.deepEqual(rows.map((r) => [r.target, r.state]).sort(), [0, 1, 2].map((i) => [`/number/${i}`, 'delivered']));
		assert.deepEqual(journals(), []);
		await startAgain();
		assert.equal((await post(road.relay.port, '/journal/number/after')).status, 200);
		assert.deepEqual([0, 1, 2].map((i) => calls(`/number/${i}`)), [1, 1, 1]);
		assert.equal((await road.w.run('sqlite3', [db, 'SELECT count(*) FROM journal'])).text.trim(), '1');
		await other.stop('SIGKILL');
	});

	it('two clients on one database have one each; ended, they leave none', async () => {
		const other = await road.w.startClient({ relay: road.relay, target: road.app.port, name: 'other' });
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
