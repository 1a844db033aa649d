// The deliveries: any number under one scrollbar. Rows come by pages of 128 around the place that is looked at, which
// is known by its delivery's id, never by a number that changes when something arrives.
import { $, clock, day, el, gate, icon, number, outcome, plain, say, size, took, verdict } from './dom.js';
import { aborted, get, latest } from './api.js';
import { kept } from './url.js';

const PAGE = 128, KEEP = 5 * PAGE, HEIGHT_MOST = 8_000_000;

export const list = {
	rows: [], // newest first
	filter: '', order: 'new', follow: true, selected: 0, fresh: 0, total: null, count: null,
	moreAfter: false, moreBefore: false, newest: 0, oldest: 0, base: 0, marked: new Set(), loading: false, searched: null,
	onOpen: () => {}, onSelect: () => {}, onChange: () => {}, onProblem: () => {},
};

let scroller, grid, pool = [], shown = new Map(), frame, resting, loadTimer, generation = 0;
const pageSignal = latest(), jumpSignal = latest(), countSignal = latest();

const phone = () => innerWidth < 600;
const rowHeight = () => (phone() ? 56 : kept.get('dense', false) ? 26 : 32);

export function build(main) {
	const first = $('first');
	scroller = el('div.rows', { id: 'scroller', tabindex: -1 });
	grid = el('div.grid', { role: 'grid', id: 'grid', tabindex: 0, 'aria-label': 'Deliveries', 'aria-rowcount': -1 });
	const head = el('div.hd', { 'aria-hidden': 'true' }, el('span'), el('span', 'TIME'), el('span', 'OUTCOME'), el('span.m', 'METHOD'), el('span.src', 'SOURCE'),
		el('span', 'EVENT / PATH'), el('span.n.at', 'ATT'), el('span.n', 'TOOK'), el('span.n.z', 'SIZE'));
	const note = el('div', { id: 'note' });
	scroller.append(first ?? '', grid, note);
	const section = el('section.list', { id: 'list', 'aria-label': 'Deliveries' }, head, scroller);
	(main.querySelector('.list') ?? first)?.replaceWith(section) ?? main.prepend(section);
	if (!section.isConnected) main.prepend(section);
	scroller.addEventListener('scroll', onScroll, { passive: true });
	grid.addEventListener('click', onClick);
	grid.addEventListener('dblclick', () => list.onOpen(list.selected));
	grid.addEventListener('keydown', () => grid.classList.add('keys'));
	new ResizeObserver(() => draw()).observe(scroller);
	addEventListener('resize', () => draw());
	return section;
}

function onClick(event) {
	const node = event.target.closest('.row');
	if (!node || event.ctrlKey || event.metaKey || event.button) return;
	event.preventDefault();
	const id = Number(node.dataset.id);
	if (!id) return;
	if (event.shiftKey) {
		range(id);
		return;
	}
	grid.focus({ preventScroll: true });
	select(id);
	list.onOpen(id);
}

/** Shift and click: from the selected row to this one. */
function range(id) {
	const a = indexOf(list.selected), b = indexOf(id);
	if (a < 0 || b < 0) return;
	list.onRange?.(list.rows.slice(Math.min(a, b), Math.max(a, b) + 1).map((r) => r.id));
}

// ---- the model is newest first; "old" order is its mirror ----

const known = () => list.count ?? list.rows.length + (list.moreBefore ? PAGE : 0);
function height() {
	const whole = list.base + list.rows.length * rowHeight();
	if (!list.moreBefore) return whole;
	return Math.max(whole + rowHeight(), Math.min(known() * rowHeight(), HEIGHT_MOST));
}
const view = () => scroller.clientHeight;
const old = () => list.order === 'old';
/** Where the model's top edge of the view is. */
const top = () => (old() ? Math.max(0, height() - view() - scroller.scrollTop) : scroller.scrollTop);
function setTop(y) {
	const to = Math.max(0, old() ? height() - view() - y : y);
	if (Math.abs(scroller.scrollTop - to) >= 1) scroller.scrollTop = to;
}

function onScroll() {
	schedule();
	clearTimeout(resting);
	resting = setTimeout(rest, 200);
	if (list.follow && top() > rowHeight()) pause();
}

/** Beyond what a browser can scroll by pixels the thumb is put where it belongs once it is left alone. */
function rest() {
	const h = height();
	if (known() * rowHeight() <= HEIGHT_MOST || !list.rows.length) return;
	const i = Math.max(0, Math.min(list.rows.length - 1, Math.floor((top() - list.base) / rowHeight())));
	const fraction = list.moreAfter ? (list.newest - list.rows[i].id) / Math.max(1, list.newest - list.oldest) : (i * rowHeight()) / h;
	const want = Math.round(fraction * (h - view()));
	const shift = want - (list.base + i * rowHeight());
	if (Math.abs(shift) < 4 * rowHeight()) return;
	const y = top() + shift;
	list.base = Math.max(0, list.base + shift);
	draw();
	setTop(y);
}

export const schedule = () => (frame ??= requestAnimationFrame(draw));

function draw() {
	cancelAnimationFrame(frame);
	frame = undefined;
	if (!scroller) return;
	const rh = rowHeight(), h = height(), v = view(), y0 = top();
	const bottom = list.base + list.rows.length * rh;
	grid.style.height = `${h}px`;
	const first = Math.floor((y0 - list.base) / rh) - 6, last = Math.ceil((y0 + v - list.base) / rh) + 6;
	const wanted = new Map();
	for (let i = Math.max(0, first); i < Math.min(list.rows.length, last); i++) wanted.set(list.rows[i].id, i);
	for (const [id, node] of shown) {
		if (wanted.has(id)) continue;
		node.hidden = true;
		pool.push(node);
		shown.delete(id);
	}
	for (const [id, i] of wanted) {
		let node = shown.get(id);
		if (!node) {
			node = pool.pop() ?? makeRow();
			shown.set(id, node);
			node.hidden = false;
			node.drawn = undefined;
		}
		fillRow(node, list.rows[i], i);
		const y = list.base + i * rh;
		node.style.transform = `translateY(${old() ? h - y - rh : y}px)`;
	}
	const active = shown.get(list.selected);
	if (active) grid.setAttribute('aria-activedescendant', active.id);
	else grid.removeAttribute('aria-activedescendant');
	if (list.rows.length || !list.loading) $('first')?.remove();
	drawNote();
	// What is looked at and not there is fetched; far away a page is read there, near the edge the next one.
	if (!list.rows.length) return;
	if (y0 + v < list.base || y0 > bottom) {
		clearTimeout(loadTimer);
		loadTimer = setTimeout(jump, 60);
	} else if (list.moreBefore && y0 + v > bottom - 40 * rh) {
		more('before');
	} else if (list.moreAfter && y0 < list.base + 40 * rh) {
		more('after');
	}
}

let rowNumber = 0;
function makeRow() {
	const cell = (c) => el('span', { role: 'gridcell', class: c });
	const node = el('div.row', { role: 'row', id: `row-${++rowNumber}` });
	const c = { s: cell('s'), t: cell('t'), out: cell('out'), m: cell('m'), src: cell('src'), ev: cell('ev'), at: cell('n at'), tk: cell('n tk'), z: cell('n z') };
	node.cells = c;
	node.append(...Object.values(c));
	grid.append(node);
	return node;
}

function spoken(row) {
	const parts = [outcome(row).text, row.provider ?? '', row.event_type ?? row.path, clock(row.received_at), `${row.attempts} attempt${row.attempts === 1 ? '' : 's'}`, verdict(row)[2]];
	if (list.marked.has(row.id)) parts.push('marked');
	return plain(parts.filter(Boolean).join(', '));
}

function fillRow(node, row, i) {
	const selected = row.id === list.selected, newer = list.rows[i + (old() ? 1 : -1)], newDay = newer && day(newer.received_at) !== day(row.received_at) && day(row.received_at), mark = list.marked.has(row.id);
	const stamp = `${row.id} ${row.state} ${row.status} ${row.attempts} ${row.duration_ms} ${row.signature} ${selected} ${mark} ${i & 1} ${row.fresh ?? ''} ${row.timed_out} ${newDay}`;
	if (node.drawn === stamp) return;
	node.drawn = stamp;
	const c = node.cells;
	node.dataset.id = row.id;
	node.className = `row${i & 1 ? ' z2' : ''}${row.fresh ? ' new' : ''}`;
	node.dataset.day = newDay || '';
	node.setAttribute('aria-selected', selected);
	node.setAttribute('aria-label', spoken(row));
	const [sign, kind, text] = verdict(row);
	const shield = icon(sign, kind);
	c.s.title = text;
	c.s.replaceChildren(mark ? icon('mk') : row.replay_of ? icon('rp') : el('i'), shield);
	c.t.textContent = clock(row.received_at);
	c.t.title = `${day(row.received_at)} ${clock(row.received_at)}`;
	const o = outcome(row);
	c.out.replaceChildren(el(`span.o.${o.kind}`, icon(o.sign), o.text));
	c.m.replaceChildren(gate(row.method));
	c.src.replaceChildren(gate(row.provider ?? row.tunnel));
	if (phone() && row.event_type) c.src.append(' · ', gate(row.path));
	c.ev.replaceChildren(el('a', { href: `/d/${row.id}`, tabindex: -1, 'aria-label': plain(row.event_type ?? row.path) }, el('b', row.event_type ? gate(row.event_type) : ''), el('span.path', gate(row.path))));
	c.at.textContent = row.attempts;
	c.tk.textContent = took(row.duration_ms);
	c.z.textContent = size(row.request_bytes);
}

export function redrawAll() {
	for (const node of shown.values()) node.drawn = undefined;
	schedule();
}
export const indexOf = (id) => list.rows.findIndex((r) => r.id === id);
export const rowOf = (id) => list.rows.find((r) => r.id === Number(id));

export function select(id, show = true) {
	list.selected = Number(id);
	list.onSelect(list.selected);
	if (show) reveal();
	schedule();
}

function reveal() {
	const i = indexOf(list.selected);
	if (i < 0) return;
	const y = list.base + i * rowHeight(), t = top();
	if (y < t) setTop(y);
	else if (y + rowHeight() > t + view()) setTop(y + rowHeight() - view());
}

export function step(n) {
	const i = indexOf(list.selected), d = old() ? -n : n;
	if (!list.rows.length) return;
	if (d > 0 && list.follow) pause();
	const to = i < 0 ? Math.ceil((top() - list.base) / rowHeight()) : i + d;
	select(list.rows[Math.max(0, Math.min(list.rows.length - 1, to))].id);
}
export const pageStep = (fraction) => step(Math.trunc((view() / rowHeight()) * fraction));
export function neighbour(id, n) {
	const i = indexOf(Number(id));
	return i < 0 ? undefined : list.rows[i + (old() ? -n : n)]?.id;
}
export const focus = () => grid.focus({ preventScroll: true });

function take(answer) {
	for (const row of answer.deliveries) if (row.marked) list.marked.add(row.id);
	list.newest = Math.max(list.newest, answer.newest_id);
	list.oldest = answer.oldest_id || list.oldest;
	return answer.deliveries;
}

/** Begins anew with this filter; an answer in parts goes on until the window is full. */
export async function load(filter, { around } = {}) {
	list.filter = filter ?? '';
	const mine = ++generation, signal = pageSignal();
	list.loading = true;
	list.searched = null;
	countAll();
	let rows = [], before = around ? around + 60 : undefined, answer;
	try {
		do {
			answer = await get('/api/deliveries', { filter: list.filter, before, limit: PAGE }, { signal });
			if (mine !== generation) return;
			rows = rows.concat(take(answer));
			list.rows = rows;
			list.moreBefore = answer.more_before || !!answer.continue_before;
			list.moreAfter = !!around && answer.more_after;
			list.base = 0;
			list.searched = answer.continue_before ? { searched: answer.newest_id - answer.continue_before, total: answer.newest_id - (answer.oldest_id || 0) } : null;
			before = answer.continue_before;
			list.onProblem(null);
			list.onChange();
			draw();
		} while (before && rows.length < PAGE);
		if (around) {
			list.base = list.moreAfter ? Math.round(((list.newest - (rows[0]?.id ?? 0)) / Math.max(1, list.newest - list.oldest)) * Math.max(0, height() - view())) : 0;
			list.selected = around;
			reveal();
		} else {
			list.follow = true;
			list.fresh = 0;
			setTop(0);
		}
		list.moreBefore = answer.more_before;
	} catch (error) {
		if (!aborted(error)) list.onProblem(error);
	} finally {
		if (mine === generation) list.loading = false;
		list.searched = null;
		list.onChange();
		draw();
	}
}

async function countAll() {
	const signal = countSignal(), filter = list.filter;
	list.count = null;
	try {
		const all = await get('/api/count', { filter }, { signal });
		list.count = all.count;
		list.total = all.total;
		list.counted = all.done ? null : all.searched;
	} catch { return; }
	list.onChange();
	schedule();
}
export const recount = countAll;

let fetching;
async function more(side) {
	if (fetching) return;
	fetching = true;
	const mine = generation;
	try {
		if (side === 'before') {
			const answer = await get('/api/deliveries', { filter: list.filter, before: list.rows.at(-1).id, limit: PAGE });
			if (mine !== generation) return;
			list.rows.push(...take(answer));
			list.moreBefore = answer.more_before || !!answer.continue_before;
			const spare = list.rows.length - KEEP;
			if (spare > 0 && top() > list.base + (spare + 40) * rowHeight()) {
				list.rows.splice(0, spare);
				list.base += spare * rowHeight();
				list.moreAfter = true;
			}
		} else {
			const answer = await get('/api/deliveries', { filter: list.filter, after: list.rows[0].id, limit: PAGE });
			if (mine !== generation) return;
			prepend(take(answer), answer.more_after);
			if (list.rows.length > KEEP) {
				list.rows.length = KEEP;
				list.moreBefore = true;
			}
		}
	} catch (error) {
		if (!aborted(error)) list.onProblem(error);
	} finally {
		fetching = false;
		schedule();
	}
}

function prepend(rows, moreAfter) {
	const grown = rows.length * rowHeight(), y = top();
	list.rows.unshift(...rows);
	list.moreAfter = moreAfter;
	let shift = 0;
	if (list.base >= grown && moreAfter) list.base -= grown;
	else {
		shift = grown - list.base;
		list.base = 0;
	}
	draw();
	if (shift) setTop(y + shift);
}

/** A drag of the thumb: the place is a share of the ids. */
async function jump() {
	const h = height() - view(), fraction = h > 0 ? top() / h : 0, mine = generation;
	const id = Math.round(list.newest - fraction * (list.newest - list.oldest));
	try {
		const answer = await get('/api/deliveries', { filter: list.filter, before: Math.max(id + 1, list.oldest + PAGE / 2), limit: PAGE }, { signal: jumpSignal() });
		if (mine !== generation) return;
		const y = top();
		list.rows = take(answer);
		list.moreBefore = answer.more_before || !!answer.continue_before;
		list.moreAfter = answer.more_after;
		list.base = Math.max(0, list.moreAfter ? y - 4 * rowHeight() : 0);
		if (!list.moreBefore) list.base = Math.max(0, Math.min(list.base, y + view() - list.rows.length * rowHeight()));
		draw();
	} catch (error) {
		if (!aborted(error)) list.onProblem(error);
	}
}

export function pause() {
	if (!list.follow) return;
	list.follow = false;
	list.onChange();
}
export function follow() {
	list.fresh = 0;
	list.follow = true;
	if (list.moreAfter) load(list.filter);
	else {
		catchUp();
		setTop(0);
	}
	list.onChange();
}

/** Reads what came since: after a gap in the stream, or for a filter. */
let catching, again;
export async function catchUp() {
	if (!list.follow || list.moreAfter) return;
	if (catching) {
		again = true;
		return;
	}
	catching = true;
	const mine = generation;
	try {
		const answer = list.rows.length ? await get('/api/deliveries', { filter: list.filter, after: list.rows[0].id, limit: 500 }) : await get('/api/deliveries', { filter: list.filter, limit: PAGE });
		if (mine !== generation) return;
		if (answer.more_after && list.rows.length) load(list.filter);
		else add(take(answer));
	} catch { /* the stream says when creel is back */ } finally {
		catching = false;
		if (again) {
			again = false;
			setTimeout(catchUp, 200);
		}
	}
}

function add(rows) {
	const have = new Set(list.rows.slice(0, 600).map((r) => r.id));
	rows = rows.filter((r) => !have.has(r.id) && r.id > (list.rows[0]?.id ?? 0));
	if (!rows.length) return;
	const now = Date.now();
	for (const row of rows) row.fresh = now;
	setTimeout(() => {
		for (const row of rows) delete row.fresh;
		schedule();
	}, 1200);
	list.rows.unshift(...rows);
	if (list.rows.length > KEEP) {
		list.rows.length = KEEP;
		list.moreBefore = true;
	}
	if (list.count !== null) list.count += rows.length;
	list.newest = Math.max(list.newest, rows[0].id);
	list.base = 0;
	if (kept.get('announce', true)) say(`${rows.length} new ${rows.length === 1 ? 'delivery' : 'deliveries'}`);
	list.onChange();
	schedule();
	if (old()) requestAnimationFrame(() => setTop(0));
}

let arriving = [], arrival;
export function onDelivery(row) {
	if (list.total !== null) list.total++;
	list.newest = Math.max(list.newest, row.id);
	if (!list.follow || list.moreAfter) {
		list.fresh++;
		if (!list.filter && list.count !== null) list.count++;
		list.onChange();
		return;
	}
	if (list.filter) {
		catchUp();
		return;
	}
	arriving.unshift(row);
	arrival ??= requestAnimationFrame(() => {
		arrival = undefined;
		const rows = arriving;
		arriving = [];
		add(rows);
	});
}
export function onMore({ count }) {
	if (list.follow) catchUp();
	else list.fresh += count;
	recount();
}
export function onAttempt({ delivery }) {
	const i = indexOf(delivery.id);
	if (i < 0) return;
	list.rows[i] = { ...list.rows[i], ...delivery, marked: list.rows[i].marked };
	schedule();
}
export function onGone({ ids, before }) {
	const gone = new Set(ids ?? []), n = list.rows.length;
	list.rows = list.rows.filter((r) => !gone.has(r.id) && !(before && r.id < before));
	if (before) list.oldest = before;
	if (list.rows.length !== n) schedule();
	if (!list.rows.length) load(list.filter);
	recount();
}

function drawNote() {
	const note = $('note');
	if (!note) return;
	const kind = list.rows.length ? 'rows' : list.loading ? 'loading' : list.filter ? 'nothing' : 'first';
	if (note.dataset.kind === kind && kind !== 'nothing') return;
	if (kind === 'nothing' && note.dataset.kind === kind && note.dataset.filter === list.filter) return;
	note.dataset.kind = kind;
	note.dataset.filter = list.filter;
	if (kind === 'rows' || kind === 'loading') note.replaceChildren();
	else if (kind === 'first') note.replaceChildren(list.firstRun?.() ?? '');
	else note.replaceChildren(el('div.note', el('p', `Nothing matches. ${number(list.total ?? 0)} looked at.`), el('button', { onclick: () => list.onClear?.() }, 'Clear filter ', el('kbd', 'Esc')), ' ', list.wider?.() ?? ''));
}
