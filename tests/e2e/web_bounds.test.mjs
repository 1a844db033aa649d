// creel web: what a question may cost. Comparing long bodies, previews of many, searches in long ones; what is long by
// nature, a body or an export, is handed over whole.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { World } from './lib/harness.mjs';
import { call, fill, line, startWeb } from './lib/web.mjs';

const MiB = 1 << 20;
const text = (size, first) => Buffer.concat([Buffer.from(first), Buffer.alloc(size, `${'a long line of it '.repeat(20)}\n`)]);
const bomb = brotliCompressSync(Buffer.alloc(20 * MiB));
let w, web;
before(async () => {
	w = new World();
	const plain = [['Content-Type', 'text/plain']];
	await fill(w, [
		line(1, { body: text(MiB, 'one\n'), headers: plain }),
		line(2, { body: text(MiB, 'two\n'), headers: plain }),
		line(3, { body: Buffer.alloc(1.2 * MiB, '\n'), headers: plain }),
		line(4, { body: Buffer.concat([Buffer.from('x'), Buffer.alloc(1.2 * MiB, '\n')]), headers: plain }),
		line(5, { body: Buffer.alloc(5 * MiB, 'b'), headers: plain }),
		line(6, { body: Buffer.alloc(5 * MiB, 'c'), headers: plain }),
		line(7, { body: Buffer.concat([Buffer.alloc(256 * 1024 - 3, 'aA'), Buffer.from('needLE'), Buffer.alloc(9 * MiB, 'a'), Buffer.from('Needle')]), headers: plain }),
		line(8, { body: gzipSync(Buffer.alloc(20 * MiB, 'unpacked ')), headers: [...plain, ['Content-Encoding', 'gzip']] }),
		line(9, { answer: 'z'.repeat(3 * MiB) }),
		...Array.from({ length: 30 }, (_, i) => line(10 + i, { target: '/many', body: JSON.stringify({ token: `sesame-open-${i}`, n: i }) })),
		line(40, { body: bomb, headers: [['Content-Encoding', 'br']] }),
		line(41, { body: gzipSync(text(MiB, 'x')).subarray(0, 1000), headers: [['Content-Encoding', 'gzip']] }),
	]);
	web = await startWeb(w);
});
after(() => w?.close());

describe('a difference', () => {
	it('of bodies of a usual length is told line by line', async () => {
		const d = await web.json('/api/diff?a=1&b=2');
		assert.equal(d.body.kind, 'text');
		assert.deepEqual(d.body.changes.map((c) => [c.a, c.b]).flat().filter(Boolean).sort(), ['one', 'two']);
	});
	it('of too many lines, or too many bytes, is told by where it begins', async () => {
		for (const [a, b, first, bytes] of [[3, 4, 0, Math.floor(1.2 * MiB)], [5, 6, 0, 5 * MiB]]) {
			const d = await web.json(`/api/diff?a=${a}&b=${b}`);
			assert.deepEqual(d.body, { kind: 'too-long', first_difference: first, bytes_a: bytes, bytes_b: bytes + (b === 4) });
			assert.equal(d.equal, false);
		}
		assert.equal((await web.json('/api/diff?a=5&b=5')).body.kind, 'same');
		// The command line has no such bound.
		const r = await w.run('creel', ['diff', '5', '6', '--json']);
		assert.equal(JSON.parse(r.text).body.kind, 'text', r.err);
	});
});

describe('a preview', () => {
	const ask = (body) => web.json('/api/export', { method: 'POST', body: { format: 'ndjson', redact: true, preview: true, ...body } });
	const places = (p) => p.replaced.reduce((n, r) => n + (r.where.endsWith(' token') ? r.count : 0), 0);
	it('counts each delivery once, in the sample and behind it', async () => {
		const p = await ask({ filter: 'path:/many' });
		assert.deepEqual([p.count, p.looked, places(p)], [30, 30, 30]);
		assert.ok(p.sample.length === 20000 || p.sample.trim().split('\n').length === 30, `${p.sample.length}`);
		const [first] = p.sample.split('\n');
		assert.doesNotMatch(first, /sesame/);
	});
	it('leaves long ones uncounted, and says how many it looked at', async () => {
		const p = await ask({ ids: [7, 10, 11] });
		assert.deepEqual([p.count, p.looked, places(p)], [3, 2, 2]);
		const alone = await ask({ ids: [7], redact: false });
		assert.deepEqual([alone.count, alone.looked, alone.sample], [1, 0, '']);
	});
	it('the file itself has them all', async () => {
		const { url } = await web.json('/api/export', { method: 'POST', body: { format: 'ndjson', ids: [7, 10] } });
		const a = await call(web, url);
		assert.deepEqual([a.status, a.text.trim().split('\n').length], [200, 2]);
		assert.equal(JSON.parse(a.text.slice(0, a.text.indexOf('\n'))).request.body.length, 256 * 1024 - 3 + 6 + 9 * MiB + 6);
	});
});

describe('a long body', () => {
	it('is searched to its end, across the borders of what is read at once', async () => {
		const at = 256 * 1024 - 3;
		assert.deepEqual(await web.json('/api/deliveries/7/find?text=NEEDLE'), { offsets: [at, at + 6 + 9 * MiB], more: false });
		assert.deepEqual(await web.json(`/api/deliveries/7/find?hex=${Buffer.from('Needle').toString('hex')}`), { offsets: [at + 6 + 9 * MiB], more: false });
		const many = await web.json('/api/deliveries/7/find?text=aa');
		assert.deepEqual([many.offsets.length, many.offsets[999], many.more], [1000, 999, true]);
		assert.deepEqual(await web.json('/api/deliveries/7/find?text=nowhere'), { offsets: [], more: false });
	});
	it('is decoded whole, and what is not coded comes as it is', async () => {
		const decoded = await call(web, '/api/deliveries/8/request/body?decode=1');
		assert.deepEqual([decoded.status, decoded.bytes.length], [200, 20 * MiB]);
		assert.ok(decoded.bytes.equals(Buffer.alloc(20 * MiB, 'unpacked ')));
		const plain = await call(web, '/api/deliveries/5/request/body?decode=1');
		assert.ok(plain.bytes.equals(Buffer.alloc(5 * MiB, 'b')));
		assert.match(plain.headers['content-disposition'], /delivery-5-request\.bin/);
		assert.deepEqual([decoded, plain].map((a) => a.headers['creel-decoded']), ['whole', undefined]);
	});
	it('what a bound cut, or damage, is marked', async () => {
		const [cut, damaged] = await Promise.all([40, 41].map((id) => call(web, `/api/deliveries/${id}/request/body?decode=1`)));
		assert.deepEqual([cut, damaged].map((a) => [a.status, a.headers['creel-decoded']]), [[200, 'cut'], [200, 'damaged']]);
		assert.equal(cut.bytes.length, bomb.length * 1000);
		assert.ok(damaged.text.startsWith('xa long line'));
	});
	it('an answer comes whole, with its head', async () => {
		const raw = await call(web, '/api/deliveries/9/raw/response');
		assert.equal(raw.text, `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${3 * MiB}\r\n\r\n${'z'.repeat(3 * MiB)}`);
		assert.ok(raw.headers.etag);
	});
});
