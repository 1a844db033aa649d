// Starts the real programs, keeps them in a folder of their own, and checks how they ended.
//
// Nothing here sleeps for a fixed time: every wait is for a condition, with a deadline after which the test fails and
// prints what the programs wrote.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, mkdtempSync, mkdirSync, readFileSync, rmSync, existsSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const binDir = path.resolve(root, process.env.CREEL_BIN_DIR ?? 'build/asan');
export const DEADLINE_MS = 20_000;

const SANITIZER = /Sanitizer|runtime error:/;
/** How often a file's tests look in one command for leaks and beyond the ends of its globals: both take half of a short
 * one's CPU. E2E_LEAKS=all: always. */
const LEAK_CHECKS = process.env.E2E_LEAKS === 'all' ? Infinity : 3;
const CREEL_VARIABLES = /^(CREEL_|XDG_|HTTPS?_PROXY$|NO_PROXY$|ALL_PROXY$|NO_COLOR$)/i;

/** Tries `check` until it gives something true, and returns that. */
export async function waitFor(what, check, timeoutMs = DEADLINE_MS) {
	const end = Date.now() + timeoutMs;
	for (;;) {
		const began = Date.now();
		const value = await check();
		if (value) return value;
		if (Date.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${typeof what === 'function' ? what() : what}`);
		// A look that starts a program must not keep a core from what is waited for.
		await new Promise((resolve) => setTimeout(resolve, Math.max(15, Date.now() - began)));
	}
}

/** The promise, or an error after the deadline. */
export async function within(what, promise, timeoutMs = DEADLINE_MS) {
	let timer;
	const late = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`${what}: not within ${timeoutMs} ms`)), timeoutMs);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timer);
	}
}

/**
 * Removes a folder in which a program that is just ending may still write: what was made between the look at the folder
 * and its removal is not the test's failure, so it is looked at again. With the folder gone nothing can come back.
 */
export async function removeFolder(folder) {
	let last;
	await waitFor(
		() => `${folder} to be gone: ${last.message}`,
		() => {
			try {
				rmSync(folder, { recursive: true, force: true });
				return true;
			} catch (error) {
				if (error.code !== 'ENOTEMPTY') throw error;
				last = error;
				return false;
			}
		},
	);
}

/** A program under test: its output, and how it ended. */
export class Process {
	constructor(program, args, { env, cwd, stdin = 'ignore', uid, gid } = {}) {
		this.name = `${path.basename(program)} ${args[0] ?? ''}`;
		this.out = [];
		this.err = '';
		this.child = spawn(program, args, { env, cwd, uid, gid, stdio: [stdin, 'pipe', 'pipe'] });
		this.child.stdout.on('data', (piece) => this.out.push(piece));
		this.child.stderr.on('data', (piece) => (this.err += piece.toString('latin1')));
		this.ended = new Promise((resolve, reject) => {
			this.child.on('error', reject);
			this.child.on('close', (code, signal) => resolve((this.result = { code, signal })));
		});
		this.ended.catch(() => {});
	}

	get pid() {
		return this.child.pid;
	}

	get stdout() {
		return Buffer.concat(this.out);
	}

	/** Whole lines of standard output parsed as JSON. */
	get events() {
		const text = this.stdout.toString('utf8');
		return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').filter(Boolean).map((line) => JSON.parse(line));
	}

	signal(name) {
		this.child.kill(name);
	}

	/** Waits for the end and gives { code, signal }. */
	async end(timeoutMs = DEADLINE_MS) {
		try {
			return await within(`${this.name} to end`, this.ended, timeoutMs);
		} catch (error) {
			error.message += `\n--- its stderr:\n${this.err}`;
			throw error;
		}
	}

	async stop(signal, timeoutMs) {
		if (!this.result) this.signal(signal);
		return this.end(timeoutMs);
	}

	/** Throws when a sanitizer had something to say. */
	checkSanitizers() {
		if (SANITIZER.test(this.err) || this.result?.code === 99) throw new Error(`${this.name}: sanitizer report\n${this.err}`);
	}
}

/** One test file's world: a temporary folder, the programs started in it, and their orderly end. */
export class World {
	constructor() {
		this.dir = mkdtempSync(path.join(tmpdir(), 'creel-e2e-'));
		this.processes = [];
		this.servers = [];
		this.count = 0;
		this.inside = []; // the command that everything is run by: see netns.mjs
		this.folders = {}; // where a program comes from, if not from binDir
		this.leakChecks = new Map(); // of each command
		this.env = {
			...Object.fromEntries(Object.entries(process.env).filter(([name]) => !CREEL_VARIABLES.test(name))),
			HOME: this.dir,
			PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin`, // nginx is there
			XDG_DATA_HOME: path.join(this.dir, 'data'),
			XDG_CONFIG_HOME: path.join(this.dir, 'config'),
			XDG_STATE_HOME: path.join(this.dir, 'state'),
			ASAN_OPTIONS: 'detect_leaks=1:exitcode=99',
			UBSAN_OPTIONS: 'halt_on_error=1:print_stacktrace=1',
			TZ: 'UTC',
		};
		mkdirSync(this.env.XDG_DATA_HOME, { mode: 0o700 });
		mkdirSync(this.env.XDG_CONFIG_HOME, { mode: 0o700 });
	}

	path(...names) {
		return path.join(this.dir, ...names);
	}

	fresh(name) {
		return this.path(`${name}-${++this.count}`);
	}

	/** Whether leaks, and globals, are looked at in this run of a command. */
	looksForLeaks(program, [command]) {
		const name = `${program} ${command}`, runs = (this.leakChecks.get(name) ?? 0) + 1;
		this.leakChecks.set(name, runs);
		return runs <= LEAK_CHECKS;
	}

	/** `leaks`: they are looked for at its end, however often that was done already. */
	spawn(program, args, { env = {}, cwd = this.dir, stdin, uid, gid, leaks = false } = {}) {
		const fewer = leaks || this.looksForLeaks(program, args) ? {} : { ASAN_OPTIONS: `${this.env.ASAN_OPTIONS}:detect_leaks=0:report_globals=0` };
		const [file, ...all] = [...this.inside, program.startsWith('creel') ? path.join(this.folders[program] ?? binDir, program) : program, ...args];
		const p = new Process(file, all, {
			env: { ...this.env, ...fewer, ...env }, cwd, stdin, uid, gid,
		});
		this.processes.push(p);
		return p;
	}

	/** A copy of a program that any user may run: root may have built it in a folder that is closed to others. */
	programForAll(file) {
		const copy = this.path(`for-all-${path.basename(file)}`);
		copyFileSync(file, copy);
		chmodSync(copy, 0o755);
		chmodSync(this.dir, 0o711);
		return copy;
	}

	/** Waits until a file has content, or its writer has ended (then throws with what it said). */
	async fileFrom(p, file) {
		return waitFor(() => `${file} from ${p.name}\n--- its stderr:\n${p.err}`, () => {
			if (p.result) throw new Error(`${p.name} ended with ${JSON.stringify(p.result)}\n--- its stderr:\n${p.err}`);
			const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
			return text.trim();
		});
	}

	/** A relay's data folder that has one token: { data, token }. */
	async makeData(args = []) {
		const data = this.fresh('relay');
		const token = (await this.run('creel-relay', ['token', 'add', 'me', '--data', data, ...args])).text.trim();
		return { data, token };
	}

	/** creel-relay serve (`listen` null: args say where). Gives the process with `port`, `address`, `data`. */
	async startRelay({ args = [], data = this.fresh('relay'), port = 0, listen = `127.0.0.1:${port}`, env } = {}) {
		const portFile = this.fresh('port');
		const p = this.spawn('creel-relay', ['serve', ...(listen ? ['--listen', listen] : []), '--data', data, '--port-file', portFile, ...args], { env, leaks: true });
		p.data = data;
		p.kind = 'relay';
		p.address = await this.fileFrom(p, portFile);
		p.port = Number(p.address.slice(p.address.lastIndexOf(':') + 1));
		return p;
	}

	/** creel listen. Gives the process with `url`, `tunnel`, `db`; waits for the tunnel unless `wait` is false. */
	async startClient({ relay, target, name, args = [], env, db, relayUrl, output = 'json', wait = true, cwd } = {}) {
		const readyFile = this.fresh('ready');
		const list = ['listen', ...(target === undefined ? [] : [String(target)]), '--relay', relayUrl ?? `http://127.0.0.1:${relay.port}`,
			'--output', output, '--ready-file', readyFile];
		if (name) list.push('--name', name);
		if (db) list.push('--db', db);
		const p = this.spawn('creel', [...list, ...args], { env, cwd, leaks: true });
		p.kind = 'client';
		p.db = db;
		p.readyFile = readyFile;
		if (wait) {
			p.url = await this.fileFrom(p, readyFile);
			p.tunnel = p.url.slice(p.url.lastIndexOf('/') + 1);
		}
		return p;
	}

	/** Runs a command to its end. stdout is a Buffer: it may be a recorded body. */
	async run(program, args, { env, input, cwd, uid, gid, timeoutMs = DEADLINE_MS } = {}) {
		const p = this.spawn(program, args, { env, cwd, uid, gid, stdin: input === undefined ? 'ignore' : 'pipe' });
		if (input !== undefined) {
			p.child.stdin.on('error', () => {});
			p.child.stdin.end(input);
		}
		let result;
		try {
			result = await p.end(timeoutMs);
		} catch (error) {
			p.signal('SIGKILL');
			throw error;
		}
		p.checkSanitizers();
		this.processes = this.processes.filter((other) => other !== p);
		return { ...result, stdout: p.stdout, text: p.stdout.toString('utf8'), err: p.err };
	}

	creel(args, options) {
		return this.run('creel', args, options);
	}

	/** A creel command that must succeed; gives its standard output. */
	async creelOut(args, options) {
		const r = await this.creel(args, options);
		if (r.code !== 0) throw new Error(`creel ${args.join(' ')} gave ${r.code}: ${r.err}`);
		return r.stdout;
	}

	/** The deliveries on record, oldest first. */
	async list(n = 1000, { args = [], env } = {}) {
		const out = await this.creelOut(['list', '-n', String(n), '--json', ...args], { env });
		return out.toString('utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
	}

	/** Waits until a delivery that `match`es is on record, and gives it. */
	async recorded(match, options) {
		let seen = [];
		return waitFor(() => `a delivery on record; there are ${JSON.stringify(seen)}`, async () => {
			seen = await this.list(1000, options);
			return seen.find(match);
		});
	}

	/** When a delivery's first attempt was over and when its answer had gone to the relay, in microseconds; null: it has not. */
	async attemptTimes(id) {
		const sql = `SELECT started_at + total_us, ifnull(answered_at, '') FROM attempt WHERE delivery_id = ${id} AND number = 1`;
		const [over, answered] = (await this.run('sqlite3', ['-readonly', this.path('data/creel/creel.db'), sql])).text.trim().split('|');
		return { over: Number(over), answered: answered ? Number(answered) : null };
	}

	/** What must hold of every program when a file's tests are through: it ends when told to, with the right code. */
	async endsCleanly() {
		const faults = [];
		// Clients first, so that none of them reconnects while its relay goes.
		for (const kind of ['client', 'relay', undefined]) {
			for (const p of this.processes.filter((q) => q.kind === kind)) {
				const running = !p.result;
				const { code, signal } = await p.stop(kind === 'client' ? 'SIGINT' : 'SIGTERM').catch((error) => {
					faults.push(error.message);
					return {};
				});
				const expected = kind === 'client' ? 130 : 0;
				if (running && kind && code !== undefined && (code !== expected || signal))
					faults.push(`${p.name} ended with ${code ?? signal}, not ${expected}\n${p.err}`);
				if (SANITIZER.test(p.err) || code === 99) faults.push(`${p.name}: sanitizer report\n${p.err}`);
			}
		}
		if (faults.length) throw new Error(faults.join('\n'));
	}

	/** For after(): whatever is left goes. */
	async close() {
		// nginx only takes its workers along when it is asked politely.
		for (const p of this.processes) if (!p.result) p.signal(p.kind ? 'SIGKILL' : 'SIGTERM');
		await Promise.allSettled(this.processes.map((p) => p.end(5000).catch(() => p.signal('SIGKILL'))));
		await Promise.allSettled(this.servers.map((s) => s.close()));
		await removeFolder(this.dir);
	}

	/** Something with close() that goes with this world. */
	keep(server) {
		this.servers.push(server);
		return server;
	}
}

/** A port on which nothing listens (just now). */
export async function freePort() {
	const server = net.createServer();
	server.listen(0, '127.0.0.1');
	await once(server, 'listening');
	const { port } = server.address();
	server.close();
	await once(server, 'close');
	return port;
}
