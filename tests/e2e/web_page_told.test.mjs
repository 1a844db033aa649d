// What the page says of deliveries: which row of how many, in words for who does not see it, the verdict and why, where
// the next ones are, and what a filter or a command begins with.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { Page } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const COUNT = 2000, SECRET = 'It’s a secret', BODY = '{"action":"opened"}';
const signed = (key) => [['Content-Type', 'application/json'], ['X-GitHub-Event', 'issues'], ['X-Hub-Signature-256', `sha256=${createHmac('sha256', key).update(BODY).digest('hex')}`]];

describe('what the page says', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page;
	const rows = `[...document.querySelectorAll('#grid .row:not([hidden])')]`;
	const nth = (id) => page.until(`row ${id}`, `${rows}.some((n) => n.dataset.id === '${id}')`).then(() => page.eval(`document.querySelector('#grid .row[data-id="${id}"]:not([hidden])').ariaRowIndex`));
	const count = (n) => page.until(`${n} rows`, `document.querySelector('#grid').getAttribute('aria-rowcount') === '${n}'`);
	before(async () => {
		w = new World();
		const at = Date.parse('2026-01-05T14:30:00Z');
		await fill(w, [...Array(COUNT - 3).keys()].map((n) => line(n + 1, { at: at + n * 1000, status: n % 5 ? 200 : 500 })));
		await fill(w, [line(COUNT - 2, { headers: signed(SECRET), body: BODY, at: at + 3600e3 }), line(COUNT - 1, { headers: signed('another'), body: BODY, at: at + 3601e3 }), line(COUNT, { body: Buffer.alloc(700_000, 'line of text\n'), headers: [['Content-Type', 'text/plain']], at: at + 3602e3 })]);
		const file = w.path('secret');
		writeFileSync(file, SECRET);
		web = await startWeb(w, ['--secret', `github=@${file}`]);
		page = await Page.start(w, web);
		await page.size(1440, 900);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});

	it('each row says which it is of how many, at the top, far down, at the end and the other way round', async () => {
		await page.open('/');
		await count(COUNT + 1);
		assert.equal(await page.eval(`document.querySelector('#head').ariaRowIndex`), '1');
		assert.equal(await nth(COUNT), '2');
		assert.equal(await nth(COUNT - 5), '7');
		// So far that the first pages were let go.
		await page.press('Home');
		for (let i = 0; i < 9; i++) await page.js(`const s = document.querySelector('#scroller'), { left, bottom } = s.getBoundingClientRect(), to = s.scrollTop + 100 * 32; while (s.scrollTop < to) { s.scrollTop += 640; do await new Promise(requestAnimationFrame); while (!document.elementFromPoint(left + 200, bottom - 50).closest('.row')); }`);
		await page.until('rows there', `Math.abs(Number(${rows}[0].dataset.id) - ${COUNT - 900}) < 60`);
		const [id, index] = await page.eval(`[Number(${rows}[5].dataset.id), Number(${rows}[5].ariaRowIndex)]`);
		assert.equal(index, COUNT - id + 2);
		await page.press('g');
		assert.equal(await nth(1), String(COUNT + 1));
		await page.press('v');
		await page.press('G');
		assert.equal(await nth(COUNT), String(COUNT + 1));
		await page.press('v');
	});
	it('what comes is counted, also by one who has paused', async () => {
		await page.open('/');
		await count(COUNT + 1);
		await page.press('j');
		await page.press('j');
		await page.until('the pause', `/PAUSED/.test(document.querySelector('#fol').innerText)`);
		await fill(w, [line(COUNT + 1, { at: Date.parse('2026-01-05T16:30:00Z') })]);
		await page.until('one new', `/^1 new/.test(document.querySelector('#fol .p').innerText)`);
		await count(COUNT + 2);
		assert.equal(await nth(COUNT), '3');
		await page.press('G');
		assert.equal(await nth(COUNT + 1), '2');
		assert.equal((await web.call('/api/deliveries', { method: 'DELETE', body: { ids: [COUNT + 1], confirm_count: 1 } })).status, 204);
		await count(COUNT + 1);
		assert.equal(await nth(COUNT), '2');
	});
	it('of a filter, a sort, and where one came in from an address', async () => {
		await page.open('/?filter=status:500');
		await count((COUNT - 5) / 5 + 2);
		await page.until('the first three', `${rows}.map((n) => Number(n.ariaRowIndex)).sort((a, b) => a - b).slice(0, 3).join() === '2,3,4'`);
		await page.open('/?order=took');
		await count(COUNT + 1);
		await page.until('the first three', `${rows}.map((n) => Number(n.ariaRowIndex)).sort((a, b) => a - b).slice(0, 3).join() === '2,3,4'`);
		await page.open('/d/1000');
		await page.until('the row', `document.querySelector('#grid .row[data-id="1000"]')`);
		assert.equal(await page.eval(`document.querySelector('#grid .row[data-id="1000"]').ariaRowIndex`), null, 'nobody has counted those before it');
	});
	it('a row’s name has the reason phrase', async () => {
		await page.open('/?filter=id:1..2');
		await page.until('both', `${rows}.length === 2`);
		assert.match(await page.eval(`document.querySelector('.row[data-id="1"]').ariaLabel`), /^500 Internal Server Error, /);
		assert.match(await page.eval(`document.querySelector('.row[data-id="2"]').ariaLabel`), /^200 OK, .* 1 attempt, /);
	});

	it('the head of a delivery has the verdict’s reason', async () => {
		await page.open(`/d/${COUNT - 1}`);
		await page.until('the reason', `/(bad signature|not checked): .*(secret|body)/.test(document.querySelector('#detail .meta').innerText)`);
		await page.open(`/d/${COUNT - 2}`);
		await page.until('the verdict', `/signature valid(?!:)/.test(document.querySelector('#detail .meta').innerText)`);
	});
	it('Verify says scheme and when it was judged, as the command does', async () => {
		const told = JSON.parse((await w.run('creel', ['verify', String(COUNT - 2), '--json', '--secret', `github=@${w.path('secret')}`])).stdout);
		assert.equal(told.scheme, 'HMAC-SHA256 in hex, X-Hub-Signature-256');
		assert.equal(told.judged_at.slice(0, 19), '2026-01-05T15:30:00');
		await page.open(`/d/${COUNT - 2}?tab=verify`);
		await page.until('the form', `document.querySelector('#panel form')`);
		await page.js(`document.querySelector('#panel form').requestSubmit()`);
		await page.until('the table', `/What was tried/.test(document.querySelector('#panel').innerText)`);
		const text = await page.eval(`document.querySelector('#panel dl').innerText.replace(/\\s+/g, ' ')`);
		assert.match(text, /provider github scheme HMAC-SHA256 in hex, X-Hub-Signature-256 judged as of 2026-01-05 \d\d:30:00.* age – why it holds/);
	});

	it('a span without deliveries leads to the last that has any', async () => {
		await page.open('/overview?span=1h&filter=path%3A%2Fhooks%2Fstripe');
		await page.until('the way there', `/No deliveries in this span/.test(document.querySelector('#whole').innerText)`);
		await page.js(`[...document.querySelectorAll('#whole a')].find((a) => a.innerText === 'The last span that has any').click()`);
		await page.until('the bars', `document.querySelector('#whole svg.ch .f2')`);
		const { search } = await page.eval('({ search: location.search })');
		assert.match(search, /span=1h,2026-01-05T15:31/);
		assert.match(await page.eval(`document.querySelector('.tile').innerText`), /Deliveries, 1h until 2026-01-05/);
		const shown = await page.eval(`Number(document.querySelector('.tile b').innerText.replace(',', ''))`);
		const there = await web.json('/api/count?filter=' + encodeURIComponent('since:2026-01-05T14:31:00Z before:2026-01-05T15:32:00Z'));
		assert.ok(shown > 0 && shown <= there.count, `${shown}`);
		await page.open(`/overview${search}`);
		await page.until('the same, opened cold', `Number(document.querySelector('.tile b')?.innerText.replace(',', '')) === ${shown}`);
		await page.js(`[...document.querySelectorAll('.card h2')].find((h) => /Slowest/.test(h.innerText)).querySelector('button').click()`);
		await page.until('as many in the list', `document.querySelector('#cnt').innerText.startsWith('${shown.toLocaleString('en-US')} of ')`);
	});

	it('a body goes on only if it is the same: its number may be another’s by now', async () => {
		const asked = [];
		await page.open(`/d/${COUNT}`);
		await page.until('load more', `/load more/.test(document.querySelector('#panel').innerText)`);
		await page.js(`window.ranges = []; const real = window.fetch; window.fetch = (url, o) => (o?.headers?.Range && ranges.push(o.headers), real(url, o));`);
		const more = () => page.js(`[...document.querySelectorAll('#panel button')].find((b) => b.innerText === 'load more').click()`);
		await more();
		await page.until('more of it', `/shown 3\\d\\dk of 700k/.test(document.querySelector('#panel').innerText)`);
		asked.push(...await page.eval('ranges'));
		const { headers } = await web.call(`/api/deliveries/${COUNT}/request/body`, { headers: { Range: 'bytes=0-0' } });
		assert.equal(asked[0]['If-Range'], headers.etag);
		// Another delivery under the number: what was shown and what would come do not belong together.
		await page.js(`window.EventSource.prototype.dispatchEvent = () => {}; const real = window.fetch; window.fetch = async (url, o) => real(url, o?.headers?.Range ? { ...o, headers: { ...o.headers, 'If-Range': '"another-request"' } } : o); window.again = 0; const f = window.fetch; window.fetch = (url, o) => (/deliveries\\/\\d+(\\?|$)/.test(url) && again++, f(url, o));`);
		await more();
		await page.until('that it is read anew', `again > 0 && /shown 66k of 700k/.test(document.querySelector('#panel').innerText)`);
	});

	it('of a list of values the last is completed, and none is offered twice', async () => {
		const offers = async (text) => (await web.json(`/api/filter?text=${encodeURIComponent(text)}&caret=${Buffer.byteLength(text)}`)).completions.map((c) => c.text);
		assert.ok((await offers('state:fa')).includes('state:failed'));
		assert.deepEqual(await offers('state:delivered,fa'), ['state:delivered,failed']);
		assert.ok(!(await offers('state:failed,')).includes('state:failed,failed'));
		assert.deepEqual((await offers('-method:GET,PO')), ['method:GET,POST']);
		assert.deepEqual((await offers('path:"/a,b",/hooks/s')), ['path:"/a,b",/hooks/stripe']);
		await page.open('/');
		await page.js(`const i = document.querySelector('#filter'); i.focus(); i.value = 'state:delivered,fa'; i.setSelectionRange(18, 18); i.dispatchEvent(new Event('input'));`);
		await page.until('the offer', `document.querySelector('#filter-options li')?.innerText.includes('state:delivered,failed')`);
		await page.press('Tab');
		assert.equal(await page.eval(`document.querySelector('#filter').value`), 'state:delivered,failed ');
	});
	it('the palette takes what fits best, not what stands first in the table', async () => {
		for (const [typed, name] of [['over', 'overview'], ['filtered', 'replay-filtered'], ['again', 'sort-again']]) {
			await page.open('/');
			await page.press(':');
			await page.until('the palette', `document.querySelector('dialog .find')`);
			await page.js(`const i = document.querySelector('dialog .find'); i.value = '${typed}'; i.dispatchEvent(new Event('input'));`);
			assert.match(await page.eval(`document.querySelector('#commands li').innerText`), new RegExp(`^${name}`), typed);
			await page.press('Escape');
		}
	});
});
