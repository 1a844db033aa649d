// NATS is away for a minute: what is known is taken, nothing is lost, and what waits to be said takes no memory to speak of.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { post } from '../e2e/lib/http.mjs';
import { waitFor } from '../e2e/lib/harness.mjs';
import { Fleet, musts } from './lib/fleet.mjs';
import { Ground } from './lib/ground.mjs';

const AWAY_MS = 60_000, RATE = 40;
let ground, fleet;
before(async () => {
	// What a sanitizer keeps of freed memory is not the relay's.
	ground = await Ground.open({ env: { ASAN_OPTIONS: 'detect_leaks=1:exitcode=99:quarantine_size_mb=1' } });
	fleet = await Fleet.open(ground, { seed: 6, rate: RATE, steady: true });
}, { timeout: 180_000 });
after(async () => {
	await fleet?.close();
	await ground?.close();
});

const rss = (node) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${node.program.child.pid}/status`, 'utf8'))[1]) / 1024;

test('NATS away for 60 s: every POST to a known name is answered, all are on record after, and memory stays', { timeout: 600_000 }, async (t) => {
	// Half of the clients are away, and what comes for them waits.
	const waiting = fleet.clients.slice(0, 5);
	fleet.senders.start();
	await waitFor('all names to be known at all nodes', async () => {
		for (const node of ground.nodes)
			for (const c of fleet.clients) if ((await post(node.port, `/${c.name}/warm`, 'x', [], { host: node.host })).status >= 500) return false;
		return fleet.senders.acknowledged > 500;
	}, 60_000);
	for (const c of waiting) await c.program.end('SIGINT');
	await waitFor('the clients to be away', () => waiting.every((c) => !c.online));
	const before = ground.nodes.map(rss);
	await Promise.all(ground.brokers.all.map((b) => ground.down(b)));
	await waitFor('all nodes to notice', async () => (await Promise.all(ground.nodes.map((n) => ground.get(n, '/readyz')))).every((text) => text.includes('cluster: away')), 30_000);
	const from = fleet.senders.next;
	const over = Date.now() + AWAY_MS;
	let most = before;
	await waitFor('a minute to pass', () => {
		most = ground.nodes.map((n, i) => Math.max(most[i], rss(n)));
		return Date.now() > over;
	}, AWAY_MS + 5000);
	const to = fleet.senders.next;
	const unknown = await post(ground.nodes[0].port, '/nobody-knows', 'x', [], { host: ground.nodes[0].host });
	assert.equal(unknown.status, 503);
	for (const b of ground.brokers.all) ground.up(b);
	await ground.connected();
	for (const c of waiting) {
		c.program.closing = false;
		c.program.start();
	}
	await fleet.finish();
	const { figures, faults } = await fleet.verdict();
	const grown = most.map((m, i) => m - before[i]);
	t.diagnostic(JSON.stringify({ awayMs: AWAY_MS, sentMeanwhile: to - from, rssBeforeMiB: before.map(Math.round), grownMiB: grown.map((g) => g.toFixed(1)), ...figures }));
	t.diagnostic(`must be 0: ${JSON.stringify(musts(figures))}`);
	// The judge does not know what was sent to warm up.
	assert.deepEqual(faults.filter((f) => f.name !== 'strangers'), []);
	const refused = [...fleet.senders.ledger].filter(([n, e]) => n >= from && n < to && !e.byApp && e.status !== 202 && e.error !== 'gave up early');
	assert.deepEqual(refused.slice(0, 5), []);
	assert.ok(Math.max(...grown) <= 32, `${grown} MiB more`);
	await ground.endsCleanly();
});
