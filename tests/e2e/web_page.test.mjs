// creel web in a browser: views, keys, what comes while one looks, accessibility, hostile bodies, other sites' pages.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World, root, waitFor } from './lib/harness.mjs';
import { Page, firstRow } from './lib/page.mjs';
import { call, fill, line, startWeb } from './lib/web.mjs';

const folder = path.join(root, 'client/web/page');
const css = readFileSync(path.join(folder, 'page.css'), 'utf8');

describe('the files of the page', () => {
	it('are 150 KiB at most, and ask nobody else', () => {
		const files = readdirSync(folder);
		const sum = files.reduce((n, f) => n + statSync(path.join(folder, f)).size, 0);
		assert.ok(sum <= 150 * 1024, `${sum} bytes`);
		for (const f of files) {
			const text = readFileSync(path.join(folder, f), 'utf8');
			assert.doesNotMatch(text.replaceAll('http://www.w3.org/', ''), /https?:\/\/(?!127\.0\.0\.1)/, f);
			assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/, f);
		}
	});
	it('colours have the contrast that WCAG 2.2 asks for, in both looks', () => {
		const light = {}, dark = {};
		for (const [, name, value] of /:root \{([^}]*)\}/.exec(css)[1].matchAll(/--(\w+): ?([^;]+);/g)) {
			const two = /^light-dark\((#\w+), ?(#\w+)\)$/.exec(value);
			const same = /^var\(--(\w+)\)$/.exec(value)?.[1], long = (c) => (/^#...$/.test(c) ? c.replace(/\w/g, '$&$&') : c);
			light[name] = light[same] ?? long(two ? two[1] : value);
			dark[name] = dark[same] ?? long(two ? two[2] : value);
		}
		const luminance = (hex) => {
			const [r, g, b] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
			return 0.2126 * r + 0.7152 * g + 0.0722 * b;
		};
		const contrast = (a, b) => {
			const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p);
			return (x + 0.05) / (y + 0.05);
		};
		for (const [look, t] of [['light', light], ['dark', dark]]) {
			for (const text of ['text', 'text2', 'text3', 'accent', 'ok', 'redir', 'client', 'server', 'wait', 'key', 'str', 'num', 'lit', 'esc']) for (const ground of ['bg', 'bar', 'raise', 'code', 'hover', 'sel']) assert.ok(contrast(t[text], t[ground]) >= 4.5, `${look}: ${text} on ${ground} ${contrast(t[text], t[ground]).toFixed(2)}`);
			for (const part of ['edge', 'c2', 'c3', 'c4', 'c5', 'c6']) for (const ground of ['bg', 'bar', 'raise']) assert.ok(contrast(t[part], t[ground]) >= 3, `${look}: ${part} on ${ground}`);
			for (const [a, b] of [['text', 'hit'], ['bg', 'client'], ['text', 'add'], ['text', 'del']]) assert.ok(contrast(t[a], t[b]) >= 4.5, `${look}: ${a} on ${b}`);
			for (const ground of ['btn', 'errbg']) assert.ok(contrast('#ffffff', t[ground]) >= 4.5, `${look}: white on ${ground}`);
		}
	});
});

const HOSTILE = ['<script>window.hit=1</script>', '<img src=x onerror="window.hit=1">', '<svg onload="window.hit=1">', '</pre><script>window.hit=1</script>', '"><iframe srcdoc="<script>parent.hit=1</script>">', '<base href="http://attacker.test/">', '<meta http-equiv="refresh" content="0;url=http://attacker.test/">',
	'<style>@import url(http://attacker.test/x)</style>', '<a id="grid" name="main">x</a>', '{"__proto__":{"hit":1},"constructor":{"prototype":{"hit":1}}}', '\u202e\u2066txt\u0000\u001b[31m\u009b\u200b', '\ud800', 'x'.repeat(2_000_000), '['.repeat(100_000), `[${'1,'.repeat(50_000)}1e400,123456789012345678901234567890]`, '{"a":1,"a":2}', '{"a":', '\ufeff{"bom":true}', 'javascript:window.hit=1'];

describe('in Chromium', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, b, page, other, asked;
	const js = (text) => page.js(text), until = (what, text) => page.until(what, text), press = (key, modifiers) => page.press(key, modifiers), open = (target) => page.open(target), size = (width, height) => page.size(width, height);
	before(async () => {
		w = new World();
		await fill(w, [...Array(400).keys()].map((n) => line(n + 1, { status: n % 5 === 4 ? 500 : n % 7 === 6 ? 0 : 200, target: n % 2 ? '/hooks/github' : '/hooks/stripe?tenant=7', body: `{"n":${n},"type":"invoice.paid","data":{"amount":${n * 7},"list":[1,2,{"x":null}]}}` })));
		await fill(w, HOSTILE.flatMap((text, i) => [line(500 + i, { body: Buffer.from(text), headers: [['Content-Type', i % 2 ? 'text/html' : 'application/json'], ['X-Note', text.replaceAll(/[\0-\x1f\x7f\ud800]/g, '').slice(0, 200) || 'x']] })]));
		web = await startWeb(w);
		asked = [];
		other = createServer((request, response) => {
			asked.push(request.url);
			response.setHeader('Content-Type', 'text/html').end('<!doctype html><title>other</title><body>other');
		});
		await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
		page = await Page.start(w, web, { hosts: { 'attacker.test': '127.0.0.1' } });
		b = page.b;
	});
	after(async () => {
		await b?.close();
		other?.close();
		await w?.close();
	});

	it('the link’s token is gone from the address', async () => assert.equal(await b.eval('location.search'), ''));

	it('keys move, open, go back, and restore the row', async () => {
		await open('/');
		await press('j');
		await press('j');
		await press('Enter');
		const id = await waitFor('a delivery', () => b.eval(`/^\\/d\\/(\\d+)$/.exec(location.pathname)?.[1]`));
		await until('the detail', `document.querySelector('#detail h1')?.innerText.includes('#${id}')`);
		for (const [key, tab] of [['2', 'response'], ['3', 'attempts'], ['4', 'verify'], ['5', 'raw'], ['1', null]]) {
			await press(key);
			await until(`tab ${key}`, `new URLSearchParams(location.search).get('tab') === ${JSON.stringify(tab)}`);
		}
		await press('q');
		await until('back', `document.querySelector('[aria-selected=true].row')?.dataset.id === '${id}'`);
		await press('?');
		await until('help', `document.querySelector('dialog[open]')`);
		await js(`document.querySelector('dialog').close()`);
	});

	it('every action of the table is bound, or said to belong to the terminal', async () => {
		const actions = await web.json('/api/actions');
		const source = ['main.js', 'keys.js', 'detail.js'].map((name) => readFileSync(path.join(folder, name), 'utf8')).join('');
		const terminal = 'mouse repaint suspend quit interrupt swap-pane leave events narrow step-back step-on context next-tab'.split(' ');
		for (const { name } of actions) if (!terminal.includes(name)) assert.match(source, new RegExp(`'${name}'|\\t${name}[:,]`));
	});

	it('a filter: in the address, with its count, what is wrong with it, and back', async () => {
		await open('/?filter=state%3Afailed');
		// Rows that have not come are not waited for any more once another filter is asked for.
		await until('the count, and the rows', `document.querySelector('#cnt').innerText.includes(' of ') && document.querySelectorAll('#grid .row:not([hidden])').length > 3`);
		assert.equal(await b.eval(`document.querySelector('.chip').getAttribute('aria-pressed')`), 'true');
		await js(`const f = document.querySelector('#filter'); f.focus(); f.value = 'stat:failed'; f.dispatchEvent(new Event('input'));`);
		await until('what is wrong', `!document.querySelector('#filter-wrong').hidden && document.querySelector('#filter-wrong').innerText.includes('Column 1')`);
		assert.ok(await b.eval(`document.querySelectorAll('#grid .row:not([hidden])').length > 3`));
		await js(`const f = document.querySelector('#filter'); f.value = 'sta'; f.setSelectionRange(3, 3); f.dispatchEvent(new Event('input'));`);
		await until('completion', `[...document.querySelectorAll('#filter-options li')].some((l) => l.innerText.startsWith('state:'))`);
		await open('/?filter=path%3A%2Fnowhere');
		await until('that nothing matches', `document.querySelector('#note').innerText.includes('Nothing matches')`);
	});

	it('a filter’s fields have their colour, and what is wrong a wave, at each character that is typed', async () => {
		const colours = (name) => b.eval(`[...CSS.highlights.get('${name}') ?? []].map((r) => r.startContainer.data.slice(r.startOffset, r.endOffset))`);
		const type = (text) => js(`const f = document.querySelector('#filter'); f.focus(); f.value = ${JSON.stringify(text)}; f.dispatchEvent(new Event('input'));`);
		await open('/?filter=state%3Afailed');
		assert.deepEqual(await colours('field'), ['state:']);
		await type('(provider:stripe OR -size.res:>1k) body:"a status: x" http word');
		assert.deepEqual(await colours('field'), ['provider:', 'size.res:', 'body:']);
		assert.equal(await b.eval(`document.querySelector('.shade').textContent`), await b.eval(`document.querySelector('#filter').value`));
		for (const [text, fields, wrong] of [['source:stripe stat:failed x', ['source:'], 'stat:failed'], ['  é stat:failed', [], 'stat:failed'], ['path:/a (size:huge)', ['path:', 'size:'], null]]) {
			await type(text);
			await until(`what is wrong in ${text}`, `[...CSS.highlights.get('wrong')].length === 1 && document.querySelector('#filter').value === ${JSON.stringify(text)}`);
			assert.deepEqual(await colours('field'), fields);
			if (wrong) assert.deepEqual(await colours('wrong'), [wrong]);
			else assert.match((await colours('wrong'))[0], /huge$/);
		}
		await type('stat');
		assert.deepEqual(await colours('wrong'), [], 'of what is not judged yet nothing is wrong');
		await type('');
		assert.deepEqual(await colours('field'), []);
		// Both texts lie on each other, letter by letter, and scroll together.
		await type(`${'state:failed '.repeat(40)}`);
		await js(`const f = document.querySelector('#filter'); f.setSelectionRange(f.value.length, f.value.length); f.scrollLeft = 1e5;`);
		await until('the same part of both', `document.querySelector('#filter').scrollLeft > 100 && Math.abs(document.querySelector('.shade').scrollLeft - document.querySelector('#filter').scrollLeft) < 2`);
		assert.ok(await b.eval(`(() => { const [a, z] = [document.querySelector('#filter'), document.querySelector('.shade')].map((n) => n.getBoundingClientRect()), [f, g] = [document.querySelector('#filter'), document.querySelector('.shade')].map((n) => getComputedStyle(n)); return a.left === z.left && a.width === z.width && Math.abs(a.top + a.bottom - z.top - z.bottom) < 2 && f.fontSize === g.fontSize && f.fontFamily === g.fontFamily && f.letterSpacing === g.letterSpacing; })()`));
		await type('');
	});

	it('an address of no page: a page that says so and leads on, with the status of what it is', async () => {
		for (const [target, word] of [['/nowhere/%3Cb%3Ex', '/nowhere/<b>x'], ['/d', '/d'], ['/?utm_source=mail', 'a parameter of it is not known']]) {
			await b.visit(web.base + target);
			await until('the page', `document.querySelector('main h2')?.innerText === 'No such page'`);
			assert.ok((await b.eval(`document.querySelector('main').innerText`)).includes(word), target);
			assert.equal(await b.eval(`document.querySelector('main b, main x') === null && getComputedStyle(document.querySelector('header')).display === 'flex'`), true);
			assert.deepEqual(await page.axe(), []);
		}
		await js(`document.querySelector('main a').click()`);
		await until('the deliveries', `location.pathname === '/' && document.body.dataset.ready === '1'`);
		for (const [target, status] of [['/nowhere', 404], ['/?utm_source=mail', 400], ['/api/nowhere', 404]]) {
			const seen = await call(web, target, { headers: { Accept: 'text/html,*/*;q=0.8' } }), other = await call(web, target);
			assert.deepEqual([seen.status, other.status], [status, status], target);
			assert.match(seen.headers['content-type'], target.startsWith('/api/') ? /problem/ : /^text\/html/, target);
			assert.match(other.headers['content-type'], /problem/, target);
		}
	});

	it('what comes stands on top while one follows, and moves nothing while one does not', async () => {
		await open('/');
		const top = () => b.eval(`Number([...document.querySelectorAll('#grid .row:not([hidden])')].sort((a, c) => a.getBoundingClientRect().top - c.getBoundingClientRect().top)[0]?.dataset.id)`);
		const was = await waitFor('the rows', top);
		let n = 1000;
		await waitFor('a new row', async () => {
			await fill(w, [line(n++, { at: Date.now() })]);
			return (await top()) > was;
		});
		await js(`document.querySelector('#grid').focus()`);
		await press('j');
		await press('j');
		const boxes = `JSON.stringify([...document.querySelectorAll('#grid .row:not([hidden])')].map((r) => [r.dataset.id, r.getBoundingClientRect().top]).sort())`;
		const before = await b.eval(boxes);
		await fill(w, [...Array(60).keys()].map((i) => line(n + i, { at: Date.now() })));
		await until('how many are new', `/\\d+ new/.test(document.querySelector('#fol').innerText)`);
		assert.equal(await b.eval(boxes), before);
		await press('G');
		await until('following again', `!/\\d new/.test(document.querySelector("#fol").innerText) && document.querySelector('#scroller').scrollTop === 0`);
	});

	it('a tree: folds, searches, copies a path', async () => {
		await open('/d/10');
		await until('the tree', `document.querySelector('[role=tree]')`);
		assert.match(await b.eval(`document.querySelector('[role=tree]').innerText`), /"amount"/);
		const lines = await b.eval(`document.querySelectorAll('[role=treeitem]').length`);
		await press('Z');
		assert.ok((await b.eval(`document.querySelectorAll('[role=treeitem]').length`)) < lines);
		await open('/d/10?find=amount');
		await until('a hit', `document.querySelector('[role=tree] mark')?.innerText === 'amount'`);
		await open('/d/10?view=hex');
		await until('bytes', `/00000000/.test(document.querySelector('.hex')?.innerText)`);
	});

	it('every address opened cold shows its view', async () => {
		for (const [target, text] of [['/', 'EVENT / PATH'], ['/d/10', '#10'], ['/d/10?tab=attempts', 'FIRST BYTE'], ['/d/10?tab=raw', 'POST /hooks'], ['/d/10/edit', 'Request line and header fields'], ['/diff/9/10', 'Differences|differences|equal'], ['/overview?span=30d', 'Took, percentiles'], ['/export', 'Take secrets and signatures out'], ['/d/99999', 'deleted or pruned']]) {
			await open(target);
			await until(`${target}: ${text}`, `new RegExp(${JSON.stringify(text)}).test(document.body.innerText)`);
			assert.deepEqual(await b.eval('faults'), [], target);
			assert.deepEqual(await b.eval('violations'), [], target);
		}
	});

	it('edits and replays: a mistake is said at its line, and what is sent is recorded', async () => {
		const app = createServer((request, response) => {
			const pieces = [];
			request.on('data', (d) => pieces.push(d));
			request.on('end', () => {
				app.got = { url: request.url, headers: request.headers, body: Buffer.concat(pieces).toString() };
				response.end('thanks');
			});
		});
		await new Promise((resolve) => app.listen(0, '127.0.0.1', resolve));
		try {
			await fill(w, [line(7000)]);
			const { deliveries: [imported] } = await web.json('/api/deliveries?limit=1');
			assert.equal((await call(web, '/api/replays', { method: 'POST', body: { delivery_id: imported.id } })).status, 422, 'it is for no place');
			const r = await call(web, '/api/replays', { method: 'POST', body: { delivery_id: imported.id, to: String(app.address().port) } });
			assert.equal(r.status, 202);
			await waitFor('the app to be called by --to', () => app.got);
			app.got = null;
			await open(`/d/${imported.id}/edit`);
			await until('the editor', `document.querySelector('#edit-to')`);
			await js(`document.querySelector('#edit-to').value = '${app.address().port}'; document.querySelector('#edit-to').form.requestSubmit();`);
			await waitFor('the app that the field names', () => app.got);
			app.got = null;
			assert.equal((await call(web, '/api/replays', { method: 'POST', body: { delivery_id: imported.id, to: 'http://192.0.2.1:80' } })).status, 422);
			const d = await waitFor('the replay', async () => (await web.json('/api/deliveries?limit=1&filter=is%3Areplay%20status%3A200')).deliveries[0]);
			await open(`/d/${d.id}/edit`);
			await until('the editor', `document.querySelector('#edit-head')`);
			await js(`const h = document.querySelector('#edit-head'); h.value = h.value + '\\nno field'; document.querySelector('#edit-body').value = '{"edited":true}'; h.form.requestSubmit();`);
			await until('what is wrong', `/line \\d+: a header field/.test(document.querySelector('#edit-wrong').innerText)`);
			await js(`const h = document.querySelector('#edit-head'); h.value = h.value.replace('no field', 'X-Edited: yes'); h.form.requestSubmit();`);
			await waitFor('the app to be called', () => app.got);
			assert.equal(app.got.body, '{"edited":true}');
			assert.equal(app.got.headers['x-edited'], 'yes');
			await until('the outcome', `/→\\s*#\\d+/.test(document.querySelector('#said').innerText) && /200/.test(document.querySelector('#said').innerText)`);
		} finally {
			app.close();
		}
	});

	it('axe finds nothing on the largest screens either', async () => {
		await size(3840, 2160);
		for (const target of ['/', '/d/10', '/overview?span=30d']) {
			await open(target);
			await until('something drawn', `document.querySelectorAll('main *').length > 5`);
			assert.deepEqual(await page.axe(), [], target);
			assert.ok(await b.eval('document.documentElement.scrollWidth <= innerWidth'), `${target} scrolls sideways`);
		}
	});

	it('hostile bodies and fields neither run nor break a view', async () => {
		await size(1440, 900);
		const rows = (await web.json(`/api/deliveries?limit=500&filter=${encodeURIComponent('header:x-note=*')}`)).deliveries;
		assert.ok(rows.length >= 10);
		for (const { id } of rows) {
			for (const query of ['', '?tab=raw']) {
				await open(`/d/${id}${query}`);
				await until(`${id}${query}`, `document.querySelector('#detail h1')?.innerText.includes('#${id}')`);
				assert.equal(await b.eval('String(window.hit) + ({}).hit'), 'undefinedundefined', `${id}${query}`);
				assert.deepEqual(await b.eval('violations'), [], `${id}${query}`);
				assert.deepEqual(await b.eval('faults'), [], `${id}${query}`);
				assert.equal(await b.eval(`document.querySelectorAll('#detail :is(script, iframe, style, base, meta, object, link)').length`), 0);
				assert.equal(await b.eval('location.origin'), web.base);
			}
		}
		assert.deepEqual(asked, []);
	});

	it('pages of other origins read nothing and do nothing', async () => {
		const port = other.address().port, target = `http://127.0.0.1:${web.port}`;
		for (const origin of [`http://127.0.0.1:${port}`, `http://localhost:${port}`, `http://attacker.test:${port}`]) {
			await b.visit(`${origin}/`);
			const seen = await b.eval(`(async () => {
				const out = {}, t = ${JSON.stringify(target)}, ended = (p) => p.then((r) => r, (e) => 'failed: ' + e.name);
				for (const mode of ['cors', 'no-cors']) out[mode] = await ended(fetch(t + '/api/deliveries', { mode, credentials: 'include' }).then(async (r) => (await r.text()).length));
				out.post = await ended(fetch(t + '/api/deliveries', { method: 'DELETE', credentials: 'include', headers: { 'Content-Type': 'application/json', 'Creel-Page': '1' }, body: '{"ids":[1],"confirm_count":1}' }).then((r) => r.status));
				out.plain = await ended(fetch(t + '/api/replays', { method: 'POST', mode: 'no-cors', credentials: 'include', headers: { 'Content-Type': 'text/plain' }, body: '{"delivery_id":1}' }).then((r) => r.type));
				out.beacon = navigator.sendBeacon(t + '/api/replays', new Blob(['{"delivery_id":1}'], { type: 'text/plain' }));
				for (const [tag, prop] of [['img', 'src'], ['script', 'src'], ['iframe', 'src'], ['link', 'href'], ['object', 'data']]) await new Promise((done) => {
					const n = document.createElement(tag);
					if (tag === 'link') n.rel = 'stylesheet';
					n.onload = () => { out[tag] = tag === 'iframe' ? (() => { try { return n.contentDocument ? n.contentDocument.body.innerText : 'closed'; } catch { return 'closed'; } })() : 'loaded'; done(); };
					n.onerror = () => { out[tag] = 'failed'; done(); };
					n[prop] = t + (tag === 'script' ? '/page/main.js' : tag === 'link' ? '/page/page.css' : '/api/deliveries/1/request/body');
					document.body.append(n);
					setTimeout(done, 1500);
				});
				out.events = await new Promise((done) => { const s = new EventSource(t + '/api/events', { withCredentials: true }); s.onopen = () => done('open'); s.onerror = () => done('failed'); });
				out.socket = await new Promise((done) => { const s = new WebSocket(t.replace('http', 'ws') + '/api/events'); s.onopen = () => done('open'); s.onerror = () => done('failed'); });
				const win = window.open(t + '/d/1');
				await new Promise((r) => setTimeout(r, 500));
				try { out.opened = win?.document.body.innerText ?? 'closed'; } catch { out.opened = 'closed'; }
				win?.close();
				return out;
			})()`);
			await b.alone(); // what it opened and could not close
			assert.match(String(seen.cors), /^failed/, origin);
			assert.ok(seen['no-cors'] === 0 || /^failed/.test(String(seen['no-cors'])), origin);
			assert.match(String(seen.post), /^failed/, origin);
			for (const tag of ['img', 'script', 'link']) assert.notEqual(seen[tag], 'loaded', `${origin} ${tag}`);
			for (const name of ['iframe', 'opened']) assert.ok(!/invoice/.test(seen[name] ?? ''), `${origin} ${name}`);
			assert.deepEqual([seen.events, seen.socket], ['failed', 'failed'], origin);
		}
		// A name that an attacker has resolve to this machine.
		await b.visit(`http://attacker.test:${web.port}/`);
		assert.match(await b.text(), /not the page's address/);
		assert.equal((await call(web, '/api/deliveries/1')).status, 200);
		assert.deepEqual((await web.json('/api/deliveries/1')).replays, []);
	});

	it('forms, sandboxed frames, service workers and tossed cookies do nothing either', async () => {
		const port = other.address().port, target = `http://127.0.0.1:${web.port}`, id = (await web.json('/api/deliveries?limit=1')).deliveries[0].id, was = await web.json(`/api/deliveries/${id}`);
		await b.visit(`http://127.0.0.1:${port}/`);
		const seen = await b.eval(`(async () => {
			const out = {}, t = ${JSON.stringify(target)};
			for (const enctype of ['text/plain', 'multipart/form-data', 'application/x-www-form-urlencoded']) for (const path of ['/api/replays', '/api/export', '/api/deliveries/${id}/tags']) {
				const frame = document.createElement('iframe'), form = document.createElement('form'), field = document.createElement('input');
				frame.name = enctype + path;
				Object.assign(form, { method: 'post', enctype, action: t + path, target: frame.name });
				Object.assign(field, { name: '{"delivery_id":${id},"name":"marked","set":true,"x":"', value: '"}' });
				form.append(field);
				document.body.append(frame, form);
				const loaded = new Promise((done) => { frame.onload = done; setTimeout(done, 1500); });
				form.submit();
				await loaded;
			}
			const told = new Promise((done) => { addEventListener('message', (e) => done(e.data)); setTimeout(() => done('nothing'), 3000); });
			const box = document.createElement('iframe');
			box.setAttribute('sandbox', 'allow-scripts allow-forms');
			box.srcdoc = '<script>Promise.all(["cors", "no-cors"].map((mode) => fetch("' + t + '/api/deliveries", { mode, credentials: "include" }).then((r) => r.text()).then((x) => x.length, () => 0))).then((x) => parent.postMessage(x.join(), "*"))<' + '/script>';
			document.body.append(box);
			out.sandbox = await told;
			out.worker = await (navigator.serviceWorker?.register(t + '/page/main.js').then(() => 'registered', () => 'refused') ?? 'refused');
			out.keepalive = await fetch(t + '/api/deliveries', { method: 'DELETE', keepalive: true, credentials: 'include', mode: 'no-cors', body: '{"ids":[${id}],"confirm_count":1}' }).then((r) => r.type, () => 'failed');
			document.cookie = 'creel_${web.port}=tossed; path=/api';
			return out;
		})()`);
		assert.equal(seen.sandbox, '0,0');
		assert.equal(seen.worker, 'refused');
		const now = await web.json(`/api/deliveries/${id}`);
		assert.deepEqual([now.replays, now.tags], [was.replays, was.tags]);
		// A cookie that another port set beside ours locks nobody out for good, and lets nobody in.
		await b.say('Network.deleteCookies', { name: `creel_${web.port}`, url: target, path: '/api' });
		await open('/');
		await b.visit('data:text/html,<iframe></iframe>');
		assert.equal(await b.eval(`fetch('${target}/api/deliveries', { credentials: 'include' }).then((r) => r.status, () => 'failed')`), 'failed');
	});

	it('a file on the disk is a stranger like others', async () => {
		const target = `http://127.0.0.1:${web.port}`, { id } = (await web.json('/api/deliveries?limit=1')).deliveries[0], was = await web.json(`/api/deliveries/${id}`), file = w.path('stranger.html');
		writeFileSync(file, '<!doctype html><title>stranger</title><body>stranger');
		await b.visit(`file://${file}`);
		assert.equal(await b.eval('location.protocol'), 'file:');
		const seen = await b.eval(`(async () => {
			const t = ${JSON.stringify(target)}, out = [], ended = (p) => p.then((r) => r, () => 'failed');
			out.push(await ended(fetch(t + '/api/deliveries', { credentials: 'include' }).then((r) => r.text())));
			out.push(await ended(fetch(t + '/api/deliveries', { mode: 'no-cors', credentials: 'include' }).then((r) => r.text())) || 'failed');
			out.push(await ended(fetch(t + '/api/deliveries/${id}/tags', { method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json', 'Creel-Page': '1' }, body: '{"name":"taken","set":true}' }).then((r) => r.status)));
			await ended(fetch(t + '/api/deliveries/${id}/tags', { method: 'POST', mode: 'no-cors', credentials: 'include', body: '{"name":"taken","set":true}' }));
			out.push(await new Promise((done) => { const s = new EventSource(t + '/api/events', { withCredentials: true }); s.onopen = () => done('open'); s.onerror = () => (s.close(), done('failed')); }));
			const frame = document.createElement('iframe');
			frame.src = t + '/d/${id}';
			document.body.append(frame);
			await new Promise((done) => { frame.onload = frame.onerror = done; });
			try { out.push(frame.contentDocument?.body.innerText || 'failed'); } catch { out.push('failed'); }
			return out;
		})()`);
		assert.deepEqual(seen, Array(5).fill('failed'));
		assert.deepEqual((await web.json(`/api/deliveries/${id}`)).tags, was.tags);
		await open('/');
	});

	it('days are told apart, and the keys that narrow narrow', async () => {
		await size(1440, 900);
		await fill(w, [line(8000, { target: '/days', at: Date.parse('2026-01-05T10:00:00Z'), status: 500 }), line(8001, { target: '/days', at: Date.parse('2026-01-06T10:00:00Z') })]);
		await open('/?filter=path%3A%2Fdays');
		await until('the day of the older one', `document.querySelector('.day:not([hidden])')?.innerText === '2026-01-05'`);
		assert.equal(await b.eval(`document.querySelectorAll('.day:not([hidden])').length`), 1);
		const places = `[...document.querySelectorAll('#grid > :not([hidden])')].map((n) => n.getBoundingClientRect()).sort((x, y) => x.top - y.top).map((r) => [r.top, r.bottom]).flat()`;
		const edges = await b.eval(places);
		assert.equal(edges.length, 6);
		for (const i of [2, 4]) assert.equal(edges[i], edges[i - 1], 'nothing covers anything');
		await press('v');
		await until('the day of the newer one, above it', `document.querySelector('.day:not([hidden])')?.innerText === '2026-01-06'`);
		await press('v');
		await open('/');
		const filter = `new URLSearchParams(location.search).get('filter') ?? ''`;
		await press('!');
		await until('only what failed', `${filter} === 'state:failed'`);
		await press('!');
		await until('all again', `${filter} === ''`);
		await press('j');
		await press('=');
		await until('more like it', `/path:/.test(${filter})`);
		await press('@');
		await until('the menu', `document.querySelector('.menu button')`);
		await js(`window.prompt = () => 'mine'; document.querySelector('.menu button').click()`);
		await until('the saved filter', `[...document.querySelectorAll('.chip')].some((c) => c.innerText === 'mine')`);
		await open('/');
		await press('@');
		await until('the menu', `document.querySelector('.menu button')?.innerText === 'mine'`);
		await js(`document.querySelector('.menu button').click()`);
		await until('the filter', `/path:/.test(${filter})`);
		await press('@');
		await until('the menu', `document.querySelector('.menu button:last-child')?.innerText.startsWith('Forget')`);
		await js(`document.querySelector('.menu button:last-child').click()`);
		await until('that it is forgotten', `![...document.querySelectorAll('.chip')].some((c) => c.innerText === 'mine')`);
		await press('_');
		await until('the delivery below', `document.body.classList.contains('below')`);
		await press('_');
	});

	it('columns are chosen, kept in the address, and left out where there is no room', async () => {
		await size(1440, 900);
		await open('/');
		const heads = `[...document.querySelectorAll('#list > .hd span')].filter((n) => n.offsetWidth && n.innerText).map((n) => n.innerText).join()`;
		assert.equal(await b.eval(heads), 'TIME,OUTCOME,METHOD,SOURCE,EVENT / PATH,ATT,TOOK,SIZE');
		await press('o');
		await until('the choice', `document.querySelector('dialog[open] input')`);
		await js(`for (const l of document.querySelectorAll('dialog label')) if (/^ ?(method|size|host|tag|id)$/.test(l.innerText.trim())) l.click();`);
		await js(`document.querySelector('dialog').close()`);
		await until('the address', `new URLSearchParams(location.search).get('cols') === 'source,att,took,host,tag,id'`);
		assert.equal(await b.eval(heads), 'TIME,OUTCOME,SOURCE,EVENT / PATH,ATT,TOOK,HOST,TAG,ID');
		assert.equal(await b.eval(`${firstRow}.querySelector('.ho').innerText`), 'shop.example.dev');
		await open('/?cols=none');
		assert.equal(await b.eval(heads), 'TIME,OUTCOME,EVENT / PATH');
		await open('/d/10?cols=method,source,att,took,size,tunnel,peer,host,tag,replay-of,id');
		await until('the rows', firstRow);
		assert.match(await b.eval(heads), /^TIME,OUTCOME,METHOD,SOURCE,EVENT \/ PATH,ATT/);
		assert.doesNotMatch(await b.eval(heads), /HOST/);
		assert.ok(await b.eval(`${firstRow}.scrollWidth <= ${firstRow}.clientWidth`));
		await js(`localStorage.clear()`);
	});

	it('rows are dense where that is chosen, and a browser keeps it', async () => {
		await size(1440, 900);
		await open('/');
		const tall = `(() => { const [a, b] = [...document.querySelectorAll('#grid .row:not([hidden])')].map((r) => r.getBoundingClientRect()).sort((x, y) => y.y - x.y); return [a.height, a.y - b.y]; })()`;
		await until('the rows', firstRow);
		assert.deepEqual(await b.eval(tall), [32, 32]);
		await press('o');
		await until('the choice', `document.querySelector('#dense')`);
		await js(`document.querySelector('#dense').click(); document.querySelector('dialog').close()`);
		await until('dense rows', `${tall}.join() === '26,26'`);
		assert.ok(await b.eval(`[...${firstRow}.querySelectorAll('*')].every((n) => !n.offsetHeight || n.matches('.ev a') || n.getBoundingClientRect().height <= 26)`), 'all of a row is in it');
		await open('/');
		await until('the rows', firstRow);
		assert.deepEqual(await b.eval(tall), [26, 26], 'after a reload');
		await size(360, 740);
		await until('a row of a phone', `${firstRow}?.getBoundingClientRect().height === 56`);
		await size(1440, 900);
		await until('dense again', `${tall}.join() === '26,26'`);
		await press('o');
		await until('the choice', `document.querySelector('#dense').checked`);
		await js(`document.querySelector('#dense').click(); document.querySelector('dialog').close()`);
		await until('as before', `${tall}.join() === '32,32'`);
		await js(`localStorage.clear()`);
	});

	it('a filter that is wrong offers what was meant', async () => {
		await open('/?filter=state%3Afaild%20path%3A%2Fhooks%2F*');
		await until('the offer', `document.querySelector('#filter-wrong button')?.innerText === 'failed'`);
		assert.doesNotMatch(await b.eval(`document.querySelector('#note').innerText`), /Nothing matches/);
		await js(`document.querySelector('#filter-wrong button').click()`);
		await until('the filter', `new URLSearchParams(location.search).get('filter') === 'state:failed path:/hooks/*'`);
		await until('its rows', firstRow);
		await open('/?filter=stat%3Afailed');
		await until('the offer', `document.querySelector('#filter-wrong button')?.innerText === 'state:'`);
		await js(`document.querySelector('#filter-wrong button').click()`);
		await until('the filter', `new URLSearchParams(location.search).get('filter') === 'state:failed'`);
	});

	it('notes and tags are given, shown, and found', async () => {
		await open('/d/10');
		await js(`window.prompt = () => 'asked Ann <b>'; document.querySelector('#grid').focus();`);
		await press('a');
		await until('the note', `document.querySelector('#detail .said')?.innerText === 'asked Ann <b>'`);
		await js(`window.prompt = () => 'vip, later'`);
		await press('T');
		await until('the tags', `['later', 'vip'].every((t) => [...document.querySelectorAll('#detail .meta b')].some((n) => n.innerText === t))`);
		assert.deepEqual((await web.json('/api/deliveries/10')).tags.sort(), ['later', 'vip']);
		await js(`window.prompt = (title, was) => was.replace('later', '').trim()`);
		await press('T');
		await until('one less', `[...document.querySelectorAll('#detail .meta b')].every((n) => n.innerText !== 'later')`);
		await open('/?filter=tag%3Avip%20has%3Anote');
		await until('the one', `${firstRow}?.dataset.id === '10'`);
	});

	it('bars are chosen one by one, with Shift many, and Enter filters to them; the split is in the address', async () => {
		await open('/overview?span=30d');
		await until('the chart', `document.activeElement?.matches('svg.ch')`);
		const words = `document.querySelector('.leg .cur').innerText`;
		const one = await js(`return ${words}`);
		await press('ArrowLeft');
		await press('ArrowLeft', { shiftKey: true });
		await press('ArrowLeft', { shiftKey: true });
		assert.notEqual(await js(`return ${words}`), one);
		await press('Enter');
		await until('the span of three bars', `/since:\\S+ before:\\S+/.test(document.querySelector('#filter').value)`);
		const [from, to] = (await js(`return document.querySelector('#filter').value`)).match(/:(\S+)/g).map((t) => Date.parse(t.slice(1)));
		assert.ok((to - from) / 3 >= 3600_000 && (to - from) % 3 === 0, `${from} to ${to}`);
		await open('/?split=below');
		assert.ok(await js(`return document.body.matches('.below')`));
	});

	it('a signature is checked with what was tried, one line each', async () => {
		await open('/d/10?tab=verify');
		await js(`document.querySelector('#provider').value = 'stripe'; document.querySelector('#secret').value = 'whsec_page'; document.querySelector('#provider').form.requestSubmit();`);
		await until('what was tried', `/What was tried/.test(document.querySelector('#panel').innerText) && /as it is/.test(document.querySelector('#panel table')?.innerText)`);
		assert.equal(await b.eval(`document.querySelector('#secret').value`), '');
	});

	it('figures go by status too, help is opened by its address, and many are replayed at a pace', async () => {
		await open('/overview?span=30d&by=status');
		await until('the groups', `document.querySelector('[aria-label="By status"] tbody')?.innerText.includes('500')`);
		await js(`[...document.querySelectorAll('[aria-label="By status"] button')].find((n) => n.innerText === '500').click()`);
		await until('the filter', `new URLSearchParams(location.search).get('filter') === 'status:500'`);
		await open('/help');
		await until('help', `document.querySelector('dialog[open] h2')?.innerText === 'Keys'`);
		await open('/?filter=id%3A1..3');
		await until('the rows', firstRow);
		await press('R');
		await until('the question', `document.querySelector('dialog[open] #pace')`);
		await js(`document.querySelector('#pace').value = '0.001'; document.querySelector('dialog .p').click()`);
		await until('the first alone', `/1\\/3 sent/.test(document.querySelector('#strip').innerText)`);
		await press('X');
		await until('that it stopped', `document.querySelector('#strip button')?.innerText === 'Close'`);
		await press('Escape');
	});

	it('the server’s rows stay until the page’s own are there', async () => {
		await b.say('Fetch.enable', { patterns: [{ urlPattern: '*/api/deliveries*' }] });
		try {
			await b.say('Page.navigate', { url: `${web.base}/` });
			await until('the grid', `document.querySelector('#grid') && document.querySelector('#first')`);
			assert.ok(await b.eval(`document.querySelectorAll('#first [role=row]').length > 10 && document.querySelector('#first').getBoundingClientRect().height > 300`));
			assert.equal(await b.eval(`document.querySelectorAll('#grid .row:not([hidden])').length`), 0);
		} finally {
			await b.say('Fetch.disable');
		}
		await until('the rows', firstRow);
		await until('no others', `!document.querySelector('#first')`);
	});

	it('twenty pages at once: each shows what comes when it is looked at', async () => {
		const pages = [];
		try {
			for (let i = 0; i < 20; i++) pages.push(await b.another(`${web.base}/`));
			for (const p of pages) await waitFor('a page', () => p.eval(`document.body.dataset.ready === '1' && !!document.querySelector('#grid .row:not([hidden])')`).catch(() => false), 60_000);
			await fill(w, [line(8100, { target: '/twenty', at: Date.now() })]);
			for (const p of pages) {
				await p.say('Page.bringToFront'); // those that nobody looks at read it when they are looked at
				await waitFor('the new row in each', () => p.eval(`[...document.querySelectorAll('#grid .row:not([hidden]) .path')].some((n) => n.innerText === '/twenty')`).catch(() => false), 60_000);
			}
		} finally {
			for (const p of pages) await p.shut();
			await b.say('Page.bringToFront');
		}
	});

	it('without JavaScript there are rows and a detail to read', async () => {
		await b.say('Emulation.setScriptExecutionDisabled', { value: true });
		try {
			await b.visit(`${web.base}/d/10`);
			const { root: doc } = await b.say('DOM.getDocument', { depth: 0 });
			const { outerHTML } = await b.say('DOM.getOuterHTML', { nodeId: doc.nodeId });
			assert.match(outerHTML, /first-detail/);
			assert.match(outerHTML, /invoice\.paid/);
		} finally {
			await b.say('Emulation.setScriptExecutionDisabled', { value: false });
		}
	});

	it('the page outlives creel, says so, and goes on when it is back', async () => {
		await open('/');
		const args = ['web', '--port', String(web.port)];
		await web.stop('SIGKILL');
		await waitFor('the word', () => b.eval(`!!document.querySelector('#reconnecting')`).catch(() => false), 40_000);
		const again = w.spawn('creel', args);
		await waitFor(() => `creel web again\n${again.err}`, () => again.stdout.length);
		await waitFor('the stream again', () => b.eval(`!document.querySelector('#reconnecting')`).catch(() => false), 40_000);
	});
});
