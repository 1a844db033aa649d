// Random valid HTTP messages, all from the generator they are given: the same numbers make the same bytes. Text is latin1: one
// character, one byte.

/** mulberry32: numbers from 0 to 1, good enough for tests and the same everywhere. */
export function random(seed) {
	let a = seed >>> 0;
	return () => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = a;
		t = Math.imul(t ^ (t >>> 15), t | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
	};
}

export const chance = (r, p) => r() < p;
const upTo = (r, n) => Math.floor(r() * (n + 1));
const one = (r, list) => list[Math.floor(r() * list.length)];
const text = (r, alphabet, n) => Array.from({ length: n }, () => one(r, alphabet)).join('');

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i));
const LETTERS = [...range(0x30, 0x39), ...range(0x41, 0x5a), ...range(0x61, 0x7a)];
const TOKEN = [...LETTERS, ..."!#$%&'*+-.^_`|~"];
const VISIBLE = range(0x21, 0x7e);
const HIGH = range(0x80, 0xff);
const VALUE = [...VISIBLE, ...VISIBLE, ...HIGH, ' ', ' ', '\t'];
const TARGET = [...LETTERS, ...LETTERS, ...LETTERS, ..."-._~!$&'()*+,;=:@/%[]{}|^`\\\"<>", ...HIGH.slice(0, 20), '/', '%2F', '//', '..'];

export const FRAMINGS = { NONE: 'none', LENGTH: 'length', CHUNKED: 'chunked', CLOSE: 'close' };

const oddCase = (r, name) => (chance(r, 0.5) ? name : Array.from(name, (c) => (chance(r, 0.5) ? c.toUpperCase() : c.toLowerCase())).join(''));

function value(r) {
	if (chance(r, 0.08)) return '';
	const n = chance(r, 0.03) ? upTo(r, 3000) : upTo(r, 60);
	return text(r, VALUE, n).trim();
}

const blanks = (r) => (chance(r, 0.8) ? ' ' : text(r, [' ', '\t'], upTo(r, 4)));

const line = (r, name, v = value(r)) => `${name}:${blanks(r)}${v}${chance(r, 0.15) ? text(r, [' ', '\t'], upTo(r, 3)) : ''}`;

const REQUEST_NAMES = ['User-Agent', 'Accept', 'Content-Type', 'X-Hub-Signature-256', 'Stripe-Signature', 'Cookie', 'Accept-Encoding', 'Referer', 'Via', 'Content-Encoding', 'If-None-Match'];
const ANSWER_NAMES = ['Server', 'Date', 'Content-Type', 'Set-Cookie', 'Set-Cookie', 'ETag', 'Vary', 'Cache-Control', 'Location', 'WWW-Authenticate', 'Content-Encoding', 'Retry-After'];

function fieldLines(r, names) {
	const lines = [];
	const count = chance(r, 0.03) ? upTo(r, 150) : upTo(r, 12);
	for (let i = 0; i < count; i++) {
		const again = lines.length && chance(r, 0.15) ? one(r, lines).split(':')[0] : null;
		const name = again ?? (chance(r, 0.4) ? one(r, names) : `X${text(r, TOKEN, 1 + upTo(r, 20))}`);
		lines.push(line(r, oddCase(r, name)));
	}
	return lines;
}

const insert = (r, lines, ...more) => more.forEach((one) => lines.splice(upTo(r, lines.length), 0, one));

function body(r) {
	const kind = r();
	const n = kind < 0.15 ? 0 : kind < 0.3 ? 1 + upTo(r, 5) : kind < 0.8 ? upTo(r, 2000) : kind < 0.95 ? upTo(r, 30000) : upTo(r, 300000);
	const bytes = Buffer.alloc(n);
	for (let i = 0; i < n; i++) bytes[i] = r() * 256;
	return bytes;
}

const trailerLines = (r) => (chance(r, 0.6) ? [] : Array.from({ length: 1 + upTo(r, 5) }, () => line(r, oddCase(r, `X-T${text(r, TOKEN, upTo(r, 8))}`))));

function extension(r) {
	if (chance(r, 0.7)) return '';
	return `;${text(r, LETTERS, 1 + upTo(r, 5))}${one(r, ['', '=1', `=${text(r, LETTERS, 5)}`, '="a b;c"', '="\\""'])}`;
}

function chunked(r, bytes, trailers) {
	const out = [];
	const most = one(r, [1, 10, 1000, 20000, 400000]);
	for (let at = 0; at < bytes.length;) {
		const n = Math.min(bytes.length - at, 1 + upTo(r, bytes.length > 3000 * most ? 20000 : most));
		const size = chance(r, 0.5) ? n.toString(16) : n.toString(16).toUpperCase();
		out.push(Buffer.from(`${'0'.repeat(chance(r, 0.1) ? upTo(r, 5) : 0)}${size}${extension(r)}\r\n`), bytes.subarray(at, at + n), Buffer.from('\r\n'));
		at += n;
	}
	out.push(Buffer.from(`${'0'.repeat(1 + (chance(r, 0.1) ? upTo(r, 5) : 0))}${extension(r)}\r\n${trailers.map((t) => t + '\r\n').join('')}\r\n`, 'latin1'));
	return Buffer.concat(out);
}

const message = (first, lines, framed) => Buffer.concat([Buffer.from(`${first}\r\n${lines.map((l) => l + '\r\n').join('')}\r\n`, 'latin1'), framed]);

/** A request whose target begins with `prefix` and ends with n=`n`. */
export function makeRequest(r, prefix, n) {
	const method = chance(r, 0.6) ? 'POST' : one(r, ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'post', text(r, TOKEN, 1 + upTo(r, 20))]);
	const target = `${prefix}/${text(r, TARGET, upTo(r, 40))}?${text(r, [...TARGET, '?', '&'], upTo(r, 20))}&n=${n}`;
	const isOld = chance(r, 0.05);
	const framing = chance(r, method === 'POST' ? 0.03 : 0.4) ? FRAMINGS.NONE : isOld || chance(r, 0.5) ? FRAMINGS.LENGTH : FRAMINGS.CHUNKED;
	const lines = fieldLines(r, REQUEST_NAMES);
	const bytes = framing === FRAMINGS.NONE ? Buffer.alloc(0) : body(r);
	const trailers = framing === FRAMINGS.CHUNKED ? trailerLines(r) : [];
	insert(r, lines, line(r, oddCase(r, 'Host'), one(r, ['localhost', 'LOCALHOST', 'localhost:8080', '127.0.0.1', '[::1]:80'])));
	if (framing === FRAMINGS.LENGTH) insert(r, lines, line(r, oddCase(r, 'Content-Length'), `${'0'.repeat(chance(r, 0.05) ? 2 : 0)}${bytes.length}`));
	if (framing === FRAMINGS.CHUNKED) insert(r, lines, line(r, oddCase(r, 'Transfer-Encoding'), oddCase(r, 'chunked')));
	let persists = !isOld;
	if (chance(r, 0.1)) insert(r, lines, `Connection: ${one(r, ['keep-alive', 'Keep-Alive, TE', 'TE'])}`);
	if (chance(r, 0.1)) {
		insert(r, lines, 'Connection: close');
		persists = false;
	}
	if (trailers.length && chance(r, 0.5)) insert(r, lines, `Trailer: ${trailers.map((t) => t.split(':')[0]).join(', ')}`);
	const framed = framing === FRAMINGS.CHUNKED ? chunked(r, bytes, trailers) : bytes;
	return { method, target, lines, body: bytes, trailers, framing, isOld, persists, bytes: message(`${method} ${target} HTTP/1.${isOld ? 0 : 1}`, lines, framed) };
}

/** What an app may answer it. */
export function makeAnswer(r, request) {
	const status = chance(r, 0.5) ? 200 : one(r, [201, 202, 204, 206, 301, 304, 400, 404, 418, 429, 500, 503, 200 + upTo(r, 399)]);
	const reason = chance(r, 0.1) ? '' : text(r, VALUE, upTo(r, 30)).trim();
	const isOld = chance(r, 0.08);
	const bodiless = status === 204 || status === 304 || request.method === 'HEAD';
	const lines = fieldLines(r, ANSWER_NAMES);
	let framing = isOld ? one(r, [FRAMINGS.LENGTH, FRAMINGS.CLOSE]) : one(r, [FRAMINGS.LENGTH, FRAMINGS.LENGTH, FRAMINGS.CHUNKED, FRAMINGS.CHUNKED, FRAMINGS.CLOSE]);
	if (bodiless) framing = FRAMINGS.NONE;
	const bytes = bodiless ? Buffer.alloc(0) : body(r);
	const trailers = framing === FRAMINGS.CHUNKED ? trailerLines(r) : [];
	if (framing === FRAMINGS.LENGTH) insert(r, lines, line(r, oddCase(r, 'Content-Length'), String(bytes.length)));
	if (framing === FRAMINGS.CHUNKED) insert(r, lines, line(r, oddCase(r, 'Transfer-Encoding'), oddCase(r, 'chunked')));
	const says = chance(r, 0.1);
	if (says) insert(r, lines, 'Connection: close');
	const closes = isOld || says || framing === FRAMINGS.CLOSE;
	const framed = framing === FRAMINGS.CHUNKED ? chunked(r, bytes, trailers) : bytes;
	const interim = isOld || chance(r, 0.85) ? '' : one(r, ['HTTP/1.1 100 Continue\r\n\r\n', 'HTTP/1.1 102 Processing\r\nX-I: 1\r\n\r\n', 'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n'.repeat(2)]);
	return { status, reason, lines, body: bytes, trailers, framing, closes,
		bytes: Buffer.concat([Buffer.from(interim), message(`HTTP/1.${isOld ? 0 : 1} ${status} ${reason}`, lines, framed)]) };
}

/** The bytes in pieces: whole, in a few, or one by one at a place. */
export function cut(r, bytes) {
	const kind = r();
	if (kind < 0.3) return [bytes];
	const places = new Set();
	for (let n = 1 + upTo(r, 12); n > 0; n--) places.add(upTo(r, bytes.length));
	if (kind > 0.7) {
		const from = chance(r, 0.5) ? 0 : upTo(r, bytes.length);
		for (let at = from; at < Math.min(from + 400, bytes.length); at++) places.add(at);
	}
	const cuts = [0, ...[...places].filter((p) => p > 0 && p < bytes.length).sort((a, b) => a - b), bytes.length];
	return cuts.slice(1).map((to, i) => bytes.subarray(cuts[i], to));
}
