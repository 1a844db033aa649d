// Keys pressed in a page of Chromium, each as soon as the last is answered: how long until their handlers have run, and
// until what they change is painted. By the clock that is also how long the browser's threads wait for a processor, which
// they share with all else here: a trace tells what the page's own thread ran of it.

const KEYS = 100;

async function press(page, grid) {
	await page.say('Page.bringToFront');
	// Event Timing tells steps of 8 ms, and nothing below 16.
	await page.eval(`${grid ? `document.querySelector('#grid').focus(), ` : ''}window.timed = [], window.delays = [],
		window.delayed ??= (addEventListener('keydown', (e) => delays.push(performance.now() - e.timeStamp), true), new PerformanceObserver((l) => l.getEntries().forEach((e) => e.name === 'keydown' && timed.push([e.duration, e.processingEnd - e.startTime]))).observe({ type: 'event', durationThreshold: 16 }), true)`);
	for (let i = 0; i < KEYS; i++) await page.page.keyboard.press('j');
	return page.eval('new Promise((done) => setTimeout(() => done({ timed, delays }), 300))');
}

/** What the browser's threads do meanwhile, as Chromium's trace events. */
async function traced(page, run) {
	const browser = await page.browser.newBrowserCDPSession(), events = [], done = new Promise((resolve) => browser.once('Tracing.tracingComplete', resolve));
	browser.on('Tracing.dataCollected', ({ value }) => events.push(...value));
	await browser.send('Tracing.start', { transferMode: 'ReportEvents', traceConfig: { includedCategories: ['devtools.timeline', 'toplevel'] } });
	const found = await run();
	await browser.send('Tracing.end');
	await done;
	await browser.detach();
	return { ...found, events };
}

/** Of each key, in ms: until its handler had run, and what the page's thread ran of that. */
function handlers({ events, delays }) {
	const thread = (e) => `${e.pid} ${e.tid}`, isKey = (e) => e.name === 'EventDispatch' && e.args.data?.type === 'keydown', pages = events.filter(isKey).map(thread);
	const main = pages.toSorted((a, b) => pages.filter((p) => p === b).length - pages.filter((p) => p === a).length)[0];
	const spans = events.filter((e) => thread(e) === main && e.ph === 'X' && e.tdur !== undefined).sort((a, b) => a.ts - b.ts || b.dur - a.dur), tasks = [];
	for (const e of spans) if (!tasks.length || e.ts >= tasks.at(-1).ts + tasks.at(-1).dur) tasks.push(e);
	const keys = spans.filter(isKey);
	if (keys.length !== KEYS || delays.length !== KEYS) throw new Error(`${keys.length} keys in the trace, ${delays.length} in the page`);
	return keys.map((key, i) => {
		const from = key.ts - 1000 * delays[i], to = key.ts + key.dur;
		const ran = tasks.reduce((sum, t) => sum + (t.dur && (Math.max(0, Math.min(to, t.ts + t.dur) - Math.max(from, t.ts)) / t.dur) * t.tdur), 0);
		return { clock: (to - from) / 1000, ran: ran / 1000 };
	});
}

const share = (list, q) => list.toSorted((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * q))];

/**
 * 100 keys: how many took 16 ms or more until they were painted, and the middle and 99th of these times; the longest until
 * its handler had run. Then 100 more, traced: the 99th and the longest until theirs had, by the clock and as the page's
 * thread ran. In ms.
 */
export async function keysOf(page, grid) {
	const { timed } = await press(page, grid), took = [...Array(Math.max(0, KEYS - timed.length)).fill(8), ...timed.map(([painted]) => painted)];
	const all = handlers(await traced(page, () => press(page, grid))), both = (of) => ({ p99: share(all.map(of), 0.98), most: share(all.map(of), 1) });
	return { late: timed.length, p50: share(took, 0.5), p99: share(took, 0.98), handler: Math.max(0, ...timed.map(([, handled]) => handled)), clock: both((k) => k.clock), ran: both((k) => k.ran) };
}
