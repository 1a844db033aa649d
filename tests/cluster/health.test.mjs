// A load balancer that takes a node out: senders see none of it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitFor } from '../e2e/lib/harness.mjs';
import { Fleet, musts } from './lib/fleet.mjs';
import { Ground } from './lib/ground.mjs';

let ground, fleet;
before(async () => {
	ground = await Ground.open();
	fleet = await Fleet.open(ground, { seed: 8, rate: 100, steady: true });
	fleet.road = (random) => ({ host: ground.front.host, port: ground.front.port, tunnel: random.pick(fleet.clients).name });
}, { timeout: 180_000 });
after(async () => {
	await fleet?.close();
	await ground?.close();
});

test('haproxy ends the health of each node in turn: every sender has its answer', { timeout: 300_000 }, async (t) => {
	fleet.senders.start();
	for (const node of ground.nodes) {
		const state = async () => new RegExp(`^nodes,${node.name},(?:[^,]*,){15}([^,]*)`, 'm').exec(await ground.toFront('show stat'))[1];
		await waitFor('it to be up', async () => /^UP/.test(await state()));
		await ground.toFront(`set server nodes/${node.name} state maint`);
		await waitFor('it to be out', async () => /^MAINT/.test(await state()));
		const [from, foreign] = [fleet.senders.acknowledged, await ground.metric(node, 'creel_requests_total')];
		await waitFor('webhooks meanwhile', () => fleet.senders.acknowledged > from + 200, 30_000);
		t.diagnostic(`${node.name} out: ${fleet.senders.acknowledged - from} acknowledged, ${(await ground.metric(node, 'creel_requests_total')) - foreign} of them there`);
		await ground.toFront(`set server nodes/${node.name} state ready`);
	}
	await fleet.finish();
	const { figures, faults } = await fleet.verdict();
	t.diagnostic(JSON.stringify(figures));
	t.diagnostic(`must be 0: ${JSON.stringify(musts(figures))}`);
	assert.deepEqual(faults, []);
	const failed = [...fleet.senders.ledger].filter(([, e]) => !e.byApp && e.status !== 202 && e.error !== 'gave up early');
	assert.deepEqual(failed.slice(0, 5), []);
	await ground.endsCleanly();
});
