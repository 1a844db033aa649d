// Three nodes of a cluster and three servers of NATS on this machine, beside one relay without any. Live webhooks at the
// node that has the client, and at another; durable ones without copies, with one replica and with three; TUNNELS idle
// tunnels over the nodes, a node's kill -9, and look-ups. In turns within a round, medians of ROUNDS rounds.
// Usage: node cluster.mjs BUILD_DIR (the descriptors allowed must be more than the tunnels); ROUNDS, SECONDS_EACH,
// TUNNELS, CONNECTIONS="1 32 256", SETS="live large durable tunnels"
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';

process.env.CREEL_BIN_DIR = path.resolve(process.argv[2]);
const { waitFor, World } = await import('../e2e/lib/harness.mjs');
const { Brokers, hasNats, readRecord, startNode } = await import('../e2e/lib/cluster.mjs');
const { Tunnel } = await import('../e2e/lib/tunnel.mjs');
const { startApp } = await import('./app.mjs');
if (!hasNats) {
	console.log('cluster: nats-server is not installed, or this build is without NATS');
	process.exit(0);
}

const rounds = Number(process.env.ROUNDS ?? 3), seconds = Number(process.env.SECONDS_EACH ?? 2), count = Number(process.env.TUNNELS ?? 10_000);
const sets = (process.env.SETS ?? 'live large durable tunnels').split(' ');
const connections = (process.env.CONNECTIONS ?? '1 32 256').split(' ').map(Number);
const here = import.meta.dirname;
const w = new World();
const tunnels = [];
let faults = 0;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const at = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
const sorted = (list) => [...list].sort((a, b) => a - b);
const median = (list) => at(sorted(list), 0.5);
const mib = (p) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${p.pid}/status`, 'utf8'))[1]) / 1024;
const cpuSeconds = (all) => all.reduce((sum, p) => sum + readFileSync(`/proc/${p.pid}/stat`, 'latin1').split(' ').slice(13, 15).reduce((a, b) => a + Number(b), 0) / 100, 0);
const metric = async (node, name) => Number((await node.get('/metrics')).text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ')[1]);
const ms = (text) => parseFloat(text) * (/us$/.test(text) ? 0.001 : /ms$/.test(text) ? 1 : 1000);

/** Messages that the nodes have sent to their servers of NATS. */
async function messagesSent(brokers) {
	const all = await Promise.all(brokers.map((b) => fetch(`http://127.0.0.1:${b.http}/connz`).then((r) => r.json())));
	return all.flatMap((one) => one.connections).reduce((sum, c) => sum + c.in_msgs, 0);
}

/** { rps, p50, p99, bad, cpu, nats, messages }: seconds of CPU for 10,000 webhooks, of creel and of NATS; messages a webhook. */
async function load(url, connections, script, { processes = [], brokers = [], lasts = seconds } = {}) {
	const servers = brokers.map((b) => b.process);
	const before = [cpuSeconds(processes), cpuSeconds(servers), await messagesSent(brokers)];
	const { stdout } = await promisify(execFile)('wrk', [`-t${connections > 1 ? 2 : 1}`, `-c${connections}`, `-d${lasts}s`, '--timeout', '30s', '--latency', '-s', path.join(here, script), url]);
	const find = (pattern) => pattern.exec(stdout)?.slice(1) ?? ['0'];
	const n = Number(find(/(\d+) requests in/)[0]);
	const bad = Number(find(/Non-2xx or 3xx responses: (\d+)/)[0]) + find(/Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/).reduce((a, b) => a + Number(b), 0);
	return { rps: Number(find(/Requests\/sec:\s+([\d.]+)/)[0]), p50: ms(find(/^\s+50%\s+(\S+)/m)[0]), p99: ms(find(/^\s+99%\s+(\S+)/m)[0]), bad: n ? bad : bad + 1,
		cpu: ((cpuSeconds(processes) - before[0]) * 10_000) / Math.max(1, n), nats: ((cpuSeconds(servers) - before[1]) * 10_000) / Math.max(1, n),
		messages: (await messagesSent(brokers) - before[2]) / Math.max(1, n) };
}

/** Ways in turns, in an order that changes: prints a line for each, with its ratio to the first. */
async function compare(what, ways, run, { between = async () => {} } = {}) {
	const all = new Map(ways.map((way) => [way, []]));
	for (let round = 0; round < rounds; round++)
		for (const way of round % 2 ? [...ways].reverse() : ways) {
			all.get(way).push(await run(way));
			await between(way);
		}
	const [first] = ways;
	for (const way of ways) {
		const r = all.get(way), of = (f) => median(r.map((x) => x[f]));
		const ratios = sorted(r.map((x, i) => x.rps / all.get(first)[i].rps)), bad = r.reduce((sum, x) => sum + x.bad, 0);
		console.log(`${what.padEnd(14)} ${way.name.padEnd(26)} ${of('rps').toFixed(of('rps') < 100 ? 1 : 0).padStart(6)}/s  p50 ${of('p50').toFixed(2)}, p99 ${of('p99').toFixed(2)} ms`
			+ (way === first ? '' : `  ${median(ratios).toFixed(2)} (${ratios[0].toFixed(2)} to ${ratios.at(-1).toFixed(2)}) of ${first.name}`)
			+ (way.processes ? `  CPU ${of('cpu').toFixed(2)} s/10,000${way.brokers ? `, NATS ${of('nats').toFixed(2)}, ${of('messages').toFixed(2)} messages a webhook` : ''}` : '') + (bad ? `  ${bad} FAILED` : ''));
		faults += bad;
	}
}

/** Accounts, so that clusters with other replicas use the same three servers and know nothing of each other. */
const startBrokers = () => Brokers.start(w, 3, { extra: `accounts { ${['live', 'none', 'one', 'three'].map((a) => `${a} { jetstream: enabled, users: [ { user: ${a}, password: bench } ] }`).join('\n')} }
no_auth_user: live` });
/** `at`: which server its list begins with, and it sits at. */
async function node(brokers, at, account, replicas) {
	const file = w.fresh('credentials');
	writeFileSync(file, `${account}:bench\n`, { mode: 0o600 });
	const list = [...brokers.all.slice(at), ...brokers.all.slice(0, at)].map(({ port }) => `127.0.0.1:${port}`);
	return startNode(w, { ...brokers, urls: `nats://${list.join(',')}` }, { replicas, args: ['--cluster-credentials', file, '--spool-max-bytes', '8GiB', '--max-tunnels-per-token', '0',
		'--max-connections-per-address', '0'] });
}

async function live(nodes, alone, brokers) {
	const app = await startApp(w);
	const listen = (relay, name) => w.startClient({ relay, target: app, name, db: w.fresh('db'), output: 'quiet' });
	const near = await listen(nodes[0], 'bench'), single = await listen(alone, 'bench');
	for (const other of nodes.slice(1)) await waitFor('the other nodes to know the client', async () => (await fetch(`http://127.0.0.1:${other.port}/bench/x`)).ok);
	const ways = [
		{ name: 'the node with the client', relay: nodes[0], processes: [nodes[0], near] },
		{ name: 'one relay', relay: alone, processes: [alone, single] },
		{ name: 'another node', relay: nodes[1], processes: [nodes[0], nodes[1], near], brokers: brokers.all },
		{ name: 'another, at another server', relay: nodes[2], processes: [nodes[0], nodes[2], near], brokers: brokers.all },
	];
	for (const c of sets.includes('live') ? connections : [])
		await compare(`live, c=${c}`, ways, (way) => load(`http://127.0.0.1:${way.relay.port}/bench/hook`, c, 'post.lua', way));
	if (sets.includes('large')) await compare('live, 10 MiB', ways, (way) => load(`http://127.0.0.1:${way.relay.port}/bench/hook`, 1, 'post_large.lua', way));
	for (const client of [near, single]) await client.stop('SIGINT');
}

async function durable(ways, brokers) {
	for (const way of ways) {
		const t = await Tunnel.online(way.relay.port, 'kept');
		await t.leave();
	}
	const copied = async (way) => {
		if (!way.copies) return;
		const begun = performance.now(), waiting = await metric(way.relay, 'creel_cluster_copies_pending');
		await waitFor(`${way.name}: all copies`, async () => (await metric(way.relay, 'creel_cluster_copies_pending')) === 0, 120_000);
		way.after = Math.max(way.after ?? 0, waiting), way.took = Math.max(way.took ?? 0, (performance.now() - begun) / 1000);
	};
	await compare('durable, c=32', ways, (way) => load(`http://127.0.0.1:${way.relay.port}/kept/hook`, 32, 'post.lua'), { between: copied });
	for (const way of ways.filter((one) => one.copies))
		console.log(`${''.padEnd(14)} ${way.name}: ${await metric(way.relay, 'creel_cluster_copies_late_total')} of them late; at most ${way.after} still to be copied after a round, done ${way.took.toFixed(1)} s later`);

	// All servers hang: senders wait for a copy once, then for none.
	const last = ways.at(-1), late = () => metric(last.relay, 'creel_cluster_copies_late_total'), before = await late();
	brokers.all.forEach((b) => b.process.signal('SIGSTOP'));
	const first = await load(`http://127.0.0.1:${last.relay.port}/kept/hook`, 32, 'post.lua', { lasts: 4 });
	const then = await load(`http://127.0.0.1:${last.relay.port}/kept/hook`, 32, 'post.lua');
	faults += first.bad + then.bad;
	brokers.all.forEach((b) => b.process.signal('SIGCONT'));
	const count = await late() - before, waiting = await metric(last.relay, 'creel_cluster_copies_pending'), begun = performance.now();
	await waitFor('all copies', async () => (await metric(last.relay, 'creel_cluster_copies_pending')) === 0, 120_000);
	console.log(`durable, c=32  all servers of NATS hang: ${first.rps.toFixed(0)}/s in the first 4 s, then ${then.rps.toFixed(0)}/s, ${count} late in all; `
		+ `${waiting} still to be copied when they go on, done ${((performance.now() - begun) / 1000).toFixed(1)} s later`);
}

/** Online, with a wait after each failure that grows as creel's does, at one node after the other. */
async function comeOnline(nodes, n) {
	const begun = performance.now();
	for (let tries = 0, wait = 250; ; tries++, wait = Math.min(2 * wait, 15_000)) {
		try {
			const t = await Tunnel.online(nodes[(n + tries) % nodes.length].port, `idle-${n}`, { localAddress: `127.0.9.${1 + (n % 200)}` });
			t.ws.on('message', () => t.frames.splice(0).forEach((f) => f.type === 'REQUEST' && t.answer(f)));
			tunnels[n] = t;
			return performance.now() - begun;
		} catch {
			await sleep(wait * (0.5 + Math.random() / 2));
		}
	}
}

async function inTurns(from, to, atOnce, each) {
	const results = [];
	let next = from;
	await Promise.all(Array.from({ length: atOnce }, async () => {
		for (let n; (n = next++) < to;) results.push(await each(n));
	}));
	return results;
}

async function many(nodes, brokers) {
	const memory = () => [nodes.map(mib), brokers.all.map((b) => mib(b.process))];
	const before = memory(), begun = performance.now();
	await inTurns(0, count, 64, (n) => comeOnline(nodes, n));
	await waitFor('all records', async () => (await Promise.all(nodes.map((_, k) => readRecord(brokers, `tunnel.idle-${count - 1 - k}`)))).every(Boolean), 60_000);
	const took = (performance.now() - begun) / 1000, now = memory();
	const more = (k) => now[k].map((m, i) => `${before[k][i].toFixed(1)} to ${m.toFixed(1)}`).join(', ');
	console.log(`${count} tunnels over ${nodes.length} nodes: joined in ${took.toFixed(1)} s (${(count / took).toFixed(0)}/s)
  MiB of each node ${more(0)}: ${((now[0].reduce((a, b) => a + b) - before[0].reduce((a, b) => a + b)) * 1024 / count).toFixed(1)} KiB a tunnel
  MiB of each nats-server ${more(1)}: ${((now[1].reduce((a, b) => a + b) - before[1].reduce((a, b) => a + b)) * 1024 / count / brokers.all.length).toFixed(2)} KiB a tunnel`);
	await lookups(nodes);

	const lost = tunnels.map((_, n) => n).filter((n) => n % nodes.length === 0), left = nodes.slice(1);
	const killed = performance.now();
	nodes[0].signal('SIGKILL');
	await nodes[0].end();
	const times = sorted(await Promise.all(lost.map((n) => comeOnline(left, n))));
	console.log(`a node's kill -9: ${lost.length} clients online elsewhere after ${((performance.now() - killed) / 1000).toFixed(1)} s; of each, p50 ${(at(times, 0.5) / 1000).toFixed(2)}, p99 ${(at(times, 0.99) / 1000).toFixed(2)} s (their ends are one Node.js process)`);
}

/** Names held elsewhere that a node has not asked for yet; and names that nobody has. */
async function lookups(nodes) {
	const agent = new http.Agent({ keepAlive: true, maxSockets: 256 });
	const get = (node, name) => new Promise((resolve) => {
		const begun = performance.now();
		http.get({ port: node.port, host: '127.0.0.1', agent, path: `/${name}/x` }, (a) => a.resume().on('end', () => resolve({ status: a.statusCode, ms: performance.now() - begun }))).on('error', () => resolve({ status: 0, ms: 0 }));
	});
	const held = Math.min(2000, Math.floor(count / 3) - 1);
	for (const [what, name, status, total, atOnce] of [['held at another node, answered by its client', (n) => `idle-${3 * n + 1}`, 200, held, 32], ['that nobody has', (n) => `none-${n}`, 404, 600, 64]]) {
		await sleep(1100); // what the one before was allowed in its last second
		const begun = performance.now();
		const all = await inTurns(0, total, atOnce, (n) => get(nodes[0], name(n)));
		const took = (performance.now() - begun) / 1000, right = sorted(all.filter((r) => r.status === status).map((r) => r.ms));
		const refused = all.filter((r) => r.status === 503).length;
		console.log(`look-ups of names ${what}: ${(right.length / took).toFixed(0)}/s, p50 ${at(right, 0.5)?.toFixed(1)}, p99 ${at(right, 0.99)?.toFixed(1)} ms; ${refused} of ${total} refused (1,000 and 200 a second are allowed)`);
		faults += total - right.length - refused;
	}
	agent.destroy();
}

try {
	const brokers = await startBrokers();
	const alone = await w.startRelay({ args: ['--spool-max-bytes', '8GiB'] });
	// As with one list for all, and one whose server is lost to it: between two nodes at one server there is a hop less.
	const nodes = await Promise.all([0, 0, 1].map((at) => node(brokers, at, 'live', 3)));
	if (sets.includes('live') || sets.includes('large')) await live(nodes, alone, brokers);
	if (sets.includes('durable')) {
		const [none, one, three] = await Promise.all([['none', 0], ['one', 1], ['three', 3]].map(([account, replicas]) => node(brokers, 0, account, replicas)));
		await durable([{ name: 'one relay', relay: alone }, { name: 'without copies', relay: none }, { name: 'copies, one replica', relay: one, copies: true }, { name: 'copies, three replicas', relay: three, copies: true }], brokers);
		for (const p of [none, one, three]) await p.stop('SIGTERM');
	}
	if (sets.includes('tunnels')) await many(nodes, brokers);
} finally {
	for (const t of tunnels) t?.ws.terminate();
	await w.close();
}
if (faults) console.error(`cluster: ${faults} webhooks or look-ups failed`);
process.exit(faults ? 1 : 0);
