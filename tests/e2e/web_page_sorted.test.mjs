// The page's list in the order of a column, what is slowest and largest, and long lines from the keyboard.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { Page } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const COUNT = 900;

describe('the list by a column', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	const query = (name) => page.eval(`new URLSearchParams(location.search).get('${name}')`);
	const shown = `[...document.querySelectorAll('#grid .row:not([hidden])')].sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top).filter((n) => { const r = n.getBoundingClientRect(), s = document.querySelector('#scroller').getBoundingClientRect(); return r.bottom > s.top + 1 && r.top < s.bottom - 1; }).map((n) => Number(n.dataset.id))`;
	const sortOf = (head) => page.eval(`[...document.querySelectorAll('.hd [data-sort]')].find((n) => n.innerText.startsWith('${head}')).ariaSort`);
	const click = (head) => page.js(`[...document.querySelectorAll('.hd [data-sort]')].find((n) => n.innerText.startsWith('${head}')).click()`);
	/** The record's own answer, which web_api.test.mjs looks at. */
	const ids = async (order, filter = '') => (await web.json(`/api/deliveries?order=${order}&filter=${encodeURIComponent(filter)}`)).ids;
	const stands = async (what, wanted) => page.until(what, `JSON.stringify(${shown}) === JSON.stringify(${JSON.stringify(wanted)}.slice(0, ${shown}.length)) && ${shown}.length > 5`);
	before(async () => {
		w = new World();
		const days = 86_400_000;
		await fill(w, [...Array(COUNT).keys()].map((n) => line(n + 1, { at: Date.now() - (n % 3) * days - 60_000 + n, status: n % 5 === 4 ? 500 : 200, target: `/hooks/${String.fromCharCode(97 + (n % 26))}`, body: `{"n":"${'x'.repeat((n * 37) % 500)}"}` })));
		await fill(w, [line(5000, { target: '/wide', body: `{"text":"${'word '.repeat(400)}"}`, headers: [['Content-Type', 'application/json']] })]);
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.size(1440, 900);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});

	it('a click on a head sorts, the next turns it round, the third goes back to time', async () => {
		await page.open('/');
		assert.equal(await sortOf('TIME'), 'descending');
		assert.match(await page.eval(`document.querySelector('#foot').innerText`), /help(?![^]*stop)[^]*replay[^]*filter/);
		await click('SIZE');
		await stands('the largest first', await ids('-size'));
		assert.equal(await query('order'), '-size');
		assert.deepEqual([await sortOf('SIZE'), await sortOf('TIME')], ['descending', null]);
		assert.match(await page.eval(`document.querySelector('#fol').innerText`), /by size/);
		assert.equal(await page.eval(`document.querySelectorAll('.day:not([hidden])').length`), 0, 'no line between days that do not follow each other');
		await click('SIZE');
		await stands('the smallest first', await ids('size'));
		assert.equal(await sortOf('SIZE'), 'ascending');
		await click('SIZE');
		await page.until('by time again', `new URLSearchParams(location.search).get('order') === null && document.querySelector('[data-sort=time]').ariaSort === 'descending'`);
		await click('EVENT');
		assert.equal(await query('order'), 'event', 'texts begin with A');
		await page.js('history.back()');
		await page.until('by time', `document.querySelector('[data-sort=event]').ariaSort === null`);
	});

	it('keys: s is a menu, v turns, S takes in what came, F and Esc go back to time', async () => {
		await page.open('/');
		await page.press('s');
		await page.js(`[...document.querySelectorAll('.menu button')].find((b) => b.innerText.startsWith('path')).click()`);
		await stands('A to Z', await ids('path'));
		await page.press('v');
		await stands('Z to A', await ids('-path'));
		const before = await page.eval(shown);
		await fill(w, [line(6000, { target: '/zz' })]);
		await page.until('that there is a new one', `/1 new/.test(document.querySelector('#fol').innerText)`);
		assert.deepEqual(await page.eval(shown), before, 'no row moves');
		await page.press('S');
		await stands('the new one among them', await ids('-path'));
		await page.until('that nothing is new', `!/PAUSED|\\d new/.test(document.querySelector('#fol').innerText)`);
		await page.press('F');
		await page.until('by time', `new URLSearchParams(location.search).get('order') === null`);
		await page.open('/?order=-took&filter=state%3Afailed');
		await stands('what failed, the slowest first', await ids('-took', 'state:failed'));
		await page.press('Escape');
		await page.until('without the filter', `new URLSearchParams(location.search).get('filter') === null`);
		await stands('all, the slowest first', await ids('-took'));
		await page.press('Escape');
		await page.until('by time', `new URLSearchParams(location.search).get('order') === null`);
	});

	it('its far end, and what lies between, is read when it is looked at', async () => {
		await page.open('/?order=-took');
		const all = await ids('-took');
		await stands('its beginning', all);
		for (const share of [1, 0.5, 0.9, 0.1]) {
			await page.js(`const s = document.querySelector('#scroller'); s.scrollTop = (s.scrollHeight - s.clientHeight) * ${share};`);
			await page.until(`the rows at ${share}`, `(() => { const all = ${JSON.stringify(all)}, seen = ${shown}, i = all.indexOf(seen[0]), s = document.querySelector('#scroller'); return i >= 0 && seen.length > 5 && Math.abs(i - s.scrollTop / 32) < 2 && JSON.stringify(seen) === JSON.stringify(all.slice(i, i + seen.length)); })()`);
		}
		await page.js(`document.querySelector('#grid').focus()`);
		await page.press('G');
		await page.until('the last', `document.querySelector('.row[aria-selected=true]:not([hidden])')?.dataset.id === '${all.at(-1)}'`);
		await page.press('g');
		await page.until('the first', `document.querySelector('.row[aria-selected=true]:not([hidden])')?.dataset.id === '${all[0]}'`);
		await page.press('j');
		await page.press('Enter');
		await page.until('the second is opened', `location.pathname === '/d/${all[1]}'`);
		await page.press(']');
		await page.until('the third', `location.pathname === '/d/${all[2]}'`);
		assert.deepEqual(await page.eval('faults.concat(violations)'), []);
	});

	it('a sort that was cut goes on, and both parts are one order', async () => {
		// As if its time had been over at delivery 451.
		await page.b.say('Page.addScriptToEvaluateOnNewDocument', { source: `const whole = window.fetch; window.fetch = async (url, options) => {
			const u = new URL(url, location.href), q = u.searchParams;
			if (!sessionStorage.cut || !q.get('order') || q.get('before')) return whole(url, options);
			q.set('filter', 'id:451..');
			q.set('before', 100000);
			return Response.json({ ...await (await whole(u, options)).json(), continue_before: 451, searched: 451, total: 901 });
		};` });
		await page.js(`sessionStorage.cut = 1`);
		for (const order of ['-took', 'took', 'path', '-event', 'replay-of']) {
			const all = await ids(order);
			await page.open(`/?order=${order}`);
			await page.until(`${order}: that it was cut`, `document.querySelector('#cnt').innerText === 'first ${all.length - 450} of ${all.length - 450}+' && document.querySelector('#fol .p').innerText.startsWith('Sort the rest')`);
			await page.press('S');
			await page.until(`${order}: all of them`, `document.querySelector('#cnt').innerText === '${all.length}' && document.querySelector('#fol .p').hidden`);
			await stands(order, all);
			assert.deepEqual(await page.js(`return (await import('/page/list.js')).list.ids`), all, order);
		}
		await page.js(`sessionStorage.clear()`);
	});

	it('axe finds nothing, and a column of no such name is none', async () => {
		await page.open('/?order=-took');
		await stands('the slowest', await ids('-took'));
		assert.deepEqual(await page.axe(), []);
		await page.open('/?order=speed');
		await page.until('by time', `document.querySelector('[data-sort=time]').ariaSort === 'descending' && document.querySelectorAll('#grid .row:not([hidden])').length > 5`);
		assert.match((await web.call('/?order=took')).text, /Sorting needs JavaScript/);
	});

	it('figures: the slowest and the largest by name, and all of them in the list', async () => {
		await page.open('/overview?span=7d');
		for (const [title, order, head] of [['Slowest', '-took', 'TOOK'], ['Largest', '-size', 'SIZE']]) {
			const card = `document.querySelector('section[aria-label="${title}"]')`;
			await page.until(title, `${card}?.querySelectorAll('tbody tr').length === 8`);
			assert.deepEqual(await page.eval(`[...${card}.querySelectorAll('a')].map((a) => Number(a.pathname.slice(3)))`), (await ids(order)).slice(0, 8));
			assert.match(await page.eval(`${card}.innerText`), new RegExp(`${head}[^]*/hooks/|/wide`));
		}
		await page.js(`[...document.querySelectorAll('section[aria-label=Largest] button')].find((b) => b.innerText === 'More').click()`);
		await page.until('the list', `location.pathname === '/'`);
		assert.deepEqual([await query('order'), await query('filter')], ['-size', 'since:7d']);
		await stands('the largest', await ids('-size', 'since:7d'));
	});

	it('a filter that cannot be read leaves nothing that says “sorting”; newest last comes back after a sort', async () => {
		await page.open('/?order=-took&filter=stat%3Ax');
		await page.until('what is wrong', `!document.querySelector('#filter-wrong').hidden`);
		await page.until('no sort under way', `!/sorting/.test(document.querySelector('#cnt').innerText)`);
		await page.open('/');
		await page.press('v');
		await page.until('newest last', `new URLSearchParams(location.search).get('order') === 'old'`);
		await click('SIZE');
		await stands('the largest', await ids('-size'));
		await page.press('F');
		await page.until('newest last again', `new URLSearchParams(location.search).get('order') === 'old'`);
		await page.press('v');
		await page.until('newest first', `new URLSearchParams(location.search).get('order') === null`);
	});

	it('Left and Right go along a long line', async () => {
		const [wide] = (await web.json('/api/deliveries?filter=path%3A%2Fwide')).deliveries;
		await page.open(`/d/${wide.id}?view=raw`);
		const left = `document.querySelector('#panel .tree').scrollLeft`;
		await page.until('the body', `document.querySelector('#panel .tree')?.scrollWidth > 2000`);
		await page.press('ArrowRight');
		await page.until('8 letters', `${left} > 40 && ${left} < 80`);
		await page.press('ArrowLeft');
		await page.until('its beginning', `${left} === 0`);
	});
});

describe('an empty record', { skip: !hasBrowser && 'no browser here' }, () => {
	it('says what to do, without JavaScript too, until the first delivery comes', async () => {
		const w = new World();
		let page;
		try {
			const web = await startWeb(w);
			assert.match((await web.call('/')).text, /Nothing yet[^]*creel listen 3000/);
			page = await Page.start(w, web);
			await page.until('what to do', `/Nothing yet[^]*creel dev 3000/.test(document.querySelector('#note').innerText)`);
			await fill(w, [line(1)]);
			await page.until('the first', `!!document.querySelector('#grid .row:not([hidden])') && !document.querySelector('#note').innerText`);
			assert.deepEqual(await page.eval('faults.concat(violations)'), []);
		} finally {
			await page?.close();
			await w.close();
		}
	});
});
