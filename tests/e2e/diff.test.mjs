// creel diff: headers by name, JSON by structure, other bodies by lines or bytes; exit codes; what a terminal gets.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { binDir } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';

const EVIL = 'x\x1b[31m\x1b]0;owned\x07';

describe('diff', () => {
	let road;
	const id = {};
	const out = (...args) => road.w.creel(['diff', ...args]);
	const json = async (...args) => JSON.parse((await out(...args, '--json')).text);

	before(async () => {
		road = await openRoad({ name: 'd' });
		const add = async (name, body, lines = [], target = '/hook') => {
			await post(road.relay.port, `/d${target}`, body, [`X-Case: ${name}`, ...lines]);
			id[name] = String((await road.w.recorded((r) => Object.values(id).every((seen) => Number(seen) < r.id))).id);
		};
		const object = '{"id":"evt_1","n":12345678901234567890,"data":{"a":1,"list":[1,2,3]},"created":5}';
		await add('one', object, ['Date: Mon', 'X-B: 1', 'X-A: 2']);
		await add('shuffled', '{"created":5, "data":{"list":[1,2,3],"a":1},\n"n":12345678901234567890,"id":"evt_\\u0031"}', ['x-a: 2', 'x-b: 1', 'Date: Mon']);
		await add('changed', '{"id":"evt_1","n":12345678901234567891,"data":{"a":{"deep":true},"list":[0,1,2,3]},"created":6}', ['Date: Tue', 'X-B: 1', 'X-A: 2']);
		await add('text', 'one\ntwo\nthree\n');
		await add('text2', `one\n${EVIL}\nthree`);
		await add('binary', Buffer.from([...Array(40).keys()]));
		await add('binary2', Buffer.from([...Array(42).keys()].map((b) => (b === 20 ? 255 : b))));
		await add('gzip', gzipSync(object), ['Content-Encoding: gzip']);
		await add('br', brotliCompressSync(object), ['Content-Encoding: br']);
		await add('path', object, [], '/other?x=1');
		await add('same1', 'same');
		await add('evil', 'x', [`X-Evil: \xff\xc2\x9b31m`]);
	});
	after(() => road?.w.close());

	it('a delivery is equal to itself: nothing printed, exit 0', async () => {
		const r = await out(id.one, `#${id.one}`);
		assert.deepEqual([r.code, r.text, r.err], [0, '', '']);
	});

	it('order of headers and keys, blanks, escapes: no difference but what differs', async () => {
		const r = await out(id.one, id.shuffled);
		assert.equal(r.code, 1);
		assert.equal(r.text, `--- #${id.one}  200\n+++ #${id.shuffled}  200\n- Content-Length: 81\n+ Content-Length: 88\n- X-Case: one\n+ X-Case: shuffled\n`);
		const o = await json(id.one, id.shuffled);
		assert.deepEqual(o.body.changes, []);
		assert.deepEqual(o.headers.map((h) => h.name), ['Content-Length', 'X-Case']);
		assert.equal(o.equal, false);
	});

	it('--key-order: there the order of keys counts', async () => {
		const { body } = await json(id.one, id.shuffled, '--key-order');
		assert.ok(body.changes.length > 0);
	});

	it('JSON: by structure, lexemes as received, with the path', async () => {
		const r = await out(id.one, id.changed);
		assert.equal(r.code, 1);
		assert.equal(r.text.slice(r.text.indexOf('@@')),
			'@@ JSON @@\n  {\n    "id": "evt_1"\n-   "n": 12345678901234567890\n+   "n": 12345678901234567891\n    "data": {\n-     "a": 1\n' +
			'+     "a": {\n+       "deep": true\n+     }\n      "list": [\n+       0\n        1\n        2\n        3\n      ]\n    }\n-   "created": 5\n+   "created": 6\n  }\n');
		const { body } = await json(id.one, id.changed);
		assert.deepEqual(body, { kind: 'json', bytes_a: 81, bytes_b: 95, changes: [
			{ path: 'n', a: '12345678901234567890', b: '12345678901234567891' },
			{ path: 'data.a', a: '1', b: '{"deep":true}' },
			{ path: 'data.list[0]', a: null, b: '0' },
			{ path: 'created', a: '5', b: '6' },
		] });
	});

	it('--ignore-volatile: dates and timestamps do not count', async () => {
		const o = await json(id.one, id.changed, '--ignore-volatile');
		assert.equal(o.ignored, 2);
		assert.ok(!o.headers.some((h) => h.name === 'Date'));
		assert.ok(!o.body.changes.some((c) => c.path === 'created'));
	});

	it('text by lines; into a pipe the bytes as they are', async () => {
		const r = await out(id.text, id.text2);
		assert.equal(r.code, 1);
		assert.equal(r.text.slice(r.text.indexOf('@@')), `@@ line 1 @@\n  one\n- two\n- three\n+ ${EVIL}\n+ three (no line end)\n`);
		const { body } = await json(id.text, id.text2);
		assert.equal(body.kind, 'text');
		assert.deepEqual(body.changes.at(-1), { line_a: null, line_b: 3, a: null, b: 'three' });
	});

	it('binary: the first difference and the rows around it', async () => {
		const r = await out(id.binary, id.binary2);
		assert.equal(r.code, 1);
		assert.match(r.text, /^@@ binary, 40 and 42 bytes, first difference at 0x14 @@\n- 00000010 \| 10 11 12 13 14 .*\n\+ 00000010 \| 10 11 12 13 ff /m);
		assert.deepEqual((await json(id.binary, id.binary2)).body, { kind: 'binary', first_difference: 20, bytes_a: 40, bytes_b: 42 });
	});

	it('compressed bodies are compared by what they say', async () => {
		const r = await out(id.gzip, id.br);
		assert.equal(r.code, 1);
		assert.match(r.text, /\(gzip, compared decoded\)\n.*\(br, compared decoded\)\n/);
		assert.ok(!r.text.includes('@@'), r.text);
		assert.equal((await json(id.one, id.gzip)).body.kind, 'same');
	});

	it('method and target', async () => {
		const r = await out(id.one, id.path);
		assert.match(r.text, /^- POST \/hook\n\+ POST \/other\?x=1$/m);
		assert.deepEqual((await json(id.one, id.path)).request_line, { a: 'POST /hook', b: 'POST /other?x=1' });
	});

	it('on a terminal: nothing of the sender reaches it raw, colours of ours, none with --no-color or NO_COLOR', async () => {
		const onTerminal = async (args, env = {}) =>
			(await road.w.run('script', ['-qec', `'${path.join(binDir, 'creel')}' diff ${args}`, '/dev/null'], { env: { TERM: 'xterm', ...env } })).stdout;
		for (const pair of [`${id.text} ${id.text2}`, `${id.same1} ${id.evil}`]) {
			const colored = await onTerminal(pair);
			assert.ok(colored.includes('\x1b[31m- '), colored.toString());
			assert.ok(colored.includes('\x1b[32m+ '));
			for (const plain of [await onTerminal(`--no-color ${pair}`), await onTerminal(pair, { NO_COLOR: '1' }), await onTerminal(pair, { TERM: 'dumb' })]) {
				assert.ok(!plain.includes(0x1b), plain.toString('latin1'));
				assert.ok(!plain.includes(0x07) && !plain.includes(0x9b));
				assert.equal(plain.toString('latin1'), colored.toString('latin1').replace(/\x1b\[(31|32|0)m/g, ''));
			}
		}
		assert.match((await onTerminal(`--no-color ${id.text} ${id.text2}`)).toString(), /\+ x\^\[\[31m\^\[\]0;owned\^G/);
	});

	it('wrong use: one sentence and its exit code', async () => {
		for (const [args, code, words] of [
			[[], 2, /diff takes two deliveries/], [[id.one], 2, /diff takes two deliveries/], [[id.one, id.one, id.one], 2, /diff takes two/],
			[[id.one, '99999'], 2, /99999/], [['nonsense', id.one], 2, /nonsense/], [[id.one, id.text, '--jsn'], 2, /--json/],
			[[id.one, id.text, '--db', '/nowhere/at/all.db'], 4, /all\.db/],
		]) {
			const r = await out(...args);
			assert.equal(r.code, code, args.join(' '));
			assert.match(r.err, /^creel: .*\n$/);
			assert.match(r.err, words);
			assert.equal(r.text, '');
		}
	});

	it('help names every option', async () => {
		const r = await road.w.creel(['diff', '--help']);
		assert.equal(r.code, 0);
		for (const option of ['--json', '--no-color', '--ignore-volatile', '--key-order', '--db']) assert.ok(r.text.includes(option), option);
	});

	it('all programs end cleanly', () => road.w.endsCleanly());
});
