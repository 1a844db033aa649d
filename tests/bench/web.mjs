// creel web at DELIVERIES on record: how soon the first rows are there, what a call takes, and what twenty pages and 500
// deliveries a second cost. Usage: node web.mjs BUILD_DIR. Beside each paint stands that of a page with one word, which
// is what the browser and the hour take. What a limit is set for and is beyond it is said, and the bench fails.
// MINUTES=10 goes on looking at the page's memory for as long, while rows arrive. PARTS=frames,keys measures these alone, of calls,
// paint, pages, frames, keys, opened; STORE=FILE takes a store that is there (store-load fill, figures) and leaves more in it.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { performance } from 'node:perf_hooks';

process.env.CREEL_BIN_DIR = path.resolve(process.argv[2]);
const { World, waitFor } = await import('../e2e/lib/harness.mjs');
const { Browser } = await import('../e2e/lib/chromium.mjs');
const { startWeb } = await import('../e2e/lib/web.mjs');
const { keysOf } = await import('./keys.mjs');

const count = Number(process.env.DELIVERIES ?? 1_000_000), load = path.resolve(process.argv[2], 'store-load');
const w = new World(), db = process.env.STORE ?? w.path('bench.db');
const run = (...args) => new Promise((resolve, reject) => spawn(load, [db, ...args], { stdio: 'inherit' }).on('close', (code) => (code ? reject(new Error(`store-load ended with ${code}`)) : resolve())));
const median = (list) => list.sort((a, b) => a - b)[Math.floor(list.length / 2)];
const plain = createServer(({ url }, answer) => answer.setHeader('Content-Type', 'text/html').end(`<!doctype html><p id="w">word${url === '/keys' ? '<script>let n = 0; onkeydown = () => (w.textContent = ++n)</script>' : ''}`));
/** A figure with the most it may be; what a page of one word takes besides is not ours. */
const limit = (what, value, most, unit) => {
	if (value <= most) return;
	console.error(`bench: ${what}: ${value.toFixed(1)} ${unit}, ${most} at most`);
	process.exitCode = 1;
};
const part = (name) => !process.env.PARTS || process.env.PARTS.split(',').includes(name);
let b, fast, writer;
try {
	if (!process.env.STORE) {
		await run('fill', String(count));
		await run('figures');
	}
	await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve));
	const web = await startWeb(w, ['--db', db]);
	const kib = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${web.child.pid}/status`, 'utf8'))[1]);
	for (const target of !part('calls') ? [] : ['/', '/d/999', '/api/deliveries?limit=128', '/api/count', '/api/stats', '/api/stats?from=0&step=31536000', '/api/stats?filter=source%3Astripe', '/api/count?filter=status%3A5xx']) {
		const took = [];
		for (let i = 0; i < 9; i++) {
			const from = performance.now(), answer = await web.call(target);
			took.push(performance.now() - from);
			if (answer.status !== 200) throw new Error(`${target}: ${answer.status} ${answer.text}`);
		}
		console.log(`${count} deliveries, ${target}: ${median(took).toFixed(1)} ms`);
		if (target.startsWith('/api/stats')) limit(target, median(took), 50, 'ms');
	}

	b = await Browser.start(w);
	const paint = async (url) => {
		await b.visit(url);
		return b.eval(`new Promise((done) => { const look = () => { const p = performance.getEntriesByName('first-contentful-paint')[0]; p ? done(p.startTime) : setTimeout(look, 10); }; look(); })`);
	};
	await paint(web.url);
	const ours = [], theirs = [];
	for (let i = 0; part('paint') && i < 9; i++) {
		ours.push(await paint(`${web.base}/`));
		theirs.push(await paint(`http://127.0.0.1:${plain.address().port}/`));
	}
	if (ours.length) {
		console.log(`first paint of the rows: ${median(ours).toFixed(0)} ms; of a page with one word: ${median(theirs).toFixed(0)} ms`);
		limit('first paint of the rows, beyond that of a word', median(ours) - median(theirs), 100, 'ms');
	}

	const pages = [];
	for (let i = 0; i < (part('pages') ? 20 : 1); i++) pages.push(await b.another(`${web.base}/`));
	for (const p of pages) await waitFor('a page', () => p.eval(`document.body.dataset.ready === '1' && !!document.querySelector('#grid .row:not([hidden])')`).catch(() => false), 60_000);
	if (part('pages')) {
		console.log(`twenty pages: creel ${kib()} KiB`);
		limit('memory with twenty pages', kib() / 1024, 40, 'MiB');
	}
	for (const p of pages.slice(1)) await p.shut();
	writer = spawn(load, [db, 'rate', '500'], { stdio: 'ignore' });
	/** Frames of ten seconds, in ms, and how many in a hundred took over 32. */
	const frames = async (page, move) => {
		const took = await page.eval(`new Promise((done) => {
			const took = [], end = performance.now() + 10000; let last = performance.now(), down = 1;
			const s = document.querySelector('#scroller');
			const step = (now) => { took.push(now - last); last = now; ${move} now < end ? requestAnimationFrame(step) : done(took); };
			requestAnimationFrame(step);
		})`);
		took.sort((x, y) => x - y);
		return { took, late: (100 * took.filter((f) => f > 32).length) / took.length, p99: took[Math.floor(took.length * 0.99)] };
	};
	await b.say('Page.bringToFront');
	const idle = part('frames') && await frames(b, '');
	await pages[0].say('Page.bringToFront');
	await pages[0].say('Emulation.setDeviceMetricsOverride', { width: 1440, height: 900, deviceScaleFactor: 1, mobile: false });
	const page = pages[0], ready = (what, text) => waitFor(what, () => page.eval(text));
	const follows = `!document.querySelector('#fol b').checkVisibility()`;
	await ready('rows that come', `${follows} && !!document.querySelector('.row.new')`);
	for (const [what, move] of !part('frames') ? [] : [['following', ''], ['scrolling', 's.scrollTop += 40 * down; if (s.scrollTop > 20000 || s.scrollTop <= 0) down = -down;']]) {
		const f = await frames(page, move);
		console.log(`${what} for 10 s while 500/s arrive: ${f.took.length} frames, ${f.late.toFixed(1)} % over 32 ms, p99 ${f.p99.toFixed(0)} ms; of a page with one word: ${idle.late.toFixed(1)} %, ${idle.p99.toFixed(0)} ms; creel ${kib()} KiB`);
		limit(`frames over 32 ms, ${what}, beyond those of a word`, f.late - idle.late, 1, '%');
	}

	if (part('keys')) {
		// The browser paints 60 times a second, which is what a key waits for: beside a page of one word, and once more in a
		// browser that paints as soon as it can. One that has just started, or a page, does other things for some seconds.
		const wordKeys = `http://127.0.0.1:${plain.address().port}/keys`, grid = `document.body.dataset.ready === '1' && !!document.querySelector('#grid .row:not([hidden])')`;
		await b.visit(wordKeys);
		for (const how of ['60 paints a second', 'paints at once']) {
			const atOnce = how === 'paints at once';
			if (atOnce) fast = await Browser.start(w, { args: ['--disable-frame-rate-limit', '--disable-gpu-vsync'] });
			const theirs = atOnce ? await fast.another(wordKeys) : b, ours = atOnce ? await fast.another(web.url) : page;
			await waitFor('the rows', () => ours.eval(grid).catch(() => false), 60_000);
			await new Promise((done) => setTimeout(done, 3000));
			const k = await keysOf(ours, true), o = await keysOf(theirs, false);
			console.log(`100 keys, ${how}: ${k.late} of them took 16 ms or more until they were painted, p50 ${k.p50}, p99 ${k.p99} ms; of a page with one word: ${o.late}, p50 ${o.p50}, p99 ${o.p99} ms; their handlers ${k.handler.toFixed(1)} ms, of the word ${o.handler.toFixed(1)}`);
			const most = ({ clock, ran }) => `p99 ${clock.p99.toFixed(1)}, at most ${clock.most.toFixed(1)} ms by the clock, p99 ${ran.p99.toFixed(1)}, at most ${ran.most.toFixed(1)} that the page's thread ran`;
			console.log(`100 more, traced, until their handlers had run: ${most(k)}; of the word: ${most(o)}`);
			if (atOnce) continue;
			limit('a key, until it is painted, beyond that of a word', k.p99 - o.p99, 16, 'ms');
			limit('a key, until its handler has run', k.handler, 16, 'ms');
			limit('a key, what the page itself runs until then', k.ran.most, 16, 'ms');
		}
		await fast.close();
		fast = undefined;
	}
	await page.say('Page.bringToFront');
	const opened = [];
	for (let i = 0; part('opened') && i < 9; i++) {
		opened.push(await page.eval(`new Promise((done) => {
			const row = [...document.querySelectorAll('#grid .row:not([hidden])')][${1 + (i % 4)}], id = '#' + row.dataset.id, from = performance.now();
			new MutationObserver((all, o) => document.querySelector('#detail h1 .id')?.textContent === id && (o.disconnect(), done(performance.now() - from))).observe(document.querySelector('#detail'), { childList: true, subtree: true });
			row.click();
		})`));
	}
	if (opened.length) {
		console.log(`a delivery is opened: ${median(opened).toFixed(0)} ms`);
		limit('a delivery is opened', median(opened), 50, 'ms');
	}

	const minutes = Number(process.env.MINUTES ?? 0), heap = [];
	await page.say('Performance.enable');
	for (let i = 0; minutes && i <= minutes; i++) {
		if (i) await new Promise((done) => setTimeout(done, 60_000));
		await page.say('HeapProfiler.collectGarbage');
		const { metrics } = await page.say('Performance.getMetrics');
		heap.push(metrics.find((m) => m.name === 'JSHeapUsedSize').value / 1048576);
		console.log(`memory of the page after ${i} minutes: ${heap[i].toFixed(1)} MiB`);
	}
	if (minutes) limit('memory that the page gained', heap.at(-1) - heap[1], 1, 'MiB');
} finally {
	writer?.kill('SIGTERM');
	await fast?.close();
	await b?.close();
	plain.close();
	await w.close();
}
