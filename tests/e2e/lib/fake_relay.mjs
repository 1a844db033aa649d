// A relay without creel's code, for tests of the client: it says what the test tells it to, and can lose connections.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { WebSocketServer } from 'ws';
import { waitFor, within } from './harness.mjs';
import { decodeMessage, frame, request, resume, welcome } from './wire.mjs';

export const u32 = (n) => { const b = Buffer.alloc(4); b.writeUInt32BE(n); return b; };
export const idBytes = (id) => Buffer.from(id.replaceAll('-', ''), 'hex');
export const eventId = () => `019ab12c-4d5e-7f3a-8b6c-${randomBytes(6).toString('hex')}`;
export const done = (stream, id) => frame('DONE', { stream, payload: idBytes(id) });
export const credit = (stream, n) => frame('WINDOW', { stream, payload: u32(n) });
export const reset = (stream, code) => frame('RESET', { stream, payload: Buffer.concat([u32(code), Buffer.alloc(2)]) });
/** A whole delivery in one REQUEST. */
export const delivery = ({ body = '', headers = `Host: x\r\nContent-Length: ${body.length}\r\n`, ...rest }) => request({ body, body_len: body.length, headers, ...rest });

/** One connection of a client. */
class Connection {
	constructor(ws, socket) {
		Object.assign(this, { ws, socket, frames: [] });
		ws.on('message', (message) => this.frames.push(...decodeMessage(message)));
		ws.on('error', () => {});
		ws.on('ping', () => (this.pings = (this.pings ?? 0) + 1));
		this.closed = new Promise((resolve) => ws.on('close', (code, reason) => resolve((this.over = { code, reason: reason.toString() }))));
	}

	get hello() {
		return this.frames[0];
	}

	send(...frames) {
		this.ws.send(Buffer.concat(frames));
	}

	of(stream, type) {
		return this.frames.filter((f) => f.stream === stream && (!type || f.type === type));
	}

	/** The first frame of that type that matches. */
	frame(type, match = () => true) {
		return waitFor(() => `${type}; got ${JSON.stringify(this.frames.map((f) => [f.type, f.stream, f.flags]))} ${JSON.stringify(this.over)}`, () => {
			const found = this.frames.find((f) => f.type === type && match(f));
			if (!found && this.over) throw new Error(`closed (${JSON.stringify(this.over)}) before ${type}`);
			return found;
		});
	}

	/** The answer's body on a stream so far. */
	body(stream) {
		return this.frames.filter((f) => f.stream === stream && ['RESPONSE', 'DATA'].includes(f.type)).map((f) => f.body).join('');
	}

	ended(stream) {
		return this.frames.some((f) => f.stream === stream && ['RESPONSE', 'DATA'].includes(f.type) && f.flags & 1);
	}

	/** Waits until a stream's answer is whole, and gives its body. */
	async answer(stream) {
		await waitFor(() => `the end of the answer on ${stream}; got ${JSON.stringify(this.frames.map((f) => [f.type, f.stream, f.flags]))}`, () => this.ended(stream));
		return this.body(stream);
	}

	/** Loses the connection, as a cable does. */
	async cut() {
		this.socket.destroy();
		await this.closed;
	}

	async close(code) {
		this.ws.close(code);
		await within('the close', this.closed);
	}
}

export class FakeRelay {
	static async start(world) {
		const r = new FakeRelay();
		r.world = world;
		r.connections = [];
		r.server = http.createServer();
		r.wss = new WebSocketServer({ server: r.server, path: '/_creel/tunnel', perMessageDeflate: false, handleProtocols: () => 'creel.v1' });
		r.wss.on('connection', (ws, req) => r.connections.push(new Connection(ws, req.socket)));
		r.server.listen(0, '127.0.0.1');
		await once(r.server, 'listening');
		r.port = r.server.address().port;
		world.keep(r);
		return r;
	}

	/** A client; `connection(n)` is its n-th, once HELLO came, answered with `greeting`. */
	async startClient(name, { app, output = 'json', args, db, env } = {}) {
		const client = await this.world.startClient({ relayUrl: `http://127.0.0.1:${this.port}`, target: app.port ?? app, name, output, args, db, env, wait: false });
		const seen = this.connections.length; // a name may have been used by a client before this one
		client.connection = async (n, greeting = {}) => {
			const c = await waitFor(() => `connection ${n} of ${name}\n${client.err}`, () => {
				if (client.result) throw new Error(`the client ended: ${JSON.stringify(client.result)} ${client.err}`);
				return this.connections.slice(seen).filter((o) => o.hello?.tunnel === name)[n - 1];
			});
			if (greeting) c.send(greeting instanceof Buffer ? greeting : welcome({ tunnel: name, ...greeting }));
			return c;
		};
		/** The n-th connection, resumed with these streams. */
		client.resumed = async (n, streams, more = {}) => {
			const c = await client.connection(n, { resumed: true, ...more });
			c.send(...streams.map((s) => resume(s)), resume());
			return c;
		};
		return client;
	}

	close() {
		this.wss.clients.forEach((c) => c.terminate());
		this.server.close();
	}
}
