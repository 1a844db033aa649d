// NATS servers that lost what they kept, or keep nothing any more: the nodes have the truth, and put it back.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ask, Brokers, connected, hasNats, readRecord, startNode } from './lib/cluster.mjs';
import { removeFolder, waitFor, World } from './lib/harness.mjs';
import { post, Receiver } from './lib/http.mjs';

const COUNT = 5;

describe('NATS that lost what it kept', { skip: hasNats ? false : 'nats-server is not installed' }, () => {
	const w = new World();
	let brokers, a, b, receiver, secret;
	before(async () => {
		brokers = await Brokers.start(w, 1);
		[a, b] = [await startNode(w, brokers), await startNode(w, brokers)];
		receiver = w.keep(await Receiver.start());
		secret = (await w.run('creel-relay', ['token', 'add', 'me', '--data', a.data])).text.trim();
		await hasToken(b);
	});
	after(() => w.close());

	const hasToken = (node) => waitFor('the token', async () => /me/.test((await w.run('creel-relay', ['token', 'list', '--data', node.data])).text));
	const listen = (node, name, db) => w.startClient({ relay: node, target: receiver.port, name, db, env: { CREEL_TOKEN: secret } });
	const copied = (node) => waitFor('all to be copied', async () => /^creel_cluster_copies_pending 0$/m.test((await node.get('/metrics')).text));
	/** How many copies of each node's there are. */
	const copies = async () => {
		const info = JSON.parse(await ask(brokers.all[0], '$JS.API.STREAM.INFO.CREEL_COPY', '{"subjects_filter":">"}'));
		return Object.values(info.state?.subjects ?? {}).sort();
	};
	const away = (node) => waitFor('a node to notice', async () => /cluster: away/.test((await node.get('/readyz')).text), 60_000);
	const restart = async (change = () => {}) => {
		await brokers.stopAll();
		for (const node of [a, b]) await away(node);
		await change();
		brokers.run(brokers.all[0]);
		for (const node of [a, b]) await connected(node);
	};
	/** A client of that name whose `COUNT` webhooks wait at the node, copied; gives its record. */
	async function fill(node, name) {
		const db = w.fresh('db');
		const client = await listen(node, name, db);
		await client.stop('SIGINT');
		for (let i = 0; i < COUNT; i++) assert.equal((await post(node.port, `/${name}`, `${name} ${i}`)).status, 202);
		await copied(node);
		return db;
	}
	const drain = async (node, name, db) => {
		const client = await listen(node, name, db);
		const got = () => receiver.requests.filter((r) => r.body.toString().startsWith(`${name} `)).length;
		await waitFor(() => `all of ${name}`, () => got() === COUNT);
		await client.stop('SIGINT');
	};

	test('it was only ended: no copy is made again', async () => {
		const db = await fill(a, 'steady');
		assert.deepEqual(await copies(), [COUNT]);
		await restart();
		await drain(b, 'steady', db);
		await waitFor('its copies to be deleted', async () => (await copies()).length === 0);
		assert.doesNotMatch(a.err + b.err, /copies_lost/);
	});

	test('all of it: tokens, names and copies are there again, and no node deletes another’s copies', async () => {
		const db = await fill(a, 'wiped');
		assert.deepEqual(await copies(), [COUNT]);
		await restart(() => removeFolder(brokers.all[0].store));
		await waitFor('the token in the bucket', () => readRecord(brokers, 'token.me'));
		await waitFor('what waits to be copied again', async () => (await copies()).join() === String(COUNT), 10_000);
		const c = await startNode(w, brokers);
		await hasToken(c);
		assert.equal((await post(c.port, '/wiped', 'more')).status, 202, 'the name is known');
		await c.stop('SIGTERM');
		const other = await fill(b, 'other');
		await drain(a, 'wiped', db);
		await waitFor('its copies to be deleted', async () => (await copies()).length === 2, 10_000); // of b, and of the third
		assert.deepEqual(await copies(), [1, COUNT]);
		await drain(b, 'other', other);
	});

	test('the bucket or the stream is removed while the nodes are connected: both are made again', async () => {
		for (const stream of ['KV_CREEL', 'CREEL_COPY']) assert.ok(JSON.parse(await ask(brokers.all[0], `$JS.API.STREAM.DELETE.${stream}`)).success);
		await waitFor('the token in the bucket', () => readRecord(brokers, 'token.me').catch(() => null), 20_000);
		const db = await fill(a, 'removed');
		assert.equal((await copies()).includes(COUNT), true);
		await drain(b, 'removed', db);
	});

	test('the stream is removed, and made again by one node while the other publishes nothing', async () => {
		const [first, idle] = [await fill(a, 'first'), await fill(a, 'idle')], lost = () => a.err.split('copies_lost').length - 1;
		const before = lost();
		assert.ok(JSON.parse(await ask(brokers.all[0], '$JS.API.STREAM.DELETE.CREEL_COPY')).success);
		const busy = await fill(b, 'busy'); // whose copies have the first sequences now
		await drain(a, 'first', first); // of copies whose sequences these were
		await waitFor('the other node to notice', () => lost() > before, 15_000);
		await waitFor('its copies to be made again', async () => (await copies()).join() === `${COUNT},${COUNT}`, 10_000);
		await drain(b, 'idle', idle);
		await drain(b, 'busy', busy);
	});

	test('it has no JetStream any more: the nodes that are there go on alone, and are back when it has', async () => {
		const { config } = brokers.all[0], before = readFileSync(config, 'utf8');
		const db = await fill(a, 'alone');
		assert.equal((await post(b.port, '/alone', 'before')).status, 202);
		await brokers.stopAll();
		for (const node of [a, b]) await away(node);
		writeFileSync(config, before.replace(/^jetstream .*$/m, ''));
		brokers.run(brokers.all[0]);
		await waitFor('them to have asked often enough', () => [a, b].every((node) => /event=cluster_away failure="JetStream is off/.test(node.err)), 60_000);
		for (const node of [a, b]) {
			assert.equal(node.result, undefined, node.err);
			assert.equal((await node.get('/readyz')).text, 'ready\ncluster: away\n');
		}
		assert.equal((await post(b.port, '/alone', 'beside')).status, 202);
		await restart(() => writeFileSync(config, before));
		await drain(b, 'alone', db);
	});

	test('every program ended cleanly', () => w.endsCleanly());
});
