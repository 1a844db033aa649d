// Where keys and addresses lead in the page: ends of the list, any number, columns by their letters, days of any zone,
// the far end of long bodies; and what went on while nobody looked.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Receiver } from './lib/http.mjs';
import { Page } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const COUNT = 400;

describe('places of the page', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	const seen = `[...document.querySelectorAll('#grid .row:not([hidden])')].filter((n) => { const r = n.getBoundingClientRect(), s = document.querySelector('#scroller').getBoundingClientRect(); return r.bottom > s.top + 1 && r.top < s.bottom - 1; }).map((n) => Number(n.dataset.id))`;
	before(async () => {
		w = new World();
		await fill(w, [...Array(COUNT).keys()].map((n) => line(n + 1, { at: Date.parse('2026-01-05T14:30:00Z') + n * 60_000 })));
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.size(1440, 900);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});

	it('g and G are the oldest and the newest, Home and End the top and the bottom, in both orders', async () => {
		for (const [order, top, bottom] of [['', COUNT, 1], ['old', 1, COUNT]]) {
			await page.open('/');
			if (order) {
				await page.press('v');
				await page.until('newest last', `/newest last/.test(document.querySelector('#fol').innerText) && Math.max(...${seen}) === ${COUNT}`);
			}
			for (const [key, id] of [['g', 1], ['G', COUNT], ['Home', top], ['End', bottom], ['Home', top]]) {
				await page.press(key);
				await page.until(`${key}, ${order || 'newest first'}: ${id} is chosen and seen`, `document.querySelector('.row[aria-selected=true]')?.dataset.id === '${id}' && ${seen}.includes(${id}) && /PAUSED/.test(document.querySelector('#fol').innerText) === ${id === 1}`);
			}
			if (order) await page.press('v');
		}
	});

	it('a number that no delivery has stays as it was written', async () => {
		for (const id of ['9007199254740993', '99999999999999999999999']) {
			await page.open(`/d/${id}`);
			await page.until('that it is not there', `document.querySelector('#detail').innerText.includes('Delivery ${id} was deleted or pruned')`);
			assert.equal(await page.eval('location.pathname'), `/d/${id}`);
		}
	});

	it('a delivery that is clicked beside another one is asked for and drawn once', async () => {
		await page.open(`/d/${COUNT}`);
		await page.until('the first', `document.querySelector('#detail h1 .id')?.textContent === '#${COUNT}' && ${seen}.includes(${COUNT - 3})`);
		// The timer that waits for the next of several keys runs before one that is set later for longer.
		const heads = await page.js(`window.heads = [];
			const watcher = new MutationObserver((all) => all.forEach((m) => m.addedNodes.forEach((n) => (n.querySelector?.('h1') ?? n.closest?.('h1')) && heads.push(n.querySelector('.id')?.textContent))));
			watcher.observe(document.querySelector('#detail'), { childList: true });
			document.querySelector('.row[data-id="${COUNT - 3}"]').click();
			await new Promise((done) => setTimeout(done, 100));
			while (document.querySelector('#detail h1 .id')?.textContent !== '#${COUNT - 3}') await new Promise(requestAnimationFrame);
			watcher.disconnect();
			return [heads, performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/api/deliveries/${COUNT - 3}')).length];`);
		assert.deepEqual(heads, [[`#${COUNT - 3}`], 1]);
	});

	it('columns are sorted by the letters of the terminal’s menu', async () => {
		for (const [key, order] of [['z', '-size'], ['a', 'path'], ['r', '-replay-of'], ['g', 'tag'], ['c', null]]) {
			await page.open('/');
			await page.press('s');
			await page.press(key);
			await page.until(`${key}: ${order}`, `new URLSearchParams(location.search).get('order') === ${JSON.stringify(key === 'c' ? 'old' : order)}`);
			await page.js(`localStorage.clear()`);
		}
	});

	it('figures have the hours and days of the browser’s zone, in charts as in tables', async () => {
		await page.b.say('Emulation.setTimezoneOverride', { timezoneId: 'Asia/Tokyo' }); // nine hours on: midnight is 15:00
		try {
			await page.b.say('Page.addScriptToEvaluateOnNewDocument', { source: `Date.now = () => Date.parse('2026-01-05T20:15:00Z');` });
			await page.open('/overview?span=6h&step=900');
			await page.until('the bars', `document.querySelector('svg.ch .f2')`);
			const labels = (await page.eval(`[...document.querySelector('svg.ch').querySelectorAll('text')].map((n) => n.textContent)`)).slice(5);
			assert.ok(labels.includes('01-06'), `midnight is a day: ${labels}`);
			assert.ok(labels.includes('01:00') && !labels.includes('00:00'), `${labels}`);
			await page.js(`document.querySelector('#whole [aria-pressed]').click()`);
			await page.until('the table', `document.querySelector('#whole .card table td')`);
			assert.match(await page.eval(`document.querySelector('#whole .card table').innerText`), /2026-01-06 00:00/);
		} finally {
			await page.b.say('Emulation.setTimezoneOverride', { timezoneId: '' });
		}
	});
});

describe('long bodies, and what goes on unseen', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	const list = (n) => JSON.stringify({ list: Array.from({ length: n }, (_, i) => ({ i, text: `words and words ${i}` })), last: 'needle' });
	const panel = `document.querySelector('#panel').innerText`, click = (words) => page.js(`[...document.querySelectorAll('#panel button')].find((b) => ${words}.test(b.innerText)).click()`);
	before(async () => {
		w = new World();
		await fill(w, [line(1, { body: list(4000) }), line(2, { body: list(30_000) }), line(3, { headers: [['Content-Type', 'text/plain']], body: `${'a line of text\n'.repeat(10_000)}needle` }), line(4, { body: '{"a":{"b":[1,"two"]}}' })]);
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.size(1440, 900);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});

	it('JSON is a tree, by itself up to 1 MiB, on request beyond', async () => {
		await page.open('/d/1');
		await page.until('the whole tree', `/JSON, 16,005 lines/.test(${panel}) && document.querySelector('#panel [role=tree]')`);
		await page.open('/d/2');
		await page.until('the question', `/Lay it out/.test(${panel})`);
		assert.equal(await page.eval(`document.querySelector('#panel [role=tree]')`), null);
		await click('/Lay it out/');
		await page.until('the whole tree', `/JSON, 120,005 lines/.test(${panel}) && document.querySelector('#panel [role=tree]')`);
	});

	it('hits in what is not loaded are told, and loaded when asked for', async () => {
		await page.open('/d/3?find=NEEDLE');
		await page.until('that there is one', `/0 hits/.test(${panel}) && /1 hits further on/.test(${panel})`);
		await click('/further on/');
		await page.until('the hit', `/1 hits/.test(document.querySelector('#panel .hits').innerText) && !/further on/.test(${panel})`);
	});

	it('a line of a tree offers its value and path where one points, and where the keyboard is', async () => {
		const offered = `[...document.querySelectorAll('.tree .l')].flatMap((n) => (n.querySelector('.on')?.checkVisibility() ? [n.dataset.line] : []))`;
		await page.open('/d/4');
		await page.until('the tree', `document.querySelectorAll('.tree .l').length > 5`);
		assert.deepEqual(await page.eval(offered), []);
		const { x, y } = await page.eval(`(({ x, y }) => ({ x, y }))(document.querySelector('#json-3').getBoundingClientRect())`);
		const point = (x, y) => page.b.say('Input.dispatchMouseEvent', { type: 'mouseMoved', x, y });
		await point(x + 90, y + 8);
		await page.until('at the line pointed at', `String(${offered}) === '4'`);
		await point(5, 5);
		await page.until('nowhere', `${offered}.length === 0`);
		await page.js(`document.querySelector('.tree').focus()`);
		await page.press('ArrowDown');
		await page.until('at the line chosen', `String(${offered}) === '2'`);
	});

	it('a replay that went on while the page was hidden is told when it is seen', async () => {
		const app = await Receiver.start(), strip = `document.querySelector('#strip').innerText`;
		try {
			await page.open('/?filter=id:1..3');
			await page.until('what matches', `/3 of 4/.test(document.querySelector('#cnt').innerText)`);
			await page.press('R');
			await page.until('the question', `document.querySelector('dialog[open]')`);
			await page.js(`document.querySelector('#edit-to').value = '${app.port}'; document.querySelector('#pace').value = '1'; [...document.querySelectorAll('dialog button')].find((b) => b.innerText === 'Send').click();`);
			await page.until('the first', `/1\\/3 sent/.test(${strip})`);
			const blank = (await page.b.say('Target.createTarget', { url: 'about:blank' })).targetId;
			await page.b.say('Target.activateTarget', { targetId: blank });
			await page.until('that it is hidden', 'document.hidden');
			await waitFor('its end', async () => (await web.json('/api/replays/1')).state === 'done');
			await page.b.say('Page.bringToFront');
			await page.until('all three', `/3\\/3 sent, 3 ok/.test(${strip}) && /Close/.test(${strip})`);
			await page.b.say('Target.closeTarget', { targetId: blank });
		} finally {
			await app.close();
		}
	});
});
