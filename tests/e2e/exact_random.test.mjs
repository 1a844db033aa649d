// Random valid requests and answers are exact at the other end and on record: method, target, field lines, trailers and body;
// status, reason, field lines, trailers and body. However their bytes are cut, pipelined, framed and named.
//   EXACT_COUNT=5000 EXACT_SEED=7 tests/e2e/run.sh exact_random.test.mjs
// Each exchange comes from the seed and its own number.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { DEADLINE_MS, waitFor } from './lib/harness.mjs';
import { Sender, nameOf } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';
import { FRAMINGS, chance, cut, makeAnswer, makeRequest, random } from './lib/random_http.mjs';

const COUNT = Number(process.env.EXACT_COUNT ?? 300);
const SEED = Number(process.env.EXACT_SEED ?? Math.floor(Math.random() * 2 ** 31));
const LINES_AT_ONCE = 6;
const TIMEOUT_MS = 60_000;

const FRAMING = ['content-length', 'transfer-encoding'];
const HOP = ['connection', 'keep-alive', 'te', 'trailer', 'proxy-connection', 'upgrade'];
const without = (lines, names) => lines.filter((line) => !names.includes(nameOf(line)));
const block = (lines) => lines.map((line) => line + '\r\n').join('');
const hash = (data) => createHash('sha3-256').update(typeof data === 'string' ? Buffer.from(data, 'latin1') : data).digest('hex').toUpperCase();

describe(`${COUNT} random exchanges, EXACT_SEED=${SEED}`, () => {
	let road;
	const exchanges = Array.from({ length: COUNT }, (_, i) => {
		const r = random(SEED + i * 7919);
		const request = makeRequest(r, `/exact`, i);
		return { i, r, request, answer: makeAnswer(r, request, i) };
	});
	const faults = [];
	const fault = (i, what) => faults.push(`${i}: ${what}`);
	const same = (i, what, actual, expected) => {
		try {
			assert.deepEqual(actual, expected);
		} catch (error) {
			fault(i, `${what}: ${error.message.slice(0, 1500)}`);
		}
	};

	before(async () => {
		road = await openRoad({
			name: 'exact',
			clientArgs: ['--host-header', 'preserve', '--no-forwarded'],
			answer: (request, socket) => respond(request, socket),
		});
	});
	after(() => road?.w.close());

	/** The app: takes down what came, and gives what was made for it. */
	async function respond(request, socket) {
		const i = Number(/[?&]n=(\d+)$/.exec(request.target)?.[1] ?? -1);
		const { r, answer } = exchanges[i] ?? {};
		if (!answer) return fault(i, `at the app: ${request.requestLine}`);
		if (exchanges[i].atApp) fault(i, 'twice at the app');
		exchanges[i].atApp = request;
		for (const piece of cut(r, answer.bytes)) {
			if (socket.destroyed) return;
			socket.write(piece);
			await new Promise(setImmediate);
		}
		if (answer.closes) socket.end();
	}

	/** The requests of one connection, written in one stream. */
	async function sendAll(list) {
		const sender = await Sender.connect(road.relay.port);
		sender.socket.setMaxListeners(0);
		try {
			for (const { request } of list) sender.bodiless.push(request.method === 'HEAD');
			const { r } = list[0];
			(async () => {
				for (const piece of cut(r, Buffer.concat(list.map((e) => e.request.bytes)))) {
					if (sender.isClosed) return;
					await sender.write(piece);
					if (chance(r, 0.3)) await new Promise(setImmediate);
				}
			})();
			for (const e of list) {
				e.got = await sender.answer({ timeoutMs: TIMEOUT_MS }).catch((error) => ({ error }));
				if (!e.got || e.got.error) return fault(e.i, `no answer: ${e.got?.error?.message}`);
			}
		} finally {
			await sender.end();
		}
	}

	it('all are answered', async () => {
		const lines = [];
		for (let i = 0; i < COUNT;) {
			const list = [];
			do list.push(exchanges[i++]);
			while (i < COUNT && list.at(-1).request.persists && chance(list[0].r, 0.7));
			lines.push(list);
		}
		await Promise.all(Array.from({ length: LINES_AT_ONCE }, async () => {
			for (let list; (list = lines.shift()) && faults.length < 20;) await sendAll(list);
		}));
		assert.ok(faults.length === 0, `EXACT_SEED=${SEED}: ${faults.length} faults\n${faults.slice(0, 5).join('\n')}`);
	});

	it('requests are exact at the app', () => {
		for (const { i, request, atApp } of exchanges) {
			if (!atApp) {
				fault(i, 'not at the app');
				continue;
			}
			same(i, 'request line', atApp.requestLine, `${request.method} ${request.target.slice('/exact'.length)} HTTP/1.1`);
			const framing = request.framing === FRAMINGS.CHUNKED ? FRAMING : [];
			same(i, 'fields', without(atApp.lines, framing), without(request.lines, [...HOP, ...framing]));
			same(i, 'body', hash(atApp.body), hash(request.body));
			same(i, 'trailers', atApp.trailers, request.trailers);
		}
		assert.ok(faults.length === 0, `EXACT_SEED=${SEED}: ${faults.length} faults\n${faults.slice(0, 5).join('\n')}`);
	});

	it('answers are exact at the sender', () => {
		for (const { i, request, answer, got } of exchanges) {
			if (!got?.complete) {
				fault(i, 'not whole at the sender');
				continue;
			}
			same(i, 'status line', got.first, `HTTP/1.1 ${answer.status} ${answer.reason}`);
			const length = answer.framing === FRAMINGS.LENGTH && !request.isOld ? ['transfer-encoding'] : FRAMING;
			same(i, 'fields', without(got.lines, [...HOP, ...length]), without(answer.lines, [...HOP, ...length]));
			same(i, 'body', hash(got.body), hash(answer.body));
			same(i, 'trailers', got.trailers, request.isOld ? [] : answer.trailers);
		}
		assert.ok(faults.length === 0, `EXACT_SEED=${SEED}: ${faults.length} faults\n${faults.slice(0, 5).join('\n')}`);
	});

	it('both are exact on record', async () => {
		// A short answer stands in its attempt's row, a longer one among the messages (store.sql).
		const sql = `SELECT d.id, hex(d.target), hex(d.method), a.status, hex(a.reason), hex(sha3(q.headers, 256)), hex(sha3(q.trailers, 256)), hex(sha3(q.body, 256)),
			hex(sha3(coalesce(m.headers, a.headers), 256)), hex(sha3(coalesce(m.trailers, a.trailers), 256)),
			hex(sha3(coalesce(m.body, a.body), 256)), d.attempts, hex(q.headers), hex(coalesce(m.headers, a.headers))
			FROM delivery d JOIN attempt a ON a.delivery_id = d.id JOIN message q ON q.id = d.id * 4096 LEFT JOIN message m ON m.id = d.id * 4096 + a.number
			WHERE coalesce(m.headers, a.headers) IS NOT NULL`;
		let rows = [];
		await waitFor(() => `${COUNT} attempts on record, not ${rows.length}`, async () => {
			const { text, err, code } = await road.w.run('sqlite3', ['-readonly', '-batch', road.w.path('data/creel/creel.db'), sql], { timeoutMs: TIMEOUT_MS });
			assert.equal(code, 0, err);
			rows = text.split('\n').filter(Boolean).map((line) => line.split('|'));
			return rows.length >= COUNT;
		}, DEADLINE_MS);
		const latin = (hex) => Buffer.from(hex, 'hex').toString('latin1');
		assert.equal(rows.length, COUNT);
		for (const [, target, method, status, reason, qHead, qTrailers, qBody, aHead, aTrailers, aBody, attempts, qText, aText] of rows) {
			const { i, request, answer } = exchanges[Number(/n=(\d+)$/.exec(latin(target))[1])];
			same(i, 'on record, request', [latin(method), latin(target), attempts], [request.method, request.target.slice('/exact'.length), '1']);
			same(i, 'on record, answer', [Number(status), latin(reason)], [answer.status, answer.reason]);
			if (qHead !== hash(block(request.lines))) same(i, 'on record, fields of the request', latin(qText), block(request.lines));
			if (aHead !== hash(block(answer.lines))) same(i, 'on record, fields of the answer', latin(aText), block(answer.lines));
			same(i, 'on record, trailers of the request', qTrailers, hash(block(request.trailers)));
			same(i, 'on record, trailers of the answer', aTrailers, hash(block(answer.trailers)));
			same(i, 'on record, bodies', [qBody, aBody], [hash(request.body), hash(answer.body)]);
		}
		assert.ok(faults.length === 0, `EXACT_SEED=${SEED}: ${faults.length} faults\n${faults.slice(0, 5).join('\n')}`);
	});

	it('every program ended cleanly', () => road.w.endsCleanly());
});
