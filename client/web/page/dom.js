// The only makers of nodes. What was captured becomes text nodes, through `gate`, and nothing else.

const ARIA = { label: 'aria-label', hush: 'aria-hidden', pressed: 'aria-pressed' };
export function fill(node, attributes, children) {
	for (const [key, value] of Object.entries(attributes ?? {})) {
		const name = ARIA[key] ?? key, aria = name.startsWith('aria');
		if (value == null || (value === false && !aria)) continue;
		if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
		else if (name === 'value') node.value = value;
		else if (name === 'style') for (const [property, v] of Object.entries(value)) node.style.setProperty(property, v);
		else node.setAttribute(name, value === true && !aria ? '' : value);
	}
	for (const child of (children ?? []).flat(Infinity)) if (child != null && child !== false) node.append(child);
	return node;
}

export function swap(node, ...children) {
	node.replaceChildren();
	return fill(node, null, children);
}

/** `el('button.p', { onclick }, 'Send')`; children are nodes or texts of ours. */
export function el(name, ...children) {
	const [tag, ...classes] = name.split('.');
	const node = document.createElement(tag);
	if (tag === 'button') node.type = 'button';
	if (classes.length) node.className = classes.join(' ');
	return fill(node, children[0]?.constructor === Object ? children.shift() : null, children);
}

export const button = (text, onclick) => el('button', { onclick }, text);

export const svg = (tag, attributes, ...children) => fill(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);

/** A sign of index.html's, beside a text that says the same. */
export const icon = (id, kind = '') => svg('svg', { class: `i ${kind}`, hush: 'true' }, svg('use', { href: `#${id}` }));

// C0 and C1 but tab and newline, bidi and zero-width controls, private use, lone surrogates.
const ODD = /([\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\ufff9-\uffff\ud800-\udfff\ue000-\uf8ff]|\p{M}{5,})/u;

function nameOf(odd) {
	const n = [...odd].length, code = odd.codePointAt(0);
	if (n > 1) return `<${n} marks>`;
	if (code < 32) return `^${String.fromCharCode(code + 64)}`;
	return code === 127 ? '^?' : `<${code.toString(16)}>`;
}
const pieces = (text, named) => String(text).split(ODD).map((t, i) => (i % 2 ? named(nameOf(t)) : t));

/** Text from outside as nodes in which nothing is invisible or turns the line round. */
export const gate = (text) => fill(document.createElement('bdi'), { dir: 'ltr' }, pieces(text, (name) => el('span.esc', name)));

/** A word of ours in a node that stays: a text changed in place costs least. */
export function word(node, text) {
	const t = node.firstChild;
	if (!t?.data || t.nextSibling) node.textContent = text;
	else if (t.data !== text) t.data = text;
}
/** The same for text from outside. */
export function put(node, text) {
	if (node.raw === text) return;
	node.raw = text;
	if (node.firstChild?.childElementCount === 0 && !ODD.test(text)) word(node.firstChild, text);
	else swap(node, gate(text));
}

/** The same for attributes and the window's title. */
export function plain(text, most = 200) {
	const out = pieces(String(text).slice(0, most + 1), (name) => name).join('').replace(/[\n\t]/g, ' ');
	return out.length > most ? `${out.slice(0, most)}…` : out;
}

/** What makes a part that scrolls reachable by keyboard, with a name. */
export const region = (label) => ({ tabindex: 0, role: 'region', label });

/** Columns of numbers have a `>` before their name. */
export function table(head, rows) {
	const cell = (tag, i, c) => el(tag + (head[i][0] === '>' ? '.n' : ''), [c]);
	if (!rows[0]) return el('p', 'None');
	return el('table', el('thead', el('tr', head.map((h, i) => cell('th', i, h.replace('>', ''))))), el('tbody', rows.map((r) => el('tr', r.map((c, i) => cell('td', i, c))))));
}
export const back = (onclick) => el('button.q.back', { label: 'Back', onclick }, '←');
/** A click for another tab gets it; any other opens it here. */
export const here = (open) => (e) => e.ctrlKey || e.metaKey || e.shiftKey || instead(open)(e);
export const link = (href, open, ...text) => el('a', { href, onclick: here(open) }, text);
export const select = (attributes, options, chosen, change) => el('select', { ...attributes, onchange: (e) => change?.(e.target.value) }, options.map(([value, text]) => el('option', { value, selected: value === chosen }, text)));
export const live = () => el('div', { 'aria-live': 'polite' });
/** Puts there what `ask` gives, or why it does not. */
export const answer = async (there, ask) => swap(there, await ask().catch((error) => el('p.wrong', plain(error.message))));
export const form = (send, label, fields, more, below) => el('form.fields', { onsubmit: instead(send), onkeydown: (e) => e.key === 'Enter' && (e.ctrlKey || e.metaKey) && instead(send)(e) }, fields, el('div.row2', el('button.p', { type: 'submit' }, label), more), below);
export const check = (attributes) => el('input', { type: 'checkbox', ...attributes });
export const trouble = (error, ...then) => el('p.note', { role: 'alert' }, plain(error.message), ' ', then);
export const loading = () => el('p.wait', { 'aria-busy': 'true' }, el('span.hide', 'Loading'));
export const retry = (error, again) => trouble(error, button('Retry', again));

/** What a box offers, below it: items are [text, help, pick]; the chosen one is `at`. */
export function choices(input, box, items, at) {
	swap(box, items.map(([text, help, pick], i) => el('li', { role: 'option', id: `${box.id}-${i}`, 'aria-selected': i === at, onpointerdown: instead(pick) }, plain(text), el('span', plain(help)))));
	input.setAttribute('aria-activedescendant', items[at] ? `${box.id}-${at}` : '');
	near(box.children[at]);
}

/** At the end of a long text: the rest comes when it is seen. */
export function goOn(box, left, what, add) {
	box.querySelector(':scope > button')?.remove();
	if (left <= 0) return;
	const rest = el('button.q', { onclick: add }, `${number(left)} ${what} more`);
	box.append(rest);
	new IntersectionObserver(([e], o) => e.isIntersecting && (o.disconnect(), add())).observe(rest);
}

export const clamp = (i, most) => Math.max(0, Math.min(most, i));
/** Pieces of texts, [node, from, to], look as page.css has ::highlight(name). */
export const highlight = (name, pieces) => CSS.highlights.set(name, new Highlight(...pieces.map(([n, from, to]) => new StaticRange({ startContainer: n, startOffset: from, endContainer: n, endOffset: to }))));
export const near = (node) => node?.scrollIntoView({ block: 'nearest' });
export const answered = ({ response: r }) => r && `${r.status} ${r.reason ?? ''}`.trim();
export const instead = (f) => (e) => (e.preventDefault(), f());
export const halt = (event) => (event.preventDefault(), event.stopPropagation());
export const wider = (px) => matchMedia(`(min-width:${px}px)`).matches;
export const one = (selector) => document.querySelector(selector);
export const $ = (id) => document.getElementById(id);

let said = 0, waiting;
/** For screen readers, one in three seconds. */
export function say(text) {
	clearTimeout(waiting);
	waiting = setTimeout(() => {
		said = Date.now();
		$('status').textContent = plain(text);
	}, Math.max(0, said + 3000 - Date.now()));
}

export function alarm(text, again) {
	$('alert').textContent = plain(text);
	foot(el('span.wrong', plain(text)), again && button('Retry', again));
}
export const complain = (error) => alarm(error.message);

export const foot = (...nodes) => swap($('said'), nodes);

/** One odd value never takes the page down. */
export function guarded(what, draw, otherwise) {
	try {
		return draw();
	} catch (error) {
		console.error(error);
		return trouble({ message: `${what} cannot be shown: ${error.message}.` }, otherwise);
	}
}

const figures = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
export const number = (n) => figures.format(n);
export const many = (n, one, more = `${one}s`) => `${number(n)} ${n === 1 ? one : more}`;
export function size(n) {
	let unit = 0;
	for (; n >= 1000 && unit < 3; unit++) n /= 1000;
	return unit ? `${n < 10 ? n.toFixed(1) : Math.round(n)}${' kMG'[unit]}` : String(n);
}
export const took = (ms) => (ms == null ? '–' : ms < 9995 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
let how = 'local';
export const timeStyle = { next: () => (how = { local: 'utc', utc: 'ago', ago: 'local' }[how]) };
export const iso = (at) => new Date(new Date(at) - (how === 'utc' ? 0 : new Date(at).getTimezoneOffset() * 60_000)).toISOString();
export function clock(at, millis) {
	if (how !== 'ago') return iso(at).slice(11, millis ? 23 : 19);
	const s = Math.max(0, (Date.now() - new Date(at)) / 1000), [unit, name] = s < 60 ? [1, 's'] : s < 3600 ? [60, 'm'] : s < 86400 ? [3600, 'h'] : [86400, 'd'];
	return `${~~(s / unit)}${name} ago`;
}
export const day = (at) => iso(at).slice(0, 10);
export const moment = (at) => (day(at) === day(Date.now()) ? `today ${clock(at, true)}` : `${day(at)} ${clock(at, true)}`);

/** Header fields that are shown when asked for. */
export const SECRET = /^((proxy-)?authorization|(set-)?cookie|x-api-key)$/i;

/** How it went, and what its signature is, as web_outcome.c says. */
export const signed = (name, { sign, kind, text }, words = text) => el(`${name}.${kind}`, icon(sign), ' ', words);
export const outcomeNode = ({ outcome }, words) => signed('span.o', outcome, words);
