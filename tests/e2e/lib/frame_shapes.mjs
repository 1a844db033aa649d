// WebSocket frames of every shape, good and bad, after chapters 1 to 7, 9 and 10 of Autobahn's test suite.
import { randomBytes } from 'node:crypto';

/** A frame's bytes (RFC 6455 §5.2). `length`: 7, 16 or 64 bits for its length in place of the least; `declared`: not the payload's. */
function frame({ fin = true, rsv = 0, opcode, payload = '', masked, length, declared }) {
	const data = Buffer.from(payload), n = declared ?? data.length;
	const bits = length ?? (n < 126 ? 7 : n < 65536 ? 16 : 64);
	const head = Buffer.alloc(2 + { 7: 0, 16: 2, 64: 8 }[bits]);
	head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
	head[1] = (masked ? 0x80 : 0) | (bits === 7 ? n : bits === 16 ? 126 : 127);
	if (bits === 16) head.writeUInt16BE(n, 2);
	if (bits === 64) head.writeBigUInt64BE(BigInt(n), 2);
	if (!masked) return Buffer.concat([head, data]);
	const key = randomBytes(4);
	return Buffer.concat([head, key, data.map((byte, i) => byte ^ key[i % 4])]);
}

const [MORE, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];
const closing = (code, reason = '') => Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
const pieces = (opcode, data, size) => Array.from({ length: Math.ceil(data.length / size) }, (_, i) => ({
	opcode: i ? MORE : opcode, fin: (i + 1) * size >= data.length, payload: data.subarray(i * size, (i + 1) * size),
}));
const bad = (text) => Buffer.from(text, 'hex');
// Good ones first: κόσμε, the bounds of each length, non-characters; then lone continuations, cut short, overlong, surrogates, beyond U+10FFFF.
const UTF8 = ['cebae1bdb9cf83cebcceb5', '00', 'c280', 'e0a080', 'f0908080', '7f', 'dfbf', 'ef bf bf', 'f48fbfbf', 'ed9fbf', 'ee8080', 'efbfbd', 'efb790',
	'80', 'bf', '8080', 'c020', 'e020', 'f020', 'c0', 'e080', 'f08080', 'fe', 'ff', 'fefeffff', 'c0af', 'e080af', 'f08080af', 'f8808080af', 'c1bf', 'e09fbf', 'f08fbfbf',
	'eda080', 'edbfbf', 'eda080edb080', 'f4908080', 'fc808080808f', 'cebae1bdb9cf83cebcceb5eda080656469746564'].map((hex) => bad(hex.replaceAll(' ', '')));
const GOOD_CODES = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999];
const BAD_CODES = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535];

/** [{ name, bytes }]: what one end sends; `masked`: as a client does. */
export function frameShapes(masked) {
	const cases = [];
	const add = (name, ...frames) => cases.push({ name, bytes: Buffer.concat(frames.map((f) => frame({ masked, ...f }))) });
	for (const n of [0, 125, 126, 127, 128, 65535, 65536]) {
		add(`1.1 text of ${n}`, { opcode: TEXT, payload: '*'.repeat(n) });
		add(`1.2 binary of ${n}`, { opcode: BINARY, payload: randomBytes(n) });
	}
	for (const n of [0, 5, 125, 126]) for (const opcode of [PING, PONG]) add(`2 control frame ${opcode} of ${n}`, { opcode, payload: randomBytes(n) });
	add('2.10 ten pings', ...Array.from({ length: 10 }, (_, i) => ({ opcode: PING, payload: `payload-${i}` })));
	for (let rsv = 1; rsv < 8; rsv++) for (const opcode of [MORE, TEXT, BINARY, CLOSE, PING, PONG]) add(`3 reserved bits ${rsv}, opcode ${opcode}`, { opcode, rsv, payload: 'Hello' });
	for (const opcode of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) for (const payload of ['', 'Hello'])
		add(`4 opcode ${opcode} with ${payload.length} bytes between others`, { opcode: TEXT, payload: 'before' }, { opcode, payload }, { opcode: PING });
	for (const opcode of [PING, PONG, CLOSE]) add(`5.1 control frame ${opcode} in two`, { opcode, fin: false, payload: 'frag' }, { opcode: MORE, payload: 'ment' });
	add('5.6 a ping between fragments', { opcode: TEXT, fin: false, payload: 'frag' }, { opcode: PING, payload: 'ping' }, { opcode: MORE, payload: 'ment' });
	for (const fin of [true, false]) add(`5.9 a continuation of nothing, fin ${fin}`, { opcode: MORE, fin, payload: 'x' }, { opcode: TEXT, payload: 'y' });
	add('5.18 two beginnings', { opcode: TEXT, fin: false, payload: 'a' }, { opcode: TEXT, payload: 'b' });
	add('5.19 five fragments, pings between', ...[0, 1, 2, 3, 4].flatMap((i) => [{ opcode: i ? MORE : TEXT, fin: i === 4, payload: `f${i}` }, { opcode: PING, payload: `p${i}` }]));
	add('5.20 only empty fragments', { opcode: BINARY, fin: false }, { opcode: MORE, fin: false }, { opcode: MORE });
	for (const data of UTF8) {
		add(`6 text ${data.toString('hex')}`, { opcode: TEXT, payload: data });
		add(`6 text ${data.toString('hex')} byte by byte`, ...pieces(TEXT, data, 1));
	}
	add('7.1 text, ping and a second close after a close', { opcode: CLOSE, payload: closing(1000) }, { opcode: TEXT, payload: 'late' }, { opcode: PING }, { opcode: CLOSE });
	add('7.3.1 a close of nothing', { opcode: CLOSE });
	add('7.3.2 a close of one byte', { opcode: CLOSE, payload: 'x' });
	for (const n of [0, 5, 123, 124]) add(`7.3 a close with a reason of ${n}`, { opcode: CLOSE, payload: closing(1000, '*'.repeat(n)) });
	for (const data of UTF8) add(`7.5 a close with the reason ${data.toString('hex')}`, { opcode: CLOSE, payload: closing(1000, data) });
	for (const code of [...GOOD_CODES, ...BAD_CODES]) for (const reason of ['', 'reason']) add(`7 close ${code} ${reason}`, { opcode: CLOSE, payload: closing(code, reason) });
	for (const opcode of [TEXT, BINARY]) {
		const data = randomBytes(1 << 20);
		add(`9 one frame of 1 MiB, opcode ${opcode}`, { opcode, payload: data });
		for (const size of [64, 1300, 4096, 65536]) add(`9, 10 256 KiB in frames of ${size}, opcode ${opcode}`, ...pieces(opcode, data.subarray(0, 1 << 18), size));
	}
	// Beyond the suite: what no end may send, and pipes pass.
	for (const [length, n] of [[16, 5], [64, 5], [64, 126], [16, 125]]) add(`a length of ${n} in ${length} bits`, { opcode: BINARY, payload: randomBytes(n), length });
	add('masked where it must not be, or the other way', { opcode: TEXT, payload: 'mask', masked: !masked });
	add('a length that never comes, its top bit set', { opcode: BINARY, payload: 'x', length: 64, declared: 2 ** 63 });
	return cases;
}
