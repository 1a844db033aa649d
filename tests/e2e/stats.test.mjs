// creel stats and GET /api/stats: the same figures, of what is on record.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';

describe('stats', () => {
	let w, db;
	const stats = (args, env) => w.creel(['stats', ...args, '--db', db], { env });
	const json = async (...args) => JSON.parse((await w.creelOut(['stats', ...args, '--json', '--db', db])).toString());
	const line = (at, target, headers, status, ms) => JSON.stringify({ received_at: at, method: 'POST', target, peer: '203.0.113.7:4431', tunnel: 'shop', attempt: { started_at: at, result: 'ok', status, url: 'http://localhost:3000/', reason: '', error: '', connect_us: 1, first_byte_us: 2, total_us: ms * 1000 },
		request: { headers: [['Host', 'x'], ...headers], body: '{"a":1}' }, response: { headers: [], body: '' } });

	before(async () => {
		w = new World();
		db = w.path('stats.db');
		const lines = [];
		for (let i = 0; i < 60; i++) lines.push(line(`2026-11-20T10:${String(i).padStart(2, '0')}:01.000000Z`, i % 3 ? '/hooks/github' : '/hooks/\u202eevil', i % 3 ? [['X-GitHub-Event', 'push'], ['User-Agent', 'GitHub-Hookshot/1']] : [], i % 10 ? 200 : 503, 10 + i));
		const r = await w.creel(['import', '-', '--db', db], { input: lines.join('\n') });
		assert.equal(r.code, 0, r.err);
	});
	after(async () => w?.close());

	it('counts by outcome, over time and by what is asked', async () => {
		const s = await json();
		assert.equal(s.count, 60);
		assert.equal(s.failed, 6);
		assert.equal(s.searched, s.total);
		assert.equal(s.buckets.reduce((n, b) => n + b['5xx'], 0), 6);
		assert.equal(s.buckets.reduce((n, b) => n + b['2xx'], 0), 54);
		assert.ok(s.buckets.length > 30 && s.buckets.length <= 96, String(s.buckets.length));
		assert.equal(s.step_s, 60);
		assert.deepEqual(s.by.map((g) => [g.key, g.count]), [['github', 40], ['', 20]]);
		assert.deepEqual((await json('--by', 'status')).by.map((g) => [g.key, g.count, g.failed]), [['200', 54, 0], ['503', 6, 6]]);
		assert.deepEqual((await json('--by', 'event')).by.map((g) => g.key), ['push', '']);
		assert.deepEqual((await json('--by', 'path', 'status:5xx')).by.map((g) => g.count), [4, 2]);
		const few = await json('since:2026-11-20T10:30:00Z', 'before:2026-11-20T10:40:00Z');
		assert.equal(few.count, 10);
		assert.equal(few.from, '2026-11-20T10:30:00.000000Z');
	});

	it('for people: sums, bars in the locale\'s characters, nothing raw', async () => {
		const r = await stats(['--by', 'path'], { LC_ALL: 'C.UTF-8', TZ: 'UTC' });
		assert.equal(r.code, 0, r.err);
		assert.match(r.text, /^60 deliveries, 6 failed \(10\.0 %\), 0 waiting, 0 bad signatures\n/);
		assert.match(r.text, /By outcome, 5 minutes a column/);
		assert.match(r.text, /5xx +[▁-█ ]+ 6\n/);
		assert.match(r.text, /2026-11-20 10:00 .*2026-11-20 11:00/);
		assert.match(r.text, /\/hooks\/<202e>evil/);
		assert.ok(!r.text.includes('\u202e'));
		for (const l of r.text.split('\n')) assert.ok([...l].length <= 80, l);
		const ascii = await stats([], { LC_ALL: 'C', TZ: 'UTC' });
		assert.match(ascii.text, /5xx +[.:=+*%#\- ]+ 6\n/);
		assert.match(ascii.text, /^[\x20-\x7e\n]*$/);
	});

	it('says no when nothing matches, and what it takes', async () => {
		assert.equal((await stats(['path:/nowhere'])).code, 1);
		assert.equal((await stats(['status:zzz'])).code, 2);
		const r = await stats(['--by', 'month']);
		assert.equal(r.code, 2);
		assert.match(r.err, /provider/);
		assert.equal((await w.creel(['stats', '--db', w.path('none.db')])).code, 4);
	});
});
