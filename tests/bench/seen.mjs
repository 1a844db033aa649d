// How late another program sees a delivery in the store: sqlite3 reads it every other millisecond while webhooks come one
// each 200 ms (the client is at rest between them), then from 32 senders at once as fast as they go. A row's age is counted
// from the relay's receiving it, so its whole way is in the figure, and the reader's own pause. Medians and worst of ROUNDS rounds of
// SECONDS_EACH. Usage: node seen.mjs BUILD_DIR. Fails beyond 50 ms at rest and 250 ms under load (p99).
import { execFile, spawn } from 'node:child_process';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import readline from 'node:readline';
import { promisify } from 'node:util';

process.env.CREEL_BIN_DIR = path.resolve(process.argv[2]);
const { waitFor, World } = await import('../e2e/lib/harness.mjs');
const { startApp } = await import('./app.mjs');

const ROUNDS = Number(process.env.ROUNDS ?? 3), SECONDS = Number(process.env.SECONDS_EACH ?? 4), PAUSE_MS = 2, EACH_MS = 200, MOST_MS = { 'at rest': 50, 'under load': 250 };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const at = (list, q) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];
const now = () => performance.timeOrigin + performance.now();

/** A program that has the store open: `look` says how many rows are new to it, and the age in ms of the oldest of these. */
class Reader {
	constructor(db) {
		this.child = spawn('sqlite3', ['-readonly', db], { stdio: ['pipe', 'pipe', 'inherit'] });
		this.lines = readline.createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
		this.last = 0;
	}
	async look() {
		this.child.stdin.write(`SELECT coalesce(max(id), ${this.last}), count(*), coalesce(min(received_at), 0) FROM delivery WHERE id > ${this.last};\n`);
		const { value, done } = await this.lines.next(), seen = now();
		if (done) throw new Error('sqlite3 has ended');
		const [last, count, oldest] = value.split('|').map(Number);
		this.last = last;
		return { count, age: seen - oldest / 1000 };
	}
	/** Looks until it has seen the delivery with that target, and with it all that came before. */
	async reaches(target) {
		for (let there = 0; !there;) {
			await sleep(PAUSE_MS);
			this.child.stdin.write(`SELECT count(*) FROM delivery WHERE id > ${this.last} AND target = '${target}';\n`);
			there = Number((await this.lines.next()).value);
		}
		await this.look();
	}
	/** Ages of what comes until `work` is over and all of it was seen. */
	async watch(work, expected) {
		const ages = [];
		let rows = 0, wanted = Infinity;
		const over = work.then((n) => (wanted = expected(n)));
		for (const deadline = now() + SECONDS * 1000 + 30_000; rows < wanted; await sleep(PAUSE_MS)) {
			const { count, age } = await this.look();
			rows += count;
			if (count) ages.push(age);
			if (now() > deadline) throw new Error(`only ${rows} rows of ${wanted} were seen`);
		}
		await over;
		return ages;
	}
	end() {
		this.child.stdin.end();
	}
}

const w = new World(), figures = { 'at rest': [], 'under load': [] };
let rate = 0;
try {
	const relay = await w.startRelay(), db = w.path('creel.db');
	await w.startClient({ relay, target: await startApp(w), name: 'shop', output: 'quiet', db, args: ['--max-size', '16GiB'] });
	const url = `http://127.0.0.1:${relay.port}/shop/hook`, reader = new Reader(db);
	const post = async (query = '') => {
		const answer = await fetch(url + query, { method: 'POST', body: '{}' });
		if (answer.status !== 200) throw new Error(`a webhook was answered ${answer.status}`);
	};
	const slowly = async () => {
		let n = 0;
		for (const from = now(); now() - from < SECONDS * 1000; n++, await sleep(EACH_MS)) await post();
		return n;
	};
	const fast = async () => {
		const { stdout } = await promisify(execFile)('wrk', ['-t2', '-c32', `-d${SECONDS}s`, '-s', path.join(import.meta.dirname, 'post.lua'), url]);
		if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(stdout);
		rate += Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]) / ROUNDS;
		return Number(/(\d+) requests in/.exec(stdout)[1]);
	};
	await waitFor('the first row', async () => (await post(), (await reader.look()).count > 0));
	for (let round = 0; round < ROUNDS; round++) {
		figures['at rest'].push(await reader.watch(slowly(), (n) => n));
		figures['under load'].push(await reader.watch(fast(), (n) => n));
		// What wrk broke off is on record as well, before this one.
		await post(`?round=${round}`);
		await reader.reaches(`/hook?round=${round}`);
	}
	reader.end();
} finally {
	await w.close();
}
for (const [when, all] of Object.entries(figures)) {
	const p99 = at(all.map((l) => at(l, 0.99)), 0.5), worst = Math.max(...all.flat());
	console.log(`another program sees a delivery ${when}${when === 'at rest' ? '' : ` (32 senders, ${rate.toFixed(0)}/s)`}: p50 ${at(all.map((l) => at(l, 0.5)), 0.5).toFixed(1)} ms after the relay had it, p99 ${p99.toFixed(1)}, worst ${worst.toFixed(1)} (of ${all.flat().length} looks at new rows)`);
	if (p99 > MOST_MS[when]) {
		console.error(`bench: ${p99.toFixed(0)} ms ${when}, ${MOST_MS[when]} at most`);
		process.exitCode = 1;
	}
}
