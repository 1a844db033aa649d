// Every node is ended and started again under 200 webhooks a second.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitFor } from '../e2e/lib/harness.mjs';
import { Fleet, musts } from './lib/fleet.mjs';
import { Ground } from './lib/ground.mjs';

const RATE = Number(process.env.RATE ?? 200);
let ground, fleet;
before(async () => {
	ground = await Ground.open();
	fleet = await Fleet.open(ground, { seed: 5, rate: RATE, steady: true });
}, { timeout: 180_000 });
after(async () => {
	await fleet?.close();
	await ground?.close();
});

test(`a rolling restart under ${RATE}/s: no request fails but by reset or 503 before any acknowledgement, and clients go elsewhere`, { timeout: 400_000 }, async (t) => {
	fleet.senders.start();
	for (const node of ground.nodes) {
		await ground.connected();
		await fleet.allOnline();
		const before = fleet.senders.acknowledged;
		await waitFor('webhooks through all nodes', () => fleet.senders.acknowledged > before + 5 * RATE, 60_000);
		const end = await ground.down(node, 'SIGTERM');
		assert.equal(end.code, 0, end.err);
		t.diagnostic(`${node.name} ended; ${fleet.senders.acknowledged - before} acknowledged by then, ${fleet.clients.filter((c) => c.online).length} clients online`);
		ground.up(node);
	}
	await ground.connected();
	await fleet.finish();
	const { figures, faults } = await fleet.verdict();
	t.diagnostic(JSON.stringify(figures));
	t.diagnostic(`must be 0: ${JSON.stringify(musts(figures))}`);
	assert.deepEqual(faults, []);
	const allowed = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'gave up early']);
	const failed = [...fleet.senders.ledger].filter(([, e]) => (e.status === null ? !allowed.has(e.error) : !e.byApp && e.status !== 202 && e.status !== 503));
	assert.deepEqual(failed.slice(0, 5), []);
	assert.ok(figures.clientsAway.maxMs < 10_000, `a client was away for ${figures.clientsAway.maxMs} ms`);
	await ground.endsCleanly();
});
