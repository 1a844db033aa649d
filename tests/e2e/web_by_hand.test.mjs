// The page of `creel web` as hands use it: Playwright's keyboard and mouse, whose events the browser makes itself. A click lands on
// what lies on top at that point, and only where it holds still.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Browser, hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const WIDTHS = [360, 768, 1440, 1920], SCHEMES = ['dark', 'light'];
/** What the table calls a key, as Playwright does. */
const NAMES = { Esc: 'Escape', Up: 'ArrowUp', Down: 'ArrowDown', Left: 'ArrowLeft', Right: 'ArrowRight', PgUp: 'PageUp', PgDn: 'PageDown' };
const pressed = (key) => NAMES[key] ?? key.replace(/^C-/, 'Control+');
const VIEWS = { L: '/', D: '/d/12', F: '/diff/11/12', H: '/help', O: '/overview' };

describe('the page by hand', { skip: !hasBrowser }, () => {
	let w, web, browser, base;
	before(async () => {
		w = new World();
		await fill(w, [...Array(40)].map((_, i) => line(i + 1, i % 5 === 4 ? { status: 500 } : { body: JSON.stringify({ n: i, type: 'invoice.paid', data: { object: { id: `in_${i}`, lines: [1, 2, 3] } } }) })));
		web = await startWeb(w);
		base = web.base;
		browser = await Browser.start(w);
	});
	after(async () => {
		await browser?.close();
		await w?.close();
	});

	/** A page of a window of its own, signed in; what fails in it is in `faults`. */
	const window = async (width, scheme, run) => {
		const context = await browser.browser.newContext({ viewport: { width, height: width < 600 ? 740 : 900 }, colorScheme: scheme, hasTouch: width < 600 });
		const page = await context.newPage(), faults = [];
		page.setDefaultTimeout(Number(process.env.PATIENCE ?? 20_000));
		page.on('pageerror', (e) => faults.push(String(e)));
		page.on('dialog', (d) => d.dismiss());
		await page.addInitScript(() => addEventListener('keydown', (e) => (globalThis.lastKey = e), true));
		await page.goto(web.url);
		await page.waitForFunction(() => document.body.dataset.ready === '1');
		try {
			await run(page);
			assert.deepEqual(faults, [], `${width} ${scheme}`);
		} finally {
			await context.close();
		}
	};
	const open = async (page, target) => {
		await page.goto(base + target);
		await page.waitForFunction(() => document.body.dataset.ready === '1');
		if (target === '/') await page.locator('#grid .row:visible').first().waitFor();
	};

	const filtered = (page, text) => page.waitForFunction((t) => new URLSearchParams(location.search).get('filter') === t, text);
	const at = (page, path) => page.waitForFunction((p) => location.pathname === p, path);

	// What is not a key of the page, in its own table or by what stands there: help is a dialog, with the browser's keys; a list has
	// no hits, as its filter leaves what is looked for alone; a chart has its keys while it is chosen, as it is at first; the program
	// is not ended from here.
	const OTHERS = /^(H .*|L (n|N) .*|O (Enter|Left|Right|h|l) .*|. \S+ (quit|leave))$/;

	it('each key of the table is taken where it stands, at each width and in each look', async () => {
		const actions = (await web.json('/api/actions')).map((a) => ({ ...a, ...a.page }));
		const all = [...'LDFO'].flatMap((c) => actions.flatMap((a) => (a.contexts.includes(c) ? a.keys.map((key) => ({ name: a.name, c, key })) : []))).filter(({ name, c, key }) => !OTHERS.test(`${c} ${key} ${name}`));
		assert.ok(all.length > 120, String(all.length));
		const missed = [];
		for (const [n, width] of WIDTHS.entries())
			await window(width, SCHEMES[n % 2], async (page) => {
				for (const { name, c, key } of all.filter((_, i) => i % WIDTHS.length === n)) {
					const taken = async () => {
						await page.evaluate(() => (document.activeElement?.blur(), delete globalThis.lastKey));
						await page.keyboard.press(pressed(key));
						return page.evaluate(() => globalThis.lastKey?.isTrusted && globalThis.lastKey.defaultPrevented);
					};
					// What a key before it opened or went to is left; that may come only now.
					if (!(await page.evaluate((at) => location.pathname + location.search === at && !document.querySelector('dialog[open], .menu'), VIEWS[c]))) await open(page, VIEWS[c]);
					if (await taken()) continue;
					await open(page, VIEWS[c]);
					if (!(await taken())) missed.push(`${width} ${c} ${key} ${name}`);
				}
			});
		assert.deepEqual(missed, []);
	});

	for (const width of WIDTHS)
		it(`keys alone, ${width}: a filter is typed, a delivery opened, read, edited and left, and the row is where it was`, () => window(width, 'dark', async (page) => {
			await open(page, '/');
			await page.keyboard.press('f');
			await page.keyboard.type('id:5..30 type');
			await page.keyboard.press('Enter');
			await filtered(page, 'id:5..30 type');
			await page.waitForFunction(() => document.querySelector('#grid .row[data-id="29"]:not([hidden])') && !document.querySelector('#grid .row[data-id="31"]:not([hidden])'));
			await page.waitForFunction(() => document.activeElement?.id !== 'filter'); // Enter leaves the box
			const chosen = (id) => page.waitForFunction((i) => document.querySelector('[aria-selected=true].row:not([hidden])')?.dataset.id === i, id), id = '27';
			await page.keyboard.press('Home');
			await chosen('30');
			for (let n = 0; n < 3; n++) await page.keyboard.press('j');
			await chosen(id);
			const top = await page.locator(`#grid .row[data-id="${id}"]`).evaluate((r) => r.getBoundingClientRect().top);
			await page.keyboard.press('Enter');
			await at(page, `/d/${id}`);
			for (const [key, tab] of [['2', 'response'], ['3', 'attempts'], ['5', 'raw'], ['1', null]]) {
				await page.keyboard.press(key);
				await page.waitForFunction((t) => new URLSearchParams(location.search).get('tab') === t, tab);
			}
			await page.locator('#detail .find').first().waitFor();
			await page.keyboard.press('/');
			await page.waitForFunction(() => document.activeElement?.matches('.find'));
			await page.keyboard.type('in_');
			await page.keyboard.press('Enter');
			await page.locator('#detail mark').first().waitFor();
			await page.waitForFunction(() => document.activeElement?.tagName !== 'INPUT');
			await page.keyboard.press('e');
			await at(page, `/d/${id}/edit`);
			await page.waitForFunction(() => document.activeElement?.tagName === 'TEXTAREA');
			await page.keyboard.press('Escape'); // out of the text
			await page.keyboard.press('Escape');
			await at(page, `/d/${id}`);
			await page.keyboard.press('q'); // past all that was looked at of it
			await at(page, '/');
			await chosen(id);
			const row = page.locator(`#grid .row[data-id="${id}"]`);
			await row.waitFor();
			assert.ok(Math.abs((await row.evaluate((r) => r.getBoundingClientRect().top)) - top) < 1);
		}));

	for (const width of WIDTHS)
		it(`the mouse alone, ${width}: what can be clicked lies open, and does what it says`, () => window(width, 'light', async (page) => {
			await open(page, '/');
			await page.getByRole('button', { name: 'Failed' }).first().click();
			await filtered(page, 'state:failed');
			await page.waitForFunction(() => [...document.querySelectorAll('#grid .row:not([hidden])')].every((r) => r.dataset.id % 5 === 0));
			await page.getByRole('button', { name: 'Failed' }).first().click();
			await filtered(page, null);
			await page.locator('#grid .row[data-id="39"]').waitFor(); // all rows are back
			const row = page.locator('#grid .row:visible').nth(2), id = await row.getAttribute('data-id');
			await row.click();
			await at(page, `/d/${id}`);
			// A wide window has request and response side by side.
			for (const [name, tab] of [...(width < 1800 ? [['Response', 'response']] : []), ['Attempts', 'attempts'], ['Raw', 'raw'], ['Request', null]]) {
				await page.getByRole('tab', { name: new RegExp(`^${name}`) }).click();
				await page.waitForFunction((t) => new URLSearchParams(location.search).get('tab') === t, tab);
			}
			await page.locator('#deed-copy').click();
			await page.locator('.menu').waitFor();
			await page.locator('.menu button, .menu [role=menuitem]').first().click();
			await page.locator('.menu').waitFor({ state: 'detached' });
			await page.locator('#nav-overview').click();
			await at(page, '/overview');
			await page.locator('svg.ch').first().waitFor();
			await page.locator('#nav-list:visible, .logo:visible').first().click();
			await at(page, '/');
			if (await page.locator('#nav-help').isVisible()) {
				await page.locator('#nav-help').click();
				await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click();
				await page.getByRole('dialog').waitFor({ state: 'detached' });
			}
		}));
});
