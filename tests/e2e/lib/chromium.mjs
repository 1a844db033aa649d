// A headless Chromium, driven over its DevTools protocol.
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { WebSocket } from 'ws';
import { removeFolder, waitFor, within } from './harness.mjs';
import { once } from 'node:events';

export const hasBrowser = process.platform === 'linux'; // macOS' runners have none

/** One page of a browser of its own. */
export class Browser {
	/** `hosts`: names as the browser is to resolve them, `{ 'evil.example': '127.0.0.1' }`. */
	static async start(world, { hosts = {}, args = [] } = {}) {
		const b = new Browser();
		b.folder = mkdtempSync(path.join(world.dir, 'chromium-'));
		const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`).join(',');
		b.process = world.spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server', '--disable-background-networking',
			'--remote-debugging-port=0', `--user-data-dir=${b.folder}`, ...(rules ? [`--host-resolver-rules=${rules}`] : []), ...args, 'about:blank']);
		const address = await waitFor(() => `Chromium\n${b.process.err}`, () => {
			if (b.process.result) throw new Error(`Chromium ended\n${b.process.err}`);
			return /DevTools listening on (ws:\S+)/.exec(b.process.err)?.[1];
		}, 60_000);
		b.ws = new WebSocket(address, { perMessageDeflate: false });
		b.last = { id: 0 };
		b.waiting = new Map();
		b.ws.on('message', (text) => {
			const m = JSON.parse(text);
			b.waiting.get(m.id)?.(m);
			b.waiting.delete(m.id);
		});
		await within('DevTools', once(b.ws, 'open'));
		const { targetId } = await b.say('Target.createTarget', { url: 'about:blank' });
		b.session = (await b.say('Target.attachToTarget', { targetId, flatten: true })).sessionId;
		await b.say('Page.enable');
		return b;
	}

	async say(method, params = {}) {
		const id = ++this.last.id;
		const answer = new Promise((resolve) => this.waiting.set(id, resolve));
		this.ws.send(JSON.stringify({ id, method, params, sessionId: this.session }));
		const m = await within(method, answer, 60_000);
		if (m.error) throw new Error(`${method}: ${m.error.message}`);
		return m.result;
	}

	/** One more page of the same browser, at that address; `shut` closes it. */
	async another(url) {
		const page = Object.create(this, { session: { value: undefined, writable: true } });
		page.target = (await page.say('Target.createTarget', { url: 'about:blank' })).targetId;
		page.session = (await page.say('Target.attachToTarget', { targetId: page.target, flatten: true })).sessionId;
		await page.say('Page.enable');
		await page.visit(url);
		return page;
	}
	async shut() {
		this.session = undefined;
		await this.say('Target.closeTarget', { targetId: this.target });
	}

	/** Evaluates an expression (or a promise) in the page. */
	async eval(expression) {
		const r = await this.say('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
		if (r.exceptionDetails) throw new Error(r.exceptionDetails.exception?.description ?? r.exceptionDetails.text);
		return r.result.value;
	}

	/** Goes there as a user who types the address, and waits until the page has been read. */
	async visit(url) {
		const r = await this.say('Page.navigate', { url });
		if (r.errorText) throw new Error(`${url}: ${r.errorText}`);
		await this.loaded(() => true);
	}

	/** Waits until a page is loaded of which the text matches `match(text, url)`. */
	async loaded(match) {
		let seen = '', text;
		await waitFor(() => `a page; there is ${seen}`, async () => {
			// In the middle of a navigation there is no page to ask.
			const page = await this.eval('document.readyState === "complete" && location.href !== "about:blank" ? [document.body ? document.body.innerText : "", location.href] : null').catch(() => null);
			if (!page) return false;
			seen = JSON.stringify(page);
			// Asked for again, it could be another page's, which is only beginning.
			[text] = page;
			return match(...page);
		});
		return text;
	}

	text() {
		return this.eval('document.body.innerText');
	}

	async close() {
		this.ws?.terminate();
		await this.process.stop('SIGTERM').catch(() => this.process.signal('SIGKILL'));
		await removeFolder(this.folder);
	}
}
