// What a small webhook waits for while large bodies come, and while many are given up half way. A webhook of 1 KiB each
// 5 ms, for a while alone, then beside bodies of 64 MiB, beside eight senders at once that hang up in the middle of 10 MiB,
// eight apps that do in the middle of an answer, and eight senders that do. The app of the small ones is a program of its
// own. Usage: node beside.mjs BUILD_DIR [OTHER_BUILD_DIR], in turns whose order changes; ROUNDS, SECONDS_EACH,
// SETS="large cut half gone". Medians of the rounds. The same once more with the record in memory says what the processors
// alone make of it. On a busy machine: CHRT=4 chrt -r 5 node beside.mjs … (what is beside has the priority CHRT). Fails
// where small webhooks wait longer than LIMIT_MS more than alone (p99; Infinity: the memory alone counts), where the
// client needs more than MEMORY_MIB, or leaves files that are nobody's.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const LIMIT_MS = Number(process.env.LIMIT_MS ?? 20), MEMORY_MIB = 32, LARGE = 64 << 20, MIDDLE = 10 << 20, AT_ONCE = 8, PAUSE_MS = 100, PIECE = Buffer.alloc(1 << 16, 'l');

/** AT_ONCE connections that send `head`, then do as `go` says until they are cut off; after a pause the same again. */
async function at_once(port, head, go) {
	for (;;) {
		await Promise.all([...Array(AT_ONCE)].map((_, i) => new Promise((resolve) => {
			const s = net.connect(port, '127.0.0.1', () => {
				s.write(head);
				go(s, i, () => s.resetAndDestroy());
			});
			s.on('error', () => {}).on('close', resolve);
		})));
		process.send(AT_ONCE);
		await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
	}
}

/* The others are programs of their own: what they do is not to hold up the clock here. */
const parts = {
	app() {
		const server = http.createServer((request, answer) => {
			const path = request.url;
			request.resume().on('end', () => {
				if (path !== '/whole' && path !== '/half') return answer.end('ok');
				answer.writeHead(200, { 'Content-Length': MIDDLE });
				for (let n = 0; n < MIDDLE / 2; n += PIECE.length) answer.write(PIECE);
				if (path === '/half') answer.write('x', () => answer.destroy());
				else answer.end(Buffer.alloc(MIDDLE / 2));
			});
		});
		server.listen(0, '127.0.0.1', () => process.send(server.address().port));
	},
	/** Whole bodies, one after the other. */
	async large(port) {
		for (;;) {
			await new Promise((resolve, reject) => {
				const s = net.connect(port, '127.0.0.1', () => s.write(`POST /shop/large HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${LARGE}\r\nConnection: close\r\n\r\n`));
				let sent = 0, head = '';
				const more = () => {
					while (sent < LARGE) {
						sent += PIECE.length;
						if (!s.write(PIECE)) return s.once('drain', more);
					}
				};
				s.once('connect', more);
				s.on('data', (d) => (head += d)).on('error', reject);
				s.on('end', () => (s.end(), head.startsWith('HTTP/1.1 200') ? resolve() : reject(new Error(head.slice(0, 80)))));
			});
			process.send(1);
		}
	},
	/** Senders that hang up somewhere in the body. */
	cut: (port) => at_once(port, `POST /shop/cut HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${MIDDLE}\r\n\r\n`, (s, i, done) => {
		s.on('data', (d) => console.error(`bench: who was to hang up was answered: ${String(d).split('\r\n')[0]}`));
		let left = ((i + 1) * MIDDLE) / (AT_ONCE + 2);
		const more = () => {
			left -= PIECE.length;
			s.write(PIECE, () => (left > 0 ? setTimeout(more, 1) : done()));
		};
		more();
	}),
	/** Apps that hang up in the middle of their answer. */
	half: (port) => at_once(port, 'POST /shop/half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\ngo', (s, i, done) => s.on('data', () => {}).on('end', done)),
	/** Senders that hang up when a part of the answer has come. */
	gone: (port) => at_once(port, 'POST /shop/whole HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\ngo', (s, i, done) => {
		let left = ((i + 1) * MIDDLE) / (AT_ONCE + 2);
		s.on('data', (d) => (left -= d.length) <= 0 && done());
	}),
};

const mode = process.argv[2];
if (process.send && parts[mode]) {
	process.on('disconnect', () => process.exit());
	await parts[mode](Number(process.argv[3]));
	await new Promise(() => {});
}

const ROUNDS = Number(process.env.ROUNDS ?? 3), SECONDS = Number(process.env.SECONDS_EACH ?? 4), STEP_MS = 5, SETS = (process.env.SETS ?? 'large cut half gone').split(' ');
process.env.CREEL_BIN_DIR = path.resolve(process.argv[2]);
const { World, waitFor } = await import('../e2e/lib/harness.mjs');
const me = fileURLToPath(import.meta.url);
const quantile = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];
const median = (list) => quantile(list, 0.5);
const proc = (pid, file, pattern) => Number(pattern.exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))[1]);
const written = (p) => (existsSync(`/proc/${p.pid}/io`) ? proc(p.pid, 'io', /^write_bytes: (\d+)$/m) : 0);
const peak = (p) => proc(p.pid, 'status', /VmHWM:\s+(\d+)/) / 1024;
const forget_peak = (p) => writeFileSync(`/proc/${p.pid}/clear_refs`, '5');
let failed = false;
const fault = (text) => {
	console.error(`bench: ${text}`);
	failed = true;
};

/** A relay and a client of one build; `memory`: where the client's record lies. */
async function start(w, folder, app, args, memory) {
	w.folders = { creel: folder, 'creel-relay': folder };
	const relay = await w.startRelay({ args: ['--max-body', '100MiB'] }), db = memory ? path.join(memory, 'creel.db') : w.path(`${w.count}.db`);
	const client = await w.startClient({ relay, target: app, name: 'shop', output: 'quiet', db, args });
	const agent = new http.Agent({ keepAlive: true }), body = Buffer.alloc(1024, 'x');
	const post = () => new Promise((resolve, reject) => {
		const from = performance.now();
		http.request({ agent, host: '127.0.0.1', port: relay.port, path: '/shop/small', method: 'POST', headers: { 'Content-Length': body.length } }, (a) => a.resume().on('end', () => (a.statusCode === 200 ? resolve(performance.now() - from) : reject(new Error(`a small webhook was answered ${a.statusCode}`))))).on('error', reject).end(body);
	});
	return { relay, client, db, post, figures: {} };
}

/** Small webhooks for SECONDS, beside `what`, or alone; `least` of the others are waited for. */
async function paced(pair, what, least = 0) {
	const other = what && fork(me, [what, String(pair.relay.port)]);
	if (other && process.env.CHRT) execFileSync('chrt', ['-r', '-p', process.env.CHRT, String(other.pid)]);
	let count = 0;
	other?.on('message', (n) => (count += n));
	forget_peak(pair.client);
	const before = written(pair.client), times = [], from = performance.now();
	for (let n = 0; performance.now() - from < SECONDS * 1000 || (count < least && performance.now() - from < 60_000); n++) {
		times.push(pair.post());
		await new Promise((resolve) => setTimeout(resolve, Math.max(0, from + (n + 1) * STEP_MS - performance.now())));
	}
	if (other) {
		if (other.exitCode !== null) throw new Error(`${what} ended with ${other.exitCode}`);
		other.kill('SIGKILL');
		await once(other, 'exit');
	}
	const all = await Promise.all(times), list = (pair.figures[what ?? 'alone'] ??= []);
	list.push({ p50: median(all), p99: quantile(all, 0.99), max: quantile(all, 1), count, small: all.length, peak: peak(pair.client), written: written(pair.client) - before });
}

const memory = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/creel-beside-') : null, w = new World(), app = fork(me, ['app']), small = fork(me, ['app']);
try {
	const [[port], [small_port]] = await Promise.all([once(app, 'message'), once(small, 'message')]), series = {};
	const args = ['--max-size', '16GiB', '--route', `/small=${small_port}`];
	if (process.argv[3]) series.other = await start(w, path.resolve(process.argv[3]), port, args);
	series.creel = await start(w, path.resolve(process.argv[2]), port, args);
	if (memory) series['in memory'] = await start(w, path.resolve(process.argv[2]), port, args, memory);
	for (const pair of Object.values(series)) await paced(pair);
	for (const pair of Object.values(series)) pair.figures = {};
	for (let round = 0; round < ROUNDS; round++) {
		const order = Object.keys(series);
		for (const name of round % 2 ? order.reverse() : order) {
			await paced(series[name]);
			for (const what of SETS) await paced(series[name], what, what === 'large' ? 2 : 2 * AT_ONCE);
		}
	}
	for (const [name, pair] of Object.entries(series))
		for (const [what, list] of Object.entries(pair.figures)) {
			const of = (key) => median(list.map((l) => l[key])), worst = Math.max(...list.map((l) => l.max));
			console.log(`${name}, ${{ alone: 'alone', large: 'beside bodies of 64 MiB', cut: 'beside senders that hang up', half: 'beside apps that hang up', gone: 'beside senders that hang up on an answer' }[what]}: p50 ${of('p50').toFixed(2)}, p99 ${of('p99').toFixed(2)} ms, max ${of('max').toFixed(1)} (worst ${worst.toFixed(1)}); ${what === 'alone' ? '' : `${of('count')} a round, `}client at most ${Math.max(...list.map((l) => l.peak)).toFixed(1)} MiB${what === 'large' ? `, ${(list.reduce((n, l) => n + l.written, 0) / list.reduce((n, l) => n + l.count, 0) / (1 << 20)).toFixed(1)} MiB written for each` : ''}`);
			if (name !== 'creel' || what === 'alone') continue;
			const more = median(list.map((l, i) => l.p99 - pair.figures.alone[i].p99));
			if (more > LIMIT_MS) fault(`small webhooks wait ${more.toFixed(1)} ms more, ${what}; ${LIMIT_MS} at most`);
			if (list.some((l) => l.peak > MEMORY_MIB)) fault(`the client needs more than ${MEMORY_MIB} MiB, ${what}`);
		}
	const { db, client } = series.creel;
	let count;
	const named = async () => (count = Number((await w.run('sqlite3', [db, 'SELECT (SELECT count(*) FROM body_file) + (SELECT count(*) FROM body_file_gone)'])).text)), files = () => readdirSync(`${db}.bodies`).length;
	await waitFor(() => `as many files of bodies as the record names; there are ${files()} and ${count}`, async () => (await named()) === files());
	if (client.result) fault('the client has ended');
} finally {
	app.kill();
	small.kill();
	await w.close();
	if (memory) rmSync(memory, { recursive: true });
}
process.exit(failed ? 1 : 0);
