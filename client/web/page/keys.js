// Keys, by the one table of actions that the terminal's inspector has (/api/actions).
import { $, alarm, button, check, choices, clamp, el, halt, one, plain, swap, table } from './dom.js';
import { narrow, open } from './main.js';
import { kept } from './url.js';

const NAMED = { Escape: 'Esc', PageDown: 'PgDn', PageUp: 'PgUp', ' ': 'Space' };

export let actions = [];
const handlers = new Map();
let context = 'L', count = '';

/** What an action does in a context (its letter; "*": all); the handler gets the number before the key. */
export function act(name, contexts, handler, when) {
	for (const c of contexts === '*' ? 'LDFHO' : contexts) handlers.set(`${c} ${name}`, { handler, when });
}
const can = (a) => handlers.has(`${context} ${a.name}`), here = (a) => a.keys[0] && a.contexts.includes(context) && can(a);
export const setContext = (c) => {
	context = c;
	count = '';
	drawFoot();
};

export function run(name, n = 1, key, where = context) {
	const h = handlers.get(`${where} ${name}`), why = h?.when?.();
	if (typeof why === 'string') alarm(why);
	else h?.handler(n, key);
}

function keyOf(event) {
	const key = NAMED[event.key] ?? event.key.replace('Arrow', '');
	if (event.ctrlKey && !event.metaKey && !event.altKey && /^[a-z]$/i.test(key)) return `C-${key.toLowerCase()}`;
	if (event.ctrlKey || event.metaKey || event.altKey) return null;
	return key;
}

const find = (key) => actions.find((a) => a.keys.includes(key) && here(a));

function onKey(event) {
	if (event.isComposing || event.defaultPrevented || one('dialog[open]')) return;
	const key = keyOf(event), node = event.target;
	if (!key) return;
	if (node.closest?.('input:not([type=checkbox]):not([type=radio]), textarea, select')) {
		if (key === 'Esc') node.blur();
		return;
	}
	if ((key === 'Enter' || key === 'Space') && node.closest?.('button, a[href], [role=separator]')) return;
	if (node.closest?.('.menu, [role=separator], [role=tablist], svg.ch') && /^(Up|Down|Left|Right|Home|End|Esc)$/.test(key)) return;
	if (/^[0-9]$/.test(key) && (count || (key !== '0' && !find(key)))) {
		count = (count + key).slice(0, 6);
		return;
	}
	if (key.length === 1 && !kept.get('single-keys', true) && key !== '?') return;
	const action = find(key);
	if (!action) return;
	halt(event);
	const n = Number(count) || 1;
	count = '';
	run(action.name, n, key);
}

export function start(table) {
	actions = table.map((a) => ({ ...a, ...a.page }));
	document.onkeydown = onKey;
	act('help', '*', help);
	act('palette', '*', palette);
	drawFoot();
}

function drawFoot() {
	const said = $('said'), parts = actions.filter((a) => a.bar && here(a)).sort((a, b) => b.bar - a.bar).slice(0, 7).map((a) => el('span', el('kbd', a.keys[0]), ` ${a.label.toLowerCase()}`));
	swap($('foot'), parts, said);
}

export function dialog(title, body, buttons) {
	const d = el('dialog', { label: title, closedby: 'any' }, el('h2', title), body, el('div.end', buttons ?? button('Close', () => d.close())));
	d.onclose = () => d.remove();
	document.body.append(d);
	d.showModal();
	return d;
}

export const choice = (id, label, checked, change) => el('p', el('label', check({ id, checked, onchange: (e) => change(e.target.checked) }), ` ${label}`));

export function help() {
	dialog('Keys', [
		[['single-keys', 'Single-key shortcuts'], ['announce', 'Announce new deliveries']].map(([id, label]) => choice(id, label, kept.get(id, true), (on) => kept.set(id, on))), table(['KEY', 'DOES'], actions.filter(here).map((a) => [el('span.mono', a.keys.join(' ')), a.help])),
		el('p', 'From another machine: ', el('code', `ssh -L ${location.port}:127.0.0.1:${location.port} THIS-MACHINE`), ', then the same address there.'),
	]);
}

function palette() {
	const list = el('ul.options', { role: 'listbox', id: 'commands', label: 'Commands' });
	const input = el('input.find', { role: 'combobox', 'aria-controls': 'commands', 'aria-expanded': 'true', label: 'Command', 'aria-autocomplete': 'list', autofocus: true });
	let at = 0, found = [];
	const pick = () => {
		const text = input.value.trim();
		d.close();
		const goto = /^(?:goto\s+)?#?(\d+)$/.exec(text), filter = /^filter\s+(.*)$/.exec(text);
		if (goto) open(goto[1]);
		else if (filter) narrow(filter[1]);
		else if (found[at]) run(found[at].name);
	};
	const draw = () => {
		const letters = input.value.trim(), fits = new RegExp([...letters].map(RegExp.escape).join('.*'), 'i'), word = new RegExp(`\\b${RegExp.escape(letters)}`, 'i'), near = ({ name }) => name.startsWith(letters) + word.test(name);
		found = actions.filter((a) => can(a) && fits.test(`${a.name} ${a.help}`)).sort((a, b) => near(b) - near(a));
		at = clamp(at, found.length - 1);
		choices(input, list, found.map((a, i) => [a.name, plain(a.help, 60), () => ((at = i), pick())]), at);
	};
	input.oninput = () => ((at = 0), draw());
	input.onkeydown = (e) => {
		const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
		if (step) {
			at = clamp(at + step, found.length - 1);
			draw();
		} else if (e.key === 'Enter') pick();
		else return;
		halt(e);
	};
	const d = dialog('Commands', [input, list], []);
	draw();
}

/** A menu of buttons at a button; `items`: [label, key, action]. */
export function menu(anchor, items) {
	const m = el('div.menu', { role: 'menu', popover: 'auto', ontoggle: (e) => e.newState === 'closed' && m.remove() }, items.map(([label, key, action]) => el('button', {
		role: 'menuitem', onclick: () => (m.hidePopover(), action()),
	}, label, key && el('kbd', key))));
	const box = anchor.getBoundingClientRect();
	m.style.left = `${clamp(box.left, innerWidth - 240)}px`;
	if (box.top > innerHeight / 2) m.style.bottom = `${innerHeight - box.top + 4}px`;
	else m.style.top = `${box.bottom + 4}px`;
	m.onkeydown = (e) => {
		const i = [...m.children].indexOf(document.activeElement), step = { ArrowDown: 1, ArrowUp: -1 }[e.key], item = items.findIndex(([, key]) => key === e.key);
		if (step) m.children[(i + step + items.length) % items.length].focus();
		else if (/^(Escape|Tab|q)$/.test(e.key)) m.hidePopover();
		else if (item >= 0) m.children[item].click();
		else return;
		halt(e);
	};
	$('main').append(m);
	m.showPopover();
	m.firstChild.focus();
}
