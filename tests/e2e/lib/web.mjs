// `creel web` under test, and deliveries for it without a tunnel.
import http from 'node:http';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { waitFor } from './harness.mjs';

/** One delivery as a line of NDJSON, as `creel import` reads it. */
export function line(n, { target = '/hooks/stripe', method = 'POST', headers = [['Content-Type', 'application/json']], body = `{"n":${n},"type":"invoice.paid"}`, status = 200, answer = 'ok', at = Date.now() - 60_000 + n } = {}) {
	const bytes = Buffer.from(body);
	return JSON.stringify({
		event_id: `019a0000-0000-7000-8000-${String(n).padStart(12, '0')}`, received_at: new Date(at).toISOString(), tunnel: 'test', method, target, peer: '192.0.2.7:4711', prefix: '', https: false, has_body: true,
		state: status && status < 400 ? 'delivered' : 'failed', request: { headers: [['Host', 'shop.example.dev'], ...headers], ...(Buffer.from(bytes.toString()).equals(bytes) && !bytes.includes(0) ? { body: bytes.toString() } : { body_base64: bytes.toString('base64') }) },
		response: status ? { headers: [['Content-Type', 'text/plain'], ['Content-Length', String(Buffer.from(answer).length)]], body: answer } : null,
		attempt: { started_at: new Date(at + 1).toISOString(), result: status ? 'ok' : 'timeout', status: status || null, reason: status ? (status < 400 ? 'OK' : 'Internal Server Error') : '', url: 'http://localhost:3000/hooks', error: status ? null : 'the app did not answer within 30 s', connect_us: 110, first_byte_us: 4999, total_us: 5000 + (n % 100) * 1000 },
	});
}

/** Puts deliveries into the default store. */
export async function fill(w, lines) {
	const file = w.fresh('lines');
	writeFileSync(file, `${lines.join('\n')}\n`);
	await w.run('creel', ['import', file, '--format', 'ndjson']);
}

/** Starts it; gives the process with `port`, `token`, `url` and calls. */
export async function startWeb(w, args = []) {
	const p = w.spawn('creel', ['web', '--port', '0', ...args]);
	p.url = await waitFor(() => `an address\n${p.err}`, () => {
		if (p.result) throw new Error(`creel web ended with ${JSON.stringify(p.result)}\n${p.err}`);
		return /^http:\S+/.exec(p.stdout.toString())?.[0];
	});
	p.port = Number(new URL(p.url).port);
	p.token = new URL(p.url).searchParams.get('token');
	p.base = `http://127.0.0.1:${p.port}`;
	p.call = (target, options) => call(p, target, options);
	p.json = async (target, options) => {
		const a = await call(p, target, options);
		return a.text ? JSON.parse(a.text) : null;
	};
	return p;
}

/** A request as it is written, with the token unless `token` is false. */
export function call(p, target, { method = 'GET', headers = {}, body, token = true } = {}) {
	const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
	return new Promise((resolve, reject) => {
		const r = http.request({ host: '127.0.0.1', port: p.port, path: target, method, agent: false, headers: { ...(token ? { Authorization: `Bearer ${p.token}` } : {}), ...(bytes ? { 'Content-Type': 'application/json', 'Content-Length': bytes.length } : {}), ...headers } }, (a) => {
			const pieces = [];
			a.on('data', (piece) => pieces.push(piece));
			a.on('end', () => {
				const all = Buffer.concat(pieces);
				resolve({ status: a.statusCode, headers: a.headers, bytes: all, text: all.toString() });
			});
			a.on('error', reject);
		});
		r.on('error', reject);
		r.end(bytes);
	});
}

export const keyFile = (w) => path.join(w.env.XDG_DATA_HOME, 'creel', 'web.key');
export const keyOf = (w) => readFileSync(keyFile(w), 'utf8').trim();

/** Server-sent events as they come: { events, close() }. */
export function stream(p, target = '/api/events') {
	const events = [];
	let rest = '', answer;
	const r = http.request({ host: '127.0.0.1', port: p.port, path: target, agent: false, headers: { Authorization: `Bearer ${p.token}` } }, (a) => {
		answer = a;
		a.on('data', (piece) => {
			rest += piece;
			for (let at; (at = rest.indexOf('\n\n')) >= 0; rest = rest.slice(at + 2)) {
				const fields = Object.fromEntries(rest.slice(0, at).split('\n').map((l) => [l.split(': ')[0], l.slice(l.indexOf(': ') + 2)]));
				if (fields.event) events.push({ name: fields.event, id: Number(fields.id ?? 0), data: JSON.parse(fields.data) });
			}
		});
		a.on('error', () => {});
	});
	r.on('error', () => {});
	r.end();
	return { events, close: () => r.destroy(), pause: () => answer?.pause(), answered: () => answer };
}
