// creel mcp: the Model Context Protocol on standard input and output, spoken to by the official SDK's client.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Ajv2020 from 'ajv/dist/2020.js';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { binDir, waitFor, within, World } from './lib/harness.mjs';

const creel = path.join(binDir, 'creel');
const line = (at, target, headers, body, status = 200) => JSON.stringify({ received_at: `2026-11-20T10:00:${String(at).padStart(2, '0')}.000000Z`, method: 'POST', target, tunnel: 'shop',
	attempt: { started_at: '2026-11-20T10:00:01.000000Z', result: 'ok', status, url: 'http://localhost:3000/', reason: 'x', error: '', connect_us: 1, first_byte_us: 2, total_us: 3000 },
	request: { headers: [['Host', 'x'], ['Content-Type', 'application/json'], ...headers], ...(typeof body === 'string' ? { body } : { body_base64: body.toString('base64') }) }, response: { headers: [['Set-Cookie', 'sid=c0ffee-secret-1']], body: 'fine' } });

describe('mcp', () => {
	let w, db, client, app, got, port;
	const call = async (name, args = {}) => {
		const r = await client.callTool({ name, arguments: args });
		if (!r.isError) assert.deepEqual(JSON.parse(r.content[0].text), r.structuredContent);
		return r;
	};
	const fine = async (name, args) => {
		const r = await call(name, args);
		assert.ok(!r.isError, r.content[0].text);
		return r.structuredContent;
	};

	before(async () => {
		w = new World();
		db = w.path('mcp.db');
		const r = await w.creel(['import', '-', '--db', db], { input: [
			line(1, '/hooks/github?token=abcd1234efgh5678', [['X-GitHub-Event', 'push'], ['User-Agent', 'GitHub-Hookshot/1'], ['Authorization', 'Bearer sesame-open-12345']], '{"a":1,"password":"hunter2","deep":{"api_key":"k-secret-77"}}'),
			line(2, '/hooks/github?token=zzzz1234efgh5678', [['X-GitHub-Event', 'push'], ['User-Agent', 'GitHub-Hookshot/1'], ['Authorization', 'Bearer another-open-1234']], '{"a":2,"password":"hunter3"}', 500),
			line(3, '/big', [], JSON.stringify({ list: 'äx'.repeat(40000) })),
			line(4, '/huge', [], JSON.stringify({ password: 'hunter4', list: 'y'.repeat(5 << 20) })),
			line(5, '/bytes', [], Buffer.from([0, 255, 1, 2])),
		].join('\n') });
		assert.equal(r.code, 0, r.err);
		got = [];
		app = createServer((request, response) => {
			const parts = [];
			request.on('data', (c) => parts.push(c)).on('end', () => {
				got.push({ url: request.url, headers: request.headers, body: Buffer.concat(parts).toString() });
				response.writeHead(202).end('ok');
			});
		});
		await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
		port = String(app.address().port);
		client = new Client({ name: 'test', version: '1' });
		await client.connect(new StdioClientTransport({ command: creel, args: ['mcp', '--db', db], env: { ...w.env }, stderr: 'inherit' }));
	});
	after(async () => {
		await client?.close();
		app?.close();
		await w?.close();
	});

	it('introduces itself and lists its tools', async () => {
		assert.equal(client.getServerVersion().name, 'creel');
		assert.deepEqual(Object.keys(client.getServerCapabilities()), ['tools']);
		assert.match(client.getInstructions(), /REDACTED/);
		const { tools } = await client.listTools();
		assert.deepEqual(tools.map((t) => t.name), ['list', 'show', 'wait', 'replay', 'trigger', 'verify', 'diff', 'stats']);
		assert.deepEqual(tools.filter((t) => !t.annotations.readOnlyHint).map((t) => t.name), ['replay', 'trigger']);
		const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
		for (const t of tools) {
			assert.equal(t.inputSchema.additionalProperties, false, t.name);
			ajv.compile(t.inputSchema);
		}
		await client.ping();
	});
	it('list and stats', async () => {
		assert.deepEqual((await fine('list', { filter: 'source:github' })).deliveries.map((d) => d.id), [1, 2]);
		assert.deepEqual((await fine('list', { limit: 1 })).deliveries.map((d) => d.id), [5]);
		assert.deepEqual((await fine('list', { filter: 'path:/nowhere' })).deliveries, []);
		assert.deepEqual((await fine('list', { filter: '-source:github', limit: 200 })).deliveries.map((d) => d.id), [3, 4, 5]);
		const s = await fine('stats', { by: 'status', filter: 'source:github' });
		assert.deepEqual(s.by.map((g) => [g.key, g.count]), [['200', 1], ['500', 1]]);
	});
	it('show: whole, without secrets unless they are asked for, bodies cut', async () => {
		const d = await fine('show', { id: 1 });
		assert.equal(d.request.headers[0][0], 'Host');
		assert.doesNotMatch(JSON.stringify(d), /sesame|hunter2|abcd1234|k-secret|c0ffee/);
		assert.equal(JSON.parse(d.request.body).a, 1);
		assert.equal(d.all_attempts.length, 1);
		const open = await fine('show', { id: d.event_id, secrets: true });
		assert.match(JSON.stringify(open), /sesame.*hunter2/);
		const big = await fine('show', { id: 3 });
		assert.ok(big.request.body_shown <= 16384 && big.request.body_shown > 16380, String(big.request.body_shown));
		assert.equal(Buffer.byteLength(big.request.body), big.request.body_shown);
		assert.ok(!big.request.body.includes('\ufffd'));
		assert.equal(big.request.body_bytes, 120011);
		assert.equal((await fine('show', { id: 3, max_body_bytes: 5 })).request.body, '{"lis');
		assert.equal((await fine('show', { id: 3, max_body_bytes: 0 })).request.body, '');
		const huge = await fine('show', { id: 4 });
		assert.match(huge.request.body_left_out, /too large/);
		assert.doesNotMatch(JSON.stringify(huge), /hunter4/);
		assert.match((await fine('show', { id: 4, secrets: true })).request.body, /^\{"password":"hunter4"/);
		assert.equal((await fine('show', { id: 5, secrets: true })).request.body_base64, 'AP8BAg==');
	});
	it('diff and verify', async () => {
		const d = await fine('diff', { a: 1, b: 2 });
		assert.equal(d.equal, false);
		assert.deepEqual(d.body.changes.find((c) => c.path === 'a'), { path: 'a', a: '1', b: '2' });
		assert.doesNotMatch(JSON.stringify(d), /sesame|another-open|hunter|abcd1234|zzzz1234|k-secret/);
		assert.match(JSON.stringify(await fine('diff', { a: 1, b: 2, secrets: true })), /hunter3/);
		assert.equal((await fine('diff', { a: 1, b: 1 })).equal, true);
		writeFileSync(w.path('github.secret'), 'top secret');
		const v = await fine('verify', { ids: [1], secret_file: w.path('github.secret'), provider: 'github' });
		assert.equal(v.results[0].signature, 'invalid');
		assert.match(v.results[0].why, /X-Hub-Signature-256 is missing/);
	});
	it('replay, to this machine alone; trigger; wait', async () => {
		const waiting = client.callTool({ name: 'wait', arguments: { filter: 'is:replay', timeout_s: 20 } });
		await waitFor('the replay', async () => {
			const r = await fine('replay', { ids: [1], to: port });
			assert.equal(r.deliveries[0].status, 202);
			assert.equal(r.deliveries[0].replay_of, 1);
			return (await Promise.race([waiting, new Promise((resolve) => setImmediate(resolve))])) !== undefined;
		});
		const waited = (await waiting).structuredContent;
		assert.equal(waited.timed_out, false);
		assert.equal(waited.deliveries[0].origin, 'replay');
		assert.match(got[0].body, /hunter2/, 'what is sent is as it was');
		const away = await call('replay', { ids: [1], to: 'http://192.0.2.1:9/' });
		assert.ok(away.isError);
		const sent = await fine('trigger', { name: 'stripe.invoice.paid', to: `http://127.0.0.1:${port}/x`, data: { 'data.object.amount_paid': 9900 } });
		assert.equal(sent.status, 202);
		assert.equal(JSON.parse(got.at(-1).body).data.object.amount_paid, 9900);
		assert.ok(got.at(-1).headers['stripe-signature']);
		assert.match(JSON.stringify(sent.request.headers), /Stripe-Signature.*REDACTED/);
		assert.equal((await fine('wait', { filter: 'path:/nowhere', timeout_s: 1 })).timed_out, true);
		assert.equal((await fine('wait', { filter: 'source:github -is:replay', count: 2, recorded_too: true })).deliveries.length, 2);
	});
	it('what cannot be done is said, as a result', async () => {
		const cases = [['show', { id: 99 }, /no delivery 99/], ['show', {}, /id is missing/], ['show', { id: '--help' }, /takes the number/], ['list', { limit: 0 }, /from 1 to 200/], ['list', { filter: 'status:zzz' }, /not a status/],
			['list', { what: 1 }, /no argument what/], ['replay', { ids: [] }, /1 to 100/], ['trigger', { name: 'stripe.invoice.paid', data: { '@/etc/passwd': 'x' } }, /begins with @/], ['trigger', { name: '--list' }, /--list/], ['verify', { ids: [1] }, /secret_file is missing/], ['stats', { by: 'month' }, /by/], ['trigger', { name: 'github.push', to: 'http://127.0.0.1:1/' }, /^[^]*\nhttp:\/\/127\.0\.0\.1:1\/ cannot be reached/]];
		for (const [name, args, says] of cases) {
			const r = await call(name, args);
			assert.ok(r.isError, `${name} ${JSON.stringify(args)}`);
			assert.match(r.content[0].text, says, `${name} ${JSON.stringify(args)}`);
		}
		await assert.rejects(() => client.callTool({ name: 'nothing', arguments: {} }), /there is no tool nothing: tools\/list/);
		await assert.rejects(() => client.request({ method: 'resources/list' }, { parse: (x) => x }), /no method/);
	});
	it('numbers as JSON Schema has them, texts without a byte 0', async () => {
		const r = await raw(['{"limit":2.0}', '{"limit":2.5}', '{"filter":"a\\u0000b"}'].map((a, i) => `{"jsonrpc":"2.0","id":${i},"method":"tools/call","params":{"name":"list","arguments":${a}}}\n`).join(''));
		const by = Object.fromEntries(r.lines.map((l) => [l.id, l.result]));
		assert.equal(by[0].structuredContent.deliveries.length, 2);
		assert.match(by[1].content[0].text, /from 1 to 200/);
		assert.match(by[2].content[0].text, /byte 0/);
	});
	it('diff without secrets: signatures, values in values, lists under a secret name, forms', async () => {
		const added = w.path('more.ndjson'), base = [['Stripe-Signature', 't=1,v1=aaaa1111bbbb2222']];
		writeFileSync(added, [line(11, '/s', base, '{"a":1}'), line(12, '/s', [['Stripe-Signature', 't=1,v1=cccc3333dddd4444']], '{"a":{"password":"inner-hunter5"},"passwords":["hunter6"],"list":[{"client_secret":"hunter7"}]}'),
			line(13, '/f', [['Content-Type', 'application/x-www-form-urlencoded']], 'x=1&password=hunter8'), line(14, '/f', [['Content-Type', 'application/x-www-form-urlencoded']], 'x=2&password=hunter9'),
			line(15, '/t', [], 'one\npassword=hunter10\n'), line(16, '/t', [], 'two\npassword=hunter11\n')].join('\n'));
		assert.equal((await w.creel(['import', added, '--db', db])).code, 0);
		const ids = (await fine('list', { limit: 6 })).deliveries.map((d) => d.id);
		for (let i = 0; i < 6; i += 2) {
			const d = await fine('diff', { a: ids[i], b: ids[i + 1] });
			assert.doesNotMatch(JSON.stringify(d), /hunter\d|aaaa1111|cccc3333/, JSON.stringify(d));
			assert.equal(d.equal, false);
		}
		assert.match(JSON.stringify(await fine('diff', { a: ids[0], b: ids[1], secrets: true })), /cccc3333.*inner-hunter5.*hunter6.*hunter7/);
	});
	it('long texts and long lists are cut, and say so', async () => {
		const many = (n) => JSON.stringify({ text: `${n}`.repeat(100_000), list: [...Array(3000).keys()].map((i) => i * n) });
		writeFileSync(w.path('long.ndjson'), [line(21, '/long', [], many(1)), line(22, '/long', [], many(2))].join('\n'));
		assert.equal((await w.creel(['import', w.path('long.ndjson'), '--db', db])).code, 0);
		const ids = (await fine('list', { limit: 2 })).deliveries.map((d) => d.id), d = await fine('diff', { a: ids[0], b: ids[1] });
		assert.equal(d.body.changes.length, 1000);
		assert.equal(d.body.changes_left_out, 2000);
		const text = d.body.changes.find((c) => c.path === 'text').a;
		assert.match(text, /^"1{16383}… \(the first 16384 of 100002 bytes\)$/);
	});
	it('the app’s answer to a sample keeps its secrets', async () => {
		const answering = createServer((request, response) => request.resume().on('end', () => response.end(JSON.stringify({ access_token: 'tok-secret-12', list: 'z'.repeat(50_000) }))));
		await new Promise((resolve) => answering.listen(0, '127.0.0.1', resolve));
		try {
			const args = { name: 'github.push', to: `http://127.0.0.1:${answering.address().port}/` }, sent = await fine('trigger', args);
			assert.doesNotMatch(sent.answer, /tok-secret/);
			assert.ok(sent.answer.length < 17_000);
			assert.match((await fine('trigger', { ...args, secrets: true })).answer, /tok-secret/);
		} finally {
			answering.close();
		}
	});
	it('a call that is cancelled ends', async () => {
		const stop = new AbortController();
		const waiting = client.callTool({ name: 'wait', arguments: { filter: 'path:/never', timeout_s: 600 } }, undefined, { signal: stop.signal });
		await fine('list');
		stop.abort();
		await assert.rejects(waiting);
		await fine('list');
	});

	/** The lines that answer those that are sent, by a child whose input then ends. */
	const raw = (input) => new Promise((resolve, reject) => {
		const child = spawn(creel, ['mcp', '--db', db], { env: w.env, stdio: ['pipe', 'pipe', 'inherit'] });
		let out = '';
		child.stdout.on('data', (c) => (out += c));
		child.stdin.on('error', () => {});
		child.on('error', reject).on('close', (code) => resolve({ code, lines: out.split('\n').filter(Boolean).map(JSON.parse) }));
		child.stdin.end(input);
	});
	it('odd messages: each its answer, and the next is taken', async () => {
		const ok = '{"jsonrpc":"2.0","id":"last","method":"ping"}';
		for (const [text, code] of [['nonsense', -32700], ['{"a":', -32700], ['[]', -32600], ['7', -32600], ['{"id":1}', -32600], ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600], ['{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', -32602],
			['{"jsonrpc":"2.0","id":{},"method":"ping"}', -32600], ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}', -32602], ['{"jsonrpc":"2.0","id":1,"method":"tools/call"}', -32602], ['\u0000\u0001', -32700], [`"${'x'.repeat(5 << 20)}"`, -32600]]) {
			const r = await raw(`${text}\n${ok}`);
			assert.deepEqual(r.lines.map((l) => l.error?.code ?? l.id), [code, 'last'], text.slice(0, 60));
			assert.equal(r.code, 0);
		}
		for (const silent of ['', '   ', '{"jsonrpc":"2.0","method":"notifications/initialized"}', '{"jsonrpc":"2.0","id":1,"result":{}}', '{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":77}}'])
			assert.deepEqual((await raw(`${silent}\r\n${ok}\r\n`)).lines.map((l) => l.id), ['last'], silent);
		for (const version of ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25']) assert.equal((await raw(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"${version}"}}\n`)).lines[0].result.protocolVersion, version);
		assert.equal((await raw('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"1999-01-01"}}\n')).lines[0].result.protocolVersion, '2025-11-25');
	});
	it('each request has its answer by its id, whatever it is called', async () => {
		const ask = (id, method, params = {}) => JSON.stringify({ jsonrpc: '2.0', id, method, params });
		const r = await raw([ask(1, `${'x'.repeat(59)}é`), ask(2, 'ping\0'), ask(3, 'tools/call', { name: 'list\0' }), ask(4, 'tools/call', { name: `${'y'.repeat(59)}é` }), ask(5, 'tools/call', { name: 'list', arguments: { [`${'z'.repeat(39)}é`]: 1 } }), ask('ü\0', 'ping')].join('\n'));
		assert.deepEqual(r.lines.map((l) => [l.id, l.error?.code ?? l.result.isError ?? 'ok']), [[1, -32601], [2, -32600], [3, -32602], [4, -32602], [5, true], ['ü\0', 'ok']]);
	});
	it('a batch is answered by one', async () => {
		const ask = (id, method, params) => ({ jsonrpc: '2.0', ...(id === undefined ? {} : { id }), method, params });
		const list = (id) => ask(id, 'tools/call', { name: 'list', arguments: { limit: 1 } });
		const batches = [[ask(1, 'ping'), list(2), ask(undefined, 'notifications/initialized'), list(3), 7], [ask(undefined, 'notifications/initialized')], [ask(4, 'initialize', {})], [], Array(101).fill(ask(5, 'ping'))];
		const r = await raw(batches.map((b) => `${JSON.stringify(b)}\n`).join(''));
		assert.equal(r.lines.length, 4, JSON.stringify(r.lines));
		const whole = r.lines.find((l) => l.length === 4);
		assert.deepEqual(whole.map((l) => l.id).sort(), [1, 2, 3, null].sort());
		assert.equal(whole.find((l) => l.id === 3).result.structuredContent.deliveries.length, 1);
		assert.equal(whole.find((l) => l.id === null).error.code, -32600);
		assert.deepEqual(r.lines.filter((l) => l.length === 1).map(([l]) => [l.id, l.error.code]), [[4, -32600]]);
		assert.deepEqual(r.lines.filter((l) => l.error).map((l) => l.error.code), [-32600, -32600]);
	});

	const start = () => {
		const child = spawn(creel, ['mcp', '--db', db], { env: w.env, stdio: ['pipe', 'pipe', 'inherit'] });
		child.stdin.on('error', () => {});
		child.ended = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
		return child;
	};
	it('a reader that stops holds up neither signals nor what it reads later', async () => {
		const lists = (n) => [...Array(n).keys()].map((i) => `{"jsonrpc":"2.0","id":${i},"method":"tools/list"}\n`).join('');
		const stopped = start();
		stopped.stdin.write(lists(3000));
		await waitFor('it to wait for its reader', () => stopped.stdout.readableLength > 0);
		stopped.kill('SIGTERM');
		assert.deepEqual(await within('its end', stopped.ended), { code: 0, signal: null });
		const slow = start();
		let out = '';
		slow.stdin.end(lists(3000));
		await waitFor('the first answer', () => slow.stdout.readableLength > 0);
		slow.stdout.on('data', (c) => (out += c));
		assert.equal((await slow.ended).code, 0);
		await new Promise((resolve) => (slow.stdout.readableEnded ? resolve() : slow.stdout.on('end', resolve)));
		assert.deepEqual(out.trim().split('\n').map((l) => JSON.parse(l).id), [...Array(3000).keys()]);
	});
	it('without input and without a reader it ends, although a call waits', async () => {
		const left = start();
		left.stdin.write('{"jsonrpc":"2.0","id":1,"method":"ping"}\n{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"wait","arguments":{"filter":"path:/never","timeout_s":600}}}\n');
		await waitFor('it to answer', () => left.stdout.readableLength > 0);
		left.stdout.destroy();
		left.stdin.end();
		assert.deepEqual(await within('its end', left.ended), { code: 0, signal: null });
	});
	it('where nothing can be written any more, nothing more is done of what was read', { skip: !existsSync('/dev/full') }, async () => {
		const had = got.length, input = w.path('calls.jsonl');
		const lines = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n' + `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"replay","arguments":{"ids":[1],"to":"${port}"}}}\n`.repeat(3);
		writeFileSync(input, lines + lines.trimEnd().split('\n').at(-1));
		for (const from of ['pipe', openSync(input, 'r')]) {
			const full = openSync('/dev/full', 'w');
			const child = spawn(creel, ['mcp', '--db', db], { env: w.env, stdio: [from, full, 'inherit'] });
			const ended = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
			child.stdin?.on('error', () => {});
			child.stdin?.end(lines);
			assert.equal(await within('its end', ended), 0);
			closeSync(full);
		}
		assert.equal(got.length, had, 'the app was not called');
	});
	it('takes no arguments, and says where there is no record', async () => {
		assert.equal((await w.creel(['mcp', 'x', '--db', db])).code, 2);
		const client2 = new Client({ name: 'test', version: '1' });
		await client2.connect(new StdioClientTransport({ command: creel, args: ['mcp', '--db', w.path('none.db')], env: { ...w.env } }));
		const r = await client2.callTool({ name: 'list', arguments: {} });
		assert.ok(r.isError);
		assert.match(r.content[0].text, /nothing was recorded there yet/);
		await client2.close();
	});
});
