// creel show: the head block, JSON laid out, the pager; and lines about deliveries with date, provider and event.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { binDir, waitFor, World } from './lib/harness.mjs';
import { post } from './lib/http.mjs';
import { openRoad } from './lib/road.mjs';
import { Terminal } from './lib/tmux.mjs';

const EVENT = '{"id":"evt_1","object":"event","type":"invoice.payment_failed","amount":9007199254740993}';
const LAID_OUT = '{\n  "id": "evt_1",\n  "object": "event",\n  "type": "invoice.payment_failed",\n  "amount": 9007199254740993\n}\n';

describe('show and the lines', () => {
	let w, db, road;
	const terminals = [];
	const out = async (...args) => (await w.creelOut([...args, '--db', db])).toString('utf8');
	const line = (at, target, headers, body, more = {}) => JSON.stringify({ received_at: at, method: 'POST', target, peer: '203.0.113.7:4431', tunnel: 'shop',
		request: { headers: [['Host', 'x'], ...headers], ...(typeof body === 'string' ? { body } : { body_base64: body.toString('base64') }) }, ...more });
	async function terminal(args, { env = {}, columns = 120, rows = 40 } = {}) {
		const t = await Terminal.start({ command: [path.join(binDir, 'creel'), ...args, '--db', db], columns, rows, env: { ...w.env, ...env } });
		terminals.push(t);
		return t;
	}

	before(async () => {
		w = new World();
		db = w.path('show.db');
		const now = new Date().toISOString().replace('Z', '000Z');
		const lines = [
			line('2026-11-20T03:33:01.000000Z', '/hooks/stripe', [['Stripe-Signature', 't=1,v1=00']], EVENT),
			line(now, '/hooks/github', [['X-GitHub-Event', 'push'], ['X-GitHub-Delivery', 'd-1'], ['User-Agent', 'GitHub-Hookshot/1']], '{"a":1}'),
			line(now, '/plain', [], 'no JSON'),
			line(now, '/zipped', [['Content-Encoding', 'gzip']], gzipSync('{"zipped":true}')),
			line(now, '/long', [], JSON.stringify([...Array(100).keys()])),
		];
		const r = await w.creel(['import', '-', '--db', db], { input: lines.join('\n') });
		assert.equal(r.code, 0, r.err);
		road = await openRoad({ name: 'lines' });
	});
	after(async () => {
		for (const t of terminals) await t.close();
		await road?.w.close();
		await w?.close();
	});

	it('list: time with its date when that is not today, provider, event, path', async () => {
		const [old, today, plain] = (await out('list')).split('\n');
		assert.match(old, /^ +1 {2}2026-11-20T03:33:01 {2}\S+ +POST +\S+ +\d+ {2}stripe +invoice\.payment_failed +\/hooks\/stripe$/);
		assert.match(today, /^ +2 {2}\d\d:\d\d:\d\d +\S+ +POST +\S+ +\d+ {2}github +push +\/hooks\/github$/);
		assert.match(plain, /^ +3 {2}\d\d:\d\d:\d\d +\S+ +POST +\S+ +\d+ {2}- +- +\/plain$/);
		for (const text of [today, plain]) assert.equal(text.indexOf('POST'), old.indexOf('POST'), 'columns that stay');
		assert.equal(today.indexOf('/hooks'), old.indexOf('/hooks'));
	});

	it('list on a terminal: laid out for its width', async () => {
		for (const columns of [80, 120, 200]) {
			const t = await terminal(['list'], { columns });
			const screen = await t.until(/\/long/, { scrolled: true });
			assert.match(screen, /1 {2}11-20 03:33:01 .* stripe +invoice\.\S+ +\/hooks/);
			assert.equal(await t.ended(), '0');
			assert.equal(screen.split('\n').filter((l) => /POST/.test(l)).length, 5, 'a line each');
		}
	});

	it('listen, wait and replay have the same lines', async () => {
		const wait = road.w.spawn('creel', ['wait', 'path:/one', '--since', 'all']);
		await post(road.relay.port, '/lines/one', EVENT, ['Content-Type: application/json', 'Stripe-Signature: t=1,v1=00']);
		const wanted = /^ +\d+ {2}\d\d:\d\d:\d\d +200 +POST +\S+ +\d+ {2}stripe +invoice\.payment_failed +\/one( |$)/m;
		assert.equal((await wait.end()).code, 0);
		assert.match(wait.stdout.toString(), wanted);
		assert.match((await road.w.creelOut(['replay', '--last'])).toString(), wanted);
	});

	it('listen --print: headers, body and answer below the line, JSON laid out; listen says its routes', async () => {
		const { w: world, relay, app } = road;
		app.answer = (request, socket) => socket.write('HTTP/1.1 200 Fine\r\nContent-Type: application/json\r\nX-App: 1\r\nContent-Length: 11\r\n\r\n{"done":[]}');
		const c = await world.startClient({ relay, target: app.port, name: 'printed', args: ['--print', 'headers,body,response', '--route', `/admin=${app.port}`], output: 'lines' });
		await post(relay.port, '/printed/p', '{"a":{"b":1}}', ['Content-Type: application/json', 'X-Evil: a\xc2\x9bb']);
		await waitFor(() => `the answer in ${c.stdout}`, () => /^< \}$/m.test(c.stdout));
		const text = c.stdout.toString();
		assert.match(text, new RegExp(`^ {2}route /admin=${app.port}$`, 'm'));
		assert.match(text, /^ +(\d+) {2}\d\d:\d\d:\d\d .*\/p$\n#\1\n> POST \/p\n> Host: [^\n]*\n(> [^\n]*\n)*>\n> \{\n> {3}"a": \{\n> {5}"b": 1\n> {3}\}\n> \}\n< 200 Fine\n(< [^\n]*\n)*< X-App: 1\n(< [^\n]*\n)*<\n< \{\n< {3}"done": \[\]\n< \}$/m);
		assert.ok(!text.includes('\x1b'));
		await c.stop('SIGINT');
		const only = await world.startClient({ relay, target: app.port, name: 'printed', args: ['--print', 'body'], output: 'lines' });
		await post(relay.port, '/printed/q', 'just text');
		await waitFor(() => `the body in ${only.stdout}`, () => /^> just text$/m.test(only.stdout));
		assert.doesNotMatch(only.stdout.toString(), /Host:|^</m);
		await only.stop('SIGINT');
		app.answer = null;
		for (const [args, says] of [[['--print', 'bodies'], /--print takes headers, body and response/], [['--print', 'body', '--output', 'json'], /--print is for lines/]]) {
			const r = await world.creel(['listen', '1', '--relay', `http://127.0.0.1:${relay.port}`, ...args]);
			assert.equal(r.code, 2, r.err);
			assert.match(r.err, says);
		}
	});

	it('a head block: event, provider, peer, tunnel, ids, verdict with its reason', async () => {
		const text = await out('show', '1');
		for (const [label, value] of [['event', 'invoice.payment_failed'], ['provider', 'stripe'], ['tunnel', 'shop'], ['their id', 'evt_1'],
			['signature', 'unknown: no secret was known to check it by; creel verify 1 --secret @FILE checks it'], ['id', '[0-9a-f-]{36}']])
			assert.match(text, new RegExp(`^ {2}${label} +${value}$`, 'm'));
		assert.match(text, /^ {2}from +\S+/m);
		assert.match(await out('show', '3'), /^ {2}signature +none: it carries none$/m);
	});

	it('attempts with their times and what came', async () => {
		await post(road.relay.port, '/lines/attempts', 'x');
		const row = await road.w.recorded((r) => r.target === '/attempts' && r.state === 'delivered');
		const text = (await road.w.creelOut(['show', String(row.id)])).toString();
		assert.match(text, /^ {2}attempts +1 {2}\d\d:\d\d:\d\d {2}[\d.]+ms {2}200 .*, \d+ bytes? {2}http:\/\/\S+\/attempts$/m);
	});

	it('JSON: as received into a pipe, laid out with --pretty, decoded', async () => {
		assert.ok((await out('show', '1')).includes(`\n${EVENT}\n`));
		assert.ok((await out('show', '1', '--pretty')).includes(`\n${LAID_OUT}`));
		assert.equal(await out('show', '1', '--body'), EVENT);
		assert.equal(await out('show', '1', '--body', '--pretty'), LAID_OUT);
		assert.equal(await out('show', '3', '--body', '--pretty'), 'no JSON');
		assert.equal(await out('show', '4', '--body', '--pretty'), '{\n  "zipped": true\n}\n');
		assert.equal((await w.creelOut(['show', '4', '--body', '--db', db])).readUInt16BE(0), 0x1f8b);
		const json = await out('show', '1', '--json', '--pretty');
		assert.match(json, /^\{\n {2}"id": 1,\n/);
		assert.equal(JSON.parse(json).request.body, EVENT);
		const both = await w.creel(['show', '1', '--raw', '--pretty', '--db', db]);
		assert.equal(both.code, 2);
		assert.match(both.err, /--raw and --pretty contradict/);
	});

	it('--last is the newest; of nothing the answer is no', async () => {
		assert.equal(JSON.parse(await out('show', '--last', '--json')).id, 5);
		assert.equal((await w.creel(['show', '--last', '1', '--db', db])).code, 2);
		const none = w.path('none.db');
		await w.creel(['import', '-', '--db', none], { input: '' });
		assert.equal((await w.creel(['show', '--last', '--db', none])).code, 1);
	});

	it('on a terminal: laid out, and what is longer than it through $PAGER', async () => {
		const seen = w.path('paged'), pager = w.path('pager');
		writeFileSync(pager, `#!/bin/sh\n{ echo "LESS=$LESS"; cat; } >${seen}\necho was paged\n`);
		chmodSync(pager, 0o700);
		const env = { PAGER: pager };
		const short = await terminal(['show', '1'], { env });
		const screen = await short.until(/"amount": 9007199254740993\n\}/);
		assert.equal(await short.ended(), '0');
		assert.match(screen, /\{\n {2}"id": "evt_1",\n/);
		assert.ok(!existsSync(seen), 'it fits');
		const long = await terminal(['show', '5'], { env });
		await long.until(/was paged/, { scrolled: true });
		assert.equal(await long.ended(), '0');
		assert.match(readFileSync(seen, 'utf8'), /^LESS=FRX\n[^]*\n {2}98,\n {2}99\n\]\n$/);
		const straight = await terminal(['show', '5', '--no-pager'], { env });
		await straight.until(/ {2}99\n\]/);
		assert.doesNotMatch(await straight.screen(), /was paged/);
		// One that is left early is no failure, one that is not there no loss.
		const early = await terminal(['show', '5'], { env: { PAGER: 'head -n 1' } });
		await early.until(/\/hooks|\/long/, { scrolled: true });
		assert.equal(await early.ended(), '0');
		const missing = await terminal(['show', '5'], { env: { PAGER: 'no-such-pager' } });
		await missing.until(/ {2}99\n\]/);
		assert.equal(await missing.ended(), '0');
	});

	it('words and options of other tools lead on', async () => {
		for (const [args, says] of [
			[['logs'], /^creel: 'logs' is not a command: creel list shows what is on record, creel ui what comes as well\n$/], [['log'], /creel list/], [['tail'], /creel ui/],
			[['resend', '42'], /creel replay ID/], [['open'], /creel ui/], [['inspect'], /creel ui .*creel show ID/], [['delete'], /creel prune/], [['config'], /config\.ini/],
			[['list', '--status', '500'], /^creel: --status is not an option: write it as a filter, status:500; see creel list --help\n$/],
			[['list', '--since=1h'], /write it as a filter, since:1h/], [['list', '--provider', 'stripe'], /source:stripe/], [['export', '--event'], /such as event:invoice\.\*/],
			[['replay', '--status', '5xx'], /write it as a filter after --where, status:5xx/], [['list', '--relay', 'http://x'], /--relay is not an option/],
			[['list', 'on:2026-02-31'], /\^/], [['list', 'since:2026-02-30'], /\^/], [['list', 'before:2026-02-29T09:00'], /\^/], [['list', 'on:2025-02-29'], /\^/], [['list', 'on:2026-04-31'], /\^/],
			[['list', 'since:2026-06-31T09:00:00Z'], /\^/], [['list', 'on:2100-02-29'], /\^/],
		]) {
			const r = await w.creel(args);
			assert.equal(r.code, 2, `${args}: ${r.err}`);
			assert.match(r.err, says);
		}
		for (const flag of ['-v', '-V', '--version']) assert.match((await w.creel([flag])).text, /^creel \S+\n$/);
		assert.equal((await w.creel(['list', 'on:2028-02-29', '--db', db])).code, 1, 'a leap year');
	});

	it('a body of parts with a picture: fields, texts without their coding, of the picture how large it is', async () => {
		const parts = w.path('parts.db'), picture = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n\0', 'latin1'), Buffer.alloc(20)]);
		const body = Buffer.concat([Buffer.from('--B\r\nContent-Disposition: form-data; name=j\r\nContent-Type: application/json\r\n\r\n{"a":[1]}\r\n'
			+ '--B\nContent-Disposition: form-data; name=b\nContent-Transfer-Encoding: base64\n\nZ3LDvMOf\n--B\r\nContent-Disposition: form-data; name=p\r\nContent-Type: image/png\r\n\r\n'), picture, Buffer.from('\r\n--B--\r\n')]);
		const type = ['Content-Type', 'multipart/form-data; boundary=B'];
		const now = '2026-11-20T03:33:01Z';
		await w.creel(['import', '-', '--db', parts], { input: [line(now, '/up', [type], body), line(now, '/text', [type], '--B\r\n\r\nhi\r\n--B--\r\n'), line(now, '/p', [['Content-Type', 'image/png']], picture)].join('\n') });
		const show = async (...args) => (await w.creelOut(['show', ...args, '--db', parts])).toString();
		const text = await show('1');
		assert.ok(text.endsWith('\n--B\nContent-Disposition: form-data; name=j\nContent-Type: application/json\n\n{"a":[1]}\n--B\nContent-Disposition: form-data; name=b\nContent-Transfer-Encoding: base64\n\ngrüß\n'
			+ '--B\nContent-Disposition: form-data; name=p\nContent-Type: image/png\n\n(29 bytes of image/png)\n--B--\n(creel show 1 --body > FILE has all of it as it came)\n'), text);
		assert.match(await show('1', '--pretty'), /\n\n\{\n {2}"a": \[\n {4}1\n {2}\]\n\}\n--B\n/);
		assert.match(await show('2'), /\n--B\n\nhi\n--B--\n$/);
		assert.match(await show('3'), /\n\(29 bytes of image\/png: creel show 3 --body > FILE has them\)\n$/);
		assert.deepEqual(await w.creelOut(['show', '1', '--body', '--db', parts]), body);
		assert.equal(await show('2', '--body', '--pretty'), '--B\r\n\r\nhi\r\n--B--\r\n');
	});

	it('why a signature does not hold, by the secret', async () => {
		const secret = w.path('stripe.secret'), signature = async (...args) => /^ {2}signature +(.*)$/m.exec(await out('show', ...args))[1];
		writeFileSync(secret, 'whsec_of_mine');
		assert.match(await signature('1', '--secret', `stripe=@${secret}`), /^invalid: the signature in Stripe-Signature is not 64 hex digits/);
		assert.match(await signature('1', '--secret', `github=@${secret}`), /^unknown: no secret was known/);
		assert.equal(await signature('3', '--secret', `@${secret}`), 'none: it carries none');
		assert.match((await w.creel(['show', '1', '--secret', '@/no/such/file', '--db', db])).err, /^creel: .*\/no\/such\/file/);
		// That of the environment may be anybody's.
		assert.match((await w.creel(['show', '1', '--db', db], { env: { CREEL_SECRET: 'x' } })).text, /signature +unknown/);
	});

	it('nothing matches: list says why, as far as each term tells', async () => {
		const none = async (...args) => {
			const r = await w.creel(['list', ...args, '--db', db]);
			assert.deepEqual([r.code, r.text], [1, '']);
			assert.doesNotMatch(r.err, /creel list/);
			return r.err;
		};
		assert.equal(await none('source:stripe', 'event:none.*'), 'creel: no delivery matches: none matches event:none.*\n');
		assert.equal(await none('--filter', 'path:/nowhere event:none'), 'creel: no delivery matches: none matches path:/nowhere, none matches event:none\n');
		assert.match(await none('source:stripe', 'source:github'), /each of the terms matches some, but no delivery matches all of them/);
		assert.match(await none('event:none'), /try a wider term/);
		assert.match(await none('(event:none OR event:no)', 'source:stripe'), /try a wider term/);
		const empty = w.path('empty.db');
		await w.creel(['import', '-', '--db', empty], { input: '' });
		assert.match((await w.creel(['list', 'event:x', '--db', empty])).err, /nothing is on record yet; `creel listen`/);
	});

	it('prune --dry-run of a filter that matches nothing answers no, prune has nothing to do', async () => {
		const r = await w.creel(['prune', 'event:none', '--dry-run', '--db', db]);
		assert.deepEqual([r.code, r.text], [1, '']);
		assert.match(r.err, /^creel: no delivery matches/);
		const json = await w.creel(['prune', 'event:none', '--dry-run', '--json', '--db', db]);
		assert.deepEqual([json.code, JSON.parse(json.text).deleted], [1, 0]);
		assert.equal((await w.creel(['prune', '--dry-run', '--keep', '9999d', '--db', db])).code, 0);
		assert.equal((await w.creel(['prune', 'event:none', '--db', db])).code, 0);
	});

	it('one exit status when nothing matches', async () => {
		for (const args of [['list', 'status:599'], ['export', 'status:599', '--format', 'har'], ['replay', '--where', 'status:599'], ['verify', 'status:599', '--secret', 'stripe=env:S'],
			['wait', 'status:599', '--timeout', '50ms']]) {
			const r = await w.creel([...args, '--db', db], { env: { S: 'x' } });
			assert.equal(r.code, 1, `${args}: ${r.err}`);
			assert.match(r.err, /^creel: (no delivery matches|the time is up)/);
			assert.equal(r.text, '');
		}
	});
});
