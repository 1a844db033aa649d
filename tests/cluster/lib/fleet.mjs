// Ten clients of a cluster with their app, and senders that post to them at every node; and what became of each webhook.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { lowPort } from '../../e2e/lib/cluster.mjs';
import { binDir, waitFor } from '../../e2e/lib/harness.mjs';
import { App } from '../../torture/app.mjs';
import { judge, MUSTS } from '../../torture/judge.mjs';
import { Program } from '../../torture/program.mjs';
import { Random } from '../../torture/random.mjs';
import { Senders } from '../../torture/senders.mjs';
import { newNumbers, readStore, unfinished } from '../../torture/store_reader.mjs';

const CLIENTS = 10;
const GIVE_UP_MS = 35_000;
const DRAIN_MS = 240_000, STUCK_MS = 90_000;

/** One client: its program, its record, and when it was killed. */
class FleetClient {
	constructor(fleet, i) {
		const { ground } = fleet;
		this.name = `client${i}`;
		this.db = ground.world.path(`store${i}`, 'creel.db');
		this.online = false;
		this.kills = [];
		this.outages = []; // how long each was, in ms
		this.last = 0;
		this.recorded = new Set();
		const args = ['listen', String(fleet.app.port), '--relay', `http://127.0.0.1:${ground.front.port}`, '--name', this.name, '--db', this.db, '--output', 'json',
			'--ping-interval', '1s', '--wait-for-target', '60s', '--timeout', '60s'];
		this.program = new Program({ name: this.name, program: path.join(binDir, 'creel'), args: () => args, env: { ...ground.world.env, CREEL_TOKEN: ground.secret }, cwd: ground.world.dir });
		this.program.on('kill', () => this.kills.push(Date.now()));
		this.program.on('down', () => this.set(false));
		this.program.on('line', (line) => {
			if (line.startsWith('{"type":"state"')) this.set(JSON.parse(line).state === 'online');
			else if (line.startsWith('{"type":"ready"')) this.set(true);
		});
	}

	set(online) {
		if (online && !this.online && this.since) this.outages.push(Date.now() - this.since);
		if (!online && this.online) this.since = Date.now();
		this.online = online;
	}
}

export class Fleet {
	/** `seed` makes its choices; `rate`: webhooks a second; `steady`: always as many. */
	static async open(ground, { seed = 1, rate = 60, steady = false } = {}) {
		const f = new Fleet();
		f.ground = ground;
		f.random = new Random(seed);
		f.app = new App({ port: await lowPort(), random: f.random.fork('app') });
		await f.app.start();
		f.clients = Array.from({ length: CLIENTS }, (_, i) => new FleetClient(f, i));
		const roads = f.random.fork('roads');
		f.senders = new Senders({ random: f.random.fork('senders'), topRate: rate, steady, giveUpMs: GIVE_UP_MS, road: () => f.road(roads) });
		try {
			for (const c of f.clients) c.program.start();
			await f.allOnline();
		} catch (error) {
			await f.close();
			throw error;
		}
		return f;
	}

	/** Where a webhook goes: to any node, for any client. Tests put others here. */
	road(random) {
		const { host, port } = random.pick(this.ground.nodes);
		return { host, port, tunnel: random.pick(this.clients).name };
	}

	allOnline(timeoutMs = 90_000) {
		return waitFor(() => `all clients to be online: ${this.clients.filter((c) => !c.online).map((c) => `${c.name}\n${c.program.err.slice(-500)}`).join('\n')}`,
			() => this.clients.every((c) => c.online), timeoutMs);
	}

	/** Numbers that were acknowledged and are not on record and called yet. */
	async owed() {
		let n = 0;
		for (const c of this.clients) {
			if (existsSync(c.db)) {
				const { last, numbers } = await newNumbers(c.db, c.last);
				c.last = last;
				for (const number of numbers) c.recorded.add(number);
				n += await unfinished(c.db);
			}
		}
		const byName = new Map(this.clients.map((c) => [c.name, c]));
		for (const [number, { status, tunnel }] of this.senders.ledger)
			if (status >= 200 && status < 300 && !(byName.get(tunnel).recorded.has(number) && this.app.calls.has(number))) n++;
		return n;
	}

	/** Waits for what is owed as long as it gets less. */
	async drain() {
		const began = Date.now();
		let least = Infinity, leastAt = began;
		for (;;) {
			const owed = await this.owed();
			if (owed < least) [least, leastAt] = [owed, Date.now()];
			if (owed === 0 || Date.now() - leastAt > STUCK_MS || Date.now() - began > DRAIN_MS) break;
			await new Promise((resolve) => setTimeout(resolve, 200));
		}
		this.drainMs = Date.now() - began;
	}

	/** Senders end, and what is owed comes. */
	async settle() {
		this.app.mood = 'quick';
		await this.senders.stop();
		await this.allOnline();
		await this.drain();
	}

	/** That, and clients end. */
	async finish() {
		await this.settle();
		for (const c of this.clients) {
			const end = await c.program.end('SIGINT');
			if (end && (end.code !== 130 || end.tooLate)) (this.ends ??= []).push(`${c.name} ended with ${end.code ?? end.signal}${end.tooLate ? ', too late' : ''}: ${end.err.slice(-2000)}`);
		}
	}

	/** Gives { figures, faults } over all clients; no faults: what was promised held. After finish(). */
	async verdict() {
		const sum = {}, faults = [];
		for (const c of this.clients) {
			const ledger = new Map([...this.senders.ledger].filter(([, entry]) => entry.tunnel === c.name));
			const rows = existsSync(c.db) ? await readStore(c.db) : [];
			const calls = new Map([...this.app.calls].filter(([number]) => ledger.has(number)));
			const wrongAnswers = this.senders.wrongAnswers.filter((number) => ledger.has(number));
			const verdict = judge({ ledger, rows, calls, stops: this.app.stops, clientKills: c.kills, wrongAnswers });
			for (const [name, value] of Object.entries(verdict.figures)) sum[name] = (sum[name] ?? 0) + value;
			const journal = (n) => JSON.stringify({ n, ...ledger.get(n), calls: calls.get(n), attempts: rows.filter((row) => row.number === n).map((row) => row.results), kills: c.kills });
			for (const fault of verdict.faults) faults.push({ client: c.name, ...fault, what: fault.numbers.map(journal) });
			for (const e of c.program.unplanned) faults.push({ client: c.name, name: 'unplannedEnds', what: [`${e.code ?? e.signal}: ${e.err}`] });
			for (const r of c.program.reports) faults.push({ client: c.name, name: 'sanitizerReports', what: [r.slice(-6000)] });
		}
		const unanswered = [...this.senders.ledger].filter(([, entry]) => entry.status === null && entry.error === 'no answer in time');
		if (unanswered.length) faults.push({ name: 'unanswered', count: unanswered.length, what: unanswered.slice(0, 5).map(([n, e]) => JSON.stringify({ n, ...e })) });
		for (const what of [...(this.ends ?? []), ...this.ground.complaints()]) faults.push({ name: 'ends', what: [what] });
		const errors = {};
		for (const { error, status } of this.senders.ledger.values()) {
			const name = status === null ? error : status < 300 || status === 404 || status === 500 ? null : status;
			if (name !== null) errors[name] = (errors[name] ?? 0) + 1;
		}
		const outages = this.clients.flatMap((c) => c.outages).sort((a, b) => a - b);
		return {
			figures: { ...sum, unanswered: unanswered.length, errors, appCalls: this.app.total, drainMs: this.drainMs, longestOutageMs: this.senders.longestOutage.ms,
				clientsAway: { times: outages.length, p50Ms: outages[outages.length >> 1] ?? 0, maxMs: outages.at(-1) ?? 0 } },
			faults,
		};
	}

	async close() {
		clearInterval(this.senders?.timer);
		clearTimeout(this.senders?.rateTimer);
		this.senders?.agent.destroy();
		await Promise.allSettled((this.clients ?? []).map((c) => c.program.end('SIGKILL')));
		await this.app?.stop(false);
	}
}

/** The figures that have to be 0, for a report. */
export const musts = (figures) => Object.fromEntries([...MUSTS, 'unanswered'].map((name) => [name, figures[name]]));
