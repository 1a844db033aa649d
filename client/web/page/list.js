// The deliveries: any number under one scrollbar. Rows come by pages of 128 around a delivery's id, never around a
// number that changes when something arrives.
import { $, clamp, clock, day, el, icon, many, number, plain, put, say, size, took, word } from './dom.js';
import { aborted, counted, get, latest } from './api.js';
import { kept } from './url.js';

const PAGE = 128, KEEP = 5 * PAGE, HEIGHT_MOST = 8_000_000, DAY = 24;

export const list = {
	rows: [], // newest first
	filter: '', sort: '', ids: null, walk: '', old: false, follow: true, selected: 0, fresh: 0, total: null, count: null,
	moreAfter: false, moreBefore: false, newest: 0, oldest: 0, base: 0, marked: new Set(), loading: false, searched: null,
};

let scroller, grid, head, firstRun, pool = [], shown = new Map(), frame, resting, loadTimer, generation = 0, telling, told = 0, aging;
// Class, head and, of those that may be chosen, width.
const CELLS = [['s', ''], ['t', 'TIME'], ['out', 'OUTCOME'], ['m', 'METHOD', 58], ['src', 'SOURCE', 72], ['ev', 'EVENT / PATH'], ['n at', 'ATT', 30], ['n tk', 'TOOK', 58], ['n z', 'SIZE', 44], ['opt tu', 'TUNNEL', 80], ['opt pe', 'PEER', 130], ['opt ho', 'HOST', 140], ['opt tg', 'TAG', 90], ['n opt ro', 'REPLAY OF', 66], ['n opt id', 'ID', 66]];
const columnName = (head) => head.toLowerCase().replace(/ \/.*/, '').replace(' ', '-').replace('outcome', 'stat');
export const SORTS = [...CELLS.slice(2, -1).map((c) => columnName(c[1])), 'path'], turned = (sort) => (sort[0] === '-' ? sort.slice(1) : `-${sort}`);
/** After a click on a head: as one usually wants it, then the other way round, then by time. */
export function nextOrder(name) {
	const usual = /^(stat|att|took|size|replay-of)$/.test(name) ? `-${name}` : name;
	return { [usual]: turned(usual), [turned(usual)]: '' }[list.sort] ?? usual;
}
/** As the address has it. Whether these are other rows. */
export function setOrder(order = '') {
	const before = list.sort, name = order.replace(/^-/, '');
	list.sort = SORTS.includes(name) ? order : '';
	list.old = order === 'old';
	for (const node of head.children) node.ariaSort = node.matches('.id') || node.dataset.sort !== (list.sort ? name : 'time') ? null : list.old || (name && list.sort === name) ? 'ascending' : 'descending';
	return list.sort !== before;
}
export const COLUMNS = CELLS.filter((c) => c[2]).map((c) => columnName(c[1])), DEFAULT = COLUMNS.slice(0, 5).join();
const sheet = new CSSStyleSheet();
document.adoptedStyleSheets = [sheet];
/** `chosen`: names, as far as there is room; none: as page.css has it. */
export function columns(chosen) {
	let room = grid.clientWidth - 340, rules = '';
	if (chosen && !list.columns) redrawAll();
	list.columns = chosen;
	const widths = CELLS.map(([c, head, width], i) => {
		if (!width) return ['44px', '62px', '74px', , , 'minmax(120px,1fr)'][i];
		const on = chosen?.split(',').includes(columnName(head)) && (room -= width + 8) >= 0;
		rules += `.list :is(.row,.hd) .${c.split(' ').pop()}{display:${on ? 'block' : 'none'}}`;
		return on ? `${width}px` : '';
	});
	sheet.replaceSync(chosen ? `@media (min-width:600px){.list :is(.row,.hd){grid-template-columns:${widths.join(' ')}}${rules}}` : '');
}

const pageSignal = latest(), jumpSignal = latest(), countSignal = latest();

const phone = matchMedia('(max-width:599px)');
const rowHeight = () => (phone.matches ? 56 : 32);
/** What stands around the list is drawn ten times a second at most: with the rows, or by itself. */
const changed = () => (telling ??= setTimeout(tell, 100));
function tell() {
	telling = clearTimeout(telling);
	told = Date.now();
	list.onChange();
}

export function build(main) {
	const first = $('first');
	firstRun = main.querySelector('.note.first');
	firstRun?.querySelector('button')?.addEventListener('click', () => list.onCopy(firstRun.querySelector('code').textContent));
	scroller = el('div.rows', { id: 'scroller', tabindex: -1 });
	grid = el('div.grid', { role: 'grid', id: 'grid', tabindex: 0, label: 'Deliveries', 'aria-owns': 'head', 'aria-rowcount': -1 });
	head = el('div.hd', { role: 'row', id: 'head' }, CELLS.map(([c, text]) => el('span', { class: c, role: text && 'columnheader', 'data-sort': columnName(text).replace(/^id$/, 'time') }, text)));
	head.onclick = ({ target }) => target.dataset.sort && list.onOrder(target.dataset.sort);
	const note = el('div', { id: 'note' });
	scroller.append(first ?? '', grid, note);
	const section = el('section.list', { id: 'list', label: 'Deliveries' }, head, scroller);
	main.replaceChildren(section);
	scroller.onscroll = onScroll;
	grid.onclick = onClick;
	grid.onkeydown = () => grid.classList.add('keys');
	new ResizeObserver(() => {
		columns(list.columns);
		draw();
	}).observe(scroller);
	phone.onchange = redrawAll;
	return section;
}

function onClick(event) {
	const node = event.target.closest('.row');
	if (!node || event.ctrlKey || event.metaKey || event.button) return;
	event.preventDefault();
	const id = Number(node.dataset.id);
	if (!id) return;
	if (event.shiftKey) {
		const [a, b] = [indexOf(list.selected), indexOf(id)].sort((x, y) => x - y);
		if (a >= 0) list.onRange(list.rows.slice(a, b + 1).map((r) => r.id));
		return;
	}
	grid.focus({ preventScroll: true });
	select(id);
	list.onOpen(id);
}

// ---- the model is newest first; "old" order is its mirror ----

let places, placed;
/** Where each row begins below `base`, and where the last one ends: between two days there is a line. */
function tops() {
	const { rows } = list, rh = rowHeight(), key = `${list.sort} ${rows.length} ${rows[0]?.id} ${rows.at(-1)?.id} ${rh}`;
	if (placed !== key) {
		placed = key;
		places = [];
		let y = 0;
		for (let i = rows.length - 2; i >= 0; i--) if (rows[i + 1].odd !== undefined) rows[i].odd ??= !rows[i + 1].odd;
		rows.forEach((row, i) => {
			row.day ??= day(row.received_at);
			row.odd ??= !rows[i - 1]?.odd;
			if (i && !list.sort && row.day !== rows[i - 1].day) y += DAY;
			places.push(y);
			y += rh;
		});
		places.push(y);
	}
	return places;
}
function rowAt(y) {
	let i = clamp(Math.floor((y - list.base) / rowHeight()), list.rows.length - 1);
	while (i > 0 && list.base + tops()[i] > y) i--;
	return i;
}
const known = () => list.ids?.length ?? list.count ?? list.rows.length + (list.moreBefore ? PAGE : 0);
function height() {
	const whole = list.base + tops().at(-1);
	if (!list.moreBefore) return whole;
	return Math.max(whole + rowHeight(), Math.min(known() * rowHeight(), HEIGHT_MOST));
}
const view = () => scroller.clientHeight;
const top = () => (list.old ? Math.max(0, height() - view() - scroller.scrollTop) : scroller.scrollTop);
function setTop(y) {
	const to = Math.max(0, list.old ? height() - view() - y : y);
	if (Math.abs(scroller.scrollTop - to) >= 1) scroller.scrollTop = to;
}

function onScroll() {
	schedule();
	clearTimeout(resting);
	resting = setTimeout(rest, 200);
	if (list.follow && top() > rowHeight()) pause();
}

/** Beyond what a browser can scroll by pixels, the thumb is put in its place once it rests. */
function rest() {
	const h = height();
	if (known() * rowHeight() <= HEIGHT_MOST || !list.rows.length) return;
	const i = rowAt(top());
	const fraction = list.moreAfter ? (list.newest - list.rows[i].id) / Math.max(1, list.newest - list.oldest) : (i * rowHeight()) / h;
	const want = Math.round(fraction * (h - view()));
	const shift = want - (list.base + tops()[i]);
	if (Math.abs(shift) < 4 * rowHeight()) return;
	const y = top() + shift;
	list.base = Math.max(0, list.base + shift);
	draw();
	setTop(y);
}

export const schedule = () => (frame ??= requestAnimationFrame(draw));

function draw() {
	if (!scroller) return;
	if (arriving.length) arrive();
	frame = cancelAnimationFrame(frame);
	const rh = rowHeight(), h = height(), v = view(), y0 = top(), at = tops();
	const bottom = list.base + at.at(-1);
	grid.style.height = `${h}px`;
	const wanted = new Map();
	if (y0 + v >= list.base && y0 <= bottom) for (let i = Math.max(0, rowAt(y0) - 6), last = rowAt(y0 + v) + 6; i <= last && i < list.rows.length; i++) wanted.set(list.rows[i].id, i);
	const spare = []; // go on as other rows: a node that is shown again would be laid out anew
	for (const [id, node] of shown) if (!wanted.has(id) && shown.delete(id)) spare.push(node);
	for (const [id, i] of wanted) {
		let node = shown.get(id);
		if (!node) {
			node = spare.pop() ?? pool.pop() ?? makeRow();
			shown.set(id, node);
			if (node.hidden) node.hidden = false;
			node.drawn = undefined;
		}
		fillRow(node, list.rows[i]);
		place(node, list.base + at[i], rh, h);
		const over = i > 0 && !list.sort && list.rows[i - 1].day !== list.rows[i].day;
		if (node.line.hidden === over) node.line.hidden = !over;
		if (over) {
			word(node.line, list.rows[list.old ? i - 1 : i].day);
			place(node.line, list.base + at[i] - DAY, DAY, h);
		}
	}
	for (const node of spare) {
		node.hidden = node.line.hidden = true;
		pool.push(node);
	}
	const active = shown.get(list.selected);
	if (active) set(grid, 'aria-activedescendant', active.id);
	else grid.removeAttribute('aria-activedescendant');
	if (list.rows.length || !list.loading) $('first')?.remove();
	drawNote();
	if (telling && Date.now() - told > 90) tell();
	// What is looked at and not there is fetched; far away a page is read there, near the edge the next one.
	if (!list.rows.length || list.loading) return;
	if (y0 + v < list.base || y0 > bottom) {
		clearTimeout(loadTimer);
		loadTimer = setTimeout(jump, 60);
	} else if (list.moreBefore && y0 + v > bottom - 40 * rh) {
		more('before');
	} else if (list.moreAfter && y0 < list.base + 40 * rh) {
		more('after');
	}
}

function place(node, y, tall, whole) {
	const to = list.old ? whole - y - tall : y;
	if (node.y !== to) node.style.transform = `translateY(${(node.y = to)}px)`;
}

let rowNumber = 0;
function makeRow() {
	const node = el('div.row', { role: 'row', id: `row-${++rowNumber}` });
	const c = Object.fromEntries(CELLS.map(([name]) => [name.split(' ').pop(), el('span', { role: 'gridcell', class: name })]));
	const [mark, shield, sign] = [icon(''), icon(''), icon('')], o = el('span.o', sign, el('span')), link = el('a', { tabindex: -1 }, el('b'), el('span.path'));
	c.s.append(mark, shield);
	c.out.append(o);
	c.ev.append(link);
	Object.assign(node, { cells: c, mark, shield, sign, outcome: o, link, line: el('div.day', { hush: 'true' }) });
	node.append(...Object.values(c));
	grid.append(node, node.line);
	return node;
}

function spoken(row) {
	const parts = [row.outcome.text, row.provider ?? '', row.event_type ?? row.path, clock(row.received_at), many(row.attempts, 'attempt'), row.verdict.text];
	if (list.marked.has(row.id)) parts.push('marked');
	return plain(parts.filter(Boolean).join(', '));
}

const set = (node, name, value) => node.getAttribute(name) !== value && node.setAttribute(name, value);
function sign(svg, id, kind = '') {
	set(svg, 'class', `i ${kind}`);
	set(svg.firstChild, 'href', `#${id}`);
}

function fillRow(node, row) {
	const selected = row.id === list.selected, mark = list.marked.has(row.id), fresh = Date.now() - row.fresh < 1200;
	const stamp = `${selected} ${mark} ${row.odd} ${fresh}`;
	if (node.row === row && node.drawn === stamp) return;
	node.row = row;
	node.drawn = stamp;
	const c = node.cells, o = row.outcome, { verdict: v } = row, time = clock(row.received_at), b = node.link.firstChild;
	node.dataset.id = row.id;
	set(node, 'class', `row${row.odd ? ' z2' : ''}${fresh ? ' new' : ''}`);
	set(node, 'aria-selected', String(selected));
	node.setAttribute('aria-label', spoken(row));
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
	if (!list.columns) return;
	put(c.tu, row.tunnel);
	put(c.pe, row.peer);
	put(c.ho, row.host ?? '');
	put(c.tg, row.tags?.join(' ') ?? '');
	word(c.ro, row.replay_of ? `#${row.replay_of}` : '');
	word(c.id, `#${row.id}`);
}

export function redrawAll() {
	for (const node of shown.values()) node.drawn = undefined;
	for (const row of list.rows) delete row.day;
	placed = '';
	schedule();
}
export const indexOf = (id) => list.rows.findIndex((r) => r.id === id);
export const rowOf = (id) => list.rows[indexOf(Number(id))];

export function select(id, show = true) {
	list.selected = Number(id);
	list.onSelect(list.selected);
	if (show) reveal();
	schedule();
}

function reveal() {
	const i = indexOf(list.selected);
	if (i < 0) return;
	const y = list.base + tops()[i], t = top();
	if (y < t) setTop(y);
	else if (y + rowHeight() > t + view()) setTop(y + rowHeight() - view());
}

export function step(n) {
	const i = indexOf(list.selected), d = list.old ? -n : n;
	if (!list.rows.length) return;
	if (d > 0 && list.follow) pause();
	const to = i < 0 ? rowAt(top() + rowHeight() - 1) : i + d;
	select(list.rows[clamp(to, list.rows.length - 1)].id);
}
export const pageStep = (fraction) => step(Math.trunc((view() / rowHeight()) * fraction));
export function neighbour(id, n) {
	const i = indexOf(Number(id));
	return i < 0 ? undefined : list.rows[i + (list.old ? -n : n)]?.id;
}
export const focus = () => grid.focus({ preventScroll: true });

/** A sort finds numbers; its rows are asked for by them. */
async function page(wish, signal) {
	const ask = (what) => get('/api/deliveries', what, { signal }), { filter, sort, ids } = list;
	if (!sort || wish.ids) return ask({ filter, limit: PAGE, ...wish });
	if (!ids) {
		const found = await ask({ filter, order: sort, limit: PAGE }), n = (list.ids = found.ids).length, cut = found.searched < found.total;
		list.walk = cut || found.matched > n ? `first ${number(n)} of ${number(found.matched)}${cut ? '+' : ''}` : '';
		return found;
	}
	const at = ids.indexOf(wish.before ?? wish.after), from = wish.after ? Math.max(0, at - PAGE) : at + 1, to = wish.after ? at : from + PAGE;
	return { ...await ask({ ids: `${ids.slice(from, to)}` || '0' }), more_after: from > 0, more_before: to < ids.length };
}
const goesOn = (answer) => answer.more_before || !!answer.continue_before;
const failed = (error) => aborted(error) || list.onProblem(error);

function take(answer) {
	for (const row of answer.deliveries) if (row.marked) list.marked.add(row.id);
	list.newest = Math.max(list.newest, answer.newest_id);
	list.oldest = answer.oldest_id || list.oldest;
	return answer.deliveries;
}

/** Begins anew with this filter; an answer in parts goes on until the window is full. */
export async function load(filter, { around } = {}) {
	list.filter = filter ?? '';
	list.ids = null;
	list.walk = list.sort && 'sorting…';
	if (list.sort) around = 0;
	const mine = ++generation, signal = pageSignal();
	stay();
	list.loading = true;
	list.searched = null;
	recount();
	let rows = [], before = around ? around + 60 : undefined, answer;
	try {
		do {
			answer = await page({ before }, signal);
			if (mine !== generation) return;
			rows = rows.concat(take(answer));
			list.rows = rows;
			list.moreBefore = goesOn(answer);
			list.moreAfter = !!around && answer.more_after;
			list.base = 0;
			list.searched = answer.continue_before ? { searched: answer.newest_id - answer.continue_before, total: answer.newest_id - (answer.oldest_id || 0) } : null;
			before = answer.continue_before;
			list.onProblem(null);
			changed();
			draw();
		} while (before && rows.length < PAGE);
		if (around) {
			list.base = list.moreAfter ? Math.round(((list.newest - (rows[0]?.id ?? 0)) / Math.max(1, list.newest - list.oldest)) * Math.max(0, height() - view())) : 0;
			list.selected = around;
			draw();
			reveal();
		} else {
			list.follow = !list.sort;
			list.fresh = list.seen = 0;
			setTop(0);
			if (list.sort) reveal();
		}
		list.moreBefore = answer.more_before;
	} catch (error) {
		failed(error);
	} finally {
		if (mine === generation) {
			list.loading = false;
			if (!list.ids) list.walk = '';
		}
		list.searched = null;
		changed();
		draw();
		catchUpAgain();
	}
}

async function recount() {
	const signal = countSignal(), filter = list.filter;
	list.count = null;
	try {
		const all = await counted(filter, { signal });
		list.count = all.count;
		list.total = all.total;
		list.counted = all.done ? null : all.searched;
	} catch { return; }
	changed();
	schedule();
}

/** A page, unless what is shown is another one by the time it comes. */
async function ask(wish, use, signal) {
	const mine = generation;
	try {
		const answer = await page(wish, signal);
		if (mine === generation) use(answer);
	} catch (error) {
		failed(error);
	}
}

let fetching;
async function more(side) {
	if (fetching) return;
	fetching = true;
	if (side === 'before') {
		await ask({ before: list.rows.at(-1).id }, (answer) => {
			list.rows.push(...take(answer));
			list.moreBefore = goesOn(answer);
			const spare = list.rows.length - KEEP;
			if (spare > 0 && top() > list.base + tops()[spare] + 40 * rowHeight()) {
				list.base += tops()[spare];
				list.rows.splice(0, spare);
				list.moreAfter = true;
			}
		});
	} else {
		await ask({ after: list.rows[0].id }, (answer) => {
			prepend(take(answer), answer.more_after);
			trim();
		});
	}
	fetching = false;
	schedule();
}

function trim() {
	if (list.rows.length <= KEEP) return;
	list.rows.length = KEEP;
	list.moreBefore = true;
}

function prepend(rows, moreAfter) {
	const y = top();
	list.rows.unshift(...rows);
	const grown = tops()[rows.length];
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
function jump() {
	const h = height() - view(), fraction = h > 0 ? top() / h : 0;
	const id = Math.round(list.newest - fraction * (list.newest - list.oldest)), i = list.ids && Math.max(0, Math.floor(top() / rowHeight()) - 20);
	return ask({ before: list.ids ? list.ids[i - 1] : Math.max(id + 1, list.oldest + PAGE / 2) }, (answer) => {
		const y = top();
		list.rows = take(answer);
		list.moreBefore = goesOn(answer);
		list.moreAfter = answer.more_after;
		list.base = Math.max(0, list.moreAfter ? y - 4 * rowHeight() : 0);
		if (list.ids) list.base = i * rowHeight();
		else if (!list.moreBefore) list.base = Math.max(0, Math.min(list.base, y + view() - tops().at(-1)));
		draw();
	}, jumpSignal());
}

export function end(i) {
	setTop(i && height());
	select(list.ids.at(i), false);
}

/** Nothing is read from where one has scrolled to. */
function stay() {
	clearTimeout(loadTimer);
	jumpSignal();
}

export function pause() {
	if (!list.follow) return;
	list.follow = false;
	changed();
}
export async function follow() {
	list.fresh = list.seen = 0;
	list.follow = true;
	stay();
	if (list.moreAfter) await load(list.filter);
	else {
		catchUp();
		setTop(0);
	}
	changed();
}

/** Reads what came since: after a gap in the stream, or for a filter. */
let catching, again;
export async function catchUp() {
	if (!list.follow || list.moreAfter) return;
	if (catching || list.loading) {
		again = true;
		return;
	}
	catching = true;
	const mine = generation;
	try {
		const answer = await page(list.rows.length ? { after: list.rows[0].id, limit: 500 } : {});
		if (mine !== generation) return;
		if (answer.more_after && list.rows.length) load(list.filter);
		else if (list.follow) add(take(answer));
		else count(answer.deliveries.length);
	} catch { /* the stream says when creel is back */ } finally {
		catching = false;
		catchUpAgain();
	}
}
/** What became of the rows unheard. */
export function refresh(tell) {
	catchUp();
	let ids = list.rows.slice(0, 500).map((r) => r.id);
	if (ids[0]) ask({ ids: `${ids}` }, ({ deliveries }) => {
		for (const d of deliveries) if (['state', 'status', 'attempts'].some((k) => rowOf(d.id)?.[k] !== d[k])) tell('attempt', { id: d.id, delivery: d });
		ids = ids.filter((id) => !deliveries.some((d) => d.id === id));
		if (ids[0]) tell('gone', { ids });
	});
}
function catchUpAgain() {
	if (again) setTimeout(catchUp, 200);
	again = false;
}

function add(rows) {
	rows = rows.filter((r) => r.id > (list.rows[0]?.id ?? 0));
	if (!rows.length) return;
	const now = Date.now();
	for (const row of rows) row.fresh = now;
	clearTimeout(aging);
	aging = setTimeout(schedule, 1210);
	list.rows.unshift(...rows);
	trim();
	if (list.count !== null) list.count += rows.length;
	list.newest = Math.max(list.newest, rows[0].id);
	list.base = 0;
	if (kept.get('announce', true)) say(many(rows.length, 'new delivery', 'new deliveries'));
	changed();
	schedule();
	if (list.old) requestAnimationFrame(() => setTop(0));
}

/** What arrives while one does not follow is only counted; with a filter, what matches. */
let counting;
function count(n) {
	changed();
	if (!list.filter) {
		list.fresh += n;
		if (list.count !== null) list.count += n;
		return;
	}
	list.seen ||= list.newest - n;
	counting ??= setTimeout(async () => {
		counting = undefined;
		const all = await counted(`(${list.filter}) id:${list.seen + 1}..`).catch(() => null);
		if (all && list.seen) list.fresh = all.count;
		changed();
	}, 500);
}

let arriving = [];
export function onDelivery(row) {
	if (list.total !== null) list.total++;
	list.newest = Math.max(list.newest, row.id);
	if (!list.follow || list.moreAfter) {
		count(1);
	} else if (list.filter || list.loading || catching) {
		catchUp();
	} else {
		arriving.unshift(row);
		schedule();
	}
}
function arrive() {
	const rows = arriving;
	arriving = [];
	if (list.follow) add(rows);
	else count(rows.length); // it was paused meanwhile
}
export function onMore({ count: n }) {
	if (list.follow && !list.moreAfter) catchUp();
	else count(n);
	recount();
}
export function onAttempt({ delivery }) {
	const i = indexOf(delivery.id);
	if (i < 0) return;
	list.rows[i] = { ...list.rows[i], ...delivery, marked: list.rows[i].marked };
	schedule();
}
export function onGone({ ids, before }) {
	arrive();
	const gone = new Set(ids ?? []), n = list.rows.length;
	const there = (id) => !gone.has(id) && !(before && id < before);
	list.rows = list.rows.filter((r) => there(r.id));
	list.ids &&= list.ids.filter(there);
	if (before) list.oldest = before;
	if (list.rows.length !== n) schedule();
	if (!list.rows.length) load(list.filter);
	recount();
}

function drawNote() {
	const note = $('note');
	const kind = list.rows.length ? 'rows' : list.loading || list.wrong ? 'loading' : list.filter ? 'nothing' : 'first';
	const of = kind + list.filter + (list.total === null);
	if (note.of === of) return;
	note.of = of;
	if (kind === 'rows' || kind === 'loading') note.replaceChildren();
	else if (kind === 'first') note.replaceChildren(firstRun ?? el('p.note', 'The first delivery shows up here by itself.'));
	else note.replaceChildren(el('div.note', el('p', `Nothing matches. ${number(list.total ?? 0)} looked at.`), el('button', { onclick: list.onClear }, 'Clear filter ', el('kbd', 'Esc')), ' ', list.wider()));
}
