// A laptop that changes its network: the client notices at once, and does not wait for two pings. Two networks of the
// tests' own, a cable between them: the relay in one, the client in the other.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { World, waitFor, within } from './lib/harness.mjs';
import { enterNetns, hasNetns } from './lib/netns.mjs';

const RELAY = '10.77.1.1';

describe('a change of the network', { skip: !hasNetns }, () => {
	let w, relay, client, laptop;
	const laptopRun = async (line) => {
		const r = await w.run('sh', ['-c', line]);
		assert.equal(r.code, 0, `${line}: ${r.err}`);
	};
	const states = () => client.events.filter((e) => e.type === 'state').map((e) => e.state);
	/** The states from here on, once it is online again, and how long that took. */
	const onlineAgain = async (change) => {
		const before = states().length, since = Date.now();
		await change();
		await waitFor(() => `offline and online; ${states().slice(before)}\n${client.err}`, () => {
			const seen = states().slice(before);
			return seen.includes('offline') && seen.at(-1) === 'online';
		});
		return Date.now() - since;
	};
	const isReached = async (target) => {
		// From the relay's side: the webhook does not pass the laptop's network but through the tunnel.
		const r = await relay.run('curl', ['-s', '-m', '10', '-o', '/dev/null', '-w', '%{http_code}', '-d', 'x', `http://${RELAY}:${relay.port}/laptop${target}`]);
		assert.equal(r.text, '204');
	};

	before(async () => {
		w = new World();
		await enterNetns(w, []);
		laptop = w.inside;
		// The relay's network is the child of the laptop's, so that the cable can be laid.
		const holder = spawn(laptop[0], [...laptop.slice(1), 'unshare', '-n', 'sh', '-c', 'ip link set lo up && echo $$ && exec sleep infinity'], { stdio: ['ignore', 'pipe', 'inherit'], env: w.env });
		w.keep({ close: () => holder.kill('SIGKILL') && once(holder, 'close') });
		const pid = Number((await within('the second network', once(holder.stdout, 'data')))[0]);
		const there = [laptop[0], '-t', String(pid), ...laptop.slice(3)];
		await laptopRun(`ip link add v0 type veth peer name v1 netns ${pid} && ip addr add 10.77.1.2/24 dev v0 && ip link set v0 up`);
		const inRelays = async (f) => {
			w.inside = there;
			try {
				return await f();
			} finally {
				w.inside = laptop;
			}
		};
		await inRelays(() => laptopRun(`ip addr add ${RELAY}/24 dev v1 && ip addr add 10.77.2.1/24 dev v1 && ip link set v1 up`));
		const { data, token } = await w.makeData();
		relay = await inRelays(() => w.startRelay({ data, listen: '0.0.0.0:0', args: ['--public-url', `http://${RELAY}:1`] }));
		relay.run = (...args) => inRelays(() => w.run(...args));
		client = await w.startClient({ relayUrl: `http://${RELAY}:${relay.port}`, name: 'laptop', args: ['--answer', '204', '--allow-plain-token'],
			// libwebsockets 4.1.6 loses 160 bytes whenever connect() fails at once, as it does without a route.
			env: { CREEL_TOKEN: token, ASAN_OPTIONS: 'detect_leaks=0:exitcode=99' } });
		await isReached('/first');
	});
	after(() => w?.close());

	it('another address in the place of the one it had: online again within 3 s, with the default ping', async () => {
		const took = await onlineAgain(() => laptopRun('ip addr del 10.77.1.2/24 dev v0; sleep 0.5; ip addr add 10.77.1.3/24 dev v0'));
		assert.ok(took < 3500, `${took} ms`);
		assert.ok(client.events.some((e) => e.type === 'state' && /network changed/.test(e.detail ?? '')), 'it says why');
		await isReached('/second');
	});

	it('a while without any address: online as soon as there is one', async () => {
		const before = states().length;
		await laptopRun('ip addr del 10.77.1.3/24 dev v0');
		await waitFor('offline', () => states().slice(before).includes('offline'));
		await waitFor('several tries', () => states().slice(before).filter((s) => s === 'offline').length > 4);
		const since = Date.now();
		await laptopRun('ip addr add 10.77.1.4/24 dev v0');
		await waitFor('online', () => states().at(-1) === 'online');
		assert.ok(Date.now() - since < 3000, `${Date.now() - since} ms`);
		await isReached('/third');
	});

	it('the route now leads nowhere, though the address is the same: given up after 2 s', async () => {
		const took = await onlineAgain(() => laptopRun(`ip route add blackhole ${RELAY}/32; sleep 2.3; ip route del blackhole ${RELAY}/32`));
		assert.ok(took < 6000, `${took} ms`);
		await isReached('/fourth');
	});

	it('a change that does not concern it leaves it online', async () => {
		const before = states().length;
		await laptopRun('ip addr add 10.99.0.1/24 dev v0 && ip route add 10.98.0.0/16 dev v0 && ip route del 10.98.0.0/16 dev v0 && ip addr del 10.99.0.1/24 dev v0');
		await isReached('/fifth');
		const until = Date.now() + 2500; // more than the relay's time to answer
		await waitFor('that time', () => Date.now() > until);
		assert.deepEqual(states().slice(before), []);
		await isReached('/sixth');
	});

	it('every program ended cleanly', () => w.endsCleanly());
});
