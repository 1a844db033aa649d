// The relay with TUNNELS tunnels (the descriptors allowed must be more): how long all of them take to join, memory of each and
// CPU of all while idle, and CPU and latency while each gets a webhook every two seconds.
// The tunnels' ends are the tests' own (tests/e2e/lib), in this process. Usage: node tunnels.mjs BUILD_DIR
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

process.env.CREEL_BIN_DIR = path.resolve(process.argv[2]);
const { World } = await import('../e2e/lib/harness.mjs');
const { Tunnel } = await import('../e2e/lib/tunnel.mjs');

const count = Number(process.env.TUNNELS ?? 2000), seconds = Number(process.env.TRICKLE_SECONDS ?? 10);
const w = new World();
const relay = await w.startRelay({ args: ['--max-tunnels-per-token', '0', '--max-connections-per-address', '0'] });
const kib = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${relay.pid}/status`, 'utf8'))[1]);
const ticks = () => readFileSync(`/proc/${relay.pid}/stat`, 'latin1').split(' ').slice(13, 15).reduce((a, b) => a + Number(b), 0);
const tunnels = [];
try {
	const before = kib(), begun = performance.now(), spent = ticks();
	for (let i = 0; i < count; i += 50) tunnels.push(...(await Promise.all(Array.from({ length: 50 }, (_, k) => Tunnel.online(relay.port, `idle-${i + k}`)))));
	console.log(`${count} idle tunnels: relay ${before} -> ${kib()} KiB, ${((kib() - before) / count).toFixed(1)} KiB a tunnel`);

	const joined = (performance.now() - begun) / 1000;
	console.log(`all joined in ${joined.toFixed(1)} s (${(count / joined).toFixed(0)}/s; relay ${((ticks() - spent) * 10 / count).toFixed(2)} ms of CPU a tunnel)`);
	const quiet = ticks();
	await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
	console.log(`nobody sends anything for ${seconds} s: relay ${((ticks() - quiet) / seconds).toFixed(1)} % of a core`);

	for (const t of tunnels)
		t.ws.on('message', () => {
			for (const f of t.frames.splice(0)) if (f.type === 'REQUEST') t.answer(f);
		});
	const agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
	const body = Buffer.alloc(1024, 'x');
	const took = [];
	let failed = 0;
	const post = (i) => new Promise((resolve) => {
		const start = performance.now();
		const r = http.request({ port: relay.port, host: '127.0.0.1', agent, method: 'POST', path: `/idle-${i}/hook`, headers: { 'Content-Length': body.length } }, (a) => {
			a.resume().on('end', () => {
				took.push(performance.now() - start);
				if (a.statusCode !== 200) failed++;
				resolve();
			});
		});
		r.on('error', () => resolve(failed++)).end(body);
	});
	const start = performance.now(), from = ticks(), under = [];
	for (let n = 0, due; (due = start + (n * 2000) / count) < start + seconds * 1000; n++) {
		const left = due - performance.now();
		if (left > 1) await new Promise((resolve) => setTimeout(resolve, left));
		under.push(post(n % count));
	}
	await Promise.all(under);
	took.sort((a, b) => a - b);
	const at = (q) => took[Math.floor(took.length * q)].toFixed(2);
	console.log(`${count} tunnels, a webhook each 2 s (${(took.length / ((performance.now() - start) / 1000)).toFixed(0)}/s): relay ${(((ticks() - from) / seconds)).toFixed(1)} % of a core, `
		+ `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms (the far ends are one Node.js process), ${failed} failed; relay ${kib()} KiB`);
} finally {
	for (const t of tunnels) t.ws.terminate();
	await w.close();
}
