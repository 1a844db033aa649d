// Random deliveries through every format: what goes out and comes in again is the same, and a script of curl commands
// sends it again as it was.
//   FORMATS_COUNT=3000 FORMATS_SEED=7 tests/e2e/run.sh formats_random.test.mjs
// Each delivery comes from the seed and its own number.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { World } from './lib/harness.mjs';
import { nameOf, Receiver } from './lib/http.mjs';
import { chance, makeRequest, random } from './lib/random_http.mjs';

const COUNT = Number(process.env.FORMATS_COUNT ?? 300);
const SEED = Number(process.env.FORMATS_SEED ?? Math.floor(Math.random() * 2 ** 31));
const HOP = ['connection', 'keep-alive', 'te', 'trailer', 'proxy-connection', 'upgrade', 'transfer-encoding'];
const latin1 = (text) => Buffer.from(text, 'latin1');
const block = (lines) => latin1(lines.map((line) => line + '\r\n').join(''));
const one = (r, list) => list[Math.floor(r() * list.length)];

const BODIES = [null, '', 'x', '{"a":1,"b":[true,null,"\\u00e9"]}', 'a=1&b=c%20d&b=+', '<a>é</a>', 'grüße ✓ 🎣', 'one\ntwo\r\nthree\rfour\n\n', '\r', '\n', ' ', "it's \"x\" $HOME `id` \\n !! %s %%",
	'@file', '< ./x', '###', '> {% x %}', '{{v}} {% v %}', 'CREEL_BODY\n', '\0', 'a\0b', '\x1b[31m\x07', '\ufeffmark', Buffer.from([0xff, 0xfe, 0, 0x80]), Buffer.from('caf\xe9', 'latin1'), '--B\r\n\r\nx\r\n--B--\r\n', 'x'.repeat(9000), Buffer.alloc(1 << 20, 'long ')];
const TYPES = ['application/json', 'application/x-www-form-urlencoded', 'text/plain', 'text/plain; charset=iso-8859-1', 'application/json; charset=utf-16', 'multipart/form-data; boundary=B', 'application/octet-stream', 'x'];
const TARGETS = ['*', '/', '/{%E9%}{\xe9', '//', '/a//b/../c/./%2e%2e', '/?', '/a?', '/?a=b?c&&d', '/%zz%', '/a#b', '/a b'.replace(' ', '+'), '/é'.normalize(), '/[x]{y}|^`', '/%E9?q=%26&q=%26', '/~a;b=1,2'];

function make(n) {
	const r = random(SEED + n * 7919);
	const made = makeRequest(r, '', n);
	const target = chance(r, 0.2) ? Buffer.from(one(r, TARGETS)).toString('latin1') : made.target;
	const body = n < BODIES.length ? BODIES[n] : chance(r, 0.7) ? one(r, BODIES.slice(0, -1)) : made.body;
	const bytes = body === null ? null : Buffer.from(body);
	const lines = made.lines.filter((l) => !['content-length', 'transfer-encoding', 'trailer', 'content-encoding', 'content-type'].includes(nameOf(l)));
	// In all but a few fields of UTF-8 alone: Insomnia can hold no other.
	if (chance(r, 0.7)) for (const [i, l] of lines.entries()) lines[i] = l.replace(/[\x80-\xff]/g, '');
	if (chance(r, 0.7)) lines.push(`Content-Type: ${one(r, TYPES)}`);
	if (bytes) lines.push(`Content-Length: ${bytes.length}`);
	const trailers = bytes && chance(r, 0.2) ? ['X-T: 1', 'x-t:  \xe9'] : [];
	return { n, method: bytes && made.method === 'HEAD' ? 'POST' : made.method, target, lines, body: bytes, trailers };
}

const asLine = (d) => JSON.stringify({ received_at: new Date(1700000000000 + d.n * 1000).toISOString(), event_id: `019ab12c-4d5e-7f3a-8b6c-${d.n.toString(16).padStart(12, '0')}`, method: d.method,
	target: '', target_base64: latin1(d.target).toString('base64'), has_body: d.body !== null, request: { headers_base64: block(d.lines).toString('base64'), trailers_base64: block(d.trailers).toString('base64'), body_base64: (d.body ?? Buffer.alloc(0)).toString('base64') },
	...(d.n % 3 ? {} : { attempt: { started_at: '2026-11-23T13:42:35Z', result: 'ok', status: 200 + (d.n % 300), reason: 'Gr\u00fc\u00dfe', url: 'http://localhost:3000', total_us: 5 },
		response: { headers_base64: block(d.lines.filter((l) => !/^host:/i.test(l))).toString('base64'), trailers_base64: block(d.trailers).toString('base64'), body_base64: (d.body ?? Buffer.alloc(0)).toString('base64') } }) });

/** What a record says of a line of NDJSON, as bytes. */
function said(line) {
	const d = JSON.parse(line), text = (o, name) => (o[`${name}_base64`] !== undefined ? Buffer.from(o[`${name}_base64`], 'base64').toString('latin1') : Buffer.from(o[name] ?? '').toString('latin1'));
	const fields = (m, name) => (m[`${name}_base64`] !== undefined ? text(m, name).split('\r\n').slice(0, -1) : (m[name] ?? []).map(([n, v]) => Buffer.from(`${n}: ${v}`).toString('latin1')));
	return { id: d.event_id, at: d.received_at, method: d.method, target: text(d, 'target'), lines: fields(d.request, 'headers'), trailers: fields(d.request, 'trailers'), body: text(d.request, 'body'), hasBody: d.has_body,
		answer: d.response && { status: d.status, reason: text(d.attempt, 'reason'), lines: fields(d.response, 'headers'), trailers: fields(d.response, 'trailers'), body: text(d.response, 'body') } };
}

describe(`${COUNT} random deliveries, FORMATS_SEED=${SEED}`, () => {
	let w, db, all;
	const made = Array.from({ length: COUNT }, (_, n) => make(n));
	const ndjson = async (of) => (await w.creelOut(['export', 'id:1..', '--format', 'ndjson', '--db', of], { timeoutMs: 60_000 })).toString().trimEnd().split('\n');

	before(async () => {
		w = new World();
		db = w.path('random.db');
		const file = w.path('random.ndjson');
		writeFileSync(file, made.map(asLine).join('\n'));
		const r = await w.creel(['import', file, '--db', db], { timeoutMs: 60_000 });
		assert.equal(r.text, `${COUNT} deliveries imported\n`, r.err);
		all = (await ndjson(db)).map(said);
	});
	after(() => w?.close());

	it('are on record as they were made', () => {
		for (const [i, d] of made.entries()) {
			assert.deepEqual([all[i].method, all[i].target, all[i].lines, all[i].trailers, all[i].hasBody], [d.method, d.target, d.lines, d.trailers, d.body !== null], `${i}`);
			assert.ok(latin1(all[i].body).equals(d.body ?? Buffer.alloc(0)), `${i}`);
		}
	});

	for (const [format, end] of [['ndjson', 'ndjson'], ['har', 'har'], ['html', 'html']])
		it(`${format}: all of it comes back`, async () => {
			const file = `${w.fresh('all')}.${end}`, again = `${w.fresh('again')}.db`;
			assert.equal((await w.creel(['export', 'id:1..', '-o', file, '--db', db], { timeoutMs: 120_000 })).code, 0);
			const r = await w.creel(['import', file, '--db', again], { timeoutMs: 120_000 });
			assert.equal(r.text, `${COUNT} deliveries imported\n`, r.err);
			for (const [i, line] of (await ndjson(again)).entries()) assert.deepEqual(said(line), all[i], `${i}`);
		});

	const trimmed = (lines) => lines.map((l) => l.replace(/:[ \t]*/, ': ').replace(/[ \t]+$/, ''));
	/** Without what belongs to one connection, and what those fields name. */
	const sent = (lines) => {
		const named = lines.filter((l) => nameOf(l) === 'connection').flatMap((l) => l.split(':')[1].split(',').map((n) => n.trim().toLowerCase()));
		return trimmed(lines.filter((l) => !HOP.includes(nameOf(l)) && !named.includes(nameOf(l))));
	};

	for (const [format, end] of [['postman', 'postman_collection.json'], ['insomnia', 'insomnia.json'], ['http', 'http']])
		it(`${format}: requests come back, or are refused by their number`, async () => {
			const file = `${w.fresh('some')}.${end}`, again = `${w.fresh('again')}.db`;
			const r = await w.creel(['export', 'id:1..', '-o', file, '--to', 'http://localhost:3000', '--db', db], { timeoutMs: 120_000 });
			const refused = new Set([...r.err.matchAll(/^creel: delivery (\d+) has /gm)].map((m) => Number(m[1]) - 1));
			assert.equal(r.code, refused.size ? 1 : 0, r.err);
			assert.ok(refused.size < COUNT / 2, r.err);
			const i = await w.creel(['import', file, '--db', again], { timeoutMs: 120_000 });
			assert.equal(i.text, `${COUNT - refused.size} deliveries imported\n`, i.err);
			const kept = all.filter((_, n) => !refused.has(n)), back = (await ndjson(again)).map(said);
			for (const [n, d] of kept.entries()) {
				const got = back[n], label = `${format} ${d.id}`;
				assert.equal(got.method, d.method, label);
				if (format !== 'http') assert.equal(got.id, d.id, label);
				assert.ok(got.body === d.body, `${label}: ${JSON.stringify(got.body.slice(0, 200))} was ${JSON.stringify(d.body.slice(0, 200))}`);
				if (format === 'http') assert.deepEqual(trimmed(got.lines), trimmed(d.lines), label);
				else assert.deepEqual(trimmed(got.lines), sent(d.lines), label);
				// What no URL may hold is escaped, as clients do; a collection has it beside.
				assert.equal(got.target, format !== 'http' ? d.target : d.target.replace(/[\x80-\xff"<>]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`), label);
			}
		});

	it('curl: a script that bash runs sends them again, and is read back', async () => {
		const recorder = w.keep(await Receiver.start()), file = `${w.fresh('all')}.sh`, again = `${w.fresh('again')}.db`;
		assert.equal((await w.creel(['export', 'id:1..', '-o', file, '--to', String(recorder.port), '--secrets', '--db', db], { timeoutMs: 120_000 })).code, 0);
		const run = await w.run('bash', [file], { timeoutMs: 300_000 });
		assert.equal(run.code, 0, run.err.slice(-2000));
		const kept = (lines) => sent(lines).filter((l) => !['host', 'content-length'].includes(nameOf(l)));
		assert.equal(recorder.requests.length, COUNT);
		for (const [i, d] of all.entries()) {
			const got = recorder.requests[i];
			assert.deepEqual([got.method, got.target], [d.method, d.target], `${i}`);
			assert.deepEqual(trimmed(got.lines).filter((l) => !['host', 'content-length'].includes(nameOf(l))), kept(d.lines), `${i}`);
			assert.ok(latin1(d.body).equals(got.body), `${i}`);
		}
		const r = await w.creel(['import', file, '--db', again], { timeoutMs: 120_000 });
		assert.equal(r.text, `${COUNT} deliveries imported\n`, r.err);
		for (const [i, line] of (await ndjson(again)).entries()) {
			const got = said(line);
			assert.deepEqual([got.method, got.target], [all[i].method, all[i].target], `${i}`);
			assert.deepEqual(kept(got.lines), kept(all[i].lines), `${i}`);
			assert.ok(got.body === all[i].body, `${i}`);
		}
		assert.ok(readFileSync(file).length > 0);
	});
});
