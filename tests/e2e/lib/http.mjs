// HTTP/1.1 on bare sockets: a receiver that keeps the exact bytes of each request, and a sender that writes exactly
// what it is told. Node's own http module would tidy both. Header lines are latin1 strings: one character, one byte.
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { DEADLINE_MS, waitFor, within } from './harness.mjs';

const END = Buffer.from('\r\n\r\n');

export function field(lines, name) {
	const values = fields(lines, name);
	return values.length ? values[0] : undefined;
}

export function fields(lines, name) {
	return lines.filter((line) => nameOf(line) === name.toLowerCase()).map((line) => line.slice(line.indexOf(':') + 1).trim());
}

export function nameOf(line) {
	return line.slice(0, line.indexOf(':')).toLowerCase();
}

/** Reads HTTP messages (requests or responses) out of a stream of bytes. */
class MessageReader {
	constructor(onHead, onDone) {
		this.left = Buffer.alloc(0);
		this.message = null;
		this.onHead = onHead;
		this.onDone = onDone;
	}

	push(piece) {
		this.left = this.left.length ? Buffer.concat([this.left, piece]) : piece;
		while (this.step());
	}

	step() {
		if (!this.message) {
			const at = this.left.indexOf(END);
			if (at < 0) return false;
			const [first, ...lines] = this.left.subarray(0, at).toString('latin1').split('\r\n');
			const m = { first, lines, head: this.left.subarray(0, at + 4), pieces: [], trailers: [], complete: false };
			this.left = this.left.subarray(at + 4);
			m.chunked = /(^|,)\s*chunked$/i.test(field(lines, 'transfer-encoding') ?? '');
			const length = field(lines, 'content-length');
			m.expect = m.chunked ? null : length === undefined ? undefined : Number(length);
			m.got = 0;
			this.message = m;
			const noBody = this.onHead(m);
			if (noBody) m.expect = 0, (m.chunked = false);
		}
		const m = this.message;
		if (m.chunked) return this.chunk(m);
		if (m.expect === undefined) { // until the connection ends
			if (this.left.length) m.pieces.push(this.left);
			this.left = Buffer.alloc(0);
			return false;
		}
		const piece = this.left.subarray(0, m.expect - m.got);
		if (piece.length) m.pieces.push(piece);
		m.got += piece.length;
		this.left = this.left.subarray(piece.length);
		if (m.got < m.expect) return false;
		return this.done();
	}

	chunk(m) {
		if (m.inTrailers) {
			const at = this.left.indexOf('\r\n');
			if (at < 0) return false;
			const line = this.left.subarray(0, at).toString('latin1');
			this.left = this.left.subarray(at + 2);
			if (line === '') return this.done();
			m.trailers.push(line);
			return true;
		}
		const at = this.left.indexOf('\r\n');
		if (at < 0) return false;
		const size = parseInt(this.left.subarray(0, at).toString('latin1'), 16);
		if (Number.isNaN(size)) throw new Error(`bad chunk size line ${this.left.subarray(0, at)}`);
		if (size === 0) {
			this.left = this.left.subarray(at + 2);
			m.inTrailers = true;
			return true;
		}
		if (this.left.length < at + 2 + size + 2) return false;
		m.pieces.push(this.left.subarray(at + 2, at + 2 + size));
		this.left = this.left.subarray(at + 2 + size + 2);
		return true;
	}

	done() {
		const m = this.message;
		m.complete = true;
		this.message = null;
		this.onDone(m);
		return this.left.length > 0;
	}

	/** The connection is over. */
	end() {
		if (this.message && this.message.expect === undefined) this.done();
	}
}

/** An app on a bare socket. `answer(request, socket)` may write what it likes; by default 200 and `ok`. */
export class Receiver {
	constructor() {
		this.requests = [];
		this.sockets = new Set();
		this.answer = null;
		this.server = net.createServer((socket) => this.serve(socket));
	}

	static async start({ host = '127.0.0.1', port = 0, answer } = {}) {
		const r = new Receiver();
		r.answer = answer ?? null;
		r.server.listen(port, host);
		await once(r.server, 'listening');
		r.port = r.server.address().port;
		return r;
	}

	serve(socket) {
		this.sockets.add(socket);
		socket.on('close', () => this.sockets.delete(socket));
		socket.on('error', () => {});
		const reader = new MessageReader(
			(m) => {
				if (m.expect === undefined) m.expect = 0; // RFC 9112 §6.3: a request without framing has no body
				if (/^100-continue$/i.test(field(m.lines, 'expect') ?? '')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
				return false;
			},
			(m) => {
				const [, method, target] = /^(\S+) (.*) HTTP\/1\.1$/.exec(m.first) ?? [];
				const request = { method, target, requestLine: m.first, lines: m.lines, head: m.head, body: Buffer.concat(m.pieces), trailers: m.trailers, chunked: m.chunked };
				this.requests.push(request);
				if (this.answer) this.answer(request, socket);
				else socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n' + (method === 'HEAD' ? '' : 'ok'));
			},
		);
		socket.on('data', (piece) => {
			try {
				reader.push(piece);
			} catch (error) {
				this.fault = error;
				socket.destroy();
			}
		});
	}

	/** The first request that matches, once it is here. */
	async request(match = () => true, timeoutMs = DEADLINE_MS) {
		return waitFor(() => `a request at the app; it got ${JSON.stringify(this.requests.map((r) => r.requestLine))}`,
			() => this.requests.find(match), timeoutMs);
	}

	dropConnections() {
		for (const socket of this.sockets) socket.destroy();
	}

	async close() {
		this.dropConnections();
		await new Promise((resolve) => this.server.close(resolve));
	}
}

/** A sender's connection. */
export class Sender {
	constructor(socket) {
		this.socket = socket;
		this.answers = [];
		this.raw = [];
		this.bodiless = [];
		this.current = null;
		this.reader = new MessageReader(
			(m) => {
				this.current = m;
				m.status = Number(m.first.split(' ')[1]);
				if (m.status >= 100 && m.status < 200) return true;
				return this.bodiless.shift() || m.status === 204 || m.status === 304;
			},
			(m) => {
				if (m.status >= 100 && m.status < 200) (this.interim ??= []).push(m.status);
				else this.answers.push(m);
			},
		);
		socket.on('data', (piece) => {
			this.raw.push(piece);
			this.reader.push(piece);
		});
		socket.on('error', (error) => (this.error = error));
		this.closed = new Promise((resolve) => socket.on('close', () => {
			this.reader.end();
			this.isClosed = true;
			resolve();
		}));
	}

	/** `localAddress` is where it comes from; `first` goes before all else, TLS included. */
	static async connect(port, { host = '127.0.0.1', localAddress, first, tlsOptions } = {}) {
		let socket = net.connect({ port, host, localAddress });
		await within('connecting', once(socket, 'connect'));
		if (first) socket.write(first);
		if (tlsOptions) {
			socket = tls.connect({ socket, ...tlsOptions });
			await within('the TLS handshake', once(socket, 'secureConnect'));
		}
		const s = new Sender(socket);
		socket.setNoDelay(true);
		return s;
	}

	/** Writes the bytes; resolves when the kernel took them (or the connection is over). */
	async write(bytes) {
		if (this.isClosed || this.socket.destroyed) return;
		const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
		await new Promise((resolve) => {
			this.socket.write(data, resolve);
			this.socket.once('close', resolve);
		});
	}

	/** The next answer that came whole, or at the connection's end what came of it (complete: false), or null. */
	async answer({ head = false, timeoutMs = DEADLINE_MS } = {}) {
		const n = (this.taken ??= 0);
		if (head) this.bodiless.push(true);
		await waitFor(() => `an answer; got ${Buffer.concat(this.raw).subarray(0, 500).toString('latin1')}`,
			() => this.answers.length > n || this.isClosed, timeoutMs);
		const m = this.answers[n] ?? this.current;
		if (!m) return null;
		this.taken++;
		m.body = Buffer.concat(m.pieces);
		m.text = m.body.toString('utf8');
		return m;
	}

	/** Body bytes of the answer under way. */
	get partial() {
		return this.current ? Buffer.concat(this.current.pieces) : Buffer.alloc(0);
	}

	/** Waits until the other side has closed. */
	over() {
		return within('the connection to be closed', this.closed);
	}

	async end() {
		this.socket.destroy();
		await this.closed;
	}
}

/** One request on a connection of its own. `lines` go out in order, untouched. */
export function requestBytes(method, target, lines, body = Buffer.alloc(0)) {
	return Buffer.concat([Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.map((l) => l + '\r\n').join('')}\r\n`, 'latin1'), Buffer.from(body)]);
}

export async function send(port, bytes, { head = false, timeoutMs, ...options } = {}) {
	const s = await Sender.connect(port, options);
	try {
		const written = s.write(bytes);
		const answer = await s.answer({ head, timeoutMs });
		if (answer?.complete) await written;
		return answer;
	} finally {
		await s.end();
	}
}

/** A plain POST to a tunnel, for tests whose subject is something else. */
export function post(port, target, body = 'hello', lines = [], options = {}) {
	return send(port, requestBytes('POST', target, ['Host: localhost', `Content-Length: ${Buffer.byteLength(body)}`, ...lines], body), options);
}
