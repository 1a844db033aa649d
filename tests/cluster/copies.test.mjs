// The second copy of what waits: what each replica has of it, after faults at the leader too, and that it is enough when a
// node's data folder is gone. Where replicas differ that is printed: it is NATS's, and fails only where a delivery is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readRecord } from '../e2e/lib/cluster.mjs';
import { removeFolder, waitFor } from '../e2e/lib/harness.mjs';
import { post, Receiver } from '../e2e/lib/http.mjs';
import { Ground } from './lib/ground.mjs';
import { differences, leaderOf, readReplicas, replicas, subjects } from './lib/servers.mjs';

const BACKLOG = 1000;
let ground, receiver, paused;

before(async () => {
	ground = await Ground.open();
	receiver = await Receiver.start();
}, { timeout: 180_000 });
after(async () => {
	await receiver?.close();
	await ground?.close();
});

/** A client that was there, so that its name is known, and is away. */
async function away(name) {
	const db = ground.world.fresh('db');
	const p = await ground.listen(ground.nodes[0], name, { target: receiver.port, db });
	await waitFor('its record', () => readRecord(ground.brokers, `tunnel.${name}`));
	await p.stop('SIGINT');
	return { name, db };
}

/** Posts that many at a node, some at once; all have to be taken. Gives their bodies, which have numbers from `from`. */
async function fill(node, name, count, from = 0) {
	const bodies = Array.from({ length: count }, (_, i) => `${name} ${from + i} ${'x'.repeat(i % 900)}`);
	let next = 1;
	// Until the node knows the name it may answer 503.
	await waitFor(`${name} to be known at ${node.name}`, async () => (await post(node.port, `/${name}`, bodies[0], [], { host: node.host })).status === 202, 30_000);
	await Promise.all(Array.from({ length: 16 }, async () => {
		while (next < count) {
			const answer = await post(node.port, `/${name}`, bodies[next++], [], { host: node.host });
			assert.equal(answer.status, 202, answer.text);
		}
	}));
	return bodies;
}

const copied = (node) => waitFor('all to be copied', async () => (await ground.metric(node, 'creel_cluster_copies_pending')) === 0, 120_000);
const arrived = (bodies) => bodies.every((body) => receiver.requests.some((r) => r.body.toString() === body));

async function compare(t, what) {
	t.diagnostic(`${what}, as they say: ${JSON.stringify(await replicas(ground.brokers, 'CREEL_COPY'))}`);
	t.diagnostic(`${what}, read with each as leader: ${differences(await readReplicas(ground.brokers, 'CREEL_COPY')) || 'all replicas have the same'}`);
}

test('the leader stands still while copies are made: what its replicas have then', { timeout: 400_000 }, async (t) => {
	const [, node] = ground.nodes;
	const one = await away('paused');
	const leader = await waitFor('a leader', () => leaderOf(ground.brokers, 'CREEL_COPY'), 30_000);
	const first = await fill(node, one.name, 200);
	const pause = leader.program.pause(10_000);
	const during = await fill(node, one.name, 200, 200);
	await pause;
	await ground.connected();
	await copied(node);
	await compare(t, 'after the leader stood still');
	// It stays: what its node has not deleted yet, or NATS has twice, is adopted as well in the next test.
	paused = await ground.listen(ground.nodes[2], one.name, { target: receiver.port, db: one.db });
	await waitFor('all of it', () => arrived([...first, ...during]), 60_000);
});

test(`a node's data folder is deleted: its backlog of ${BACKLOG} arrives within 75 s`, { timeout: 400_000 }, async (t) => {
	const [, node] = ground.nodes;
	const one = await away('deleted');
	const bodies = await fill(node, one.name, BACKLOG);
	await copied(node);
	await compare(t, `with ${BACKLOG} that wait`);
	await ground.connected();
	const began = Date.now();
	await ground.down(node);
	await removeFolder(node.data);
	const client = await ground.listen(ground.nodes[0], one.name, { target: receiver.port, db: one.db });
	const count = () => new Set(receiver.requests.map((r) => r.body.toString()).filter((body) => body.startsWith(`${one.name} `))).size;
	await waitFor(() => `the backlog; ${count()} are there`, () => count() >= BACKLOG, 110_000);
	const ms = Date.now() - began;
	t.diagnostic(`${BACKLOG} of a node that is gone: all at the app after ${(ms / 1000).toFixed(1)} s`);
	assert.ok(arrived(bodies));
	assert.ok(ms <= 75_000, `${ms} ms`);
	let left = [];
	await waitFor(() => `its copies to be deleted: ${JSON.stringify(left.slice(0, 10))} of ${left.length} are left`, async () => {
		left = await subjects(ground.brokers, 'CREEL_COPY');
		return left.length === 0;
	}, 60_000);
	await client.stop('SIGINT');
	await paused?.stop('SIGINT');
});

test('every program ends cleanly', () => ground.endsCleanly());
