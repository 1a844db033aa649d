// One run of the torture: relay, fault proxy, client, app and senders; what is done to them; and the judgement.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from './app.mjs';
import { FaultProxy } from './fault_proxy.mjs';
import { judge } from './judge.mjs';
import { Program } from './program.mjs';
import { Random } from './random.mjs';
import { Reconnects } from './reconnects.mjs';
import { Senders } from './senders.mjs';
import { SmallDisk } from './small_disk.mjs';
import { newNumbers, readStore, unfinished } from './store_reader.mjs';

const CLEAN = /^(CREEL_|XDG_|HTTPS?_PROXY$|NO_PROXY$|ALL_PROXY$)/i;
const EXIT_STORE = 4; // shared/DESIGN.md §10: what a program may say of a full disk
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A port that stays ours over restarts: outside the range from which connections take theirs. */
async function fixedPort() {
	for (;;) {
		const port = 10_000 + Math.floor(Math.random() * 20_000);
		const server = net.createServer();
		const free = await new Promise((resolve) => {
			server.once('error', () => resolve(false));
			server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
		});
		if (free) return port;
	}
}

export class Torture {
	constructor({ seed, kills, seconds, bin, topRate = 200, diskFull = true, drainSeconds = 120, say = () => {} }) {
		Object.assign(this, { seed, wanted: kills, seconds, bin: path.resolve(bin), topRate, diskFull, drainSeconds, say });
		this.random = new Random(seed);
		this.dir = mkdtempSync(path.join(tmpdir(), 'creel-torture-'));
		this.counts = { relayKills: 0, clientKills: 0, relayStops: 0, clientStops: 0, cuts: 0, stalls: 0, delays: 0, appStops: 0, diskFills: 0 };
		this.clientKillTimes = [];
		this.fullTimes = []; // { disk, from, to }
		this.background = new Set();
		this.last = { id: 0 };
		this.recorded = new Set();
	}

	at(...names) {
		return path.join(this.dir, ...names);
	}

	get db() {
		return this.at('store', 'creel.db');
	}

	async open() {
		const env = {
			...Object.fromEntries(Object.entries(process.env).filter(([name]) => !CLEAN.test(name))),
			HOME: this.dir, XDG_DATA_HOME: this.at('data'), XDG_CONFIG_HOME: this.at('config'), XDG_STATE_HOME: this.at('state'),
			ASAN_OPTIONS: 'detect_leaks=1:exitcode=99', UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1', TZ: 'UTC',
		};
		const size = Math.min(Math.max(256, this.seconds * 4), 2048) * 1_048_576; // no shift: it would be 32 bits wide
		this.disks = { client: await SmallDisk.mount(this.at('store'), size), relay: await SmallDisk.mount(this.at('relay'), size) };
		for (const name of ['store', 'relay', 'data', 'config']) mkdirSync(this.at(name), { recursive: true, mode: 0o700 });
		this.relayPort = await fixedPort();
		this.app = new App({ port: await fixedPort(), random: this.random.fork('app') });
		this.proxy = await FaultProxy.start({ targetPort: this.relayPort, random: this.random.fork('proxy') });
		this.senders = new Senders({ port: this.relayPort, random: this.random.fork('senders'), topRate: this.topRate });
		this.relay = new Program({ name: 'relay', program: path.join(this.bin, 'creel-relay'), env, cwd: this.dir, args: () => this.relayArgs() });
		this.client = new Program({ name: 'client', program: path.join(this.bin, 'creel'), env, cwd: this.dir, args: () => this.clientArgs() });
		this.reconnects = new Reconnects(() => this.reachable);
		this.watch();
		await this.app.start();
		this.relay.start();
		await this.until('the relay to listen', () => this.listening);
		this.client.start();
		await this.until('the client to be online', () => this.reconnects.online);
	}

	/** Flags of a contract that is being built: given only to a program that knows them. */
	known(program, command, flags) {
		this.help ??= {};
		this.help[program] ??= execFileSync(path.join(this.bin, program), [command, '--help'], { encoding: 'utf8' });
		return flags.filter(([name]) => this.help[program].includes(`${name} `)).flat();
	}

	relayArgs() {
		rmSync(this.at('port'), { force: true });
		this.listening = false;
		return ['serve', '--listen', `127.0.0.1:${this.relayPort}`, '--data', this.at('relay'), '--port-file', this.at('port'), '--log-level', 'error',
			'--ping-interval', '1s', '--reply-timeout', '10s',
			...this.known('creel-relay', 'serve', [['--resume-grace', '2s'], ['--spool-max-bytes', '4GiB'], ['--spool-max-age', '7d']])];
	}

	clientArgs() {
		// The app is away for less than --wait-for-target, so that creel has no reason ever to give a delivery up.
		return ['listen', String(this.app.port), '--relay', this.proxy.url, '--name', 'torture', '--db', this.db, '--output', 'json', '--ping-interval', '1s',
			'--wait-for-target', '60s', '--timeout', '60s'];
	}

	watch() {
		const { relay, client, reconnects } = this;
		relay.on('start', async () => {
			const { child } = relay;
			while (relay.child === child && !existsSync(this.at('port'))) await sleep(5);
			if (relay.child !== child) return;
			this.listening = true;
			reconnects.look();
		});
		const broken = () => reconnects.broken();
		relay.on('kill', () => {
			this.listening = false;
			this.counts.relayKills++;
			broken();
		});
		client.on('kill', () => {
			this.counts.clientKills++;
			this.clientKillTimes.push(Date.now());
			broken();
		});
		client.on('down', ({ planned }) => planned || this.clientKillTimes.push(Date.now()));
		for (const program of [relay, client]) {
			program.on('down', broken);
			for (const event of ['start', 'stop', 'cont']) program.on(event, () => reconnects.look());
		}
		client.on('line', (line) => {
			if (line.startsWith('{"type":"state"')) reconnects.told(JSON.parse(line).state);
			else if (line.startsWith('{"type":"ready"')) reconnects.told('online');
		});
	}

	get reachable() {
		return Boolean(this.client.running && !this.client.stopped && this.relay.running && !this.relay.stopped && this.listening && this.proxy.passing &&
			!this.disks.client?.full && !this.disks.relay?.full);
	}

	async until(what, check, ms = 30_000) {
		for (const end = Date.now() + ms; !(await check()); await sleep(10)) {
			if (Date.now() > end) throw new Error(`waited ${ms} ms in vain for ${what}\n--- the relay's stderr:\n${this.relay.err}\n--- the client's:\n${this.client.err}`);
		}
	}

	/** Waits until the client is online, but not for ever. */
	async online(ms) {
		for (const end = Date.now() + ms; !this.reconnects.online && Date.now() < end; ) await sleep(5);
	}

	/** Something that goes on beside the rest; one of a kind at a time. */
	beside(kind, work) {
		if ([...this.background].some((b) => b.kind === kind)) return;
		const b = { kind };
		b.done = work().finally(() => this.background.delete(b));
		b.done.catch((error) => (this.broke ??= error));
		this.background.add(b);
	}

	/** How long something stays down: often hardly at all. */
	downtime() {
		return this.random.chance(0.5) ? this.random.int(0, 30) : this.random.int(0, 600);
	}

	async kill(...programs) {
		await Promise.all(programs.map((p) => p.kill(this.downtime())));
	}

	async throughProxy(on, off, ms) {
		on();
		this.reconnects.look();
		await sleep(ms);
		off();
		this.reconnects.look();
	}

	async fillDisk(which) {
		const disk = this.disks[which];
		if (!disk) return;
		const time = { which, from: Date.now(), to: Infinity };
		this.fullTimes.push(time);
		this.counts.diskFills++;
		await disk.fill(this.random.chance(0.5) ? 0 : this.random.int(0, 1 << 19));
		await sleep(this.random.logInt(200, 3000));
		await disk.free();
		time.to = Date.now();
		this.reconnects.look();
	}

	disturbances() {
		const r = this.random;
		const { proxy, counts, reconnects } = this;
		const cut = (how) => {
			if (!proxy.cut(how)) return;
			counts.cuts++;
			reconnects.broken();
		};
		return {
			cutReset: [3, () => cut('rst')],
			cutFin: [2, () => cut('fin')],
			cutAtByte: [5, () => proxy.cutSoon({ direction: r.pick(['up', 'down']), bytes: r.logInt(1, 200_000), how: r.pick(['rst', 'fin']) })],
			stall: [2, () => this.beside('stall', () => {
				counts.stalls++;
				proxy.stall(true);
				reconnects.broken();
				return this.throughProxy(() => {}, () => proxy.stall(false), r.logInt(10, 1500));
			})],
			hold: [2, () => this.beside('hold', () => {
				counts.delays++;
				return this.throughProxy(() => proxy.hold(true), () => proxy.hold(false), r.logInt(10, 1500));
			})],
			delay: [2, () => this.beside('delay', () => {
				counts.delays++;
				return this.throughProxy(() => proxy.delay(r.int(1, 200), r.int(0, 100)), () => proxy.delay(0), r.logInt(50, 3000));
			})],
			throttle: [1, () => this.beside('throttle', () => {
				counts.delays++;
				return this.throughProxy(() => proxy.throttle(r.logInt(2000, 500_000)), () => proxy.throttle(0), r.logInt(50, 2000));
			})],
			stopRelay: [2, () => this.beside('stopRelay', async () => (this.counts.relayStops += (await this.relay.pause(r.logInt(20, 3500))) ? 1 : 0))],
			stopClient: [2, () => this.beside('stopClient', async () => (this.counts.clientStops += (await this.client.pause(r.logInt(20, 3500))) ? 1 : 0))],
			appDown: [2, () => this.beside('app', async () => {
				counts.appStops++;
				await this.app.stop(r.chance(0.5));
				await sleep(r.int(50, 2500));
				await this.app.start();
			})],
			appMood: [3, () => this.app.changeMood()],
			...(this.diskFull && this.disks.client ? { clientDisk: [0.7, () => this.beside('disk', () => this.fillDisk('client'))] } : {}),
			...(this.diskFull && this.disks.relay ? { relayDisk: [0.5, () => this.beside('disk', () => this.fillDisk('relay'))] } : {}),
		};
	}

	/** Kills where they are behind their share of the time, other disturbances between them. */
	async chaos() {
		const { random: r, counts } = this;
		const disturbances = this.disturbances();
		const weights = Object.fromEntries(Object.entries(disturbances).map(([name, [weight]]) => [name, weight]));
		const startedAt = Date.now();
		let shown = startedAt;
		this.proxy.on('cut', () => {
			counts.cuts++;
			this.reconnects.broken();
		});
		for (;;) {
			const share = (Date.now() - startedAt) / 1000 / this.seconds;
			const done = counts.relayKills >= this.wanted && counts.clientKills >= this.wanted;
			if ((done && share >= 1) || this.broke) break;
			const behind = [[this.relay, counts.relayKills], [this.client, counts.clientKills]].filter(([, n]) => n < this.wanted && n < this.wanted * share).map(([p]) => p);
			// However short the run, the disk is full once in it.
			if (share > 0.4 && disturbances.clientDisk && !counts.diskFills) disturbances.clientDisk[1]();
			if (behind.length && r.chance(0.7)) await this.kill(...(behind.length === 2 && r.chance(0.6) ? [r.pick(behind)] : behind));
			else await disturbances[r.weighted(weights)][1]();
			// Either let it recover, to hit it in full flight, or hit it again while it recovers.
			if (r.chance(0.6)) await this.online(2500).then(() => sleep(r.int(0, 800)));
			else await sleep(r.int(0, 500));
			if (Date.now() - shown > 10_000) this.say(this.progress(startedAt));
			if (Date.now() - shown > 10_000) shown = Date.now();
		}
		this.ranMs = Date.now() - startedAt;
		if (this.broke) throw this.broke;
	}

	progress(startedAt) {
		const { relayKills, clientKills, cuts } = this.counts;
		return `${Math.round((Date.now() - startedAt) / 1000)} s: ${this.senders.next - 1} sent, ${this.senders.acknowledged} acknowledged, kills ${relayKills} relay ${clientKills} client, ${cuts} cuts`;
	}

	/** Nothing is done to them any more. */
	async heal() {
		await Promise.all([...this.background].map((b) => b.done));
		this.proxy.heal();
		this.app.mood = 'quick';
		await this.app.start();
		if (this.broke) throw this.broke;
	}

	/** Acknowledged numbers that are not yet both on record and called, and records whose call is not over. */
	async owed() {
		const { last, numbers } = await newNumbers(this.db, this.last.id);
		this.last.id = last;
		for (const number of numbers) this.recorded.add(number);
		let owed = await unfinished(this.db);
		for (const [number, { status }] of this.senders.ledger)
			if (status >= 200 && status < 300 && !(this.recorded.has(number) && this.app.calls.has(number))) owed++;
		return owed;
	}

	/** Waits for the backlog as long as it gets smaller. */
	async drain() {
		const startedAt = Date.now();
		let least = Infinity;
		let leastAt = startedAt;
		for (;;) {
			const owed = await this.owed();
			if (owed === 0) break;
			if (owed < least) [least, leastAt] = [owed, Date.now()];
			if (Date.now() - leastAt > Math.min(30, this.drainSeconds) * 1000 || Date.now() - startedAt > this.drainSeconds * 1000) break;
			await sleep(100);
		}
		this.drainMs = Date.now() - startedAt;
	}

	/** Ends that a full disk does not explain. */
	unplannedEnds() {
		const excused = (p, e) => e.code === EXIT_STORE && this.fullTimes.some((t) => t.which === p.name && e.at >= t.from && e.at <= t.to + 1000);
		return [this.relay, this.client].flatMap((p) => p.unplanned.filter((e) => !excused(p, e)).map((e) => `${p.name} ended by itself with ${e.code ?? e.signal}: ${e.err}`));
	}

	/** All of it up to the judgement: afterwards everything has ended, and what was owed has been delivered or never will be. */
	async play() {
		await this.open();
		this.say(`seed ${this.seed}: at least ${this.wanted} kills of each side in at least ${this.seconds} s`);
		this.senders.start();
		await this.chaos();
		await this.heal();
		await this.senders.stop();
		await this.until('the client to be online again', () => this.reconnects.online, 60_000);
		await this.drain();
		this.ends = [await this.client.end('SIGINT'), await this.relay.end('SIGTERM')];
	}

	/** Holds the store (or a copy of it) against what senders and app saw. No faults: the promises held. */
	async verdict({ db = this.db, calls = this.app.calls, stops = this.app.stops, clientKills = this.clientKillTimes, wrongAnswers = this.senders.wrongAnswers } = {}) {
		const rows = await readStore(db);
		const { figures, faults } = judge({ ledger: this.senders.ledger, rows, calls, stops, clientKills, wrongAnswers });
		const journal = (n) => JSON.stringify({ n, ...this.senders.ledger.get(n), calls: calls.get(n), attempts: rows.filter((row) => row.number === n).map((row) => row.results), clientKills, stops, ends: this.client.unplanned, full: this.fullTimes });
		for (const f of faults.filter(({ name }) => name === 'calledAgainWithoutReason')) f.what = f.numbers.slice(0, 5).map(journal);
		const unplanned = this.unplannedEnds();
		for (const [i, [name, code]] of [['client', 130], ['relay', 0]].entries()) {
			const end = this.ends[i];
			if (end?.code !== code) unplanned.push(`${name} ended with ${end?.code ?? end?.signal}, not ${code}${end?.tooLate ? ', too late' : ''}: ${end?.err}`);
		}
		if (unplanned.length) faults.push({ name: 'unplannedEnds', count: unplanned.length, what: unplanned.slice(0, 5) });
		const reports = [...this.relay.reports, ...this.client.reports];
		if (reports.length) faults.push({ name: 'sanitizerReports', count: reports.length, what: reports.slice(0, 2) });
		return {
			figures: {
				seed: this.seed, ...figures, unplannedEnds: unplanned.length, sanitizerReports: reports.length, appCalls: this.app.total, ...this.counts,
				longestOutageMs: this.senders.longestOutage.ms, ...this.reconnects.figures, drainMs: this.drainMs, ranMs: this.ranMs,
				diskFillsPossible: Boolean(this.disks.client),
			},
			faults,
		};
	}

	async close() {
		clearInterval(this.senders?.timer);
		clearTimeout(this.senders?.rateTimer);
		await Promise.allSettled([this.client?.end('SIGKILL'), this.relay?.end('SIGKILL')]);
		await this.app?.stop(false);
		await this.proxy?.close();
		for (const disk of Object.values(this.disks ?? {})) await disk?.unmount();
		rmSync(this.dir, { recursive: true, force: true });
	}
}
