// What twenty open pages and a reader who stopped cost a client that forwards: webhooks a second with and without them, in
// turns, so that both have the same hour. Usage: node pages.mjs BUILD_DIR. The CPU time of the client for a thousand
// webhooks stands beside it. Beyond 2 % less it fails.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

process.env.CREEL_BIN_DIR = path.resolve(process.argv[2]);
const { World, waitFor } = await import('../e2e/lib/harness.mjs');
const { stream } = await import('../e2e/lib/web.mjs');

const SECONDS = Number(process.env.SECONDS ?? 3), TURNS = Number(process.env.TURNS ?? 8), AT_ONCE = 16;
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const w = new World();
try {
	const relay = await w.startRelay(), app = http.createServer((request, answer) => request.resume().on('end', () => answer.end('ok')));
	await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
	const client = await w.startClient({ relay, target: app.address().port, name: 'shop', args: ['--web', '--web-port', '0'] });
	const url = new URL(await waitFor('its address', () => /http:\/\/127\.0\.0\.1:\d+\/\?token=\w+/.exec(client.err)?.[0]));
	const web = { port: Number(url.port), token: url.searchParams.get('token') };
	const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
	const one = () => new Promise((resolve, reject) => http.request({ agent, host: '127.0.0.1', port: relay.port, path: '/shop/hooks', method: 'POST', headers: { 'Content-Length': 2 } }, (a) => a.resume().on('end', () => (a.statusCode === 200 ? resolve() : reject(new Error(`the webhook was answered ${a.statusCode}`))))).on('error', reject).end('{}'));
	const ticks = () => readFileSync(`/proc/${client.child.pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13).reduce((n, t) => n + Number(t), 0);
	const turn = async () => {
		const from = performance.now(), before = ticks();
		let count = 0;
		const again = async () => {
			while (performance.now() - from < SECONDS * 1000) {
				await one();
				count++;
			}
		};
		await Promise.all([...Array(AT_ONCE)].map(again));
		return { rate: (1000 * count) / (performance.now() - from), cpu: (10 * (ticks() - before) * 1000) / count };
	};
	const open = async () => {
		const all = [...Array(21)].map(() => stream(web));
		for (const s of all) await waitFor('a page', () => s.answered());
		all[0].pause();
		return all;
	};
	await turn();
	const without = [], beside = [];
	for (let i = 0; i < TURNS; i++) {
		without.push(await turn());
		const all = await open();
		beside.push(await turn());
		for (const s of all) s.close();
	}
	const rates = [without, beside].map((l) => median(l.map((t) => t.rate))), cpu = [without, beside].map((l) => median(l.map((t) => t.cpu)));
	console.log(`webhooks a second: ${rates[0].toFixed(0)}, with twenty pages and one that stopped ${rates[1].toFixed(0)}; CPU of the client for 1,000: ${cpu[0].toFixed(0)} ms and ${cpu[1].toFixed(0)} ms`);
	if (rates[1] < 0.98 * rates[0]) {
		console.error(`bench: twenty pages cost ${(100 - (100 * rates[1]) / rates[0]).toFixed(1)} % of the webhooks, 2 at most`);
		process.exitCode = 1;
	}
	agent.destroy();
	app.closeAllConnections();
	app.close();
} finally {
	await w.close();
}
