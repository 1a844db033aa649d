// Whom the page reaches: small and large screens, magnified and spaced text, high contrast, paper, the keyboard alone.
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Page, firstRow } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const VIEWS = { '/': '/hooks/', '/d/10': '"amount"', '/d/10?tab=response': 'ok', '/d/10?tab=attempts': 'FIRST BYTE', '/d/10?tab=verify': 'Check the signature', '/d/10?tab=raw': 'POST /hooks', '/d/10?view=hex': '00000000', '/d/10/edit': 'Request line and header fields', '/diff/9/10': 'Request line', '/overview?span=30d': 'Took, percentiles', '/export': 'Take secrets', '/help': 'Single-key', '/?filter=path%3A%2Fnone': 'Nothing matches', '/?filter=stat%3Ax': 'did you mean', '/d/99999': 'deleted or pruned' };
// What WCAG 1.4.12 lets a reader set.
const SPACED = '* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important; } p { margin-bottom: 2em !important; }';

describe('the page reaches', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	before(async () => {
		w = new World();
		await fill(w, [...Array(60).keys()].map((n) => line(n + 1, { status: n % 5 === 4 ? 500 : 200, target: n % 2 ? '/hooks/github' : '/hooks/stripe?tenant=7', headers: [['Content-Type', 'application/json'], ['X-Long', 'x'.repeat(300)]], body: `{"n":${n},"type":"invoice.paid","data":{"amount":${n * 7},"text":"${'word '.repeat(60)}"}}` })));
		web = await startWeb(w);
		page = await Page.start(w, web);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});
	const show = async (target) => {
		await page.open(target);
		await page.until(`${target}: ${VIEWS[target]}`, `document.body.innerText.includes(${JSON.stringify(VIEWS[target])}) || [...document.querySelectorAll('#grid, dialog, label, h2')].some((n) => n.textContent.includes(${JSON.stringify(VIEWS[target])}))`);
	};
	for (const [width, height] of [[320, 256], [1280, 720]]) {
		it(`every view at ${width} x ${height}${width === 320 ? ', which is 1280 at 400 %' : ''}: nothing is cut, overlaps or scrolls sideways`, async () => {
			await page.size(width, height);
			for (const target of Object.keys(VIEWS)) {
				await show(target);
				assert.deepEqual(await page.clumsy(), [], target);
				assert.deepEqual(await page.eval('faults.concat(violations)'), [], target);
			}
		});
	}

	it('readers who space their text (WCAG 1.4.12): no word is lost', async () => {
		const { b } = page, sheets = [];
		b.devtools.on('CSS.styleSheetAdded', ({ header }) => sheets.push(header));
		for (const width of [360, 1280]) {
			await page.size(width, 900);
			for (const target of Object.keys(VIEWS)) {
				await show(target);
				await b.say('DOM.enable');
				sheets.length = 0;
				await b.say('CSS.enable');
				const own = await waitFor('the style sheet', () => sheets.find((s) => s.sourceURL.endsWith('page.css')));
				const { text } = await b.say('CSS.getStyleSheetText', { styleSheetId: own.styleSheetId });
				await b.say('CSS.setStyleSheetText', { styleSheetId: own.styleSheetId, text: `${text}\n${SPACED}` });
				await b.say('CSS.disable');
				assert.equal(await page.eval(`getComputedStyle(document.body).letterSpacing`), '1.56px', target);
				assert.deepEqual(await page.clumsy(), [], `${target} at ${width}`);
				// Buttons, heads and labels grow with their text: none is cut off at its edge.
				assert.deepEqual(await page.eval(`[...document.querySelectorAll('button, h1, h2, label, p, .tile b')].filter((n) => !n.matches('.hide') && n.checkVisibility() && n.clientHeight && (n.scrollHeight > n.clientHeight + 3) && getComputedStyle(n).overflowY === 'hidden').map((n) => n.className + ' ' + n.innerText.slice(0, 40))`), [], `${target} at ${width}`);
			}
		}
	});

	it('forced colours: what is chosen is told apart, and axe finds nothing', async () => {
		await page.size(1280, 800);
		await page.look({ 'forced-colors': 'active' });
		try {
			await show('/d/10');
			await page.until('its row', `document.querySelector('.row[aria-selected=true]')`);
			const [chosen, other] = await page.eval(`[document.querySelector('.row[aria-selected=true]'), document.querySelector('.row[aria-selected=false]:not([hidden])')].map((n) => getComputedStyle(n).backgroundColor)`);
			assert.notEqual(chosen, other);
			// A border that was not to be seen is not seen here either, and what is in a chosen part lies on its one ground.
			const ground = await page.eval(`getComputedStyle(document.body).backgroundColor`);
			for (const [part, side] of [['#nav-overview', 'borderTopColor'], ['#nav-overview', 'borderBottomColor'], ['.tabs [aria-selected=false]', 'borderBottomColor'], ['#grid .row[aria-selected=false]', 'borderLeftColor']]) assert.equal(await page.eval(`getComputedStyle(document.querySelector('${part}')).${side}`), ground, `${part} ${side}`);
			assert.deepEqual(await page.eval(`[...document.querySelectorAll(':is(.row, [role=tab])[aria-selected=true] *')].map((n) => getComputedStyle(n)).filter((c) => c.backgroundColor !== 'rgba(0, 0, 0, 0)').length`), 0);
			assert.deepEqual(await page.axe(), []);
			await show('/overview?span=30d');
			assert.notEqual(await page.eval(`getComputedStyle(document.querySelector('.meter .k2')).backgroundColor`), ground, 'meters are seen');
			assert.deepEqual(await page.axe(), []);
		} finally {
			await page.look({});
		}
	});

	it('the deeds of a small screen stand in one line and cover nothing of what is read', async () => {
		for (const [width, height] of [[320, 568], [360, 780]]) {
			await page.size(width, height);
			await show('/d/10');
			const { act, lines, panel } = await page.eval(`({ act: document.querySelector('.act').getBoundingClientRect().top, lines: new Set([...document.querySelectorAll('.act > button')].filter((n) => n.checkVisibility()).map((n) => n.getBoundingClientRect().top)).size, panel: document.querySelector('#panel').getBoundingClientRect().bottom })`);
			assert.equal(lines, 1, `at ${width}`);
			assert.ok(panel <= act + 4, `at ${width}: ${panel} below ${act}`);
		}
	});

	it('a window that becomes another is drawn for: charts, the comparison; and typing is not left for a chart', async () => {
		await page.size(1440, 900);
		await show('/overview?span=30d');
		const fits = `(([c]) => Math.abs(c.viewBox.baseVal.width / c.clientWidth - 1) < .1)(document.querySelectorAll('svg.ch'))`;
		await page.until('the chart', fits);
		await page.size(360, 780);
		await page.until('the chart of a phone', fits);
		await page.js(`document.querySelector('#filter').focus()`);
		await page.js(`window.drawn = 0; new MutationObserver(() => drawn++).observe(document.querySelector('#whole'), { childList: true }); const i = document.activeElement; i.value = 'path:/hooks/github'; i.dispatchEvent(new Event('input'));`);
		await page.until('its figures', `drawn && document.querySelector('.tile b').innerText === '30'`);
		assert.equal(await page.eval(`document.activeElement.id`), 'filter');
		await page.js(`document.activeElement.value = ''; document.activeElement.dispatchEvent(new Event('input')); document.activeElement.blur();`);
		await page.size(1440, 900);
		await show('/diff/9/10');
		const beside = `(([a, b]) => a.getBoundingClientRect().top === b.getBoundingClientRect().top)(document.querySelector('.diff .cols').children)`;
		await page.until('beside each other', beside);
		await page.size(768, 1024);
		await page.until('below each other', `!${beside}`);
		await page.size(1440, 900);
	});

	it('a line that is gone to is not under the line of controls, and says which of how many it is', async () => {
		await fill(w, [line(61, { headers: [['Content-Type', 'application/json']], body: JSON.stringify({ list: [...Array(200).keys()], last: { a: 1, b: 2 } }) })]);
		await page.size(1440, 700);
		await page.open('/d/61');
		await page.until('the lines', `document.querySelectorAll('.tree .l').length > 150`);
		const places = await page.eval(`['#json-0', '#json-2', '#json-1'].map((s) => document.querySelector(s)).map((n) => [n.ariaLevel, n.ariaPosInSet, n.ariaSetSize])`);
		assert.deepEqual(places, [['1', null, null], ['3', '1', '200'], ['2', '1', '2']]);
		await page.js(`document.querySelector('.tree').goTo(150)`);
		await page.js(`document.querySelector('.tree').focus()`);
		for (let i = 0; i < 40; i++) await page.press('ArrowUp');
		const [line1, controls] = await page.eval(`[document.querySelector('.tree .cur').getBoundingClientRect().top, [...document.querySelectorAll('.col > .sec')].at(-1).getBoundingClientRect().bottom]`);
		assert.ok(line1 >= controls - 1, `the line begins at ${line1}, the controls end at ${controls}`);
	});

	it('paper: light, with all header fields and the body, without bars and buttons', async () => {
		await page.size(1280, 800);
		await show('/d/10');
		await page.look({ 'prefers-color-scheme': 'dark' }, 'print');
		try {
			const seen = await page.eval(`({ text: document.body.innerText, ground: getComputedStyle(document.body).backgroundColor, buttons: [...document.querySelectorAll('button')].filter((n) => n.checkVisibility()).map((n) => n.innerText), cut: [...document.querySelectorAll('#detail, .col, main')].filter((n) => n.scrollHeight > n.clientHeight + 2 && getComputedStyle(n).overflowY !== 'visible').length })`);
			for (const word of ['Content-Type', 'X-Long', '"amount"', 'invoice.paid']) assert.ok(seen.text.includes(word), word);
			assert.equal(seen.ground, 'rgb(255, 255, 255)');
			assert.deepEqual(seen.buttons, []);
			assert.equal(seen.cut, 0);
			const { data } = await page.b.say('Page.printToPDF', { printBackground: false });
			const file = w.path('page.pdf');
			writeFileSync(file, Buffer.from(data, 'base64'));
			assert.match(readFileSync(file, 'latin1'), /^%PDF-/);
			assert.match(await page.eval(`getComputedStyle(document.querySelector('main'), '::before').content`), /http:.*\/d\/10, .*20\d\d/, 'what it is of, and when');
		} finally {
			await page.look({});
		}
	});

	it('the keyboard alone: Tab comes to each part in the order in which it stands, and is seen', async () => {
		await page.size(1440, 900);
		await show('/d/10');
		await page.js(`document.activeElement.blur(); getSelection().collapse(document.body, 0)`);
		const order = [];
		for (let i = 0; i < 40; i++) {
			await page.press('Tab');
			const at = await page.eval(`(() => { const n = document.activeElement, s = getComputedStyle(n), r = n.getBoundingClientRect(); return { part: n.closest('header, search, #list, #splitter, .dh, .tabs, #panel, footer')?.id || n.closest('header, .dh, .tabs')?.className || n.closest('header')?.tagName || n.className, ring: (n.closest('.box') ? getComputedStyle(n.closest('.box')) : s).outlineStyle !== 'none' || n.id === 'grid', inside: r.right > 0 && r.left < innerWidth, name: n.tagName + '#' + n.id + '.' + n.className }; })()`);
			if (at.name.startsWith('BODY')) break;
			assert.ok(at.ring, `${at.name} has no ring`);
			assert.ok(at.inside, `${at.name} is outside`);
			if (order.at(-1) !== at.part) order.push(at.part);
		}
		assert.deepEqual(order.filter(Boolean).slice(0, 8), ['skip', 'HEADER', 'flt', 'list', 'splitter', 'dh', 'tabs', 'panel']);
	});

	it('single-key shortcuts can be switched off (WCAG 2.1.4)', async () => {
		await show('/help');
		await page.js(`document.querySelector('#single-keys').click(); document.querySelector('dialog').close()`);
		await page.open('/');
		await page.press('O');
		await page.press('j');
		assert.deepEqual(await page.eval(`[location.pathname, document.querySelector('[aria-selected=true].row')?.dataset.id ?? null]`), ['/', null]);
		await page.press('?');
		await page.until('help nevertheless', `document.querySelector('dialog[open]')`);
		await page.js(`localStorage.clear()`);
		await page.open('/');
		await page.press('j');
		await page.until('a chosen row', `${firstRow} && document.querySelector('[aria-selected=true].row')`);
	});
});
