// Views and states of the page, at four widths, light and dark: axe-core finds nothing, nothing is cut, lies over something else or
// scrolls sideways. Each is come to once and then seen at all widths: the first, at which it is opened, is another's each time.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { Page, firstRow } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const SIZES = [[360, 780], [768, 1024], [1440, 900], [1920, 1080]], PICTURES = process.env.PICTURES; // a folder that is to have one of each
const JSON_TYPE = ['Content-Type', 'application/json'];
const RECORD = [
	line(1, { status: 0 }),
	line(2, { target: `/${'a-very-long-segment/'.repeat(20)}`, headers: [JSON_TYPE, ['X-GitHub-Event', 'שלום\u202etxt'], ['X-Hub-Signature-256', `sha256=${'0'.repeat(64)}`], ['Authorization', 'Bearer sesame'], ['X-Long', 'x'.repeat(300)]] }),
	line(3, { body: '{"a": 1,\n "b": [1, 2,,]}' }),
	line(4, { headers: [['Content-Type', 'image/png']], body: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64') }),
	line(5, { headers: [['Content-Type', 'application/x-www-form-urlencoded']], body: 'a=1&b=two+words&c=%5B%5D', target: '/hooks/form?tenant=7' }),
	...[...Array(10).keys()].map((n) => line(n + 6, { status: n % 5 === 4 ? 500 : 200, headers: [JSON_TYPE, ['X-N', String(n)]], target: n % 2 ? '/hooks/github' : '/hooks/stripe', body: `{"n":${n},"type":"invoice.paid","data":{"amount":${n * 7},"list":[1,null,true],"text":"${'word '.repeat(40)}"}}` })),
];
const one = (selector) => `document.querySelector(${JSON.stringify(selector)})`, says = (words, where = 'body') => `${words}.test(${one(where)}?.innerText)`;
const tree = one('#detail .tree:not(:empty)'), dialog = one('dialog[open]'), menu = one('.menu button');
const busy = { status: 503, contentType: 'application/problem+json', body: JSON.stringify({ type: 'urn:creel:problem:busy', title: 'busy', status: 503, detail: 'the store is busy; try again' }) };

describe('views and states', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page, count = 0;
	before(async () => {
		w = new World();
		web = await startWeb(w);
		page = await Page.start(w, web);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});
	const light = (on) => page.look({ 'prefers-color-scheme': on ? 'light' : 'dark', 'prefers-reduced-motion': 'reduce' });
	const picture = async (name, width, scheme) => {
		if (!PICTURES) return;
		mkdirSync(PICTURES, { recursive: true });
		writeFileSync(path.join(PICTURES, `${name.replaceAll(/\W+/g, '-')}-${width}-${scheme}.png`), await page.b.page.screenshot());
	};
	/** What is stopped while a view is come to: `part` of an address, and how. */
	const stopped = async (part, how, run) => {
		const place = (url) => url.pathname.startsWith('/api/') && (url.pathname + url.search).includes(part);
		await page.b.page.route(place, how);
		return run().then(() => () => page.b.page.unroute(place));
	};

	/**
	 * `come` goes there, `there` holds while the page is in that state; what `come` gives is called when it was looked at. `again`: a
	 * change of the window's size ends the state, so it is come to at each.
	 */
	const state = (name, come, there, { again = false } = {}) => it(name, async () => {
		const first = count++ % SIZES.length;
		let undo;
		try {
			for (const [n, [width, height]] of [...SIZES.slice(first), ...SIZES.slice(0, first)].entries()) {
				const bright = (first + n) % 2 === 0, at = `${width}, ${bright ? 'light' : 'dark'}`;
				await light(bright);
				await page.size(width, height);
				if (n === 0 || again) {
					const done = await (typeof come === 'string' ? page.open(come) : come());
					if (typeof done === 'function') undo = done;
				}
				await page.until(`${name} at ${width}`, there);
				await page.eval('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
				assert.deepEqual(await page.clumsy(), [], at);
				// All rules cost three times what the contrast does: they are for every other width, and for the others in the next state.
				assert.deepEqual(await page.axe(n % 2 ? 'color-contrast' : undefined), [], at);
				await picture(name, width, bright ? 'light' : 'dark');
				if (n % 2) continue;
				// The look changes colours alone: at every other width it is the other one, too.
				await light(!bright);
				assert.deepEqual(await page.axe('color-contrast'), [], `${width} in the other look`);
				await picture(name, width, bright ? 'dark' : 'light');
			}
			if (typeof come === 'string') assert.deepEqual(await page.eval('faults.concat(violations)'), []);
		} finally {
			await undo?.();
		}
	});
	const plainly = async (url) => {
		await page.b.say('Emulation.setScriptExecutionDisabled', { value: true });
		await page.b.visit(url);
		await page.b.say('Emulation.setScriptExecutionDisabled', { value: false }); // axe is a script; the page's own have not begun
	};
	const pressed = (target, ...keys) => async () => {
		await page.open(target);
		await page.until('the rows', `${firstRow} || document.body.dataset.view !== 'list'`);
		for (const key of keys) await page.press(key);
	};
	const clicked = (target, ready, selector) => async () => {
		await page.open(target);
		await page.until(ready, one(selector));
		await page.js(`${one(selector)}.click()`);
	};

	state('a first run', () => page.b.visit(`${web.base}/`), says('/Nothing yet/', '#note'));
	state('an overview of nothing', '/overview', says('/No deliveries in this span/', '#whole'));
	state('the list', async () => {
		await fill(w, RECORD);
		await page.open('/');
	}, firstRow);
	state('the list by a column, with others', '/?order=-took&cols=time,size,host,id', firstRow);
	state('a chosen row, and one new while it is paused', async () => {
		await pressed('/', 'j', 'j', 'j')();
		await fill(w, [line(100 + count, { at: Date.now() })]);
	}, `${one('[aria-selected=true].row')} && ${says('/PAUSED[^]*new/', '#fol')}`);
	state('nothing matches', '/?filter=path%3A%2Fnone%20state%3Afailed', `${says('/Nothing matches[^]*without/', '#note')}`);
	state('a filter that is none', '/?filter=stat%3Ax', `!${one('#filter-wrong')}?.hidden && ${says('/did you mean/')}`);
	state('completion of a filter', async () => {
		await pressed('/', 'f')();
		await page.b.page.keyboard.type('sta');
	}, one('#filter-options li'));
	state('the order’s menu', pressed('/', 's'), menu, { again: true });
	state('saved filters', async () => {
		await page.js(`localStorage['creel.saved'] = JSON.stringify({ mine: 'path:/hooks/github', 'a name that is long enough to be cut': 'status:5xx' })`);
		await pressed('/', '@')();
		return () => page.js('localStorage.clear()');
	}, menu, { again: true });
	state('the choice of columns', pressed('/', 'o'), dialog);
	state('commands', pressed('/', ':'), `${dialog} && ${one('#commands li')}`);
	state('help', '/help', dialog);
	state('rows that are waited for', () => stopped('deliveries?', () => {}, () => page.open('/?order=-took')), `${one('#grid')}?.ariaBusy === 'true'`);
	state('a list that the store did not give', () => stopped('deliveries?', (r) => r.fulfill(busy), () => page.open('/?order=-took')), says('/the store is busy[^]*Retry/', '#note'));

	for (const [tab, there] of [['', tree], ['?tab=response', says('/ok/', '#panel')], ['?tab=attempts', says('/FIRST BYTE/')], ['?tab=verify', says('/Check the signature/')], ['?tab=raw', says('/POST .hooks/')], ['?view=hex', says('/00000000/', '#panel')], ['?find=invoice', one('#detail mark')]]) state(`a delivery ${tab}`, `/d/10${tab}`, there);
	state('a delivery below the list', '/d/10?split=below', tree);
	state('a delivery alone', '/d/10?split=off', tree);
	state('one without an answer', '/d/1', says('/did not answer/', '#detail'));
	state('its attempts', '/d/1?tab=attempts', says('/FIRST BYTE/'));
	state('a long path, an odd name, hidden fields', '/d/2', `${tree} && ${says('/••••/')}`);
	state('one that is no JSON', '/d/3', says('/invalid JSON/'));
	state('a picture', '/d/4', `${one('img.body')}?.naturalWidth === 1`);
	state('a form', '/d/5', says('/two words/', '#panel'));
	state('what was tried of a signature', async () => {
		await page.open('/d/10?tab=verify');
		await page.until('the form', one('#provider'));
		await page.js(`${one('#provider')}.value = 'stripe'; ${one('#secret')}.value = 'whsec_page'; ${one('#provider')}.form.requestSubmit();`);
	}, says('/What was tried/'), { again: true });
	state('the menu of Copy', clicked('/d/10', 'the deeds', '#deed-copy'), menu, { again: true });
	state('the menu of More', clicked('/d/10', 'the deeds', '#deed-more'), menu, { again: true });
	state('a replay that failed, said', async () => {
		await clicked('/d/10', 'the deeds', '#deed-replay')();
	}, `${one('#said')}.innerText || ${one('#alert')}.textContent`);
	state('a deletion that is asked for', async () => {
		await clicked('/d/10', 'the deeds', '#deed-more')();
		await page.until('the menu', menu);
		await page.js(`[...document.querySelectorAll('.menu button')].find((n) => n.innerText === 'Delete').click()`);
	}, dialog);
	state('one that is gone', '/d/99999', says('/deleted or pruned/'));
	state('a delivery that is waited for', () => stopped('deliveries/12', () => {}, () => page.b.visit(`${web.base}/d/12`)), one('#detail .wait'));
	state('a delivery that the store did not give', () => stopped('deliveries/12', (r) => r.fulfill(busy), () => page.open('/d/12')), says('/the store is busy[^]*Retry/', '#detail'));

	state('editing', '/d/10/edit', one('#edit-head'));
	state('editing, with a mistake', async () => {
		await page.open('/d/10/edit');
		await page.until('the editor', one('#edit-head'));
		await page.js(`const h = ${one('#edit-head')}; h.value += '\\nno field'; h.dispatchEvent(new Event('input', { bubbles: true })); ${one('#edit-body')}.value = '{"edited":true}'; ${one('#edit-body')}.dispatchEvent(new Event('input', { bubbles: true })); h.form.requestSubmit();`);
		return () => page.js(`window.onbeforeunload = null`);
	}, says('/a header field/', '#edit-wrong'));
	state('a comparison', '/diff/9/10', `document.querySelectorAll('.diff .l').length > 3`);
	state('a comparison, all of it', '/diff/9/10?view=all', `document.querySelectorAll('.diff .l').length > 3`);
	state('a comparison with one that is gone', '/diff/9/99999', says('/99999/', '#whole'));
	state('the question before many are sent', pressed('/?filter=id%3A6..8', 'R'), `${one('dialog[open] #pace')}`);
	state('many that are sent', async () => {
		await pressed('/?filter=id%3A6..8', 'R')();
		await page.until('the question', one('dialog[open] #pace'));
		await page.js(`${one('#edit-to')}.value = '9'; ${one('#pace')}.value = '0.001'; ${one('dialog .p')}.click()`);
		return async () => {
			await page.press('X');
			await page.until('the end', `${one('#strip button')}?.innerText === 'Close'`);
		};
	}, says('/1\\/3 sent/', '#strip'));

	state('the overview', '/overview?span=30d', `${one('svg.ch .f2')} && ${one('[aria-label="By source"] td')}`);
	state('the overview as tables', async () => {
		await page.open('/overview?span=30d');
		await page.until('the charts', one('svg.ch .f2'));
		await page.js(`for (let n; (n = document.querySelector('#whole [aria-pressed=false].q')); ) n.click();`);
	}, `!document.querySelector('svg.ch') && document.querySelectorAll('#whole .card table').length > 4`);
	state('an overview that the store did not give', () => stopped('stats', (r) => r.fulfill(busy), () => page.open('/overview')), says('/the store is busy[^]*Retry/', '#whole'));
	state('an overview that is waited for', () => stopped('stats', () => {}, () => page.b.visit(`${web.base}/overview`)), one('#whole .wait'));
	state('export', '/export?filter=state%3Afailed', one('#export-preview'));
	state('export, and what is taken out', clicked('/export?filter=id%3A2', 'the form', '#export-preview'), says('/[Aa]uthorization/', '#whole'));

	state('an address of no page', () => page.b.visit(`${web.base}/nowhere`), says('/No such page/'));
	state('a link from another site', async () => {
		await page.b.visit(`data:text/html,<a href="${web.base}/d/10">here</a>`);
		await page.js(`${one('a')}.click()`);
	}, says('/This link came from another site/'));
	state('who comes without a token', async () => {
		await page.b.page.context().clearCookies();
		await page.b.visit(`${web.base}/d/10`);
		return () => page.b.visit(web.url);
	}, one('.door input[name=token]'));
	for (const target of ['/', '/d/10'])
		state(`without JavaScript, ${target}`, () => plainly(web.base + target), `!document.body.dataset.ready && ${one('#first, #first-detail')}`);
	state('a report', async () => {
		const file = w.path('report.html');
		await w.creelOut(['report', 'id:1..12', '-o', file]);
		await page.b.visit(`file://${file}`);
	}, `document.title === 'creel report'`);

	state('creel is gone: the chip', async () => {
		await page.open('/d/10');
		await page.until('the delivery', tree);
		await web.stop('SIGKILL');
		await page.until('the chip or the bar', `${one('#reconnecting')}`);
	}, `${tree} && ${one('#reconnecting')}`);
	state('creel is gone: the bar', async () => {}, `!${one('#bar')}.hidden`);
});
