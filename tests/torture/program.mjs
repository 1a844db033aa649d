// A program under torture: started again whenever it ends, until it is told to stay down.
import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';

const KEEP_ERR = 256 << 10;
export const SANITIZER = /Sanitizer|runtime error:/;

export class Program extends EventEmitter {
	/** `args()` gives the command line for one start. */
	constructor({ name, program, args, env, cwd }) {
		super();
		Object.assign(this, { name, program, args, env, cwd, child: null, stopped: false, starts: 0, err: '' });
		this.unplanned = []; // ends that nobody asked for: { at, code, signal, err }
		this.reports = []; // of sanitizers
	}

	get running() {
		return this.child !== null;
	}

	start() {
		if (this.child) throw new Error(`${this.name} runs already`);
		this.starts++;
		this.stopped = false;
		this.startedAt = Date.now();
		const child = spawn(this.program, this.args(), { env: this.env, cwd: this.cwd, stdio: ['ignore', 'pipe', 'pipe'] });
		this.child = child;
		child.planned = false;
		child.err = '';
		child.over = new Promise((resolve) => {
			child.on('error', (error) => {
				child.err += error.message;
				if (child.pid === undefined) resolve({ code: -1, signal: null });
			});
			child.on('close', (code, signal) => resolve({ code, signal }));
		});
		let rest = '';
		child.stdout.on('data', (piece) => {
			const lines = (rest + piece.toString('utf8')).split('\n');
			rest = lines.pop();
			// What a killed one had left in its pipe is about a past that is over.
			if (child === this.child && !child.planned) for (const line of lines) this.emit('line', line);
		});
		child.stderr.on('data', (piece) => {
			child.err = (child.err + piece.toString('latin1')).slice(-KEEP_ERR);
			this.err = child.err;
		});
		child.over.then(({ code, signal }) => this.ended(child, code, signal));
		this.emit('start');
	}

	ended(child, code, signal) {
		if (this.child === child) this.child = null;
		if (SANITIZER.test(child.err) || code === 99) this.reports.push(child.err);
		this.emit('down', { code, signal, planned: child.planned });
		if (child.planned) return;
		this.unplanned.push({ at: Date.now(), code, signal, err: child.err.slice(-2000) });
		this.restartTimer = setTimeout(() => {
			if (!this.child && !this.closing) this.start();
		}, 200);
	}

	/** kill -9, then start again after `downMs`. Nothing when it is down already. */
	async kill(downMs) {
		const { child } = this;
		if (!child || child.planned) return false;
		child.planned = true;
		this.stopped = false;
		child.kill('SIGKILL');
		this.emit('kill');
		await child.over;
		await new Promise((resolve) => setTimeout(resolve, downMs));
		if (!this.child && !this.closing) this.start();
		return true;
	}

	/** SIGSTOP, and SIGCONT after `ms`, unless it was killed in between. */
	async pause(ms) {
		const { child } = this;
		if (!child || child.planned || this.stopped) return false;
		child.kill('SIGSTOP');
		this.stopped = true;
		this.emit('stop');
		await new Promise((resolve) => setTimeout(resolve, ms));
		if (this.child === child && this.stopped) {
			this.stopped = false;
			child.kill('SIGCONT');
			this.emit('cont');
		}
		return true;
	}

	/** Ends it for good, by a signal, and gives { code, signal }. */
	async end(signal, timeoutMs = 30_000) {
		this.closing = true;
		clearTimeout(this.restartTimer);
		const { child } = this;
		if (!child) return null;
		child.planned = true;
		child.kill('SIGCONT');
		child.kill(signal);
		const timer = setTimeout(() => {
			child.tooLate = true;
			child.kill('SIGKILL');
		}, timeoutMs);
		const result = await child.over;
		clearTimeout(timer);
		return { ...result, tooLate: child.tooLate === true, err: child.err };
	}

	/** Waits for its next 'start' if it is down just now. */
	async up() {
		if (!this.child) await once(this, 'start');
	}
}
