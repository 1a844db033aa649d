// --browser-warning: a page of the relay's between a browser and somebody's tunnel, which no webhook ever sees.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { Browser, hasBrowser } from './lib/chromium.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver, Sender, field, fields, requestBytes, send } from './lib/http.mjs';

const CHROME = 'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36';
const HTML = 'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const NAVIGATE = ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: document', 'Sec-Fetch-Site: none', 'Sec-Fetch-User: ?1'];

const page = (answer) => ({ status: answer.status, refused: field(answer.lines, 'creel-refused'), link: /href="([^"]*)"/.exec(answer.text)?.[1].replaceAll('&amp;', '&') });

describe('--browser-warning', () => {
	let w, app, data, relay, token;
	const app200 = (request, socket) => {
		const body = `<!doctype html><title>app</title><p>the app says ${request.method} ${request.target.replaceAll('<', '')}</p>`;
		socket.write(`HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: ${body.length}\r\n\r\n${request.method === 'HEAD' ? '' : body}`);
	};
	before(async () => {
		w = new World();
		app = w.keep(await Receiver.start({ answer: app200 }));
		({ data, token } = await w.makeData());
		relay = await w.startRelay({ data, args: ['--browser-warning'] });
		await w.startClient({ relay, target: app.port, name: 'shop', env: { CREEL_TOKEN: token } });
		await w.startClient({ relay, target: app.port, name: 'other', db: w.fresh('db'), env: { CREEL_TOKEN: token } });
	});
	after(() => w?.close());

	const get = (target, lines = [], { method = 'GET', port = relay.port, host = 'localhost' } = {}) => send(port, requestBytes(method, target, [`Host: ${host}`, ...lines]), { head: method === 'HEAD' });
	const cookieOf = (answer) => field(answer.lines, 'set-cookie').split(';')[0];

	it('browsers that navigate see the page, and the app is not called', async () => {
		const seen = app.requests.length;
		for (const lines of [[CHROME, HTML, ...NAVIGATE], [CHROME, HTML], ['Accept: TEXT/HTML'], ['Sec-Fetch-Mode: navigate', 'Accept: */*'], [CHROME, HTML, 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Dest: iframe'], ['Sec-Fetch-Dest: document'],
			[CHROME, HTML, 'Cookie: creel-warning-read=1; a=b'], [CHROME, HTML, `Cookie: creel-warning-read=${'f'.repeat(48)}`]])
			for (const target of ['/shop', '/shop/', '/shop/login?user=a', '/shop/_creel/continue', '/shop/_creel/continue?pass=1&to=/']) {
				const a = await get(target, lines);
				assert.deepEqual([a.status, field(a.lines, 'creel-refused'), field(a.lines, 'content-type')], [403, 'browser_warning', 'text/html; charset=utf-8'], lines.join());
				assert.match(a.text, /<h1>This is somebody's tunnel<\/h1>/);
				assert.match(a.text, /<b>shop<\/b>/);
			}
		assert.equal(app.requests.length, seen);
		assert.equal((await get('/shop/', [CHROME, HTML], { method: 'HEAD' })).status, 403);
	});

	it('the page is self-contained, without a script, frames or caches', async () => {
		const a = await get('/shop/', [CHROME, HTML]);
		assert.match(field(a.lines, 'content-security-policy'), /^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/=]+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/);
		assert.equal(field(a.lines, 'x-frame-options'), 'DENY');
		assert.equal(field(a.lines, 'cache-control'), 'no-store');
		assert.match(field(a.lines, 'x-robots-tag'), /noindex/);
		assert.doesNotMatch(a.text, /<script|<img|<link|<iframe|src=|https?:|javascript:|\son\w+=/i);
		assert.equal(field(a.lines, 'set-cookie'), undefined, 'having seen it is not having read it');
	});

	it('webhooks, curl and programs never see it', async () => {
		const n = app.requests.length;
		const all = [
			['GET', []], ['GET', ['User-Agent: curl/8.0', 'Accept: */*']], ['GET', ['Accept: application/json']], ['HEAD', ['Accept: */*']],
			['GET', ['User-Agent: Java/1.8.0_201', 'Accept: text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2']],
			['GET', ['User-Agent: TwilioProxy/1.1', 'Accept: */*']], ['GET', ['User-Agent: Mozilla/5.0', 'Accept: */*']],
			['GET', [CHROME, HTML, 'Sec-Fetch-Mode: cors', 'Sec-Fetch-Dest: empty']], ['GET', [CHROME, 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image', 'Accept: image/*']],
			['GET', [CHROME, HTML, ...NAVIGATE, 'Creel-Skip-Warning: 1']], ['GET', [CHROME, HTML, 'creel-skip-warning:']],
			...['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'QUERY'].map((m) => [m, [CHROME, HTML, 'Content-Length: 0']]),
			...['PUT', 'DELETE'].map((m) => [m, [CHROME, HTML, 'Origin: https://a.example', 'Content-Length: 0']]),
			['POST', [CHROME, HTML, 'Origin: https://a.example', 'Sec-Fetch-Mode: cors', 'Content-Length: 0']], ['POST', ['Accept: */*', 'Origin: https://a.example', 'Content-Length: 0']],
			['GET', [CHROME, 'Accept: */*', 'Purpose: test']],
		];
		for (const [method, lines] of all) assert.equal((await get('/shop/hook', lines, { method })).status, 200, `${method} ${lines}`);
		assert.equal(app.requests.length, n + all.length);
	});

	it('a form that leads here and what is fetched ahead of a click see it too, and the page comes whole whatever the body', async () => {
		const seen = app.requests.length;
		for (const lines of [[CHROME, HTML, ...NAVIGATE], ['Sec-Fetch-Mode: navigate'], [CHROME, HTML, 'Origin: https://evil.example'], [CHROME, HTML, 'Origin: null']])
			for (const body of ['', 'user=a', 'x'.repeat(3 << 20)]) {
				const s = await Sender.connect(relay.port);
				await s.write(requestBytes('POST', '/shop/login', ['Host: localhost', `Content-Length: ${body.length}`, ...lines]));
				await new Promise((resolve) => setTimeout(resolve, 20)); // browsers send it apart
				await s.write(body);
				const a = await s.answer();
				assert.deepEqual([a?.status, field(a.lines, 'creel-refused')], [403, 'browser_warning'], lines.join());
				assert.match(page(a).link, /&to=\/login$/);
				await s.end();
			}
		for (const line of ['Sec-Purpose: prefetch', 'Sec-Purpose: prefetch;prerender', 'Purpose: prefetch', 'X-Moz: prefetch'])
			assert.equal((await get('/shop/', [CHROME, HTML, 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: empty', line])).status, 403, line);
		assert.equal(app.requests.length, seen);
		const cookie = cookieOf(await get(page(await get('/shop/', [CHROME, HTML])).link, [CHROME, HTML]));
		assert.equal((await send(relay.port, requestBytes('POST', '/shop/login', ['Host: localhost', 'Content-Length: 2', ...NAVIGATE, `Cookie: ${cookie}`], 'hi'))).status, 200);
	});

	it('no app sets the cookie: what a stranger’s page embeds lets nobody past', async () => {
		const cookie = cookieOf(await get(page(await get('/shop/', [CHROME, HTML])).link, [CHROME, HTML]));
		const kept = ['a=b; Path=/', 'session=1; Path=/shop; SameSite=None; Secure'];
		const set = [`${cookie}; Path=/shop; SameSite=None; Secure`, kept[0], `=${cookie}; Path=/`, `Creel-Warning-Read=x`, ` ${cookie}`, kept[1]];
		app.answer = (_, socket) => socket.write(`HTTP/1.1 200 OK\r\n${set.map((c) => `Set-Cookie: ${c}\r\n`).join('')}Content-Length: 2\r\n\r\nok`);
		try {
			const a = await get('/shop/image.png', ['Accept: image/*', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image']);
			assert.equal(a.status, 200);
			assert.deepEqual(fields(a.lines, 'set-cookie'), kept);
		} finally {
			app.answer = app200;
		}
	});

	it('over https, a proxy’s as well, forms of other sites bring the cookie along', async () => {
		const made = await w.makeData();
		const behind = await w.startRelay({ data: made.data, args: ['--browser-warning', '--trusted-proxy', '127.0.0.1'] });
		await w.startClient({ relay: behind, target: app.port, name: 'shop', db: w.fresh('db'), env: { CREEL_TOKEN: made.token } });
		for (const [proto, want] of [['https', /; SameSite=None; Secure$/], ['http', /; SameSite=Lax$/]]) {
			const lines = [CHROME, HTML, 'X-Forwarded-For: 203.0.113.9', `X-Forwarded-Proto: ${proto}`];
			const read = await get(page(await get('/shop/', lines, { port: behind.port })).link, lines, { port: behind.port });
			assert.match(field(read.lines, 'set-cookie'), want);
		}
		assert.match(field((await get(page(await get('/shop/', [CHROME, HTML])).link, [CHROME, HTML, 'X-Forwarded-Proto: https'])).lines, 'set-cookie'), /; SameSite=Lax$/, 'a stranger’s word is none');
	});

	it('its link leads on to the same target, and sets a cookie for that tunnel alone', async () => {
		for (const target of ['/', '/login?user=a&b=%20%2F', '//evil.example/x', '/a%2Fb/../c;d="e"<f>\'', '/caf\xe9', '/back\\slash', '/?']) {
			const { link } = page(await get(`/shop${target}`, [CHROME, HTML]));
			assert.match(link, /^\/shop\/_creel\/continue\?pass=[0-9a-f]{48}&to=[A-Za-z0-9%/._~-]+$/);
			const read = await get(link, [CHROME, HTML, 'Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-origin']);
			const want = `/shop${target}`.replace('\xe9', '%E9').replace('\\', '%5C');
			assert.deepEqual([read.status, field(read.lines, 'location')], [303, want]);
			assert.match(field(read.lines, 'set-cookie'), /^creel-warning-read=[0-9a-f]{48}; Path=\/shop; Max-Age=86400; HttpOnly; SameSite=Lax$/);
			const cookie = cookieOf(read);
			for (const line of [`Cookie: ${cookie}`, `Cookie: a=b; ${cookie}; c=d`, `Cookie: creel-warning-read=old;${cookie}`, `Cookie: x=1\r\nCookie: ${cookie}`])
				assert.equal((await get(`/shop${target}`, [CHROME, HTML, ...NAVIGATE, line])).status, 200, line);
			assert.equal((await get('/other/', [CHROME, HTML, `Cookie: ${cookie}`])).status, 403, 'another tunnel has its own');
		}
		assert.equal((await get('/shop/seen', [CHROME, HTML, `Cookie: ${cookieOf(await get(page(await get('/shop/', [CHROME, HTML])).link, [CHROME, HTML]))}x`])).status, 403, 'changed');
	});

	it('nobody is sent past it by somebody else’s link', async () => {
		const n = app.requests.length;
		const { link } = page(await get('/shop/', [CHROME, HTML]));
		const stays = async (target, lines = []) => {
			const a = await get(target, [CHROME, HTML, ...lines]);
			assert.deepEqual([a.status, field(a.lines, 'set-cookie')], [403, undefined], `${target} ${lines}`);
		};
		await stays(link, ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: cross-site']);
		await stays(link, ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: none']);
		await stays(link, ['Sec-Fetch-Mode: navigate', 'Sec-Fetch-Site: same-site']);
		await stays(link.replace('/shop/', '/other/'));
		await stays(link.replace(/pass=([0-9a-f])/, (_, c) => `pass=${c === '0' ? '1' : '0'}`));
		await stays(link.replace(/([0-9a-f])&to/, (_, c) => `${c === '0' ? '1' : '0'}&to`));
		// One that a stranger got for his own address.
		if (process.platform === 'linux') {
			const socket = net.connect({ port: relay.port, host: '127.0.0.1', localAddress: '127.0.0.2' });
			const there = new Sender(socket);
			await there.write(requestBytes('GET', '/shop/', ['Host: localhost', CHROME, HTML]));
			const got = page(await there.answer());
			await there.end();
			await stays(got.link);
		}
		assert.equal((await get(link, [CHROME, HTML])).status, 303, 'the asker’s own is good');
		assert.equal(app.requests.length, n);
	});

	it('a target that would lead to another host stays here', async () => {
		const made = await w.makeData();
		const domain = await w.startRelay({ data: made.data, args: ['--browser-warning', '--domain', 'hooks.localhost'] });
		await w.startClient({ relay: domain, target: app.port, name: 'shop', db: w.fresh('db'), env: { CREEL_TOKEN: made.token } });
		const at = { port: domain.port, host: 'shop.hooks.localhost' };
		for (const [target, want] of [['/x', '/x'], ['//evil.example/x', '/.//evil.example/x'], ['/\\evil.example', '/%5Cevil.example'], ['/', '/']]) {
			const { link } = page(await get(target, [CHROME, HTML], at));
			assert.match(link, /^\/_creel\/continue\?/);
			const read = await get(link, [CHROME, HTML], at);
			assert.deepEqual([read.status, field(read.lines, 'location')], [303, want]);
			assert.match(field(read.lines, 'set-cookie'), /; Path=\/; /);
			assert.equal((await get(target, [CHROME, HTML, `Cookie: ${cookieOf(read)}`], at)).status, 200);
		}
	});

	it('a token switches it off for its tunnels, at once when the relay runs', async () => {
		const seen = (name) => get(`/${name}/`, [CHROME, HTML]).then((a) => a.status);
		const off = (await w.run('creel-relay', ['token', 'add', 'trusted', '--no-browser-warning', '--data', data])).text.trim();
		await w.startClient({ relay, target: app.port, name: 'trusted', db: w.fresh('db'), env: { CREEL_TOKEN: off } });
		assert.equal(await seen('trusted'), 200);
		assert.match((await w.run('creel-relay', ['token', 'list', '--data', data])).text, /^trusted .*  no browser warning$/m);
		assert.doesNotMatch((await w.run('creel-relay', ['token', 'list', '--data', data])).text, /^me .*warning/m);
		assert.equal((await w.run('creel-relay', ['token', 'warning', 'trusted', 'on', '--data', data])).code, 0);
		await waitFor('the page again', async () => (await seen('trusted')) === 403);
		assert.equal((await w.run('creel-relay', ['token', 'warning', 'me', 'off', '--data', data])).code, 0);
		await waitFor('no page', async () => (await seen('shop')) === 200);
		assert.equal((await w.run('creel-relay', ['token', 'warning', 'me', 'on', '--data', data])).code, 0);
		await waitFor('the page', async () => (await seen('shop')) === 403);
		assert.equal((await w.run('creel-relay', ['token', 'warning', 'nobody', 'on', '--data', data])).code, 2);
		assert.equal((await w.run('creel-relay', ['token', 'warning', 'me', 'maybe', '--data', data])).code, 2);
	});

	it('is logged with tunnel and peer, never with a target, and not without bound', async () => {
		const before = relay.err.length;
		await Promise.all(Array.from({ length: 60 }, (_, i) => get(`/shop/path-${i}?secret=planted-${i}`, [CHROME, HTML])));
		const lines = () => relay.err.slice(before).split('\n').filter((l) => /event=browser_warning /.test(l));
		await waitFor('a line', () => lines().length > 0);
		assert.match(lines()[0], / tunnel=shop owner=me peer=127\.0\.0\.1:\d+/);
		assert.ok(lines().length <= 40, `${lines().length} lines`);
		assert.doesNotMatch(relay.err, /planted|path-1/);
		// What was left out is told with the next.
		await waitFor('the count', async () => {
			await get('/shop/', [CHROME, HTML]);
			return lines().some((l) => / unwritten=\d+/.test(l));
		});
	});

	it('without the option nobody sees it; nor does it stand before what the relay answers itself', async () => {
		const made = await w.makeData();
		const bare = await w.startRelay({ data: made.data });
		await w.startClient({ relay: bare, target: app.port, name: 'bare', db: w.fresh('db'), env: { CREEL_TOKEN: made.token } });
		assert.equal((await get('/bare/', [CHROME, HTML, ...NAVIGATE], { port: bare.port })).status, 200);
		assert.equal((await get('/nobody/', [CHROME, HTML, ...NAVIGATE])).status, 404);
	});

	it('a browser sees the page once, goes on by its link, and stays', { skip: !hasBrowser }, async () => {
		const b = await Browser.start(w);
		const base = `http://127.0.0.1:${relay.port}`;
		for (const target of ['/shop/hello?x=1', '/other//evil.example/']) {
			await b.visit(`${base}${target}`);
			assert.match(await b.text(), /^This is somebody's tunnel/);
			// The style is applied, so the policy allows it.
			assert.notEqual(await b.eval(`getComputedStyle(document.querySelector('a')).display`), 'inline');
			await b.eval(`document.querySelector('a').click()`);
			await b.loaded((text, url) => url === `${base}${target}` && /the app says GET/.test(text));
			await b.visit(`${base}${target}again`);
			assert.match(await b.text(), /the app says GET .*again/);
		}
		// A stranger's page cannot send it past the page of a tunnel that it has not read.
		await b.say('Network.clearBrowserCookies');
		await b.visit(`${base}/shop/`);
		const link = await b.eval(`document.querySelector('a').href`);
		await b.visit(`data:text/html,<a href="${encodeURIComponent(link)}">win</a>`);
		await b.eval(`document.querySelector('a').click()`);
		assert.match(await b.loaded((text, url) => url === link), /^This is somebody's tunnel/);
		// Nor with a form that sends itself.
		const form = `<form method="post" action="${base}/shop/form"><input name="a" value="${'b'.repeat(200_000)}"></form><script>document.forms[0].submit()</script>`;
		const stranger = createServer((_, answer) => answer.setHeader('Content-Type', 'text/html').end(form));
		stranger.listen(0, '127.0.0.1');
		await once(stranger, 'listening');
		w.keep({ close: () => (stranger.close(), stranger.closeAllConnections?.()) });
		await b.visit(`http://localhost:${stranger.address().port}/`);
		assert.match(await b.loaded((text, url) => url === `${base}/shop/form`), /^This is somebody's tunnel/);
		await b.close();
	});
});
