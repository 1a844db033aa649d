// How the page looks, in boxes and states: what pictures of every view at 360 to 3840 px showed, held for good.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { Page, firstRow } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const SIGNED = [['Content-Type', 'application/json'], ['X-GitHub-Event', 'שלום\u202etxt'], ['X-Hub-Signature-256', `sha256=${'0'.repeat(64)}`]];
const picture = Buffer.concat([Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'), Buffer.alloc(100_000)]);

describe('the page to look at', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	before(async () => {
		w = new World();
		await fill(w, [
			line(1, { status: 0 }), line(2, { target: `/${'a-very-long-segment/'.repeat(20)}` }), line(3, { headers: SIGNED, body: '{"a":"אב\u202eגד"}' }),
			line(4, { body: '{"a": 1,\n "b": [1, 2,,]}' }), line(5, { headers: [['Content-Type', 'image/png']], body: picture }), line(6, { headers: [['Content-Type', 'application/json'], ['X-A', 'one']] }), line(7, { headers: [['Content-Type', 'application/json'], ['X-A', 'two']], body: '{"n":8}' }),
			...[...Array(20).keys()].map((n) => line(n + 8)),
		]);
		web = await startWeb(w);
		page = await Page.start(w, web);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});
	const box = (selector) => page.js(`const r = document.querySelector(${JSON.stringify(selector)})?.getBoundingClientRect(); return r && { left: r.left, top: r.top, right: r.right, bottom: r.bottom, width: r.width, height: r.height };`);
	const query = (name) => `new URLSearchParams(location.search).get('${name}')`;
	const seen = (selector) => page.js(`const n = document.querySelector(${JSON.stringify(selector)}), r = n?.getBoundingClientRect(); return !!r?.width && n.contains(document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2));`);
	const tree = () => page.until('the body', `document.querySelector('#detail .tree:not(:empty)')`);

	it('beside a delivery, what is around the list does what it does in the list', async () => {
		await page.size(1440, 900);
		await page.open('/d/10');
		await page.until('the rows', firstRow);
		await page.js(`document.querySelector('#fol .q').click()`);
		await page.until('the menu of orders', `document.querySelectorAll('.menu button').length > 5`);
		await page.press('Escape');
		await page.js(`document.querySelector('#head [data-sort=time]').click()`);
		await page.until('newest last', `${query('order')} === 'old'`);
		await page.js(`document.querySelector('#head [data-sort=time]').click()`);
		await page.until('newest first', `${query('order')} === null`);
		await page.press('F');
		await page.js(`document.querySelector('#grid').focus()`);
		await page.press(']');
		await page.open('/d/3');
		await page.js(`document.querySelector('#scroller').scrollTop = 300`);
		await page.until('a pause', `!document.querySelector('#fol b').hidden`);
		await fill(w, [line(40, { at: Date.now() })]);
		await page.until('one new', `/^1 new/.test(document.querySelector('#fol .p').innerText)`);
		await page.js(`document.querySelector('#fol .p').click()`);
		await page.until('the newest, followed', `document.querySelector('#fol .p').hidden && document.querySelector('#fol b').hidden && document.querySelector('#scroller').scrollTop === 0`);
	});

	it('where there is no list, there is no order of it, and a way back', async () => {
		await page.size(1440, 900);
		for (const [target, way] of [['/overview', false], ['/diff/6/7', true], ['/export', true]]) {
			await page.open(target);
			await page.until('the view', `document.querySelector('#whole')?.childElementCount`);
			assert.equal(await page.eval(`document.querySelector('#fol').offsetWidth`), 0, target);
			if (way) assert.ok(await seen('#whole .back'), target);
		}
		await page.open('/d/10');
		assert.equal(await seen('#detail .back'), false);
		await page.size(1100, 640); // too low for both
		assert.equal(await page.eval(`document.querySelector('#list').offsetWidth`), 0);
		assert.ok(await seen('#detail .back'));
		await page.size(768, 1024);
		assert.equal(await seen('#detail .back'), false);
		await page.size(360, 780);
		assert.ok(await seen('#detail .back'));
		await page.js(`document.querySelector('#detail .back').click()`);
		await page.until('the list', `location.pathname === '/'`);
	});

	it('a sign in place of an odd character is one piece, whatever the letters around it', async () => {
		for (const width of [1440, 360]) {
			await page.size(width, 900);
			await page.open('/d/3');
			await tree();
			const pieces = await page.eval(`[...document.querySelectorAll('h1 .esc, #detail .tree .esc')].map((n) => n.getClientRects().length)`);
			assert.deepEqual(pieces, [1, 1], `${width}`);
		}
	});

	it('a failure keeps its words whole and its sign in its own width', async () => {
		for (const width of [1440, 768, 360]) {
			await page.size(width, 900);
			await page.open('/d/1?tab=attempts');
			await page.until('the attempts', `document.querySelector('#panel td')`);
			const cut = await page.js(`const t = document.querySelector('#panel td:nth-child(2)').firstChild, r = document.createRange(), m = /\\d\\d:\\d\\d:\\d\\d\\.\\d+/.exec(t.data); r.setStart(t, m.index); r.setEnd(t, m.index + m[0].length); return r.getClientRects().length;`);
			assert.equal(cut, 1, `the time at ${width}`);
			assert.ok((await box('#panel td .wrong')).height <= 60, `the sentence at ${width}`);
			assert.ok((await box('h1 .o6')).width < 120, `its sign at ${width}`);
			assert.ok((await box('.meta')).top - (await box('.dh .wrong')).bottom <= 8, `the facts at ${width}`);
		}
	});

	it('on a phone a long name is cut, one without an event can be read, and what happened is said', async () => {
		await page.size(360, 780);
		await page.open('/d/2');
		await tree();
		assert.ok((await box('h1 .e')).height <= 72);
		await page.open('/');
		assert.deepEqual(await page.js(`const s = getComputedStyle([...document.querySelectorAll('#grid .row:not([hidden]) .path')].find((n) => !n.previousSibling.textContent)); return [s.fontSize, s.color];`), ['12px', await page.eval(`getComputedStyle(document.body).color`)]);
		assert.equal(await page.eval(`document.querySelector('footer').offsetHeight`), 0, 'no keys on a phone');
		await page.open('/d/9');
		await tree();
		await page.js(`document.querySelector('#deed-replay').click()`);
		await page.until('what became of it', `document.querySelector('#said').innerText`);
		assert.ok(await seen('#said'), 'it is seen above the deeds');
		assert.ok((await box('footer')).bottom <= (await box('.act')).top + 1);
	});

	it('a body that is no JSON has its own lines; a picture is whole; no line is chosen before one is', async () => {
		await page.size(1440, 900);
		await page.open('/d/4');
		await page.until('what is wrong', `/invalid JSON, line 2 column \\d+: /.test(document.querySelector('#panel .sec').innerText)`);
		assert.deepEqual(await page.eval(`[...document.querySelectorAll('#panel .tree .l')].map((n) => n.innerText.replace(/\\s+/g, ' ').trim())`), ['1 {"a": 1,', '2 "b": [1, 2,,]}']);
		assert.equal(await page.eval(`document.querySelector('#panel .l.cur .g').innerText`), '2');
		await page.open('/d/5');
		await page.until('the picture', `document.querySelector('img.body')?.naturalWidth === 1`);
		assert.doesNotMatch(await page.eval(`document.querySelector('#panel').innerText`), /load more/);
		await page.open('/d/6');
		await tree();
		assert.equal(await page.eval(`document.querySelector('#panel .l.cur')`), null);
		await page.js(`document.querySelector('#panel .tree').focus()`);
		await page.press('ArrowDown');
		assert.equal(await page.eval(`document.querySelector('#panel .l.cur .g').innerText`), '2');
	});

	it('fields of a comparison stand side by side where there is room, as the body does', async () => {
		await page.size(1440, 900);
		await page.open('/diff/6/7');
		await page.until('both', `document.querySelectorAll('.diff .l').length >= 4`);
		const tops = await page.eval(`[...document.querySelectorAll('.diff .l')].map((n) => n.getBoundingClientRect().top)`);
		for (let i = 0; i + 1 < tops.length; i += 2) assert.equal(tops[i], tops[i + 1], JSON.stringify(tops));
		await page.size(768, 900);
		await page.open('/diff/6/7');
		await page.until('both', `document.querySelectorAll('.diff .l').length >= 4`);
		assert.ok(await page.eval(`new Set([...document.querySelectorAll('.diff .l')].map((n) => n.getBoundingClientRect().top)).size === document.querySelectorAll('.diff .l').length`));
	});

	it('words stand apart and in line: a replay’s figures, what was tried, the names in tables', async () => {
		await page.size(1440, 900);
		await page.open('/?filter=id%3A1..3');
		await page.until('the rows', firstRow);
		await page.press('R');
		await page.until('the question', `document.querySelector('dialog[open] #pace')`);
		assert.equal((await box('dialog #pace')).left, (await box('dialog h2')).left);
		await page.js(`document.querySelector('#pace').value = '0.001'; document.querySelector('dialog .p').click()`);
		await page.until('the first', `/1\\/3 sent/.test(document.querySelector('#strip').innerText)`);
		assert.match(await page.eval(`document.querySelector('#strip').innerText`), /failed, \d+\/s, /);
		await page.press('X');
		await page.until('the end', `document.querySelector('#strip button')?.innerText === 'Close'`);
		await page.press('Escape');
		await page.open('/d/6?tab=verify');
		await page.js(`document.querySelector('#provider').value = 'stripe'; document.querySelector('#secret').value = 'whsec_page'; document.querySelector('#provider').form.requestSubmit();`);
		await page.until('what was tried', `document.querySelector('#panel .pad div h2')`);
		assert.equal((await box('#panel dl dt')).left, (await box('#panel h2')).left);
		assert.ok(await page.eval(`parseFloat(getComputedStyle(document.querySelector('#panel .pad div h2')).fontSize) < parseFloat(getComputedStyle(document.querySelector('#panel > .pad > h2')).fontSize)`));
		await page.open('/overview?span=30d');
		await page.until('the groups', `document.querySelector('[aria-label="By source"] td')`);
		const [head, name] = await page.eval(`['th', 'td bdi'].map((s) => { const r = document.createRange(); r.selectNodeContents(document.querySelector('[aria-label="By source"] ' + s)); return r.getBoundingClientRect().left; })`);
		assert.ok(Math.abs(head - name) <= 1.5, `${head} ${name}`);
	});

	it('commands whose name begins as one types come first, help lists keys, and one column says the order', async () => {
		await page.size(1440, 900);
		await page.open('/');
		await page.press(':');
		await page.js(`const i = document.querySelector('dialog input'); i.value = 'repl'; i.dispatchEvent(new Event('input'));`);
		assert.match(await page.eval(`document.querySelector('#commands li').innerText`), /^replay/);
		await page.js(`document.querySelector('dialog').close()`);
		await page.open('/d/6');
		await page.press('?');
		assert.deepEqual(await page.eval(`[...document.querySelectorAll('dialog tbody tr')].filter((r) => !r.cells[0].innerText.trim()).map((r) => r.innerText)`), []);
		await page.js(`document.querySelector('dialog').close()`);
		await page.open('/?cols=id');
		assert.equal(await page.eval(`document.querySelectorAll('#head [aria-sort]').length`), 1);
	});

	it('bytes are as many in a row as their column has room for', async () => {
		for (const [width, bytes] of [[360, 8], [1440, 16], [1920, 16], [3840, 32]]) {
			await page.size(width, 900);
			await page.open('/d/5?view=hex');
			await page.until('the bytes', `document.querySelector('#panel .hex .ht')`);
			assert.equal(await page.eval(`document.querySelector('#panel .hex .ht').innerText.length`), bytes, `${width}`);
			assert.ok(await page.js(`const t = document.querySelector('#panel .hex'); return t.querySelector('.ht').getBoundingClientRect().right <= t.getBoundingClientRect().right;`), `${width}`);
		}
	});

	it('how many were looked at is said when it is known, however late', async () => {
		await page.b.say('Fetch.enable', { patterns: [{ urlPattern: '*/api/count*' }] });
		try {
			await page.b.say('Page.navigate', { url: `${web.base}/?filter=path%3A%2Fnowhere` });
			await page.until('that nothing matches', `/Nothing matches/.test(document.querySelector('#note')?.innerText)`);
		} finally {
			await page.b.say('Fetch.disable');
		}
		await page.until('how many', `/\\d\\d looked at/.test(document.querySelector('#note').innerText)`);
	});

	it('Verify and attempts are as wide as the panel, and the view is marked where colours are forced', async () => {
		await page.size(768, 1024);
		for (const tab of ['verify', 'attempts']) {
			await page.open(`/d/10?tab=${tab}`);
			await page.until(tab, `document.querySelector('#panel .pad')`);
			assert.equal((await box('#panel .pad')).width, (await box('#panel')).width, tab);
		}
		await page.look({ 'forced-colors': 'active' });
		const ground = (id) => page.eval(`getComputedStyle(document.querySelector('#nav-${id}')).backgroundColor`);
		assert.notEqual(await ground('list'), await ground('overview'));
		assert.equal(await page.eval(`document.querySelector('#nav-list').ariaCurrent`), 'page');
		await page.look({});
		await page.size(1440, 900);
	});

	it('the logo has the colour of the look', async () => {
		await page.size(1440, 900);
		const shade = {};
		for (const look of ['light', 'dark']) {
			await page.look({ 'prefers-color-scheme': look });
			await page.open('/');
			shade[look] = await page.js(`const i = document.querySelector('.logo img'); await i.decode(); const c = new OffscreenCanvas(20, 20).getContext('2d'); c.drawImage(i, 0, 0, 20, 20); const d = c.getImageData(0, 0, 20, 20).data; let most = 0; for (let n = 0; n < d.length; n += 4) if (d[n + 3] > 200) most = Math.max(most, d[n]); return most;`);
		}
		await page.look({});
		assert.ok(shade.light < 60 && shade.dark > 90, JSON.stringify(shade));
	});
});
