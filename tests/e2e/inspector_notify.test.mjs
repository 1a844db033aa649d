// --notify: a failure rings, or makes the terminal notify, and nothing else does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { World, binDir, waitFor, within } from './lib/harness.mjs';
import { NO_GPM } from './lib/tmux.mjs';

const NOTICE = /\x07|\x1b\](?:9|777);[^\x1b]*\x1b\\/g;
let w, db, child, out;

before(() => (w = new World()));
afterEach(() => child?.kill());
after(async () => {
	try {
		await w.endsCleanly();
	} finally {
		await w.close();
	}
});

// Paths, and whether the app answered.
async function record(rows) {
	const input = Object.entries(rows).map(([name, status]) => JSON.stringify({ received_at: '2026-11-20T10:00:00Z', method: 'POST', target: `/${name}`, request: { headers: [['Host', 'x']], body: '\x1b]9;canary\x1b\\' }, ...(status && { attempt: { started_at: '2026-11-20T10:00:00Z', result: 'ok', status, url: '' } }) })).join('\n');
	const r = await w.creel(['import', '-', '--db', db], { input });
	assert.equal(r.code, 0, r.err);
}

async function inspect(name, args, env = {}) {
	db = w.path(`${name}.db`);
	await record({ before: 0 });
	out = '';
	child = spawn(path.join(binDir, 'pty-run'), ['100', '30', path.join(binDir, 'creel'), 'ui', '--db', db, ...args], { env: { ...w.env, TZ: 'UTC', TERM: 'xterm-256color', ...NO_GPM, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
	child.stdout.setEncoding('latin1').on('data', (d) => (out += d));
	await waitFor('the list', () => /before/.test(out));
	// Rows alone are no news: an answered one is seen, and makes the start certain.
	await record({ answered: 200 });
	await waitFor('what came', () => /answered/.test(out));
}

async function leave() {
	const closed = new Promise((resolve) => child.on('close', resolve));
	child.stdin.write('Q');
	assert.equal(await within('the end', closed), 0);
	return out.match(NOTICE) ?? [];
}

describe('a delivery that fails', () => {
	for (const [how, env, told] of [
		['bell', {}, '\x07'],
		['osc9', {}, '\x1b]9;creel: #3 ERR\x1b\\'],
		['osc777', {}, '\x1b]777;notify;creel;creel: #3 ERR\x1b\\'],
		['osc9', { TERM: 'linux' }, '\x07'],
	])
		it(`is told by ${how}${env.TERM ? ' on a console' : ''}, once`, async () => {
			await inspect(`${how}-${env.TERM}`, ['--notify', how], env);
			await record({ failed: 0 });
			await waitFor('a notice', () => out.match(NOTICE));
			await record({ more: 0 });
			await waitFor('the next', () => /more/.test(out));
			assert.deepEqual(await leave(), [told]);
			assert.doesNotMatch(out, /\x1b\]9;canary/);
		});

	it('is told with the others of the same five seconds', async () => {
		await inspect('several', ['--notify', 'osc9']);
		await record({ one: 500, two: 404, three: 200 });
		await waitFor('a notice', () => out.match(NOTICE));
		assert.deepEqual(await leave(), ['\x1b]9;creel: 2 failed, the last is #4 404\x1b\\']);
	});

	it('is not told where nobody asked', async () => {
		await inspect('off', []);
		await record({ failed: 0 });
		await waitFor('it', () => /failed/.test(out));
		assert.deepEqual(await leave(), []);
	});

	it('is told as CREEL_NOTIFY says; another word is refused', async () => {
		await inspect('environment', [], { CREEL_NOTIFY: 'bell' });
		await record({ failed: 500 });
		await waitFor('a notice', () => out.match(NOTICE));
		assert.deepEqual(await leave(), ['\x07']);
		const r = await w.creel(['ui', '--notify', 'gong']);
		assert.equal(r.code, 2);
		assert.match(r.err, /off\|bell\|osc9\|osc777|off, bell, osc9/);
	});
});
