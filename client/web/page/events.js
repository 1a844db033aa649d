// Events, from one stream for all pages (browsers open six connections to a host): who holds the lock passes them on.

const channel = new BroadcastChannel('creel');
const listeners = {};
export let heard = Date.now();
let failures = 0, source, leading, newest = 0;

export const on = (name, listener) => (listeners[name] ??= []).push(listener);
export function tell(name, data) {
	heard = Date.now();
	for (const listener of listeners[name] ?? []) {
		try {
			listener(data);
		} catch (error) {
			console.error(error);
		}
	}
}

channel.onmessage = ({ data }) => arrive(data);

let waiting = [], timer, passing = [];
/** Some events a task: a key waits for no burst. */
function arrive(events) {
	waiting.push(...events);
	timer ??= setTimeout(() => {
		timer = null;
		for (const [name, text] of waiting.splice(0, document.hidden ? 1e6 : 16)) tell(name, JSON.parse(text));
		if (waiting[0]) arrive([]);
	});
}
function pass(...event) {
	if (passing.push(event) === 1) {
		setTimeout(() => {
			channel.postMessage(passing);
			passing = [];
		}, 20);
	}
	arrive([event]);
}

function open() {
	source = new EventSource(newest ? `/api/events?after=${newest}` : '/api/events');
	source.onopen = () => {
		failures = 0;
		pass('open', '{}');
	};
	for (const name of ['delivery', 'attempt', 'state', 'more', 'gone', 'replay', 'reset', 'k']) {
		source.addEventListener(name, (event) => {
			if (event.lastEventId) newest = Number(event.lastEventId) || newest;
			pass(name, event.data);
		});
	}
	source.onerror = () => {
		failures++;
		pass('lost', '{}');
		if (source.readyState !== EventSource.CLOSED && failures < 3) return;
		source.close();
		clearTimeout(again);
		again = setTimeout(() => leading && open(), Math.min(15, 2 ** Math.max(0, failures - 3)) * 1000 * (0.75 + Math.random() / 2));
	};
}
let again;

function close() {
	clearTimeout(again);
	source?.close();
	source = leading = null;
}

/** Waits for its turn to lead, while the page is seen. */
async function lead(steal) {
	const controller = new AbortController();
	giveUp = () => controller.abort();
	try {
		await navigator.locks.request('creel-events', steal ? { steal: true } : { signal: controller.signal }, () => new Promise((resolve) => {
			leading = true;
			giveUp = resolve;
			open();
		}));
	} catch { /* it was hidden meanwhile, or another page took over */ }
	close();
}
let giveUp = () => {};

export function start() {
	if (!document.hidden) lead();
	document.onvisibilitychange = () => {
		if (document.hidden) return giveUp();
		lead();
		tell('seen', {});
	};
	window.onpagehide = () => giveUp();
	window.ononline = () => {
		if (leading && source?.readyState !== EventSource.OPEN) source?.close(), open();
	};
	// A leader that hangs passes nothing on.
	setInterval(() => {
		if (!document.hidden && !leading && Date.now() - heard > 20_000) {
			heard = Date.now();
			giveUp();
			lead(true);
		}
	}, 2000);
}
