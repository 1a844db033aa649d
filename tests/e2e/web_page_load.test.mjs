// The page while much arrives: its memory and its nodes stay what they are, and a reader who stopped slows nobody.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World, waitFor } from './lib/harness.mjs';
import { Page, firstRow } from './lib/page.mjs';
import { fill, line, startWeb, stream } from './lib/web.mjs';

const newest = `Math.max(...[...document.querySelectorAll('#grid .row:not([hidden])')].map((n) => Number(n.dataset.id)))`;

describe('while much arrives', { skip: !hasBrowser && 'no browser here' }, () => {
	let w, web, page, next = 1;
	const arrive = async (count) => {
		await fill(w, [...Array(count).keys()].map((i) => line(next + i, { at: Date.now(), target: `/hooks/${next + i}` })));
		next += count;
	};
	before(async () => {
		w = new World();
		await arrive(100);
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.until('the rows', firstRow);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});
	const shown = () => page.until('what came last', `${newest} === ${next - 1}`);
	const cost = async () => {
		await page.b.say('HeapProfiler.collectGarbage');
		const { metrics } = await page.b.say('Performance.getMetrics');
		return Object.fromEntries(metrics.map((m) => [m.name, m.value]));
	};

	it('memory and nodes after 10,000 rows are those after 1,000, though one reader stopped', async () => {
		const stopped = stream(web);
		await waitFor('its answer', () => stopped.answered());
		stopped.pause();
		try {
			await page.b.say('Performance.enable');
			for (let i = 0; i < 4; i++) await arrive(250);
			await shown();
			const before = await cost();
			for (let i = 0; i < 18; i++) await arrive(500);
			await shown();
			const now = await cost();
			// The rows it keeps are not yet as many at 1,000 (5,600 to 28,000 rows: 2.3 to 3.1 MB); one for each would be 9 MB.
			assert.ok(now.JSHeapUsedSize - before.JSHeapUsedSize < 2_500_000, `${before.JSHeapUsedSize} and then ${now.JSHeapUsedSize} bytes`);
			assert.ok(now.Nodes - before.Nodes < 500, `${before.Nodes} and then ${now.Nodes} nodes`);
			assert.ok(now.JSEventListeners - before.JSEventListeners < 20, 'no listener a row');
		} finally {
			stopped.close();
		}
	});

	it('what is new has its bar for a moment, and the bar goes though nothing else comes', async () => {
		await page.js(`window.bars = new Set(); window.watcher = new MutationObserver(() => document.querySelectorAll('.row.new').forEach((n) => bars.add(n.dataset.id))); watcher.observe(document.querySelector('#grid'), { subtree: true, childList: true, attributes: true });`);
		await arrive(3);
		await shown();
		await page.until('each with its bar, and then none', `bars.has('${next - 1}') && bars.has('${next - 3}') && !document.querySelector('.row.new')`);
		await page.eval('watcher.disconnect()');
	});

	it('of a body of 302 lines all are there unasked, each as far in as it is deep', async () => {
		await fill(w, [line(next, { body: JSON.stringify(Array(100).fill({ n: 1 })) })]);
		await page.open(`/d/${next++}`);
		await page.until('all lines', `document.querySelectorAll('#detail .tree .l').length === 302`);
		assert.deepEqual(await page.eval(`[0, 1, 2].map((i) => document.querySelectorAll('#detail .tree .l')[i].querySelector('.in')?.offsetWidth ?? 0)`), [0, 16, 32]);
		await page.js(`document.querySelectorAll('#detail .tree .a')[1].click()`);
		await page.until('one of them folded', `document.querySelectorAll('#detail .tree .l').length === 300`);
		assert.match(await page.eval(`document.querySelectorAll('#detail .tree .l')[1].innerText`), /1 key, 7 \}/);
		await page.open('/');
		await page.until('the rows', firstRow);
	});

	it('who has paused sees nothing change but how many are new', async () => {
		await page.press('j');
		await page.press('j');
		await page.until('the pause, and nothing that is new any more', `document.querySelector('#fol b').checkVisibility() && !document.querySelector('.row.new')`);
		await page.eval(`(() => { window.changed = { list: 0, around: 0, numbers: 0 }; window.watcher = new MutationObserver((all) => all.forEach((m) => (m.attributeName === 'aria-rowindex' ? changed.numbers++ : (m.target.closest ? m.target : m.target.parentElement)?.closest('.row, .day') ? changed.list++ : changed.around++))); watcher.observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true }); window.began = performance.now(); })()`);
		const was = next;
		for (let i = 0; i < 5; i++) await arrive(120);
		await page.until('their number', `document.querySelector('#fol').innerText.includes('${next - was} new')`);
		const changed = await page.eval('watcher.disconnect(), changed.seconds = (performance.now() - began) / 1000, changed');
		assert.equal(changed.list, 0);
		assert.ok(changed.around < Math.max(300, 60 * changed.seconds), `${changed.around} changes for ${next - was} deliveries in ${changed.seconds} s`);
		const rows = await page.eval(`document.querySelectorAll('#grid .row:not([hidden])').length`);
		assert.ok(changed.numbers > 0 && changed.numbers <= rows * (11 * changed.seconds + 2), `${changed.numbers} numbers of ${rows} rows in ${changed.seconds} s, told ten times a second at most`);
	});

	it('the list is as high as before, and now and then higher, whatever arrives', async () => {
		await page.js(`window.heights = []; window.told = 0; const grid = document.querySelector('#grid');
			heights.push(parseFloat(grid.style.height));
			window.watcher = new MutationObserver(() => heights.push(parseFloat(grid.style.height)));
			watcher.observe(grid, { attributes: true, attributeFilter: ['style'] });
			(await import('/page/events.js')).on('more', () => told++);`);
		const was = next;
		for (let i = 0; i < 5; i++) await arrive(120);
		await page.until('their number, some told as a number alone', `told > 0 && document.querySelector('#rate').innerText.startsWith('${(next - 1).toLocaleString('en-US')}')`);
		const heights = await page.eval('watcher.disconnect(), heights');
		assert.ok(heights[0] > 32 * was * 0.98, `${heights[0]} px for ${was} rows`);
		assert.deepEqual(heights, heights.toSorted((a, b) => a - b));
		assert.ok(heights.length < 20, `${heights.length} heights for ${next - was} rows`);
	});

	it('a key shows the row it chooses in the next frame, though the scroll of the last one is told then, too', async () => {
		const out = await page.js(`const box = document.querySelector('#scroller').getBoundingClientRect(), out = [];
			for (let n = 0; n < 80; n++) {
				document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'j', bubbles: true, cancelable: true }));
				await new Promise(requestAnimationFrame);
				const row = document.querySelector('.row[aria-selected=true]')?.getBoundingClientRect();
				if (!(row?.top >= box.top - 1 && row.bottom <= box.bottom + 1)) out.push(n);
			}
			return out;`);
		assert.deepEqual(out, []);
	});

	it('a burst is handled some events a task, each in its turn', async () => {
		await page.js(`window.tasks = []; window.told = []; let n = 0; const next = new MessageChannel(); next.port1.onmessage = () => (tasks.push(n), (n = 0));
			(await import('/page/events.js')).on('delivery', (row) => (told.push(row.id), n++ || next.port2.postMessage(0)));`);
		for (let i = 0; i < 3; i++) await arrive(60);
		await page.until('all of them', `told.at(-1) === ${next - 1} && tasks.reduce((n, t) => n + t, 0) === told.length`);
		const { tasks, told } = await page.eval('({ tasks, told })');
		assert.ok(Math.max(...tasks) <= 16, `${tasks} in a task`);
		assert.deepEqual(told, told.toSorted((a, b) => a - b));
		assert.ok(told.length >= 60, `${told.length} one by one`);
	});

	for (const order of ['', 'old']) {
		it(`no layout is asked for after rows were written, while rows arrive and keys are pressed${order && ', newest last'}`, async () => {
			await page.open(order && '/?order=old');
			await page.until('the rows', firstRow);
			// What reads a layout, or needs one, counts when a row was written since the last one. In a frame, a ResizeObserver is told after it.
			await page.js(`window.asked = []; window.written = 0; let dirty = false;
				const box = document.body.appendChild(document.createElement('i')), rows = (all) => all.some((m) => m.type === 'childList' || (m.target.closest ? m.target : m.target.parentElement)?.closest('.row, .day'));
				box.style.cssText = 'position: fixed; height: 1px; width: 1px';
				const watch = new MutationObserver((all) => rows(all) && (written++, (dirty = true)));
				watch.observe(document.querySelector('#grid'), { subtree: true, childList: true, attributes: true, characterData: true });
				new ResizeObserver(() => (dirty = false)).observe(box);
				const frame = () => ((box.style.width = box.style.width === '1px' ? '2px' : '1px'), requestAnimationFrame(frame));
				requestAnimationFrame(frame);
				const look = (what) => ((dirty ||= rows(watch.takeRecords())) && asked.push(what + new Error().stack.split('\\n').slice(3, 5).join()));
				const wrap = (proto, name) => {
					const old = Object.getOwnPropertyDescriptor(proto, name);
					Object.defineProperty(proto, name, { ...old, ...Object.fromEntries(['get', 'set', 'value'].filter((k) => old[k]).map((k) => [k, function (...args) { look(name); return old[k].apply(this, args); }])) });
				};
				for (const name of ['scrollTop', 'scrollHeight', 'clientHeight', 'clientWidth', 'getBoundingClientRect', 'getClientRects', 'scrollIntoView', 'scrollTo', 'scrollBy']) wrap(Element.prototype, name);
				for (const name of ['offsetTop', 'offsetHeight', 'offsetWidth']) wrap(HTMLElement.prototype, name);`);
			await arrive(120);
			await page.until('what came last', `[...document.querySelectorAll('#grid .row')].some((n) => n.dataset.id === '${next - 1}')`);
			// Down by more pages than are kept, and up again to what was let go.
			for (const key of ['j', 'k']) {
				for (let i = 0; i < 4; i++) {
					await arrive(20);
					await page.js(`for (let n = 0; n < 180; n++) {
						document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', bubbles: true, cancelable: true }));
						if (n % 2) await new Promise(requestAnimationFrame);
					}`);
				}
			}
			const { asked, written } = await page.eval('({ asked, written })');
			assert.ok(written > 100, `rows were written ${written} times`);
			assert.deepEqual(asked, []);
		});
	}

	it('from anywhere G follows again, while more comes', async () => {
		await page.open('/');
		for (let i = 0; i < 3; i++) {
			await page.eval(`document.querySelector('#scroller').scrollTop = document.querySelector('#scroller').scrollHeight * ${0.3 + 0.2 * i}`);
			await page.until('rows from further down', `document.querySelector('#fol b').checkVisibility() && ${newest} < ${next - 400}`);
			const coming = (async () => {
				for (let n = 0; n < 6; n++) await arrive(30);
			})();
			await page.press('G');
			await coming;
			await shown();
			assert.equal(await page.eval(`document.querySelector('#fol b').checkVisibility()`), false, 'it follows');
		}
	});

	it('who catches up while more comes misses none', async () => {
		await page.open('/');
		await page.until('the rows', firstRow);
		await page.js(`window.list = (await import('/page/list.js')); window.again = setInterval(list.catchUp, 1)`);
		for (let i = 0; i < 8; i++) await arrive(40);
		await shown();
		await page.eval('clearInterval(again)');
		assert.deepEqual(await page.eval(`list.list.rows.flatMap((r, i, all) => (i && all[i - 1].id !== r.id + 1 ? [[all[i - 1].id, r.id]] : []))`), []);
	});

	it('with a filter, new are those that match', async () => {
		await page.open('/?filter=path%3A%2Fhooks%2F1*');
		await page.until('the rows', firstRow);
		await page.press('j');
		await page.until('the pause', `document.querySelector('#fol b').checkVisibility()`);
		const was = next;
		await arrive(50);
		const match = [...Array(50).keys()].filter((i) => String(was + i).startsWith('1')).length;
		await page.until('their number', match ? `document.querySelector('#fol').innerText.includes('${match} new')` : `document.querySelector('#rate').innerText.startsWith('${(next - 1).toLocaleString('en-US')}')`);
		if (!match) assert.doesNotMatch(await page.eval(`document.querySelector('#fol').innerText`), /new ↑/);
	});
});
