// The page while something else changes: the record below it, the clock, who may come in, another page beside it.
import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { hasBrowser } from './lib/chromium.mjs';
import { World } from './lib/harness.mjs';
import { Page, firstRow } from './lib/page.mjs';
import { fill, line, startWeb } from './lib/web.mjs';

const skip = !hasBrowser && 'no browser here', HOUR = 3600e3, YEAR = 365 * 24 * HOUR;
const shown = `[...document.querySelectorAll('#grid .row:not([hidden])')].sort((a, b) => a.getBoundingClientRect().y - b.getBoundingClientRect().y)`;
const ids = `JSON.stringify(${shown}.map((r) => Number(r.dataset.id)))`;
const quiet = (page) => page.eval('faults.concat(violations)').then((all) => assert.deepEqual(all, []));

describe('what is secret', { skip }, () => {
	let w, web, page;
	before(async () => {
		w = new World();
		const headers = (n) => [['Authorization', `Bearer topsecret-${n}`], ['Cookie', `sid=cooked-${n}`], ['X-Plain', `plain-${n}`]];
		await fill(w, [1, 2].map((n) => line(n, { headers: headers(n), body: 'Authorization: in the body' })));
		web = await startWeb(w);
		page = await Page.start(w, web);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});
	const text = (selector) => page.eval(`document.querySelector('${selector}').textContent`);

	it('is in the raw messages when it is asked for', async () => {
		await page.open('/d/2?tab=raw');
		await page.until('both messages', `document.querySelectorAll('#panel pre').length === 2`);
		const masked = await text('#panel');
		assert.doesNotMatch(masked, /topsecret|cooked/);
		for (const there of ['Authorization: ••••', 'Cookie: ••••', 'X-Plain: plain-2', 'Authorization: in the body', 'HTTP/1.1 200 OK']) assert.ok(masked.includes(there), `${there}: ${masked}`);
		assert.equal(await page.eval(`document.querySelectorAll('#panel .sec button').length`), 1, 'the answer has none');
		await page.js(`document.querySelector('#panel .sec button').click()`);
		const whole = await text('#panel');
		for (const there of ['Authorization: Bearer topsecret-2', 'Cookie: sid=cooked-2', 'Authorization: in the body']) assert.ok(whole.includes(there), `${there}: ${whole}`);
		assert.doesNotMatch(whole, /••••|Show/);
		await quiet(page);
	});
	it('is not in a comparison, which says that it differs', async () => {
		await page.open('/diff/1/2');
		await page.until('the comparison', `document.querySelectorAll('.diff .l').length > 3`);
		const all = await text('.diff');
		assert.doesNotMatch(all, /topsecret|cooked/);
		assert.match(all, /- authorization: ••••\+ authorization: ••••/i);
		assert.match(all, /- x-plain: plain-1\+ x-plain: plain-2/i);
	});
	it('is not copied with the header fields, unless it is shown', async () => {
		await page.open('/d/2');
		await page.js(`navigator.clipboard.writeText = (t) => (window.copied = t, Promise.resolve())`);
		await page.press('y');
		await page.until('the menu', `!!document.querySelector('.menu')`);
		assert.deepEqual(await page.eval(`(({ offsetWidth: w, children: c }) => [w < 260, [...c].every((b) => b.offsetWidth === c[0].offsetWidth && b.offsetLeft === c[0].offsetLeft)])(document.querySelector('.menu'))`), [true, true], 'as wide as its words, one below the other');
		await page.press('h');
		await page.until('the copy', `!!window.copied`);
		assert.doesNotMatch(await page.eval('copied'), /topsecret|cooked/);
		assert.match(await page.eval('copied'), /X-Plain: plain-2/);

		const copied = async () => {
			await page.js(`window.copied = ''; document.querySelector('#detail').focus()`);
			await page.press('y');
			await page.until('the menu', `!!document.querySelector('.menu')`);
			await page.press('h');
			await page.until('the copy', `!!window.copied`);
			return page.eval('copied');
		};
		await page.js(`document.querySelector('[aria-label="Show Authorization"]').click()`);
		assert.equal((await copied()).replace(/^Host.*\n/, ''), 'Authorization: Bearer topsecret-2\nX-Plain: plain-2');
		await page.press('2');
		await page.until('the answer', `!document.querySelector('[aria-label="Show Cookie"]')`);
		await page.press('1');
		await page.until('what is shown stays so', `/topsecret-2/.test(document.querySelector('#panel').textContent)`);
		assert.doesNotMatch(await text('#panel'), /cooked/);
		await page.press('5');
		await page.until('the raw messages', `!!document.querySelector('#panel .sec button')`);
		await page.js(`document.querySelector('#panel .sec button').click()`);
		assert.match(await copied(), /Authorization: Bearer topsecret-2\nCookie: sid=cooked-2\n/);
		await page.open('/d/2');
		assert.doesNotMatch(await text('#panel'), /topsecret|cooked/, 'who comes back shows it again');
		await quiet(page);
	});
});

describe('another record in the place of the one that is read', { skip }, () => {
	it('is read anew: nothing stays of what is gone, though one had paused', async () => {
		const w = new World();
		let page;
		try {
			const db = w.path('data/creel/creel.db');
			await fill(w, [...Array(40).keys()].map((n) => line(n + 1, { target: `/old/${n + 1}` })));
			const web = await startWeb(w);
			page = await Page.start(w, web);
			await page.until('the rows', firstRow);
			await page.press('j');
			await page.press('j');
			await page.press('m');
			await page.until('the pause and the mark', `document.querySelector('#fol b').checkVisibility() && !!document.querySelector('.row use[href="#mk"]')`);
			for (const end of ['', '-wal', '-shm']) if (existsSync(db + end)) renameSync(db + end, `${db}.away${end}`);
			await fill(w, [1, 2, 3].map((n) => line(100 + n, { target: `/new/${n}` })));
			await page.until('the new rows', `document.body.dataset.ready === '1' && ${ids} === '[3,2,1]'`);
			assert.doesNotMatch(await page.eval(`document.querySelector('#list').textContent`), /old/);
			assert.equal(await page.eval(`document.querySelectorAll('.row use[href="#mk"]').length`), 0);
			await fill(w, [line(104, { target: '/new/4' })]);
			await page.until('what comes then', `${ids} === '[4,3,2,1]'`);
			await quiet(page);
			assert.equal((await web.stop('SIGTERM')).code, 0);
		} finally {
			await page?.close();
			await w.close();
		}
	});
});

describe('a clock that was wrong', { skip }, () => {
	let w, web, page;
	before(async () => {
		w = new World();
		const now = Date.now(), at = [now - 2 * HOUR, now + YEAR, now + YEAR + 1000, now - YEAR, now - 10 * YEAR, now - HOUR];
		await fill(w, at.map((t, i) => line(i + 1, { at: t, status: i % 2 ? 200 : 500 })));
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.until('the rows', firstRow);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});

	it('rows stand as they came, each day said where it changes', async () => {
		await page.until('all', `${ids} === '[6,5,4,3,2,1]'`);
		assert.ok(await page.eval(`[...document.querySelectorAll('.day')].filter((d) => !d.hidden).length`) >= 4);
		for (let i = 0; i < 3; i++) {
			await page.press('t');
			assert.doesNotMatch(await page.eval(`document.querySelector('#list').innerText`), /NaN|Invalid|-\d+[smhd] ago/);
		}
	});
	it('what comes then is on top', async () => {
		await fill(w, [line(7, { at: Date.now() - 3 * YEAR })]);
		await page.until('it', `${ids} === '[7,6,5,4,3,2,1]'`);
		assert.equal(await page.eval(`document.querySelector('#fol b').checkVisibility()`), false, 'it follows');
	});
	it('details and figures of all of them', async () => {
		for (const target of ['/d/2', '/d/5?tab=attempts', '/diff/2/5', '/overview?span=24h', '/overview?span=1h', '/overview?span=30d&by=path']) {
			await page.open(target);
			await page.until(target, `document.querySelector('.dh h1, .card h2')`);
			assert.doesNotMatch(await page.eval(`document.body.innerText`), /NaN|Invalid Date|undefined/, target);
			await quiet(page);
		}
		assert.equal(await page.eval(`document.querySelector('.tile b').textContent`), '2', 'within 30 days');
	});
	it('one that jumps while the page is open: what comes next comes', async () => {
		await page.open('/');
		for (const [n, by] of [[8, -5 * YEAR], [9, 5 * YEAR], [10, 0]]) {
			await page.eval(`(() => { const real = window.realNow ??= Date.now.bind(Date); Date.now = () => real() + ${by}; })()`);
			await fill(w, [line(n)]);
			await page.until(`number ${n}`, `${shown}[0]?.dataset.id === '${n}'`);
		}
		await quiet(page);
	});
});

// How many answers are on their way: what is looked at meanwhile may not come again.
const ASKED = `window.asked = 0; const real = window.fetch; window.fetch = async (...call) => {
	asked++;
	try {
		const answer = await real(...call);
		answer.clone().bytes().catch(() => {}).finally(() => setTimeout(() => asked--));
		return answer;
	} catch (error) {
		asked--;
		throw error;
	}
};`;

describe('read again', { skip }, () => {
	let w, web, page;
	before(async () => {
		w = new World();
		await fill(w, [...Array(300).keys()].map((n) => line(n + 1, { at: Date.now() - (300 - n) * 1000, status: n % 5 ? 200 : 500, target: n % 2 ? '/hooks/github' : '/hooks/stripe' })));
		web = await startWeb(w);
		page = await Page.start(w, web);
		await page.b.say('Page.addScriptToEvaluateOnNewDocument', { source: ASKED });
		await page.until('the rows', firstRow);
	});
	after(async () => {
		await page?.close();
		await w?.close();
	});
	const ready = `document.body.dataset.ready === '1'`;
	const reload = async () => {
		await page.eval(`delete document.body.dataset.ready, location.reload()`);
		await page.until('the page', ready);
	};

	for (const target of ['/?filter=state%3Afailed', '/?filter=stat%3Ax', '/?order=old', '/?order=-took', '/?cols=time,size', '/d/40', '/d/40?tab=response', '/d/40?tab=attempts', '/d/40?tab=verify', '/d/40?tab=raw', '/d/40?view=hex', '/d/40?find=invoice', '/d/40?split=off', '/d/40/edit', '/diff/39/40?view=all', '/overview?span=6h&by=path', '/export?filter=state%3Afailed', '/d/99999']) {
		it(`${target} is what it was`, async () => {
			await page.open(target);
			const look = `document.querySelector('main').innerText.replace(/\\d+[smhd] ago|today [\\d:.]+/g, '').trim()`;
			let before = '';
			await page.until('that it is drawn', `!document.querySelector('[aria-busy], #first') && ${look}.length > 20`);
			await page.until('that it rests', `(() => { const now = asked + ${look}; return now === window.was && !asked || (window.was = now, false); })()`);
			before = await page.eval(look);
			const address = await page.eval('location.pathname + location.search');
			await reload();
			await page.until('the same', `${look} === ${JSON.stringify(before)}`).catch(async () => assert.equal(await page.eval(look), before));
			assert.equal(await page.eval('location.pathname + location.search'), address);
			await quiet(page);
		});
	}
	it('while it had paused: it follows again', async () => {
		await page.open('/');
		await page.press('j');
		await page.until('the pause', `document.querySelector('#fol b').checkVisibility()`);
		await reload();
		await page.until('that it follows', `${firstRow} && !document.querySelector('#fol b').checkVisibility()`);
	});

	it('what comes with the number of one that was deleted is shown', async () => {
		await page.open('/');
		const before = (await web.json('/api/deliveries?limit=1')).newest_id, top = `${shown}[0]?.textContent`;
		await fill(w, [line(700, { target: '/first' })]);
		await page.until('the first', `${top}.includes('/first')`);
		for (const [n, target] of [[701, '/second'], [702, '/third']]) {
			assert.equal((await web.call('/api/deliveries', { method: 'DELETE', body: { ids: [before + 1], confirm_count: 1 } })).status, 204);
			await fill(w, [line(n, { target })]);
			assert.equal((await web.json('/api/deliveries?limit=1')).newest_id, before + 1, 'the number comes again');
			await page.until(target, `${top}.includes('${target}')`);
		}
		assert.equal((await web.call('/api/deliveries', { method: 'DELETE', body: { ids: [before + 1], confirm_count: 1 } })).status, 204);
		await page.until('that it is gone', `${shown}[0]?.dataset.id === '${before}'`);
	});

	it('what has the numbers of some that were deleted between two looks is shown, however many', async () => {
		await page.open('/');
		await page.until('the rows', firstRow);
		const id = (await web.json('/api/deliveries?limit=1')).newest_id;
		for (const n of [1, 3, 100]) {
			const there = `/in-${n}`, row = (i) => `${shown}.find((r) => r.dataset.id === '${id - i}')`;
			const sql = await w.run('sqlite3', [w.path('data/creel/creel.db'), `UPDATE delivery SET event_id = randomblob(16), target = '${there}', path = '${there}' WHERE id > ${id - n}`]);
			assert.equal(sql.code, 0, sql.err);
			await page.until(`the newest of ${n}`, `${row(0)}?.textContent.includes('${there}')`);
			await page.js(`document.querySelector('#scroller').scrollTop = ${(n - 1) * 32}`);
			await page.until(`the oldest of ${n}`, `${row(n - 1)}?.textContent.includes('${there}')`);
			await page.press('G');
			await page.until('the newest', row(0));
		}
		await quiet(page);
	});

	it('two pages: what comes and what is deleted is seen in both, also in the one that was hidden meanwhile', async () => {
		await page.open('/');
		const other = await page.b.another(`${web.base}/`);
		const inOne = async (p, what, text) => {
			await p.say('Page.bringToFront');
			await page.until.call({ eval: (t) => p.eval(t) }, what, text);
		};
		const both = async (what, text) => {
			await inOne(other, `${what}, in the other`, text);
			await inOne(page.b, `${what}, in the first`, text);
			await inOne(other, `${what}, in the other again`, text);
		};
		await fill(w, [line(301)]);
		await both('what comes', `${shown}[0]?.dataset.id === '301'`);
		// The first two may be read when it is looked at, and when its stream is open; the third comes by the stream.
		for (const id of [302, 303, 304]) {
			await fill(w, [line(id)]);
			await inOne(other, 'that it listens', `${shown}[0]?.dataset.id === '${id}'`);
		}
		assert.equal((await web.call('/api/deliveries', { method: 'DELETE', body: { ids: [304, 303, 302, 301], confirm_count: 4 } })).status, 204);
		await both('what is gone', `!!${firstRow} && ${shown}[0]?.dataset.id === '300'`);
		await other.shut();
		await page.b.say('Page.bringToFront');
		await fill(w, [line(305, { target: '/left' })]);
		await page.until('what comes to the one that is left', `${shown}[0]?.textContent.includes('/left')`);
	});

	it('what was deleted or went on while no page listened is so when one is looked at again', async () => {
		await page.open('/');
		await page.until('rows', `${shown}.length > 5`);
		const [, gone, other] = JSON.parse(await page.eval(ids)), blank = (await page.b.say('Target.createTarget', { url: 'about:blank' })).targetId;
		await page.b.say('Target.activateTarget', { targetId: blank });
		await page.until('that it is hidden', 'document.hidden');
		assert.equal((await web.call('/api/deliveries', { method: 'DELETE', body: { ids: [gone], confirm_count: 1 } })).status, 204);
		const sql = await w.run('sqlite3', [w.path('data/creel/creel.db'), `UPDATE delivery SET status = 503 WHERE id = ${other}`]);
		assert.equal(sql.code, 0, sql.err);
		await page.b.say('Page.bringToFront');
		await page.until('that it is gone', `!${ids}.includes('${gone},')`);
		await page.until('how the other went', `${shown}.find((r) => r.dataset.id === '${other}').textContent.includes('503')`);
		await page.b.say('Target.closeTarget', { targetId: blank });
	});

	it('while one has paused, what took the numbers of deleted ones shows in its place, and what came beyond is counted', async () => {
		await page.open('/');
		await page.until('the rows', firstRow);
		const id = (await web.json('/api/deliveries?limit=1')).newest_id;
		await page.press('j');
		await page.until('the pause', `document.querySelector('#fol b').checkVisibility()`);
		const sql = await w.run('sqlite3', [w.path('data/creel/creel.db'), `UPDATE delivery SET event_id = randomblob(16), target = '/others', path = '/others' WHERE id > ${id - 100}`]);
		assert.equal(sql.code, 0, sql.err);
		await page.until('who has the number now', `${shown}[0]?.dataset.id === '${id}' && ${shown}[0].textContent.includes('/others')`);
		// What comes while nothing is heard.
		const blank = (await page.b.say('Target.createTarget', { url: 'about:blank' })).targetId;
		await page.b.say('Target.activateTarget', { targetId: blank });
		await page.until('that it is hidden', 'document.hidden');
		await fill(w, [line(801), line(802), line(803)]);
		await page.b.say('Page.bringToFront');
		await page.until('that they are counted', `document.querySelector('#fol .p').textContent.startsWith('3 new')`);
		assert.equal(await page.eval(`${shown}[0].dataset.id`), String(id));
		await page.press('G');
		await page.until('them', `${shown}[0]?.dataset.id === '${id + 3}'`);
		await page.b.say('Target.closeTarget', { targetId: blank });
	});

	it('a key right after a scroll goes where it says', async () => {
		await page.open('/');
		await page.until('the rows', firstRow);
		await page.js(`document.querySelector('#scroller').scrollTop = 640; document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'G', bubbles: true, cancelable: true })); await new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(r))))`);
		assert.equal(await page.eval(`document.querySelector('#scroller').scrollTop`), 0);
		assert.ok(!(await page.eval(`document.querySelector('#fol b').checkVisibility()`)), 'it follows');
	});
});

describe('who may come in', { skip }, () => {
	it('a new token: the open page asks for it, and opens the same delivery', async () => {
		const w = new World();
		let page;
		try {
			await fill(w, [1, 2, 3].map((n) => line(n)));
			const first = await startWeb(w), port = String(first.port);
			page = await Page.start(w, first);
			await page.open('/d/2?tab=attempts&filter=path%3A%22%2Fhooks%2F*%22');
			const asked = await page.eval('location.search');
			assert.equal((await first.stop('SIGTERM')).code, 0);
			const second = await startWeb(w, ['--port', port, '--new-token']);
			assert.notEqual(second.token, first.token);
			await page.until('the question', `!!document.querySelector('.door input[name=token]')`);
			assert.doesNotMatch(await page.eval('document.documentElement.outerHTML'), /invoice|FIRST BYTE/);
			assert.equal(await page.eval('location.pathname'), '/d/2');
			assert.ok(await page.eval(`(({ lineHeight: a, fontSize: b }) => parseFloat(a) > parseFloat(b))(getComputedStyle(document.querySelector('.door h1')))`), 'lines of the heading do not overlap');
			await page.js(`document.querySelector('.door input[name=token]').value = '${second.token}'; document.querySelector('.door form').requestSubmit();`);
			await page.until('the delivery', `document.body.dataset.ready === '1' && location.pathname === '/d/2' && document.querySelector('.dh h1')?.textContent.includes('#2')`);
			assert.equal(new URLSearchParams(await page.eval('location.search')).toString(), new URLSearchParams(asked).toString());
			await page.until('its attempts', `/FIRST BYTE/.test(document.querySelector('#panel').innerText)`);
		} finally {
			await page?.close();
			await w.close();
		}
	});
});
