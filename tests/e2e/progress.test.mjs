// What takes longer than a second says on a terminal how far it is, nothing into a pipe, and ends cleanly on Ctrl-C.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { binDir, waitFor, World } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';
import { Terminal } from './lib/tmux.mjs';

const MANY = 60000;
const SIGNED = 40000; // with a message

describe('progress', () => {
	let w, db;
	const terminals = [];
	/** Runs creel on a terminal that the bar fills to its edge until it shows `progress`, presses Ctrl-C, and gives what stands there at its end. */
	async function interrupted(progress, ...args) {
		const t = await Terminal.start({ command: [path.join(binDir, 'creel'), ...args, '--db', db], columns: 76, env: { ...w.env, S: 'x' } });
		terminals.push(t);
		await t.until(progress);
		await t.keys('C-c');
		assert.equal(await t.ended(), '130');
		const screen = await t.until(/creel: interrupted/, { scrolled: true });
		// Except one that ^C was typed into: with it the terminal drops what it had not shown yet (NOFLSH in termios(3)).
		assert.deepEqual(screen.split('\n').filter((row) => progress.test(row) && !row.includes('^C')), [], 'the bar is gone');
		return screen;
	}
	async function sql(text) {
		const r = await w.run('sqlite3', [db, text]);
		assert.equal(r.code, 0, r.err);
		return r.text.trim();
	}

	before(async () => {
		w = new World();
		db = w.path('many.db');
		const line = JSON.stringify({ received_at: '2026-11-20T13:42:01.000000Z', method: 'POST', target: '/first',
			request: { headers: [['Host', 'x'], ['Stripe-Signature', 't=1,v1=00']], body: JSON.stringify({ text: 'x'.repeat(2000) }) } });
		assert.equal((await w.creel(['import', '-', '--db', db], { input: line })).code, 0);
		// Copies of it, whatever columns there are.
		const columns = (await sql("SELECT name FROM pragma_table_info('delivery') WHERE name NOT IN ('id', 'event_id')")).split('\n').join(', ');
		const numbers = `WITH RECURSIVE n(i) AS (VALUES(2) UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})`;
		await sql(`${numbers} INSERT INTO delivery (id, event_id, ${columns}) SELECT n.i, randomblob(16), ${columns} FROM n, delivery WHERE delivery.id = 1`);
		const parts = (await sql("SELECT name FROM pragma_table_info('message') WHERE name <> 'id'")).split('\n').join(', ');
		await sql(`${numbers} INSERT INTO message (id, ${parts}) SELECT n.i * 4096, ${parts} FROM n, message WHERE message.id = 4096 AND n.i <= ${SIGNED}`);
	});
	after(async () => {
		for (const t of terminals) await t.close();
		await w?.close();
	});

	it('verify', async () => {
		const screen = await interrupted(/verifying \[[#.]+\] \d+\/40000 {2}\d+ failed {2}[\d.]+\/s/, 'verify', `id:1..${SIGNED}`, '--secret', 'stripe=env:S');
		assert.match(screen, /creel: interrupted: \d+ of 40000 verified/);
	});

	it('listen, while it fills the search index of an old record: lines take the bar away', async () => {
		const road = await openRoad({ name: 'other' }), old = w.path('old.db');
		await sql(`VACUUM INTO '${old}'`);
		const t = await Terminal.start({ command: [path.join(binDir, 'creel'), 'listen', '--answer', '200', '--output', 'lines', '--relay', `http://127.0.0.1:${road.relay.port}`, '--name', 'bar', '--db', old], columns: 76, env: w.env });
		terminals.push(t);
		await t.until(/indexing the record \[[#.]+\] \d+\/\d+ {2}[\d.]+\/s/);
		assert.equal((await post(road.relay.port, '/bar/while', 'x')).status, 200);
		const screen = await t.until(/200 +POST .*\/while/, { scrolled: true });
		assert.match(screen.split('\n').find((row) => row.includes('/while')), /^ *\d+ {2}\d\d:/);
		await t.keys('C-c');
		assert.equal(await t.ended(), '130');
		assert.doesNotMatch((await t.screen()).replace(/.*\^C$/gm, ''), /indexing/);
		await road.w.close();
	});

	it('nothing into a pipe', async () => {
		const p = w.spawn('creel', ['verify', `id:1..${SIGNED}`, '--secret', 'stripe=env:S', '--db', db], { env: { S: 'x' } });
		const asked = Date.now();
		await waitFor('more than a second to go by', () => Date.now() - asked > 1300);
		p.signal('SIGINT');
		assert.equal((await p.end()).code, 130);
		assert.match(p.err, /^creel: interrupted: \d+ of \d+ verified\n$/);
	});

	it('import: nothing stays of a file that was broken off', async () => {
		const file = w.path('big.ndjson'), line = (n) => JSON.stringify({ received_at: '2026-11-20T13:42:01.000000Z', method: 'POST', target: `/n${n}`, request: { headers: [['Host', 'x']], body: 'x'.repeat(1000) } });
		writeFileSync(file, [...Array(80000).keys()].map(line).join('\n'));
		const screen = await interrupted(/importing \[[#.]+\] \d+ {2}[\d.]+\/s( {2}\d+ (s|min) left)?/, 'import', file);
		assert.match(screen, /creel: interrupted: nothing was imported/);
		assert.equal(await sql('SELECT count(*) FROM delivery'), String(MANY));
	});

	it('export: no half file', async () => {
		const file = w.path('out.ndjson');
		const screen = await interrupted(/exporting \[[#.]+\] \d+\/40000 {2}[\d.]+\/s/, 'export', `id:1..${SIGNED}`, '-o', file);
		assert.match(screen, /creel: interrupted: nothing was written to /);
		assert.ok(!existsSync(file));
	});

	it('prune: what was deleted stays so, the rest is there', async () => {
		const screen = await interrupted(/deleting \[[#.]+\] \d+\/59999 {2}[\d.]+\/s( {2}\d+ (s|min) left)?/, 'prune', 'id:1..60000');
		const [, deleted] = screen.match(/(\d+) deliveries deleted, .* made free/);
		assert.match(screen, /creel: interrupted: the rest is still there/);
		assert.equal(await sql('SELECT count(*) FROM delivery'), String(MANY - Number(deleted)));
		assert.equal(await sql('PRAGMA integrity_check'), 'ok');
	});
});
