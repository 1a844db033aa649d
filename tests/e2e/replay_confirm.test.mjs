// A replay that may not be meant so: more than a hundred requests, or any beyond loopback. On a terminal creel asks;
// without one it takes --yes.
import assert from 'node:assert/strict';
import os from 'node:os';
import path from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import { binDir, waitFor, World } from './lib/harness.mjs';
import { post, Receiver } from './lib/http.mjs';
import { Terminal } from './lib/tmux.mjs';

// An address of this machine that is not loopback's: what is sent there never leaves it, and creel has no reason to trust it.
const own = Object.values(os.networkInterfaces()).flat().find((i) => !i.internal && i.family === 'IPv4')?.address;
const unlessFar = own ? {} : { skip: 'this machine has no address but loopback' };

describe('replay asks first', () => {
	let w, app, relay, db, ids, far;
	const terminals = [];
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start({ host: own ? '0.0.0.0' : undefined }));
		db = w.path('many.db');
		far = `http://${own}:${app.port}`;
		const line = (n) => JSON.stringify({ received_at: '2026-11-23T13:42:00.000000Z', method: 'POST', target: `/hook/${n}`, request: { headers: [['Host', 'x']], body: String(n) } });
		const r = await w.creel(['import', '-', '--db', db], { input: [...Array(120).keys()].map(line).join('\n') });
		assert.equal(r.code, 0, r.err);
		ids = (await w.list(1000, { args: ['--db', db] })).map((row) => row.id);
		assert.equal(ids.length, 120);
		relay = await w.startRelay();
	});
	afterEach(() => (app.requests.length = 0));
	after(async () => {
		for (const t of terminals) await t.close();
		await w?.close();
	});

	const to = () => ['--to', String(app.port), '--db', db];
	const replay = (args, options) => w.creel(['replay', ...args], options);
	const onTerminal = async (args) => {
		const t = await Terminal.start({ command: [path.join(binDir, 'creel'), 'replay', ...args], columns: 120, env: w.env });
		terminals.push(t);
		return t;
	};

	const many = {
		'--where': () => ['--where', 'path:/hook/*'],
		'--last 101': () => ['--last', '101'],
		'ids': () => ids.slice(0, 101).map(String),
		'--times 101': () => [String(ids[0]), '--times', '101'],
		'two of them, --times 51': () => [String(ids[0]), String(ids[1]), '--times', '51'],
		'--times beyond all numbers': () => [String(ids[0]), String(ids[1]), '--times', '9223372036854775807'],
	};
	for (const [name, args] of Object.entries(many))
		it(`more than 100 by ${name}: without a terminal it takes --yes`, async () => {
			const r = await replay([...args(), ...to()]);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, new RegExp(`^creel: this would send \\d+ requests to http://localhost:${app.port}, as fast as they are answered: add --yes to send it\\n$`));
			assert.equal(app.requests.length, 0);
			assert.equal(r.stdout.length, 0);
		});

	it('100 are sent without a question', async () => {
		assert.equal((await replay(['--last', '100', ...to()])).code, 0);
		assert.equal(app.requests.length, 100);
		assert.equal((await replay([String(ids[0]), String(ids[1]), '--times', '50', ...to()])).code, 0);
		assert.equal(app.requests.length, 200);
	});

	it('with --yes they go, at the rate that was named', async () => {
		const r = await replay(['--where', 'path:/hook/*', '--rate', '1000', '--yes', ...to()]);
		assert.equal(r.code, 0, r.err);
		assert.equal(app.requests.length, 120);
		const named = await replay(['--where', 'path:/hook/*', '--rate', '20', ...to()]);
		assert.match(named.err, /this would send 120 requests to \S+, 20 a second at most: add --yes/);
	});

	it('--watch with that many asks once, at its beginning', async () => {
		const r = await replay(['--last', '101', '--watch', w.dir, ...to()]);
		assert.equal(r.code, 2);
		assert.match(r.err, /and again whenever a file is saved: add --yes to send it/);
	});

	it('on a terminal it asks how many, where to and how fast; the answer is no unless it is y', async () => {
		for (const answer of ['', 'n', 'x', 'q']) {
			const t = await onTerminal(['--where', 'path:/hook/*', ...to()]);
			await t.until(/creel: this sends 120 requests to http:\/\/localhost:\d+, as fast as they are answered\. Go on\? \[y\/N\]/);
			assert.equal(app.requests.length, 0);
			if (answer) await t.type(answer);
			await t.keys('Enter');
			assert.equal(await t.ended(), '1');
			await t.until(/creel: nothing was sent/, { scrolled: true });
		}
		assert.equal(app.requests.length, 0);
		const t = await onTerminal(['--where', 'path:/hook/*', ...to()]);
		await t.until(/\[y\/N\]/);
		await t.type('y');
		await t.keys('Enter');
		assert.equal(await t.ended(), '0');
		assert.equal(app.requests.length, 120);
	});

	it('one request beyond loopback is asked for, too', unlessFar, async () => {
		const refused = await replay([String(ids[0]), '--to', far, '--db', db]);
		assert.equal(refused.code, 2);
		assert.match(refused.err, /not on this machine: creel forwards to loopback only, unless --allow-remote-target/);
		const args = [String(ids[0]), '--to', far, '--allow-remote-target', '--db', db];
		const r = await replay(args);
		assert.equal(r.code, 2);
		assert.equal(r.err, `creel: this would send 1 request to ${far}, beyond loopback: add --yes to send it\n`);
		assert.equal(app.requests.length, 0);
		const t = await onTerminal(args);
		await t.until(/this sends 1 request to http:\/\/[\d.]+:\d+, beyond loopback\. Go on\? \[y\/N\]/);
		await t.keys('n', 'Enter');
		assert.equal(await t.ended(), '1');
		assert.equal(app.requests.length, 0);
		assert.equal((await replay([...args, '--yes'])).code, 0);
		assert.equal(app.requests.length, 1);
		// Where it went before counts as well.
		const [last] = await w.list(1, { args: ['--db', db] });
		const again = await replay([String(last.id), '--allow-remote-target', '--db', db]);
		assert.equal(again.code, 2);
		assert.match(again.err, /this would send 1 request to http:\/\/[\d.]+:\d+, beyond loopback: add --yes to send it/);
		assert.equal(app.requests.length, 1);
	});

	it('a running client that forwards beyond loopback, by itself or by a route, is known', unlessFar, async () => {
		for (const [name, target, args] of [['whole', far, []], ['routed', app.port, ['--route', `/far=${far}`]]]) {
			const client = await w.startClient({ relay, target, name, args: ['--allow-remote-target', ...args] });
			assert.equal((await post(relay.port, `/${name}/far/x`, 'x')).status, 200);
			assert.equal((await post(relay.port, `/${name}/near`, 'x')).status, 200);
			const row = await w.recorded((r) => r.target === '/far/x' && r.tunnel === name && r.state === 'delivered');
			const near = await w.recorded((r) => r.target === '/near' && r.tunnel === name && r.state === 'delivered');
			const had = app.requests.length;
			const r = await replay([String(row.id)]);
			assert.equal(r.code, 2);
			assert.match(r.err, /this would send 1 request to http:\/\/[\d.]+:\d+, beyond loopback: add --yes to send it/);
			assert.equal(app.requests.length, had);
			assert.equal((await replay([String(row.id), '--yes'])).code, 0);
			assert.equal(app.requests.length, had + 1);
			assert.equal((await replay([String(near.id)])).code, name === 'whole' ? 2 : 0);
			await client.stop('SIGINT');
		}
	});

	it('one that forwards to this machine is not asked about', async () => {
		await w.startClient({ relay, target: app.port, name: 'near' });
		await post(relay.port, '/near/x', 'x');
		const row = await w.recorded((r) => r.tunnel === 'near' && r.state === 'delivered');
		const r = await replay([String(row.id)]);
		assert.equal(r.code, 0, r.err);
		await waitFor('the replay', () => app.requests.length === 2);
	});
});
