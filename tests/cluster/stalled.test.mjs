// A client that stops reading holds up no other, at its own node or through another.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { readRecord } from '../e2e/lib/cluster.mjs';
import { binDir, waitFor, within } from '../e2e/lib/harness.mjs';
import { startApp } from '../e2e/lib/exact_set.mjs';
import { post } from '../e2e/lib/http.mjs';
import { Ground } from './lib/ground.mjs';

const LIMIT_MS = 100;
/** Of a machine, or programs with a sanitizer, that were as slow before the client stood still no more is asked than that it does not get much worse. */
const limit = (before) => Math.max(LIMIT_MS, (/asan|tsan/.test(binDir) ? 4 : 2) * before);
let ground, app;
before(async () => {
	ground = await Ground.open({ nodeArgs: ['--record-timeout', '60s', '--reply-timeout', '60s'] });
	app = await startApp();
}, { timeout: 180_000 });
after(async () => {
	app?.close();
	await ground?.close();
});

test(`a client that stops reading: the others' p99 is under ${LIMIT_MS} ms`, { timeout: 300_000 }, async (t) => {
	const [holder, taker] = ground.nodes;
	const listen = async (name) => {
		const p = await ground.listen(holder, name, { target: app.port });
		await waitFor('its record', () => readRecord(ground.brokers, `tunnel.${name}`));
		await waitFor('an answer', async () => (await post(taker.port, `/${name}/before`, 'x', [], { host: taker.host })).status === 200);
		return p;
	};
	const stalls = await listen('stalls');
	const others = [];
	for (let i = 0; i < 9; i++) others.push(await listen(`other${i}`));
	const measure = async () => {
		const times = [];
		for (let i = 0; i < 300; i++) {
			const began = performance.now();
			const answer = await fetch(`http://${taker.host}:${taker.port}/other${i % others.length}/beside-${i}`, { method: 'POST', body: randomBytes(1024) });
			assert.equal(answer.status, 200, await answer.text());
			times.push(performance.now() - began);
		}
		times.sort((a, b) => a - b);
		return { p50: times[150], p99: times[297] };
	};
	const before = await measure();
	stalls.signal('SIGSTOP');
	const body = randomBytes(256 << 10);
	const waiting = Array.from({ length: 60 }, (_, i) => post(taker.port, `/stalls/n${i}`, body, [], { host: taker.host, timeoutMs: 90_000 }));
	const beside = await measure();
	stalls.signal('SIGCONT');
	const began = Date.now();
	const answers = await within('answers to all', Promise.all(waiting.map((p) => p.then((answer) => ({ answer, ms: Date.now() - began })))), 90_000);
	for (const { answer } of answers) assert.ok([200, 202].includes(answer.status), answer.text);
	t.diagnostic(JSON.stringify({ before, beside, itsLastAnswerMs: Math.max(...answers.map(({ ms }) => ms)) }));
	assert.ok(answers.every(({ ms }) => ms < 30_000), 'all are answered when it reads again, not when their time is up');
	assert.ok(beside.p99 < limit(before.p99), `p99 ${beside.p99} ms, before it ${before.p99} ms`);
});

test('every program ends cleanly', () => ground.endsCleanly());
