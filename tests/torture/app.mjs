// The app on the developer's machine: slow at times, failing at times, down at times. It remembers every call.
import { createHash } from 'node:crypto';
import { EventEmitter } from 'node:events';
import http from 'node:http';

const MOODS = { quick: 6, normal: 4, slow: 1, failing: 1 };

export class App extends EventEmitter {
	constructor({ port, random }) {
		super();
		Object.assign(this, { port, random, calls: new Map(), total: 0, mood: 'quick', stops: [], server: null, up: false });
		this.pool = random.bytes(1 << 17);
	}

	async start() {
		if (this.up) return;
		this.server = http.createServer({ keepAliveTimeout: 600_000, requestTimeout: 0 }, (request, response) => this.serve(request, response));
		this.server.on('clientError', (_, socket) => socket.destroy());
		await new Promise((resolve, reject) => {
			this.server.once('error', reject);
			this.server.listen(this.port, '127.0.0.1', resolve);
		});
		this.up = true;
	}

	/** Down at once: what is being answered is broken off, or first answered when `gently`. */
	async stop(gently) {
		if (!this.up) return;
		this.up = false;
		const from = Date.now();
		this.stops.push(from);
		const closed = new Promise((resolve) => this.server.close(resolve));
		if (gently) this.server.closeIdleConnections?.();
		else this.server.closeAllConnections?.();
		if (gently) setTimeout(() => this.server.closeAllConnections?.(), 300);
		await closed;
		this.stops.push(Date.now());
	}

	changeMood() {
		this.mood = this.random.weighted(MOODS);
	}

	/** A call: head seen at `at`; `whole` once its body is here; `answered` when the answer left whole. */
	serve(request, response) {
		const number = Number(/^\/n\/(\d+)$/.exec(request.url)?.[1] ?? -1);
		const call = {
			at: Date.now(), whole: false, answered: false, attempt: Number(request.headers['creel-attempt'] ?? 1),
			event: request.headers['creel-event-id'] ?? '', sha256: null, endedAt: null,
		};
		this.total++;
		if (!this.calls.has(number)) this.calls.set(number, []);
		this.calls.get(number).push(call);
		this.emit('call', number);
		const hash = createHash('sha256');
		request.on('data', (piece) => hash.update(piece));
		request.on('error', () => {});
		response.on('error', () => {});
		response.on('finish', () => (call.answered = true));
		response.on('close', () => (call.endedAt = Date.now()));
		request.on('end', () => {
			call.whole = true;
			call.sha256 = hash.digest('hex');
			const ms = this.latency();
			if (ms > 0) setTimeout(() => this.answer(number, call, response), ms);
			else this.answer(number, call, response);
		});
	}

	latency() {
		const r = this.random;
		if (this.mood === 'slow') return r.logInt(50, 1500);
		if (this.mood === 'normal') return r.int(0, 60);
		return 0;
	}

	answer(number, call, response) {
		const r = this.random;
		const status = r.chance(this.mood === 'failing' ? 0.5 : 0.02) ? r.pick([500, 503, 404]) : r.pick([200, 200, 200, 201]);
		const size = r.chance(0.05) ? r.int(0, 100_000) : r.int(0, 500);
		const from = r.int(0, this.pool.length - size);
		const body = this.pool.subarray(from, from + size);
		const sha256 = createHash('sha256').update(body).digest('hex');
		if (response.destroyed) return;
		response.writeHead(status, { 'Content-Type': 'application/octet-stream', 'X-Torture-Number': number, 'X-Torture-Sha256': sha256, ...(r.chance(0.8) ? { 'Content-Length': size } : {}) });
		response.end(body);
	}
}
