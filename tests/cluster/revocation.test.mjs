// A token that is revoked at one node is closed at all, and stays revoked whatever a replica of the bucket says.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { readRecord, writeRecord } from '../e2e/lib/cluster.mjs';
import { waitFor, within } from '../e2e/lib/harness.mjs';
import { Ground } from './lib/ground.mjs';
import { skipCuts } from './lib/machines.mjs';

let ground;
before(async () => (ground = await Ground.open()), { timeout: 180_000 });
after(() => ground?.close());

async function clientsOf(token, at) {
	const [a] = ground.nodes;
	const secret = await ground.token(a, 'add', token);
	for (const node of ground.nodes) await waitFor(`${token} at each node`, async () => (await ground.token(node, 'list')).includes(token));
	return Promise.all(at.map((node, i) => ground.listen(node, `${token}-${i}`, { target: 9, env: { CREEL_TOKEN: secret } })));
}

/** Revokes it at the first node; gives how long each client took to be sent away, from the end of the command. */
async function revoke(token, clients) {
	await ground.token(ground.nodes[0], 'revoke', token);
	const began = Date.now();
	return Promise.all(clients.map(async (p) => {
		await within('a client to be sent away', p.end(), 30_000);
		assert.match(p.err, /token was revoked/);
		return Date.now() - began;
	}));
}

test('revoked at one node: closed at the two others within 2 s, five times', { timeout: 120_000 }, async (t) => {
	const [, b, c] = ground.nodes;
	const all = [];
	for (let i = 0; i < 5; i++) all.push(...(await revoke(`gone${i}`, await clientsOf(`gone${i}`, [b, c]))));
	t.diagnostic(`closed after ${all.join(', ')} ms`);
	assert.ok(Math.max(...all) <= 2000);
});

test('its record is set back by hand: it stays revoked, and the record is put right', { timeout: 120_000 }, async () => {
	const [, b, c] = ground.nodes;
	const clients = await clientsOf('back', [b, c]);
	const old = await waitFor('its record', () => readRecord(ground.brokers, 'token.back'));
	await revoke('back', clients);
	for (let i = 0; i < 3; i++) {
		await writeRecord(ground.brokers, 'token.back', old);
		await waitFor('the revocation again', async () => !(await readRecord(ground.brokers, 'token.back')).equals(old));
		for (const node of ground.nodes) assert.doesNotMatch(await ground.token(node, 'list'), /back/);
	}
});

test('a node that is cut off acts on it within 2 s of coming back', { skip: skipCuts, timeout: 180_000 }, async (t) => {
	const [, b, c] = ground.nodes;
	const [p] = await clientsOf('cut', [b]);
	const servers = ground.brokers.all.map((s) => s.machine);
	await b.machine.cutFrom(servers);
	await waitFor('it to notice', async () => (await ground.get(b, '/readyz')).includes('away'), 30_000);
	await ground.token(ground.nodes[0], 'revoke', 'cut');
	await waitFor('the others to know', async () => !(await ground.token(c, 'list')).includes('cut'));
	assert.equal(p.result, undefined, 'it stays where nobody can say so');
	await b.machine.cutFrom(servers, false);
	await ground.connected([b]);
	const began = Date.now();
	await within('its client to be sent away', p.end(), 30_000);
	t.diagnostic(`${Date.now() - began} ms after the node was back`);
	assert.ok(Date.now() - began <= 2000);
});

test('every program ends cleanly', () => ground.endsCleanly());
