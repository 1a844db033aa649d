// Nodes, servers and clients are killed, stopped and cut off while webhooks come at every node; then what was acknowledged
// is held against what is on record. FAULTS=200 of them, SEED= makes their choice; KINDS=nodeCut,nodeGone are
// the only ones then; LOGS= is a folder that gets what the programs said, when it fails.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { waitFor } from '../e2e/lib/harness.mjs';
import { Fleet, musts } from './lib/fleet.mjs';
import { Ground } from './lib/ground.mjs';
import { canCut } from './lib/machines.mjs';
import { leaderOf } from './lib/servers.mjs';

const faults = Number(process.env.FAULTS || 200);
const seed = Number(process.env.SEED || Math.floor(Math.random() * 1e9));
const LONG_MS = 10_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let ground, fleet, random;
const counts = {};

before(async () => {
	ground = await Ground.open({ nodeArgs: ['--ping-interval', '1s', '--reply-timeout', '10s', '--resume-grace', '2s', '--cluster-adopt-after', '3s', '--spool-max-bytes', '1GiB'] });
	fleet = await Fleet.open(ground, { seed, rate: Number(process.env.RATE || 40) });
	random = fleet.random.fork('faults');
}, { timeout: 180_000 });
after(async () => {
	await fleet?.close();
	await ground?.close();
});

/** Something happens to one program at a time: what is down, stopped or cut off is not hit again before it is back. */
const busy = new Set();
async function hit(what, deed) {
	if (!what || busy.has(what)) return false;
	busy.add(what);
	try {
		await deed(what);
	} finally {
		busy.delete(what);
	}
	return true;
}

const node = () => random.pick(ground.nodes);
const leader = () => leaderOf(ground.brokers, random.pick(['KV_CREEL', 'CREEL_COPY', null]));
const stop = (x) => x.program.pause(LONG_MS);
const cut = async (x) => {
	await x.machine.cut();
	await sleep(LONG_MS);
	await x.machine.cut(false);
};
const cutFrom = (others) => async (x) => {
	const machines = others(x).map((o) => o.machine);
	await x.machine.cutFrom(machines);
	await sleep(LONG_MS);
	await x.machine.cutFrom(machines, false);
};
const allServers = () => ground.brokers.all;

const kinds = {
	nodeKilled: () => hit(node(), (x) => x.program.kill(random.int(0, 600))),
	// Long enough for others to take over its copies; what it has itself comes as well when it is back.
	nodeGone: () => hit(node(), (x) => x.program.kill(random.int(22_000, 30_000))),
	nodeStopped: () => hit(node(), stop),
	serverKilled: async () => hit(await leader(), (x) => x.program.kill(random.int(0, 3000))),
	serverStopped: async () => hit(await leader(), stop),
	serversKilled: () => hit(ground.brokers, async () => {
		const down = random.int(0, 5000);
		await Promise.all(allServers().map((x) => hit(x, () => x.program.kill(down))));
	}),
	clientKilled: () => hit(random.pick(fleet.clients), (x) => x.program.kill(random.int(0, 3000))),
	...(canCut && {
		nodeCut: () => hit(node(), cut),
		nodeCutFromServers: () => hit(node(), cutFrom(allServers)),
		serverCut: async () => hit(await leader(), cut),
		serverCutFromServers: async () => hit(await leader(), cutFrom((x) => allServers().filter((o) => o !== x))),
	}),
};

/** All kinds as often as each other, in an order of their own each time. */
function* deck() {
	for (;;) {
		const left = process.env.KINDS ? process.env.KINDS.split(',') : Object.keys(kinds);
		while (left.length) yield left.splice(random.int(0, left.length - 1), 1)[0];
	}
}

async function recovered() {
	await ground.connected(undefined, 120_000);
	await fleet.allOnline();
}

test(`${faults} faults, seed ${seed}${canCut ? '' : ', nothing cut off'}: nothing acknowledged is lost, recorded twice or altered, and every sender has an answer`, { timeout: faults * 60_000 + 600_000 }, async (t) => {
	const began = Date.now();
	let broke = null, done = 0;
	const under = new Set();
	const kind = deck();
	fleet.senders.start();
	while (done < faults && !broke) {
		const name = kind.next().value;
		const at = Date.now();
		const fault = kinds[name]().then((hit) => {
			if (!hit) return;
			done++;
			counts[name] = (counts[name] ?? 0) + 1;
			console.log(`# ${Math.round((at - began) / 1000)} s: ${name}; ${fleet.senders.next - 1} sent, ${fleet.senders.acknowledged} acknowledged`);
		}, (error) => (broke = error)).finally(() => under.delete(fault));
		under.add(fault);
		if (random.chance(0.1)) fleet.app.changeMood();
		// In full flight, or while another is still going on.
		if (under.size < 2 && random.chance(0.3)) await sleep(random.int(0, 4000));
		else {
			await Promise.all(under);
			if (random.chance(0.6)) await recovered();
			else await sleep(random.int(0, 2000));
		}
	}
	await Promise.all(under);
	if (broke) throw broke;
	const ran = Date.now() - began;
	await recovered();
	await fleet.settle();
	// A node that was gone, and whose copies others took over, hands out what it has itself as well: records take it once.
	const left = async () => (await Promise.all(ground.nodes.flatMap((n) => ['creel_spool_deliveries', 'creel_cluster_copies_pending'].map((f) => ground.metric(n, f))))).join(' ');
	let last;
	const stuck = await waitFor(() => `nothing to wait any more: ${last}`, async () => /^[0 ]+$/.test((last = await left())), 90_000).then(() => null, (error) => error.message);
	await fleet.finish();
	const verdict = await fleet.verdict();
	t.diagnostic(JSON.stringify({ seed, ranMs: ran, faults: counts, ...verdict.figures }));
	t.diagnostic(`must be 0: ${JSON.stringify(musts(verdict.figures))}`);
	const figures = ['spool_deliveries', 'cluster_adopted_total', 'cluster_foreign_requests_total', 'cluster_copies_late_total', 'cluster_malformed_total'];
	for (const n of ground.nodes) {
		const all = await Promise.all(figures.map(async (f) => `${f} ${await ground.metric(n, `creel_${f}`)}`));
		t.diagnostic(`${n.name}: started ${n.program.starts} times, ${all.join(', ')}`);
	}
	if ((stuck || verdict.faults.length) && process.env.LOGS) ground.keepLogs(process.env.LOGS, fleet.clients);
	assert.deepEqual(verdict.faults, []);
	assert.equal(stuck, null);
	await ground.endsCleanly();
});
