// Which node of a cluster has a tunnel: what the others know of it, find out, and do without.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { ask, Brokers, connected, hasNats, publish, readRecord, startNode, writeRecord } from './lib/cluster.mjs';
import { removeFolder, waitFor, within, World } from './lib/harness.mjs';
import { post, Receiver } from './lib/http.mjs';

const w = new World();
let brokers, a, b;
const tokens = {};

const listen = (node, target, name, token = 'me', db = w.fresh('db'), rest = {}) =>
	w.startClient({ relay: node, target, name, db, env: { CREEL_TOKEN: tokens[token] }, ...rest });
const metric = async (node, name) => Number((await node.get('/metrics')).text.match(new RegExp(`^${name.replace(/[{}"]/g, '\\$&')} (\\d+)$`, 'm'))[1]);

/** A way to `port_to` that deserts a client: its end is cut, the node's stays open and is never read again. */
class Way {
	static async start(port) {
		const way = new Way();
		way.port_to = port;
		way.pairs = [];
		way.server = net.createServer((near) => {
			const far = net.connect(way.port_to, '127.0.0.1');
			near.on('error', () => {}).pipe(far).on('error', () => {}).pipe(near);
			way.pairs.push([near, far]);
		});
		await new Promise((resolve) => way.server.listen(0, '127.0.0.1', resolve));
		way.port = way.server.address().port;
		return way;
	}
	desert() {
		for (const [near, far] of this.pairs) {
			near.unpipe(far);
			far.unpipe(near).pause();
			near.destroy();
		}
	}
	close() {
		for (const pair of this.pairs) for (const socket of pair) socket.destroy();
		this.server.close();
	}
}

describe('tunnels of two nodes', { skip: hasNats ? false : 'nats-server is not installed' }, () => {
	before(async () => {
		brokers = await Brokers.start(w, 1);
		a = await startNode(w, brokers);
		b = await startNode(w, brokers);
		for (const name of ['me', 'you'])
			tokens[name] = (await w.run('creel-relay', ['token', 'add', name, '--data', a.data])).text.trim();
		await waitFor('the tokens at the other node', async () => /you/.test((await w.run('creel-relay', ['token', 'list', '--data', b.data])).text));
	});
	after(() => w.close());

	test('a name that nobody has is 404 at every node, after all were asked', async () => {
		for (const node of [a, b, a]) assert.equal((await post(node.port, '/nobody')).status, 404);
		assert.equal(await metric(a, 'creel_cluster_lookups_total{result="none"}') > 0, true);
	});

	test('a name is one owner’s at all nodes', async () => {
		const client = await listen(a, 9, 'mine');
		await waitFor('its record', () => readRecord(brokers, 'tunnel.mine'));
		const other = await listen(b, 9, 'mine', 'you', undefined, { wait: false });
		const end = await within('the other token’s client to be refused', other.end());
		assert.equal(end.code, 3);
		assert.match(other.err, /belongs to another token/);
		await client.stop('SIGINT');
	});

	test('what comes for a client that is away is taken by any node, and waits for it there', async () => {
		const receiver = w.keep(await Receiver.start());
		const db = w.fresh('db');
		const client = await listen(a, receiver.port, 'away', 'me', db);
		await waitFor('its record', () => readRecord(brokers, 'tunnel.away'));
		await client.stop('SIGINT');
		const answer = await post(b.port, '/away', 'kept');
		assert.equal(answer.status, 202);
		const again = await listen(b, receiver.port, 'away', 'me', db);
		await waitFor('the webhook that waited', () => receiver.requests.some((r) => r.body.toString() === 'kept'));
		await again.stop('SIGINT');
	});

	test('a record that a replica lost is found at the node that has the tunnel, and written again', async () => {
		const client = await listen(a, 9, 'lost');
		const record = await waitFor('its record', () => readRecord(brokers, 'tunnel.lost'));
		await writeRecord(brokers, 'tunnel.lost', Buffer.from('nonsense'));
		assert.notEqual((await post(b.port, '/lost')).status, 404);
		await waitFor('the record again', async () => (await readRecord(brokers, 'tunnel.lost')).length === record.length);
		await waitFor('a line of the log', () => /cluster_records_malformed count=/.test(a.err + b.err));
		await client.stop('SIGINT');
	});

	test('a message that another token has the name displaces nobody: the bucket is asked', async () => {
		const client = await listen(a, 9, 'stays');
		const record = await waitFor('its record', () => readRecord(brokers, 'tunnel.stays'));
		const wrong = Buffer.from(record.toString('latin1').replace('me', 'xx'), 'latin1');
		assert.notDeepEqual(wrong, record);
		const before = await metric(a, 'creel_cluster_malformed_total');
		publish(brokers.all[0].port, 'creel.moved', Buffer.concat([randomBytes(16), Buffer.from('\x05stays'), wrong]));
		await listen(a, 9, 'after').then((c) => c.stop('SIGINT'));
		await waitFor('the record of a later one', () => readRecord(brokers, 'tunnel.after'));
		assert.equal(client.result, undefined, client.err);
		assert.ok((await readRecord(brokers, 'tunnel.stays')).includes('me'));
		assert.equal(await metric(a, 'creel_cluster_malformed_total'), before, 'it could be read');
		await client.stop('SIGINT');
	});

	test('a scan of names that do not exist is turned away beyond a rate, and those that are known are served', async () => {
		const receiver = w.keep(await Receiver.start());
		const client = await listen(a, receiver.port, 'steady');
		await waitFor('it at the other node', async () => (await post(b.port, '/steady')).status === 200);
		let scanning = true, served = 0;
		const known = (async () => {
			for (; scanning; served++) assert.equal((await post(b.port, '/steady')).status, 200);
		})();
		const answers = [];
		for (let round = 0; served < 2 && round < 50; round++)
			answers.push(...await Promise.all(Array.from({ length: 400 }, (_, i) => post(b.port, `/scan-${round}-${i}`))));
		scanning = false;
		await known;
		assert.ok(served > 1, `${served} meanwhile`);
		await client.stop('SIGINT');
		const count = (status) => answers.filter((r) => r.status === status).length;
		assert.ok(count(503) > 0, 'some are refused');
		assert.ok(count(404) > 0, 'some are looked up');
		assert.equal(count(503) + count(404), answers.length);
		const refused = answers.find((r) => r.status === 503);
		assert.match(refused.lines.join('\n'), /^Retry-After: 1$/im);
		assert.match(refused.lines.join('\n'), /^Creel-Refused: lookups$/im);
	});

	test('without NATS: known names are taken, unknown ones 503, clients join', async () => {
		const client = await listen(a, 9, 'known');
		await waitFor('its record', () => readRecord(brokers, 'tunnel.known'));
		await client.stop('SIGINT');
		assert.equal((await post(b.port, '/known', 'one')).status, 202);
		await brokers.stopAll();
		await waitFor('both to notice', async () => /away/.test((await a.get('/readyz')).text) && /away/.test((await b.get('/readyz')).text));
		assert.equal((await post(b.port, '/known', 'two')).status, 202);
		assert.equal((await post(a.port, '/known', 'three')).status, 202);
		const unknown = await post(b.port, '/unknown');
		assert.equal(unknown.status, 503);
		assert.match(unknown.lines.join('\n'), /^Retry-After: 1$/im);
		const joined = await listen(a, 9, 'meanwhile');
		brokers.run(brokers.all[0]);
		await connected(a);
		await connected(b);
		await waitFor('what was done meanwhile to be told', () => readRecord(brokers, 'tunnel.meanwhile'));
		assert.notEqual((await post(b.port, '/meanwhile')).status, 404);
		await joined.stop('SIGINT');
	});

	test('while NATS hangs, what comes for a client that is away waits for its copy and for a look-up once, and then for nothing', async () => {
		const client = await listen(a, 9, 'patient');
		await waitFor('its record', () => readRecord(brokers, 'tunnel.patient'));
		await client.stop('SIGINT');
		await waitFor('it to be known at the other node', async () => (await post(b.port, '/patient', 'before')).status === 202);
		const { process } = brokers.all[0];
		process.signal('SIGSTOP');
		const times = [];
		await waitFor('one that waited for a look-up', async () => {
			const began = performance.now();
			assert.equal((await post(b.port, '/patient', 'during')).status, 202);
			times.push(performance.now() - began);
			return /cluster: away/.test((await b.get('/readyz')).text);
		}, 30_000);
		process.signal('SIGCONT');
		console.log(`# while it hangs, ms: ${times.slice(0, 5).map(Math.round).join(', ')}, of ${times.length}`);
		assert.ok(Math.max(...times) < 4000, `${Math.max(...times)} ms`);
		assert.ok(times.filter((ms) => ms > 900).length <= 2, `${times.filter((ms) => ms > 900).length} waited`);
		for (const node of [a, b]) await connected(node);
	});

	test('a node that was away when its client came elsewhere finds it, though no webhook asks for it any more', async () => {
		const receiver = w.keep(await Receiver.start());
		const db = w.fresh('db');
		const client = await listen(a, receiver.port, 'missed', 'me', db);
		await waitFor('its record', () => readRecord(brokers, 'tunnel.missed'));
		await client.stop('SIGINT');
		await waitFor('it to be known at the other node', async () => (await post(b.port, '/missed', 'kept')).status === 202);
		await brokers.stopAll();
		await waitFor('both to notice', async () => /away/.test((await a.get('/readyz')).text) && /away/.test((await b.get('/readyz')).text));
		b.signal('SIGSTOP');
		brokers.run(brokers.all[0]);
		await connected(a);
		const before = await readRecord(brokers, 'tunnel.missed');
		const again = await listen(a, receiver.port, 'missed', 'me', db);
		await waitFor('its record to say so', async () => !before.equals(await readRecord(brokers, 'tunnel.missed')));
		b.signal('SIGCONT');
		await waitFor('what waits at the other node', () => receiver.requests.some((r) => r.body.toString() === 'kept'), 40_000);
		await waitFor('no copy to be due', async () => /^creel_cluster_copies_pending 0$/m.test((await b.get('/metrics')).text));
		await again.stop('SIGINT');
	});

	test('a client that a node joined while NATS hung, and lost without a sign, is not taken back from the node where it is now', async () => {
		const receiver = w.keep(await Receiver.start());
		const { process } = brokers.all[0];
		process.signal('SIGSTOP');
		const way = w.keep(await Way.start(b.port));
		const client = await listen({ ...b, port: way.port }, receiver.port, 'moved-on');
		b.signal('SIGSTOP');
		way.port_to = a.port;
		way.desert();
		await waitFor('it to be at the other node', async () => (await post(a.port, '/moved-on', 'there')).status === 200, 30_000);
		process.signal('SIGCONT');
		const record = await waitFor('its record', () => readRecord(brokers, 'tunnel.moved-on'), 30_000);
		b.signal('SIGCONT');
		await connected(b);
		// Node b has a connection that looks alive, until its pings are not answered.
		await waitFor('the node that lost it to find it', async () => (await post(b.port, '/moved-on', 'across')).status === 200, 60_000);
		assert.equal(client.result, undefined, client.err);
		const clients = (bytes) => bytes.subarray(13); // behind version, owner and since when the name is its: the earlier of two
		assert.deepEqual(clients(await readRecord(brokers, 'tunnel.moved-on')), clients(record));
		await client.stop('SIGINT');
	});

	for (const late of ['told first', 'told last'])
		test(`a name that two tokens took on two sides of a cut is the earlier one’s; the later one, ${late}, is told so`, async () => {
			const name = late.replace(' ', '-'), [first, second] = late === 'told first' ? [a, b] : [b, a];
			const owner = async () => String(await readRecord(brokers, `tunnel.${name}`));
			await brokers.stopAll();
			await waitFor('both to notice', async () => /away/.test((await a.get('/readyz')).text) && /away/.test((await b.get('/readyz')).text));
			const kept = await listen(first, 9, name, 'me');
			const refused = await listen(second, 9, name, 'you');
			// The one whose node comes to the bucket first is its owner there, for as long as the other does not.
			const waits = late === 'told first' ? first : second, comes = waits === first ? second : first;
			waits.signal('SIGSTOP');
			brokers.run(brokers.all[0]);
			await connected(comes);
			await waitFor('its record', async () => (await owner()).includes(comes === second ? 'you' : 'me'));
			waits.signal('SIGCONT');
			const end = await within('the later one to be refused', refused.end());
			assert.equal(end.code, 3);
			assert.match(refused.err, /belongs to another token/);
			await waitFor('the record to be the earlier one’s', async () => (await owner()).includes('me'));
			assert.equal(kept.result, undefined, 'the earlier one stays');
			for (const node of [a, b]) await waitFor('its client to be known', async () => [502, 503].includes((await post(node.port, `/${name}`)).status));
			await kept.stop('SIGINT');
		});

	test('every program ended cleanly', () => w.endsCleanly());
});

describe('what waits at a node', { skip: hasNats ? false : 'nats-server is not installed' }, () => {
	const v = new World();
	after(() => v.close());

	test('is copied, and handed out by another node when its own disk is gone', async () => {
		const servers = await Brokers.start(v, 1);
		const quick = { args: ['--cluster-adopt-after', '1s'] };
		const one = await startNode(v, servers, quick);
		const token = (await v.run('creel-relay', ['token', 'add', 'me', '--data', one.data])).text.trim();
		const two = await startNode(v, servers, quick);
		await waitFor('the token', async () => /me/.test((await v.run('creel-relay', ['token', 'list', '--data', two.data])).text));
		const receiver = v.keep(await Receiver.start());
		const db = v.fresh('db');
		const rest = { target: receiver.port, name: 'backlog', db, env: { CREEL_TOKEN: token } };
		const client = await v.startClient({ relay: one, ...rest });
		await client.stop('SIGINT');
		const large = 'x'.repeat(1_300_000);
		const bodies = [...Array.from({ length: 30 }, (_, i) => `webhook ${i}`), large];
		for (const body of bodies) assert.equal((await post(one.port, '/backlog', body)).status, 202);
		await waitFor('all to be copied', async () => /^creel_cluster_copies_pending 0$/m.test((await one.get('/metrics')).text));
		one.signal('SIGKILL');
		await one.end();
		await removeFolder(one.data);
		await waitFor('them to be adopted', async () => Number(/^creel_cluster_adopted_total (\d+)$/m.exec((await two.get('/metrics')).text)[1]) >= bodies.length, 60_000);
		const again = await v.startClient({ relay: two, ...rest });
		await waitFor('all of them at the app', () => receiver.requests.length >= bodies.length);
		assert.deepEqual(receiver.requests.map((r) => r.body.toString()).sort(), [...bodies].sort());
		await waitFor('the copies to be deleted', async () =>
			JSON.parse(await ask(servers.all[0].port, '$JS.API.STREAM.INFO.CREEL_COPY')).state.messages === 0);
		await again.stop('SIGINT');
		await two.stop('SIGTERM');
		assert.doesNotMatch(two.err, /Sanitizer|runtime error/);
	});
});
