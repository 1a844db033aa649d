// The senders: numbered webhooks at changing rates over many connections, each sent once and never again.
import { createHash } from 'node:crypto';
import http from 'node:http';

const PARALLEL = 160;
const POOL = 4 << 20;
const GIVE_UP_MS = 25_000;

export class Senders {
	/** `road` gives { host, port, tunnel } for each webhook, where not all go one way; `steady`: the rate stays the top rate. */
	constructor({ port, random, topRate = 200, bigEvery = 400, giveUpMs = GIVE_UP_MS, steady = false, road = () => ({ host: '127.0.0.1', port, tunnel: 'torture' }) }) {
		Object.assign(this, { random, topRate, bigEvery, giveUpMs, steady, road, next: 1, inFlight: 0, on: false, rate: topRate / 2 });
		this.agent = new http.Agent({ keepAlive: true, maxSockets: PARALLEL, maxFreeSockets: PARALLEL });
		this.pool = random.bytes(POOL);
		this.ledger = new Map(); // number → { sha256, size, at, status, error, answeredAt }
		this.acknowledged = 0;
		this.lastAck = null;
		this.longestOutage = { ms: 0, at: 0 };
		this.wrongAnswers = [];
	}

	start() {
		this.on = true;
		this.lastAck = Date.now();
		this.changeRate();
		let owed = 0;
		let before = Date.now();
		// In small steps, so that a late timer sends its due at once: bursts are welcome.
		this.timer = setInterval(() => {
			const now = Date.now();
			owed = Math.min(owed + ((now - before) * this.rate) / 1000, PARALLEL);
			before = now;
			while (owed >= 1) {
				owed--;
				if (this.inFlight < PARALLEL) this.send();
			}
		}, 5);
	}

	changeRate() {
		const r = this.random;
		if (this.steady) {
			this.rate = this.topRate;
			return;
		}
		this.rate = r.chance(0.1) ? this.topRate * 4 : r.chance(0.05) ? 1 : r.int(Math.ceil(this.topRate / 5), this.topRate);
		if (this.on) this.rateTimer = setTimeout(() => this.changeRate(), r.int(300, 3000));
	}

	body(number) {
		const r = this.random;
		let size = r.int(0, 2048);
		if (r.chance(1 / this.bigEvery)) size = r.logInt(1 << 16, 2 << 20);
		else if (r.chance(0.03)) size = r.int(0, 1 << 16);
		else if (r.chance(0.02)) return Buffer.alloc(0);
		const from = r.int(0, POOL - size);
		return Buffer.concat([Buffer.from(`${number}\n`), this.pool.subarray(from, from + size)]);
	}

	/** One webhook. Acknowledged is what got a 2xx status line, even if the rest of the answer never came. */
	send() {
		const r = this.random;
		const number = this.next++;
		const body = this.body(number);
		const { host, port, tunnel } = this.road(number);
		const entry = { tunnel, to: `${host}:${port}`, sha256: createHash('sha256').update(body).digest('hex'), size: body.length, at: Date.now(), status: null, error: null };
		this.ledger.set(number, entry);
		this.inFlight++;
		const chunked = r.chance(0.1);
		const request = http.request({
			host, port, method: r.pick(['POST', 'POST', 'POST', 'PUT', 'PATCH']), path: `/${tunnel}/n/${number}`,
			agent: r.chance(0.1) ? false : this.agent,
			headers: { 'Content-Type': 'application/octet-stream', ...(chunked ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': body.length }) },
		});
		let over = false;
		const finish = (error) => {
			if (over) return;
			over = true;
			clearTimeout(timer);
			this.inFlight--;
			entry.error = error;
			if (!this.on && this.inFlight === 0) this.idle?.();
		};
		const impatient = r.chance(0.03);
		const timer = setTimeout(() => {
			request.destroy();
			finish(impatient ? 'gave up early' : 'no answer in time');
		}, impatient ? r.logInt(20, 2000) : this.giveUpMs);
		request.on('error', (error) => finish(error.code ?? error.message));
		request.on('response', (response) => this.answered(number, entry, response, finish));
		if (chunked && body.length > 1) {
			const half = body.length >> 1;
			request.write(body.subarray(0, half));
			request.end(body.subarray(half));
		} else {
			request.end(body);
		}
	}

	answered(number, entry, response, finish) {
		entry.status = response.statusCode;
		entry.byApp = response.headers['x-torture-sha256'] !== undefined;
		if (entry.status >= 200 && entry.status < 300) this.acknowledge(entry);
		const hash = createHash('sha256');
		response.on('data', (piece) => hash.update(piece));
		response.on('error', (error) => finish(error.code ?? error.message));
		response.on('close', () => finish(response.complete ? null : 'answer cut short'));
		response.on('end', () => {
			if (!response.complete || !entry.byApp) return;
			const right = response.headers['x-torture-number'] === String(number) && response.headers['x-torture-sha256'] === hash.digest('hex');
			if (!right) this.wrongAnswers.push(number);
		});
	}

	acknowledge(entry) {
		const now = Date.now();
		this.acknowledged++;
		entry.answeredAt = now;
		if (now - this.lastAck > this.longestOutage.ms) this.longestOutage = { ms: now - this.lastAck, at: this.lastAck };
		this.lastAck = now;
	}

	/** No more; resolves when every webhook has its answer or its error. */
	async stop() {
		this.on = false;
		clearInterval(this.timer);
		clearTimeout(this.rateTimer);
		if (this.inFlight > 0) await new Promise((resolve) => (this.idle = resolve));
		this.agent.destroy();
	}
}
