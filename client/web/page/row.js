// A delivery as a row, and its columns.
import { clock, el, icon, many, plain, put, size, took, word } from './dom.js';

export const phone = matchMedia('(max-width:599px)');
// Class, head and, of those that may be chosen, width.
const CELLS = [['s', ''], ['t', 'TIME'], ['out', 'OUTCOME'], ['m', 'METHOD', 58], ['src', 'SOURCE', 72], ['ev', 'EVENT / PATH'], ['n at', 'ATT', 30], ['n tk', 'TOOK', 58], ['n z', 'SIZE', 44], ['opt tu', 'TUNNEL', 80], ['opt pe', 'PEER', 130], ['opt ho', 'HOST', 140], ['opt tg', 'TAG', 90], ['n opt ro', 'REPLAY OF', 66], ['n opt id', 'ID', 66]];
const columnName = (head) => head.toLowerCase().replace(/ \/.*/, '').replace(' ', '-').replace('outcome', 'stat');
export const SORTS = [...CELLS.slice(2, -1).map((c) => columnName(c[1])), 'path'], turned = (sort) => (sort[0] === '-' ? sort.slice(1) : `-${sort}`);
/** After a click on a head: as one usually wants it, then the other way round, then by time. */
export function nextOrder(name, sort) {
	const usual = /^(stat|att|took|size|replay-of)$/.test(name) ? `-${name}` : name;
	return { [usual]: turned(usual), [turned(usual)]: '' }[sort] ?? usual;
}
export const COLUMNS = CELLS.filter((c) => c[2]).map((c) => columnName(c[1])), DEFAULT = COLUMNS.slice(0, 5).join();
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];
/** `chosen`: names, as far as there is room (px); none: as page.css has it. */
export function setColumns(chosen, room) {
	let rules = '';
	const widths = CELLS.map(([c, head, width], i) => {
		if (!width) return ['44px', '62px', '74px', , , 'minmax(120px,1fr)'][i];
		const on = chosen?.split(',').includes(columnName(head)) && (room -= width + 8) >= 0;
		rules += `.list :is(.row,.hd) .${c.split(' ').pop()}{display:${on ? 'block' : 'none'}}`;
		return on ? `${width}px` : '';
	});
	sheet.replaceSync(chosen ? `@media (min-width:600px){.list :is(.row,.hd){grid-template-columns:${widths.join(' ')}}${rules}}` : '');
}

export const heads = () => CELLS.map(([c, text]) => el('span', { class: c, role: text && 'columnheader', 'data-sort': columnName(text).replace(/^id$/, 'time') }, text));

let rowNumber = 0;
export function makeRow() {
	const node = el('div.row', { role: 'row', id: `row-${++rowNumber}` });
	const c = Object.fromEntries(CELLS.map(([name]) => [name.split(' ').pop(), el('span', { role: 'gridcell', class: name })]));
	const [mark, shield, sign] = [icon(''), icon(''), icon('')], o = el('span.o', sign, el('span')), link = el('a', { tabindex: -1 }, el('b'), el('span.path'));
	c.s.append(mark, shield);
	c.out.append(o);
	c.ev.append(link);
	Object.assign(node, { cells: c, mark, shield, sign, outcome: o, link, line: el('div.day', { hush: 'true' }) });
	node.append(...Object.values(c));
	return node;
}

export const set = (node, name, value) => node.getAttribute(name) !== value && node.setAttribute(name, value);
function sign(svg, id, kind = '') {
	set(svg, 'class', `i ${kind}`);
	set(svg.firstChild, 'href', `#${id}`);
}

/** As it is; `all`: columns were chosen. */
export function fillRow(node, row, selected, mark, all) {
	const fresh = Date.now() - row.fresh < 1200;
	const stamp = `${selected} ${mark} ${row.odd} ${fresh}`;
	if (node.row === row && node.drawn === stamp) return;
	node.row = row;
	node.drawn = stamp;
	const c = node.cells, o = row.outcome, { verdict: v } = row, time = clock(row.received_at), b = node.link.firstChild;
	node.dataset.id = row.id;
	set(node, 'class', `row${row.odd ? ' z2' : ''}${fresh ? ' new' : ''}`);
	set(node, 'aria-selected', String(selected));
	node.setAttribute('aria-label', plain([o.text, row.provider, row.event_type ?? row.path, time, many(row.attempts, 'attempt'), v.text, mark && 'marked'].filter(Boolean).join(', ')));
	set(c.s, 'title', v.text);
	sign(node.mark, mark ? 'mk' : row.replay_of ? 'rp' : '');
	sign(node.shield, v.sign, v.kind);
	word(c.t, time);
	c.t.title = `${row.day} ${time}`;
	set(node.outcome, 'class', `o ${o.kind}`);
	sign(node.sign, o.sign);
	word(node.outcome.lastChild, o.text);
	put(c.m, row.method);
	put(c.src, (row.provider ?? row.tunnel) + (phone.matches && row.event_type ? ` · ${row.path}` : ''));
	node.link.setAttribute('href', `/d/${row.id}`);
	set(node.link, 'aria-label', plain(row.event_type ?? row.path));
	if (row.event_type) put(b, row.event_type);
	else b.replaceChildren((b.raw = ''));
	put(node.link.lastChild, row.path);
	word(c.at, String(row.attempts));
	word(c.tk, took(row.duration_ms));
	word(c.z, size(row.request_bytes));
	if (!all) return;
	put(c.tu, row.tunnel);
	put(c.pe, row.peer);
	put(c.ho, row.host ?? '');
	put(c.tg, row.tags?.join(' ') ?? '');
	word(c.ro, row.replay_of ? `#${row.replay_of}` : '');
	word(c.id, `#${row.id}`);
}
