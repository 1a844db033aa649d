// Relays as nodes of one cluster: tokens, ids, and NATS that is away or refuses.
import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { ask, Brokers, connected, hasNats, readRecord, startNode, writeRecord } from './lib/cluster.mjs';
import { freePort, waitFor, within, World } from './lib/harness.mjs';
import { makeCertificate } from './lib/tls.mjs';

const w = new World();
const options = { skip: hasNats ? false : 'nats-server is not installed' };
after(() => w.close());

const relay = (args, env) => w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', w.fresh('relay'), ...args], { env });
const token = async (data, ...args) => {
	const r = await w.run('creel-relay', ['token', ...args, '--data', data]);
	assert.equal(r.code, 0, r.err);
	return r.text.trim();
};

test('options that cannot be meant end it before it listens', async () => {
	const loose = w.path('loose'), neither = w.path('neither'), no = w.path('none');
	writeFileSync(loose, 'me:secret\n', { mode: 0o644 });
	writeFileSync(neither, 'what is this', { mode: 0o600 });
	const seedless = w.path('seedless');
	writeFileSync(seedless, '-----BEGIN NATS USER JWT-----\nabc\n------END NATS USER JWT------\n', { mode: 0o600 });
	const many = Array.from({ length: 17 }, (_, i) => `a${i}`).join(',');
	const rows = [
		[['--cluster', ''], /names no server/],
		[['--cluster', ','], /names no server/],
		[['--cluster', 'http://a:4222'], /write nats:\/\/HOST:PORT or tls/],
		[['--cluster', many], /at most 16 servers/],
		[['--cluster', 'nats://a:0'], /port between 1 and 65535/],
		[['--cluster', 'nats://me:geheim@a:4222'], /no user or password/],
		[['--cluster', 'a', '--cluster-credentials', no], /cannot be read/],
		[['--cluster', 'a', '--cluster-credentials', loose], /chmod 600/],
		[['--cluster', 'a', '--cluster-credentials', neither], /neither one line user:password/],
		[['--cluster', 'a', '--cluster-ca', no], /cannot be read/],
		[['--cluster', 'a', '--cluster-ca', neither], /no certificate/],
		...['2', '4', '7'].map((n) => [['--cluster', 'a', '--cluster-replicas', n], /takes 1, 3 or 5/]),
		[['--cluster', 'nats://'], /--cluster nats:\/\/: that is no host/],
		[['--cluster', 'a', '--cluster-credentials', seedless], /has a JWT and no seed/],
		[['--cluster-replicas', '2'], /takes 1, 3 or 5/],
		[['--cluster-ca', makeCertificate(w.dir).cert], /needs --cluster/],
		[['--cluster-credentials', neither], /needs --cluster/],
	];
	for (const [args, sentence] of rows) {
		const r = await relay(args);
		assert.equal(r.code, 2, `${args.join(' ')}: ${r.err}`);
		assert.match(r.err, sentence, args.join(' '));
		assert.doesNotMatch(r.err, /geheim|event=listening/);
	}
});

test('each option of it is a key of the INI file and a variable as well', async () => {
	const ini = w.path('cluster.ini');
	for (const [name, value, sentence] of [['cluster', 'nats://a:0', /port between/], ['cluster-replicas', '4', /takes 1, 3 or 5/], ['cluster-ca', 'none', /--cluster-ca none cannot/],
		['cluster-credentials', 'none', /--cluster-credentials none cannot/], ['cluster-adopt-after', 'soon', /takes a duration/]]) {
		writeFileSync(ini, `[serve]\n${name === 'cluster' ? '' : 'cluster = a\n'}${name} = ${value}\n`);
		const byFile = await relay(['--config', ini]);
		const byVariable = await relay([], { CREEL_RELAY_CLUSTER: 'a', [`CREEL_RELAY_${name.toUpperCase().replaceAll('-', '_')}`]: value });
		for (const r of [byFile, byVariable]) {
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, sentence);
		}
	}
});

test('servers that refuse, have no JetStream, or are too few end it with exit 3', options, async () => {
	const closed = await Brokers.start(w, 1, { extra: 'authorization { user: me, password: secret }' });
	const refused = await relay(['--cluster', closed.urls, '--cluster-replicas', '1']);
	assert.equal(refused.code, 3, refused.err);
	assert.match(refused.err, /NATS refuses this relay/);
	const file = w.path('credentials');
	writeFileSync(file, 'me:secret\n', { mode: 0o600 });
	const node = await startNode(w, closed, { args: ['--cluster-credentials', file] });
	assert.doesNotMatch(node.err, /secret/);
	await node.stop('SIGTERM');
	await closed.stopAll();

	const plain = await Brokers.start(w, 1);
	const few = await relay(['--cluster', plain.urls, '--cluster-replicas', '3']);
	assert.equal(few.code, 3, few.err);
	assert.match(few.err, /fewer than the copies that --cluster-replicas asks for/);
	const stream = { name: 'KV_CREEL', description: 'of another version', subjects: ['$KV.CREEL.>'] };
	assert.equal(JSON.parse(await ask(plain.all[0].port, '$JS.API.STREAM.CREATE.KV_CREEL', JSON.stringify(stream))).error, undefined);
	const other = await relay(['--cluster', plain.urls, '--cluster-replicas', '1']);
	assert.equal(other.code, 3, other.err);
	assert.match(other.err, /another version of creel, or of another program/);
	await plain.stopAll();
});

test('tokens are those of all nodes: added at one, good at another; revoked at one, closed at the others within 2 s', options, async () => {
	const brokers = await Brokers.start(w, 3);
	const a = await startNode(w, brokers, { wait: false });
	assert.equal((await a.get('/readyz')).status, 503, 'before the first reading of the tokens');
	const publicly = () => fetch(`http://127.0.0.1:${a.port}/.well-known/creel/readyz`);
	const early = await publicly();
	assert.deepEqual([early.status, early.headers.get('creel-refused')], [503, 'starting']);
	const b = await startNode(w, brokers, { wait: false }), c = await startNode(w, brokers, { wait: false });
	for (const node of [a, b, c]) await connected(node);
	assert.equal((await publicly()).status, 200);

	const secret = await token(a.data, 'add', 'team.a', '--tunnels', 'team-*');
	const list = (node) => token(node.data, 'list');
	for (const node of [b, c]) await waitFor('the token at each node', async () => /team\.a/.test(await list(node)));
	const listen = (node, name, env = { CREEL_TOKEN: secret }) => w.startClient({ relay: node, target: 9, name, env, db: w.fresh('db') });
	const clients = [await listen(b, 'team-b'), await listen(c, 'team-c')];

	const status = async (...args) => w.run('creel-relay', ['cluster', 'status', ...args]);
	const seen = await waitFor('three nodes with a tunnel at two', async () => {
		const r = await status('--admin', a.admin, '--json');
		assert.equal(r.code, 0, r.err);
		const all = JSON.parse(r.text);
		return all.nodes.length === 3 && all.nodes.reduce((sum, n) => sum + n.tunnels, 0) === 2 && all;
	});
	assert.equal(seen.state, 'connected');
	const table = (await status('--admin', a.admin)).text;
	for (const { id } of seen.nodes) assert.match(table, new RegExp(`^${id} `, 'm'));
	assert.match(table, /\(this one\)/);
	assert.equal((await status()).code, 2);
	assert.equal((await status('--admin', '127.0.0.1')).code, 2);
	assert.equal((await status('--admin', `127.0.0.1:${await freePort()}`)).code, 3);

	const rotated = await token(b.data, 'rotate', 'team.a');
	await Promise.all(clients.map((p) => within('clients with the old secret to be sent away', p.end(), 4000)));
	for (const p of clients) assert.match(p.err, /token was revoked/);
	const second = await waitFor('the new secret at the third node', async () => {
		const p = await w.startClient({ relay: c, target: 9, name: 'team-d', env: { CREEL_TOKEN: rotated }, db: w.fresh('db'), wait: false });
		const end = p.end().then(() => null);
		return Promise.race([end, w.fileFrom(p, p.readyFile).then(() => p, () => null)]);
	});

	const record = await readRecord(brokers, 'token.team=2Ea');
	assert.ok(record, 'a record of the token');
	const began = Date.now();
	await token(a.data, 'revoke', 'team.a');
	await within('its client to be sent away', second.end(), 4000);
	assert.ok(Date.now() - began < 2500, `${Date.now() - began} ms, with the start of the command`);
	await waitFor('no such token anywhere', async () => !/team/.test((await list(a)) + (await list(b)) + (await list(c))));

	// Patterns that match no name, or hardly any, are as good as others, and nobody writes the record again and again.
	await token(a.data, 'add', 'odd', '--tunnels', 'a "b\\" \u00e9*');
	await waitFor('it at the others', async () => /odd/.test(await list(b)) && /odd/.test(await list(c)));
	const revision = async () => JSON.parse(await ask(brokers.all[0].port, '$JS.API.STREAM.MSG.GET.KV_CREEL', JSON.stringify({ last_by_subj: '$KV.CREEL.token.odd' }))).message.seq;
	const first = await revision();

	// A replica that lost the revocation leads now: it is put right.
	await waitFor('the revocation in the bucket', async () => !(await readRecord(brokers, 'token.team=2Ea')).equals(record));
	await writeRecord(brokers, 'token.team=2Ea', record);
	await waitFor('the revocation in the bucket again', async () => !(await readRecord(brokers, 'token.team=2Ea')).equals(record));
	assert.doesNotMatch((await list(a)) + (await list(b)) + (await list(c)), /team/);

	assert.equal(await revision(), first);

	// What is no record is dropped, and written over by who knows better.
	await writeRecord(brokers, 'token.team=2Ea', Buffer.from('nonsense'));
	await writeRecord(brokers, 'token.=zz', Buffer.from('nonsense'));
	await waitFor('the record to be whole again', async () => (await readRecord(brokers, 'token.team=2Ea')).length > 50);

	assert.match((await b.get('/metrics')).text, /^creel_cluster_connected 1$[^]*^creel_cluster_nodes 3$/m);
	await waitFor('it to be counted', async () => /^creel_cluster_malformed_total [1-9]/m.test((await b.get('/metrics')).text));

	// Revoked while NATS is away, and while the node is: carried on when both are back.
	await token(a.data, 'add', 'late');
	await waitFor('it at the others', async () => /late/.test(await list(b)));
	await brokers.stopAll();
	await waitFor('the nodes to notice', async () => /cluster: away/.test((await b.get('/readyz')).text));
	assert.equal((await b.get('/readyz')).status, 200);
	await a.stop('SIGTERM');
	await token(a.data, 'revoke', 'late');
	assert.match(await list(b), /late/);
	for (const one of brokers.all) brokers.run(one);
	const again = await startNode(w, brokers, { data: a.data });
	await waitFor('it to be gone at the others', async () => !/late/.test((await list(b)) + (await list(c))), 60_000);
	await again.stop('SIGTERM');

	// A data folder that was copied.
	const copy = w.fresh('relay');
	cpSync(b.data, copy, { recursive: true });
	const clone = await startNode(w, brokers, { data: copy, wait: false });
	const end = await within('the copy to end', clone.end(), 30_000);
	assert.equal(end.code, 2, clone.err);
	assert.match(clone.err, /same id: its data folder was copied to/);
	for (const node of [b, c]) {
		assert.equal((await node.get('/readyz')).text, 'ready\ncluster: connected\n');
		await node.stop('SIGTERM');
	}
	await brokers.stopAll();
});

test('without any NATS server it serves alone, and is not ready before it has read the tokens once', async () => {
	const node = await startNode(w, { urls: `nats://127.0.0.1:${await freePort()}`, all: [1] }, { wait: false });
	assert.equal((await node.get('/readyz')).status, 503);
	const client = await w.startClient({ relay: node, target: 9, name: 'alone' });
	await client.stop('SIGINT');
	await node.stop('SIGTERM');
	assert.equal(node.err.match(/event=cluster_away/g).length, 1);
});

test('all of them end cleanly', () => w.endsCleanly());
