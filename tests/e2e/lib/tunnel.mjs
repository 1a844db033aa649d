// The client's end of a tunnel without creel's code.
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { waitFor, within } from './harness.mjs';
import { FLAGS, decodeMessage, hello, recorded, response } from './wire.mjs';

/** A tunnel client without creel's code. */
export class Tunnel {
	static async open(port, { token, protocols = ['creel.v1'], secure = false, localAddress } = {}) {
		const t = new Tunnel();
		t.frames = [];
		t.ws = new WebSocket(`${secure ? 'wss' : 'ws'}://127.0.0.1:${port}/_creel/tunnel`, protocols, {
			localAddress, rejectUnauthorized: false, ...(secure && { ALPNProtocols: ['creel/1'] }),
			perMessageDeflate: false, headers: token ? { Authorization: `Bearer ${token}` } : {},
		});
		t.ws.on('message', (message) => t.frames.push(...decodeMessage(message)));
		t.ws.on('error', (error) => (t.error = error));
		t.closed = new Promise((resolve) => t.ws.on('close', (code, reason) => resolve((t.over = { code, reason: reason.toString() }))));
		await within('the WebSocket handshake', once(t.ws, 'open'));
		return t;
	}

	static async online(port, name, { say = {}, ...options } = {}) {
		const t = await Tunnel.open(port, options);
		t.ws.send(hello({ tunnel: name, ...say }));
		t.welcome = await t.frame('WELCOME');
		return t;
	}

	frame(type, match = () => true) {
		return waitFor(() => `${type}; got ${this.frames.map((f) => f.type)} ${JSON.stringify(this.over)}`, () => {
			const found = this.frames.find((f) => f.type === type && match(f));
			if (!found && this.over) throw new Error(`closed (${JSON.stringify(this.over)}) before ${type}`);
			return found;
		});
	}

	/** Requests that came whole, in order: with `bytes`, all of the body. */
	get requests() {
		const open = new Map();
		const whole = [];
		for (const f of this.frames) {
			if (f.type === 'REQUEST') open.set(f.stream, { ...f, bytes: f.body });
			else if (f.type === 'DATA' && open.has(f.stream)) {
				const r = open.get(f.stream);
				if (f.flags & FLAGS.TRAILERS) r.trailers = f.trailers;
				else r.bytes += f.body;
			} else continue;
			if (f.flags & FLAGS.END) whole.push(open.get(f.stream));
		}
		return whole;
	}

	/** The nth request (from 0), once it is here. */
	request(n = 0) {
		return waitFor(() => `request ${n}; got ${this.frames.map((f) => f.type)} ${JSON.stringify(this.over)}`, () => this.requests[n]);
	}

	/** RECORDED, and an answer unless `fields` is null. */
	answer(r, fields = {}) {
		this.ws.send(Buffer.concat([recorded(r.stream, r.event_id), ...(fields ? [response({ stream: r.stream, ...fields })] : [])]));
	}

	/** Closes with 1000: not to come back at once. */
	async leave() {
		this.ws.close(1000);
		await within('the close', this.closed);
	}

	async end() {
		this.ws.terminate();
		await this.closed;
	}
}
