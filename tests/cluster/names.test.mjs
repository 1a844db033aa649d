// A name is claimed on two sides of a cut by two tokens: after it the earlier one has it, and the other is told so.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readRecord } from '../e2e/lib/cluster.mjs';
import { waitFor, within } from '../e2e/lib/harness.mjs';
import { Ground } from './lib/ground.mjs';
import { skipCuts } from './lib/machines.mjs';

describe('two sides of a cut', { skip: skipCuts }, () => {
	let ground;
	const secrets = {};
	before(async () => {
		ground = await Ground.open();
		for (const name of ['me', 'you']) secrets[name] = await ground.token(ground.nodes[0], 'add', name);
		for (const node of ground.nodes) await waitFor('both tokens', async () => /^you/m.test(await ground.token(node, 'list')));
	}, { timeout: 180_000 });
	after(() => ground?.close());

	for (const earlier of ['the node that is cut off', 'the others'])
		test(`claimed at both, first at ${earlier}`, { timeout: 120_000 }, async () => {
			const [inside, outside] = ground.nodes;
			const name = earlier.replaceAll(' ', '-');
			const servers = ground.brokers.all.map((s) => s.machine);
			await inside.machine.cutFrom(servers);
			await waitFor('it to notice', async () => (await ground.get(inside, '/readyz')).includes('away'), 30_000);
			const [first, second] = earlier === 'the others' ? [outside, inside] : [inside, outside];
			const kept = await ground.listen(first, name, { target: 9, env: { CREEL_TOKEN: secrets.me } });
			const refused = await ground.listen(second, name, { target: 9, env: { CREEL_TOKEN: secrets.you } });
			const who = outside === first ? 'me' : 'you';
			await waitFor('the record of those who are there', async () => String(await readRecord(ground.brokers, `tunnel.${name}`)).includes(who));
			await inside.machine.cutFrom(servers, false);
			const end = await within('the later one to be refused', refused.end(), 60_000);
			assert.equal(end.code, 3);
			assert.match(refused.err, /belongs to another token/);
			await waitFor('the record to be the earlier one’s', async () => String(await readRecord(ground.brokers, `tunnel.${name}`)).includes('me'), 30_000);
			assert.equal(kept.result, undefined, kept.err);
			await kept.stop('SIGINT');
			await ground.connected();
		});

	test('every program ends cleanly', () => ground.endsCleanly());
});
