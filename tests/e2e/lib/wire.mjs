// creel.v1 written a second time, from shared/PROTOCOL.md alone, so that the document is known to be enough.

export const TYPES = { HELLO: 1, WELCOME: 2, REQUEST: 3, DATA: 4, RESPONSE: 5, RECORDED: 6, DONE: 7, RESET: 8, WINDOW: 9, GOAWAY: 10, NOTICE: 11, SEALED: 12, RESUME: 13 };
export const FLAGS = { END: 1, TRAILERS: 2, SPOOLED: 4, REFUSED: 8, UPGRADE: 16 };
export const MAX_PAYLOAD = 2_097_152;
const NAMES = Object.fromEntries(Object.entries(TYPES).map(([name, type]) => [type, name]));
const UNKNOWN_LENGTH = 2n ** 64n - 1n;

class Reader {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
	}

	take(n) {
		if (this.at + n > this.bytes.length) throw new Error('malformed: the payload ends within a field');
		this.at += n;
		return this.bytes.subarray(this.at - n, this.at);
	}

	u8() { return this.take(1).readUInt8(); }
	u16() { return this.take(2).readUInt16BE(); }
	u32() { return this.take(4).readUInt32BE(); }
	u64() { return this.take(8).readBigUInt64BE(); }
	str16() { return this.take(this.u16()); }
	str32() { return this.take(this.u32()); }
	rest() { return this.take(this.bytes.length - this.at); }
}

const number = (value) => (value === UNKNOWN_LENGTH ? null : Number(value));
const uuid = (b) => b.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
const text = (b) => b.toString('utf8');
const raw = (b) => b.toString('latin1'); // one character, one byte

const payloads = {
	HELLO: (r) => ({
		version: r.u16(), features: r.u32(), options: r.u32(), drain_parallel: r.u32(), client_version: text(r.str16()),
		tunnel: text(r.str16()), resume_nonce_hex: r.str16().toString('hex'), public_key_hex: r.str16().toString('hex'),
	}),
	WELCOME: (r) => ({
		version: r.u16(), features: r.u32(), ping_interval_ms: r.u32(), reply_timeout_ms: r.u32(), max_body: Number(r.u64()),
		relay_version: text(r.str16()), tunnel: text(r.str16()), public_url: text(r.str16()), nonce_hex: r.str16().toString('hex'),
		resume_grace_ms: r.u32(), resumed: (r.u8() & 1) !== 0,
	}),
	REQUEST: (r) => {
		const fields = { event_id: uuid(r.take(16)), received_at_us: Number(r.u64()), body_len: number(r.u64()), refused_status: r.u16() };
		const bits = r.u8();
		return {
			...fields, has_body: (bits & 1) !== 0, https: (bits & 2) !== 0, forwarded: (bits & 4) !== 0, peer: text(r.str16()), method: raw(r.str16()),
			target: raw(r.str32()), prefix: raw(r.str16()), headers: raw(r.str32()), body: raw(r.rest()),
		};
	},
	DATA: (r, flags) => (flags & FLAGS.TRAILERS ? { trailers: raw(r.rest()) } : { body: raw(r.rest()) }),
	RESPONSE: (r) => ({
		status: r.u16(), body_len: number(r.u64()), reason: raw(r.str16()), headers: raw(r.str32()), body: raw(r.rest()),
	}),
	RECORDED: (r) => ({ event_id: uuid(r.take(16)) }),
	DONE: (r) => ({ event_id: uuid(r.take(16)) }),
	RESET: (r) => ({ code: r.u32(), reason: text(r.str16()) }),
	WINDOW: (r) => ({ credit: r.u32() }),
	GOAWAY: (r) => ({ code: r.u16(), number: Number(r.u64()), text: text(r.str16()) }),
	SEALED: (r) => ({ piece_hex: r.rest().toString('hex') }),
	RESUME: (r) => {
		const event_id = uuid(r.take(16));
		const bits = r.u8();
		return { event_id, recorded: (bits & 1) !== 0, head: (bits & 2) !== 0, body_seen: Number(r.u64()) };
	},
	NOTICE: (r) => ({ code: r.u16(), number: Number(r.u64()), text: text(r.str16()) }),
};

/** The frames of one message; throws when one is malformed. Unknown types are skipped. */
export function decodeMessage(message) {
	const frames = [];
	for (let at = 0; at < message.length;) {
		if (message.length - at < 16) throw new Error('malformed: the message ends within a frame header');
		const length = message.readUInt32BE(at);
		const flags = message.readUInt8(at + 5);
		if (length > MAX_PAYLOAD) throw new Error('malformed: payload too long');
		if (message.readUInt16BE(at + 6) !== 0) throw new Error('malformed: reserved is not 0');
		if (at + 16 + length > message.length) throw new Error('malformed: the frame crosses the message');
		const type = NAMES[message.readUInt8(at + 4)];
		const stream = Number(message.readBigUInt64BE(at + 8));
		const payload = new Reader(message.subarray(at + 16, at + 16 + length));
		if (type) frames.push({ type, flags, stream, ...payloads[type](payload, flags) });
		at += 16 + length;
	}
	return frames;
}

const be = (bytes, value) => {
	const b = Buffer.alloc(bytes);
	if (bytes === 8) b.writeBigUInt64BE(BigInt(value));
	else b.writeUIntBE(value, 0, bytes);
	return b;
};
const str = (bytes, value) => {
	const b = typeof value === 'string' ? Buffer.from(value, 'latin1') : value;
	return Buffer.concat([be(bytes, b.length), b]);
};

export function frame(type, { flags = 0, stream = 0, reserved = 0, payload = Buffer.alloc(0), length = payload.length } = {}) {
	return Buffer.concat([be(4, length), be(1, TYPES[type] ?? type), be(1, flags), be(2, reserved), be(8, stream), payload]);
}

export function hello({ version = 1, features = 0, options = 0, drain_parallel = 4, client_version = 'e2e', tunnel = '', resume_nonce = '', public_key = '' } = {}) {
	return frame('HELLO', { payload: Buffer.concat([be(2, version), be(4, features), be(4, options), be(4, drain_parallel),
		str(2, client_version), str(2, tunnel), str(2, resume_nonce), str(2, public_key)]) });
}

export function welcome({ version = 1, features = 0, ping_interval_ms = 15000, reply_timeout_ms = 30000, max_body = 1 << 26, tunnel = 'fake', public_url = 'http://127.0.0.1:1/fake', nonce = Buffer.alloc(16, 7), resume_grace_ms = 5000, resumed = false } = {}) {
	return frame('WELCOME', { payload: Buffer.concat([be(2, version), be(4, features), be(4, ping_interval_ms), be(4, reply_timeout_ms),
		be(8, max_body), str(2, 'e2e'), str(2, tunnel), str(2, public_url), str(2, nonce), be(4, resume_grace_ms), be(1, resumed ? 1 : 0)]) });
}

export function request({ stream = 1, flags = FLAGS.END, event_id, body_len = 0, refused_status = 0, bits = 1, peer = '127.0.0.1:9', method = 'POST',
	target = '/', prefix = '/fake', headers = 'Host: x\r\n', body = '' }) {
	return frame('REQUEST', { flags, stream, payload: Buffer.concat([Buffer.from(event_id.replaceAll('-', ''), 'hex'), be(8, Date.now() * 1000),
		be(8, body_len), be(2, refused_status), be(1, bits), str(2, peer), str(2, method), str(4, target), str(2, prefix), str(4, headers), Buffer.from(body, 'latin1')]) });
}

export function response({ stream, flags = FLAGS.END, status = 200, body_len = 2, reason = 'OK', headers = 'Content-Length: 2\r\n', body = 'ok' }) {
	return frame('RESPONSE', { flags, stream, payload: Buffer.concat([be(2, status), be(8, body_len), str(2, reason), str(4, headers), Buffer.from(body, 'latin1')]) });
}

export function recorded(stream, event_id) {
	return frame('RECORDED', { stream, payload: Buffer.from(event_id.replaceAll('-', ''), 'hex') });
}

export function note(type, code, sentence) {
	return frame(type, { payload: Buffer.concat([be(2, code), be(8, 0), str(2, sentence)]) });
}

export function sealed({ stream, flags = FLAGS.END, piece }) {
	return frame('SEALED', { flags, stream, payload: piece });
}

export function resume({ stream = 0, event_id = '0'.repeat(32), recorded: isRecorded = false, head = false, body_seen = 0 } = {}) {
	return frame('RESUME', { stream, payload: Buffer.concat([Buffer.from(event_id.replaceAll('-', ''), 'hex'),
		be(1, (isRecorded ? 1 : 0) | (head ? 2 : 0)), be(8, body_seen)]) });
}
