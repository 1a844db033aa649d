// The bytes of a webhook whose client is at another node, over three nodes and three servers.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readRecord } from '../e2e/lib/cluster.mjs';
import { exactThrough, startApp } from '../e2e/lib/exact_set.mjs';
import { waitFor } from '../e2e/lib/harness.mjs';
import { Ground } from './lib/ground.mjs';

let ground, app;
const listen = async (name) => {
	const p = await ground.listen(ground.nodes[0], name, { target: app.port });
	await waitFor('its record', () => readRecord(ground.brokers, `tunnel.${name}`));
	return p;
};

before(async () => {
	ground = await Ground.open({ nodeArgs: ['--record-timeout', '120s', '--reply-timeout', '120s'] });
	app = await startApp();
	await listen('far');
}, { timeout: 180_000 });
after(async () => {
	app?.close();
	await ground?.close();
});

exactThrough(() => ({ at: ground.nodes[1], app, listen, logs: () => ground.nodes.map((n) => n.program.err).join('') }));

test('all of it went through another node, and every program ends cleanly', async () => {
	assert.ok((await ground.metric(ground.nodes[1], 'creel_cluster_foreign_requests_total')) >= 10);
	await ground.endsCleanly();
});
