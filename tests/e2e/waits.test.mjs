// Whoever waits: an answer that comes later than its sender waits is said by listen, shown by doctor; never with
// --ack immediate. The lists of README and creel(1) are the code's.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from './lib/harness.mjs';
import { openRoad } from './lib/road.mjs';
import { rows } from './lib/provider_table.mjs';

/** Sentry waits one second, the app takes a little more. */
const slow = async (request, socket) => {
	await pause(request.target.includes('slow') ? 1200 : 0);
	socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
};
const sentry = { method: 'POST', headers: { 'content-type': 'application/json', 'sentry-hook-resource': 'issue', 'request-id': '1' }, body: '{"action":"created"}' };
const github = { method: 'POST', headers: { 'content-type': 'application/json', 'x-github-event': 'push' }, body: '{}' };

describe('an app that answers later than its sender waits', () => {
	let road;
	before(async () => {
		road = await openRoad({ name: 'late', answer: slow });
	});
	after(() => road?.w.close());
	const send = (path, options, r = road) => fetch(`http://127.0.0.1:${r.relay.port}/${r.name}${path}`, options);

	it('is named by listen, with what the sender does', async () => {
		assert.equal((await send('/quick', sentry)).status, 200);
		assert.equal((await send('/slow-github', github)).status, 200);
		assert.equal((await send('/slow', sentry)).status, 200);
		await waitFor('the sentence', () => /#3: sentry waits 1 s for an answer, and this one took 1\.\d s \(it sends again: none\)/.test(road.client.err));
		assert.equal(road.client.err.match(/waits \d+ s for an answer/g).length, 1, 'once, for that one alone');
	});

	it('is found by doctor, in the record', async () => {
		const { text: stdout } = await road.w.creel(['doctor', '--json']);
		const store = JSON.parse(stdout).checks.find((c) => c.name === 'store');
		assert.match(store.text, /of its last 3 webhooks 1 was answered later than its sender waits: sentry 1 s \(1\)/);
	});

	it('does not matter with --ack immediate', async () => {
		const now = await openRoad({ name: 'now', answer: slow, clientArgs: ['--ack', 'immediate'] });
		await send('/slow', sentry, now);
		await now.w.recorded((r) => r.state === 'delivered');
		assert.doesNotMatch(now.client.err, /waits 1 s/);
		await now.w.endsCleanly();
		await now.w.close();
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});

const listed = () => {
	const by = new Map();
	for (const { name, waits_ms: waits } of rows.filter((r) => r.waits_ms)) by.set(waits / 1000, [...(by.get(waits / 1000) ?? []), name]);
	return [...by].sort(([a], [b]) => a - b).map(([seconds, names]) => [seconds, names.sort().join(', ')]);
};

it("README's table is the code's", () => {
	const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
	const table = [...readme.matchAll(/^\| (\d+) s \| ([a-z0-9, -]+) \|$/gm)].map(([, seconds, names]) => [Number(seconds), names]);
	assert.deepEqual(table, listed());
});

it("creel(1)'s list is the code's", () => {
	const page = readFileSync(new URL('../../client/creel.1', import.meta.url), 'utf8');
	const section = page.split('.SH HOW LONG SENDERS WAIT\n')[1].split('\n.SH ')[0];
	const list = [...section.matchAll(/^\.TP\n(\d+) s\n(.+)$/gm)].map(([, seconds, names]) => [Number(seconds), names.replaceAll('\\-', '-')]);
	assert.deepEqual(list, listed());
});
