// The page of `creel web` in Chromium: what tests do in it.
import { readFileSync } from 'node:fs';
import { Browser } from './chromium.mjs';
import { waitFor } from './harness.mjs';

const axeText = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
// What axe cannot tell: the contrast of marks that are no letters and of labels beside bars, which have the colours whose
// contrast web_page.test.mjs computes; the filter's text, which lies below its box in those colours; and whether a grid may be without rows, as it is when nothing matches.
const EXPLAINED = { 'color-contrast': 'svg.ch text, .tree .a, .back, .shade, .shade + input', 'aria-required-children': '#grid' };
export const firstRow = `document.querySelector('#grid .row:not([hidden])')`;

export class Page {
	/** Opens the link that `creel web` printed; what fails in a page or breaks its policy is kept in `faults` and `violations` there. */
	static async start(world, web, options) {
		const p = new Page();
		p.web = web;
		p.b = await Browser.start(world, options);
		await p.b.say('Page.addScriptToEvaluateOnNewDocument', { source: `window.violations = []; document.addEventListener('securitypolicyviolation', (e) => violations.push(e.violatedDirective + ' ' + e.blockedURI)); window.faults = []; addEventListener('error', (e) => faults.push(String(e.message))); addEventListener('unhandledrejection', (e) => faults.push(String(e.reason)));` });
		await p.b.visit(web.url);
		await p.until('the page', `document.body.dataset.ready === '1'`);
		return p;
	}
	eval(text) {
		return this.b.eval(text);
	}
	js(text) {
		return this.eval(`(async () => { ${text} })()`);
	}
	until(what, text) {
		return waitFor(() => what, () => this.eval(text).catch(() => false));
	}
	press(key, modifiers = {}) {
		return this.js(`const o = { key: ${JSON.stringify(key)}, bubbles: true, cancelable: true, ...${JSON.stringify(modifiers)} }; (document.activeElement ?? document.body).dispatchEvent(new KeyboardEvent('keydown', o));`);
	}
	size(width, height) {
		return this.b.say('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
	}
	look(features, media = '') {
		return this.b.say('Emulation.setEmulatedMedia', { media, features: Object.entries(features).map(([name, value]) => ({ name, value })) });
	}
	async open(target) {
		await this.eval('window.left = true'); // a page with much to tidy up may still be there, and answer
		await this.b.visit(this.web.base + target);
		await this.until('the page', `!window.left && document.body.dataset.ready === '1'`);
		if (target === '/') await this.until('the rows', firstRow); // the page is ready for keys a little before
	}
	/** What axe-core finds wrong, or cannot tell and is not explained here, as lines. */
	async axe() {
		await this.b.say('Runtime.evaluate', { expression: axeText });
		return JSON.parse(await this.eval(`axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((r) => {
			const explained = ${JSON.stringify(EXPLAINED)}, told = (v) => (n) => v.id + ': ' + n.html.slice(0, 160) + ' ' + (n.failureSummary ?? '').slice(0, 200);
			return JSON.stringify([...r.violations.flatMap((v) => v.nodes.slice(0, 3).map(told(v))), ...r.incomplete.flatMap((v) => v.nodes.filter((n) => !document.querySelector(n.target[0])?.matches(explained[v.id] ?? 'none')).slice(0, 3).map(told(v)))]);
		})`));
	}
	close() {
		return this.b.close();
	}
}
