// The page over a record that no creel wrote (lib/odd_store.mjs): no view loses more than the row that is odd.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { fillOdd, good, names } from './lib/odd_store.mjs';
import { Page } from './lib/page.mjs';
import { startWeb } from './lib/web.mjs';

describe('the page over a record with odd rows', { skip: !hasBrowser && 'no browser here' }, () => {
	it('stands in every view, with all the other rows', async () => {
		const w = new World();
		let page;
		try {
			await fillOdd(w);
			page = await Page.start(w, await startWeb(w));
			const sound = async (what) => assert.deepEqual(await page.eval(`[faults, violations, document.body.innerText.match(/NaN|undefined|\\[object|Invalid Date/g)]`), [[], [], null], what);
			const stands = async (target, want) => {
				await page.open(target);
				await page.until(`${target}: ${want}`, want);
				await sound(target);
			};
			await page.size(1440, 3000);
			await stands('/', `document.querySelectorAll('#grid .row:not([hidden])').length > 20`);
			await stands(`/?filter=id%3A1..${good}`, `[...document.querySelectorAll('#grid .row:not([hidden])')].some((r) => r.dataset.id === '${good}')`);
			await stands('/overview?span=30d', `document.querySelectorAll('main svg').length`);
			for (const [i, name] of names.entries()) {
				try {
					await stands(`/d/${i + 1}`, `document.querySelector('#detail')?.innerText.length > 20`);
					// The rest of every third, since a view costs more than what may go wrong with it.
					if (i % 3) continue;
					for (const [key, tab] of Object.entries({ 2: 'response', 3: 'attempts', 4: 'verify', 5: 'raw' })) {
						await page.press(key);
						await page.until(tab, `new URLSearchParams(location.search).get('tab') === '${tab}'`);
					}
					await sound(name);
					if (i % 6) continue;
					await stands(`/d/${i + 1}/edit`, `document.querySelector('main').innerText.length > 20`);
					await stands(`/diff/${good}/${i + 1}`, `document.querySelector('main').innerText.length > 20`);
				} catch (error) {
					assert.fail(`${name}: ${error.message}`);
				}
			}
			await stands(`/d/${good}`, `/hooks.good/.test(document.querySelector('#detail')?.innerText)`);
		} finally {
			await page?.close();
			await w.close();
		}
	});
});
