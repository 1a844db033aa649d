// creel web and pages of other origins, beyond what web_page.test.mjs tries: what else a page can load, send, open and
// measure, from another port of this machine, by another name of it, and by a name that an attacker points at it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { Page } from './lib/page.mjs';
import { call, fill, line, startWeb } from './lib/web.mjs';

let w, web, cookie;
before(async () => {
	w = new World();
	await fill(w, [...Array(5).keys()].map((n) => line(n + 1, { body: `{"secret":"of-the-record-${n}"}` })));
	web = await startWeb(w);
	cookie = (await call(web, `/?token=${web.token}`, { token: false })).headers['set-cookie'][0].split(';')[0];
});
after(() => w?.close());

describe('what a stranger can measure', () => {
	const raw = (method, target, lines, body = '') => new Promise((resolve, reject) => {
		const socket = net.connect(web.port, '127.0.0.1');
		let text = '';
		socket.on('data', (piece) => (text += piece));
		socket.on('error', reject);
		socket.on('end', () => resolve(text.replace(/^Date: .*\r\n/m, '')));
		socket.write(`${method} ${target} HTTP/1.1\r\nHost: 127.0.0.1:${web.port}\r\nConnection: close\r\n${[...lines, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`);
	});
	it('a request of another site is answered the same, byte by byte, whether somebody is logged in or not, and whatever there is', async () => {
		for (const site of ['same-site', 'cross-site']) for (const dest of ['empty', 'image', 'script', 'iframe', 'document']) for (const [method, target] of [['GET', '/api/deliveries/1'], ['GET', '/api/deliveries/999'], ['GET', '/api/nothing'], ['GET', '/api/deliveries/1/request/body'], ['GET', '/page/page.css'], ['POST', '/api/replays'], ['DELETE', '/api/deliveries'], ['GET', '/api/events']]) {
			const head = [`Sec-Fetch-Site: ${site}`, `Sec-Fetch-Mode: ${dest === 'document' || dest === 'iframe' ? 'navigate' : 'no-cors'}`, `Sec-Fetch-Dest: ${dest}`];
			const without = await raw(method, target, head), within = await raw(method, target, [...head, `Cookie: ${cookie}`]), what = `${site} ${dest} ${method} ${target}`;
			assert.equal(within, without, what);
			assert.match(within, /^HTTP\/1\.1 403 /, what);
			assert.doesNotMatch(within, /of-the-record|Set-Cookie/i, what);
		}
	});
	it('an address is refused alike, whichever delivery it names', async () => {
		const head = ['Sec-Fetch-Site: cross-site', 'Sec-Fetch-Mode: no-cors', 'Sec-Fetch-Dest: image', `Cookie: ${cookie}`], body = (t) => t.slice(t.indexOf('\r\n\r\n'));
		const [there, missing] = await Promise.all(['/api/deliveries/1', '/api/deliveries/999'].map((t) => raw('GET', t, head)));
		assert.equal(body(there), body(missing));
	});
});

describe('in Chromium', { skip: !hasBrowser && 'no browser here' }, () => {
	let b, page, other, headers = {};
	const state = async () => ({ rows: (await web.json('/api/deliveries')).deliveries.map((d) => [d.id, d.marked, d.attempts]), replays: (await Promise.all([1, 2, 3, 4, 5].map((id) => web.json(`/api/deliveries/${id}`)))).map((d) => [d.replays, d.tags, d.note]) });
	before(async () => {
		other = createServer((request, response) => {
			for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
			response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>other</title><body>other');
		});
		await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
		page = await Page.start(w, web, { hosts: { 'attacker.test': '127.0.0.1' } });
		b = page.b;
	});
	after(async () => {
		await b?.close();
		other?.close();
	});
	const origins = () => ['127.0.0.1', 'localhost', 'attacker.test'].map((host) => `http://${host}:${other.address().port}`);

	it('nothing else that loads loads: styles, fonts, media, modules, workers, pings', async () => {
		const was = await state();
		for (const origin of origins()) {
			await b.visit(`${origin}/`);
			const seen = await b.eval(`(async () => {
				const t = ${JSON.stringify(web.base)}, out = {}, ended = (p) => p.then(() => 'loaded', () => 'failed');
				const tag = (name, props) => new Promise((done) => {
					const n = Object.assign(document.createElement(name), props);
					n.onload = n.oncanplay = n.onloadedmetadata = () => done('loaded');
					n.onerror = () => done('failed');
					document.body.append(n);
				});
				const body = t + '/api/deliveries/1/request/body';
				for (const name of ['video', 'audio']) out[name] = await tag(name, { src: body });
				out.track = await ended(new FontFace('x', 'url(' + body + ')').load());
				out.module = await ended(import(t + '/page/main.js'));
				out.classic = await tag('script', { src: t + '/api/openapi.json' });
				out.preload = await tag('link', { rel: 'preload', as: 'fetch', crossOrigin: 'use-credentials', href: t + '/api/deliveries' });
				out.modulepreload = await tag('link', { rel: 'modulepreload', href: t + '/page/main.js' });
				out.manifest = await ended(fetch(t + '/api/openapi.json', { credentials: 'include' }));
				out.sheet = await (async () => { const s = document.createElement('style'); s.textContent = '@import "' + t + '/page/page.css";'; document.head.append(s); await new Promise((r) => setTimeout(r, 300)); try { return s.sheet.cssRules[0].styleSheet?.cssRules.length ? 'loaded' : 'failed'; } catch { return 'closed'; } })();
				out.worker = await new Promise((done) => { try { const k = new Worker(t + '/page/main.js'); k.onerror = () => done('failed'); k.onmessage = () => done('loaded'); } catch { done('failed'); } });
				out.xhr = await new Promise((done) => { const x = new XMLHttpRequest(); x.withCredentials = true; x.onload = () => done('loaded'); x.onerror = () => done('failed'); x.open('GET', t + '/api/deliveries'); x.send(); });
				out.json = await ended(fetch(t + '/api/deliveries/1/tags', { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: '{"name":"taken","set":true}' }));
				const a = Object.assign(document.createElement('a'), { href: '#here', ping: t + '/api/replays' });
				document.body.append(a);
				a.click();
				navigator.sendBeacon(t + '/api/deliveries/1/tags', new Blob(['{"name":"taken","set":true}'], { type: 'text/plain' }));
				return out;
			})()`);
			for (const [what, how] of Object.entries(seen)) assert.notEqual(how, 'loaded', `${origin}: ${what}`);
		}
		assert.deepEqual(await state(), was);
	});

	it('a window that it opens says nothing, hears nothing and cannot be counted', async () => {
		for (const origin of origins()) {
			await b.visit(`${origin}/`);
			const windows = {};
			await b.eval(`window.told = 0, addEventListener('message', () => told++)`);
			// One window for each deed of the user: more a browser does not open.
			for (const target of ['/', '/d/1', '/d/999', '/overview']) {
				windows[target] = await b.eval(`(async () => {
					const win = window.open(${JSON.stringify(web.base + target)}), get = (what) => { try { return String(what()); } catch { return 'closed'; } };
					if (!win) return 'it does not open';
					await new Promise((r) => setTimeout(r, 700));
					win.postMessage({ delivery_id: 1 }, '*');
					return [get(() => win.closed), get(() => win.length), get(() => win.history.length), get(() => win.document.title), get(() => win.location.href)].join();
				})()`);
				await b.alone(); // no page closes a window that is cut off from it
			}
			assert.doesNotMatch(JSON.stringify(windows), /not open/);
			const told = await b.eval('told');
			assert.equal(told, 0);
			// Cut off from its opener, whatever it shows: all look alike.
			assert.equal(new Set(Object.values(windows)).size, 1, `${origin}: ${JSON.stringify(windows)}`);
			assert.doesNotMatch(JSON.stringify(windows), /creel|deliver/);
		}
	});

	it('a form that leads the whole window there does nothing, and a frame shows nothing', async () => {
		const was = await state();
		for (const origin of origins()) for (const enctype of ['text/plain', 'application/x-www-form-urlencoded']) {
			await b.visit(`${origin}/`);
			await b.eval(`(() => { const f = Object.assign(document.createElement('form'), { method: 'post', enctype: ${JSON.stringify(enctype)}, action: ${JSON.stringify(`${web.base}/api/replays`)} }), i = document.createElement('input'); i.name = '{"delivery_id":1,"x":"'; i.value = '"}'; f.append(i); document.body.append(f); f.submit(); })()`);
			await page.until('the refusal', `location.href.startsWith(${JSON.stringify(web.base)}) && document.readyState === 'complete'`);
			assert.match(await b.text(), /another (site|page|origin)|not the page/i);
			assert.doesNotMatch(await b.text(), /of-the-record/);
		}
		assert.deepEqual(await state(), was);
	});

	it('a name that is pointed here is not the page’s: nothing is read by it, with the cookie or without', async () => {
		const home = `http://attacker.test:${web.port}`;
		await b.visit(`${home}/`);
		assert.match(await b.text(), /not the page's address/);
		const seen = await b.eval(`Promise.all(['/api/deliveries', '/api/deliveries/1', '/api/tunnels', '/api/status', '/page/main.js', '/?token=${'0'.repeat(64)}'].map((t) => fetch(t, { credentials: 'include' }).then(async (r) => [r.status, await r.text()])))`);
		for (const [status, text] of seen) {
			assert.equal(status, 421);
			assert.doesNotMatch(text, /of-the-record|hooks/);
		}
		assert.equal((await call(web, '/api/deliveries', { token: false, headers: { Host: `attacker.test:${web.port}`, Cookie: cookie } })).status, 421);
	});

	it('a cookie that another port sets in the place of ours lets nobody in, and the link puts it right', async () => {
		const name = `creel_${web.port}`;
		// Beside ours, on a longer path: ours is among them, and counts.
		headers = { 'Set-Cookie': `${name}=${'a'.repeat(64)}; Path=/api` };
		await b.visit(`${origins()[0]}/`);
		await page.open('/');
		assert.equal(await b.eval(`fetch('/api/deliveries/1').then((r) => r.status)`), 200);
		// In its place.
		headers = { 'Set-Cookie': [`${name}=${'b'.repeat(64)}; Path=/`, `${name}=; Path=/api; Max-Age=0`] };
		await b.visit(`${origins()[0]}/`);
		headers = {};
		await b.visit(`${web.base}/`);
		assert.match(await b.text(), /Open the link that/);
		assert.doesNotMatch(await b.text(), /hooks/);
		await b.visit(web.url);
		await page.until('the page', `document.body.dataset.ready === '1'`);
		assert.equal(await b.eval(`fetch('/api/deliveries/1').then((r) => r.status)`), 200);
	});
});
