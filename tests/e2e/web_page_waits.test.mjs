// What stands in the page while an answer is on its way, when the store is busy, and when creel says nothing any more.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Page, firstRow } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const COUNT = 400;
// Calls whose address has one of these texts are answered as a busy store does, or held until they are let go.
const HOLD = `window.stopped = JSON.parse(sessionStorage.stopped ?? '{}'); window.waiting = []; const real = window.fetch;
	window.fetch = async (url, options) => {
		const how = Object.entries(stopped).find(([part]) => String(url).includes(part))?.[1];
		if (how === 'busy') return new Response(JSON.stringify({ type: 'urn:creel:problem:busy', title: 'busy', status: 503, detail: 'the store is busy; try again' }), { status: 503, headers: { 'Content-Type': 'application/problem+json' } });
		if (how === 'held') await new Promise((go) => waiting.push(go));
		return real(url, options);
	};`;

describe('while the page waits', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	const stop = (calls) => page.js(`sessionStorage.stopped = JSON.stringify(stopped = ${JSON.stringify(calls)}); if (!Object.keys(stopped).length) waiting.splice(0).forEach((go) => go());`);
	const retry = (where) => page.js(`[...document.querySelectorAll('${where} button')].find((b) => b.innerText === 'Retry').click()`);
	const offered = (where) => `document.querySelector('${where}').innerText.includes('the store is busy; try again') && [...document.querySelectorAll('${where} button')].some((b) => b.innerText === 'Retry')`;
	const ids = `[...document.querySelectorAll('#grid .row:not([hidden])')].map((n) => Number(n.dataset.id))`;
	before(async () => {
		w = new World();
		await fill(w, [...Array(COUNT).keys()].map((n) => line(n + 1)));
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.b.say('Page.addScriptToEvaluateOnNewDocument', { source: HOLD });
		await page.size(1440, 900);
		await page.open('/');
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});

	it('a busy store is said with Retry in the list, and Retry reads it', async () => {
		await stop({ '/api/deliveries?': 'busy' });
		await page.open('/?order=-took');
		await page.until('the sentence and Retry', offered('#note'));
		assert.equal(await page.eval(`${ids}.length`), 0);
		await retry('#note');
		await page.until('the same once more', offered('#note'));
		await stop({});
		await retry('#note');
		await page.until('the rows', `${ids}.length > 10 && document.querySelector('#note').innerText === ''`);
	});
	it('a page of rows that the store did not give is read by Retry, and not asked for all the time', async () => {
		await page.open('/');
		await page.until('the stream', `document.querySelector('#grid').getAttribute('aria-rowcount') === '${COUNT + 1}'`);
		await stop({ 'before=': 'busy' });
		await page.js(`window.asked = 0; const f = fetch; window.fetch = (...a) => (String(a[0]).includes('before=') && asked++, f(...a)); document.querySelector('#scroller').scrollTop = 3600;`);
		await page.until('the sentence and Retry', offered('#foot'));
		await page.js(`document.querySelector('#scroller').scrollTop = 3700; for (let n = 0; n < 20; n++) await new Promise(requestAnimationFrame);`);
		assert.ok((await page.eval('asked')) <= 3, 'asked for again and again');
		await stop({});
		await retry('#foot');
		await page.until('further rows', `document.querySelector('#said').innerText === ''`);
		await page.press('g');
		await page.until('the oldest', `${ids}.includes(1)`);
	});
	for (const [target, call, there] of [['/overview?span=1h', '/api/stats', `document.querySelector('#whole svg.ch')`], ['/diff/1/2', '/api/diff', `document.querySelector('#whole .diff .l')`], ['/d/7', '/api/deliveries/7', `document.querySelector('#detail .act')`]]) {
		const part = target.startsWith('/d/') ? '#detail' : '#whole';
		it(`a busy store is said with Retry at ${target}`, async () => {
			await stop({ [call]: 'busy' });
			await page.open(target);
			await page.until('the sentence and Retry', offered(part));
			await stop({});
			await retry(part);
			await page.until('what was asked for', `!!${there}`);
		});
		it(`what takes longer has grey rows in its place at ${target}`, async () => {
			await stop({ [call]: 'held' });
			await page.b.visit(web.base + target);
			await page.until('grey rows', `(({ clientHeight: h }, n) => n.getBoundingClientRect().height > h / 2 && getComputedStyle(n).backgroundImage.includes('gradient') && n.innerText.includes('Loading'))(document.querySelector('main'), document.querySelector('${part} .wait[aria-busy=true]'))`);
			await stop({});
			await page.until('what was asked for', `!!${there} && !document.querySelector('[aria-busy]')`);
		});
	}
	it('rows take the place of the grey ones, and nothing moves', async () => {
		await stop({ '/api/deliveries?': 'held' });
		await page.open('/?order=-took');
		await page.until('grey rows', `document.querySelector('#grid').ariaBusy === 'true'`);
		const look = `(() => { const g = document.querySelector('#grid'), s = document.querySelector('#scroller').getBoundingClientRect(), r = g.getBoundingClientRect(), h = document.querySelector('#head').getBoundingClientRect(); return { top: r.top, fills: r.height >= s.height, head: h.top, left: r.left, width: r.width, grey: getComputedStyle(g).backgroundImage.includes('gradient') }; })()`;
		const grey = await page.eval(look);
		assert.deepEqual([grey.fills, grey.grey], [true, true]);
		await stop({});
		await page.until('rows', `!document.querySelector('#grid').ariaBusy && ${ids}.length > 10`);
		const rows = await page.eval(look);
		assert.equal(rows.grey, false);
		for (const side of ['top', 'head', 'left', 'width']) assert.equal(rows[side], grey[side], side);
		assert.equal(await page.eval(`Math.min(...[...document.querySelectorAll('#grid .row:not([hidden])')].map((n) => n.getBoundingClientRect().top))`), grey.top);
	});
	it('other rows are not shown as what a new filter gives', async () => {
		await page.open('/');
		await stop({ '/api/deliveries?': 'held' });
		await page.press('!');
		await page.until('grey rows', `document.querySelector('#grid').ariaBusy === 'true' && ![...document.querySelectorAll('#grid .row')].some((n) => n.checkVisibility({ visibilityProperty: true }))`);
		await stop({});
		await page.until('that nothing matches', `!document.querySelector('#grid').ariaBusy && /Nothing matches/.test(document.querySelector('#note').innerText)`);
	});
	it('an answer that comes at once has none', async () => {
		await page.open('/');
		await page.js(`window.grey = 0; new MutationObserver(() => grey++).observe(document.querySelector('#grid'), { attributeFilter: ['aria-busy'] });`);
		await page.press('!');
		await page.until('that nothing matches', `/Nothing matches/.test(document.querySelector('#note').innerText)`);
		assert.equal(await page.eval(`[...document.querySelectorAll('[aria-busy]')].length`), 0);
	});
	it('grey rows are as tall as rows on a phone, too', async () => {
		await page.size(360, 780);
		await stop({ '/api/deliveries?': 'held' });
		await page.open('/?order=-took');
		await page.until('grey rows', `document.querySelector('#grid').ariaBusy === 'true'`);
		assert.match(await page.eval(`getComputedStyle(document.querySelector('#grid')).backgroundImage`), /56px/);
		assert.deepEqual(await page.axe(), []);
		await stop({});
		await page.until('rows', firstRow);
		await page.size(1440, 900);
	});

	it('where nothing forwards, Replay says who sends', async () => {
		await page.open('/d/7');
		await page.until('the deeds', `document.querySelector('#deed-replay')`);
		assert.match(await page.eval(`document.querySelector('#deed-replay').title`), /^sends from this page’s own process$/);
	});
	it('while creel says nothing, deeds are off and say why, and on again when it is back', async () => {
		await page.open('/d/7');
		await page.until('the deeds', `document.querySelector('#deed-replay')`);
		const off = (name) => page.eval(`document.querySelector('#deed-${name}').ariaDisabled`);
		assert.equal(await off('replay'), null);
		const port = String(web.port);
		await web.stop('SIGKILL');
		await waitFor('the bar', () => page.eval(`!document.querySelector('#bar').hidden`), 40_000);
		assert.deepEqual(await page.eval(`[...document.querySelectorAll('[role=alert], [role=status]')].filter((n) => /No word from creel/.test(n.textContent)).map((n) => n.role)`), ['alert'], 'it is said once');
		for (const name of ['replay', 'edit']) {
			assert.equal(await off(name), 'true', name);
			assert.match(await page.eval(`document.querySelector('#deed-${name}').title`), /creel does not answer/);
		}
		assert.equal(await off('copy'), null, 'what was read can be copied');
		await page.js(`document.querySelector('#deed-replay').focus(); document.activeElement.click()`);
		assert.equal(await page.eval(`document.activeElement.id`), 'deed-replay', 'it stays in reach');
		await page.until('why', `/creel does not answer/.test(document.querySelector('#alert').textContent)`);
		await page.press('2');
		await page.until('the answer, which was read', `document.querySelector('#tab-response').ariaSelected === 'true'`);
		assert.equal(await off('replay'), 'true', 'drawn again it is still off');
		assert.deepEqual(await page.axe(), []);
		web = await startWeb(w, ['--port', port]);
		await waitFor('that the bar goes', () => page.eval(`document.querySelector('#bar').hidden`), 40_000);
		assert.equal(await off('replay'), null);
	});
	it('the bar is there ten seconds after the last word, though creel is asked meanwhile', async () => {
		await page.open('/');
		await page.js(`window.chips = 0; new MutationObserver((all) => all.forEach((m) => m.addedNodes.forEach((n) => n.id === 'reconnecting' && chips++))).observe(document.querySelector('#tun'), { childList: true });`);
		const port = String(web.port);
		await web.stop('SIGKILL');
		const from = Date.now();
		await waitFor('the bar', () => page.eval(`!document.querySelector('#bar').hidden`), 40_000);
		assert.ok(Date.now() - from < 14_500, `${Date.now() - from} ms`);
		assert.equal(await page.eval('chips'), 1);
		await page.size(360, 780);
		assert.ok(await page.eval(`document.querySelector('#tun').lastChild.getBoundingClientRect().right <= document.querySelector('#nav-overview').getBoundingClientRect().left`), 'its words are not over the next ones');
		await page.size(1440, 900);
		web = await startWeb(w, ['--port', port]);
		await waitFor('that the bar goes', () => page.eval(`document.querySelector('#bar').hidden`), 40_000);
	});
});
