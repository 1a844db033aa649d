// A headless Chromium, driven by Playwright. The program itself is started and ended like every other of a test's world, with what a
// user's has: Playwright's own launch takes pages that nobody sees for seen ones, and stills what tests look at.
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { removeFolder, waitFor, within } from './harness.mjs';

export const hasBrowser = process.platform === 'linux'; // macOS' runners have none
const PATIENCE_MS = 60_000;

/** One page of a browser of its own: `page` is Playwright's, `browser` its whole browser. */
export class Browser {
	/** `hosts`: names as the browser is to resolve them, `{ 'evil.example': '127.0.0.1' }`. */
	static async start(world, { hosts = {}, args = [] } = {}) {
		const b = new Browser();
		b.folder = mkdtempSync(path.join(world.dir, 'chromium-'));
		const rules = Object.entries(hosts).map(([name, address]) => `MAP ${name} ${address}`).join(',');
		b.process = world.spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-proxy-server', '--disable-background-networking',
			'--remote-debugging-port=0', `--user-data-dir=${b.folder}`, ...(rules ? [`--host-resolver-rules=${rules}`] : []), ...args, 'about:blank']);
		const { chromium } = await import('playwright-core'); // a second of its own, while Chromium starts
		const address = await waitFor(() => `Chromium\n${b.process.err}`, () => {
			if (b.process.result) throw new Error(`Chromium ended\n${b.process.err}`);
			return /DevTools listening on (ws:\S+)/.exec(b.process.err)?.[1];
		}, PATIENCE_MS);
		b.browser = await chromium.connectOverCDP(address, { isLocal: true, noDefaults: true, timeout: PATIENCE_MS });
		const [context] = b.browser.contexts();
		await b.take(context.pages()[0] ?? (await context.newPage()));
		return b;
	}

	async take(page) {
		this.page = page;
		// Who goes on to another address leaves; any other question of the browser's that no test answered is a fault.
		page.on('dialog', async (d) => {
			await (d.type() === 'beforeunload' ? d.accept() : d.dismiss()).catch(() => {});
			if (d.type() !== 'beforeunload') await this.eval(`window.faults?.push(${JSON.stringify(`${d.type()}: ${d.message()}`)})`).catch(() => {});
		});
		this.devtools = await page.context().newCDPSession(page);
		await this.say('Page.enable'); // scripts for new documents are heeded from here on
	}

	/** A command of the DevTools protocol to the page; what they tell comes by `devtools.on`. */
	say(method, params = {}) {
		return within(method, this.devtools.send(method, params), PATIENCE_MS);
	}

	/** One more page of the same browser, at that address; `shut` closes it. */
	async another(url) {
		const other = Object.create(this);
		await other.take(await this.page.context().newPage());
		await other.visit(url);
		return other;
	}
	shut() {
		return this.page.close();
	}

	/** Closes all other pages, such as those that this one opened: it is in front again. */
	async alone() {
		await Promise.all(this.page.context().pages().map((p) => p === this.page || p.close()));
		await this.page.bringToFront();
	}

	/** Evaluates an expression (or a promise) in the page, which takes it for its user's deed. */
	eval(expression) {
		return within('an answer of the page', this.page.evaluate(expression), PATIENCE_MS);
	}

	/** Goes there as a user who types the address, and waits until the page has been read. */
	async visit(url) {
		await this.page.goto(url, { waitUntil: 'commit', timeout: PATIENCE_MS });
		await this.page.waitForLoadState('load', { timeout: PATIENCE_MS });
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
		await within('the end of DevTools', this.browser?.close() ?? Promise.resolve()).catch(() => {});
		await this.process.stop('SIGTERM').catch(() => this.process.signal('SIGKILL'));
		await removeFolder(this.folder);
	}
}
