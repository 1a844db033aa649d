// How a relay comes to NATS servers that do not take everybody: TLS, .creds files; and to one that cannot keep anything.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { Brokers, hasNats, readRecord, startNode, writeRecord } from './lib/cluster.mjs';
import { freePort, waitFor, World } from './lib/harness.mjs';
import { makeOperator } from './lib/nats_keys.mjs';
import { makeCertificate } from './lib/tls.mjs';

const w = new World();
const relay = (args) => w.run('creel-relay', ['serve', '--listen', '127.0.0.1:0', '--data', w.fresh('relay'), ...args], { timeoutMs: 60_000 });

describe('a relay and its NATS servers', { skip: hasNats ? false : 'nats-server is not installed' }, () => {
	after(() => w.close());

	test('tls:// with the CA of --cluster-ca; with any other it stays away and says why', async () => {
		const { cert, key } = makeCertificate(w.dir), other = makeCertificate(w.dir, 'other', 'DNS:elsewhere.example').cert;
		const brokers = await Brokers.start(w, 1, { extra: `tls { cert_file: "${cert}", key_file: "${key}" }` });
		const at = (scheme, host) => ({ ...brokers, urls: `${scheme}://${host}:${brokers.all[0].port}` });
		for (const host of ['localhost', '127.0.0.1']) {
			const node = await startNode(w, at('tls', host), { args: ['--cluster-ca', cert] });
			assert.match(node.err, /event=cluster_connected server=tls:/);
			await node.stop('SIGTERM');
		}
		for (const [scheme, args] of [['tls', []], ['tls', ['--cluster-ca', other]], ['nats', []]]) {
			const node = await startNode(w, at(scheme, 'localhost'), { args, wait: false });
			await waitFor('a line of the log', () => /event=cluster_/.test(node.err));
			assert.match(node.err, /event=cluster_away .* failure="(?!\().*certificate/, 'in words, without the library’s own file names');
			assert.doesNotMatch(node.err, /cluster_connected/);
			await node.stop('SIGTERM');
		}
		await brokers.stopAll();
	});

	test('a .creds file; with another’s seed it ends with exit 3', async () => {
		const operator = makeOperator();
		const brokers = await Brokers.start(w, 1, { extra: operator.config });
		await waitFor(() => `the server\n${brokers.all[0].process.err}`, () => /Server is ready/.test(brokers.all[0].process.err));
		const [creds, strangers] = ['creds', 'strangers'].map((name) => (writeFileSync(w.path(name), operator[name], { mode: 0o600 }), w.path(name)));
		const node = await startNode(w, brokers, { args: ['--cluster-credentials', creds] });
		assert.equal((await node.get('/readyz')).text, 'ready\ncluster: connected\n');
		assert.match(node.err, /event=copies replicas=1 text="what a copy is worth depends on the version of NATS: see CLUSTERS in creel-relay\(8\)"/);
		await node.stop('SIGTERM');
		const refused = await relay(['--cluster', brokers.urls, '--cluster-replicas', '1', '--cluster-credentials', strangers]);
		assert.equal(refused.code, 3, refused.err);
		assert.match(refused.err, /^creel-relay: NATS refuses this relay \(see --cluster-credentials\): Authorization Violation$/m);
		await brokers.stopAll();
	});

	test('credentials that lack a subject: it ends with exit 3, or says so in its log', async () => {
		const at = async (permissions) => {
			const brokers = await Brokers.start(w, 1, { extra: `authorization { users: [ { user: me, password: secret, permissions: { ${permissions} } } ] }` });
			const file = w.fresh('credentials');
			writeFileSync(file, 'me:secret\n', { mode: 0o600 });
			return { brokers, args: ['--cluster-credentials', file] };
		};
		for (const [permissions, subject] of [['publish: { deny: "$JS.API.>" }', /Publish to "\$JS\.API/i], ['subscribe: { deny: "creel.>" }', /Subscription to "creel\./i]]) {
			const { brokers, args } = await at(permissions);
			const r = await relay(['--cluster', brokers.urls, '--cluster-replicas', '1', ...args]);
			assert.equal(r.code, 3, r.err);
			assert.match(r.err, /^creel-relay: NATS refuses this relay \(see --cluster-credentials\): .*Permissions Violation/m);
			assert.match(r.err, subject);
			await brokers.stopAll();
		}
		const { brokers, args } = await at('publish: { deny: "$KV.CREEL.tunnel.>" }');
		const node = await startNode(w, brokers, { args });
		const client = await w.startClient({ relay: node, target: 9, name: 'denied' });
		await waitFor('a line of the log', () => /event=cluster_denied .*Permissions Violation for Publish to .*CREEL\.tunnel\.denied/.test(node.err));
		await client.stop('SIGINT');
		assert.equal(node.err.match(/cluster_denied/g).length, 1);
		await node.stop('SIGTERM');
		await brokers.stopAll();
	});

	test('the manual\'s subjects are all it needs, also where JetStream asks whether it may go on', async () => {
		const manual = readFileSync(new URL('../../relay/creel-relay.8', import.meta.url), 'utf8');
		const subjects = JSON.stringify(/^allow (.*) both ways/m.exec(manual)[1].split(/, | and /));
		const brokers = await Brokers.start(w, 1, { extra: `authorization { users: [ { user: other, password: other }
			{ user: me, password: secret, permissions: { publish: ${subjects}, subscribe: ${subjects} } } ] }
			no_auth_user: other` });
		const file = w.fresh('credentials');
		writeFileSync(file, 'me:secret\n', { mode: 0o600 });
		const node = await startNode(w, brokers, { args: ['--cluster-credentials', file] });
		const client = await w.startClient({ relay: node, target: 9, name: 'allowed' });
		await waitFor('the record', async () => (await readRecord(brokers, 'tunnel.allowed'))?.length > 0);
		// It asks after some MiB: what nodes write of themselves in hours.
		for (let i = 0; i < 40; i++) await writeRecord(brokers, `node.${i % 2}`, Buffer.alloc(200 << 10, i));
		await waitFor('all of it to be heard', async () => Number(/^creel_cluster_malformed_total (\d+)$/m.exec((await node.get('/metrics')).text)[1]) >= 40);
		await client.stop('SIGINT');
		assert.doesNotMatch(node.err, /cluster_denied/);
		await node.stop('SIGTERM');
		await brokers.stopAll();
	});

	test('without JetStream it ends with exit 3', async () => {
		const port = await freePort();
		w.spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)]);
		const r = await relay(['--cluster', `nats://127.0.0.1:${port}`, '--cluster-replicas', '1']);
		assert.equal(r.code, 3, r.err);
		assert.match(r.err, /JetStream is off on the NATS servers, or for this account/);
	});

	test('every program ended cleanly', () => w.endsCleanly());
});
