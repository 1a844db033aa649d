// creel web: who is let in, and what the API answers.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { World, waitFor, within } from './lib/harness.mjs';
import { Receiver, post } from './lib/http.mjs';
import { call, fill, keyFile, keyOf, line, startWeb, stream } from './lib/web.mjs';

let w, web;
before(async () => {
	w = new World();
	await fill(w, [...Array(300).keys()].map((n) => line(n + 1, { status: n % 3 === 2 ? 500 : 200, target: n % 2 ? '/hooks/github' : '/hooks/stripe?tenant=7' })));
	web = await startWeb(w);
});
after(() => w?.close());

/** Raw bytes to the server; what it says. */
async function raw(text) {
	const socket = net.connect(web.port, '127.0.0.1');
	let out = '';
	socket.on('data', (d) => (out += d));
	socket.on('error', () => {});
	socket.write(text);
	await waitFor(() => `an answer to ${text}`, () => /\r\n\r\n/.test(out) || socket.destroyed);
	socket.destroy();
	return Number(/^HTTP\/1\.1 (\d+)/.exec(out)?.[1]);
}

describe('who is let in', () => {
	it('the key is the owner’s alone, and its address is the only thing that is printed', async () => {
		assert.equal(statSync(keyFile(w)).mode & 0o777, 0o600);
		assert.match(keyOf(w), /^[0-9a-f]{64}$/);
		assert.equal(web.token, keyOf(w));
		assert.equal(web.stdout.toString().trim().split('\n').length, 1);
	});
	it('nobody without the token: a problem for programs, a page without data for browsers', async () => {
		const a = await call(web, '/api/deliveries', { token: false });
		assert.equal(a.status, 401);
		assert.equal(a.headers['content-type'], 'application/problem+json');
		assert.equal(JSON.parse(a.text).type, 'urn:creel:problem:token');
		const page = await call(web, '/', { token: false });
		assert.equal(page.status, 401);
		assert.match(page.text, /Open the link/);
		assert.doesNotMatch(page.text, /invoice/);
	});
	it('the link sets a cookie that is not the token, and leads on without it', async () => {
		const a = await call(web, `/?token=${web.token}&filter=state%3Afailed`, { token: false });
		assert.equal(a.status, 303);
		assert.equal(a.headers.location, '/?filter=state%3Afailed');
		const [cookie] = a.headers['set-cookie'];
		assert.match(cookie, new RegExp(`^creel_${web.port}=[0-9a-f]{64}; Path=/; HttpOnly; SameSite=Strict; Max-Age=2592000$`));
		assert.ok(!cookie.includes(web.token));
		const value = cookie.split(';')[0];
		assert.equal((await call(web, '/api/deliveries', { token: false, headers: { Cookie: value } })).status, 200);
		// Beside one that a page of another port has set.
		assert.equal((await call(web, '/api/deliveries', { token: false, headers: { Cookie: `creel_${web.port}=x; ${value}` } })).status, 200);
		assert.equal((await call(web, '/api/deliveries', { token: false, headers: { Cookie: value.replace(/.$/, (c) => (c === '0' ? '1' : '0')) } })).status, 401);
	});
	it('the link leads on to all that it asks for, long as it is', async () => {
		const asked = `/d/2?tab=raw&filter=${encodeURIComponent('path:'.padEnd(1990, '/'))}`, a = await call(web, `${asked}&token=${web.token}`, { token: false });
		assert.deepEqual([a.status, a.headers.location], [303, asked]);
	});
	it('no link leads elsewhere', async () => {
		for (const target of [`//evil.example/?token=${web.token}`, `///evil.example/?token=${web.token}`]) {
			const a = await call(web, target, { token: false });
			if (a.headers.location) assert.match(a.headers.location, /^\/(?!\/)/);
		}
	});
	it('other hosts get 421 with the right address', async () => {
		for (const host of ['attacker.test', `attacker.test:${web.port}`, '127.0.0.1', `127.0.0.1:${web.port + 1}`]) {
			const a = await call(web, '/api/deliveries', { headers: { Host: host } });
			assert.equal(a.status, 421, host);
			assert.match(JSON.parse(a.text).detail, new RegExp(`http://127.0.0.1:${web.port}/.*ssh -L`));
		}
		assert.equal((await call(web, '/api/deliveries', { headers: { Host: `localhost:${web.port}` } })).status, 200);
		const auth = `Authorization: Bearer ${web.token}\r\n`, host = `Host: 127.0.0.1:${web.port}\r\n`;
		assert.equal(await raw(`GET /api/deliveries HTTP/1.1\r\n${host}${host}${auth}\r\n`), 421);
		assert.equal(await raw(`GET http://attacker.test/api/deliveries HTTP/1.1\r\n${host}${auth}\r\n`), 421);
		assert.ok([400, 421].includes(await raw(`GET /api/deliveries HTTP/1.1\r\n${auth}\r\n`)));
	});
	it('another site’s requests are refused, same-site as strictly', async () => {
		const [cookie] = (await call(web, `/?token=${web.token}`, { token: false })).headers['set-cookie'];
		const Cookie = cookie.split(';')[0];
		for (const site of ['cross-site', 'same-site', 'none']) {
			const a = await call(web, '/api/deliveries', { token: false, headers: { Cookie, 'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' } });
			assert.equal(a.status, 403, site);
		}
		for (const origin of ['null', `http://127.0.0.1:${web.port + 1}`, 'http://attacker.test']) assert.equal((await call(web, '/api/deliveries', { token: false, headers: { Cookie, Origin: origin } })).status, 403, origin);
		const link = await call(web, '/d/1?filter=%22%3E%3Cb', { token: false, headers: { Cookie, 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Dest': 'document' } });
		assert.equal(link.status, 403);
		assert.match(link.text, /This link came from another site/);
		assert.doesNotMatch(link.text, /<b/i.test('<body') ? /"><b[^o]/ : /x/);
		assert.doesNotMatch(link.text, /invoice/);
	});
	it('the cookie alone never acts', async () => {
		const [cookie] = (await call(web, `/?token=${web.token}`, { token: false })).headers['set-cookie'];
		const page = { Cookie: cookie.split(';')[0], Origin: web.base, 'Sec-Fetch-Site': 'same-origin', 'Creel-Page': '1' };
		const tag = (headers, type = 'application/json') => call(web, '/api/deliveries/1/tags', { token: false, method: 'POST', body: { name: 'marked', set: true }, headers: { ...headers, 'Content-Type': type } });
		assert.equal((await tag(page)).status, 204);
		for (const name of ['Origin', 'Sec-Fetch-Site', 'Creel-Page']) assert.equal((await tag(Object.fromEntries(Object.entries(page).filter(([n]) => n !== name)))).status, 403, name);
		for (const type of ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded']) assert.equal((await tag(page, type)).status, 415, type);
		assert.equal((await call(web, '/api/deliveries', { method: 'OPTIONS' })).status, 405);
	});
	it('every answer has its policy, and none lets another origin read it', async () => {
		for (const target of ['/', '/d/1', '/api/deliveries', '/api/nothing', '/page/main.js', '/api/deliveries/1/request/body']) {
			const { headers } = await call(web, target);
			assert.match(headers['content-security-policy'], /default-src 'none'.*script-src 'self'.*trusted-types 'none'/, target);
			assert.doesNotMatch(headers['content-security-policy'], /unsafe/);
			for (const [name, value] of [['x-content-type-options', 'nosniff'], ['referrer-policy', 'no-referrer'], ['x-frame-options', 'DENY'], ['cross-origin-resource-policy', 'same-origin'], ['cross-origin-opener-policy', 'same-origin']]) assert.equal(headers[name], value, `${target} ${name}`);
			assert.equal(headers['cache-control'], target.startsWith('/page/') ? 'no-cache' : 'no-store');
			assert.ok(!Object.keys(headers).some((h) => h.startsWith('access-control')));
		}
	});
	it('the page’s files are packed for those who take it, with tags of their own', async () => {
		const get = (headers) => call(web, '/page/main.js', { headers });
		const plain = await get({}), packed = await get({ 'Accept-Encoding': 'br, gzip;q=0.8' });
		assert.equal(plain.headers['content-encoding'], undefined);
		assert.equal(packed.headers['content-encoding'], 'gzip');
		assert.equal(gunzipSync(packed.bytes).toString(), plain.text);
		assert.ok(packed.bytes.length < plain.bytes.length / 2);
		for (const a of [plain, packed]) assert.equal(a.headers.vary, 'Accept-Encoding');
		assert.notEqual(plain.headers.etag, packed.headers.etag);
		assert.equal((await get({ 'If-None-Match': plain.headers.etag })).status, 304);
		assert.equal((await get({ 'If-None-Match': packed.headers.etag, 'Accept-Encoding': 'gzip' })).status, 304);
		assert.equal((await get({ 'If-None-Match': packed.headers.etag })).status, 200);
		for (const none of ['gzip;q=0', 'identity', 'br', 'xgzip', '', '*;q=0.000']) assert.equal((await get({ 'Accept-Encoding': none })).headers['content-encoding'], undefined, none);
		for (const some of ['gzip', 'GZIP', '*', 'deflate,gzip ; q=0.1', 'gzip;q=1.0']) assert.equal((await get({ 'Accept-Encoding': some })).headers['content-encoding'], 'gzip', some);
	});
	it('guessing is slowed down for those without a token alone', async () => {
		for (let i = 0; i < 25; i++) await call(web, '/api/deliveries', { token: false });
		assert.equal((await call(web, '/api/deliveries', { token: false })).status, 429);
		assert.equal((await call(web, '/api/deliveries')).status, 200);
	});
	it('a key that others may read is refused, and --new-token makes another', async () => {
		const other = new World();
		try {
			const first = await startWeb(other);
			await first.stop('SIGTERM');
			const { chmodSync } = await import('node:fs');
			chmodSync(keyFile(other), 0o644);
			const refused = other.spawn('creel', ['web', '--port', '0']);
			assert.equal((await refused.end()).code, 4);
			assert.match(refused.err, /--new-token/);
			const again = await startWeb(other, ['--new-token']);
			assert.notEqual(again.token, first.token);
			assert.equal(statSync(keyFile(other)).mode & 0o777, 0o600);
		} finally {
			await other.close();
		}
	});
	it('a port that is taken is said, with 2', async () => {
		const p = w.spawn('creel', ['web', '--port', String(web.port)]);
		assert.equal((await p.end()).code, 2);
		assert.match(p.err, /--port/);
	});
});

describe('what the API answers', () => {
	it('rows are the CLI’s, newest first, by pages that meet', async () => {
		const cli = (await w.run('creel', ['list', '--json', '-n', '300'])).text.trim().split('\n').map(JSON.parse).reverse();
		const all = [];
		for (let before, page; ; before = page.deliveries.at(-1).id) {
			page = await web.json(`/api/deliveries?limit=128${before ? `&before=${before}` : ''}`);
			all.push(...page.deliveries);
			if (!page.more_before) break;
		}
		assert.equal(all.length, 300);
		for (const [i, row] of cli.entries()) for (const [name, value] of Object.entries(row)) assert.deepEqual(all[i][name], value, name);
		const newer = await web.json('/api/deliveries?after=290');
		assert.deepEqual(newer.deliveries.map((d) => d.id), [300, 299, 298, 297, 296, 295, 294, 293, 292, 291]);
		assert.equal(newer.more_after, false);
	});
	it('filters, counts, and says what is wrong with one', async () => {
		const { deliveries } = await web.json('/api/deliveries?filter=state%3Afailed&limit=500');
		assert.equal(deliveries.length, 100);
		assert.deepEqual(await web.json('/api/count?filter=state%3Afailed'), { count: 100, searched: 300, total: 300, done: true });
		const wrong = await call(web, '/api/deliveries?filter=stat%3Afailed');
		assert.equal(wrong.status, 400);
		const problem = JSON.parse(wrong.text);
		assert.equal(problem.type, 'urn:creel:problem:filter');
		assert.equal(problem.column, 1);
	});
	it('rows in the order of a column, the first of them with all numbers, and further ones by their numbers', async () => {
		const rows = (await web.json('/api/deliveries?limit=500')).deliveries, took = (a, b) => a.duration_ms - b.duration_ms || b.id - a.id;
		for (const [order, compare] of [['took', took], ['-took', (a, b) => -took(a, b) || b.id - a.id]]) {
			const sorted = [...rows].sort((a, b) => (a.duration_ms === b.duration_ms ? b.id - a.id : compare(a, b))).map((r) => r.id);
			const page = await web.json(`/api/deliveries?order=${order}&limit=100`);
			assert.deepEqual(page.ids, sorted, order);
			assert.equal(page.matched, 300);
			assert.equal(page.more_before, true);
			assert.deepEqual(page.deliveries.map((d) => d.id), sorted.slice(0, 100));
			assert.deepEqual((await web.json(`/api/deliveries?ids=${sorted.slice(100, 300)}`)).deliveries.map((d) => d.id), sorted.slice(100, 300));
		}
		const failed = await web.json('/api/deliveries?order=path&filter=state%3Afailed&limit=500');
		assert.equal(failed.matched, 100);
		assert.deepEqual(failed.deliveries.map((d) => d.path), failed.deliveries.map((d) => d.path).sort());
		for (const order of 'stat method source event path att took size tunnel peer replay-of host tag'.split(' ')) assert.equal((await web.json(`/api/deliveries?order=-${order}&limit=1`)).ids.length, 300, order);
		assert.deepEqual((await web.json('/api/deliveries?ids=7,4711,3')).deliveries.map((d) => d.id), [7, 3]);
		// A part has what it is ordered by, so that whoever has both makes one order of them.
		for (const [order, of] of [['-took', (d) => Math.round(d.duration_ms * 1000)], ['path', (d) => d.target.toLowerCase()], ['-replay-of', (d) => d.replay_of]]) {
			const part = await web.json(`/api/deliveries?order=${order}&before=100&limit=500`);
			assert.deepEqual([part.ids.length, Math.max(...part.ids), part.matched, part.more_after], [99, 99, 99, false], order);
			assert.deepEqual(part.values, part.deliveries.map(of), order);
		}
		assert.equal((await web.json('/api/deliveries?order=took')).values, undefined);
		const { detail } = await web.json('/api/deliveries?order=speed');
		assert.match(detail, /order takes a column.* took /);
	});
	it('says what was probably meant, and where', async () => {
		for (const [text, column, suggestion] of [['stat:failed', 1, 'state:'], ['path:/x soure:stripe', 9, 'source:'], ['state:faild', 7, 'failed'], ['zzzzzz:1', 1, null], ['status:zzz', 8, null]]) {
			const problem = await web.json(`/api/deliveries?filter=${encodeURIComponent(text)}`), told = await web.json(`/api/filter?text=${encodeURIComponent(text)}`);
			for (const a of [problem, told]) assert.deepEqual([a.column, a.suggestion], [column, suggestion], text);
		}
	});
	it('what it does not know is refused', async () => {
		for (const target of ['/api/deliveries?limt=5', '/api/deliveries?limit=0', '/api/deliveries?limit=501', '/api/deliveries?before=x', '/api/deliveries?before=5&after=3', '/api/deliveries?order=time', '/api/deliveries?order=', '/api/deliveries?order=took&after=5', '/api/deliveries?ids=', '/api/deliveries?ids=1,', '/api/deliveries?ids=,1', '/api/deliveries?ids=1,,2', '/api/deliveries?ids=1;2', '/api/deliveries?ids=1&order=took', `/api/deliveries?ids=${Array(501).fill(1)}`]) assert.equal((await call(web, target)).status, 400, target);
		for (const target of ['/api/nothing', '/api/deliveries/999999', '/api/deliveries/zzz', '/page/../web.key', '/page/nothing.js', '/d']) assert.equal((await call(web, target)).status, 404, target);
		assert.equal((await call(web, '/api/count', { method: 'POST', body: {} })).status, 405);
	});
	it('a delivery has what show has, and more', async () => {
		const cli = JSON.parse((await w.run('creel', ['show', '3', '--json'])).text);
		const d = await web.json('/api/deliveries/3');
		for (const [name, value] of Object.entries(cli)) {
			if (name !== 'request' && name !== 'response') assert.deepEqual(d[name], value, name);
			else for (const [inner, v] of Object.entries(value)) assert.deepEqual(d[name][inner], v, `${name}.${inner}`);
		}
		assert.equal(d.all_attempts.length, 1);
		assert.equal(d.request.body_bytes, d.request_bytes);
		assert.equal((await web.json(`/api/deliveries/${d.event_id}`)).id, 3);
	});
	it('bodies by range, exactly', async () => {
		const whole = await call(web, '/api/deliveries/2/request/body');
		assert.equal(whole.text, '{"n":2,"type":"invoice.paid"}');
		assert.equal(whole.headers['content-type'], 'application/octet-stream');
		assert.match(whole.headers['content-disposition'], /attachment; filename="delivery-2-request.bin"/);
		const part = await call(web, '/api/deliveries/2/request/body', { headers: { Range: 'bytes=1-4' } });
		assert.equal(part.status, 206);
		assert.equal(part.text, '"n":');
		assert.equal(part.headers['content-range'], `bytes 1-4/${whole.bytes.length}`);
		assert.equal((await call(web, '/api/deliveries/2/request/body', { headers: { Range: 'bytes=900-' } })).status, 416);
		assert.equal((await call(web, '/api/deliveries/2/request/body', { headers: { 'If-None-Match': whole.headers.etag } })).status, 304);
		assert.equal((await call(web, '/api/deliveries/2/request/body', { headers: { Range: 'bytes=1-4', 'If-Range': '"another"' } })).status, 200);
		assert.equal((await call(web, '/api/deliveries/2/request/body', { method: 'HEAD' })).bytes.length, 0);
		assert.deepEqual(await web.json('/api/deliveries/2/find?part=request&text=INVOICE'), { offsets: [whole.text.indexOf('invoice')], more: false });
		assert.deepEqual(await web.json('/api/deliveries/2/find?part=request&hex=7b'), { offsets: [0], more: false });
	});
	it('a body is rendered within a frame alone, and an image only when it is one', async () => {
		const frame = { 'Sec-Fetch-Site': 'same-origin', 'Sec-Fetch-Mode': 'navigate' };
		const a = await call(web, '/api/deliveries/2/request/body?view=frame', { headers: { ...frame, 'Sec-Fetch-Dest': 'iframe' } });
		assert.equal(a.status, 200);
		assert.match(a.headers['content-security-policy'], /^sandbox; default-src 'none'/);
		assert.equal((await call(web, '/api/deliveries/2/request/body?view=frame', { headers: { ...frame, 'Sec-Fetch-Dest': 'document' } })).status, 403);
		assert.equal((await call(web, '/api/deliveries/2/request/body?view=image')).status, 415);
	});
	it('completes fields, words and values', async () => {
		const texts = async (text) => (await web.json(`/api/filter?text=${encodeURIComponent(text)}`)).completions.map((c) => c.text);
		assert.ok((await texts('sta')).includes('status:'));
		assert.ok((await texts('state:fa')).includes('state:failed'));
		assert.ok((await texts('path:')).includes('path:/hooks/github'));
		assert.deepEqual(await texts('host:sho'), ['host:shop.example.dev']);
		for (const name of ['marked', 'odd-one']) assert.equal((await call(web, '/api/deliveries/3/tags', { method: 'POST', body: { name, set: true } })).status, 204);
		assert.deepEqual(await texts('-tag:'), ['tag:marked', 'tag:odd-one']);
		assert.deepEqual(await texts('tag:od'), ['tag:odd-one']);
	});
	it('marks, and deletes with a count', async () => {
		assert.equal((await call(web, '/api/deliveries/7/tags', { method: 'POST', body: { name: 'marked', set: true } })).status, 204);
		assert.equal((await web.json('/api/deliveries/7')).marked, true);
		assert.ok((await web.json('/api/deliveries?filter=tag%3Amarked')).deliveries.some((d) => d.id === 7 && d.marked));
		assert.equal((await call(web, '/api/deliveries', { method: 'DELETE', body: { ids: [8, 9] } })).status, 409);
		assert.equal((await call(web, '/api/deliveries', { method: 'DELETE', body: { ids: [8, 9], confirm_count: 2 } })).status, 204);
		assert.equal((await call(web, '/api/deliveries/8')).status, 404);
		for (const body of ['', '[]', '{"ids":"x"}', '{"ids":[1],"more":1}', '{"ids":[-1]}', '{']) assert.equal((await call(web, '/api/deliveries', { method: 'DELETE', body })).status, 400, body);
	});
	it('compares as diff does', async () => {
		const cli = w.spawn('creel', ['diff', '1', '2', '--json']);
		assert.equal((await cli.end()).code, 1);
		assert.deepEqual(await web.json('/api/diff?a=1&b=2'), JSON.parse(cli.stdout.toString()));
		assert.equal((await call(web, '/api/diff?a=1')).status, 400);
		assert.equal((await call(web, '/api/diff?a=1&b=99999')).status, 404);
	});
	it('verifies as verify does, with a secret that nothing keeps', async () => {
		const { createHmac } = await import('node:crypto');
		const body = '{"type":"invoice.paid","id":"evt_1"}', t = Math.floor(Date.now() / 1000);
		const v1 = createHmac('sha256', 'whsec_page').update(`${t}.${body}`).digest('hex');
		await fill(w, [line(5000, { body, headers: [['Content-Type', 'application/json'], ['Stripe-Signature', `t=${t},v1=${v1}`]], at: t * 1000 })]);
		const { deliveries: [d] } = await web.json('/api/deliveries?limit=1');
		const verify = async (secret) => (await web.json('/api/verify', { method: 'POST', body: { delivery_id: d.id, secret } })).results[0];
		assert.equal((await verify('whsec_page')).signature, 'valid');
		const bad = await verify('whsec_other');
		assert.deepEqual([bad.signature, bad.provider], ['invalid', 'stripe']);
		assert.ok(bad.why);
		const { tried } = (await web.json('/api/verify', { method: 'POST', body: { delivery_id: d.id, secret: 'page', tried: true } })).results[0];
		assert.deepEqual([tried[0].what, tried[0].holds, tried[0].secret, tried[0].provider], ['as it is', false, 1, 'stripe']);
		assert.match(tried[0].why, /match/);
		assert.deepEqual(tried.filter((t) => t.holds).map((t) => t.what), ['with whsec_ before it']);
		assert.ok(tried.length > 3 && new Set(tried.map((t) => t.what)).size === tried.length);
		assert.equal((await call(web, '/api/verify', { method: 'POST', body: { delivery_id: d.id } })).status, 422);
		assert.doesNotMatch(web.stdout.toString() + web.err, /whsec/);
	});
	it('exports once, by an address that nobody can guess; a preview says what is redacted', async () => {
		await fill(w, [line(5001, { headers: [['Authorization', 'Bearer sesame-12345'], ['Content-Type', 'application/json']] })]);
		const { deliveries: [d] } = await web.json('/api/deliveries?limit=1');
		const ask = (body) => call(web, '/api/export', { method: 'POST', body: { ids: [d.id], format: 'har', redact: true, ...body } });
		const preview = JSON.parse((await ask({ preview: true })).text);
		assert.ok(preview.replaced.some((r) => /Authorization/i.test(r.where) && r.count === 1));
		assert.doesNotMatch(preview.sample, /sesame/);
		const made = await ask({});
		assert.equal(made.status, 201);
		const { url } = JSON.parse(made.text);
		assert.match(url, /^\/api\/exports\/[0-9a-f]{32}$/);
		const file = await call(web, url);
		assert.equal(file.headers['content-disposition'], 'attachment; filename="creel.har"');
		assert.doesNotMatch(file.text, /sesame/);
		assert.equal(JSON.parse(file.text).log.entries.length, 1);
		assert.equal((await call(web, url)).status, 404);
		assert.equal((await call(web, JSON.parse((await ask({})).text).url, { token: false })).status, 429); // of those that guessed before
		for (const body of [{ format: 'exe' }, { redact: true, secrets: true }, { redact: [1] }, { ids: [], format: 'har' }]) assert.equal((await ask(body)).status, 400, JSON.stringify(body));
		assert.equal((await call(web, '/api/export', { method: 'POST', body: { filter: 'path:/nowhere', format: 'har' } })).status, 422);
	});
	it('counts by outcome over time, with percentiles', async () => {
		const now = Math.ceil(Date.now() / 1000), s = await web.json(`/api/stats?from=${now - 3600}&to=${now}&step=60`);
		const all = (await web.json('/api/count')).count;
		assert.equal(s.buckets.length, 60);
		assert.equal(s.buckets.reduce((n, b) => n + b.waiting + b['2xx'] + b['3xx'] + b['4xx'] + b['5xx'] + b.no_answer, 0), s.count);
		assert.ok(s.count > 290 && s.count <= all);
		const exact = (await web.json('/api/deliveries?limit=500')).deliveries.map((d) => d.duration_ms).sort((x, y) => x - y);
		for (const [name, share] of [['p50_ms', 0.5], ['p95_ms', 0.95]]) assert.ok(Math.abs(s.took[name] / exact[Math.ceil(exact.length * share) - 1] - 1) < 0.1, name);
		assert.equal(s.took.histogram.reduce((n, h) => n + h.count, 0), exact.length);
		const failed = await web.json(`/api/stats?from=${now - 3600}&to=${now}&step=600&by=path&filter=state%3Afailed`);
		assert.equal(failed.failed, failed.count);
		assert.ok(failed.by.some((g) => g.key === '/hooks/github'));
		for (const query of ['step=0', 'by=x', 'from=5&to=5', 'from=0&to=100000&step=1']) assert.equal((await call(web, `/api/stats?${query}`)).status, 400, query);
	});
	it('replays what a filter names, when its number was confirmed', async () => {
		const replay = (body) => call(web, '/api/replays', { method: 'POST', body });
		assert.equal((await replay({ filter: 'state:failed' })).status, 400);
		const wrong = await replay({ filter: 'state:failed', confirm_count: 1 });
		assert.equal(wrong.status, 409);
		const { count } = JSON.parse(wrong.text);
		assert.ok(count > 50);
		const r = JSON.parse((await replay({ filter: 'state:failed', confirm_count: count, to: '1' })).text);
		assert.equal(r.total, count);
		assert.equal((await call(web, `/api/replays/${r.id}`, { method: 'DELETE', body: {} })).status, 200);
		await waitFor('its end', async () => (await web.json(`/api/replays/${r.id}`)).state === 'stopped');
		assert.equal((await replay({ delivery_id: 1, edited_base64: '!' })).status, 400);
		const nowhere = await replay({ delivery_id: 1 });
		assert.equal(nowhere.status, 422, 'it is for no place: nothing is taken');
		assert.match(JSON.parse(nowhere.text).type, /:target$/);
	});
	it('replays no faster than it is asked to, and stops while it waits', async () => {
		const at = [], app = createServer((request, response) => {
			at.push(performance.now());
			response.end();
		});
		await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
		try {
			const ask = (rate) => call(web, '/api/replays', { method: 'POST', body: { delivery_ids: [1, 2, 3, 4], confirm_count: 4, to: String(app.address().port), rate } });
			for (const wrong of [0, -1, 1e7, '2', true]) assert.equal((await ask(wrong)).status, 400, String(wrong));
			const paced = JSON.parse((await ask(5)).text);
			await waitFor('its end', async () => (await web.json(`/api/replays/${paced.id}`)).state === 'done');
			assert.equal(at.length, 4);
			assert.ok(at[3] - at[0] >= 400, `${at[3] - at[0]} ms`);
			const slow = JSON.parse((await ask(0.001)).text);
			await waitFor('the first', async () => (await web.json(`/api/replays/${slow.id}`)).sent === 1);
			await call(web, `/api/replays/${slow.id}`, { method: 'DELETE', body: {} });
			const end = await web.json(`/api/replays/${slow.id}`);
			assert.deepEqual([end.state, end.sent, at.length], ['stopped', 1, 5]);
		} finally {
			app.close();
		}
	});
	it('refuses what is not clear: byte 0, a parameter twice, a range that is none, ids that are gone, values of another kind', async () => {
		for (const target of ['/api/deliveries?filter=%00', '/api/deliveries?filter=a&filter=b', '/api/events?after=x', '/api/events?nope=1', '/d/1%00']) assert.equal((await call(web, target)).status, 400, target);
		for (const Range of ['bytes=5-2', 'bytes=a-b', 'bytes=', 'bytes=99999999999999999999-']) assert.equal((await call(web, '/api/deliveries/2/request/body', { headers: { Range } })).status, 416, Range);
		assert.equal((await call(web, '/api/deliveries/2/request/body', { headers: { Range: 'bytes=1-99999999999999999999' } })).headers['content-range'], 'bytes 1-28/29');
		for (const [body, status] of [[{ delivery_id: 4711 }, 404], [{ delivery_ids: [4711, 4712], confirm_count: 2 }, 404], [{ delivery_ids: [1, 4711], confirm_count: 2 }, 409], [{ delivery_id: 1, rate: -1 }, 400], [{ delivery_id: 1, to: 3000 }, 400], [{ delivery_id: 1, edited_base64: 5 }, 400], [{ delivery_ids: [1, 2], confirm_count: 2, edited_base64: 'AA==' }, 400]]) assert.equal((await call(web, '/api/replays', { method: 'POST', body })).status, status, JSON.stringify(body));
		assert.equal((await call(web, '/api/export', { method: 'POST', body: { ids: [4711], format: 'har' } })).status, 404);
	});
	it('names each row that a replay made', async () => {
		const r = JSON.parse((await call(web, '/api/replays', { method: 'POST', body: { delivery_ids: [1, 2, 3], confirm_count: 3, to: '1' } })).text);
		await waitFor('its end', async () => (await web.json(`/api/replays/${r.id}`)).state === 'failed');
		const { result_ids: made } = await web.json(`/api/replays/${r.id}`);
		assert.equal(new Set(made).size, 3);
		for (const id of made) assert.ok([1, 2, 3].includes((await web.json(`/api/deliveries/${id}`)).replay_of));
	});
	it('a record that is moved away is missed, and one in its place is read', async () => {
		const other = new World();
		try {
			const db = other.path('data/creel/creel.db'), lines = (...all) => fill(other, all.map((n) => line(n)));
			await lines(1, 2, 3);
			const p = await startWeb(other), s = stream(p), post = (value, method = 'POST') => ({ method, body: value });
			await waitFor('the stream', () => s.answered());
			for (const end of ['', '-wal', '-shm']) if (existsSync(db + end)) renameSync(db + end, `${db}.away${end}`);
			for (const [target, o] of [['/api/count'], ['/api/deliveries/3'], ['/api/deliveries/3/tags', post({ name: 'marked', set: true })], ['/api/deliveries', post({ ids: [3], confirm_count: 1 }, 'DELETE')], ['/api/replays', post({ delivery_id: 3, to: '1' })]]) {
				const a = await p.call(target, o);
				assert.equal(a.status, 503, `${target}: ${a.text}`);
				assert.match(JSON.parse(a.text).type, /:store$/);
			}
			assert.ok(!existsSync(db), 'a deed makes no record');
			await lines(7, 8);
			assert.equal((await p.json('/api/count')).total, 2);
			assert.equal((await p.call('/api/deliveries/1/tags', post({ name: 'marked', set: true }))).status, 204);
			await waitFor('the pages to be told', () => s.events.some((e) => e.name === 'reset' && e.data.record));
			assert.equal((await p.json('/api/deliveries?filter=tag:marked')).deliveries.length, 1);
			await lines(9);
			await waitFor('what comes then', () => s.events.some((e) => e.name === 'delivery' && e.id === 3));
			s.close();
			assert.equal((await p.stop('SIGTERM')).code, 0);
			p.checkSanitizers();
		} finally {
			await other.close();
		}
	});
	it('a note that is too long is said to be', async () => assert.equal((await call(web, '/api/deliveries/1/note', { method: 'POST', body: { text: 'x'.repeat(2001) } })).status, 413));
	it('has the actions of the terminal’s table', async () => {
		const table = [...readFileSync(new URL('../../tui/keys/actions.def', import.meta.url), 'utf8').matchAll(/^ACTION\(\w+, "([^"]+)", [^"]+, "([^"]*)"/gm)].map(([, name, keys]) => [name, keys.replaceAll('\\\\', '\\')]);
		const actions = await web.json('/api/actions'), [own, terminals] = [actions.filter((a) => !a.contexts), actions.filter((a) => a.contexts)];
		assert.deepEqual(terminals.map((a) => [a.name, a.keys.join(' ')]), table);
		assert.deepEqual(own.map((a) => [a.name, a.keys, a.page.contexts]), [['verify', [], 'D'], ['theme', [], 'LDFHO']]);
	});
	it('can be read without JavaScript', async () => {
		const page = await call(web, '/');
		assert.match(page.text, /href="\/d\/300"/);
		assert.match(page.text, /Older deliveries/);
		const older = async (filter) => /class="note older"><a href="([^"]+)"/.exec((await call(web, `/?filter=${encodeURIComponent(filter)}`)).text)?.[1].replaceAll('&amp;', '&');
		const tenant = 'target:*?tenant=7*', link = await older(tenant);
		assert.equal(new URL(link, web.base).searchParams.get('filter'), tenant, link);
		assert.ok(Number(new URL(link, web.base).searchParams.get('before')) < 300);
		assert.equal((await call(web, link)).status, 200);
		const d = await call(web, '/d/2');
		assert.match(d.text, /\{&quot;n&quot;:2/);
		assert.equal((await call(web, '/d/99999')).status, 404);
	});
});

describe('the stream', () => {
	it('tells of deliveries that come, of deletions, and to whom has a filter that there is more', async () => {
		const s = stream(web), filtered = stream(web, '/api/events?filter=state%3Afailed');
		// What came before the first look is read after its 'reset', what comes after it is told by its row.
		const looked = (t) => t.events.some((e) => e.name === 'reset');
		await waitFor('the first look', () => looked(s) && looked(filtered));
		await fill(w, [line(1000)]);
		await waitFor('a delivery', () => s.events.some((e) => e.name === 'delivery') && filtered.events.some((e) => e.name === 'more' && e.data.count > 0));
		const row = s.events.find((e) => e.name === 'delivery');
		assert.equal(row.data.id, row.id);
		assert.ok(!filtered.events.some((e) => e.name === 'delivery'));
		await call(web, '/api/deliveries', { method: 'DELETE', body: { ids: [row.id], confirm_count: 1 } });
		await waitFor('its deletion', () => s.events.some((e) => e.name === 'gone' && e.data.ids?.includes(row.id)));
		s.close();
		filtered.close();
	});
	it('twenty at once, one of which reads nothing', async () => {
		const all = [...Array(20)].map(() => stream(web));
		await waitFor('twenty streams', () => all.every((s) => s.events.some((e) => e.name === 'state')));
		all[0].pause();
		await waitFor('a delivery on each that reads', async () => {
			await fill(w, [line(2000 + Math.floor(Math.random() * 1e6))]);
			return all.slice(1).every((s) => s.events.some((e) => e.name === 'delivery'));
		});
		for (const s of all) s.close();
	});
	it('ends with the program, at once', async () => {
		const s = stream(web);
		await waitFor('a stream', () => s.events.length > 0);
		web.signal('SIGTERM');
		assert.equal((await within('the end', web.end())).code, 0);
		web.checkSanitizers();
	});
});

describe('creel listen --web', () => {
	it('serves the page beside the tunnel, tells of what comes, and ends with it', async () => {
		const other = new World();
		try {
			const relay = await other.startRelay(), app = await Receiver.start();
			const client = await other.startClient({ relay, target: app.port, name: 'shop', args: ['--web', '--web-port', '0'] });
			const url = await waitFor(() => `its address\n${client.err}`, () => /http:\/\/127\.0\.0\.1:\d+\/\?token=\w+/.exec(client.err)?.[0]);
			const p = { port: Number(new URL(url).port), token: new URL(url).searchParams.get('token') };
			const s = stream(p);
			await waitFor('the tunnel’s state', () => s.events.some((e) => e.name === 'state' && e.data.state === 'online' && e.data.url === client.url));
			await waitFor('a delivery, and its answer', async () => {
				await post(relay.port, '/shop/hooks', '{}');
				return s.events.some((e) => e.name === 'delivery' && e.data.path === '/hooks');
			});
			const id = s.events.find((e) => e.name === 'delivery').data.id;
			assert.equal((await call(p, '/api/replays', { method: 'POST', body: { delivery_id: id } })).status, 202);
			await waitFor('the replay, by the client', () => s.events.some((e) => e.name === 'replay' && e.data.state === 'done'));
			// `creel dev` serves it as well; the option of its port is named where that is taken.
			const dev = (port) => other.spawn('creel', ['dev', String(app.port), '--port', '0', '--web', '--web-port', String(port)]);
			const taken = dev(p.port), free = dev(0);
			assert.equal((await taken.end()).code, 2);
			assert.match(taken.err, /is taken.*: --web-port takes another one/);
			const its = await waitFor(() => `dev's address\n${free.err}`, () => /http:\/\/127\.0\.0\.1:(\d+)\/\?token=(\w+)/.exec(free.err));
			assert.equal((await call({ port: Number(its[1]), token: its[2] }, '/api/deliveries')).status, 200);
			assert.equal((await free.stop('SIGINT')).code, 130);
			client.signal('SIGTERM');
			assert.equal((await client.end()).code, 0);
			for (const q of [client, taken, free]) q.checkSanitizers();
			app.close();
		} finally {
			await other.close();
		}
	});
});
