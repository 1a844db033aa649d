// The page of `creel web` in Chromium: what tests do in it.
import { readFileSync } from 'node:fs';
import { Browser } from './chromium.mjs';
import { waitFor } from './harness.mjs';

const axeText = readFileSync(new URL('../node_modules/axe-core/axe.min.js', import.meta.url), 'utf8');
// What axe cannot tell: the contrast of marks that are no letters and of labels beside bars, which have the colours whose
// contrast web_page.test.mjs computes; the filter's text, which lies below its box in those colours; a row's cells, over all of which
// its link lies; lines longer than their box; what an open menu lies over; and whether a grid may be without rows, as it is when nothing matches.
const EXPLAINED = { 'color-contrast': 'svg.ch text, .tree .a, .back, .shade, .shade + input, .row > *, .tree .l, .tree .l *', 'aria-required-children': '#grid' };
const LAYER = '.menu, .options:not([hidden])';
// On the keyboard of which Playwright's names of keys are.
const SHIFTED = /^[A-Z~!@#$%^&*()_+{}|:"<>?]$/;
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
	/** Looks in the page itself, again and again: each question from here costs the processors ten times what it asks. */
	until(what, text) {
		return waitFor(() => what, () => this.eval(`(async () => {
			for (const end = performance.now() + 2000; performance.now() < end; await new Promise((go) => setTimeout(go, 15))) try { if (await (${text})) return true; } catch {}
		})()`).catch(() => false));
	}
	/** A key of the keyboard, with Shift where a hand needs it. `modifiers` as an event has them: `{ shiftKey: true }`. */
	press(key, { shiftKey = SHIFTED.test(key), ctrlKey, altKey, metaKey } = {}) {
		const held = Object.entries({ Shift: shiftKey, Control: ctrlKey, Alt: altKey, Meta: metaKey }).flatMap(([name, down]) => (down ? [`${name}+`] : []));
		return this.b.page.keyboard.press(held.join('') + key);
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
	/** What axe-core finds wrong, or cannot tell and is not explained here, as lines; of one rule alone, if it is named. */
	async axe(rule) {
		if (!(await this.eval(`'axe' in window`))) await this.b.say('Runtime.evaluate', { expression: axeText });
		const only = rule ? { type: 'rule', values: [rule] } : ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'];
		return JSON.parse(await this.eval(`axe.run(document, { runOnly: ${JSON.stringify(only)}, resultTypes: ['violations', 'incomplete'] }).then((r) => {
			const explained = ${JSON.stringify(EXPLAINED)}, layer = document.querySelector('${LAYER}');
			const under = (n) => layer?.checkVisibility() && n.any.some((c) => /Overlap|Obscur/.test(c.data?.messageKey)), told = (v) => (n) => v.id + ': ' + n.html.slice(0, 160) + ' ' + (n.failureSummary ?? '').slice(0, 200);
			return JSON.stringify([...r.violations.flatMap((v) => v.nodes.slice(0, 3).map(told(v))), ...r.incomplete.flatMap((v) => v.nodes.filter((n) => !under(n) && !document.querySelector(n.target[0])?.matches(explained[v.id] ?? 'none')).slice(0, 3).map(told(v)))]);
		})`));
	}
	/** Buttons, links and fields that are seen in part, or lie over each other. */
	clumsy() {
		return this.eval(`(() => {
			const out = [], seen = [...document.querySelectorAll(document.querySelector('dialog[open]') ? 'dialog :is(button, input)' : 'button, input, select, textarea, nav a')].filter((n) => n.checkVisibility({ visibilityProperty: true }) && n.offsetWidth > 1 && n.type !== 'file');
			const clipped = (n) => {
				let { left, top, right, bottom } = n.getBoundingClientRect();
				for (let p = n.parentElement; p; p = p.parentElement) if (getComputedStyle(p).overflowY !== 'visible') {
					const r = p.getBoundingClientRect();
					[top, bottom] = [Math.max(top, r.top), Math.min(bottom, r.bottom)];
				}
				return { left, top, right, bottom };
			};
			const boxes = seen.map((n) => [n, clipped(n)]).filter(([n, r]) => !n.closest('.tabs, .tree, .card, dl, .menu, [role=listbox]') && r.bottom > 0 && r.top < innerHeight);
			const name = (n) => n.tagName + '#' + n.id + ' ' + (n.innerText || n.getAttribute('aria-label') || '').slice(0, 30);
			for (const [n, r] of boxes) if (r.left < -1 || r.right > innerWidth + 1) out.push(name(n) + ' is cut');
			for (const [i, [n, r]] of boxes.entries()) for (const [m, q] of boxes.slice(i + 1)) {
				if (n.contains(m) || m.contains(n) || n.closest('.act') !== m.closest('.act')) continue;
				if (Math.min(r.right, q.right) - Math.max(r.left, q.left) > 2 && Math.min(r.bottom, q.bottom) - Math.max(r.top, q.top) > 2) out.push(name(n) + ' and ' + name(m) + ' overlap');
			}
			if (document.documentElement.scrollWidth > innerWidth) out.push('it scrolls sideways');
			return out;
		})()`);
	}
	close() {
		return this.b.close();
	}
}
